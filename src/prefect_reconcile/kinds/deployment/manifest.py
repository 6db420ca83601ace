"""Reading the native manifest of a deployment.

Everything that can be known without a server is checked here, and all of it at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import replace
from typing import cast

from pydantic import ValidationError

from prefect_reconcile.kinds import findings
from prefect_reconcile.kinds.deployment import canonical, marks, parameters, schedules
from prefect_reconcile.kinds.deployment.models import FORBIDDEN, Deployment, Schedule
from prefect_reconcile.kinds.protocol import CodeLookup
from prefect_reconcile.model import Finding, FlowFacts, Json, JsonObject, Manifest, NoFlow, Path

_TEMPLATE = "__prefect_kind"
_NO_FIELDS = {"name", "flow", "flow_id", "ignore"}
"""Keys that say nothing of what the deployment is to be."""


def read(value: JsonObject, code: CodeLookup) -> tuple[Manifest | None, tuple[Finding, ...]]:
    """See `Kind.read`."""
    flattened, nested = _flatten_schedules(value)
    model, refused = _checked(flattened)
    found = [*refused, *_conflicts(flattened, refused)]
    told = _told(flattened, code)
    facts = told if isinstance(told, FlowFacts) else None
    flow, lost = _flow(flattened, told, found)
    checked = parameters.check(flattened, facts)
    found += [*lost, *(one for one in checked.wrong if not any(_is_within(two, one) for two in found))]
    if model is None or found:
        return None, tuple(_nest(one, nested) for one in found)
    hints = [*_of_code(told, value.get("flow")), *(_nest(one, nested) for one in checked.hints)]
    return _manifest(model, flow, facts, tuple(hints)), ()


def _told(value: JsonObject, code: CodeLookup) -> FlowFacts | NoFlow | None:
    entrypoint = value.get("entrypoint")
    return code(entrypoint) if isinstance(entrypoint, str) and entrypoint else None


def _is_within(one: Finding, other: Finding) -> bool:
    return one.path[: len(other.path)] == other.path


def _checked(flattened: JsonObject) -> tuple[Deployment | None, tuple[Finding, ...]]:
    try:
        return findings.validate(Deployment, flattened), ()
    except ValidationError as error:
        return None, findings.translate(error, Deployment)


def _flow(
    value: JsonObject, told: FlowFacts | NoFlow | None, found: Iterable[Finding]
) -> tuple[str | None, tuple[Finding, ...]]:
    """The flow's name, None where its id stands for it, or what is wrong with what the code says of it.

    An unknown key, among what is `found`, may be the one that would have named the flow.
    """
    named = bool(value.get("flow") or value.get("flow_id"))
    missing = not named and not any(
        one.stray and len(one.path) == 1 and "flow" in one.remedy for one in found
    )
    path: Path = ("entrypoint",)
    match told:
        case NoFlow() if told.certain:
            return None, (Finding(path, told.what, told.remedy),)
        case NoFlow() if missing:
            return None, (Finding(path, told.what, f"{told.remedy}, or add flow: …"),)
        case FlowFacts(name=None) if missing:
            what = "the code computes the flow's name, so it is not known"
            return None, (Finding(path, what, "add flow: …"),)
        case FlowFacts(name=str(name)) if not named and FORBIDDEN.search(name):
            what = f"the code names its flow {findings.shown(name)}, which Prefect refuses"
            return None, (Finding(path, what, "rename it there"),)
        case FlowFacts() if not named:
            return told.name, ()
    return cast("str | None", value.get("flow") or None), ()


def _of_code(told: FlowFacts | NoFlow | None, written: Json) -> Iterator[Finding]:
    """What is worth knowing of code that seems to be here: that it says nothing, or names another flow."""
    match told:
        case NoFlow(elsewhere=False):
            yield Finding(("entrypoint",), told.what, told.remedy)
        case FlowFacts(name=str(name)) if written not in (None, name):
            what = f"the code names its flow {findings.shown(name)}, and not {findings.shown(written)}"
            yield Finding(("flow",), what, "remove flow, or correct it", warning=True)


def _manifest(
    model: Deployment, flow: str | None, facts: FlowFacts | None, hints: tuple[Finding, ...]
) -> Manifest:
    written = cast("JsonObject", model.model_dump(exclude_unset=True, exclude=_NO_FIELDS))
    if "description" not in written and facts:
        written["description"] = facts.description
    if "parameter_openapi_schema" not in written and facts:
        if facts.schema is not None:
            written["parameter_openapi_schema"] = facts.schema
        else:
            hints = (_no_schema(facts), *hints)
    refs = {"name": model.name, **({"flow": flow} if flow else {"flow_id": str(model.flow_id)})}
    identity = f"{flow or model.flow_id}/{model.name}"
    ignored = tuple(model.ignore or ())
    return Manifest(identity, canonical.from_manifest(written), refs, hints, ignored)


def _no_schema(facts: FlowFacts) -> Finding:
    what = f"the flow's parameters are not known without running its code ({facts.unknown})"
    return Finding(("entrypoint",), what, "a live schema is left alone; parameter_openapi_schema sets one")


def _conflicts(value: JsonObject, refused: Iterable[Finding]) -> Iterator[Finding]:
    """What the keys of a manifest say against each other, where each says something on its own.

    A mapping with an unknown key is passed over, since that one may be what is missing.
    """
    unclear = {finding.path[:-1] for finding in refused if finding.on_key}
    if () not in unclear:
        yield from _flow_and_queue(value)
    yield from _labels(value.get("labels"))
    yield from _tags(value.get("tags"))
    yield from _templates(value.get("parameters"), ("parameters",))
    entries = value.get("schedules")
    invalid = {
        finding.path[1] for finding in refused if finding.path[:1] == ("schedules",) and finding.path[1:]
    }
    first: dict[str, int] = {}
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict) and ("schedules", index) not in unclear:
            wrong_definition = _definition(entry, index)
            yield from wrong_definition
            if not wrong_definition and index not in invalid:
                yield from _repetition(entry, index, first)


def _flow_and_queue(value: JsonObject) -> Iterator[Finding]:
    if value.get("flow") and value.get("flow_id"):
        yield Finding(("flow_id",), "flow and flow_id are both given", "keep one of them", on_key=True)
    if not any(value.get(key) for key in ("flow", "flow_id", "entrypoint")):
        yield Finding(("flow",), "required key is missing", "add flow: …, or entrypoint: … to its code")
    if value.get("work_queue_name") and not value.get("work_pool_name"):
        # A queue without pool moves a live deployment to the pool default-agent-pool (Prefect 3.8.8).
        yield Finding(
            ("work_queue_name",), "a work queue needs its work pool", "add work_pool_name: …", on_key=True
        )


def _labels(value: Json) -> Iterator[Finding]:
    for name in value if isinstance(value, dict) else ():
        if name.startswith(canonical.OWN_LABELS):
            what = f"labels that begin with {canonical.OWN_LABELS} belong to Prefect"
            yield Finding(("labels", name), what, "choose another name", on_key=True)


def _tags(value: Json) -> Iterator[Finding]:
    for index, tag in enumerate(value if isinstance(value, list) else ()):
        if isinstance(tag, str) and marks.is_mark(tag):
            what = f"the tag {findings.shown(tag)} is one that reconcile keeps itself"
            yield Finding(("tags", index), what, "remove it; --owner and prevent_delete write such tags")


def _templates(value: Json, path: Path) -> Iterator[Finding]:
    """Prefect 3.8.8 renders `__prefect_kind` when a deployment is updated and reads back what came out."""
    if isinstance(value, dict):
        if _TEMPLATE in value:
            what = "this is a template that Prefect renders and does not keep"
            yield Finding((*path, _TEMPLATE), what, "write the value itself", on_key=True)
        for key, one in value.items():
            yield from _templates(one, (*path, key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _templates(one, (*path, index))


_DEFINITION_KEYS = frozenset[str]().union(*schedules.DEFINITIONS.values())


def _definition(schedule: JsonObject, index: int) -> list[Finding]:
    """The problem, if any, with which keys of the API's three schedule types there are."""
    written = {key for key, value in schedule.items() if value is not None}
    types = [name for name in schedules.DEFINITIONS if name in written]
    if not types:
        return [Finding(("schedules", index), "has no cron, interval or rrule", "add one of them")]
    if len(types) > 1:
        what = f"{' and '.join(types)} are given at once"
        return [Finding(("schedules", index, types[1]), what, "write a schedule for each", on_key=True)]
    stray = sorted((_DEFINITION_KEYS & written) - schedules.DEFINITIONS[types[0]])
    return [
        Finding(("schedules", index, key), f"does not go with {types[0]}", "remove it", on_key=True)
        for key in stray
    ]


def _repetition(entry: JsonObject, index: int, first: dict[str, int]) -> Iterator[Finding]:
    """A valid schedule that has the identity of one before it. Adds its own to `first`."""
    schedule = findings.validate(Schedule, entry)
    key = schedules.identity(schedules.canonical(schedule.model_dump()))
    before = first.setdefault(key, index)
    if before == index:
        return
    if schedule.slug:
        what, remedy = f"schedules[{before}] has the slug {key!r} too", "give each a slug of its own"
        yield Finding(("schedules", index, "slug"), what, remedy)
    else:
        remedy = "remove one, or give each a slug of its own"
        yield Finding(("schedules", index), f"is the same as schedules[{before}]", remedy)


def _flatten_schedules(value: JsonObject) -> tuple[JsonObject, dict[int, Set[str]]]:
    """Schedules in the API's shape, `{"schedule": {…}, …}`, become flat.

    Tells also which keys of which entries were in the inner mapping.
    """
    entries = value.get("schedules")
    nested: dict[int, Set[str]] = {}
    if not isinstance(entries, list):
        return value, nested
    flattened: list[Json] = []
    for index, entry in enumerate(entries):
        definition = entry.get("schedule") if isinstance(entry, dict) else None
        if isinstance(entry, dict) and isinstance(definition, dict) and not definition.keys() & entry.keys():
            nested[index] = definition.keys()
            flattened.append({**definition, **{key: one for key, one in entry.items() if key != "schedule"}})
        else:
            flattened.append(entry)
    return {**value, "schedules": flattened}, nested


def _nest(finding: Finding, nested: dict[int, Set[str]]) -> Finding:
    """The finding at its place in the file, where a schedule was written in the API's shape."""
    match finding.path:
        case ("schedules", int(index), str(key), *rest) if key in nested.get(index, ()):
            path: Path = ("schedules", index, "schedule", key, *rest)
            return replace(finding, path=path)
    return finding
