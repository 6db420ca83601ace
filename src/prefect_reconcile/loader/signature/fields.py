"""What `Field(…)` and other annotations say about a value, and the property that comes out of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeAlias

from prefect_reconcile.loader.signature.scope import Scope
from prefect_reconcile.loader.signature.unknown import shown
from prefect_reconcile.loader.signature.values import Classes, encoded, value
from prefect_reconcile.model import ABSENT, Absent, Json, JsonObject


class Factory(Enum):
    """The type of `FACTORY`: there is a default, but a function makes it, so the schema does not show it."""

    FACTORY = "factory"


FACTORY: Final = Factory.FACTORY

Default: TypeAlias = "Json | Absent | Factory"


@dataclass(frozen=True, slots=True)
class Notes:
    """What is said of a field besides its type. `alias` is the name that callers use."""

    default: Default = ABSENT
    alias: str | None = None
    shown: JsonObject = field(default_factory=dict)
    constraints: JsonObject = field(default_factory=dict)
    extra: JsonObject = field(default_factory=dict)
    excluded: bool = False

    def then(self, other: Notes) -> Notes:
        """Both, the other one deciding where they disagree."""
        return Notes(
            default=self.default if other.default is ABSENT else other.default,
            alias=other.alias or self.alias,
            shown=self.shown | other.shown,
            constraints=self.constraints | other.constraints,
            extra=self.extra | other.extra,
            excluded=self.excluded or other.excluded,
        )


_NUMBER = {
    "gt": "exclusiveMinimum",
    "ge": "minimum",
    "lt": "exclusiveMaximum",
    "le": "maximum",
    "multiple_of": "multipleOf",
}
_KEYWORDS: dict[str, Mapping[str, str]] = {
    "number": _NUMBER,
    "string": {"min_length": "minLength", "max_length": "maxLength", "pattern": "pattern"},
    "bytes": {"min_length": "minLength", "max_length": "maxLength"},
    "array": {"min_length": "minItems", "max_length": "maxItems"},
    "object": {"min_length": "minProperties", "max_length": "maxProperties"},
}
"""For each kind of type, the keyword of JSON Schema that a constraint becomes."""


@dataclass(frozen=True, slots=True)
class Type:
    """A type as pydantic writes it.

    `kind` says which constraints apply (a key of the table above), empty for none; `titled` whether a
    field of it gets a title from its name; `members` are those of a union; `notes` what an outermost
    `Annotated` says, which a field takes over and any other place writes into the schema.
    """

    schema: JsonObject
    kind: str = ""
    titled: bool = True
    members: tuple[Type, ...] = ()
    notes: Notes = Notes()

    @property
    def written(self) -> JsonObject:
        """The schema where the type is not that of a field but, say, that of the items of a list."""
        default = self.notes.default
        schema = {**self.schema, **self.notes.shown, **self.notes.extra}
        return schema if isinstance(default, Absent | Factory) else {**schema, "default": default}


def constrained(schema: JsonObject, kind: str, constraints: JsonObject) -> JsonObject | None:
    """The schema with constraints, None where pydantic would do something else with them."""
    keywords = _KEYWORDS.get(kind, {})
    if not constraints.keys() <= keywords.keys():
        return None
    return schema | {keywords[name]: limit for name, limit in constraints.items()}


_SHOWN = frozenset({"title", "description", "examples", "deprecated"})
_HARMLESS = frozenset(
    {
        "alias_priority",
        "allow_inf_nan",
        "frozen",
        "init",
        "kw_only",
        "repr",
        "serialization_alias",
        "union_mode",
    }
)
"""Arguments of `Field` that leave the schema as it is."""
_CONSTRAINTS = frozenset({*_NUMBER, "min_length", "max_length", "pattern"})


def field_notes(call: ast.Call, scope: Scope, classes: Classes) -> Notes:
    """`Field(…)` of pydantic."""
    notes = Notes()
    if len(call.args) > 1:
        raise scope.error(call, f"`{shown(call)}` has arguments that are not known")
    for argument in call.args:
        notes = notes.then(Notes(default=default_of(argument, scope, classes)))
    for keyword in call.keywords:
        notes = notes.then(_argument(keyword, scope, classes))
    return notes


def default_of(node: ast.expr, scope: Scope, classes: Classes) -> Default:
    """A default as JSON. `...` is pydantic's way to say that there is none."""
    if isinstance(node, ast.Constant) and node.value is ...:
        return ABSENT
    return encoded(value(node, scope, classes), node, scope)


def _argument(keyword: ast.keyword, scope: Scope, classes: Classes) -> Notes:
    name, node = keyword.arg or "**", keyword.value
    if name == "default_factory":
        return Notes(default=FACTORY)
    if name in _HARMLESS:
        return Notes()
    if name == "default":
        return Notes(default=default_of(node, scope, classes))
    known = encoded(value(node, scope, classes), node, scope)
    notes = _said(name, known)
    if notes is None:
        raise scope.error(node, f"`{name}` of a field can change the schema in ways that are not known")
    return notes


def _said(name: str, known: Json) -> Notes | None:
    """What one argument says, None if that is not known."""
    match name, known:
        case (("alias" | "validation_alias"), str()):
            return Notes(alias=known)
        case "json_schema_extra", dict():
            return Notes(extra=known)
        case "exclude", bool():
            return Notes(excluded=known)
        case "deprecated", bool() | str():
            return Notes(shown={} if known is False else {"deprecated": True})
        case (("title" | "description"), str()):
            return Notes(shown={name: known})
        case "examples", list():
            return Notes(shown={name: known})
        case _ if name in _CONSTRAINTS and isinstance(known, str if name == "pattern" else int | float):
            return Notes(constraints={name: known})
        case _:
            return Notes() if known is None and name in _CONSTRAINTS | _SHOWN else None


def property_schema(
    name: str, type_: Type, notes: Notes, definitions: Mapping[str, JsonObject]
) -> JsonObject:
    """The property for a field, from its type and all that is said of it. `name` is the key it gets."""
    schema = dict(type_.schema)
    if not isinstance(notes.default, Absent | Factory):
        schema["default"] = notes.default
    schema |= notes.shown | notes.extra
    if "title" not in schema and type_.titled:
        schema["title"] = title(name)
    return without_redundant(schema, definitions)


def title(name: str) -> str:
    """`my_field` → `My Field`."""
    return name.title().replace("_", " ").strip()


def without_redundant(schema: JsonObject, definitions: Mapping[str, JsonObject]) -> JsonObject:
    """The schema without what the definition that it refers to says already."""
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    target = definitions.get(reference.rpartition("/")[2], {})
    return {
        key: item for key, item in schema.items() if key == "$ref" or key not in target or target[key] != item
    }


def definition_name(name: str) -> str:
    """The key of a class among the definitions."""
    return re.sub(r"[^a-zA-Z0-9.\-_]", "_", name)
