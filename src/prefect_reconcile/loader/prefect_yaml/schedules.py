"""The schedules of a deployment in a `prefect.yaml`, as those of a native manifest. Pure.

Source: `prefect.cli.deploy._schedules` and `_handle_deprecated_schedule_fields` of Prefect 3.8.8.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from prefect_reconcile.loader.prefect_yaml import grammar
from prefect_reconcile.model import Finding, Json, JsonObject, Path


@dataclass(slots=True)
class Schedules:
    """What a deployment at `path` says of its schedules.

    `entries` are the native ones, each with the path of what it was made of, and `path` becomes that of all;
    None where nothing is written, or no list can be read.
    """

    path: Path
    entries: list[tuple[Json, Path]] | None = None
    findings: list[Finding] = field(default_factory=list)
    hints: list[Finding] = field(default_factory=list)


def read(said: JsonObject, path: Path) -> Schedules:
    """`schedule` is the older spelling of a list of one; `[]`, `{}` and null are none in both."""
    one, many = said.get("schedule"), said.get("schedules")
    result = Schedules((*path, "schedule" if one or "schedules" not in said else "schedules"))
    if one and "schedules" in said:
        what = "schedule and schedules are both given, which Prefect refuses"
        result.findings.append(Finding(result.path, what, "keep one of them", on_key=True))
    elif isinstance(one, list) and one:
        result.findings.append(Finding(result.path, "expected one schedule", "a list is called schedules"))
    elif one:
        result.entries = [(_schedule(one, result.path, result), result.path)]
    elif isinstance(many, list):
        places = [(schedule, (*result.path, index)) for index, schedule in enumerate(many)]
        result.entries = [(_schedule(schedule, place, result), place) for schedule, place in places]
    elif many:
        result.findings.append(Finding(result.path, "expected a list", "begin each with - cron: …"))
    elif "schedule" in said or "schedules" in said:
        result.entries = []
    return result


def _schedule(schedule: Json, path: Path, result: Schedules) -> Json:
    if not isinstance(schedule, dict):
        return schedule
    result.findings += grammar.SCHEDULE.strays(schedule, path)
    if schedule.get("replaces"):
        what = "a schedule is not renamed but made anew"
        result.hints.append(Finding((*path, "replaces"), what, "nothing has to be done"))
    native = {
        key: grammar.boolean(one) if key in ("active", "day_or") else one
        for key, one in schedule.items()
        if key in grammar.SCHEDULE.known and key != "replaces"
    }
    if native.get("slug") == "":
        del native["slug"]  # none for Prefect
    return {**native, **_rrule(native)}


def _rrule(schedule: JsonObject) -> JsonObject:
    """Prefect takes an rrule also as the JSON of a whole rrule schedule."""
    rule = schedule.get("rrule")
    try:
        whole = json.loads(rule) if isinstance(rule, str) else None
    except ValueError:
        return {}
    if not isinstance(whole, dict):
        return {}
    timezone = schedule.get("timezone") or whole.get("timezone")
    return {"rrule": whole.get("rrule"), **({"timezone": timezone} if timezone else {})}
