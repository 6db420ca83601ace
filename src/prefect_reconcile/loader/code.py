"""What the code at an entrypoint says, without running it."""

from __future__ import annotations

import ast
import sys
import warnings
from dataclasses import replace
from functools import cache
from pathlib import Path

from prefect_reconcile.kinds.protocol import CodeLookup
from prefect_reconcile.loader import entrypoints
from prefect_reconcile.loader.entrypoints import Entrypoint, Folders
from prefect_reconcile.loader.flows import Elsewhere, Flow, Flows
from prefect_reconcile.loader.signature import Unknown, parameter_schema
from prefect_reconcile.loader.signature.parameters import parameter_names
from prefect_reconcile.loader.signature.scope import Resolve
from prefect_reconcile.model import FlowFacts, NoFlow

MAX_BYTES = 2**20
"""How large a file may be. To read one of this size takes a second and 250 MiB."""
_MAX_IMPORTS = 10
"""How many modules may hand a flow on from one to the next."""


class Code:
    """The Python files of a repository, whose root is `root`.

    `only` is the folder, seen from the root, that all entrypoints start from. Without it they start from
    the folder of their manifest and, where no such file is, from the root. Nothing outside of these folders
    is read or listed.
    """

    def __init__(self, root: Path, only: Path | None = None) -> None:
        self._root = root.resolve()
        self._only = None if only is None else (root / only).resolve()
        # A module is the same object each time, which is how the classes in it are told apart.
        self._flows = cache(self._read_flows)
        self._facts = cache(self._read_facts)
        self._lookups = cache(self._lookup)

    def lookup(self, folder: Path) -> CodeLookup:
        """Looks entrypoints up for a manifest in `folder`."""
        return self._lookups(folder)

    def _lookup(self, folder: Path) -> CodeLookup:
        beside = folder.resolve()
        starts = _distinct(beside, self._root) if self._only is None else (self._only,)
        allowed = _distinct(self._root, beside, *starts)

        @cache
        def look(written: str) -> FlowFacts | NoFlow:
            entrypoint = entrypoints.parse(written)
            no_entrypoint = NoFlow(
                f"{written!r:.80} is no entrypoint", "write path.py:function", certain=True
            )
            if entrypoint is None:
                return no_entrypoint
            paths = (start / path for start in starts for path in entrypoint.paths)
            file = entrypoints.first_inside(paths, allowed)
            found = self._facts(file, entrypoint.name, allowed) if file else None
            if entrypoint.is_file_name and not isinstance(found, FlowFacts):
                return no_entrypoint
            return found or self._not_found(entrypoint, starts, allowed)

        return look

    def _read_flows(self, file: Path) -> Flows | NoFlow:
        tree = _tree(file, self._shown(file))
        return tree if isinstance(tree, NoFlow) else Flows(tree, file, self._shown(file))

    def _read_facts(self, file: Path, name: str, allowed: Folders) -> FlowFacts | NoFlow:
        found = self._find(file, name, file.parent, allowed)
        if isinstance(found, NoFlow):
            return found
        flows, flow = found
        resolve = self._resolver(flows.path, file.parent, allowed)
        schema = parameter_schema(flows.tree, flow.function, resolve)
        names = parameter_names(flows.tree, flow.function, resolve)
        if isinstance(schema, Unknown):
            unknown = f"{flows.label}:{schema.line}: {schema.reason}"
            return FlowFacts(flow.name, flow.description, None, unknown, names)
        return FlowFacts(flow.name, flow.description, schema, None, names)

    def _find(
        self, file: Path, name: str, home: Path, allowed: Folders, hops: int = _MAX_IMPORTS
    ) -> tuple[Flows, Flow] | NoFlow:
        """The flow, with the file that defines it: the entrypoint's may import it."""
        flows = self._flows(file)
        if isinstance(flows, NoFlow):
            return flows
        found = flows.find(name)
        if not isinstance(found, Elsewhere):
            return found if isinstance(found, NoFlow) else (flows, found)
        source = self._module(found.module, found.level, file, home, allowed)
        if source is None or not hops:
            return found.unread
        further = self._find(source, found.name, home, allowed, hops - 1)
        if isinstance(further, NoFlow) and further.certain:  # it may be a module beside it
            return replace(further, remedy=found.unread.remedy, certain=False)
        return further

    def _resolver(self, file: Path, home: Path, allowed: Folders) -> Resolve:
        """Finds the modules that a file imports on behalf of a script in the folder `home`."""

        def resolve(module: str, level: int) -> ast.Module | None:
            found = self._module(module, level, file, home, allowed)
            flows = self._flows(found) if found else None
            return flows.tree if isinstance(flows, Flows) else None

        return resolve

    def _module(self, module: str, level: int, file: Path, home: Path, allowed: Folders) -> Path | None:
        """The file of a module: from the script's folder as Python has it, and from where it is run."""
        starts = list(file.parents[level - 1 : level]) if level else [home, self._only or self._root]
        path = module.replace(".", "/")
        names = [f"{path}.py", f"{path}/__init__.py"] if path else ["__init__.py"]
        return entrypoints.first_inside((start / name for start in starts for name in names), allowed)

    def _not_found(self, entrypoint: Entrypoint, starts: Folders, allowed: Folders) -> NoFlow:
        paths = [start / entrypoint.paths[-1] for start in starts]
        folder = next((path for path in paths if entrypoints.inside(path, allowed, Path.is_dir)), None)
        if folder is not None:
            return NoFlow(f"{self._shown(folder)} is a folder", "name a file")
        where = " and ".join("the working directory" if s == self._root else self._shown(s) for s in starts)
        what = f"no code is found here for {str(entrypoint)!r:.80} (looked in {where})"
        near = entrypoints.near(entrypoint, starts, allowed)
        perhaps = f"correct it, perhaps to {str(near)!r:.80}"
        remedy = perhaps if near else "correct it, or run where the code is"
        return NoFlow(what, remedy, elsewhere=not near)

    def _shown(self, path: Path) -> str:
        return (path.relative_to(self._root) if path.is_relative_to(self._root) else path).as_posix()


def _distinct(*folders: Path) -> Folders:
    return tuple(dict.fromkeys(folders))


def _tree(file: Path, shown: str) -> ast.Module | NoFlow:
    """The syntax tree of a file, or why there is none; the Python that it is for may be newer than ours."""
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        return NoFlow(f"{shown} cannot be read: {error.strerror}", "check its permissions")
    if len(data) > MAX_BYTES:
        return NoFlow(f"{shown} is larger than {MAX_BYTES // 2**20} MiB", "split it")
    try:
        with warnings.catch_warnings(action="ignore"):  # what Python warns of is the author's affair
            return ast.parse(data)
    except (SyntaxError, ValueError) as error:  # the latter for null bytes, before Python 3.11.4
        line, reason = getattr(error, "lineno", None), getattr(error, "msg", str(error))
        return _no_python(f"{shown}:{line}" if line else shown, reason)
    except (RecursionError, MemoryError):
        return NoFlow(f"{shown} is nested too deep to be read", "simplify it")


def _no_python(where: str, reason: str) -> NoFlow:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    what = f"{where} is no Python {version}: {' '.join(reason.split()):.80}"
    return NoFlow(what, "correct the file, or use the Python that it is for")
