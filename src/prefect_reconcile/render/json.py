"""A report for machines: one JSON object, the same shape before and after an apply.

```
{"format_version": "1", "fingerprint": "…",
 "summary": {"create": 0, "update": 0, "delete": 0, "unchanged": 0, "failed": 0},
 "changes": [{"action": "update", "kind": "Deployment", "resource": "flow/name", "source": "file:line",
              "fields": [{"path": "tags", "old": […], "new": […]}], "error": null}],
 "notes": [{"kind": "Deployment", "resource": "flow/name", "note": "…"}]}
```

`changes` holds what is not unchanged. A field lacks `old` or `new` where that side has no value, which
null is. `error` is the reason why a change was not carried out. With requests asked for, there is also
`"requests": [{"kind", "resource", "method", "path", "body"}]`.
"""

from __future__ import annotations

from json import dumps
from typing import cast

from prefect_reconcile.differ import FieldChange
from prefect_reconcile.model import JsonObject
from prefect_reconcile.plan import Delete, Write, field_json
from prefect_reconcile.render import safe
from prefect_reconcile.report import Report, action


def render(report: Report) -> str:
    """The whole report, ASCII only, ending with a line break."""
    document: JsonObject = {
        "format_version": "1",
        "fingerprint": report.plan.fingerprint,
        "summary": cast("JsonObject", report.summary),
        "changes": [_change(report, write) for write in report.plan.writes],
        "notes": [{"kind": kind, "resource": name, "note": note} for (kind, name), note in report.plan.notes],
    }
    if report.refusals:
        document["refusals"] = [
            {"what": one.what, "resources": [*one.resources], "remedy": one.remedy} for one in report.refusals
        ]
    if report.requests is not None:
        document["requests"] = [
            {
                "kind": kind,
                "resource": name,
                "method": call.method,
                "path": call.path,
                "body": safe.masked(call.body),
            }
            for (kind, name), calls in report.requests.items()
            for call in calls
        ]
    return dumps(document, indent=2) + "\n"


def _change(report: Report, write: Write) -> JsonObject:
    outcome = report.outcome(write)
    kind, name = write.identity
    source: str | None = None
    fields: tuple[FieldChange, ...] = ()
    if not isinstance(write, Delete):
        source, fields = f"{write.desired.source.file}:{write.desired.source.line}", write.fields
    return {
        "action": action(write),
        "kind": kind,
        "resource": name,
        "source": source,
        "fields": [_field(one) for one in fields],
        "error": outcome.error if outcome else None,
    }


def _field(change: FieldChange) -> JsonObject:
    plain = field_json(change) | {"path": safe.path(change.path)}
    return {key: one if key == "path" else safe.masked(one, change.path) for key, one in plain.items()}
