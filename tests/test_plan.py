"""Which change a resource becomes, the order of changes, and the fingerprint; with a toy kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import FrozenInstanceError, replace
from json import dumps
from re import fullmatch
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

import toy_kind
from prefect_reconcile import plan as plan_module
from prefect_reconcile import secrecy
from prefect_reconcile.differ import FieldChange
from prefect_reconcile.kinds.protocol import Kind
from prefect_reconcile.model import (
    ABSENT,
    Desired,
    Ignore,
    Json,
    Key,
    Live,
    Observation,
    Problem,
    Resolution,
    Severity,
    Source,
)
from prefect_reconcile.plan import (
    Create,
    Plan,
    Unchanged,
    Update,
    field_json,
    make_plan,
    unmatched_ignores,
)

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


# --- What is ignored ---


def ignoring(row: Row, *patterns: str, source: Source = SOURCE) -> Plan:
    """The plan for a resource that ignores some paths."""
    seen = observation([row])
    ignored = tuple(Ignore(one, source) for one in patterns)
    return make_plan([(toy_kind, replace(seen, desired=(replace(seen.desired[0], ignore=ignored),)))])


def test_what_is_ignored_is_neither_a_difference_nor_written() -> None:
    """But told, beside what differs."""
    row = Row("a/b", {"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 2})
    (change,) = ignoring(row, "value.a", "value.c", "value.z").changes
    desired = Desired(
        "Variable",
        "a/b",
        SOURCE,
        {"value": {"a": 2, "b": 2}},
        ignore=tuple(Ignore(one, SOURCE) for one in ("value.a", "value.c", "value.z")),
    )
    to = Resolution(
        {"value": {"a": 1, "b": 1, "c": 1}, "tags": []}, {"value": {"a": 1, "b": 2, "c": 1}, "tags": []}
    )
    assert change == Update(
        desired,
        live_row(row),
        to,
        (FieldChange(("value", "b"), 1, 2),),
        (FieldChange(("value", "a"), 1, 2), FieldChange(("value", "c"), 1, ABSENT)),
        (Ignore("value.z", SOURCE),),
    )


def test_a_resource_that_differs_only_in_what_is_ignored_is_unchanged() -> None:
    """And its differences are counted."""
    plan = ignoring(Row("a/b", {"a": 1}, {"a": 2, "b": 3}), "value.*")
    (change,) = plan.changes
    assert (type(change), plan.writes, plan.ignored) == (Unchanged, (), 2)
    assert change.ignored == (FieldChange(("value", "a"), 1, 2), FieldChange(("value", "b"), ABSENT, 3))


def test_a_new_resource_ignores_nothing() -> None:
    """It gets what the manifest says."""
    plan = ignoring(Row("a/b", ABSENT, {"a": 1}), "value.a")
    assert [change.fields for change in plan.writes] == [(FieldChange(("value",), None, {"a": 1}),)]
    assert (plan.ignored, unmatched_ignores(plan)) == (0, ())


def test_what_is_ignored_is_not_in_the_fingerprint() -> None:
    """What would be written is the same, whatever is wanted there; what is live there is not written anew."""
    plain = planned(Row("a/b", {"b": 1}, {"b": 2}))
    assert [
        ignoring(Row("a/b", {**live, "b": 1}, {**wanted, "b": 2}), "value.a").fingerprint
        for live, wanted in (({}, {"a": 1}), ({"a": 1}, {}), ({"a": 1}, {"a": 2}))
    ] == [plain.fingerprint] * 3


def test_a_pattern_that_matches_nothing_is_a_warning_at_its_place() -> None:
    """One that is shared, such as that of a configuration, only if it matches in no resource."""
    shared, place = Source("reconcile.toml", 4, 11), Source("a.yaml", 9, 3)
    rows = [Row("a/b", {"a": 1}, {}), Row("a/c", ABSENT, {}), Row("a/d", {}, {"c": 1})]
    own = {"a/b": ("value.z",), "a/c": ("value",), "a/d": ("value.c",)}
    patterns = ("value.a", "value.c", "value.x", "tags")
    seen = observation(rows)
    desired = tuple(
        replace(
            one,
            ignore=(
                *(Ignore(pattern, shared) for pattern in patterns),
                *(Ignore(pattern, place) for pattern in own[one.name]),
            ),
        )
        for one in seen.desired
    )
    plan = make_plan([(toy_kind, replace(seen, desired=desired))])
    what, remedy = "matches nothing, neither wanted nor live", "correct it, or remove it"
    assert unmatched_ignores(plan) == (
        Problem(place, "value.z", what, remedy, Severity.WARNING),
        Problem(shared, "value.x", what, remedy, Severity.WARNING),
    )


# --- Secrets in the fingerprint ---


@pytest.fixture
def _declared() -> Iterator[None]:
    secrecy.begin(["*_dsn"], ["hunter2"])
    yield
    secrecy.begin()


@pytest.mark.usefixtures("_declared")
@pytest.mark.parametrize(
    ("value", "slow"),
    [
        ({"password": "x"}, True),
        ({"db_dsn": "x"}, True),
        ({"a": "hunter2"}, True),
        ({"a": "see hunter2"}, True),
        ({"a": "postgresql://u:p@db/x"}, True),
        ({"a": "x"}, False),
        ({"password": None}, False),
    ],
)
@pytest.mark.parametrize("side", ["live", "wanted"])
def test_a_plan_with_a_secret_has_a_slow_fingerprint(value: Json, slow: bool, side: str) -> None:
    """On either side; others are not slowed down."""
    row = Row("a/b", value, {}) if side == "live" else Row("a/b", {}, value)
    plan = planned(row)
    plan_module._slow.cache_clear()
    assert plan.fingerprint == plan.fingerprint
    assert plan_module._slow.cache_info().misses == slow


def test_a_secret_in_an_identity_slows_the_fingerprint() -> None:
    """That of a schedule holds its parameters."""
    key = Key('cron 0 2 * * * {"password": "x"}')
    plain, secret = (
        Update(
            Desired("Variable", "a/b", SOURCE, {}),
            live_row(Row("a/b", 1, 2)),
            Resolution({}, {}),
            (FieldChange(("value", one, "cron"), 1, 2),),
        )
        for one in (Key("nightly"), key)
    )
    plan_module._slow.cache_clear()
    assert Plan((plain,)).fingerprint != Plan((secret,)).fingerprint
    assert plan_module._slow.cache_info().misses == 1


def test_what_the_connection_authorises_with_does_not_change_a_fingerprint() -> None:
    """The run that reviews has another credential than the one that writes."""
    plan = planned(Row("a/b", 1, "pnu_1234"))
    before = plan.fingerprint
    secrecy.lend("pnu_1234")
    try:
        assert plan.fingerprint == before
    finally:
        secrecy.begin()


def test_another_secret_has_another_fingerprint() -> None:
    """And the same one the same, on every machine."""
    one, other = (planned(Row("a/b", None, {"password": value})).fingerprint for value in "ab")
    assert one != other
    assert one == "f56af4394d78d5342872bc3a2f12d4ef"
