"""When things run: cron, interval, rrule, time zone and moment, checked as Prefect 3.8.8 checks them.

The libraries are those that Prefect uses, imported when the first schedule needs them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from prefect_reconcile.kinds.findings import shown, wrong
from prefect_reconcile.model import Filled
from prefect_reconcile.spelling import did_you_mean

RRULE_LENGTH = 6500
"""The longest rrule that the server takes. Source: `validate_rrule_string` of Prefect 3.8.8."""

_NO_STEP = re.compile(r"INTERVAL=[+-]?0+(?![0-9])", re.IGNORECASE)
SHORTEST = 1.0
"""Seconds. Prefect takes shorter intervals, and then makes runs without end (3.8.8)."""

_CALENDAR_DURATION = re.compile(r"[+-]?P[^T]*[YM]", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,12}(\.\d{1,6})?")
_SECONDS: TypeAdapter[timedelta] = TypeAdapter(timedelta)


def cron(value: str) -> str:
    """A cron expression that Prefect accepts: five, six or seven fields or a name such as @daily."""
    words = value.casefold().split()
    if len(words) == 6 and words[2] == "0":
        # The copy of croniter in Prefect 3.8.8 takes a day 0 beside seconds, croniter 7 does not.
        words[2] = "1"
    if not _is_cron(" ".join(words)):
        raise wrong(f"{shown(value)} is not a cron expression", _cron_remedy(words))
    if len(words) > 2 and "w" in words[2]:
        # croniter 7 knows the nearest weekday, the copy of an older one in Prefect 3.8.8 does not.
        raise wrong(f"{shown(value)} has a nearest weekday (W), which Prefect refuses", "write fixed days")
    if {"r", "h"} & set(words):
        raise wrong(f"{shown(value)} is random or hashed, which Prefect refuses", "write fixed fields")
    return value


@lru_cache(maxsize=4096)
def _is_cron(value: str) -> bool:
    from croniter import croniter

    return bool(croniter.is_valid(value))


def _cron_remedy(words: list[str]) -> str:
    """Five words are fields of which one is wrong; of fewer or more, it is the number that is."""
    if len(words) == 5 and "".join(words).isascii():
        return "the fields are minute 0-59, hour 0-23, day 1-31, month 1-12 and weekday 0-7"
    return 'write five fields, as in "0 2 * * *"'


def interval(value: object) -> float | None:
    """Seconds of an interval that is written as a number, `"PT1H"` or `"01:00:00"`."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise _not_an_interval(value)
    if isinstance(value, Filled) and _NUMBER.fullmatch(value):
        value = float(value)  # text that filled a placeholder may stand for a number
    if isinstance(value, str) and _CALENDAR_DURATION.match(value):
        raise wrong(f"{shown(value)} has no fixed length", "use days, or a cron or rrule schedule")
    try:
        seconds = _SECONDS.validate_python(value).total_seconds()
    except ValidationError:
        raise _not_an_interval(value) from None
    if seconds <= 0:
        raise wrong(f"an interval has to be more than 0, found {shown(value)}", "write a positive one")
    if seconds < SHORTEST:
        raise wrong(f"an interval of {seconds:g} s is too short", "write at least 1 second")
    return seconds


def live_interval(value: float | str) -> float | str:
    """Seconds of an interval as a server answers it: a duration as it was sent, where the server runs on
    Python 3.13, else a number (3.8.8). One without a fixed length stays what it is."""
    if isinstance(value, str) and not _CALENDAR_DURATION.match(value):
        try:
            return _SECONDS.validate_python(value).total_seconds()
        except ValidationError:
            return value
    return value


def _not_an_interval(value: object) -> PydanticCustomError:
    return wrong(f"{shown(value)} is not an interval", 'write seconds, or a duration as in "PT1H"')


def rrule(value: str) -> str:
    """A recurrence rule of RFC 5545."""
    from dateutil.rrule import rrulestr

    if _NO_STEP.search(value):
        # dateutil then looks for the next run for ever, and the whole server with it (Prefect 3.8.8).
        raise wrong(f"{shown(value)} has an INTERVAL of 0", "write at least 1, or leave INTERVAL out")
    if len(value) > RRULE_LENGTH:
        raise wrong(f"the rule has {len(value)} characters, Prefect takes {RRULE_LENGTH}", "shorten it")
    try:
        rrulestr(value)
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
        # The words of a ValueError are meant for people; the others say where dateutil stumbled.
        why = f": {error}" if isinstance(error, ValueError) and "unpack" not in str(error) else ""
        raise wrong(f"{shown(value)} is not a recurrence rule{why}", 'write one as in "FREQ=DAILY"') from None
    return value


def timezone(value: str) -> str:
    """The name of a time zone of the IANA database."""
    if value not in _zones():
        remedy = did_you_mean(value, sorted(_zones()), 'write an IANA name, as in "Europe/Paris"')
        raise wrong(f"{shown(value)} is not a time zone", remedy)
    return value


def moment(value: str) -> str:
    """A date or moment in ISO 8601; without offset it is UTC."""
    try:
        utc_text(value)
    except (ValueError, OverflowError):
        raise wrong(f"{shown(value)} is not a date", 'write it as in "2026-01-31T08:00:00Z"') from None
    return value


def utc_text(moment: str) -> str:
    """An ISO 8601 moment in UTC. One without offset is UTC: Prefect 3.8.8 reads it so in every time zone."""
    parsed = datetime.fromisoformat(moment)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC).isoformat()


@cache
def _zones() -> frozenset[str]:
    from zoneinfo import available_timezones

    # A Unix system offers its own zone under this name; which one that is, only it knows.
    return frozenset(available_timezones() - {"localtime"})
