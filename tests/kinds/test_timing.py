"""When things run: what Prefect's own models accept is accepted, except where a reason stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect.server.schemas.schedules import CronSchedule, IntervalSchedule, RRuleSchedule
from pydantic_core import PydanticCustomError

from prefect_reconcile.kinds import timing


def refusal(check: Callable[[Any], object], value: object) -> str | None:
    """The message that a value is refused with, None if it is accepted."""
    try:
        check(value)
    except PydanticCustomError as error:
        return error.message()
    return None


def prefect_accepts(model: type[Any], **values: object) -> bool:
    """Whether Prefect's model takes the values; some refusals of its own end in another error, and a 500."""
    try:
        model(**values)
    except (ValueError, TypeError, IndexError):
        return False
    return True


CRONS = [
    *["* * * * *", "0 2 * * *", "*/5 * * * *", "0 0 1 1 *", "0 9 * * mon-fri", "0 9 * * MON", "0 9 1 jan *"],
    *[
        "@daily",
        "@hourly",
        "@weekly",
        "@monthly",
        "@yearly",
        "@annually",
        "@midnight",
        "@reboot",
        "@every 5m",
    ],
    *["0 0 L * *", "0 0 * * L", "0 0 * * 5L", "0 0 * * L5", "0 0 * * 1#2", "0 0 * * mon#1", "0 0 * * 1#6"],
    *["0 0 15W * *", "0 0 15w * * 0", "0 0 LW * *", "0 0 * * wed", "0 0 ? * *", "? ? ? ? ?"],
    *["* * * * * *", "0 0 2 * * *", "* * * * * * *", "0 0 2 * * * 2030", "0 0 2 * *", "0 2 * *", "0"],
    *[
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "0 0 0 * * *",
        "* * 32 * *",
        "* * * 13 *",
        "* * * * 7",
        "* * * * 8",
    ],
    *["5-1 * * * *", "1-5/2 * * * *", "*/0 * * * *", "*/61 * * * *", "*/1.5 * * * *", "1,2,3 * * * *"],
    *["1,,2 * * * *", ", * * * *", "-1 * * * *", "a b c d e", "", "  ", "0  2 * * *", " 0 2 * * * "],
    *[
        "R * * * *",
        "r r r r r",
        "H * * * *",
        "H H * * *",
        "H/15 * * * *",
        "R(0-10) * * * *",
        "h(1-3) * * * *",
    ],
    *["0\t2 * * *", "0 2 * * *\n", "0 0 31 2 *", "0 0 29 2 *", "0 2 * * *;", "0 0 * * sun,mon"],
    *["0 0 * * sonntag", "0 0 * feb-apr *", "0 22-2 * * *", "* * * * * */15", "0 0 1-7 * mon"],
]


@pytest.mark.parametrize("value", CRONS)
def test_cron_as_prefect(value: str) -> None:
    """A cron expression is accepted exactly if Prefect accepts it."""
    assert (refusal(timing.cron, value) is None) == prefect_accepts(CronSchedule, cron=value)


def test_cron_in_digits_of_another_script() -> None:
    """Prefect takes digits of any script, most likely unaware; we only take plain ones."""
    assert prefect_accepts(CronSchedule, cron="０ ２ * * *")
    assert refusal(timing.cron, "０ ２ * * *") == (
        '"０ ２ * * *" is not a cron expression; write five fields, as in "0 2 * * *"'
    )


INTERVALS = [
    *[1, 0, -1, 60, 3600.0, 86400, 1e9, 86399999999999, 1e15, 10**400],
    *[
        "60",
        "0",
        "-60",
        "1.5",
        "1e3",
        "inf",
        "1h",
        "3d",
        "",
        " ",
        "1 day",
        "1 day, 01:00:00",
        "2 days 01:00:00",
    ],
    *["PT1H", "PT0S", "-PT1H", "+PT1H", "P1D", "P1W", "PT1M", "P1DT1M", "P2DT2M", "PT1H30M", "P1W2D", "pt1h"],
    *["PT", "P", "P1DT", "-P-1D", "PT1.5S", "PT1.5H", "P1.5D", "P0.5W", "PT0.0000001S", "P99999999999D"],
    *["01:00:00", "00:00:00", "1:00", "01:00", "24:00:00", "+1:00:00", [], {}, [60]],
]


@pytest.mark.parametrize("value", INTERVALS)
def test_interval_as_prefect(value: object) -> None:
    """An interval is accepted exactly if Prefect accepts it, and then has as many seconds."""
    accepted = refusal(timing.interval, value) is None
    assert accepted == prefect_accepts(IntervalSchedule, interval=value)
    if accepted:
        assert timing.interval(value) == IntervalSchedule(interval=value).interval.total_seconds()


@pytest.mark.parametrize("value", [0.5, 1e-6, "PT0.5S"])
def test_interval_below_a_second(value: object) -> None:
    """Prefect takes it, and then makes runs without end."""
    assert prefect_accepts(IntervalSchedule, interval=value)
    seconds = IntervalSchedule(interval=value).interval.total_seconds()
    assert refusal(timing.interval, value) == (
        f"an interval of {seconds:g} s is too short; write at least 1 second"
    )


@pytest.mark.parametrize(
    "rule", ["FREQ=DAILY;INTERVAL=0", "freq=daily;interval=00", "FREQ=DAILY;INTERVAL=-0"]
)
def test_rrule_without_a_step(rule: str) -> None:
    """Prefect takes it, and its scheduler then looks for the next run for ever, and the server hangs."""
    assert refusal(timing.rrule, rule) == (
        f'"{rule}" has an INTERVAL of 0; write at least 1, or leave INTERVAL out'
    )


@pytest.mark.parametrize("value", ["P1M", "P1Y", "P1Y2M3D", "P10M", "P1Y1D", "-P1M", "p1m"])
def test_interval_of_months_or_years(value: str) -> None:
    """Prefect counts a month as 30 days and a year as 365, which nobody means."""
    message = f'"{value}" has no fixed length; use days, or a cron or rrule schedule'
    assert refusal(timing.interval, value) == message


def test_interval_is_not_a_truth_value() -> None:
    """Python takes true for 1, and so does Prefect."""
    message = 'true is not an interval; write seconds, or a duration as in "PT1H"'
    assert refusal(timing.interval, True) == message


def test_interval_may_be_null() -> None:
    """Null is a key that is not there."""
    assert timing.interval(None) is None


RRULES = [
    *["FREQ=DAILY", "RRULE:FREQ=DAILY", "freq=daily", "FREQ=DAILY;INTERVAL=2", "FREQ=DAILY;COUNT=3"],
    *["FREQ=DAILY;UNTIL=20300101T000000Z", "FREQ=DAILY;UNTIL=20300101", "FREQ=DAILY;COUNT=3;UNTIL=20300101"],
    *["FREQ=WEEKLY;BYDAY=MO,WE", "FREQ=WEEKLY;BYDAY=XX", "FREQ=MONTHLY;BYDAY=2MO", "FREQ=MONTHLY;BYDAY=-1FR"],
    *["FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=MONTHLY;BYMONTHDAY=40", "FREQ=YEARLY;BYEASTER=0", "FREQ=HOURLY"],
    *[
        "FREQ=MINUTELY",
        "FREQ=SECONDLY",
        "FREQ=FORTNIGHTLY",
        "FREQ=",
        "FREQ",
        "INTERVAL=2",
        "COUNT=1",
        "",
        " ",
    ],
    *["daily", "FREQ=DAILY;INTERVAL=x", "FREQ=DAILY;BYHOUR=25", "FREQ=DAILY;WKST=SU", "FREQ=DAILY;FOO=1"],
    *[
        "FREQ=DAILY;",
        ";FREQ=DAILY",
        "FREQ=DAILY FREQ=DAILY",
        "FREQ=DAILY;BYSETPOS=1",
        "FREQ=YEARLY;BYWEEKNO=20",
    ],
    *["FREQ=DAILY;BYHOUR=", "RRULE;X=1:FREQ=DAILY", "FOO:FREQ=DAILY", "FREQ=DAILY\n\n", "RRULE:", ":"],
    "DTSTART:20240101T000000\nRRULE:FREQ=DAILY",
    "DTSTART:20240101T000000\nFREQ=DAILY",
    "DTSTART:20240101T000000Z\nRRULE:FREQ=DAILY",
    "DTSTART;TZID=Europe/Paris:20240101T000000\nRRULE:FREQ=DAILY",
    "DTSTART;TZID=Nowhere/None:20240101T000000\nRRULE:FREQ=DAILY",
    "DTSTART:yesterday\nRRULE:FREQ=DAILY",
    "DTSTART:20240101T000000",
    "DTSTART:20240101T000000Z\nRRULE:FREQ=DAILY;UNTIL=20250101T000000",
    "RRULE:FREQ=DAILY\nEXDATE:20240102T000000",
    "RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY",
    "RDATE:20240101T000000",
    "FREQ=DAILY;BYMONTHDAY=" + ",".join(["1"] * 4000),
]


@pytest.mark.filterwarnings("ignore:Using both 'count' and 'until':DeprecationWarning")
@pytest.mark.parametrize("value", RRULES, ids=lambda value: value[:40])
def test_rrule_as_prefect(value: str) -> None:
    """A recurrence rule is accepted exactly if Prefect accepts it."""
    assert (refusal(timing.rrule, value) is None) == prefect_accepts(RRuleSchedule, rrule=value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("FREQ=DAILY;BYHOUR=x", "\"FREQ=DAILY;BYHOUR=x\" is not a recurrence rule: invalid 'BYHOUR': X"),
        ("COUNT=1", '"COUNT=1" is not a recurrence rule'),
    ],
)
def test_rrule_message(value: str, message: str) -> None:
    """The library's words are told only where they are meant for people."""
    assert refusal(timing.rrule, value) == f'{message}; write one as in "FREQ=DAILY"'


def test_rrule_length() -> None:
    """A rule that is too long says how long it may be, and is not repeated."""
    message = "the rule has 7000 characters, Prefect takes 6500; shorten it"
    assert refusal(timing.rrule, "x" * 7000) == message


TIMEZONES = [
    *[
        "UTC",
        "utc",
        "GMT",
        "Europe/Paris",
        "europe/paris",
        "Europe/Pari",
        "America/New_York",
        "US/Eastern",
        "EST",
    ],
    *["EST5EDT", "Etc/GMT+5", "+01:00", "CET", "PST", "Asia/Calcutta", "Asia/Kolkata", "Europe/Kiev"],
    *["Europe/Kyiv", " ", "Z", "leapseconds", "America/Argentina/Buenos_Aires", "Factory"],
]


@pytest.mark.parametrize("value", TIMEZONES)
def test_timezone_as_prefect(value: str) -> None:
    """A time zone is accepted exactly if Prefect accepts it, for whichever type of schedule."""
    accepted = refusal(timing.timezone, value) is None
    assert accepted == prefect_accepts(CronSchedule, cron="0 2 * * *", timezone=value)
    assert accepted == prefect_accepts(IntervalSchedule, interval=60, timezone=value)
    assert accepted == prefect_accepts(RRuleSchedule, rrule="FREQ=DAILY", timezone=value)


@pytest.mark.parametrize(
    ("value", "remedy"),
    [
        ("", 'write an IANA name, as in "Europe/Paris"'),  # Prefect takes it, but not with an rrule
        ("localtime", 'write an IANA name, as in "Europe/Paris"'),  # neither with an rrule; the machine's own
        ("UTC+1", 'did you mean "UTC"?'),  # Prefect takes it only with an rrule
        ("Europe/Pari", 'did you mean "Europe/Paris"?'),
    ],
)
def test_timezone_message(value: str, remedy: str) -> None:
    """What is no zone everywhere is refused, with a suggestion where one is near."""
    assert refusal(timing.timezone, value) == f'"{value}" is not a time zone; {remedy}'


ANCHORS = [
    *["2024-01-01", "2024-01-01T00:00:00", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00+05:30"],
    *["2024-01-01 00:00:00", "2024-01-01T00:00", "2024-01-01T00:00:00.123456Z", "2024-01-01T00:00:00+0530"],
    *[
        "2024-13-01",
        "2024-02-30",
        "2024-01-01T25:00:00",
        "yesterday",
        "",
        "01/02/2024",
        "2024-1-1",
        "0001-01-01",
    ],
    *["2024-01-01T00:00:00[Europe/Paris]", "2024-01-01T00:00:60Z", "1969-12-31T00:00:00Z", "9999-12-31"],
]


@pytest.mark.parametrize("value", ANCHORS)
def test_moment_as_prefect(value: str) -> None:
    """A moment is accepted exactly if Prefect accepts it, and then means the same moment."""
    accepted = refusal(timing.moment, value) is None
    assert accepted == prefect_accepts(IntervalSchedule, interval=60, anchor_date=value)
    if accepted:
        theirs = IntervalSchedule(interval=60, anchor_date=value).model_dump(mode="json")["anchor_date"]
        assert timing.utc_text(value) == timing.utc_text(theirs)


@pytest.mark.parametrize(
    "value",
    [
        "now",  # would mean another moment each time
        "2024",  # Prefect takes numbers for seconds since 1970
        "1704067200",
        "2024-01",
        "2024-01-01t00:00:00z",
        "2024-01-01T00:00:00+24:00",
        "0001-01-01T00:00:00+14:00",  # no moment of UTC that Python can hold
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_moment_that_only_prefect_takes(value: str) -> None:
    """What Prefect's library takes beyond ISO 8601, or we cannot compare, is refused."""
    assert refusal(timing.moment, value) == f'"{value}" is not a date; write it as in "2026-01-31T08:00:00Z"'


def test_moment_in_compact_form() -> None:
    """Prefect takes a compact date for seconds since 1970; we send the date that it means."""
    assert timing.utc_text(timing.moment("20240101")) == "2024-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "check", [timing.cron, timing.rrule, timing.timezone, timing.moment, timing.interval]
)
@given(value=st.text() | st.text("0123456789 */-,LW#@RHFREQ=DAILY;:\nTZPMS.+", max_size=30))
def test_any_text_is_accepted_or_refused(check: Callable[[Any], object], value: str) -> None:
    """No text makes a check fail in another way than by saying what is wrong."""
    refusal(check, value)
