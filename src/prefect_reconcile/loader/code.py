"""What a flow's code says without being run: its syntax tree.

Source of the rules: `prefect.flows.Flow.__init__` of Prefect 3.8.8.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from inspect import cleandoc
from pathlib import Path

from prefect_reconcile.kinds.protocol import CodeLookup
from prefect_reconcile.model import FlowFacts

_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Code:
    """The Python files of a repository, whose root is `root`. No file outside of it is read."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._tree = cache(_tree)

    def lookup(self, folder: Path) -> CodeLookup:
        """Looks an entrypoint up, `path.py:function` or `module:function`, from `folder` and then the root."""

        def look(entrypoint: str) -> FlowFacts | None:
            place, _, name = entrypoint.rpartition(":")
            for start in (folder, self._root):
                file = self._inside(start / _as_path(place)) if place else None
                if file is not None:
                    tree = self._tree(file)
                    return _facts(tree, name) if tree else None
            return None

        return look

    def _inside(self, file: Path) -> Path | None:
        try:
            resolved = file.resolve()
            found = resolved.is_relative_to(self._root) and resolved.is_file()
        except (OSError, ValueError):  # a link loop, a name too long, a null byte
            return None
        return resolved if found else None


def _as_path(place: str) -> str:
    return place if place.endswith(".py") else place.replace(".", "/") + ".py"


def _tree(file: Path) -> ast.Module | None:
    try:
        return ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _facts(tree: ast.Module, name: str) -> FlowFacts | None:
    function = next((f for f in tree.body if isinstance(f, _Function) and f.name == name), None)
    if function is None:
        return None
    names = set(_names_of_flow(tree))
    decorator = next((d for d in function.decorator_list if _is_flow(d, names)), None)
    if decorator is None:
        return None
    arguments = _arguments(decorator)
    written = arguments.get("name")
    return FlowFacts(
        name=_text(written) if written else function.name.replace("_", "-"),
        description=_text(arguments.get("description")) or cleandoc(ast.get_docstring(function) or ""),
    )


def _names_of_flow(tree: ast.Module) -> Iterator[str]:
    """The local names of `prefect.flow`, as `flow`, `prefect.flow` or an alias."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module in ("prefect", "prefect.flows"):
            yield from (alias.asname or alias.name for alias in node.names if alias.name == "flow")
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == "prefect":
                    yield f"{alias.asname or 'prefect'}.flow"


def _is_flow(decorator: ast.expr, names: set[str]) -> bool:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    return ast.unparse(target) in names


def _arguments(decorator: ast.expr) -> dict[str, ast.expr]:
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    return {keyword.arg: keyword.value for keyword in keywords if keyword.arg}


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
