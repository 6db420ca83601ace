"""Parameters against the schema that holds, and against the names that the flow takes.

Prefect 3.8.8 checks a deployment's parameters at every PATCH while `enforce_parameter_schema` is on, which
it is by default, and when a deployment is made with a schema. It checks those of a schedule at no time: they
are put over the deployment's when a run is scheduled, and the flow itself checks what comes out. That is too
late for a mistake that stands in a manifest, so they are held to the same rules here. A name that the flow
does not take ends its run with SignatureMismatchError, whatever is enforced.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prefect_reconcile.kinds import values, verdict
from prefect_reconcile.kinds.verdict import Checker, Rules, TooMuchError, UnusableSchemaError
from prefect_reconcile.model import Desired, Finding, FlowFacts, Json, JsonObject, Live, Path, same
from prefect_reconcile.spelling import did_you_mean

_CHANGED = Rules()
"""How PATCH reads a schema."""

CREATED = Rules(adapts=False)
"""How POST reads it."""

_ANYTHING: tuple[Json, ...] = (None, {}, {"type": "object", "properties": {}})
_SCHEMA = "parameter_openapi_schema"
_ENFORCED = "enforce_parameter_schema"


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong, and what is only worth knowing."""

    wrong: tuple[Finding, ...] = ()
    hints: tuple[Finding, ...] = ()


def check(manifest: JsonObject, facts: FlowFacts | None) -> Checked:
    """What is wrong with the parameters of a manifest with flat schedules, which may be invalid elsewhere.

    A type is checked as PATCH does it; that POST is stricter, `check_observed` knows.
    """
    stray = tuple(_stray(manifest, facts))
    # Text that filled a placeholder may stand for the boolean.
    if str(manifest.get(_ENFORCED)).lower() == "false":
        return Checked(stray)
    typed = _typed(manifest, facts)
    told = {finding.path for finding in stray}
    wrong = (one for one in typed.wrong if not any(one.path[: len(path)] == path for path in told))
    return Checked((*stray, *wrong), typed.hints)


def _stray(manifest: JsonObject, facts: FlowFacts | None) -> Iterator[Finding]:
    if facts is None or facts.parameters is None:
        return
    known = sorted(facts.parameters)
    otherwise = f"remove it; the flow takes {', '.join(known)}" if known else "remove it; the flow takes none"
    for path, parameters in _parameters(manifest):
        for name in parameters:
            if name not in facts.parameters:
                remedy = did_you_mean(name, known, otherwise)
                yield Finding((*path, name), "the flow has no such parameter", remedy, on_key=True)


def _parameters(manifest: JsonObject) -> Iterator[tuple[Path, JsonObject]]:
    """The parameters of the deployment and of each schedule, where there are any."""
    own, schedules = manifest.get("parameters"), manifest.get("schedules")
    if isinstance(own, dict) and own:
        yield ("parameters",), own
    for index, entry in enumerate(schedules if isinstance(schedules, list) else ()):
        parameters = entry.get("parameters") if isinstance(entry, dict) else None
        if isinstance(parameters, dict) and parameters:
            yield ("schedules", index, "parameters"), parameters


def _typed(manifest: JsonObject, facts: FlowFacts | None) -> Checked:
    written = _SCHEMA in manifest
    schema = manifest.get(_SCHEMA) if written else facts.schema if facts else None
    if schema in _ANYTHING or not isinstance(schema, dict):
        return Checked()
    place: Path = (_SCHEMA,) if written else ("entrypoint",)
    found = dict(_parameters(manifest))
    if written:
        # Such a schema may refuse even a deployment without parameters.
        found.setdefault(("parameters",), {})
    try:
        if written:
            verdict.check(schema, _CHANGED)
        by = verdict.checker(schema, _CHANGED) if found else None
    except UnusableSchemaError as error:
        return Checked((_unusable(error, place),))
    checked = [_checked(value, by, path, place) for path, value in found.items() if by]
    return Checked(
        tuple(one for each in checked for one in each.wrong),
        tuple(one for each in checked for one in each.hints),
    )


def _checked(parameters: JsonObject, by: Checker, path: Path, place: Path) -> Checked:
    """The types of the parameters at a path."""
    try:
        found = values.check(parameters, by, path)
    except UnusableSchemaError as error:
        found = (_unusable(error, place),)
    except TooMuchError as error:
        what = f"parameters are not checked here: {error}"
        return Checked((), (Finding(place, what, "Prefect checks them when they are written"),))
    return Checked(found)


def _unusable(error: UnusableSchemaError, place: Path) -> Finding:
    if place == (_SCHEMA,):
        return Finding((*place, *error.path), error.what, f"correct it, or set {_ENFORCED}: false")
    what = f"the schema of the flow's parameters cannot be used: {error.what}"
    return Finding(place, what, f"write {_SCHEMA}, or set {_ENFORCED}: false")


def check_observed(one: Desired, live: Live | None) -> tuple[Finding, ...]:
    """What the request that makes or changes a deployment would be refused for, and no manifest tells.

    POST takes no null for what is only optional, and of a live deployment the schema may be left alone.
    """
    wanted = one.fields if live else {**one.initial, **one.fields}
    parameters = wanted.get("parameters", {})
    if wanted.get(_ENFORCED, True) is not True or not isinstance(parameters, dict):
        return ()
    if live and (_SCHEMA in wanted or same(parameters, live.fields["parameters"])):
        return ()
    schema, rules = (live.fields[_SCHEMA], _CHANGED) if live else (wanted.get(_SCHEMA), CREATED)
    # POST reads a schema of another draft by that one.
    if schema in _ANYTHING or not isinstance(schema, dict) or (not live and "$schema" in schema):
        return ()
    try:
        if not live:
            verdict.check(schema, rules)
        return values.check(parameters, verdict.checker(schema, rules), ("parameters",))
    except UnusableSchemaError as error:
        return (_unusable(error, (_SCHEMA,)),)
    except TooMuchError:
        return ()
