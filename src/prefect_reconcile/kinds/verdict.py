"""What Prefect has against a value by a JSON schema.

Source: `prefect.utilities.schema_tools.validation` of Prefect 3.8.8. The verdict has to be Prefect's own, so
the same library gives it. Unlike there, what would take too long is not carried through. The library is
imported once there is something to check.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, lru_cache
from json import dumps, loads
from math import log10
from typing import TYPE_CHECKING, Any, cast

from prefect_reconcile.kinds.findings import shown
from prefect_reconcile.model import JsonObject, Path

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

Schema = dict[str, Any]
"""A JSON schema is a document of any shape: its parts are looked at, never trusted."""

MOST_REFERENCES = 50_000
"""How many `$ref` are followed for one value: some schemas ask for more than a lifetime."""

MOST_STEPS = 7
"""The logarithm of how many steps a search for a pattern may take: ten million are a tenth of a second."""

MOST_NESTED = 80
"""How many `$ref` within each other: Python, and so Prefect, gives up at about 120."""

DEEPEST = 80
"""Mappings and lists within each other in a schema: Python, and so Prefect, gives up at twice as many.
Prefect writes two for each level of a parameter's type."""

_KEPT = 1000

# What jsonschema, and with it Prefect, raises on a schema whose parts have other types than they should.
_BROKEN = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, re.error)


@dataclass(frozen=True, slots=True)
class Rules:
    """How Prefect reads a schema before it checks a value.

    `adapts`: an optional property without default may be null, since pydantic 1 wrote such schemas;
    `null_beside_default`: so may one with a default. Nothing is ever required but inside a list.
    """

    adapts: bool = True
    null_beside_default: bool = False


class UnusableSchemaError(Exception):
    """A schema that Prefect cannot use; `path` is the place in it, as far as that is known."""

    def __init__(self, what: str, path: Path = ()) -> None:
        super().__init__(what)
        self.what = what
        self.path = path


class TooMuchError(Exception):
    """A check that would take too long; the text says why."""


@dataclass(frozen=True, slots=True)
class Violation:
    """What a keyword of a schema has against a value at a path; `schema` is what it stands in.

    Without keyword, the schema itself is `false`. `branches` are what each of its alternatives has against
    the value. With `of_key`, the value is a key of the mapping at the path.
    """

    keyword: str
    limit: Any
    value: Any
    path: Path
    schema: Schema
    branches: tuple[tuple[Violation, ...], ...] = ()
    of_key: bool = False


@dataclass(frozen=True, slots=True)
class Checker:
    """What checks values by one schema, and the patterns of keys in it."""

    validator: Validator
    key_patterns: tuple[str, ...]


def checker(schema: JsonObject, rules: Rules) -> Checker:
    """Raises `UnusableSchemaError` where Prefect cannot read the schema. Whether it is one, `check` tells."""
    return _checker(dumps(schema), rules)


@lru_cache(_KEPT)
def _checker(text: str, rules: Rules) -> Checker:
    from referencing import Registry

    read = _read(loads(text), rules)
    # An empty registry fetches nothing from elsewhere.
    return Checker(_validator()(read, registry=Registry()), tuple(_key_patterns(read)))


def violations(value: JsonObject, by: Checker) -> list[Violation]:
    """All that is wrong with a value. Raises `UnusableSchemaError` where only this value shows that, and
    `TooMuchError`."""
    from jsonschema.exceptions import UnknownType
    from referencing.exceptions import Unresolvable

    if by.key_patterns:
        _refuse_long_searches(by.key_patterns, max(map(len, _keys(value)), default=0))
    _left.set(MOST_REFERENCES)
    _active.set([])
    try:
        return [_violation(error) for error in by.validator.iter_errors(value)]
    except Unresolvable as error:
        raise UnusableSchemaError(_unresolvable(str(error.ref))) from error
    except (UnknownType, *_BROKEN) as error:
        raise UnusableSchemaError(_UNREADABLE) from error


def _unresolvable(reference: str) -> str:
    if "://" in reference:
        return f'it refers to "{reference}", which Prefect does not fetch'
    return f'it refers to "{"#" if reference.startswith("/") else ""}{reference}", which is not in it'


def _violation(error: ValidationError) -> Violation:
    branches: dict[str | int, list[Violation]] = {}
    for one in error.context or ():
        branches.setdefault(one.relative_schema_path[0], []).append(_violation(one))
    return Violation(
        str(error.validator or ""),
        error.validator_value,
        error.instance,
        tuple(error.absolute_path),
        error.schema if isinstance(error.schema, dict) else {},
        tuple(map(tuple, branches.values())),
        "propertyNames" in error.relative_schema_path,
    )


def check(schema: JsonObject, rules: Rules) -> None:
    """Raises `UnusableSchemaError` where a schema is none, or none that Prefect can read."""
    _check(dumps(schema), rules)


@lru_cache(_KEPT)
def _check(text: str, rules: Rules) -> None:
    from jsonschema import Draft202012Validator, SchemaError

    written = loads(text)
    try:
        # Where it is not adapted, Prefect has a look at what is required, too.
        read = _read(written, rules)
        Draft202012Validator.check_schema(read if rules.adapts else written)
    except SchemaError as error:
        what = f"{shown(error.instance)} is not possible here in a JSON schema"
        raise UnusableSchemaError(what, _existing(written, tuple(error.absolute_path))) from error


def _is_too_deep(schema: Any) -> bool:
    """Whether there are more mappings and lists within each other than there should be."""
    level = [schema]
    for _ in range(DEEPEST):
        inner = [one.values() if isinstance(one, dict) else one for one in level]
        level = [one for values in inner for one in values if isinstance(one, (dict, list))]
        if not level:
            return False
    return True


def _existing(schema: Any, place: Path) -> Path:
    """The place in the schema as it was written, where `type` may not be in `anyOf` yet."""
    for depth, step in enumerate(place):
        if step == "anyOf" and "type" in schema and step not in schema:
            return (*place[:depth], "type")
        try:
            schema = schema[step]
        except (LookupError, TypeError):
            return place[:depth]
    return place


# ---- the schema as Prefect reads it


def _read(schema: Schema, rules: Rules) -> Schema:
    if _is_too_deep(schema):
        raise UnusableSchemaError("it is nested too deeply")
    try:
        adapted = _adapted(schema, rules.null_beside_default) if rules.adapts else schema
    except _BROKEN as error:
        raise UnusableSchemaError(_UNREADABLE) from error
    return cast("Schema", _without_required(adapted))


_UNREADABLE = "Prefect cannot read it"


def _without_required(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: _without_required(part) for key, part in value.items() if key != "required"}


def _adapted(written: Schema, null_beside_default: bool) -> Schema:
    schema = deepcopy(written)
    if "properties" in schema:
        _adapt(schema, null_beside_default, ())
    if "definitions" in schema:
        for name, definition in list(schema["definitions"].items()):
            if "properties" in definition:
                _adapt(definition, null_beside_default, ("definitions", name))
            if "block_type_slug" in definition:
                schema["definitions"][definition["title"]] = {"oneOf": [definition, _BLOCK_REFERENCE]}
    return schema


_BLOCK_REFERENCE: Schema = {
    "type": "object",
    "properties": {
        "$ref": {
            "oneOf": [
                {"type": "string", "format": "uuid"},
                {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1},
            ]
        }
    },
    "required": ["$ref"],
}


def _adapt(mapping: Schema, null_beside_default: bool, path: Path) -> None:
    """Adapts the schemas of a mapping's keys in place. `path` is where that of the mapping stands."""
    required = mapping.get("required", [])
    for name, schema in mapping["properties"].items():
        place = (*path, "properties", name)
        if not isinstance(schema, dict):
            raise UnusableSchemaError("Prefect wants a mapping here, even where JSON schema does not", place)
        without_default = "default" not in schema or null_beside_default
        if name not in required and schema.get("type", "null") != "null" and without_default:
            schema["anyOf"] = [{"type": schema.pop("type")}, {"type": "null"}]
        if schema.get("items") and isinstance(schema["items"], list) and not schema.get("prefixItems"):
            schema["prefixItems"] = schema.pop("items")
        if "properties" in schema:
            _adapt(schema, null_beside_default, place)


# ---- bounds

_left: ContextVar[int] = ContextVar("left")
"""How many references may still be followed in this check."""

_active: ContextVar[list[tuple[int, int]]] = ContextVar("active")
"""The references that are being followed: the schemas they stand in, and the values, by their ids."""


@contextmanager
def _following(schema: int, instance: int) -> Iterator[None]:
    """While a reference is followed. Where the same one is already, for the same value, there is no end.

    To wait for Python's limit is no way: the library below, which is not written in Python, panics there.
    """
    active = _active.get()
    if (schema, instance) in active:
        raise UnusableSchemaError("it refers to itself without end")
    if len(active) >= MOST_NESTED:
        raise TooMuchError("the schema's references lead too deep")
    active.append((schema, instance))
    try:
        yield
    finally:
        active.pop()


@cache
def _validator() -> type[Validator]:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    known = Draft202012Validator.VALIDATORS

    def counted(keyword: str) -> Any:
        def follow(validator: Any, reference: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
            _left.set(_left.get() - 1)
            if _left.get() < 0:
                raise TooMuchError("the schema's references lead to too many places")
            with _following(id(schema), id(instance)):
                yield from known[keyword](validator, reference, instance, schema) or ()

        return follow

    def pattern(validator: Any, pattern: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if isinstance(instance, str):
            _refuse_long_searches((pattern,), len(instance))
        yield from known["pattern"](validator, pattern, instance, schema) or ()

    guarded = {"$ref": counted("$ref"), "$dynamicRef": counted("$dynamicRef"), "pattern": pattern}
    return cast("type[Validator]", extend(Draft202012Validator, guarded))  # type: ignore[no-untyped-call]


def _refuse_long_searches(patterns: tuple[str, ...], length: int) -> None:
    for pattern in patterns:
        base, degree = _growth(pattern)
        if length and length * log10(base) + degree * log10(length) > MOST_STEPS:
            raise TooMuchError(f"the pattern {pattern} could take very long")


_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?.|\{\d+\}|\{\d*,\d*\}|.", re.DOTALL)


@lru_cache(_KEPT)
def _growth(pattern: str) -> tuple[int, int]:
    """At most how many steps a search takes: base ** length * length ** degree, for a pattern and a length.

    A choice is a quantifier or an alternative. In a repeated group it can be made anew at each character,
    outside of one a quantifier can end at each.
    """
    base = 1
    groups = [_Group()]
    tokens: list[str] = _TOKEN.findall(pattern)
    for mark, following in zip(tokens, [*tokens[1:], ""], strict=True):
        if mark.startswith("("):
            groups.append(_Group())
        elif mark == ")" and len(groups) > 1:
            inner = groups.pop()
            if following[:1] in ("*", "+", "{"):
                base += inner.choices
            else:
                groups[-1].add(inner.choices, inner.quantifiers)
        elif mark == "|":
            groups[-1].add(1, 0)
        elif mark[:1] in ("*", "+", "?") or (mark.startswith("{") and "," in mark):
            groups[-1].add(1, 1)
    return base, groups[0].quantifiers + (not pattern.startswith("^"))


@dataclass(slots=True)
class _Group:
    choices: int = 0
    quantifiers: int = 0

    def add(self, choices: int, quantifiers: int) -> None:
        self.choices += choices
        self.quantifiers += quantifiers


def _key_patterns(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        patterns = schema.get("patternProperties")
        yield from patterns if isinstance(patterns, dict) else ()
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _key_patterns(part)


def _keys(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _keys(part)
