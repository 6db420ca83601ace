"""Laws of the comparison, and the traps that a general differ falls into."""

from __future__ import annotations

from collections.abc import Iterable
from json import dumps
from random import Random
from typing import Any

import deepdiff  # noqa: F401 - the differ imports it late; no deadline of a test shall count that
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefect_reconcile.differ import LONGEST, FieldChange, differences
from prefect_reconcile.model import ABSENT, Json, JsonObject, Key, Path, Shape, same

SHAPES = {"v": Shape.VALUE, "s": Shape.SET, "k": Shape.KEYED, "w": Shape.VALUE}

KEYS = [
    "a",
    "b",
    "a.b",
    "x[0]",
    "['a']",
    "it's \"",
    "",
    "0",
    "__dunder__",
    "root",
    "name",
    "value",
    "é",
    "\ud800",
]
SCALARS = st.sampled_from(
    [None, True, False, 0, 1, 2, 1.0, 0.5, 10**400, "", "a", "b", "1", "a\nb", "\ud800"]
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=10,
)
"""Few different values, so that two of them are often equal or nearly so, under keys hard to write."""

SETS = st.sets(st.sampled_from(KEYS)).map(sorted)
OBJECTS = st.dictionaries(st.sampled_from(KEYS), JSON, max_size=3)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "v": JSON,
        "s": SETS,
        "k": st.dictionaries(st.sampled_from(KEYS), OBJECTS, max_size=3),
        "w": JSON,
    },
)


def exact(changes: Iterable[FieldChange]) -> list[tuple[Path, str, str]]:
    """Changes in a form in which Python does not take `true` for `1`."""
    return [(one.path, _exact(one.old), _exact(one.new)) for one in changes]


def _exact(side: Any) -> str:
    return "absent" if side is ABSENT else dumps(side, sort_keys=True)


def patched(one: Any, changes: list[FieldChange]) -> Any:
    """A value with changes applied, whose paths start below it; checks that each finds its old value."""
    whole = [change for change in changes if not change.path]
    if whole:
        (change,) = whole
        assert (changes, same(one, change.old)) == ([change], True)
        return change.new
    below: dict[Any, list[FieldChange]] = {}
    for change in changes:
        step = change.path[0]
        rest = FieldChange(change.path[1:], change.old, change.new)
        below.setdefault(step.text if isinstance(step, Key) else step, []).append(rest)
    return _patched_list(one, below) if isinstance(one, list) else _patched_mapping(one, below)


def _patched_mapping(one: dict[str, Any], below: dict[str, list[FieldChange]]) -> dict[str, Any]:
    sides = {**one, **{key: patched(one.get(key, ABSENT), changes) for key, changes in below.items()}}
    return {key: side for key, side in sides.items() if side is not ABSENT}


def _patched_list(one: list[Any], below: dict[int, list[FieldChange]]) -> list[Any]:
    """Removals stand at old positions; what is added or replaced stands at new ones."""
    removed = [i for i, changes in below.items() for one in changes if not one.path and one.new is ABSENT]
    for i in removed:
        patched(one[i], [change for change in below[i] if change.new is ABSENT and not change.path])
    rest = [entry for i, entry in enumerate(one) if i not in removed]
    for j, changes in sorted(below.items()):
        remaining = [change for change in changes if change.path or change.new is not ABSENT]
        if [change.old for change in remaining if not change.path] == [ABSENT]:
            rest.insert(j, ABSENT)
        if remaining:
            rest[j] = patched(rest[j], remaining)
    return rest


@given(FIELDS, FIELDS)
def test_there_are_differences_exactly_where_values_differ(old: JsonObject, new: JsonObject) -> None:
    """Nothing that differs is passed over, and nothing is told that does not."""
    assert (differences(old, new, SHAPES) == ()) == same(old, new)


@given(FIELDS, FIELDS)
def test_changes_turn_the_old_into_the_new(old: JsonObject, new: JsonObject) -> None:
    """What is told is all there is to know, and each old side is what was there."""
    assert same(patched(old, list(differences(old, new, SHAPES))), new)


ENTRIES = st.lists(st.sampled_from([None, {}, [], True, 1, {"a": 1}, {"a": True}, {"b": [1]}]), max_size=12)


@settings(max_examples=200)
@given(ENTRIES, ENTRIES)
def test_changes_turn_an_old_list_into_the_new(old: list[Json], new: list[Json]) -> None:
    """Positions are the new ones, but for removals, which have only an old one."""
    assert same(patched({"v": old}, list(differences({"v": old}, {"v": new}, SHAPES))), {"v": new})


@given(FIELDS, FIELDS)
def test_no_change_is_told_that_changes_nothing(old: JsonObject, new: JsonObject) -> None:
    """Both sides of each differ."""
    assert [one for one in differences(old, new, SHAPES) if same(one.old, one.new)] == []


@given(FIELDS, FIELDS)
def test_no_side_of_a_path_is_told_twice(old: JsonObject, new: JsonObject) -> None:
    """One list position can lose an entry and get another, and that is all."""
    told = [(one.path, one.new is ABSENT) for one in differences(old, new, SHAPES)]
    assert len(told) == len(set(told))


def shuffled(one: Any, random: Random) -> Any:
    """The same value with the keys of each mapping in another order."""
    if isinstance(one, list):
        return [shuffled(entry, random) for entry in one]
    if not isinstance(one, dict):
        return one
    keys = random.sample(sorted(one), len(one))
    return {key: shuffled(one[key], random) for key in keys}


@given(FIELDS, FIELDS, st.randoms(use_true_random=False))
def test_the_order_of_keys_never_matters(old: JsonObject, new: JsonObject, random: Random) -> None:
    """Neither for what is told nor for the order in which it is."""
    again = differences(shuffled(old, random), shuffled(new, random), SHAPES)
    assert exact(again) == exact(differences(old, new, SHAPES))


@given(st.lists(JSON, max_size=8), JSON, st.data())
def test_one_inserted_entry_is_one_change(entries: list[Json], entry: Json, data: st.DataObject) -> None:
    """Wherever it is put in, and whatever stands around it."""
    at = data.draw(st.integers(0, len(entries)))
    longer = [*entries[:at], entry, *entries[at:]]
    (change,) = differences({"v": entries}, {"v": longer}, SHAPES)
    assert (len(change.path), change.old, same(change.new, entry)) == (2, ABSENT, True)


@given(st.lists(JSON, max_size=8), JSON, st.data())
def test_one_removed_entry_is_one_change(entries: list[Json], entry: Json, data: st.DataObject) -> None:
    """Wherever it was, and whatever stood around it."""
    at = data.draw(st.integers(0, len(entries)))
    longer = [*entries[:at], entry, *entries[at:]]
    (change,) = differences({"v": longer}, {"v": entries}, SHAPES)
    assert (len(change.path), same(change.old, entry), change.new) == (2, True, ABSENT)


CASES: dict[str, tuple[Json, Json, list[tuple[Path, Any, Any]]]] = {
    "true is not 1": (True, 1, [((), True, 1)]),
    "true is not 1 in a list": ([True], [1], [((0,), True, 1)]),
    "false is not 0 in a list": ([0], [False], [((0,), 0, False)]),
    "false is not 0 in a mapping in a list": ([{"a": 0}], [{"a": False}], [((0, "a"), 0, False)]),
    "true beside an insertion": ([True, 2], [3, 1, 2], [((0,), True, 3), ((1,), ABSENT, 1)]),
    "1 is 1.0": ({"a": [1, {"b": 2.0}]}, {"a": [1.0, {"b": 2}]}, []),
    "1 is not '1'": (1, "1", [((), 1, "1")]),
    "null is not absent": ({"a": None}, {}, [(("a",), None, ABSENT)]),
    "empty is not absent": (
        {},
        {"a": {}, "b": [], "c": ""},
        [(("a",), ABSENT, {}), (("b",), ABSENT, []), (("c",), ABSENT, "")],
    ),
    "null is not empty": ({"a": None}, {"a": {}}, [(("a",), None, {})]),
    "an empty list is not an empty mapping": ([[]], [{}], [((0,), [], {})]),
    "keys are sorted": (
        {},
        {"b": 1, "a": 1, "B": 1},
        [(("B",), ABSENT, 1), (("a",), ABSENT, 1), (("b",), ABSENT, 1)],
    ),
    "keys with dots": ([{"a.b": 1}], [{"a.b": 2}], [((0, "a.b"), 1, 2)]),
    "keys with brackets and quotes": (
        [{"a['b'][\"c\"]": 1}],
        [{"a['b'][\"c\"]": 2}],
        [((0, "a['b'][\"c\"]"), 1, 2)],
    ),
    "keys with two underscores": ([{"__a": 1}], [{"__a": 2}], [((0, "__a"), 1, 2)]),
    "keys that are digits": ([{"0": 1}], [{"0": 2}], [((0, "0"), 1, 2)]),
    "a step is put in first": (
        [{"pull": {"a": 1}}, {"run": {"b": 2}}],
        [{"set": {"c": 3}}, {"pull": {"a": 1}}, {"run": {"b": 2}}],
        [((0,), ABSENT, {"set": {"c": 3}})],
    ),
    "a step is put in and another is changed": (
        [{"pull": {"a": 1}}, {"run": {"b": 2}}],
        [{"set": {"c": 3}}, {"pull": {"a": 1}}, {"run": {"b": 4}}],
        [((0,), ABSENT, {"set": {"c": 3}}), ((2, "run", "b"), 2, 4)],
    ),
    "a step becomes another kind of step": (
        [{"a": 1}, {"b": 1}],
        [{"a": 1}, {"c": 1, "d": 2}],
        [((1,), {"b": 1}, {"c": 1, "d": 2})],
    ),
    "two steps change places": (
        [{"a": 1}, {"b": 1}],
        [{"b": 1}, {"a": 1}],
        [((0,), {"a": 1}, {"b": 1}), ((1,), {"b": 1}, {"a": 1})],
    ),
    "the last of three steps becomes the first": (
        [{"a": 1}, {"b": 1}, {"c": 1}],
        [{"c": 1}, {"a": 1}, {"b": 1}],
        [((0,), ABSENT, {"c": 1}), ((2,), {"c": 1}, ABSENT)],
    ),
    "a key of a mapping becomes another": (
        {"a": {"b": 1}},
        {"a": {"c": 1}},
        [(("a", "b"), 1, ABSENT), (("a", "c"), ABSENT, 1)],
    ),
    "an entry goes where another comes behind what stays": (
        [0, 1, 0, 2],
        [1, 2, 3],
        [((0,), 0, ABSENT), ((2,), 0, ABSENT), ((2,), ABSENT, 3)],
    ),
    "entries are told in the order of the list": (
        [0, 5, 6, 1, 9],
        [2, 3, 4, 0, 5, 6, 9],
        [((0,), ABSENT, 2), ((1,), ABSENT, 3), ((2,), ABSENT, 4), ((3,), 1, ABSENT)],
    ),
    "one of several equal entries goes": ([1, 1, 2], [1, 2], [((1,), 1, ABSENT)]),
    "all entries go": ([1, 2], [], [((0,), 1, ABSENT), ((1,), 2, ABSENT)]),
    "positions sort as numbers": ([], [*range(12)], [((i,), ABSENT, i) for i in range(12)]),
    "a list within a list": ([[1, 2], 3], [[2], 3], [((0, 0), 1, ABSENT)]),
    "lines of text": (["a\nb"], ["a\nc"], [((0,), "a\nb", "a\nc")]),
    "a list is not a mapping": (["a"], {"a": 1}, [((), ["a"], {"a": 1})]),
    "a named value is told whole": (
        [{"name": "A", "value": 1}, {"name": "B", "value": 2}],
        [{"name": "A", "value": 1}, {"name": "B", "value": 3}],
        [((1,), {"name": "B", "value": 2}, {"name": "B", "value": 3})],
    ),
    "a named value that loses its value is told whole": (
        [{"name": "A", "value": 1}],
        [{"name": "A"}],
        [((0,), {"name": "A", "value": 1}, {"name": "A"})],
    ),
    "a name without value is a mapping like any other": (
        [{"name": "A"}],
        [{"name": "B"}],
        [((0, "name"), "A", "B")],
    ),
}


@pytest.mark.parametrize(("old", "new", "expected"), CASES.values(), ids=CASES.keys())
def test_a_value_is_told_as_people_see_it(
    old: Json, new: Json, expected: list[tuple[Path, Any, Any]]
) -> None:
    """One case a line: old, new, and what is told below the field."""
    changes = [FieldChange(("v", *path), before, after) for path, before, after in expected]
    assert exact(differences({"v": old}, {"v": new}, SHAPES)) == exact(changes)


def test_a_set_is_told_as_two_whole_lists() -> None:
    """Single positions would mean nothing."""
    assert differences({"s": ["a", "b"]}, {"s": ["b", "c"]}, SHAPES) == (
        FieldChange(("s",), ["a", "b"], ["b", "c"]),
    )


def test_a_keyed_list_is_told_by_identity() -> None:
    """Entries that come and go whole, others key by key."""
    old: JsonObject = {"k": {"b": {"cron": "1"}, "c": {"cron": "2", "tz": None}}}
    new: JsonObject = {"k": {"c": {"cron": "3", "tz": None}, "a": {"cron": "4"}}}
    assert differences(old, new, SHAPES) == (
        FieldChange(("k", Key("a")), ABSENT, {"cron": "4"}),
        FieldChange(("k", Key("b")), {"cron": "1"}, ABSENT),
        FieldChange(("k", Key("c"), "cron"), "2", "3"),
    )


def test_fields_come_in_the_order_of_their_shapes() -> None:
    """And not in that of either side, and those without shape not at all."""
    new: JsonObject = {"unknown": 1, "w": 1, "k": {}, "s": ["a"], "v": 1}
    assert differences({}, new, SHAPES) == (
        FieldChange(("v",), ABSENT, 1),
        FieldChange(("s",), ABSENT, ["a"]),
        FieldChange(("k",), ABSENT, {}),
        FieldChange(("w",), ABSENT, 1),
    )


def test_what_long_lists_have_in_common_at_their_ends_is_kept() -> None:
    """One insertion is one change however long the list: 20,000 entries squared would take minutes."""
    old: list[Json] = [{"a": i % 3} for i in range(20_000)]
    new: list[Json] = [*old[:7_000], {"b": 1}, *old[7_000:]]
    assert differences({"v": old}, {"v": new}, SHAPES) == (FieldChange(("v", 7_000), ABSENT, {"b": 1}),)


def test_long_lists_are_compared_position_by_position() -> None:
    """Their entries repeat and all of them move: aligning them would take minutes."""
    old: list[Json] = [i % 2 for i in range(20_000)]
    new: list[Json] = [1 - i % 2 for i in range(20_000)]
    expected = tuple(FieldChange(("v", i), i % 2, 1 - i % 2) for i in range(20_000))
    assert differences({"v": old}, {"v": new}, SHAPES) == expected


def test_lists_are_aligned_up_to_a_length() -> None:
    """The longest that are: only what moved is told."""
    entries: list[Json] = [*range(LONGEST)]
    assert differences({"v": entries}, {"v": [*entries[1:], 0]}, SHAPES) == (
        FieldChange(("v", 0), 0, ABSENT),
        FieldChange(("v", LONGEST - 1), ABSENT, 0),
    )
