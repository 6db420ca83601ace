"""Defaults under manifests, overlays over them, and who says what."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_reconcile.loader.layers import Layer, lay_over, lay_under
from prefect_reconcile.model import Finding, JsonObject, Path, Problem, Source, path_text


def layer(name: str, value: JsonObject) -> Layer:
    """A layer whose places tell its name, and as line how many steps lead to what it has there."""

    def place(path: Path, *, key: bool = False) -> Source:
        return Source(f"{name}{'!' if key else ''}", len(path), 0)

    return Layer(value, place)


@pytest.mark.parametrize(
    ("defaults", "manifest", "result"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": None}, {"a": None}),
        (
            {"m": {"x": 1, "y": {"z": 2}}},
            {"m": {"y": {"z": 3}, "w": 4}},
            {"m": {"x": 1, "y": {"z": 3}, "w": 4}},
        ),
        ({"l": [1, 2]}, {"l": [3]}, {"l": [3]}),
        ({"schedules": [{"slug": "a"}]}, {"schedules": []}, {"schedules": []}),
        ({"m": {"x": 1}}, {"m": None}, {"m": None}),
        ({"m": {"x": 1}}, {"m": {"x": None}}, {"m": {"x": None}}),
        ({"m": 1}, {"m": {"x": 1}}, {"m": {"x": 1}}),
    ],
)
def test_defaults(defaults: JsonObject, manifest: JsonObject, result: JsonObject) -> None:
    """Mappings are merged deep; what a manifest says counts, and so does its null."""
    assert lay_under(layer("d", defaults), layer("m", manifest)).value == result


@pytest.mark.parametrize(
    ("manifest", "overlay", "result"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ({"a": 1}, {"b": None}, {"a": 1}),
        ({"m": {"x": 1, "y": 2}}, {"m": {"x": None, "z": 3}}, {"m": {"y": 2, "z": 3}}),
        ({}, {"m": {"x": None, "n": {"y": None}}}, {"m": {"n": {}}}),
        ({"m": 1}, {"m": {"x": None}}, {"m": {}}),
        ({"tags": ["a"]}, {"tags": ["b"]}, {"tags": ["b"]}),
        ({"tags": [{"x": None}]}, {"tags": [{"x": None}]}, {"tags": [{"x": None}]}),
        (
            {"s": [{"slug": "a", "cron": "1"}, {"cron": "2"}]},
            {"s": [{"slug": "b", "cron": "3", "p": None}, {"slug": "a", "cron": None, "q": 1}]},
            {"s": [{"slug": "a", "q": 1}, {"cron": "2"}, {"slug": "b", "cron": "3"}]},
        ),
        ({"s": "text"}, {"s": [{"slug": "a"}]}, {"s": [{"slug": "a"}]}),
        ({"s": [1]}, {"s": None}, {}),
    ],
)
def test_overlays(manifest: JsonObject, overlay: JsonObject, result: JsonObject) -> None:
    """Mappings deep, keyed lists by their key, other lists replaced, and null removes."""
    assert lay_over(layer("m", manifest), layer("o", overlay), {"s": "slug"}).value == result


def test_who_says_what() -> None:
    """Of three layers, each value is told where it stands, under the path that it has there."""
    defaults = layer("d", {"pool": "k8s", "vars": {"cpu": 1, "image": "x"}})
    schedules: JsonObject = {"s": [{"cron": "1"}, {"slug": "n", "cron": "2"}]}
    manifest = layer("m", {"name": "a", "vars": {"image": "y"}, **schedules})
    more: JsonObject = {"s": [{"slug": "new", "cron": "4"}, {"slug": "n", "tz": "UTC"}]}
    overlay = layer("o", {"vars": {"cpu": 2}, **more})
    merged = lay_over(lay_under(defaults, manifest), overlay, {"s": "slug"})
    origins = {
        path: (layer_.place(()).file, there)
        for path in cast(
            "list[Path]",
            [
                (),
                ("name",),
                ("pool",),
                ("nothing",),
                ("vars", "cpu"),
                ("vars", "image"),
                ("s", 1, "cron"),
                ("s", 1, "tz"),
                ("s", 2, "cron"),
            ],
        )
        for layer_, there in [merged.origin(path)]
    }
    assert origins == {
        (): ("m", ()),
        ("name",): ("m", ("name",)),
        ("pool",): ("d", ("pool",)),
        ("nothing",): ("m", ("nothing",)),
        ("vars", "cpu"): ("o", ("vars", "cpu")),
        ("vars", "image"): ("m", ("vars", "image")),
        ("s", 1, "cron"): ("m", ("s", 1, "cron")),
        ("s", 1, "tz"): ("o", ("s", 1, "tz")),
        ("s", 2, "cron"): ("o", ("s", 0, "cron")),
    }


def test_a_finding_is_told_in_the_words_of_its_file() -> None:
    """At the place, and under the keys, of the layer that it is about."""
    under = Layer({"pool": 1}, layer("f", {}).place, lambda path: ("deployments", 0, *path))
    merged = lay_over(under, layer("o", {"s": [{"slug": "n"}]}), {"s": "slug"})
    told = [merged.problem(Finding(path, "w", "r", on_key=True)) for path in [("pool",), ("s", 0, "corn")]]
    assert told == [
        Problem(Source("f!", 1), "deployments[0].pool", "w", "r"),
        Problem(Source("o!", 3), "s[0].corn", "w", "r"),
    ]
    assert merged.locate(("pool",)) == Source("f", 1)


values = st.recursive(
    st.none() | st.integers(0, 3), lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
)
objects = st.dictionaries(st.sampled_from("abc"), values, max_size=3)


def at(value: object, path: Path) -> object:
    """What is at a path."""
    for step in path:
        value = value[step]  # type: ignore[index]
    return value


@given(objects, objects)
def test_each_value_is_where_its_origin_says(base: JsonObject, over: JsonObject) -> None:
    """Whatever is laid over what: following the origin of a leaf leads to it."""

    def leaves(value: object, path: Path = ()) -> list[Path]:
        if isinstance(value, dict) and value:
            return [leaf for key, one in value.items() for leaf in leaves(one, (*path, key))]
        return [path]

    for merged in (
        lay_under(layer("b", base), layer("o", over)),
        lay_over(layer("b", base), layer("o", over), {}),
    ):
        for path in leaves(merged.value):
            source, there = merged.origin(path)
            found = at(source.value, there)
            if isinstance(found, dict):  # emptied by nulls, or empty
                assert at(merged.value, path) == {}, path_text(path)
            else:
                assert at(merged.value, path) == found, path_text(path)
