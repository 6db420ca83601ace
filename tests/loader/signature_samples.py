"""Sample modules of `signatures/`, and the syntax trees of a repository's modules."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from prefect_reconcile.loader.signature import Unknown, parameter_schema

if TYPE_CHECKING:
    from prefect_reconcile.loader.signature.scope import Resolve
    from prefect_reconcile.model import JsonObject

SAMPLES = Path(__file__).parent / "signatures"
FILES = sorted(path.relative_to(SAMPLES) for path in SAMPLES.rglob("*.py") if path.name != "__init__.py")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


def flows_of(tree: ast.Module) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    """The decorated functions of a module."""
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {node.name: node for node in functions if node.decorator_list}


def resolver(folder: Path, packages: Path) -> Resolve:
    """Finds a module as Python would, relative ones from `folder`, others below `packages`."""

    def resolve(module: str, level: int) -> ast.Module | None:
        base = folder if level else packages
        for _ in range(level - 1):
            base = base.parent
        place = base.joinpath(*module.split("."))
        found = next((p for p in (place.with_suffix(".py"), place / "__init__.py") if p.is_file()), None)
        return tree_of(found) if found else None

    return resolve


def schema_of(source: str, modules: dict[tuple[str, int], str] | None = None) -> JsonObject | Unknown:
    """Ours for the flow `f` of a source; `modules` are the other files of the repository."""
    tree = ast.parse(source)
    found = {key: ast.parse(text) for key, text in (modules or {}).items()}
    return parameter_schema(tree, flows_of(tree)["f"], lambda module, level: found.get((module, level)))
