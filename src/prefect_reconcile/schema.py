"""The JSON Schemas of the files that people write, for their editors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from json import dumps
from types import MappingProxyType
from typing import Literal, TypeAlias

from pydantic import BaseModel

from prefect_reconcile.kinds import forms
from prefect_reconcile.kinds.forms import REF, Form, Schema
from prefect_reconcile.kinds.registry import KINDS

FORMS: Mapping[str, Form] = MappingProxyType({name: kind.form() for name, kind in KINDS.items()})
"""How the manifests of each kind are written. The first kind is the default."""
_DEFAULT = next(iter(FORMS.values()))

Which: TypeAlias = Literal["manifest", "overlay", "config"]


def schema_text(which: Which) -> str:
    """A schema as a file holds it."""
    return dumps(_SCHEMAS[which](), indent=2, ensure_ascii=False) + "\n"


def manifest_schema(kinds: Mapping[str, Form] = FORMS) -> Schema:
    """The schema of one document of the native format."""
    return _document("A manifest for reconcile", kinds, forms.manifest)


def overlay_schema(kinds: Mapping[str, Form] = FORMS) -> Schema:
    """The schema of one document that is laid over a manifest."""
    return _document("An overlay for reconcile", kinds, forms.overlay)


def defaults_schema(form: Form = _DEFAULT) -> Schema:
    """The schema of what is laid under manifests, which can only be those of one kind."""
    return forms.defaults(form)


def config_schema(config: type[BaseModel], form: Form = _DEFAULT) -> Schema:
    """The schema of `reconcile.toml`, whose model says of `defaults` no more than that it is a mapping."""
    own, shared = forms.of_model(config), defaults_schema(form)
    parts = {**own.pop("definitions"), **shared.pop("definitions")}
    definitions = {name: _with_defaults(part) for name, part in parts.items()}
    title = {"$schema": forms.DRAFT, "title": "The configuration of reconcile"}
    return {**title, **_untitled(_with_defaults(own)), "definitions": {**definitions, "Defaults": shared}}


def _with_defaults(part: Schema) -> Schema:
    """A schema with that of the defaults in the place of its key `defaults`, if it has one."""
    properties = part.get("properties", {})
    if "defaults" not in properties:
        return part
    put = {"allOf": [{"$ref": f"{REF}Defaults"}], "description": properties["defaults"]["description"]}
    return {**part, "properties": {**properties, "defaults": put}}


def _document(title: str, kinds: Mapping[str, Form], make: Callable[[Form], Schema]) -> Schema:
    """The schema of a document of any kind; of the first kind if it names none."""
    parts = {kind: _named(kind, make(form), next(iter(kinds))) for kind, form in kinds.items()}
    definitions = {name: one for part in parts.values() for name, one in part.pop("definitions").items()}
    head = {"$schema": forms.DRAFT, "title": title}
    if len(parts) == 1:
        return {**head, **_untitled(*parts.values()), "definitions": definitions}
    return {**head, **_choice(list(kinds)), "definitions": {**parts, **definitions}}


def _named(kind: str, part: Schema, default: str) -> Schema:
    """A manifest's schema with the key that says its kind."""
    what = f"The kind of resource. Left out: {default}."
    name = {"anyOf": [{"const": kind}, forms.PLACEHOLDER], "description": what}
    return {**part, "properties": {"kind": name, **part["properties"]}}


def _choice(kinds: list[str]) -> Schema:
    chosen: Schema = {"$ref": f"{REF}{kinds[0]}"}
    for kind in kinds[1:]:
        named = {"required": ["kind"], "properties": {"kind": {"const": kind}}}
        chosen = {"if": named, "then": {"$ref": f"{REF}{kind}"}, "else": chosen}
    return chosen


def _untitled(part: Schema) -> Schema:
    return {key: one for key, one in part.items() if key != "title"}


def _config() -> Schema:
    from prefect_reconcile.settings.config_keys import Config

    return config_schema(Config)


_SCHEMAS: Mapping[Which, Callable[[], Schema]] = MappingProxyType(
    {"manifest": manifest_schema, "overlay": overlay_schema, "config": _config}
)
