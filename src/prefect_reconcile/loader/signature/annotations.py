"""Annotations: from an expression to the JSON schema that pydantic writes for it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from json import dumps
from typing import Protocol

from prefect_reconcile.loader.signature.fields import Notes, Type, constrained, field_notes
from prefect_reconcile.loader.signature.scope import Class, External, Scope, Value, canonical
from prefect_reconcile.loader.signature.table import ANY, ARRAYS, MAPPINGS, NAMED, NULL, WITHOUT_SCHEMA
from prefect_reconcile.loader.signature.unknown import NoSchemaError, shown
from prefect_reconcile.loader.signature.values import Classes, Made, encoded, value
from prefect_reconcile.model import ABSENT, Json, JsonObject

_LONGEST = 2_000
"""How long an annotation in quotes may be."""


class Definitions(Classes, Protocol):
    """The classes of the repository, whose schemas are kept apart and referred to."""

    def type_of(self, node: ast.expr, class_: Class, scope: Scope) -> Type:
        """The type that a class is; its definition is kept."""


def type_of(node: ast.expr, scope: Scope, classes: Definitions) -> Type:
    """The type that an annotation means.

    Raises NotStaticError where that depends on more than the repository says, NoSchemaError where pydantic
    has no schema for it.
    """
    with scope.step(node):
        match node:
            case ast.Constant(value=None):
                return NULL
            case ast.Constant(value=str() as quoted):
                return _quoted(node, quoted, scope, classes)
            case ast.BinOp(op=ast.BitOr()):
                return _union(_alternatives(node), scope, classes)
            case ast.Subscript():
                return _generic(node, scope, classes)
            case ast.Name() | ast.Attribute():
                return _named(node, scope, classes)
            case _:
                raise scope.error(node, f"the type `{shown(node)}` is computed")


def _alternatives(node: ast.expr) -> list[ast.expr]:
    """`a | b | c` → [a, b, c]"""
    found: list[ast.expr] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        found.append(node.right)
        node = node.left
    return [node, *reversed(found)]


def parsed(node: ast.Constant, quoted: str, scope: Scope) -> ast.expr:
    """An annotation in quotes as an expression, at the place of the quotes."""
    try:
        if len(quoted) > _LONGEST:
            raise ValueError(quoted)
        expression = ast.parse(quoted, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise scope.error(node, f"`{shown(node)}` is not a type") from None
    for part in ast.walk(expression):
        if isinstance(part, ast.expr):
            part.lineno = node.lineno
    return expression


def _quoted(node: ast.Constant, quoted: str, scope: Scope, classes: Definitions) -> Type:
    if not scope.quotable:
        # Prefect evaluates a parameter's annotation, but not what is in quotes within it; pydantic then
        # looks the name up in a module of Prefect's, where it usually is not.
        raise scope.error(node, f"what {shown(node)} in quotes within a type means is not known to Prefect")
    return type_of(parsed(node, quoted, scope), scope, classes)


def _named(node: ast.Name | ast.Attribute, scope: Scope, classes: Definitions) -> Type:
    match scope.symbol(node):
        case Class() as found:
            return classes.type_of(node, found, scope)
        case Value(module=module, value=alias):
            return _alias(alias, scope.at(module), classes)
        case External(name=name):
            return _external(node, canonical(name), scope)
        case _:
            raise scope.error(node, f"`{shown(node)}` is not a type")


def _alias(node: ast.expr, scope: Scope, classes: Definitions) -> Type:
    match node:
        case ast.Call(func=func, args=[_, supertype], keywords=[]) if (
            scope.external(func) == "typing.NewType"
        ):
            return type_of(supertype, scope, classes)
        case _:
            return type_of(node, scope, classes)


def _external(node: ast.expr, name: str, scope: Scope) -> Type:
    if name in WITHOUT_SCHEMA:
        raise NoSchemaError
    found = NAMED.get(name) or ARRAYS.get(name)
    if found is None and name in MAPPINGS:
        found = _mapping(ANY, ANY, MAPPINGS[name])
    if found is None:
        known = "is not one that is known" if name.startswith("builtins.") else "is not from this repository"
        raise scope.error(node, f"the type `{shown(node)}` {known}")
    return found


# --- types with arguments


def _generic(node: ast.Subscript, scope: Scope, classes: Definitions) -> Type:
    name = scope.external(node.value)
    arguments = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
    if name in WITHOUT_SCHEMA:
        raise NoSchemaError
    if name in _FORMS and (arguments or _FORMS[name] is _tuple):
        return _FORMS[name](arguments, scope, classes)
    if name in ARRAYS and len(arguments) == 1:
        container = ARRAYS[name]
        items = type_of(arguments[0], scope, classes).written
        return replace(container, schema=container.schema | {"items": items})
    if name in MAPPINGS and len(arguments) == 2:
        keys, values = (type_of(argument, scope, classes) for argument in arguments)
        return _mapping(keys, values, MAPPINGS[name])
    if name in _OF_TEXT and [scope.external(argument) for argument in arguments] == ["builtins.str"]:
        return NAMED[name]
    raise scope.error(node, f"the type `{shown(node)}` is not one that is known")


_OF_TEXT = frozenset({"os.PathLike", "typing.Pattern"})


def _mapping(keys: Type, values: Type, kind: str) -> Type:
    names, items = dict(keys.written), dict(values.written)
    pattern = names.pop("pattern", None) if "$ref" not in names else None
    names.pop("title", None)
    items.pop("title", None)
    schema: JsonObject = {"type": "object"}
    if isinstance(pattern, str):
        schema["patternProperties"] = {pattern: items}
    else:
        schema["additionalProperties"] = items or True
    if (names.get("type") == "string" and len(names) > 1) or "$ref" in names:
        names.pop("type", None)
        schema["propertyNames"] = names
    return Type(schema, kind=kind)


def _tuple(arguments: list[ast.expr], scope: Scope, classes: Definitions) -> Type:
    match arguments:
        case [first, ast.Constant(value=value)] if value is ...:
            return Type({"type": "array", "items": type_of(first, scope, classes).written}, kind="array")
    items: list[Json] = [type_of(argument, scope, classes).written for argument in arguments]
    schema: JsonObject = {"type": "array", "minItems": len(items), "maxItems": len(items)}
    return Type(schema | {"prefixItems": items} if items else schema)


def _optional(arguments: list[ast.expr], scope: Scope, classes: Definitions) -> Type:
    if len(arguments) > 1:
        raise scope.error(arguments[0], "`Optional` is of one type")
    return union([type_of(arguments[0], scope, classes), NULL])


def _union(arguments: list[ast.expr], scope: Scope, classes: Definitions) -> Type:
    members: list[Type] = []
    without: list[ast.expr] = []
    for argument in arguments:
        try:
            members.append(type_of(argument, scope, classes))
        except NoSchemaError:
            without.append(argument)
    if not without:
        return union(members)
    if len(without) == 1 and all(map(_is_null, members)):
        raise NoSchemaError
    # Pydantic leaves out the types without a schema, by rules that depend on where else they are used.
    raise scope.error(without[0], f"pydantic has no schema for `{shown(without[0])}`")


def _is_null(type_: Type) -> bool:
    """Whether a type is `None` itself; with a note it is one type among others."""
    return type_ == NULL


def union(members: Sequence[Type]) -> Type:
    """Any of several types. Null comes last, a union in a union is flattened, equal schemas are one."""
    flat = [inner for member in members for inner in (member.members or (member,))]
    rest = [member for member in flat if not _is_null(member)]
    if not rest:
        return NULL
    found = rest[0] if len(rest) == 1 else Type(_any_of([member.written for member in rest]))
    if len(rest) < len(flat):
        found = Type(_any_of([found.written, NULL.schema]), titled=found.titled)
    return replace(found, members=tuple(flat)) if len(flat) > 1 else found


def _any_of(schemas: Iterable[JsonObject]) -> JsonObject:
    flat: list[Json] = []
    for schema in schemas:
        inner = schema.get("anyOf") if len(schema) == 1 else None
        flat += inner if isinstance(inner, list) else [schema]
    choices = _distinct(flat)
    first = choices[0]
    return first if len(choices) == 1 and isinstance(first, dict) else {"anyOf": choices}


def _distinct(values: Iterable[Json]) -> list[Json]:
    """Each value once; `1` and `true` are two."""
    return list({dumps(value, sort_keys=True): value for value in values}.values())


def _annotated(arguments: list[ast.expr], scope: Scope, classes: Definitions) -> Type:
    found = type_of(arguments[0], scope, classes)
    for metadata in arguments[1:]:
        notes = _metadata(metadata, scope, classes)
        if found.notes.default is not ABSENT and notes.default is not ABSENT:
            raise scope.error(metadata, f"`{shown(metadata)}` is the second default of a type")
        found = with_constraints(found, notes, metadata, scope)
        found = replace(found, notes=found.notes.then(replace(notes, constraints={})), members=())
    return found


_METADATA = {
    "annotated_types.Gt": "gt",
    "annotated_types.Ge": "ge",
    "annotated_types.Lt": "lt",
    "annotated_types.Le": "le",
    "annotated_types.MultipleOf": "multiple_of",
    "annotated_types.MinLen": "min_length",
    "annotated_types.MaxLen": "max_length",
}


def _metadata(node: ast.expr, scope: Scope, classes: Definitions) -> Notes:
    match node:
        case ast.Constant():
            return Notes()
        case ast.Call(func=func, args=arguments, keywords=keywords):
            name = scope.external(func)
            if name == "pydantic.Field":
                return field_notes(node, scope, classes)
            if name == "pydantic.StringConstraints" and not arguments:
                return field_notes(node, scope, classes)
            if name in _METADATA and len(arguments) == 1 and not keywords:
                keyword = ast.keyword(_METADATA[name], arguments[0])
                return field_notes(ast.copy_location(ast.Call(func, [], [keyword]), node), scope, classes)
    raise scope.error(node, f"what `{shown(node)}` does to a type is not known")


def with_constraints(type_: Type, notes: Notes, node: ast.AST, scope: Scope) -> Type:
    """The type with the constraints of the notes; those on `X | None` are constraints on X."""
    if not notes.constraints:
        return type_
    inner = [member for member in type_.members if not _is_null(member)]
    if len(inner) == 1:
        return union([with_constraints(inner[0], notes, node, scope), NULL])
    schema = constrained(type_.schema, type_.kind, notes.constraints)
    if schema is None:
        raise scope.error(node, "what the constraints do to such a type is not known")
    return replace(type_, schema=schema)


def _literal(arguments: list[ast.expr], scope: Scope, classes: Definitions) -> Type:
    values = _distinct(_literals(arguments, scope, classes))
    if values == [None]:
        return Type({"const": None, "type": "null"})
    schema: JsonObject = {"const": values[0]} if len(values) == 1 else {"enum": values}
    return Type(schema | json_type(values))


def _literals(arguments: list[ast.expr], scope: Scope, classes: Definitions) -> Iterator[Json]:
    for node in arguments:
        with scope.step(node):
            match node:
                case ast.Subscript(value=origin, slice=inner) if scope.external(origin) == "typing.Literal":
                    parts = list(inner.elts) if isinstance(inner, ast.Tuple) else [inner]
                    yield from _literals(parts, scope, classes)
                case ast.Constant() | ast.UnaryOp(operand=ast.Constant()) | ast.Attribute():
                    yield _literal_value(node, scope, classes)
                case _:
                    raise scope.error(node, f"`{shown(node)}` in a `Literal` is computed")


def _literal_value(node: ast.expr, scope: Scope, classes: Definitions) -> Json:
    known = value(node, scope, classes)
    if known is None or isinstance(known, str | int | bytes | Made):
        return encoded(known, node, scope)
    raise scope.error(node, f"`{shown(node)}` cannot be in a `Literal`")


_JSON_TYPES: dict[type, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    list: "array",
}


def json_type(values: Sequence[Json]) -> JsonObject:
    """`{"type": …}` for values of one type, else nothing."""
    types = {type(item) for item in values}
    name = _JSON_TYPES.get(types.pop()) if len(types) == 1 else None
    return {"type": name} if name else {}


_FORMS: dict[str, Callable[[list[ast.expr], Scope, Definitions], Type]] = {
    "builtins.tuple": _tuple,
    "typing.Annotated": _annotated,
    "typing.Literal": _literal,
    "typing.Optional": _optional,
    "typing.Tuple": _tuple,
    "typing.Union": _union,
}
