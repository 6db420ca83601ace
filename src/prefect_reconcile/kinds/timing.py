"""When things run: cron, interval, rrule, time zone and moment, checked as Prefect 3.8.8 checks them.

The libraries are those that Prefect uses, imported when the first schedule needs them.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import cache

from pydantic import TypeAdapter, ValidationError

from prefect_reconcile.kinds.findings import wrong

RRULE_LENGTH = 6500
"""The longest rrule that the server takes. Source: `validate_rrule_string` of Prefect 3.8.8."""

_CALENDAR_DURATION = re.compile(r"-?P[0-9.]*[YM]|-?P.*D?[0-9]M(?!.*T)", re.IGNORECASE)
_SECONDS: TypeAdapter[timedelta] = TypeAdapter(timedelta)


def cron(value: str) -> str:
    """A cron expression that Prefect accepts: five, six or seven fields or a name such as @daily."""
    from croniter import croniter

    if not croniter.is_valid(value):
        raise wrong(f"{value!r} is not a cron expression", 'write five fields, as in "0 2 * * *"')
    if any(word.casefold() in ("r", "h") for word in value.split()):
        raise wrong(f"{value!r} is random or hashed, which Prefect refuses", "write fixed fields")
    return value


def interval(value: object) -> float | None:
    """Seconds of an interval that is written as a number, `"PT1H"` or `"01:00:00"`."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise wrong("is not an interval", 'write seconds, or a duration as in "PT1H"')
    if isinstance(value, str) and _CALENDAR_DURATION.match(value):
        raise wrong(f"{value!r} has no fixed length", "use days, or a cron or rrule schedule")
    try:
        seconds = _SECONDS.validate_python(value).total_seconds()
    except ValidationError:
        raise wrong(f"{value!r} is not an interval", 'write seconds, or a duration as in "PT1H"') from None
    if seconds <= 0:
        raise wrong(f"an interval has to be more than 0, found {value!r}", "write a positive one")
    return seconds


def rrule(value: str) -> str:
    """A recurrence rule of RFC 5545."""
    from dateutil.rrule import rrulestr

    if len(value) > RRULE_LENGTH:
        raise wrong(f"the rule has {len(value)} characters, Prefect takes {RRULE_LENGTH}", "shorten it")
    try:
        rrulestr(value)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise wrong(f"{value!r} is not a recurrence rule: {error}", 'write one as in "FREQ=DAILY"') from None
    return value


def timezone(value: str) -> str:
    """The name of a time zone of the IANA database."""
    if value not in _zones():
        close = get_close_matches(value, _zones(), n=1)
        remedy = f'did you mean "{close[0]}"?' if close else 'write an IANA name, as in "Europe/Paris"'
        raise wrong(f"{value!r} is not a time zone", remedy)
    return value


def moment(value: str) -> str:
    """A date or moment in ISO 8601; without offset it is UTC."""
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise wrong(f"{value!r} is not a date", 'write it as in "2026-01-31T08:00:00Z"') from None
    return value


@cache
def _zones() -> frozenset[str]:
    from zoneinfo import available_timezones

    return frozenset(available_timezones())
