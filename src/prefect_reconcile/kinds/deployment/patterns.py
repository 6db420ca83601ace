"""The forms of text and intervals in a manifest, as JSON Schemas can say them: never more than is read.

Patterns mean the same to Python, JavaScript and Rust: without look-around, and with classes written out.
"""

from __future__ import annotations

from typing import Any

from pydantic import WithJsonSchema

from prefect_reconcile.kinds import timing

FORBIDDEN = r"/%&<>\x00-\x1f\x7f"
"""What no name of a flow or deployment can hold, as in a class of characters."""


def _form(pattern: str, remedy: str, **keywords: Any) -> WithJsonSchema:
    """The JSON Schema of text. `patternErrorMessage` is what editors that know it say of other text."""
    return WithJsonSchema({"type": "string", "pattern": pattern, "patternErrorMessage": remedy, **keywords})


SLUG = _form(r"\S", "write a name")
NAME = _form(
    rf"^[^{FORBIDDEN}]*[^\s{FORBIDDEN}][^{FORBIDDEN}]*$", "a name cannot be empty or hold any of / % & < >"
)
# What int() and UUID() take beyond that, such as digits with underscores, nobody writes.
UUID = _form(r"^(urn:uuid:)?\{?([0-9A-Fa-f]-?){32}\}?$", "write an id as the API gives it")
_CRON_FIELD = "[0-9A-Za-z*?,/#()-]+"
CRON = _form(
    rf"^\s*(@[A-Za-z]+|{_CRON_FIELD}(\s+{_CRON_FIELD}){{4,6}})\s*$",
    'write five fields, as in "0 2 * * *"',
    examples=["0 2 * * *", "*/15 8-18 * * mon-fri", "@daily"],
)
RRULE = _form(
    "[Ff][Rr][Ee][Qq]=[A-Za-z]|([Rr]|[Ee][Xx])[Dd][Aa][Tt][Ee]:",
    'write a rule as in "FREQ=DAILY"',
    maxLength=timing.RRULE_LENGTH,
    examples=["FREQ=MONTHLY;BYDAY=-1FR"],
)
TIMEZONE = _form(
    "^[A-Z][A-Za-z0-9_+/-]*$",
    'write an IANA name, as in "Europe/Paris"',
    examples=["UTC", "Europe/Paris", "America/New_York"],
)
_OFFSET = r"(Z|[+-][0-9]{2}(:?[0-9]{2}(:?[0-9]{2}(\.[0-9]+)?)?)?)?"
_CLOCK = rf"([01][0-9]|2[0-4])(:?[0-5][0-9](:?[0-5][0-9]([.,][0-9]+)?)?)?{_OFFSET}"
_DATE = "[0-9]{4}-?((0[1-9]|1[0-2])-?(0[1-9]|[12][0-9]|3[01])|W[0-5][0-9](-?[1-7])?)"
MOMENT = _form(
    rf"^{_DATE}(.{_CLOCK})?$",
    'write a date as in "2026-01-31T08:00:00Z"',
    examples=["2026-01-31T08:00:00+01:00"],
)
_AMOUNT = r"[0-9]+([.,][0-9]+)?"
_ISO_DURATION = rf"\+?P(({_AMOUNT}[DW])+(T({_AMOUNT}[HMS])*)?|T({_AMOUNT}[HMS])+)"
_HOURS = r"(\+?[0-9]{2,}|\+[0-9]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?"
_DAYS = rf"\+?[0-9]+ ?[Dd]([Aa][Yy]s?)?,?( {_HOURS})?"
INTERVAL = WithJsonSchema(
    {
        "type": ["number", "string", "null"],
        "minimum": int(timing.SHORTEST),
        "exclusiveMaximum": 86400 * 10**9,  # the longest that Python can tell
        "pattern": rf"^({_ISO_DURATION}|{_DAYS}|{_HOURS})$",
        "patternErrorMessage": 'write seconds, or a duration as in "PT1H"',
        "examples": [900, "PT1H", "P1DT12H"],
    }
)
