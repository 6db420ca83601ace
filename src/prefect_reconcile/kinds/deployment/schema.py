"""What the models do not say of the manifest of a deployment, for its JSON Schema.

The counterpart of what `manifest` checks beyond the models: which keys go with which. A placeholder may
become null or empty, so that nothing follows from one.
"""

from __future__ import annotations

from collections.abc import Iterable

from prefect_reconcile.kinds.deployment import canonical
from prefect_reconcile.kinds.deployment.environments import KEYED_BY
from prefect_reconcile.kinds.deployment.models import Deployment
from prefect_reconcile.kinds.deployment.schedules import DEFINITIONS
from prefect_reconcile.kinds.forms import REF, SOME_PLACEHOLDER, Form, Schema, of_model

_SCHEDULE, _TIMES, _PARAMETER = "Schedule", "ScheduleTimes", "Parameter"
_NESTED = "schedule"
"""The key of a schedule that holds its times, where it is written as the API has it."""

_NOTHING: Schema = {"type": ["string", "null"], "pattern": f"^$|{SOME_PLACEHOLDER}"}
_SOMETHING: Schema = {"not": _NOTHING}
_PERHAPS: Schema = {"not": {"enum": [None, ""]}}


def _shape() -> Schema:
    """The schema of the models, with what a key takes beyond them."""
    shape = of_model(Deployment)
    properties, definitions = shape["properties"], shape["definitions"]
    entry = definitions[_SCHEDULE]
    times = {**entry, "title": _TIMES, "description": "A schedule's times in a mapping, as the API has them."}
    entry = {**entry, "properties": {**entry["properties"], _NESTED: {"$ref": f"{REF}{_TIMES}"}}}
    own_labels = "^" + canonical.OWN_LABELS.replace(".", r"\.")
    labels = {**properties["labels"], "patternProperties": {own_labels: False}}
    return {
        **shape,
        "properties": {**properties, "labels": labels},
        "definitions": {**definitions, _SCHEDULE: entry, _TIMES: times},
    }


def _whole(shape: Schema) -> Schema:
    """The schema of a whole manifest: a shape, and what its keys say of each other."""
    properties, definitions = shape["properties"], shape["definitions"]
    keys = definitions[_TIMES]["properties"]
    return {
        **shape,
        "properties": {**properties, "parameters": {**properties["parameters"], **_no_template()}},
        "allOf": [_some_flow(), _one_flow(), _pool_of_queue()],
        "definitions": {
            **definitions,
            _SCHEDULE: {
                **definitions[_SCHEDULE],
                "allOf": [_some_times(), *map(_no_others, DEFINITIONS), _one_level(keys)],
            },
            _PARAMETER: {**_no_template(), "items": {"$ref": f"{REF}{_PARAMETER}"}},
        },
    }


def _no_template() -> Schema:
    return {"properties": {"__prefect_kind": False}, "additionalProperties": {"$ref": f"{REF}{_PARAMETER}"}}


def _some_flow() -> Schema:
    message = "add flow: …, or entrypoint: … to its code"
    return {
        "anyOf": [{**_has(key, _PERHAPS), **_saying(message)} for key in ("flow", "flow_id", "entrypoint")]
    }


def _one_flow() -> Schema:
    both = _refused("flow and flow_id are both given; keep one of them")
    return {"if": _has("flow", _SOMETHING), "then": {"properties": {"flow_id": both}}}


def _pool_of_queue() -> Schema:
    message = "a work queue needs its work pool; add work_pool_name: …"
    pool = {**_has("work_pool_name", _PERHAPS), **_saying(message)}
    return {"if": _has("work_queue_name", _SOMETHING), "then": pool}


def _some_times() -> Schema:
    """A schedule has one of the types, unless its times are a placeholder."""
    ways = [way for kind in DEFINITIONS for way in _on_either_level(kind, _PERHAPS)]
    ways.append(_has(_NESTED, {"type": "string"}))
    return {"anyOf": [{**way, **_saying("add one of cron, interval and rrule")} for way in ways]}


def _no_others(kind: str) -> Schema:
    """A schedule of one type has no key of another."""
    others = sorted(frozenset().union(*DEFINITIONS.values()) - DEFINITIONS[kind])
    refused = {key: _refused(f"{key} does not go with {kind}; remove one of them") for key in others}
    given = _on_either_level(kind, _SOMETHING)
    return {"if": {"anyOf": given}, "then": {"properties": {**refused, _NESTED: {"properties": refused}}}}


def _one_level(keys: Iterable[str]) -> Schema:
    """A schedule has no key on both levels."""
    nested = {"type": "object", **_has(_NESTED, {"type": "object"})}
    twice = [{"required": [key], "properties": {_NESTED: {"required": [key]}}} for key in keys]
    return {"if": nested, "then": {"not": {"anyOf": twice}}}


def _on_either_level(key: str, value: Schema) -> list[Schema]:
    return [_has(key, value), _has(_NESTED, {"type": "object", **_has(key, value)})]


def _has(key: str, value: Schema) -> Schema:
    return {"required": [key], "properties": {key: value}}


def _refused(message: str) -> Schema:
    return {**_NOTHING, **_saying(message), "patternErrorMessage": message}


def _saying(message: str) -> Schema:
    """What editors that know it say instead of their own words."""
    return {"errorMessage": message}


FORM = Form(_shape(), _whole, identity=("flow", "name"), own=frozenset({"name"}), keyed_by=KEYED_BY)
"""How the manifest of a deployment is written."""
