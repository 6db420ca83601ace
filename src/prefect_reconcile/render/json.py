"""A report for machines: one JSON object, the same shape before and after an apply.

```
{"format_version": "1", "fingerprint": "…",
 "summary": {"create": 0, "update": 0, "delete": 0, "unchanged": 0, "failed": 0, "ignored": 0},
 "changes": [{"action": "update", "kind": "Deployment", "resource": "flow/name", "source": "file:line",
              "fields": [{"path": "tags", "old": […], "new": […]}],
              "ignored": [{"path": "version", "old": null, "new": "1"}], "error": null}],
 "notes": [{"kind": "Deployment", "resource": "flow/name", "note": "…"}]}
```

`changes` holds what is not unchanged, and what is unchanged because differences are ignored, with the action
`unchanged`. A field lacks `old` or `new` where that side has no value, which
null is. `error` is the reason why a change was not carried out. With requests asked for, there is also
`"requests": [{"kind", "resource", "method", "path", "body"}]`.
"""

from __future__ import annotations

from json import dumps
from typing import cast

from prefect_reconcile.differ import FieldChange
from prefect_reconcile.model import JsonObject
from prefect_reconcile.plan import Change, Delete, Unchanged, field_json, ignored_by
from prefect_reconcile.render import safe
from prefect_reconcile.report import Report, action
from prefect_reconcile.secrecy import hide


def render(report: Report) -> str:
    """The whole report, ASCII only, ending with a line break."""
    document: JsonObject = {
        "format_version": "1",
        "fingerprint": report.plan.fingerprint,
        "summary": cast("JsonObject", {**report.summary, "ignored": report.plan.ignored}),
        "changes": [_change(report, change) for change in report.plan.changes if _is_told(change)],
        "notes": [
            {"kind": kind, "resource": hide(name), "note": hide(note)} for (kind, name), note in report.notes
        ],
    }
    if report.unchecked is not None:
        document["unchecked"] = hide(report.unchecked)
    if report.refusals:
        document["refusals"] = [
            {"what": hide(one.what), "resources": [*map(hide, one.resources)], "remedy": hide(one.remedy)}
            for one in report.refusals
        ]
    if report.requests is not None:
        document["requests"] = [
            {
                "kind": kind,
                "resource": hide(name),
                "method": call.method,
                "path": hide(call.path),
                "body": safe.masked(call.body),
            }
            for (kind, name), calls in report.requests.items()
            for call in calls
        ]
    return dumps(document, indent=2) + "\n"


def _is_told(change: Change) -> bool:
    return not isinstance(change, Unchanged) or bool(change.ignored)


def _change(report: Report, change: Change) -> JsonObject:
    outcome = report.outcome(change)
    kind, name = change.identity
    source = None if isinstance(change, Delete) else change.desired.source
    fields = () if isinstance(change, (Delete, Unchanged)) else change.fields
    return {
        "action": action(change),
        "kind": kind,
        "resource": hide(name),
        "source": hide(f"{source.file}:{source.line}") if source else None,
        "fields": [_field(one) for one in fields],
        "ignored": [_field(one) for one in ignored_by(change)],
        "error": hide(outcome.error) if outcome and outcome.error is not None else None,
    }


def _field(change: FieldChange) -> JsonObject:
    old, new = safe.sides(change.old, change.new, change.path)
    return field_json(FieldChange(change.path, old, new)) | {"path": safe.path(change.path)}
