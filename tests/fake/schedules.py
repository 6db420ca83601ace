"""Schedules: what is accepted, how each kind reads back, and when it runs.

Sources: prefect/server/schemas/schedules.py and prefect/_internal/schemas/validators.py of 3.8.8.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import Annotated, Self
from zoneinfo import ZoneInfo, available_timezones

from croniter import croniter
from dateutil.rrule import MINUTELY, SECONDLY, rrule, rrulestr
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ModelWrapValidatorHandler,
    PrivateAttr,
    TypeAdapter,
    ValidationInfo,
    model_validator,
)

from fake.behaviour import Behaviour
from prefect_reconcile.model import JsonObject

RRULE_ANCHOR = datetime(2020, 1, 1)  # noqa: DTZ001  (floating: the schedule's time zone is applied later)
LONGEST_RRULE = 6500

_ZONES = frozenset(available_timezones())
# The server's pattern is not anchored: any text that contains the name of a zone passes.
_ZONE_SOMEWHERE = re.compile("|".join(sorted(zone for zone in _ZONES if "localtime" not in zone)))

_DAY_0 = re.compile(r"^(\S+ \S+ )0(?= \S+ \S+ \S+$)")


def spelled(moment: datetime) -> str:
    """A moment as the server writes it: offsets kept, `Z` for UTC, microseconds only when there are some."""
    return moment.isoformat().replace("+00:00", "Z")


def _moment(value: object, info: ValidationInfo) -> object:
    # Up to Python 3.12 Prefect parses with pendulum, which knows more spellings of ISO 8601 than pydantic.
    if not isinstance(value, str) or (isinstance(info.context, Behaviour) and info.context.keeps_iso_8601):
        return value
    try:
        return datetime.fromisoformat(value.upper())
    except ValueError:
        return value


def _positive(interval: timedelta) -> timedelta:
    if interval <= timedelta(0):
        raise ValueError("interval must be positive")
    return interval


def _known_zone(name: str | None) -> str | None:
    if name and name not in _ZONES:
        raise ValueError(f'Invalid timezone: "{name}" (specify in IANA tzdata format)')
    return name


def _zone_somewhere(name: str | None) -> str | None:
    if name is not None and not _ZONE_SOMEWHERE.search(name):
        raise ValueError("String should match pattern")
    return name


@cache
def _cron(text: str) -> str:
    # Prefect's own copy of croniter takes day 0 of six fields, which croniter refuses since 7.0.
    if not croniter.is_valid(_DAY_0.sub(r"\g<1>1", text)):
        raise ValueError(f'Invalid cron string: "{text}"')
    if {"r", "h"} & set(text.casefold().split()):
        raise ValueError(f'Random and Hashed expressions are unsupported, received: "{text}"')
    return text


@cache
def _rrule(text: str) -> str:
    try:
        rrulestr(text)
    except ValueError as error:
        raise ValueError(f'Invalid RRule string "{text}": {error}') from error
    if len(text) > LONGEST_RRULE:
        raise ValueError(f"Max length is {LONGEST_RRULE}, got {len(text)}")
    return text


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Interval(_Strict):
    interval: Annotated[timedelta, AfterValidator(_positive)]
    anchor_date: Annotated[datetime, BeforeValidator(_moment)] = RRULE_ANCHOR
    timezone: Annotated[str | None, AfterValidator(_known_zone)] = None
    _written: str = PrivateAttr("")

    @model_validator(mode="wrap")
    @classmethod
    def _remember(cls, sent: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        found = handler(sent)
        if isinstance(sent, dict):
            found._written = str(sent["interval"]).upper()
        return found

    def stored(self, now: datetime, behaviour: Behaviour) -> JsonObject:
        """As it reads back."""
        anchor = self.anchor_date if "anchor_date" in self.model_fields_set else now
        if anchor.tzinfo is None and not behaviour.keeps_iso_8601:
            anchor = anchor.replace(tzinfo=UTC)
        as_written = behaviour.keeps_iso_8601 and self._written.startswith("P")
        return {
            "interval": self._written if as_written else self.interval.total_seconds(),
            "anchor_date": spelled(anchor),
            "timezone": "UTC" if self.timezone is None else self.timezone,
        }


class Cron(_Strict):
    cron: Annotated[str, AfterValidator(_cron)]
    timezone: Annotated[str | None, AfterValidator(_known_zone)] = None
    day_or: bool = True

    def stored(self, now: datetime, behaviour: Behaviour) -> JsonObject:
        """As it reads back: as it was sent."""
        return {"cron": self.cron, "timezone": self.timezone, "day_or": self.day_or}


class RRule(_Strict):
    rrule: Annotated[str, AfterValidator(_rrule)]
    timezone: Annotated[str | None, AfterValidator(_zone_somewhere)] = "UTC"

    def stored(self, now: datetime, behaviour: Behaviour) -> JsonObject:
        """As it reads back, on most versions with the DTSTART that it lacked."""
        text = _with_start(self.rrule, self.timezone, now) if behaviour.anchors_rrules else self.rrule
        return {"rrule": text, "timezone": self.timezone}


Schedule = Interval | Cron | RRule


def _with_start(text: str, zone: str | None, now: datetime) -> str:
    if "DTSTART" in text.upper():
        return text
    try:
        parsed = rrulestr(text, dtstart=RRULE_ANCHOR)
    except ValueError:
        # An UNTIL in UTC cannot be joined to a floating start: the server leaves such a rule as it is.
        return text
    return f"DTSTART:{_start_of(parsed, zone, now):%Y%m%dT%H%M%S}\n{text}"


def _start_of(parsed: object, zone: str | None, now: datetime) -> datetime:
    """2020, or for a rule by the minute or second without COUNT a recent moment in the same phase."""
    if not isinstance(parsed, rrule):
        return RRULE_ANCHOR
    parts = vars(parsed)
    if parts["_count"] is not None or parts["_freq"] not in (MINUTELY, SECONDLY):
        return RRULE_ANCHOR
    period = timedelta(seconds=parts["_interval"] * (60 if parts["_freq"] == MINUTELY else 1))
    local = now.astimezone(ZoneInfo(zone or "UTC")).replace(tzinfo=None)
    return RRULE_ANCHOR + (local - RRULE_ANCHOR) // period * period


def dates(schedule: JsonObject, start: datetime) -> Iterator[datetime]:
    """When a stored schedule runs, from `start` on. Neither the clock changes of an interval's zone
    nor calendar months are modelled."""
    if "interval" in schedule:
        yield from _interval_dates(schedule, start)
    elif "cron" in schedule:
        yield from _cron_dates(schedule, start)
    else:
        yield from _rrule_dates(schedule, start)


_INTERVAL = TypeAdapter(timedelta)


def _zone(schedule: JsonObject) -> ZoneInfo:
    return ZoneInfo(str(schedule["timezone"] or "UTC"))


def _interval_dates(schedule: JsonObject, start: datetime) -> Iterator[datetime]:
    step = _INTERVAL.validate_python(schedule["interval"])
    anchor = datetime.fromisoformat(str(schedule["anchor_date"]))
    anchor = anchor if anchor.tzinfo else anchor.replace(tzinfo=_zone(schedule))
    first = -((anchor - start) // step)
    for number in count(first):
        yield anchor + number * step


def _cron_dates(schedule: JsonObject, start: datetime) -> Iterator[datetime]:
    local = start.astimezone(_zone(schedule)) - timedelta(seconds=1)
    lines = croniter(str(schedule["cron"]), local, day_or=bool(schedule["day_or"]))
    while True:
        yield lines.get_next(datetime)


def _rrule_dates(schedule: JsonObject, start: datetime) -> Iterator[datetime]:
    zone = _zone(schedule)
    rule = rrulestr(str(schedule["rrule"]), dtstart=RRULE_ANCHOR, ignoretz=True)
    for moment in rule.xafter(start.astimezone(zone).replace(tzinfo=None), inc=True):
        yield moment.replace(tzinfo=zone)
