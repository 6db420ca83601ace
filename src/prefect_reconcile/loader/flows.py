"""What a module says about its flows, from its syntax tree alone.

Sources, all in `prefect.flows` of Prefect 3.8.8: `Flow.__init__` says what a flow is called. `prefect deploy`
takes flows only (`load_flow_from_entrypoint`). A worker makes a flow of anything that is callable and has a
name (`load_function_and_convert_to_flow`), so what is no flow is certainly wrong only where it is neither.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from prefect_reconcile.loader.signature.bindings import (
    Assigned,
    Binding,
    Imported,
    Opaque,
    bindings,
    has_star,
)
from prefect_reconcile.loader.signature.unknown import shown
from prefect_reconcile.model import NoFlow
from prefect_reconcile.spelling import did_you_mean, listed

_MODULES = {"flow": ("prefect", "prefect.flows"), "task": ("prefect", "prefect.tasks")}
"""The modules that export each decorator."""
_NAMESPACES = frozenset({"exec", "eval", "globals", "vars", "locals", "setattr"}) | {
    "modules",
    "__dict__",
    "__globals__",
    "f_globals",
}
"""Whatever uses one of these names, also as an attribute, may bind any other."""
_VALUES = (ast.Constant, ast.JoinedStr, ast.List, ast.Tuple, ast.Set, ast.Dict)
_COMPARED = 1000
"""How many flows a misspelt name is compared with."""
_LONGEST = 80
"""How long a name may be that a message quotes, or that is compared."""

_DEFINE = "define it with @flow at the top of the file"
_DECORATE = "decorate it with @flow"
_NAME = "name a function that is decorated with @flow"

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Flow:
    """A function and the decorator `flow`, or its call, that makes a flow of it.

    `is_final` says that nothing later in the file binds the name again or changes the flow.
    """

    function: Function
    decorator: ast.expr
    is_final: bool = True

    @property
    def name(self) -> str | None:
        """None where only running the code would tell."""
        return self._argument("name", self.function.name.replace("_", "-"))

    @property
    def description(self) -> str | None:
        """Empty where there is none; None where only running the code would tell."""
        return self._argument("description", ast.get_docstring(self.function) or "")

    def _argument(self, name: str, default: str) -> str | None:
        """What a keyword argument says: `default` where it is left out, null or empty."""
        keywords = self.decorator.keywords if isinstance(self.decorator, ast.Call) else []
        given = {keyword.arg: keyword.value for keyword in keywords}
        match given.get(name):
            case _ if not self.is_final:
                return None
            case None:
                return None if None in given else default  # `**options` may hold it
            case ast.Constant(value=str() | None as value):
                return value or default
            case _:
                return None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """`name` of a module that is imported, whose dotted name follows `level` dots.

    `unread` is what to say where that cannot be read.
    """

    module: str
    level: int
    name: str
    unread: NoFlow


@dataclass(frozen=True)
class Flows:
    """The flows of the module at `path`, which messages call `label`."""

    tree: ast.Module
    path: Path
    label: str

    def find(self, name: str) -> Flow | Elsewhere | NoFlow:
        """What a name of the module stands for, where `Class.method` is a name too."""
        flow = self._flow(name)
        if flow is not None:
            return flow if self._is_final(name) else replace(flow, is_final=False)
        owner, _, rest = name.partition(".")
        binding = self._bindings.get(owner)
        if binding is None:
            return self._absent(name)
        if rest:
            return self._unread(name, f"it is a member of `{owner:.{_LONGEST}}`")
        return self._other(name, binding)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The flows that are read from the code, in its order."""
        return tuple(name for name in self._bindings if self._flow(name))

    @cached_property
    def _bindings(self) -> dict[str, Binding]:
        return bindings(self.tree)

    @cached_property
    def _functions(self) -> dict[str, Function]:
        """Where a name is defined twice, Python keeps the last one."""
        return {node.name: node for node in self.tree.body if isinstance(node, Function)}

    @cached_property
    def _decorators(self) -> frozenset[str]:
        return frozenset(_exported(self.tree, "flow"))

    @cached_property
    def _tasks(self) -> frozenset[str]:
        return frozenset(_exported(self.tree, "task"))

    @cached_property
    def _globals(self) -> frozenset[str]:
        """The names that functions of the module may bind."""
        found = (node.names for node in ast.walk(self.tree) if isinstance(node, ast.Global))
        return frozenset(name for names in found for name in names)

    @cached_property
    def _may_bind_any(self) -> bool:
        """Whether the module may bind a name that its code does not bind."""
        if "__getattr__" in self._bindings or has_star(self.tree):
            return True
        named = (getattr(node, "id", getattr(node, "attr", None)) for node in ast.walk(self.tree))
        return any(name in _NAMESPACES for name in named)

    def _flow(self, name: str) -> Flow | None:
        if name in self._functions:
            return self._decorated(name)
        match self._bindings.get(name):
            case Assigned(value=ast.Name(id=other)) if other in self._functions:
                final = self._bindings[other] is self._functions[other]
                return self._decorated(other) if final else None
            case Assigned(value=value):
                return self._applied(value)
        return None

    def _decorated(self, name: str) -> Flow | None:
        function = self._functions[name]
        decorator = next((d for d in function.decorator_list if _called(d) in self._decorators), None)
        return None if decorator is None else Flow(function, decorator)

    def _applied(self, value: ast.expr) -> Flow | None:
        """The flow of `flow(function, …)` or `flow(…)(function)`."""
        match value:
            case ast.Call(func=ast.Call(args=[]) as decorator, args=[ast.Name(id=name)], keywords=[]):
                pass
            case ast.Call(args=[ast.Name(id=name)]) as decorator:
                pass
            case _:
                return None
        function = self._bindings.get(name)
        if not isinstance(function, Function) or function.decorator_list:
            return None
        return Flow(function, decorator) if _called(decorator) in self._decorators else None

    def _is_final(self, name: str) -> bool:
        """Whether nothing binds the name again or changes it, once its last function is defined."""
        function = self._functions.get(name)
        if function is None or self._bindings.get(name) is function:
            return True
        rest = self.tree.body[self.tree.body.index(function) :]
        return bindings(ast.Module(rest, [])).get(name) is function

    def _other(self, name: str, binding: Binding) -> Elsewhere | NoFlow:
        match binding:
            case Imported():
                return self._imported(name, binding)
            case Opaque(why=why):
                return self._unread(name, f"it {why}")
            case Assigned(value=value) if isinstance(value, _VALUES):
                return self._no_flow(name, "value", value.lineno, _NAME, certain=not self._may_bind_any)
            case Assigned(value=value):
                return self._unread(name, f"`{shown(value)}` makes it", value.lineno)
            case _:
                return self._defined(name, binding)

    def _imported(self, name: str, binding: Imported) -> Elsewhere | NoFlow:
        if binding.name is None:
            return self._no_flow(name, "module", None, _NAME, certain=not self._may_bind_any)
        module = ".".join(binding.module)
        source = f"{'.' * binding.level}{module}"
        what = (
            f'"{name:.{_LONGEST}}" is imported from `{source:.{_LONGEST}}` and not found there ({self.label})'
        )
        unread = NoFlow(what, "name the file that defines it")
        return Elsewhere(module, binding.level, binding.name, unread)

    def _defined(self, name: str, node: Function | ast.ClassDef) -> NoFlow:
        match node:
            case ast.ClassDef(decorator_list=[]):
                return self._no_flow(name, "class", node.lineno, _NAME)
            case ast.FunctionDef(decorator_list=[]) | ast.AsyncFunctionDef(decorator_list=[]):
                return self._no_flow(name, "function", node.lineno, _DECORATE)
            case _ if all(_called(decorator) in self._tasks for decorator in node.decorator_list):
                return self._no_flow(name, "task", node.lineno, _DECORATE)
        return self._unread(name, f"`@{shown(node.decorator_list[0])}` makes it", node.lineno)

    def _no_flow(
        self, name: str, kind: str, line: int | None, remedy: str, *, certain: bool = False
    ) -> NoFlow:
        what = f'"{name:.{_LONGEST}}" is a {kind} but no flow ({self._at(line)})'
        return NoFlow(what, remedy, certain)

    def _at(self, line: int | None) -> str:
        return self.label if line is None else f"{self.label}:{line}"

    def _unread(self, name: str, why: str, line: int | None = None) -> NoFlow:
        what = f'the flow "{name:.{_LONGEST}}" is not read from the code, since {why} ({self._at(line)})'
        return NoFlow(what, _DEFINE)

    def _absent(self, name: str) -> NoFlow:
        known = [one for one in self.names if len(one) <= _LONGEST][:_COMPARED]
        there = f"; the flows there are {listed(known)}" if known else ", nor any other"
        what = f'{self.label} has no flow "{name:.{_LONGEST}}"'
        if self._may_bind_any or name.partition(".")[0] in self._globals:
            near = get_close_matches(name, known, n=1)
            remedy = f'correct it, perhaps to "{near[0]}"' if near else "correct it"
            return NoFlow(f"{what} that is read from its code{there}", remedy)
        return NoFlow(what + there, did_you_mean(name, known, "correct it"), certain=True)


def _exported(tree: ast.Module, name: str) -> Iterator[str]:
    """What the module calls something of Prefect: `flow`, `prefect.flow` or an alias."""
    modules = _MODULES[name]
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module in modules and not node.level:
            yield from (alias.asname or alias.name for alias in node.names if alias.name == name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in modules:
                    yield f"{alias.asname or alias.name}.{name}"
                if alias.name.startswith("prefect.") and not alias.asname:
                    yield f"prefect.{name}"


def _called(decorator: ast.expr) -> str | None:
    """The dotted name of a decorator, called or not."""
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None
