"""Enums: the values of their members, and their definition."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from prefect_reconcile.loader.signature.annotations import json_type
from prefect_reconcile.loader.signature.bindings import bound_in
from prefect_reconcile.loader.signature.lineage import Lineage
from prefect_reconcile.loader.signature.scope import Scope
from prefect_reconcile.loader.signature.unknown import shown
from prefect_reconcile.loader.signature.values import Classes, Known, encoded, value
from prefect_reconcile.model import Json, JsonObject

_MIXED_IN: dict[str, type] = {
    "builtins.str": str,
    "enum.StrEnum": str,
    "builtins.int": int,
    "enum.IntEnum": int,
    "builtins.float": float,
}
"""What an enum's values are made to be: one that is not so already would become another value."""
_DECIDING = frozenset({"__init__", "__new__", "_generate_next_value_", "_value_", "name", "value"})
"""Names by which an enum makes the values of its members itself."""


def members(own: Lineage, scope: Scope, classes: Classes) -> dict[str, Json]:
    """The members by name, with their values as JSON; an alias has the value of the first of its kind."""
    node = own.youngest.node
    if node.keywords or _DECIDING & bound_in(node.body).keys():
        raise scope.error(node, f"the enum `{node.name}` makes its own values")
    mixed_in = next((_MIXED_IN[base] for base in sorted(own.bases) if base in _MIXED_IN), None)
    known: list[tuple[str, Known, ast.expr]] = []
    first: dict[Known, Known] = {}
    for name, written in _assigned(node, scope):
        if _is_auto(written, scope):
            found = _next(name, [item for _, item, _ in known], own, written, scope)
        else:
            found = value(written, scope, classes)
        if mixed_in is not None and type(found) is not mixed_in:
            raise scope.error(written, f"the value of `{node.name}.{name}` is converted when the code runs")
        if isinstance(found, list | dict | set):
            raise scope.error(written, f"the value of `{node.name}.{name}` can change when the code runs")
        known.append((name, first.setdefault(found, found), written))
    if not known:
        raise scope.error(node, f"the enum `{node.name}` has no members")
    return {name: encoded(item, written, scope) for name, item, written in known}


def _assigned(node: ast.ClassDef, scope: Scope) -> Iterator[tuple[str, ast.expr]]:
    seen: set[str] = set()
    for statement in node.body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=written)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as written)
            ) if not name.startswith("_") and name not in seen:
                seen.add(name)
                yield name, written
            case ast.FunctionDef(name=name) if name not in seen:
                seen.add(name)
            case ast.Pass() | ast.Expr(value=ast.Constant()) | ast.AnnAssign(value=None):
                pass
            case _:
                raise scope.error(statement, f"what `{shown(statement)}` does in an enum is not known")


def _is_auto(node: ast.expr, scope: Scope) -> bool:
    return isinstance(node, ast.Call) and not node.args and scope.external(node.func) == "enum.auto"


def _next(name: str, before: list[Known], own: Lineage, node: ast.expr, scope: Scope) -> Known:
    """What `auto()` gives: the name in lower case in a StrEnum, else one more than the highest value."""
    if "enum.StrEnum" in own.bases:
        return name.lower()
    numbers = [item for item in before if isinstance(item, int) and not isinstance(item, bool)]
    if len(numbers) < len(before) or "builtins.str" in own.bases:
        raise scope.error(node, "what `auto()` gives after a value that is not an integer is not known")
    return max(numbers, default=0) + 1


def definition(name: str, values: list[Json]) -> JsonObject:
    """The schema of an enum."""
    return {"title": name, "enum": values, **json_type(values)}
