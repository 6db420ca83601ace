"""Every invalid native manifest of the tests, and which of them no schema can refuse.

Collected from the tables of the tests themselves, so that a new example is here without being written twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from json import dumps
from typing import Any
from warnings import catch_warnings, simplefilter

from kinds import test_timing
from kinds.deployment import test_manifest
from prefect_reconcile.kinds.deployment import read
from prefect_reconcile.model import JsonObject, NoFlow

IDENTITY: JsonObject = {"flow": "etl", "name": "nightly"}
_ABSENT = NoFlow("there is no code here", "add it")

_TIMES = {
    "cron": test_timing.CRONS,
    "interval": test_timing.INTERVALS,
    "rrule": test_timing.RRULES,
    "timezone": test_timing.TIMEZONES,
    "anchor_date": test_timing.ANCHORS,
}
_MORE: list[JsonObject] = [
    {**IDENTITY, "kind": "Deploymnt"},
    {**IDENTITY, "kind": None},
    {**IDENTITY, "schedules": [{"schedule": {"cron": "0 2 * * *"}, "cron": None}]},
    {**IDENTITY, "schedules": [{"schedule": {"cron": "0 2 * * *"}, "interval": 60}]},
    {**IDENTITY, "schedules": [{"schedule": None, "cron": "0 2 * * *"}]},
    {**IDENTITY, "schedules": [{"schedule": {"cron": "0 2 * * *"}, "anchor_date": "2024-01-01"}]},
    {**IDENTITY, "schedules": [{"cron": "0 2 * * *", "max_scheduled_runs": 51}]},
    {**IDENTITY, "work_queue_name": "high", "work_pool_name": ""},
    {"name": "nightly", "entrypoint": ""},
    {"name": "nightly", "flow": None},
]


@cache
def examples() -> list[JsonObject]:
    """Each of them once."""
    return [one for one in _all() if refused(one)]


@cache
def valid() -> list[JsonObject]:
    """The valid manifests of the same tables, each once."""
    return [one for one in _all() if not refused(one)]


def _all() -> list[JsonObject]:
    return list({dumps(one): one for one in (*_of_tables(), *_of_times(), *_MORE)}.values())


def refused(value: JsonObject) -> bool:
    """Whether a manifest is refused when it is read."""
    rest = {key: one for key, one in value.items() if key != "kind"}
    if value.get("kind", "Deployment") != "Deployment":
        return True
    with catch_warnings():
        # Of dateutil, for a valid rule that has both COUNT and UNTIL.
        simplefilter("ignore", DeprecationWarning)
        return read(rest, lambda entrypoint: _ABSENT)[0] is None


def _of_tables() -> Iterator[JsonObject]:
    for name, test in vars(test_manifest).items():
        if name.startswith("test_"):
            yield from map(_manifest, _rows(test))


def _rows(test: Any) -> Iterator[dict[str, Any]]:
    """What each row of the tables of a test calls its values."""
    for mark in getattr(test, "pytestmark", ()):
        if mark.name == "parametrize":
            names, values = mark.args
            names = [names] if isinstance(names, str) else names
            for one in values:
                row = getattr(one, "values", one)
                yield dict(zip(names, row if len(names) > 1 else [row], strict=True))


def _manifest(row: dict[str, Any]) -> JsonObject:
    """The manifest that a test makes of a row."""
    match row:
        case {"written": dict() as written}:
            return {**IDENTITY, **written}
        case {"written": list() as schedules}:
            return {**IDENTITY, "schedules": schedules}
        case {"path": str() as key, "value": value}:
            return {**IDENTITY, key: value}
        case {"name": name}:
            return {**IDENTITY, "name": name}
        case {"value": dict() as value}:
            return value
        case _:
            return IDENTITY


def _of_times() -> Iterator[JsonObject]:
    beside = {"timezone": {"cron": "0 2 * * *"}, "anchor_date": {"interval": 60}}
    for key, values in _TIMES.items():
        for value in values:
            yield {**IDENTITY, "schedules": [{**beside.get(key, {}), key: value}]}


def _crons(*values: str) -> list[JsonObject]:
    return [{"cron": one} for one in values]


_DAILY: JsonObject = {"cron": "0 2 * * *"}
_BEYOND_IN_A_SCHEDULE: dict[str, list[JsonObject]] = {
    "the range of each field of a cron": _crons(
        "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * * 8", "*/0 * * * *"
    ),
    "the grammar of a cron's fields": _crons(
        *("1,,2 * * * *", ", * * * *", "-1 * * * *", "a b c d e", "0 0 * * sonntag", "? ? ? ? ?"),
        *("0 0 * * L", "0 0 * * 5L", "0 0 * * 1#6", "0 0 15W * *", "0 0 15w * * 0", "0 0 LW * *"),
    ),
    "the names of crons": _crons("@reboot"),
    "what is random or hashed": _crons(
        "R * * * *", "r r r r r", "H * * * *", "H H * * *", "H/15 * * * *", "h(1-3) * * * *"
    ),
    "how long a duration is": [
        {"interval": one} for one in ("PT0S", "PT0.0000001S", "P99999999999D", "00:00:00")
    ],
    "the grammar of a recurrence rule": [
        {"rrule": one}
        for one in (
            *("FREQ=WEEKLY;BYDAY=XX", "FREQ=FORTNIGHTLY", "FREQ=DAILY;INTERVAL=x", "FREQ=DAILY;BYHOUR=25"),
            *("FREQ=DAILY;FOO=1", "FREQ=DAILY;", ";FREQ=DAILY", "FREQ=DAILY;BYHOUR=", "RRULE;X=1:FREQ=DAILY"),
            *("FOO:FREQ=DAILY", "DTSTART:yesterday\nRRULE:FREQ=DAILY"),
            "DTSTART:20240101T000000Z\nRRULE:FREQ=DAILY;UNTIL=20250101T000000",
        )
    ],
    "which time zones there are": [
        *({**_DAILY, "timezone": one} for one in ("Europe/Pari", "PST", "Z")),
        {"schedule": {**_DAILY, "timezone": "Europe/Pari"}},
    ],
    "how many days a month has": [{"interval": 60, "anchor_date": "2024-02-30"}],
}
BEYOND: dict[str, list[JsonObject]] = {
    **{
        reason: [{**IDENTITY, "schedules": [one]} for one in schedules]
        for reason, schedules in _BEYOND_IN_A_SCHEDULE.items()
    },
    "3.0 is an integer to a schema": [{**IDENTITY, "concurrency_limit": 3.0}],
    "two schedules with one slug": [
        {**IDENTITY, "schedules": [{**_DAILY, "slug": "s"}, {"interval": 60, "slug": "s"}]}
    ],
    "two schedules that are the same": [
        {
            **IDENTITY,
            "schedules": [
                _DAILY,
                {"interval": 60},
                {"schedule": {**_DAILY, "timezone": "UTC"}, "active": False},
            ],
        },
        {**IDENTITY, "schedules": [{"interval": 3600}, {"interval": "PT1H"}]},
    ],
}
"""What only reading can refuse, by the reason. All else the schema refuses."""
