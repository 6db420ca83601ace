"""The one spelling of a schedule, and which live schedule a manifest means."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect.server.schemas.actions import DeploymentScheduleCreate

from conversations import schedule_answered
from prefect_reconcile.kinds.deployment.manifest import read
from prefect_reconcile.kinds.deployment.schedules import DEFINITIONS, body, canonical, flat, identity, pair
from prefect_reconcile.model import JsonObject
from strategies import schedule_lists
from strategies import schedules as schedule_strategy

PARIS = "Europe/Paris"


def record(**written: Any) -> JsonObject:
    """The canonical record of a flat schedule."""
    return canonical(written)


def cron(**more: Any) -> JsonObject:
    return record(cron="0 2 * * *", **more)


def every(seconds: float = 3600.0, **more: Any) -> JsonObject:
    return record(interval=seconds, **more)


def live(**written: Any) -> JsonObject:
    """A record as it is read back: with `active`, and an interval with an anchor."""
    anchor = {"anchor_date": "2026-01-01T00:00:00Z"} if "interval" in written else {}
    return record(**{"active": True, **anchor, **written})


def written_records(manifest_schedules: list[JsonObject]) -> list[JsonObject]:
    """The records that a manifest with these schedules has."""
    found, _ = read({"flow": "f", "name": "d", "schedules": manifest_schedules}, lambda entrypoint: None)
    assert found is not None
    return found.fields["schedules"]  # type: ignore[return-value]


REST = {"timezone": "UTC", "parameters": {}, "max_scheduled_runs": None, "slug": None}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"cron": "@daily"}, {**REST, "cron": "@daily", "day_or": True}),
        ({"cron": "@daily", "day_or": None, "timezone": None}, {**REST, "cron": "@daily", "day_or": True}),
        (
            {"cron": "@daily", "day_or": False, "timezone": PARIS},
            {**REST, "cron": "@daily", "day_or": False, "timezone": PARIS},
        ),
        ({"cron": "@daily", "active": False}, {**REST, "cron": "@daily", "day_or": True, "active": False}),
        ({"interval": 60.0}, {**REST, "interval": 60.0}),
        (
            {"interval": 60.0, "anchor_date": "2024-01-01T01:00:00+01:00"},
            {**REST, "interval": 60.0, "anchor_date": "2024-01-01T00:00:00+00:00"},
        ),
        (
            {"interval": 60.0, "anchor_date": "2024-01-01", "timezone": PARIS},
            {**REST, "interval": 60.0, "anchor_date": "2024-01-01T00:00:00+00:00", "timezone": PARIS},
        ),
        ({"rrule": "FREQ=DAILY", "slug": "s"}, {**REST, "rrule": "FREQ=DAILY", "slug": "s"}),
        (
            {"rrule": "FREQ=DAILY", "parameters": None, "max_scheduled_runs": 3},
            {**REST, "rrule": "FREQ=DAILY", "max_scheduled_runs": 3},
        ),
    ],
)
def test_canonical(written: JsonObject, expected: JsonObject) -> None:
    """What is not written, null and the default are one; what is left alone stays away."""
    assert canonical(written) == expected


@given(schedule_strategy())
def test_canonical_is_idempotent(written: JsonObject) -> None:
    """A record is its own canonical form."""
    (once,) = written_records([written])
    assert canonical(once) == once


@given(schedule_strategy())
def test_body_is_read_back_as_the_record(written: JsonObject) -> None:
    """Prefect's own model takes what is sent and gives back the same record, but for an anchor it added."""
    (wanted,) = written_records([written])
    sent = DeploymentScheduleCreate.model_validate(body(wanted)).model_dump(mode="json", exclude={"replaces"})
    ((key, back),) = pair([wanted], [("1", canonical(flat(sent)))])[0].items()
    assert pair([wanted], [("1", back)])[1] == {key: back}


def test_body_is_whole() -> None:
    """What is sent has all that PATCH would else reset, and no null, which PATCH ignores."""
    assert body(live(interval=60.0, slug="s", parameters={"a": 1}, timezone=PARIS)) == {
        "schedule": {"anchor_date": "2026-01-01T00:00:00+00:00", "interval": 60.0, "timezone": PARIS},
        "active": True,
        "parameters": {"a": 1},
        "slug": "s",
    }


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (cron(), "cron 0 2 * * *"),
        (cron(slug="nightly"), "nightly"),
        (cron(timezone=PARIS), "cron 0 2 * * * Europe/Paris"),
        (cron(day_or=False), "cron 0 2 * * * day_or=false"),
        (cron(parameters={"b": "é", "a": 1}), 'cron 0 2 * * * {"a": 1, "b": "é"}'),
        (cron(active=False, max_scheduled_runs=3), "cron 0 2 * * *"),
        (every(), "interval 3600s"),
        (every(0.5), "interval 0.5s"),
        (every(anchor_date="2024-01-01"), "interval 3600s from 2024-01-01T00:00:00+00:00"),
        (record(rrule="FREQ=DAILY"), "rrule FREQ=DAILY"),
    ],
)
def test_identity(written: JsonObject, expected: str) -> None:
    """A schedule is told by its slug, else by what it does; not by what is turned at run time."""
    assert identity(written) == expected


A = "2026-01-01T00:00:00+00:00"
B = "2026-02-02T00:00:00+00:00"


def ids(desired: list[JsonObject], there: dict[str, JsonObject]) -> tuple[list[str], list[str], list[str]]:
    """The ids of the live schedules that are kept as they are, changed, and removed; in the order of ids."""
    old, new, known = pair(desired, there.items())
    kept = sorted(known[key] for key in old if key in new and old[key] == new[key])
    changed = sorted(known[key] for key in old if key in new and old[key] != new[key])
    return kept, changed, sorted(known[key] for key in old if key not in new)


@pytest.mark.parametrize(
    ("desired", "there", "expected"),
    [
        pytest.param([], {}, ([], [], []), id="none"),
        pytest.param([cron()], {}, ([], [], []), id="new"),
        pytest.param([], {"1": live(cron="0 2 * * *")}, ([], [], ["1"]), id="gone"),
        pytest.param([cron()], {"1": live(cron="0 2 * * *")}, (["1"], [], []), id="same"),
        pytest.param(
            [cron()], {"1": live(cron="0 2 * * *", active=False)}, (["1"], [], []), id="switched off"
        ),
        pytest.param(
            [cron(active=True)],
            {"1": live(cron="0 2 * * *", active=False)},
            ([], ["1"], []),
            id="switched on",
        ),
        pytest.param([cron()], {"1": live(cron="0 3 * * *")}, ([], [], ["1"]), id="another definition"),
        pytest.param(
            [cron(slug="s")], {"1": live(cron="0 3 * * *", slug="s")}, ([], ["1"], []), id="changed by slug"
        ),
        pytest.param(
            [every(slug="s")], {"1": live(cron="0 2 * * *", slug="s")}, ([], ["1"], []), id="type by slug"
        ),
        pytest.param([cron(slug="s")], {"1": live(cron="0 2 * * *")}, ([], [], ["1"]), id="gets a slug"),
        pytest.param([cron()], {"1": live(cron="0 2 * * *", slug="s")}, ([], [], ["1"]), id="loses its slug"),
        pytest.param(
            [cron(), cron(slug="s")],
            {"1": live(cron="0 2 * * *", slug="s"), "2": live(cron="0 2 * * *")},
            (["1", "2"], [], []),
            id="one with and one without a slug",
        ),
        pytest.param(
            [cron(max_scheduled_runs=3)], {"1": live(cron="0 2 * * *")}, ([], ["1"], []), id="runs limited"
        ),
        pytest.param(
            [cron(parameters={"a": 1}), cron(parameters={"a": 2})],
            {
                "1": live(cron="0 2 * * *", parameters={"a": 2}),
                "2": live(cron="0 2 * * *", parameters={"a": 1}),
                "3": live(cron="0 2 * * *", parameters={"a": 3}),
            },
            (["1", "2"], [], ["3"]),
            id="siblings by parameters",
        ),
        pytest.param([every()], {"1": live(interval=3600.0)}, (["1"], [], []), id="anchor left alone"),
        pytest.param(
            [every(anchor_date=B)], {"1": live(interval=3600.0)}, ([], [], ["1"]), id="another anchor"
        ),
        pytest.param(
            [every(anchor_date=B, slug="s")],
            {"1": live(interval=3600.0, slug="s")},
            ([], ["1"], []),
            id="another anchor by slug",
        ),
        pytest.param(
            [every(), every(anchor_date=A)],
            {"1": live(interval=3600.0, anchor_date=A), "2": live(interval=3600.0, anchor_date=B)},
            (["1", "2"], [], []),
            id="a written anchor chooses first",
        ),
        pytest.param(
            [every(slug="s"), every()],
            {"1": live(interval=3600.0, slug="s"), "2": live(interval=3600.0)},
            (["1", "2"], [], []),
            id="a slug is not taken by its sibling",
        ),
        pytest.param(
            [cron()],
            {"1": live(cron="0 2 * * *"), "2": live(cron="0 2 * * *"), "3": live(cron="0 2 * * *")},
            (["1"], [], ["2", "3"]),
            id="live duplicates",
        ),
        pytest.param(
            [every()],
            {"1": live(interval=3600.0, anchor_date=B), "2": live(interval=3600.0, anchor_date=A)},
            (["2"], [], ["1"]),
            id="of duplicates the oldest anchor stays",
        ),
        pytest.param(
            [record(rrule="FREQ=DAILY")],
            {"1": live(rrule="DTSTART:20200101T000000\nFREQ=DAILY")},
            (["1"], [], []),
            id="DTSTART that Prefect wrote",
        ),
        pytest.param(
            [record(rrule="DTSTART:20240101T000000\nFREQ=DAILY")],
            {"1": live(rrule="DTSTART:20200101T000000\nFREQ=DAILY")},
            ([], [], ["1"]),
            id="another DTSTART",
        ),
        pytest.param(
            [record(rrule="FREQ=DAILY"), record(rrule="DTSTART:20240101T000000\nFREQ=DAILY")],
            {
                "1": live(rrule="DTSTART:20240101T000000\nFREQ=DAILY"),
                "2": live(rrule="DTSTART:20200101T000000\nFREQ=DAILY"),
            },
            (["1", "2"], [], []),
            id="a written DTSTART chooses first",
        ),
    ],
)
def test_pair(
    desired: list[JsonObject], there: dict[str, JsonObject], expected: tuple[list[str], list[str], list[str]]
) -> None:
    """Each wanted schedule finds the live one that it means; in whatever order both come."""
    for seed in range(6):
        wanted, live_ones = list(desired), list(there.items())
        Random(seed).shuffle(wanted)
        Random(seed + 100).shuffle(live_ones)
        assert ids(wanted, dict(live_ones)) == expected


def test_pair_keeps_what_is_left_alone() -> None:
    """A changed schedule keeps the live switch and anchor."""
    there = live(interval=3600.0, slug="s", active=False)
    assert pair([every(60.0, slug="s")], [("1", there)]) == (
        {"s": there},
        {"s": {**there, "interval": 60.0}},
        {"s": "1"},
    )


def test_pair_new() -> None:
    """A new schedule is active unless its manifest says otherwise."""
    off = every(active=False)
    assert pair([cron(), off], []) == (
        {},
        {"cron 0 2 * * *": {**cron(), "active": True}, "interval 3600s": off},
        {},
    )


def test_pair_names_live_duplicates() -> None:
    """Live schedules that cannot be told apart get names of their own."""
    there = live(cron="0 2 * * *")
    assert pair([], [("3", there), ("1", there), ("2", there)]) == (
        {"cron 0 2 * * *": there, "cron 0 2 * * * #2": there, "cron 0 2 * * * #3": there},
        {},
        {"cron 0 2 * * *": "1", "cron 0 2 * * * #2": "2", "cron 0 2 * * * #3": "3"},
    )


def test_pair_with_a_slug_that_reads_like_a_definition() -> None:
    """A live schedule whose identity a wanted one has already gets another."""
    slug = live(cron="0 3 * * *", slug="cron 0 2 * * *")
    old, new, known = pair([cron()], [("1", slug)])
    assert (list(old), list(new), known) == (
        ["cron 0 2 * * * #2"],
        ["cron 0 2 * * *"],
        {"cron 0 2 * * * #2": "1"},
    )


@given(schedule_lists(), st.randoms(use_true_random=False))
def test_pair_finds_all_of_its_own(written: list[JsonObject], random: Random) -> None:
    """What Prefect makes of the schedules of a manifest is what the manifest means, in any order."""
    wanted = written_records(written)
    there = [
        (str(index), canonical(flat(schedule_answered(str(index), **_answer(record)))))
        for index, record in enumerate(wanted)
    ]
    random.shuffle(there)
    random.shuffle(wanted)
    old, new, known = pair(wanted, there)
    assert old == new
    assert sorted(known.values()) == sorted(schedule_id for schedule_id, _ in there)


def _answer(wanted: JsonObject) -> dict[str, Any]:
    dumped = DeploymentScheduleCreate.model_validate(body(wanted)).model_dump(
        mode="json", exclude={"replaces"}
    )
    return {"definition": dumped.pop("schedule"), **dumped}


def test_definitions_are_prefects() -> None:
    """The keys of the three types are those of Prefect's models."""
    from prefect.server.schemas.schedules import CronSchedule, IntervalSchedule, RRuleSchedule

    models = {"cron": CronSchedule, "interval": IntervalSchedule, "rrule": RRuleSchedule}
    assert {kind: frozenset(model.model_fields) for kind, model in models.items()} == DEFINITIONS
