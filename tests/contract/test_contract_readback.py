"""How each kind of schedule reads back: which spellings are taken, and what becomes of them."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from prefects import FAR, Document, Prefect, per_version

# Whether an rrule without DTSTART is given one.
ANCHORED = per_version(False, False, True, True)

DAY = "2024-01-02T03:04:05"

# What is sent as `anchor_date`, and how it reads back.
ANCHORS = {
    f"{DAY}Z": f"{DAY}Z",
    f"{DAY}z": f"{DAY}Z",
    "2024-01-02t03:04:05Z": f"{DAY}Z",
    f"{DAY}+00:00": f"{DAY}Z",
    f"{DAY}-00:00": f"{DAY}Z",
    f"{DAY}.5Z": f"{DAY}.500000Z",
    f"{DAY}.000Z": f"{DAY}Z",
    f"{DAY}.123456Z": f"{DAY}.123456Z",
    f"{DAY}.123456789Z": f"{DAY}.123456Z",
    f"{DAY}+02:00": f"{DAY}+02:00",
    f"{DAY}-0530": f"{DAY}-05:30",
    1704164645: f"{DAY}Z",
}

# The same without an offset, which is added or not.
NAIVE_ANCHORS = {
    DAY: DAY,
    "2024-01-02 03:04:05": DAY,
    "2024-01-02T03:04": "2024-01-02T03:04:00",
    "2024-01-02": "2024-01-02T00:00:00",
}

# What is sent as `interval`, and its seconds. Months have 30 days, years 365.
INTERVALS: dict[Any, float] = {
    3600: 3600.0,
    0.5: 0.5,
    "PT1H": 3600.0,
    "01:00:00": 3600.0,
    "P1D": 86400.0,
    "P1DT2H": 93600.0,
    "P1W": 604800.0,
    "P1M": 2592000.0,
    "P1Y": 31536000.0,
    "1 day, 1:00:00": 90000.0,
    "PT0.5S": 0.5,
    True: 1.0,
    1e12: 1e12,
}
BAD_INTERVALS: list[Any] = [0, -1, "-PT1H", "3600", "1.5", None]

CRONS = [
    *("0 0 * * *", "*/5 * * * *", "0 0 * * MON", "0 0 * * mon-fri", "0 0 * JAN *", "0 0 * * 7", "0 0 ? * *"),
    *(
        "0 0 L * *",
        "0 0 * * 5#2",
        "0 0 31 2 *",
        "@hourly",
        "@daily",
        "@midnight",
        "@weekly",
        "@monthly",
        "@yearly",
    ),
    *("0 0 0 * * *", "0 0 * * * 30", "  0  0 * * * ", "0\t0 * * *", "0 0 * * *\n", "* * * * * * *"),
]
BAD_CRONS = ["", "0 0 * *", "60 * * * *", "@every 5m", "@reboot", "h h * * *", "R * * * *", "nope"]

START = "DTSTART:20200101T000000\n"

# What is sent as `rrule`, and what is put before it where rrules are anchored.
RRULES = {
    "FREQ=DAILY": START,
    "RRULE:FREQ=DAILY": START,
    "freq=daily": START,
    " FREQ=DAILY": START,
    "FREQ=HOURLY": START,
    "FREQ=DAILY;COUNT=3": START,
    "FREQ=MINUTELY;COUNT=3": START,
    "RDATE:20240105T000000": START,
    "RRULE:FREQ=DAILY\nEXDATE:20240105T000000": START,
    "RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY": START,
    "DTSTART:20240101T000000\nRRULE:FREQ=DAILY": "",
    "DTSTART:20240101T000000\nFREQ=MINUTELY": "",
    "DTSTART:20240101T000000Z\nRRULE:FREQ=DAILY": "",
    "DTSTART;TZID=Europe/Paris:20240101T000000\nRRULE:FREQ=DAILY": "",
    "dtstart:20240101T000000\nFREQ=DAILY": "",
    "FREQ=DAILY;UNTIL=20300101T000000": START,
    # An end in UTC does not go with a start without an offset, so that none is added.
    "FREQ=DAILY;UNTIL=20300101T000000Z": "",
}
BAD_RRULES = ["", "FREQ=NOPE", "nope", "FREQ=DAILY;DTSTART=20240101T000000"]


def stored(prefect: Prefect, *schedules: Document) -> list[Any]:
    """How schedules read back, or the status of a refusal. None is active, so that none ever runs."""
    place = f"/deployments/{prefect.deployment(paused=True)['id']}/schedules"
    sent: list[Any] = [{"schedule": schedule, "active": False} for schedule in schedules]
    status, answer = prefect.call("POST", place, sent)
    if status == 201:
        return [row["schedule"] for row in answer]
    if len(sent) == 1:
        return [status]
    # One that is refused refuses them all.
    return [found for schedule in schedules for found in stored(prefect, schedule)]


def test_anchor_dates(prefect: Prefect) -> None:
    """An anchor keeps its offset, has `Z` for UTC, and six digits of a second or none."""
    found = stored(prefect, *({"interval": 60, "anchor_date": anchor} for anchor in ANCHORS))
    expected = [{"interval": 60.0, "anchor_date": anchor, "timezone": "UTC"} for anchor in ANCHORS.values()]
    assert found == expected


def test_anchors_without_an_offset(prefect: Prefect) -> None:
    """Without an offset an anchor is UTC and gains `Z`; on Python 3.13 it is kept as it is."""
    found = stored(prefect, *({"interval": 60, "anchor_date": anchor} for anchor in NAIVE_ANCHORS))
    end = "" if prefect.keeps_iso_8601 else "Z"
    assert [schedule["anchor_date"] for schedule in found] == [
        f"{day}{end}" for day in NAIVE_ANCHORS.values()
    ]


def test_what_an_anchor_without_an_offset_means(prefect: Prefect) -> None:
    """Without an offset an anchor is UTC, whatever the zone; on Python 3.13 it is in the schedule's zone."""
    schedule = {
        "interval": FAR["interval"],
        "anchor_date": "2060-01-01T00:00:00",
        "timezone": "America/New_York",
    }
    live = prefect.deployment(schedules=[{"schedule": schedule}])
    prefect.schedule_runs(live)
    first = min(run["expected_start_time"] for run in prefect.runs(live))
    assert first == ("2030-01-08T05:00:00Z" if prefect.keeps_iso_8601 else "2030-01-08T00:00:00Z")


def test_an_anchor_in_compact_form(prefect: Prefect) -> None:
    """An anchor without dashes and colons is taken; on Python 3.13 it is 422."""
    found = stored(prefect, {"interval": 60, "anchor_date": "20240102T030405Z"})
    taken = {"interval": 60.0, "anchor_date": f"{DAY}Z", "timezone": "UTC"}
    assert found == ([422] if prefect.keeps_iso_8601 else [taken])


def test_a_left_out_anchor_is_the_moment_of_the_write(prefect: Prefect) -> None:
    """An interval without an anchor is given one at each write, so that an identical PATCH moves it."""
    live = prefect.deployment(schedules=[{"schedule": {"interval": 60}, "slug": "a", "active": False}])
    again = prefect.patched(live, {"schedules": [{"schedule": {"interval": 60}, "slug": "a"}]})
    (first,), (second,) = live["schedules"], again["schedules"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", first["schedule"]["anchor_date"])
    assert first["schedule"]["anchor_date"] < second["schedule"]["anchor_date"]
    assert {**first["schedule"], "anchor_date": None} == {
        "interval": 60.0,
        "anchor_date": None,
        "timezone": "UTC",
    }


@pytest.mark.parametrize("anchor", [None, "nope", f"{DAY} Europe/Paris"])
def test_anchors_that_are_refused(prefect: Prefect, anchor: Any) -> None:
    """A null or unreadable anchor is 422."""
    assert stored(prefect, {"interval": 60, "anchor_date": anchor}) == [422]


def test_intervals(prefect: Prefect) -> None:
    """An interval reads back as seconds, a float; on Python 3.13 one in ISO 8601 as it was sent."""
    sent: list[Document] = [{"interval": interval, "anchor_date": f"{DAY}Z"} for interval in INTERVALS]
    iso = {sent: sent for sent in INTERVALS if prefect.keeps_iso_8601 and str(sent).startswith("P")}
    expected = [iso.get(sent, seconds) for sent, seconds in INTERVALS.items()]
    assert [schedule["interval"] for schedule in stored(prefect, *sent)] == expected


def test_intervals_that_are_refused(prefect: Prefect) -> None:
    """An interval that is zero, negative, null, or a number in quotes is 422."""
    assert stored(prefect, *({"interval": interval} for interval in BAD_INTERVALS)) == [422] * len(
        BAD_INTERVALS
    )


def test_crons(prefect: Prefect) -> None:
    """A cron is kept as written: names, @daily, six and seven fields, any blanks."""
    found = stored(prefect, *({"cron": cron} for cron in CRONS))
    assert found == [{"cron": cron, "timezone": None, "day_or": True} for cron in CRONS]


def test_crons_that_are_refused(prefect: Prefect) -> None:
    """Impossible, random, hashed and @reboot crons are 422."""
    assert stored(prefect, *({"cron": cron} for cron in BAD_CRONS)) == [422] * len(BAD_CRONS)


def test_day_or(prefect: Prefect) -> None:
    """`day_or` is true unless given; null is 422."""
    sent = [{"cron": "0 0 1 1 *", "day_or": value} for value in (False, "no", None)]
    refused_null = [{"cron": "0 0 1 1 *", "timezone": None, "day_or": False}] * 2 + [422]
    assert stored(prefect, *sent) == refused_null


def test_rrules(prefect: Prefect) -> None:
    """An rrule gains a DTSTART in 2020 since 3.6, unless it has one or ends in UTC; before, it does not."""
    found = stored(prefect, *({"rrule": rrule} for rrule in RRULES))
    anchored = ANCHORED[prefect.version]
    expected = [
        {"rrule": start + rrule if anchored else rrule, "timezone": "UTC"} for rrule, start in RRULES.items()
    ]
    assert found == expected


@pytest.mark.parametrize(
    ("rrule", "period"),
    [("FREQ=MINUTELY", 60), ("FREQ=MINUTELY;INTERVAL=7", 420), ("FREQ=SECONDLY;INTERVAL=90", 90)],
)
def test_an_rrule_by_the_minute_gains_a_recent_start(prefect: Prefect, rrule: str, period: int) -> None:
    """MINUTELY and SECONDLY without COUNT gain a recent DTSTART in step with 2020, at each write anew."""
    (found,) = stored(prefect, {"rrule": rrule})
    if not ANCHORED[prefect.version]:
        assert found == {"rrule": rrule, "timezone": "UTC"}
        return
    start, rest = str(found["rrule"]).split("\n")
    assert rest == rrule
    assert start > "DTSTART:2025"
    assert _seconds_since_2020(start.removeprefix("DTSTART:")) % period == 0


def _seconds_since_2020(text: str) -> float:
    return (datetime.fromisoformat(text + "Z") - datetime(2020, 1, 1, tzinfo=UTC)).total_seconds()


def test_rrules_that_are_refused(prefect: Prefect) -> None:
    """An rrule that dateutil cannot read, or one of more than 6,500 letters, is 422."""
    long = "RDATE:" + ",".join(["20240105T000000"] * 420)
    assert stored(prefect, *({"rrule": rrule} for rrule in [*BAD_RRULES, long])) == [422] * (
        len(BAD_RRULES) + 1
    )


# What is sent as `timezone`, and how it reads back in an interval, a cron and an rrule.
ZONES: dict[Any, tuple[Any, Any, Any]] = {
    None: ("UTC", None, None),
    "": ("", "", 422),
    "UTC": ("UTC", "UTC", "UTC"),
    "Europe/Paris": ("Europe/Paris", "Europe/Paris", "Europe/Paris"),
    "EST": ("EST", "EST", "EST"),
    "Etc/GMT+5": ("Etc/GMT+5", "Etc/GMT+5", "Etc/GMT+5"),
    "Nope": (422, 422, 422),
    "europe/paris": (422, 422, 422),
    # The pattern that checks an rrule's zone is not anchored.
    " UTC": (422, 422, " UTC"),
}


@pytest.mark.parametrize("zone", ZONES)
def test_time_zones(prefect: Prefect, zone: Any) -> None:
    """A null zone becomes UTC in an interval only; an rrule's zone is hardly checked, but not empty."""
    kinds: list[Document] = [
        {"interval": 60, "anchor_date": f"{DAY}Z"},
        {"cron": "0 0 1 1 *"},
        {"rrule": "FREQ=YEARLY"},
    ]
    found = stored(prefect, *({**kind, "timezone": zone} for kind in kinds))
    assert [answer if isinstance(answer, int) else answer["timezone"] for answer in found] == [*ZONES[zone]]


@pytest.mark.parametrize(
    "schedule", [{"cron": "0 0 1 1 *", "interval": 60}, {"cron": "0 0 1 1 *", "zz": 1}, {}, None]
)
def test_a_schedule_is_of_one_kind(prefect: Prefect, schedule: Any) -> None:
    """Two kinds at once, an unknown key, and none are 422."""
    assert stored(prefect, schedule) == [422]


def test_the_order_of_schedules_is_not_kept(prefect: Prefect) -> None:
    """Schedules read back with the latest change first: a PATCH of one moves it to the front."""
    sent = [{"schedule": {"cron": "0 0 1 1 *"}, "slug": slug} for slug in ("a", "b", "c")]
    live = prefect.deployment(schedules=sent)
    (middle,) = [row for row in live["schedules"] if row["slug"] == "b"]
    prefect.done("PATCH", f"/deployments/{live['id']}/schedules/{middle['id']}", {})
    assert next(row["slug"] for row in prefect.read(live)["schedules"]) == "b"
