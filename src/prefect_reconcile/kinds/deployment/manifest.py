"""The native manifest of a deployment: its keys are those of the API's create call.

Everything that can be known without a server is checked here, and all of it at once.
Source of the fields and their bounds: `DeploymentCreate` of Prefect 3.8.8.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationError,
)

from prefect_reconcile.kinds import findings, timing
from prefect_reconcile.kinds.deployment import canonical, schedules
from prefect_reconcile.kinds.findings import wrong
from prefect_reconcile.kinds.protocol import CodeLookup
from prefect_reconcile.model import Finding, Json, JsonObject, Manifest, Path

_FORBIDDEN = re.compile(r"[/%&<>\x00-\x1f\x7f]")


def _name(value: str) -> str:
    if not value.strip():
        raise wrong("is empty", "write a name")
    if found := _FORBIDDEN.search(value):
        # Prefect 3.8.8 answers 500 to / % & < > in the name of a deployment, and refuses them in a flow's.
        raise wrong(f"a name cannot hold {found.group()!r}", "use letters, digits, spaces, - _ and .")
    return value


def _uuid(value: str) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        raise wrong(f"{value!r} is not a UUID", "write an id as the API gives it") from None


def _label(value: object) -> object:
    if not isinstance(value, (bool, int, float, str)):
        raise wrong("a label is a string, a number or true or false", "write one of them")
    return value


def _unrendered(value: JsonValue) -> JsonValue:
    """Prefect 3.8.8 renders `__prefect_kind` when a deployment is updated and reads back what came out."""
    if isinstance(value, dict):
        if "__prefect_kind" in value:
            raise wrong("__prefect_kind is a template that the server renders", "write the value itself")
        for one in value.values():
            _unrendered(one)
    elif isinstance(value, list):
        for one in value:
            _unrendered(one)
    return value


Text = Annotated[str, StringConstraints(strict=True)]
Name = Annotated[Text, AfterValidator(_name)]
Id = Annotated[Text, AfterValidator(_uuid)]
Mapping = dict[str, JsonValue]
Positive = Annotated[int, Field(gt=0)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Schedule(_Closed):
    """A schedule, flat: the API's keys of the schedule and of its definition side by side."""

    slug: Name | None = None
    active: bool | None = None
    parameters: Mapping | None = None
    max_scheduled_runs: Positive | None = None
    cron: Annotated[Text, AfterValidator(timing.cron)] | None = None
    interval: Annotated[Any, BeforeValidator(timing.interval)] = None
    rrule: Annotated[Text, AfterValidator(timing.rrule)] | None = None
    timezone: Annotated[Text, AfterValidator(timing.timezone)] | None = None
    day_or: bool | None = None
    anchor_date: Annotated[Text, AfterValidator(timing.moment)] | None = None


class ConcurrencyOptions(_Closed):
    """What happens to a run above the limit."""

    collision_strategy: Literal["ENQUEUE", "CANCEL_NEW"]
    grace_period_seconds: Annotated[int, Field(ge=60, le=86400)] | None = None


class Deployment(_Closed):
    """A deployment. A key that is left out means its default, or that a live value is left alone."""

    name: Name
    flow: Name | None = None
    flow_id: Id | None = None
    description: Text | None = None
    version: Text | None = None
    tags: list[Text] | None = None
    labels: dict[str, Annotated[Any, AfterValidator(_label)]] | None = None
    entrypoint: Text | None = None
    path: Text | None = None
    pull_steps: list[Mapping] | None = None
    parameters: Annotated[Mapping, AfterValidator(_unrendered)] | None = None
    enforce_parameter_schema: bool | None = None
    parameter_openapi_schema: Mapping | None = None
    work_pool_name: Text | None = None
    work_queue_name: Text | None = None
    job_variables: Mapping | None = None
    concurrency_limit: Positive | None = None
    concurrency_options: ConcurrencyOptions | None = None
    paused: bool | None = None
    schedules: list[Schedule] | None = None
    storage_document_id: Id | None = None
    infrastructure_document_id: Id | None = None


def read(value: JsonObject, code: CodeLookup) -> tuple[Manifest | None, tuple[Finding, ...]]:
    """See `Kind.read`."""
    flattened, nested = _flatten_schedules(value)
    try:
        model = Deployment.model_validate(flattened)
    except ValidationError as error:
        return None, tuple(_nest(found, nested) for found in findings.translate(error, Deployment))
    found = (*_schedule_findings(model, nested), *_findings(model))
    if found:
        return None, found
    return _manifest(model, code)


def _manifest(model: Deployment, code: CodeLookup) -> tuple[Manifest | None, tuple[Finding, ...]]:
    facts = code(model.entrypoint) if model.entrypoint else None
    flow = model.flow or (facts.name if facts and not model.flow_id else None)
    if not flow and not model.flow_id:
        what = "required key is missing, and no code at the entrypoint tells the flow's name"
        return None, (Finding(("flow",), what, "add flow: …"),)
    written = cast("JsonObject", model.model_dump(exclude_unset=True, exclude={"name", "flow", "flow_id"}))
    if "description" not in written and facts:
        written["description"] = facts.description
    refs = {"name": model.name, **({"flow": flow} if flow else {"flow_id": str(model.flow_id)})}
    identity = f"{flow or model.flow_id}/{model.name}"
    return Manifest(identity, canonical.from_manifest(written), refs), ()


def _findings(model: Deployment) -> list[Finding]:
    found = []
    if model.flow and model.flow_id:
        found.append(
            Finding(("flow_id",), "flow and flow_id are both given", "keep one of them", on_key=True)
        )
    if model.work_queue_name and not model.work_pool_name:
        # A queue without pool moves a live deployment to the pool default-agent-pool (Prefect 3.8.8).
        what = "a work queue needs its work pool"
        found.append(Finding(("work_queue_name",), what, "add work_pool_name: …", on_key=True))
    return found


def _schedule_findings(model: Deployment, nested: set[int]) -> list[Finding]:
    found: list[Finding] = []
    first: dict[str, int] = {}
    for index, schedule in enumerate(model.schedules or []):
        written = schedule.model_dump(exclude_none=True)
        types = [name for name in schedules.DEFINITIONS if name in written]
        if problem := _definition_finding(written, types):
            found.append(_nest(Finding(("schedules", index, *problem[0]), *problem[1:], on_key=True), nested))
            continue
        key = schedules.identity(schedules.canonical(written))
        if first.setdefault(key, index) != index:
            what = f"is the same as schedules[{first[key]}]" + (
                f": the slug {key!r}" if schedule.slug else ""
            )
            path: Path = ("schedules", index, "slug") if schedule.slug else ("schedules", index)
            found.append(Finding(path, what, "remove one, or give each a slug of its own"))
    return found


def _definition_finding(written: dict[str, Any], types: list[str]) -> tuple[Path, str, str] | None:
    if not types:
        return (), "has no cron, interval or rrule", "add one of them"
    if len(types) > 1:
        return (types[1],), f"{types[0]} and {types[1]} are both given", "write two schedules"
    every = frozenset[str]().union(*schedules.DEFINITIONS.values())
    stray = sorted(every & written.keys() - schedules.DEFINITIONS[types[0]])
    return ((stray[0],), f"does not go with {types[0]}", "remove it") if stray else None


_DEFINITION_KEYS = frozenset[str]().union(*schedules.DEFINITIONS.values())


def _flatten_schedules(value: JsonObject) -> tuple[JsonObject, set[int]]:
    """Schedules in the API's shape, `{"schedule": {…}, …}`, become flat; tells also which they were."""
    entries = value.get("schedules")
    nested: set[int] = set()
    if not isinstance(entries, list):
        return value, nested
    flattened: list[Json] = []
    for index, entry in enumerate(entries):
        definition = entry.get("schedule") if isinstance(entry, dict) else None
        if isinstance(entry, dict) and isinstance(definition, dict) and not definition.keys() & entry.keys():
            nested.add(index)
            flattened.append({**definition, **{key: one for key, one in entry.items() if key != "schedule"}})
        else:
            flattened.append(entry)
    return {**value, "schedules": flattened}, nested


def _nest(finding: Finding, nested: set[int]) -> Finding:
    """The finding at its place in the file, where a schedule was written in the API's shape."""
    match finding.path:
        case ("schedules", int(index), str(key), *rest) if index in nested and key in _DEFINITION_KEYS:
            path: Path = ("schedules", index, "schedule", key, *rest)
            return Finding(path, finding.what, finding.remedy, finding.on_key)
    return finding
