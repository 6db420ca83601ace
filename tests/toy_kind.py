"""A kind in one module, for tests: a variable, `namespace/name`, with a value and a set of tags.

That it needs nothing else than its line in a registry proves that a new kind costs no change elsewhere.
Its namespace is made on the way, as a deployment's flow is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import cast

from prefect_reconcile.kinds.forms import Form, Schema
from prefect_reconcile.kinds.protocol import CodeLookup, Fresh
from prefect_reconcile.model import (
    Adjustments,
    Call,
    Conversation,
    Desired,
    Finding,
    Json,
    JsonObject,
    Live,
    Manifest,
    Observation,
    Resolution,
    Shape,
    ask,
    same,
)

NAME = "Variable"
SHAPES: Mapping[str, Shape] = MappingProxyType({"value": Shape.VALUE, "tags": Shape.SET})
KEYED_BY: Mapping[str, str] = MappingProxyType({})
REASONS: Mapping[str, str] = MappingProxyType({"tags": "the server sorts them"})
DEFAULTS: Mapping[str, Json] = MappingProxyType({"value": None, "tags": []})


def form() -> Form:
    """See `Kind.form`."""
    keys: Schema = {key: {} for key in ("name", *SHAPES)}
    shape: Schema = {"type": "object", "properties": keys, "definitions": {}}
    return Form(shape, lambda shape: {**shape, "required": ["name"]}, ("name",), frozenset({"name"}))


def identify(value: JsonObject, code: CodeLookup) -> str | None:
    """See `Kind.identify`."""
    return str(value["name"]) if "name" in value else None


def adjust(value: JsonObject, by: Adjustments) -> JsonObject:
    """See `Kind.adjust`. A variable is the same in every environment."""
    return value


def read(value: JsonObject, code: CodeLookup) -> tuple[Manifest | None, tuple[Finding, ...]]:
    """See `Kind.read`."""
    findings = [
        Finding((key,), "unknown key", "remove it", on_key=True)
        for key in value
        if key not in {"name", *SHAPES}
    ]
    name = value.get("name")
    if not isinstance(name, str) or "/" not in name:
        findings.append(Finding(("name",), "expected namespace/name", "write both"))
    if findings:
        return None, tuple(findings)
    return Manifest(str(name), _canonical({key: value[key] for key in SHAPES if key in value})), ()


def write(desired: Desired) -> JsonObject:
    """See `Kind.write`."""
    return {"name": desired.name, **desired.fields}


def observe(desired: Sequence[Desired]) -> Conversation[Observation]:
    """See `Kind.observe`."""
    names: Json = [*sorted(one.name for one in desired)]
    answer = yield from ask(Call("POST", "/variables/filter", {"name": {"any_": names}}))
    found = [_live(one) for one in cast("list[JsonObject]", answer)]
    return Observation(tuple(desired), {one.name: one for one in found})


def resolve(desired: Desired, live: Live | None) -> Resolution:
    """See `Kind.resolve`."""
    return Resolution(live.fields if live else dict(DEFAULTS), {**DEFAULTS, **desired.fields})


def create(desired: Desired, to: Resolution) -> Conversation[None]:
    """See `Kind.create`."""
    namespace, name = desired.name.split("/", maxsplit=1)
    answer = yield from ask(Call("POST", "/namespaces/", {"name": namespace}, once=True))
    body: JsonObject = {"namespace_id": cast("JsonObject", answer)["id"], "name": name, **to.new}
    yield from ask(Call("POST", "/variables/", body))


def delete(live: Live) -> Conversation[None]:
    """See `Kind.delete`."""
    yield from ask(Call("DELETE", f"/variables/{live.id}"))


def owned(owner: str) -> Conversation[tuple[Live, ...]]:
    """See `Kind.owned`: its mark is a tag."""
    answer = yield from ask(Call("POST", "/variables/filter", {"tags": {"all_": [owner]}}))
    return tuple(_live(one) for one in cast("list[JsonObject]", answer))


def busy(live: Sequence[Live]) -> Conversation[Mapping[str, int]]:
    """See `Kind.busy`: a variable is never in use."""
    yield from ()
    return {}


def reread(live: Sequence[Live]) -> Conversation[Mapping[str, Fresh]]:
    """See `Kind.reread`."""
    ids: Json = [one.id for one in live]
    answer = yield from ask(Call("POST", "/variables/filter", {"id": {"any_": ids}}))
    return {str(one["name"]): _fresh(one) for one in cast("list[JsonObject]", answer)}


def _fresh(answer: JsonObject) -> Fresh:
    updated, by = answer.get("updated"), answer.get("updated_by")
    moment = datetime.fromisoformat(str(updated)) if updated else None
    return Fresh(_live(answer), moment, str(by) if by else None)


def update(live: Live, to: Resolution) -> Conversation[None]:
    """See `Kind.update`."""
    changed = {key: value for key, value in to.new.items() if not same(value, to.old[key])}
    yield from ask(Call("PATCH", f"/variables/{live.id}", changed))


def _live(answer: JsonObject) -> Live:
    fields = _canonical({key: answer[key] for key in SHAPES})
    return Live(NAME, str(answer["name"]), str(answer["id"]), fields)


def _canonical(fields: JsonObject) -> JsonObject:
    tags = cast("list[str]", fields.get("tags", []))
    return {**fields, "tags": [*sorted(set(tags))]}
