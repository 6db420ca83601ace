"""What an environment does to the manifest of a deployment."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from prefect_reconcile.kinds.protocol import CodeLookup
from prefect_reconcile.model import Adjustments, FlowFacts, JsonObject

KEYED_BY: Mapping[str, str] = MappingProxyType({"schedules": "slug"})
"""See `Kind.KEYED_BY`."""


def identify(value: JsonObject, code: CodeLookup) -> str | None:
    """See `Kind.identify`: `flow/name`, the flow as the manifest or else its code names it."""
    name = value.get("name")
    flow = value.get("flow") or value.get("flow_id") or _flow_of(value.get("entrypoint"), code)
    return f"{flow}/{name}" if isinstance(flow, str) and isinstance(name, str) else None


def _flow_of(entrypoint: object, code: CodeLookup) -> str | None:
    facts = code(entrypoint) if isinstance(entrypoint, str) else None
    return facts.name if isinstance(facts, FlowFacts) else None


def adjust(value: JsonObject, by: Adjustments) -> JsonObject:
    """See `Kind.adjust`."""
    adjusted = dict(value)
    name, tags = value.get("name"), value.get("tags")
    if isinstance(name, str):
        adjusted["name"] = f"{by.name_prefix}{name}{by.name_suffix}"
    if by.tags and (tags is None or isinstance(tags, list)):
        adjusted["tags"] = [*(tags or ()), *by.tags]
    if by.paused is not None:
        adjusted["paused"] = by.paused
    return adjusted
