"""What the top level of a module binds to its names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class Imported:
    """`from module import name`, or `import module` where `name` is None. `level` counts the leading dots."""

    level: int
    module: tuple[str, ...]
    name: str | None


@dataclass(frozen=True, slots=True)
class Assigned:
    """A name that is assigned once."""

    value: ast.expr


@dataclass(frozen=True, slots=True)
class Opaque:
    """A name whose value depends on what the code does; `why` continues “`x` …”."""

    why: str


Binding: TypeAlias = "Imported | Assigned | Opaque | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef"

_TWICE = Opaque("is bound more than once")
_CONDITIONAL = Opaque("is bound in a condition, a loop or the like")
_CHANGED = Opaque("is changed after it is bound")
_NAMESPACES = frozenset({"exec", "eval", "globals", "vars", "locals", "__import__", "setattr", "delattr"})
"""Calling one of these at the top level can bind or change any name."""


def bindings(tree: ast.Module) -> dict[str, Binding]:
    """Every name that the module binds, by what it stands for once the module has run."""
    found: dict[str, Binding] = {}
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and any(alias.name == "*" for alias in statement.names):
            # Whatever is bound before may be bound again by what is in that module.
            found = dict.fromkeys(found, Opaque("may be bound again by an `import *`"))
            continue
        for name, binding in _bound(statement):
            found[name] = binding if found.get(name, binding) == binding else _TWICE
    changed = frozenset(_changed(tree))
    # `os.environ["A"] = "b"` changes something of a module, not what the module is.
    within = frozenset(_changed(tree, deep=True))
    return {
        name: _CHANGED if name in changed or (name in within and not _is_module(binding)) else binding
        for name, binding in found.items()
    }


def _is_module(binding: Binding) -> bool:
    return isinstance(binding, Imported) and binding.name is None


def has_star(tree: ast.Module) -> bool:
    """Whether the module has an `import *`: any name that it does not bind itself may come from there."""
    return any(
        isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
        for node in ast.walk(tree)
    )


def changes_namespace(tree: ast.Module) -> bool:
    """Whether the top level calls `exec`, `globals` or the like."""
    return any(
        isinstance(node, ast.Name) and node.id in _NAMESPACES
        for statement in tree.body
        if not isinstance(statement, _DEFINITIONS)
        for node in ast.walk(statement)
    )


def bound_in(body: list[ast.stmt]) -> dict[str, Binding]:
    """The same for the body of a class: what its own names hide from its annotations and defaults."""
    found: dict[str, Binding] = {}
    for statement in body:
        for name, binding in _bound(statement):
            found[name] = _TWICE if name in found else binding
    return found


def _bound(statement: ast.stmt) -> Iterator[tuple[str, Binding]]:
    match statement:
        case ast.Import():
            yield from map(_module, statement.names)
        case ast.ImportFrom():
            yield from _names(statement)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield statement.name, statement
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value)
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
        ):
            yield name, Assigned(value)
            yield from ((inner, _CONDITIONAL) for inner in _targets(value))
        case ast.If(test=test, orelse=orelse) if _is_main(test):
            # `if __name__ == "__main__":` does not run where Prefect imports the file.
            yield from ((name, _CONDITIONAL) for part in orelse for name in _targets(part))
        case _:
            yield from ((name, _CONDITIONAL) for name in _targets(statement))


def _module(alias: ast.alias) -> tuple[str, Binding]:
    parts = tuple(alias.name.split("."))
    if alias.asname:
        return alias.asname, Imported(0, parts, None)
    return parts[0], Imported(0, parts[:1], None)


def _names(statement: ast.ImportFrom) -> Iterator[tuple[str, Binding]]:
    module = tuple(statement.module.split(".")) if statement.module else ()
    for alias in statement.names:
        yield alias.asname or alias.name, Imported(statement.level, module, alias.name)


def _is_main(test: ast.expr) -> bool:
    match test:
        case ast.Compare(
            left=ast.Name(id="__name__"), ops=[ast.Eq()], comparators=[ast.Constant(value="__main__")]
        ):
            return True
    return False


def _targets(node: ast.AST) -> Iterator[str]:
    """Every name that a statement binds in any way, not counting the bodies of functions and classes."""
    todo = [node]
    while todo:
        node = todo.pop()
        match node:
            case ast.Name(ctx=ast.Store() | ast.Del(), id=name):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
                continue
            case ast.ExceptHandler(name=str() as name) | ast.MatchAs(name=str() as name):
                yield name
            case ast.MatchStar(name=str() as name) | ast.MatchMapping(rest=str() as name):
                yield name
            case ast.Import() | ast.ImportFrom():
                yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
        todo.extend(ast.iter_child_nodes(node))


def _changed(tree: ast.Module, *, deep: bool = False) -> Iterator[str]:
    """The names that something in the file changes: `global x`, `x.y = …`, `del x[…]`; deep: `x.y.z = …`."""
    for node in ast.walk(tree):
        match node:
            case ast.Global(names=names):
                yield from names
            case (
                ast.Attribute(ctx=ast.Store() | ast.Del(), value=owner)
                | ast.Subscript(ctx=ast.Store() | ast.Del(), value=owner)
            ):
                yield from _root(owner, deep)


def _root(node: ast.expr, deep: bool) -> Iterator[str]:
    while deep and isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id
