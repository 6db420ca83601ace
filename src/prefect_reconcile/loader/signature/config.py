"""What a pydantic model's configuration does to its schema."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from prefect_reconcile.loader.signature.lineage import Lineage
from prefect_reconcile.loader.signature.scope import Class, Scope
from prefect_reconcile.loader.signature.values import Classes, encoded, value
from prefect_reconcile.model import Json, JsonObject

_SHOWN = frozenset({"extra", "json_schema_extra", "title"})
_HARMLESS = frozenset(
    {
        "arbitrary_types_allowed",
        "from_attributes",
        "frozen",
        "populate_by_name",
        "protected_namespaces",
        "str_strip_whitespace",
        "str_to_lower",
        "str_to_upper",
        "validate_assignment",
        "validate_default",
    }
)
"""Settings that leave the schema as it is."""
CHANGES_VALUES = frozenset({"str_strip_whitespace", "str_to_lower", "str_to_upper", "validate_default"})
"""Settings by which an instance can be other than its arguments."""

_ADDITIONAL: dict[Json, JsonObject] = {
    "allow": {"additionalProperties": True},
    "forbid": {"additionalProperties": False},
    "ignore": {},
}


def configuration(own: Lineage, scope: Scope, classes: Classes) -> JsonObject:
    """All settings of a model, those of its ancestors too."""
    found: JsonObject = {}
    for class_ in own.classes:
        here = scope.at(class_.module)
        for name, node in _written(class_, here):
            if name not in _SHOWN | _HARMLESS:
                raise here.error(node, f"what `{name}` of the configuration does to the schema is not known")
            found[name] = encoded(value(node, here, classes), node, here) if name in _SHOWN else None
            if name == "extra" and found[name] not in ("allow", "forbid", "ignore"):
                raise here.error(node, "the configuration is not known")
    return found


def _written(class_: Class, scope: Scope) -> Iterator[tuple[str, ast.expr]]:
    for keyword in class_.node.keywords:
        yield keyword.arg or "**", keyword.value
    for statement in class_.node.body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id="model_config")], value=written)
                | ast.AnnAssign(target=ast.Name(id="model_config"), value=ast.expr() as written)
            ):
                yield from _settings(written, scope)


def _settings(node: ast.expr, scope: Scope) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Call(func=func, args=[], keywords=keywords) if scope.external(func) == "pydantic.ConfigDict":
            yield from ((keyword.arg or "**", keyword.value) for keyword in keywords)
        case ast.Dict(keys=keys, values=values):
            for key, written in zip(keys, values, strict=True):
                yield (
                    key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else "**",
                    written,
                )
        case _:
            raise scope.error(node, "the configuration is computed")


def configured(schema: JsonObject, settings: JsonObject) -> JsonObject:
    """The schema of a model with what its configuration adds."""
    additional = _ADDITIONAL[extra] if isinstance(extra := settings.get("extra"), str) else {}
    more = settings.get("json_schema_extra")
    title = settings.get("title")
    titled: JsonObject = {"title": title} if title is not None else {}
    return schema | additional | titled | (more if isinstance(more, dict) else {})
