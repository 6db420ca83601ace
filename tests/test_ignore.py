"""What a pattern of paths means, and what it leaves alone."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from on_fake import Prefect, desired
from prefect_fake import FakePrefect
from prefect_reconcile.differ import differences
from prefect_reconcile.ignore import ANY, PatternError, Steps, check, is_there, kept, parse
from prefect_reconcile.model import Ignore, Key, Path, Shape, Source, path_text
from prefect_reconcile.plan import ignored_by
from strategies import JSON

SHAPES = {
    "parameters": Shape.VALUE,
    "steps": Shape.VALUE,
    "tags": Shape.SET,
    "schedules": Shape.KEYED,
    "limit": Shape.VALUE,
}


def left(pattern: str, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """What one pattern makes of the wanted fields."""
    return kept(old, new, [parse(pattern)], SHAPES)


@pytest.mark.parametrize(
    ("pattern", "steps"),
    [
        ("tags", ("tags",)),
        ("parameters.debug", ("parameters", "debug")),
        ("job_variables.env.*", ("job_variables", "env", ANY)),
        ("schedules[*].parameters", ("schedules", ANY, "parameters")),
        ("schedules[nightly].active", ("schedules", "nightly", "active")),
        ("schedules[cron 0 2 * * *]", ("schedules", "cron 0 2 * * *")),
        ('schedules["2nd"]', ("schedules", "2nd")),
        ('env["a.b"]["*"].c-d', ("env", "a.b", "*", "c-d")),
        (r'env["a\"]b"]', ("env", 'a"]b')),
        ("pull_steps[0].x[12]", ("pull_steps", 0, "x", 12)),
    ],
)
def test_a_pattern_is_a_path_as_plans_print_it(pattern: str, steps: Steps) -> None:
    """With a star for any one step."""
    assert parse(pattern) == steps


STEPS = st.lists(st.text() | st.integers(0, 999) | st.text().map(Key), max_size=4)


@given(STEPS)
def test_every_printed_path_reads_back(rest: list[str | int | Key]) -> None:
    """Whatever the keys and identities."""
    path: Path = ("field", *rest)
    assert parse(path_text(path)) == tuple(one.text if isinstance(one, Key) else one for one in path)


EXAMPLES = 'write it as plans do: parameters.day, env["a.b"], schedules[nightly].active, env.*'


@pytest.mark.parametrize(
    ("pattern", "what", "remedy"),
    [
        ("", "is empty", EXAMPLES),
        (" ", "is empty", EXAMPLES),
        ("tags.", '"tags." is no path, from character 5 on', EXAMPLES),
        ("tags..a", '"tags..a" is no path, from character 5 on', EXAMPLES),
        ("tags[0", '"tags[0" is no path, from character 5 on', EXAMPLES),
        ("tags[-1]", None, None),
        ("tags[01]", '"tags[01]" is no path, from character 5 on', EXAMPLES),
        ("a b", '"a b" is no path, from character 2 on', EXAMPLES),
        ("env.AWS_*", '"env.AWS_*" is no path: a * stands for a whole step', EXAMPLES),
        ("env.*A", '"env.*A" is no path: a * stands for a whole step', EXAMPLES),
        (r'env["\x"]', r'"env[\"\\x\"]" has quotes that do not end well', EXAMPLES),
        ("*.tags", "everything would be ignored", "name the field that the path begins with"),
        ("[0].tags", '"0" is no field that is compared', "begin with one of parameters, tags"),
        ("tgas", '"tgas" is no field that is compared', 'did you mean "tags"?'),
        ("name", "name tells which resource is meant", "remove it: nothing else can be ignored then"),
    ],
)
def test_a_wrong_pattern_is_refused(pattern: str, what: str | None, remedy: str | None) -> None:
    """With what is wrong and what to do. A name with a dash is one."""
    if what is None:
        assert check(pattern, ["tags"]) == ("tags", "-1")
        return
    with pytest.raises(PatternError) as caught:
        check(pattern, ["tags", "parameters"], ["name"])
    assert (caught.value.what, caught.value.remedy) == (what, remedy)


A_B_C: dict[str, Any] = {"a": {"b": 1, "c": 2}}
N: dict[str, Any] = {"cron": "0 2 * * *", "active": True, "parameters": {"x": 1}}
M: dict[str, Any] = {"cron": "0 3 * * *", "active": False, "parameters": {"x": 2, "y": 3}}
I: dict[str, Any] = {"interval": 60, "active": True, "parameters": {}}  # noqa: E741


@pytest.mark.parametrize(
    ("pattern", "old", "new", "expected"),
    [
        # What both have, what only one has, and what none has.
        ("parameters.a.b", {"a": {"b": 9, "c": 2}}, A_B_C, {"a": {"b": 9, "c": 2}}),
        ("parameters.a.b", {"a": {"c": 2}}, A_B_C, {"a": {"c": 2}}),
        ("parameters.a.b", A_B_C, {"a": {"c": 3}}, {"a": {"c": 3, "b": 1}}),
        ("parameters.z", A_B_C, {"a": 1}, {"a": 1}),
        ("parameters.a", A_B_C, {"a": 1, "d": 1}, {"a": {"b": 1, "c": 2}, "d": 1}),
        ("parameters", A_B_C, {"x": 1}, A_B_C),
        ("parameters.a", {"a": None}, {"a": 1}, {"a": None}),
        # What leads there is missing on one side.
        ("parameters.a.b", {}, A_B_C, {"a": {"c": 2}}),
        ("parameters.a.b", {}, {"a": {"b": 1}}, {}),
        ("parameters.a.b", {}, {"a": {}}, {"a": {}}),
        ("parameters.a.b", A_B_C, {}, {"a": {"b": 1}}),
        ("parameters.a.b", {"a": {"c": 2}}, {}, {}),
        # Or is no mapping.
        ("parameters.a.b", A_B_C, {"a": 1}, {"a": 1}),
        ("parameters.a.b", A_B_C, {"a": None}, {"a": None}),
        ("parameters.a.b", {"a": 1}, A_B_C, {"a": {"c": 2}}),
        ("parameters.a.b", {"a": 1}, {"a": {"b": 1}}, {"a": 1}),
        ("parameters.a.b", A_B_C, {"a": [1]}, {"a": [1]}),
        # Any key.
        ("parameters.a.*", A_B_C, {"a": {"c": 9, "d": 9}}, A_B_C),
        ("parameters.*.b", {"x": {"b": 1}, "y": {"c": 1}}, {"x": {"b": 2}}, {"x": {"b": 1}}),
        # Of a list in order, by position.
        ("parameters.l[1]", {"l": [1, 2, 3]}, {"l": [9, 9, 9]}, {"l": [9, 2, 9]}),
        ("parameters.l[1]", {"l": [1, 2]}, {"l": [9]}, {"l": [9, 2]}),
        ("parameters.l[2]", {"l": [1, 2, 3]}, {"l": [9]}, {"l": [9]}),
        ("parameters.l[1]", {"l": [1]}, {"l": [9, 9]}, {"l": [9]}),
        ("parameters.l[1]", {"l": [1]}, {"l": [9, 9, 9]}, {"l": [9, 9, 9]}),
        ("parameters.l[*]", {"l": [1, 2]}, {"l": [9]}, {"l": [1, 2]}),
        ("parameters.l[*]", {"l": [1]}, {"l": [9, 9, 9]}, {"l": [1]}),
        ("parameters.l[0].a", {"l": [{"a": 1}]}, {"l": [{"a": 2, "b": 2}]}, {"l": [{"a": 1, "b": 2}]}),
        ("parameters.l[*].a", {"l": [{"a": 1}]}, {"l": [{}, {"a": 2}]}, {"l": [{"a": 1}, {"a": 2}]}),
        ("parameters.l[*].a", {"l": [{}, {"a": 1}]}, {"l": [{"a": 2}]}, {"l": [{}]}),
        ("parameters.l[0]", {"l": {"0": 1}}, {"l": {"0": 2}}, {"l": {"0": 2}}),
        ("parameters.l.0", {"l": [1]}, {"l": [2]}, {"l": [2]}),
    ],
)
def test_what_is_ignored_is_as_it_is_live(pattern: str, old: Any, new: Any, expected: Any) -> None:
    """Also absent or present, and nothing else is."""
    assert left(pattern, {"parameters": old}, {"parameters": new}) == {"parameters": expected}


@pytest.mark.parametrize(
    ("pattern", "old", "new", "expected"),
    [
        ("schedules[n]", {"n": N}, {}, {"n": N}),
        ("schedules[n]", {}, {"n": N}, {}),
        ("schedules[n]", {"n": N}, {"n": M}, {"n": N}),
        ("schedules[*]", {"a": N}, {"b": M}, {"a": N}),
        ("schedules", {"a": N}, {"b": M}, {"a": N}),
        ("schedules[n].active", {"n": N}, {"n": M}, {"n": {**M, "active": True}}),
        ("schedules[n].active", {"n": N}, {}, {}),
        ("schedules[n].active", {}, {"n": M}, {"n": M}),
        ("schedules[n].active", {"n": N}, {"o": M}, {"o": M}),
        ("schedules[*].parameters.y", {"n": N}, {"n": M}, {"n": {**M, "parameters": {"x": 2}}}),
        ("schedules[n].parameters.y", {}, {"n": M}, {"n": M}),
        ("schedules[n].cron", {"n": I}, {"n": M}, {"n": M}),
        ("schedules[n].interval", {"n": I}, {"n": M}, {"n": M}),
        ("schedules[n].*", {"n": N}, {"n": M}, {"n": N}),
        ("schedules[0]", {"n": N}, {"n": M}, {"n": M}),
    ],
)
def test_an_entry_of_a_keyed_list_is_whole(pattern: str, old: Any, new: Any, expected: Any) -> None:
    """It comes and goes as a whole, and keeps the keys of its type."""
    assert left(pattern, {"schedules": old}, {"schedules": new}) == {"schedules": expected}


def test_fields_that_are_ignored_alone() -> None:
    """A set, a number, and what this kind does not have."""
    old: dict[str, Any] = {"tags": ["a"], "limit": 1, "parameters": {}}
    new: dict[str, Any] = {"tags": ["b"], "limit": None, "parameters": {}}
    patterns = [parse(one) for one in ("tags", "limit", "limit.x", "unknown", "unknown.x")]
    assert kept(old, new, patterns, SHAPES) == old


def test_nothing_is_changed_in_place() -> None:
    """Both sides are still to be compared."""
    old: Any = {"parameters": {"a": {"b": 1}, "l": [1]}, "schedules": {"n": N}}
    new: Any = {"parameters": {"a": {"b": 2}, "l": [2, 3]}, "schedules": {"n": M}}
    before = repr((old, new))
    kept(old, new, map(parse, ("parameters.a.b", "parameters.l[*]", "schedules[n].active")), SHAPES)
    assert repr((old, new)) == before


@pytest.mark.parametrize(
    ("pattern", "there"),
    [
        ("parameters", True),
        ("limit", True),
        ("parameters.a.b", True),
        ("parameters.*.c", True),
        ("parameters.a.b.x", False),
        ("parameters.x", False),
        ("parameters.l[1]", True),
        ("parameters.l[2]", False),
        ("parameters.l[*].z", False),
        ("schedules[n].active", True),
        ("schedules[o]", False),
        ("unknown", False),
    ],
)
def test_what_a_pattern_matches(pattern: str, there: bool) -> None:
    """Null is there."""
    fields: Any = {"parameters": {**A_B_C, "l": [1, {}]}, "limit": None, "schedules": {"n": N}}
    assert is_there(fields, parse(pattern)) == there


PATTERNS = st.sampled_from(
    [
        *(
            "parameters",
            "parameters.*",
            "parameters.a",
            "parameters.a.b",
            "parameters.a.*",
            "parameters[*].b",
        ),
        *(
            "parameters.a[0]",
            "parameters.a[1]",
            "parameters.a[*]",
            "parameters.a[*].b",
            "parameters.*.a[1].b",
        ),
    ]
)
KEYS = st.sampled_from(["a", "b", "c"])
VALUES = st.recursive(
    JSON, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
SIDES = st.dictionaries(KEYS, VALUES, max_size=3)


@given(PATTERNS, SIDES, SIDES)
def test_what_was_written_is_not_written_again(pattern: str, old: Any, new: Any) -> None:
    """The next run finds what this one has made, and has nothing to do."""
    made = left(pattern, {"parameters": old}, {"parameters": new})
    again = left(pattern, made, {"parameters": new})
    assert differences(made, again, SHAPES) == ()


@given(st.sampled_from(["parameters.*", "parameters.a", "parameters.a.b", "parameters.a.*"]), SIDES, SIDES)
def test_no_difference_is_at_an_ignored_key(pattern: str, old: Any, new: Any) -> None:
    """All that differs is told above it or beside it."""
    made = left(pattern, {"parameters": old}, {"parameters": new})
    paths = [path_text(one.path) for one in differences({"parameters": old}, made, SHAPES)]
    below = re.escape(pattern).replace(r"\*", r"[^.\[]+") + r"([.\[].*)?"
    assert [path for path in paths if re.fullmatch(below, path)] == []


# --- On a deployment ---


def test_what_is_ignored_is_sent_as_it_is_live_and_only_within_what_differs() -> None:
    """A deployment that people changed in four places; the manifest wants one change more."""
    prefect = Prefect(FakePrefect("3.8.8"))
    nightly = {"slug": "nightly", "cron": "0 2 * * *"}
    first = {
        "flow": "f",
        "name": "a",
        "job_variables": {"image": "1", "env": {"A": "1", "B": "1"}},
        "schedules": [nightly, {"slug": "theirs", "cron": "0 3 * * *"}],
    }
    prefect.converge(desired({**first, "job_variables": {"image": "1", "env": {"A": "live", "C": "live"}}}))
    prefect.calls.clear()
    ignored = ["job_variables.env.*", "schedules[theirs]", "schedules[nightly].parameters"]
    wanted = desired(
        {
            **first,
            "job_variables": {"image": "2", "env": {"A": "1", "B": "1"}},
            "schedules": [{**nightly, "parameters": {"x": 1}}],
        }
    )
    wanted = [replace(wanted[0], ignore=tuple(Ignore(one, Source("a.yaml")) for one in ignored))]
    plan = prefect.plan(wanted)
    assert [path_text(one.path) for change in plan.changes for one in ignored_by(change)] == [
        "job_variables.env.A",
        "job_variables.env.B",
        "job_variables.env.C",
        "schedules[nightly].parameters.x",
        "schedules[theirs]",
    ]
    prefect.converge(wanted)
    assert [(call.method, call.body) for call in prefect.writes] == [
        ("PATCH", {"job_variables": {"image": "2", "env": {"A": "live", "C": "live"}}})
    ]
    assert prefect.plan(wanted).writes == ()
