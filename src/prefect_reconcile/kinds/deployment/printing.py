"""Writing a deployment as the native manifest that says the same."""

from __future__ import annotations

from typing import cast

from prefect_reconcile.kinds.deployment.schedules import DEFINITIONS
from prefect_reconcile.model import Desired, Json, JsonObject

_FIRST = ("entrypoint", "path", "description", "version", "tags", "labels")
_SCHEDULE = ("slug", *DEFINITIONS, "timezone", "day_or", "anchor_date", "active", "parameters")


def write(desired: Desired) -> JsonObject:
    """See `Kind.write`."""
    fields = desired.fields
    manifest: JsonObject = {key: desired.refs[key] for key in ("name", "flow") if key in desired.refs}
    if "flow" not in manifest:
        manifest["flow_id"] = desired.refs["flow_id"]
    for name in (*_FIRST, *fields):
        if name in fields and name != "owner":  # which belongs to the run, and not to the manifest
            manifest[name] = fields[name]
    if "schedules" in fields:
        records = cast("list[JsonObject]", fields["schedules"])
        manifest["schedules"] = [_schedule(record) for record in records]
    if desired.ignore:
        manifest["ignore"] = [*dict.fromkeys(one.pattern for one in desired.ignore)]
    return manifest


def _schedule(record: JsonObject) -> Json:
    """A schedule without what it need not say."""
    unsaid: JsonObject = {"timezone": "UTC", "parameters": {}, "day_or": True}
    return {
        key: _short(record[key])
        for key in (*_SCHEDULE, "max_scheduled_runs")
        if record.get(key) is not None and not (key in unsaid and record[key] == unsaid[key])
    }


def _short(value: Json) -> Json:
    return int(value) if isinstance(value, float) and value.is_integer() else value
