"""Which change a resource becomes, the order of changes, and the fingerprint; with a toy kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import FrozenInstanceError, replace
from json import dumps
from re import fullmatch
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

import toy_kind
from prefect_reconcile.differ import FieldChange
from prefect_reconcile.kinds.protocol import Kind
from prefect_reconcile.model import ABSENT, Desired, Json, Key, Live, Observation, Resolution, Source
from prefect_reconcile.plan import Create, Plan, Unchanged, Update, field_json, make_plan

OTHER_KIND = cast("Kind", SimpleNamespace(**{**vars(toy_kind), "NAME": "Block"}))
"""Another kind, whose name comes before that of the toy kind."""

SOURCE = Source("a.yaml", 1, 1)


class Row(NamedTuple):
    """One resource: its name, the live value (`ABSENT` where it is not there) and the wanted one."""

    name: str
    live: Any
    wanted: Json


def planned(*rows: Row, kind: Kind = toy_kind, source: Source = SOURCE) -> Plan:
    """The plan for some resources, given in any order."""
    return make_plan([(kind, observation(rows, kind, source))])


def observation(rows: Sequence[Row], kind: Kind = toy_kind, source: Source = SOURCE) -> Observation:
    desired = tuple(Desired(kind.NAME, row.name, source, {"value": row.wanted}) for row in rows)
    live = {row.name: live_row(row, kind) for row in rows if row.live is not ABSENT}
    return Observation(desired, live)


def live_row(row: Row, kind: Kind = toy_kind) -> Live:
    return Live(kind.NAME, row.name, f"id of {row.name}", {"value": row.live, "tags": []})


def test_what_is_not_there_is_created() -> None:
    """With what will differ from the defaults."""
    desired = Desired("Variable", "a/b", SOURCE, {"value": 1})
    resolution = Resolution({"value": None, "tags": []}, {"value": 1, "tags": []})
    fields = (FieldChange(("value",), None, 1),)
    assert planned(Row("a/b", ABSENT, 1)) == Plan((Create(desired, resolution, fields),))


def test_what_is_not_there_is_created_though_nothing_differs_from_the_defaults() -> None:
    """It is not there."""
    desired = Desired("Variable", "a/b", SOURCE, {"value": None})
    resolution = Resolution({"value": None, "tags": []}, {"value": None, "tags": []})
    assert planned(Row("a/b", ABSENT, None)) == Plan((Create(desired, resolution, ()),))


def test_what_differs_is_updated() -> None:
    """From the live value to the wanted one."""
    row = Row("a/b", 1, 2)
    desired = Desired("Variable", "a/b", SOURCE, {"value": 2})
    resolution = Resolution({"value": 1, "tags": []}, {"value": 2, "tags": []})
    fields = (FieldChange(("value",), 1, 2),)
    assert planned(row) == Plan((Update(desired, live_row(row), resolution, fields),))


def test_what_is_as_declared_is_unchanged() -> None:
    """And needs no request."""
    desired = Desired("Variable", "a/b", SOURCE, {"value": 1})
    resolution = Resolution({"value": 1.0, "tags": []}, {"value": 1, "tags": []})
    plan = planned(Row("a/b", 1.0, 1))
    assert (plan, plan.writes) == (Plan((Unchanged(desired, resolution),)), ())


def test_true_for_1_is_an_update() -> None:
    """Though Python equates them."""
    assert [type(change) for change in planned(Row("a/b", 1, True), Row("a/c", [1], [True])).changes] == [
        Update,
        Update,
    ]


def test_what_is_live_and_not_declared_is_left_alone() -> None:
    """An observation may hold more than was asked for."""
    seen = replace(observation([Row("a/b", 1, 1)]), live={"a/c": live_row(Row("a/c", 1, 1))})
    assert [type(change) for change in make_plan([(toy_kind, seen)]).changes] == [Create]


def test_nothing_is_planned_for_nothing() -> None:
    """Neither for no kind nor for a kind without resources."""
    assert (make_plan([]), planned()) == (Plan(()), Plan(()))


def test_writes_are_creates_and_updates() -> None:
    """In the order of the plan."""
    plan = planned(Row("a/d", 1, 2), Row("a/c", 1, 1), Row("a/b", ABSENT, 1))
    assert [(type(change), change.desired.name) for change in plan.writes] == [
        (Create, "a/b"),
        (Update, "a/d"),
    ]


VALUES = st.sampled_from([None, True, False, 0, 1, 2, "", "1", "\ud800", [], [1], [True], {}, {"a": None}])
ROWS = st.lists(
    st.builds(Row, st.sampled_from(["a/b", "a/c", "B", "é", "\ud800"]), VALUES | st.just(ABSENT), VALUES),
    max_size=4,
    unique_by=lambda row: row.name,
)


@given(ROWS, ROWS, st.data())
def test_the_plan_does_not_depend_on_the_order_of_its_input(
    rows: list[Row], others: list[Row], data: st.DataObject
) -> None:
    """It is sorted by kind and name."""
    plan = make_plan([(toy_kind, observation(rows)), (OTHER_KIND, observation(others, OTHER_KIND))])
    shuffled = observation(data.draw(st.permutations(others)), OTHER_KIND)
    again = make_plan([(OTHER_KIND, shuffled), (toy_kind, observation(data.draw(st.permutations(rows))))])
    keys = [(change.desired.kind, change.desired.name) for change in plan.changes]
    assert (again, again.fingerprint, keys) == (plan, plan.fingerprint, sorted(keys))


def essence(plan: Plan) -> list[tuple[str, ...]]:
    """What would be written, spelled out."""
    return [
        (type(write).__name__, write.desired.kind, write.desired.name, str(field.path), *sides(field))
        for write in plan.writes
        for field in (*write.fields, FieldChange((), ABSENT, ABSENT))
    ]


def sides(field: FieldChange) -> tuple[str, ...]:
    return tuple("" if side is ABSENT else dumps(side, sort_keys=True) for side in (field.old, field.new))


@given(ROWS, ROWS)
def test_the_fingerprint_changes_exactly_when_the_writes_do(rows: list[Row], others: list[Row]) -> None:
    """Two plans that would write the same have the same, any other two do not."""
    one, other = planned(*rows), planned(*others)
    assert (one.fingerprint == other.fingerprint) == (essence(one) == essence(other))


REVIEWED = Row("a/b", 1, 2)


@pytest.mark.parametrize(
    "other",
    [
        planned(Row("a/b", 3, 2)),
        planned(Row("a/b", 1, 3)),
        planned(Row("a/b", 1, True)),
        planned(Row("a/b", 1, [2])),
        planned(Row("a/b", ABSENT, 2)),
        planned(Row("a/c", 1, 2)),
        planned(REVIEWED, Row("a/c", 1, 2)),
        planned(REVIEWED, Row("a/c", ABSENT, None)),
        planned(REVIEWED, kind=OTHER_KIND),
        planned(Row("a/b", 1, 1)),
        planned(),
    ],
    ids=[
        "old",
        "new",
        "true",
        "list",
        "action",
        "name",
        "one more",
        "one more without fields",
        "kind",
        "unchanged",
        "empty",
    ],
)
def test_another_write_has_another_fingerprint(other: Plan) -> None:
    """Each part of a write counts."""
    assert other.fingerprint != planned(REVIEWED).fingerprint


def test_a_create_is_not_the_update_with_the_same_fields() -> None:
    """Live and at its defaults, or not there: the fields are the same, the action is not."""
    assert planned(Row("a/b", ABSENT, 2)).fingerprint != planned(Row("a/b", None, 2)).fingerprint


def test_null_is_not_absent_in_a_fingerprint() -> None:
    """To clear a key is not to remove it."""
    cleared, removed = planned(Row("a/b", {"a": 1}, {"a": None})), planned(Row("a/b", {"a": 1}, {}))
    assert cleared.fingerprint != removed.fingerprint


@pytest.mark.parametrize(
    "other",
    [
        planned(REVIEWED, Row("a/c", 1, 1)),
        planned(Row("a/0", {}, {}), REVIEWED),
        planned(REVIEWED, source=Source("moved.yaml", 7, 3)),
    ],
    ids=["one more that is unchanged", "another one that is unchanged", "source"],
)
def test_what_is_not_written_does_not_count(other: Plan) -> None:
    """A review stays valid when a manifest moves or an unchanged resource comes along."""
    assert other.fingerprint == planned(REVIEWED).fingerprint


def test_the_order_of_keys_does_not_count() -> None:
    """In no value at any depth."""
    one = planned(Row("a/b", {"x": 1, "y": 2}, [{"a": 1, "b": {"c": 2, "d": 3}}]))
    other = planned(Row("a/b", {"y": 2, "x": 1}, [{"b": {"d": 3, "c": 2}, "a": 1}]))
    assert one.fingerprint == other.fingerprint


def test_a_fingerprint_is_the_same_on_every_machine() -> None:
    """It is compared across runs, so that its making may not change unnoticed."""
    assert planned(REVIEWED).fingerprint == "85187fc2a1d8a9867cd4e0b82904f2c1"


@given(st.text(), st.text())
def test_a_fingerprint_has_32_digits_whatever_the_text(name: str, value: str) -> None:
    """Also for text that UTF-8 cannot hold."""
    assert fullmatch("[0-9a-f]{32}", planned(Row(name, "\ud800", value)).fingerprint)


def test_a_plan_cannot_be_changed() -> None:
    """What was shown is what is carried out."""
    plan = planned(REVIEWED)
    with pytest.raises(FrozenInstanceError):
        plan.changes = ()  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        plan.changes[0].desired = None  # type: ignore[assignment, misc]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (FieldChange(("tags",), ["a"], None), {"path": "tags", "old": ["a"], "new": None}),
        (FieldChange(("v",), None, 1), {"path": "v", "old": None, "new": 1}),
        (FieldChange(("v", 0), ABSENT, 1), {"path": "v[0]", "new": 1}),
        (FieldChange(("k", Key("a b"), "c.d"), False, ABSENT), {"path": 'k[a b]["c.d"]', "old": False}),
    ],
)
def test_a_field_as_json_lacks_the_side_without_value(change: FieldChange, expected: dict[str, Json]) -> None:
    """Null is a value."""
    assert field_json(change) == expected
