"""The forms of what people write, as JSON Schemas for editors, made of the models that read the same. Pure.

They are of draft 7, the newest that language servers for YAML and for TOML both know. A schema takes all that
is read in its place; it refuses as much of the rest as it can say, and reading refuses the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

Schema: TypeAlias = "dict[str, Any]"
"""A JSON Schema, or a part of one. Where `true` and `false` are schemas too, it says `object`."""

DRAFT = "http://json-schema.org/draft-07/schema#"
REF = "#/definitions/"
"""How references to definitions begin."""

SOME_PLACEHOLDER = r"\{\{"
PLACEHOLDER: Schema = {"type": "string", "pattern": r"^\{\{\s*\$[^\s:{}]+(:-.*)?\s*\}\}$"}
"""Text that is one placeholder, which may stand for a value of any type."""
NULL: Schema = {"type": "null"}

_WORDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a mapping",
}
_HINTS = ("description", "examples", "default")
"""What a schema says to people alone."""


@dataclass(frozen=True, slots=True)
class Form:
    """How the manifests of a kind are written.

    `shape` is what all parts of a manifest share, as `of_model` makes it; `whole` adds what only holds of a
    manifest as a whole. An overlay names a resource by the keys `identity`, of which `own` cannot be the
    same for several, and the entries of lists as `Kind.KEYED_BY` says.
    """

    shape: Schema
    whole: Callable[[Schema], Schema]
    identity: tuple[str, ...]
    own: frozenset[str]
    keyed_by: Mapping[str, str] = field(default_factory=dict)


class _Generator(GenerateJsonSchema):
    """Pydantic's, less what it says of titles and nulls, and in the order of the models."""

    schema_dialect = DRAFT

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - pydantic's name
        return False

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        found: JsonSchemaValue = super().dict_schema(schema)
        # Where keys have a form, no others are read.
        return {**found, "additionalProperties": False} if "patternProperties" in found else found

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        inner: JsonSchemaValue = widened(self.generate_inner(schema["schema"]), NULL)
        return inner

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        found: JsonSchemaValue = super().default_schema(schema)
        return {key: one for key, one in found.items() if key != "default" or one is not None}

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:  # noqa: ARG002
        return value


def of_model(model: type[BaseModel]) -> Schema:
    """The schema of a model, with the models in it under `definitions`."""
    schema = model.model_json_schema(ref_template=f"{REF}{{model}}", schema_generator=_Generator)
    definitions = schema.pop("$defs", {})
    return {**schema, "definitions": definitions}


def manifest(form: Form) -> Schema:
    """The schema of a whole manifest."""
    return form.whole(_everywhere(form.shape, fillable))


def overlay(form: Form) -> Schema:
    """The schema of an overlay: any part of a manifest, and what tells where it belongs."""
    shape = _demanding(_everywhere(form.shape, removable), form.identity)
    for name, key in form.keyed_by.items():
        entry = shape["properties"][name]["items"]["$ref"].removeprefix(REF)
        keyed = _demanding(shape["definitions"][entry], (key,))
        shape = {**shape, "definitions": {**shape["definitions"], entry: keyed}}
    return _everywhere(shape, fillable)


def defaults(form: Form) -> Schema:
    """The schema of what manifests have in common: any part of one, but for its own keys."""
    shape = _everywhere({**form.shape, "required": []}, removable)
    shared = {name: one for name, one in shape["properties"].items() if name not in form.own}
    return _everywhere({**shape, "properties": shared}, fillable)


Change: TypeAlias = "Callable[[Any], Any]"
"""Makes of a schema another one."""


def _everywhere(shape: Schema, change: Change) -> Schema:
    """A shape with all values in it changed. Itself, it stays a mapping and nothing else."""
    definitions = {name: change(one) for name, one in shape["definitions"].items()}
    return {**within(shape, change), "definitions": definitions}


def within(schema: Schema, change: Change) -> Schema:
    """A schema with those of the values in its mapping or list changed."""
    changed = dict(schema)
    for key in ("properties", "patternProperties"):
        if key in schema:
            changed[key] = {name: change(one) for name, one in schema[key].items()}
    for key in ("additionalProperties", "items"):
        if isinstance(schema.get(key), dict):
            changed[key] = change(schema[key])
    return changed


def widened(schema: Any, by: Schema) -> Any:
    """A schema that takes also what `by` takes, which is of one type that `schema` knows no keywords of."""
    if schema is False:
        return by
    if "anyOf" in schema:
        options = schema["anyOf"]
        return {**schema, "anyOf": options if by in options else [*options, by]}
    if schema.keys() & {"enum", "const", "$ref"}:
        hints = {key: schema[key] for key in _HINTS if key in schema}
        return {"anyOf": [{key: schema[key] for key in schema if key not in hints}, by], **hints}
    known = _types(schema)
    if not known or by["type"] in known:
        return schema
    return {**schema, **by, "type": [*known, by["type"]]}


def _types(schema: Schema) -> list[str]:
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else types


def fillable(schema: Any) -> Any:
    """A schema that takes placeholders in the place of values too, at any depth."""
    if schema is False or _refers(schema):
        # What is referred to takes placeholders itself.
        return schema
    inner = within(schema, fillable)
    if "string" in _types(inner) and "enum" not in inner and "const" not in inner:
        own = inner.get("pattern")
        return {**inner, "pattern": f"{SOME_PLACEHOLDER}|{own}"} if own else inner
    what = " or ".join(_WORDS[one] for one in _types(inner) if one in _WORDS)
    message = {"patternErrorMessage": f"write {what}, or a placeholder as in {{{{ $NAME }}}}"} if what else {}
    return widened(inner, {**PLACEHOLDER, **message})


def _refers(schema: Schema) -> bool:
    return "$ref" in schema or any("$ref" in one for one in schema.get("anyOf", []))


def removable(schema: Any) -> Any:
    """A schema of which nothing is required, and every key in it may be null, at any depth of mappings."""
    if schema is False:
        return schema
    free = {key: one for key, one in schema.items() if key != "required"}
    return free if "items" in free else within(free, lambda one: widened(removable(one), NULL))


def _demanding(schema: Schema, keys: tuple[str, ...]) -> Schema:
    """A schema of a mapping that requires some keys, and no null there."""
    needed = {key: _without_null(schema["properties"][key]) for key in keys}
    return {**schema, "properties": {**schema["properties"], **needed}, "required": list(keys)}


def _without_null(schema: Schema) -> Schema:
    types = [one for one in _types(schema) if one != "null"]
    return {**schema, "type": types[0] if len(types) == 1 else types}
