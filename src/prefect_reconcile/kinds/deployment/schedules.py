"""The schedules of a deployment: one flat, canonical record each, and which is which.

A record holds `slug`, `parameters`, `max_scheduled_runs`, `active` and one definition: `cron` with
`timezone` and `day_or`, `interval` (seconds) with `timezone` and `anchor_date` (UTC), or `rrule` with
`timezone`. A record of a manifest lacks what it leaves alone: `active`, and an unwritten `anchor_date`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from json import dumps
from typing import cast

from prefect_reconcile.kinds import timing
from prefect_reconcile.model import Json, JsonObject

DEFINITIONS: Mapping[str, frozenset[str]] = {
    "cron": frozenset({"cron", "timezone", "day_or"}),
    "interval": frozenset({"interval", "timezone", "anchor_date"}),
    "rrule": frozenset({"rrule", "timezone"}),
}
"""The keys of the API's three schedule types, by the key that tells them apart."""

_DTSTART_LINE = re.compile(r"^DTSTART[^\n]*\n", re.IGNORECASE)


def canonical(written: Mapping[str, Json]) -> JsonObject:
    """The canonical record of a flat schedule, checked before or answered by the server.

    Each line is a row of how Prefect 3.8.8 reads a schedule back; a key that stays away is left alone.
    """
    (kind,) = (kind for kind in DEFINITIONS if written.get(kind) is not None)
    record: JsonObject = {
        kind: written[kind],
        # A cron without time zone reads back with null, the others with "UTC", and null means UTC.
        "timezone": written.get("timezone") or "UTC",
        "parameters": written.get("parameters") or {},
        "max_scheduled_runs": written.get("max_scheduled_runs"),
        "slug": written.get("slug"),
    }
    if written.get("active") is not None:
        record["active"] = written["active"]
    if kind == "cron":
        record["day_or"] = written.get("day_or") is not False
    if kind == "interval":
        record[kind] = timing.live_interval(cast("float | str", written[kind]))
        if written.get("anchor_date") is not None:
            record["anchor_date"] = timing.utc_text(str(written["anchor_date"]))
    return record


def flat(live: Mapping[str, Json]) -> JsonObject:
    """A schedule of the API, `{"schedule": {…}, "active": …}`, as one flat mapping."""
    definition = cast("JsonObject", live["schedule"])
    return {**definition, **{key: value for key, value in live.items() if key != "schedule"}}


def body(record: Mapping[str, Json]) -> JsonObject:
    """A record as the API takes it, whole: what a PATCH of a schedule leaves out is reset (3.8.8)."""
    kind = _type(record)
    definition: JsonObject = {key: record[key] for key in sorted(DEFINITIONS[kind]) if key in record}
    rest: JsonObject = {
        key: record[key]
        for key in ("active", "max_scheduled_runs", "parameters", "slug")
        if record.get(key) is not None
    }
    return {"schedule": definition, **rest}


def _type(record: Mapping[str, Json]) -> str:
    """The key that tells the type of a canonical record, which has one of them."""
    return next(kind for kind in DEFINITIONS if kind in record)


def identity(record: Mapping[str, Json]) -> str:
    """What tells a schedule from its siblings: its slug, else its definition, parameters and anchor."""
    slug = record.get("slug")
    if isinstance(slug, str):
        return slug
    kind = _type(record)
    words = [kind, str(record[kind]).removesuffix(".0") + ("s" if kind == "interval" else "")]
    if record["timezone"] != "UTC":
        words.append(str(record["timezone"]))
    if record.get("day_or") is False:
        words.append("day_or=false")
    if "anchor_date" in record:
        words.append(f"from {record['anchor_date']}")
    if record["parameters"]:
        words.append(dumps(record["parameters"], sort_keys=True, ensure_ascii=False))
    return " ".join(words)


def pair(
    desired: Iterable[JsonObject], live: Iterable[tuple[str, JsonObject]]
) -> tuple[JsonObject, JsonObject, dict[str, str]]:
    """Matches the schedules of a manifest with the live ones, given as (id, record).

    Returns the live side and the wanted side, both keyed by identity, and the live ids by identity.
    What a manifest leaves alone in a schedule that is live is taken from there.
    """
    old: JsonObject = {}
    new: JsonObject = {}
    ids: dict[str, str] = {}
    rest = sorted(live, key=lambda one: (str(one[1].get("anchor_date")), one[0]))
    # Written anchors choose first: an unwritten one would take any, also the one that a sibling means.
    for wanted in sorted(desired, key=lambda record: not _has_anchor(record)):
        key = identity(wanted)
        found = next((one for one in rest if _is(wanted, one[1])), None)
        if found is None:
            new[key] = {**wanted, "active": wanted.get("active", True)}
            continue
        rest.remove(found)
        ids[key], old[key] = found
        new[key] = _keep(wanted, found[1])
    for schedule_id, record in rest:
        key = _unused(identity(record), old.keys() | new.keys())
        ids[key], old[key] = schedule_id, record
    return old, new, ids


def _has_anchor(record: JsonObject) -> bool:
    return "anchor_date" in record or "DTSTART" in str(record.get("rrule")).upper()


def _is(wanted: JsonObject, live: JsonObject) -> bool:
    """Whether a live schedule is the one that a manifest means."""
    if wanted["slug"] is not None or live["slug"] is not None:
        return wanted["slug"] == live["slug"]
    return identity(_keep(wanted, live)) == identity(live)


def _keep(wanted: JsonObject, live: JsonObject) -> JsonObject:
    """A wanted schedule with what its manifest leaves alone taken from the live one."""
    merged = {**wanted, "active": wanted.get("active", live["active"])}
    if "interval" in wanted and "interval" in live:
        merged["anchor_date"] = wanted.get("anchor_date", live["anchor_date"])
    rule, live_rule = wanted.get("rrule"), live.get("rrule")
    # Prefect 3.8.8 puts a DTSTART line before a rule that has none: that one is its anchor.
    if isinstance(live_rule, str) and _DTSTART_LINE.sub("", live_rule, count=1) == rule:
        merged["rrule"] = live_rule
    return merged


def _unused(key: str, taken: Iterable[str]) -> str:
    names = set(taken)
    return next(
        name for name in (key, *(f"{key} #{n}" for n in range(2, len(names) + 3))) if name not in names
    )
