"""Every field of a deployment: its one spelling, its default, and what leaving it out means.

`FIELDS` is the catalogue: what reads back from Prefect in another spelling than it went in has its
reason there, and the version of Prefect where that was seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

from prefect_reconcile.kinds.deployment import limitations, marks, schedules
from prefect_reconcile.model import Desired, Json, JsonObject, Live, Resolution, Shape

NAME = "Deployment"
"""See `Kind.NAME`."""

DEFAULT_QUEUE = "default"
OWN_LABELS = "prefect."
"""What the names of the labels begin with that Prefect gives by itself."""

EMPTY_SCHEMA: JsonObject = {"type": "object", "properties": {}}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the API's create call, as both sides are compared.

    `spelling` turns a value, read back or checked in a manifest, into its canonical one; `reason` says
    why that is needed, and `seen` on which Prefect. `kept` says that leaving the field out leaves a live
    value alone; otherwise it means `default`.
    """

    name: str
    default: Json = None
    shape: Shape = Shape.VALUE
    kept: bool = False
    spelling: Callable[[Json], Json] = lambda value: value
    reason: str = ""
    seen: str = ""


def _text(value: Json) -> Json:
    return value or None


def _description(value: Json) -> Json:
    return None if value in ("", "None") else value


def _unique(value: Json) -> Json:
    return cast("Json", sorted(set(cast("list[str]", value or []))))


def _list(value: Json) -> Json:
    return value or []


def _mapping(value: Json) -> Json:
    return value or {}


def _schema(value: Json) -> Json:
    return {} if value in (None, {}, EMPTY_SCHEMA) else value


def _without_nulls(value: Json) -> Json:
    return {key: one for key, one in value.items() if one is not None} if isinstance(value, dict) else value


def _own_labels(value: Json) -> Json:
    labels = value if isinstance(value, dict) else {}
    return {key: one for key, one in labels.items() if not key.startswith(OWN_LABELS)}


FIELDS: tuple[Field, ...] = (
    Field(
        "description",
        spelling=_description,
        reason="`prefect deploy` stores the text None for a flow without docstring; empty means none",
        seen="3.8.8",
    ),
    Field("version", kept=True, spelling=_text),
    Field(
        "tags",
        default=[],
        shape=Shape.SET,
        spelling=_unique,
        reason="the server keeps order and repetitions, which mean nothing",
        seen="3.8.8",
    ),
    Field(
        "labels",
        default={},
        kept=True,
        spelling=_own_labels,
        reason="the server adds prefect.flow.id, and those of the flow",
        seen="3.8.8",
    ),
    Field("entrypoint", spelling=_text),
    Field("path", spelling=_text),
    Field(
        "pull_steps",
        default=[],
        spelling=_list,
        reason="reads back as [] when never set and as null when cleared",
        seen="3.8.8",
    ),
    Field("parameters", default={}, spelling=_mapping),
    Field("enforce_parameter_schema", default=True),
    Field(
        "parameter_openapi_schema",
        default={},
        kept=True,
        spelling=_schema,
        reason="no schema reads back as {}, as null or as an object without properties",
        seen="3.8.8",
    ),
    Field("work_pool_name", spelling=_text),
    Field("work_queue_name", spelling=_text),
    Field("job_variables", default={}, spelling=_mapping),
    Field(
        "concurrency_limit",
        reason="always reads back as null; the value is global_concurrency_limit.limit",
        seen="3.8.8",
    ),
    Field(
        "concurrency_options",
        spelling=_without_nulls,
        reason="grace_period_seconds reads back as null when not given",
        seen="3.8.8",
    ),
    Field("paused", default=False, kept=True),
    Field(
        "schedules",
        default={},
        shape=Shape.KEYED,
        reason="read back in any order, with defaults filled in",
        seen="3.8.8",
    ),
    Field("storage_document_id"),
    Field("infrastructure_document_id"),
    Field("owner", kept=True, reason="it is one of the tags", seen="3.8.8"),
    Field("prevent_delete", default=False, reason="it is one of the tags", seen="3.8.8"),
)

SHAPES: Mapping[str, Shape] = MappingProxyType({field.name: field.shape for field in FIELDS})

REASONS: Mapping[str, str] = MappingProxyType(
    {field.name: f"{field.reason} (Prefect {field.seen})" for field in FIELDS if field.reason}
)
"""See `Kind.REASONS`."""

_BY_NAME = {field.name: field for field in FIELDS}


def from_manifest(written: JsonObject) -> JsonObject:
    """The canonical form of what a manifest says, given checked; a written null is the default.

    `schedules` stays a list of canonical records until it meets the live ones.
    """
    fields: JsonObject = {}
    for name, value in written.items():
        field = _BY_NAME[name]
        if name == "schedules":
            records = cast("list[JsonObject]", value or [])
            fields[name] = [schedules.canonical(record) for record in records]
        else:
            fields[name] = field.default if value is None else field.spelling(value)
    return fields


def from_answer(answer: JsonObject) -> JsonObject:
    """The canonical form of a deployment as the API answers it, with every field.

    `schedules` maps the server's id of each to its canonical record.
    Source: `DeploymentResponse` of Prefect 3.8.8; what it has beyond `FIELDS` is ignored.
    """
    marked = marks.split(cast("list[str]", answer.get("tags") or []))
    fields = {field.name: field.spelling(answer.get(field.name)) for field in FIELDS}
    fields |= {"tags": [*marked.tags], "owner": marked.owner, "prevent_delete": marked.protected}
    limit = answer.get("global_concurrency_limit")
    fields["concurrency_limit"] = (
        limit["limit"] if isinstance(limit, dict) else answer.get("concurrency_limit")
    )
    live = cast("list[JsonObject]", answer.get("schedules") or [])
    fields["schedules"] = {str(one["id"]): schedules.canonical(schedules.flat(one)) for one in live}
    return fields


def resolve(desired: Desired, live: Live | None) -> Resolution:
    """See `Kind.resolve`. Both sides have `schedules` keyed by identity; `ids` are those of the live ones."""
    left_alone = {name: live.fields[name] for name in desired.initial} if live else desired.initial
    wanted = {**desired.fields, **left_alone}
    now = live.fields if live else {field.name: field.default for field in FIELDS}
    new: JsonObject = {
        field.name: wanted.get(field.name, now[field.name] if field.kept else field.default)
        for field in FIELDS
    }
    if new["work_queue_name"] is None:
        new["work_queue_name"] = _pool_queue(new["work_pool_name"], live)
    records = cast("list[JsonObject]", wanted.get("schedules", []))
    there = cast("dict[str, JsonObject]", now["schedules"])
    old_schedules, new["schedules"], ids = schedules.pair(records, there.items())
    old: JsonObject = {**now, "schedules": old_schedules}
    notes = limitations.withdraw(old, new, live.refs) if live else ()
    if live and old["owner"] is None and new["owner"] is not None:
        notes = (*notes, f"is adopted by {new['owner']}: it is live, and nobody's yet")
    return Resolution(old, new, notes, ids)


def _pool_queue(pool: Json, live: Live | None) -> Json:
    """The queue that a pool alone means: the pool's default one, which may have been renamed (3.8.8)."""
    if live and live.fields["work_pool_name"] == pool and "default_queue" in live.refs:
        return live.refs["default_queue"]
    return DEFAULT_QUEUE if pool else None
