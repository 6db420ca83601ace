"""What a flow's code says without being run: its syntax tree.

Source of the rules: `prefect.flows.Flow.__init__` of Prefect 3.8.8.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

from prefect_reconcile.kinds.protocol import CodeLookup
from prefect_reconcile.loader.signature import Unknown, parameter_schema
from prefect_reconcile.model import FlowFacts, NoFlow

_MODULES = ("prefect", "prefect.flows")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Code:
    """The Python files of a repository, whose root is `root`.

    No file is read that is neither below it nor below the folder of the manifest that names it.
    """

    def __init__(self, root: Path, only: Path | None = None) -> None:
        self._root = root.resolve()
        # A module is the same object each time, which is how the classes in it are told apart.
        self._tree = cache(_tree)
        self._facts = cache(self._read_facts)

    def lookup(self, folder: Path) -> CodeLookup:
        """Looks an entrypoint up from `folder` and then the root.

        It is `path.py:function`, `module:function` or `module.function`.
        """

        allowed = (self._root, folder.resolve())

        def look(entrypoint: str) -> FlowFacts | NoFlow:
            place, _, name = entrypoint.rpartition(":" if ":" in entrypoint else ".")
            for start in (folder, self._root):
                file = _inside(start / _as_path(place), allowed) if place else None
                if file is not None:
                    return self._facts(file, name, allowed) or NoFlow("no such flow", "correct it")
            return NoFlow(f"no code is found here for {entrypoint!r:.80}", "correct it")

        return look

    def _read_facts(self, file: Path, name: str, allowed: tuple[Path, ...]) -> FlowFacts | None:
        tree = self._tree(file)
        flow = _flow(tree, name) if tree else None
        if tree is None or flow is None:
            return None
        function, decorator = flow
        found = parameter_schema(tree, function, self._resolver(file, allowed))
        unknown = f"{self._shown(file)}:{found.line}: {found.reason}" if isinstance(found, Unknown) else None
        return FlowFacts(
            name=_argument(decorator, "name", function.name.replace("_", "-")),
            description=_argument(decorator, "description", ast.get_docstring(function) or ""),
            schema=None if isinstance(found, Unknown) else found,
            unknown=unknown,
        )

    def _resolver(self, file: Path, allowed: tuple[Path, ...]) -> Callable[[str, int], ast.Module | None]:
        """Finds the modules that a file imports: from its own folder, as a script's, and from the root."""

        def resolve(module: str, level: int) -> ast.Module | None:
            starts = list(file.parents[level - 1 : level]) if level else [file.parent, self._root]
            path = module.replace(".", "/")
            names = [f"{path}.py", f"{path}/__init__.py"] if path else ["__init__.py"]
            found = (_inside(start / name, allowed) for start in starts for name in names)
            first = next((one for one in found if one is not None), None)
            return self._tree(first) if first else None

        return resolve

    def _shown(self, file: Path) -> str:
        return (file.relative_to(self._root) if file.is_relative_to(self._root) else file).as_posix()


def _inside(file: Path, folders: Iterable[Path]) -> Path | None:
    try:
        resolved = file.resolve()
        found = any(map(resolved.is_relative_to, folders)) and resolved.is_file()
    except (OSError, ValueError, RuntimeError):  # a name too long, a null byte, a loop of links
        return None
    return resolved if found else None


def _as_path(place: str) -> str:
    return place if place.endswith(".py") else place.replace(".", "/") + ".py"


def _tree(file: Path) -> ast.Module | None:
    try:
        with warnings.catch_warnings(action="ignore"):  # what Python warns of is the author's affair
            return ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _flow(tree: ast.Module, name: str) -> tuple[_Function, ast.expr] | None:
    """The function of that name, and its decorator `flow`."""
    # Where a name is defined twice, Python keeps the last one.
    function = next((f for f in reversed(tree.body) if isinstance(f, _Function) and f.name == name), None)
    if function is None:
        return None
    names = set(_names_of_flow(tree))
    decorator = next((d for d in function.decorator_list if _is_flow(d, names)), None)
    return None if decorator is None else (function, decorator)


def _names_of_flow(tree: ast.Module) -> Iterator[str]:
    """The local names of `prefect.flow`, as `flow`, `prefect.flow` or an alias."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module in _MODULES and not node.level:
            yield from (alias.asname or alias.name for alias in node.names if alias.name == "flow")
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in _MODULES:
                    yield f"{alias.asname or alias.name}.flow"
                if alias.name.startswith("prefect.") and not alias.asname:
                    yield "prefect.flow"


def _is_flow(decorator: ast.expr, names: set[str]) -> bool:
    return _dotted(decorator.func if isinstance(decorator, ast.Call) else decorator) in names


def _dotted(node: ast.expr) -> str | None:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


def _argument(decorator: ast.expr, name: str, default: str) -> str | None:
    """What a keyword argument says: `default` where it is left out, null or empty, None if not literal."""
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    given = {keyword.arg: keyword.value for keyword in keywords}
    match given.get(name):
        case None:
            return None if None in given else default  # `**options` may hold it
        case ast.Constant(value=str() | None as value):
            return value or default
        case _:
            return None
