"""What a name stands for, across the modules of a repository."""

from __future__ import annotations

import ast
import builtins
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias

from prefect_reconcile.loader.signature.bindings import (
    Assigned,
    Binding,
    Imported,
    Opaque,
    bindings,
    changes_namespace,
    has_star,
)
from prefect_reconcile.loader.signature.unknown import NotStaticError, shown

Resolve: TypeAlias = Callable[[str, int], ast.Module | None]

LIBRARIES = sys.stdlib_module_names | {"annotated_types", "prefect", "pydantic", "typing_extensions"}
"""Packages whose names mean what their authors say: a module of the repository named so makes them unsure."""

_STEPS = 10_000
"""How much one signature may take, so that no file makes a run slow or a schema huge."""
_DEPTH = 30
"""How deep types and values may be nested, so that none exhausts the stack."""


@dataclass(frozen=True, slots=True)
class Address:
    """A module as an import statement in the flow's file would name it."""

    level: int
    parts: tuple[str, ...]

    def __str__(self) -> str:
        return "." * self.level + ".".join(self.parts)

    def child(self, name: str) -> Address:
        return Address(self.level, (*self.parts, name))

    def imports(self, level: int, module: tuple[str, ...]) -> Iterator[Address]:
        """What `from ..module` in it can mean; it may be a plain module or the `__init__` of a package."""
        if level == 0:
            yield Address(0, module)
            return
        for package in (self.parts[:-1], self.parts) if self.parts else ((),):
            up = level - 1
            if up <= len(package):
                yield Address(self.level, (*package[: len(package) - up], *module))
            elif self.level:
                yield Address(self.level + up - len(package), module)


@dataclass(frozen=True)
class Module:
    """One file of the repository. The flow's own file has no address."""

    tree: ast.Module
    address: Address | None

    @cached_property
    def bindings(self) -> dict[str, Binding]:
        return bindings(self.tree)

    @cached_property
    def has_star(self) -> bool:
        return has_star(self.tree)

    @cached_property
    def is_dynamic(self) -> bool:
        return changes_namespace(self.tree)

    @cached_property
    def lazy(self) -> bool:
        """Whether it says `from __future__ import annotations`: each annotation is then a string."""
        return any(
            isinstance(node, ast.ImportFrom)
            and node.module == "__future__"
            and any(alias.name == "annotations" for alias in node.names)
            for node in self.tree.body
        )

    def __str__(self) -> str:
        return str(self.address) if self.address else ""

    @cached_property
    def uses(self) -> Counter[str]:
        """How many expressions of the file use each name."""
        nodes = ast.walk(self.tree)
        return Counter(
            node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        )


@dataclass(frozen=True, slots=True)
class External:
    """Something outside of the repository, by its dotted name: `typing.Optional`, `builtins.int`."""

    name: str


@dataclass(frozen=True, slots=True)
class Package:
    """A module, whether or not it is in the repository."""

    address: Address


@dataclass(frozen=True, slots=True)
class Class:
    """A class of the repository."""

    module: Module
    node: ast.ClassDef


@dataclass(frozen=True, slots=True)
class Value:
    """A name that is assigned once, and what to."""

    module: Module
    name: str
    value: ast.expr


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the repository."""

    name: str


Symbol: TypeAlias = "External | Package | Class | Value | Function"

_ALIASES = {
    "builtins.object": "typing.Any",
    "collections.OrderedDict": "typing.OrderedDict",
    "collections.abc.Set": "typing.AbstractSet",
    "collections.deque": "typing.Deque",
    "pydantic.fields.Field": "pydantic.Field",
    "pydantic.main.BaseModel": "pydantic.BaseModel",
    "typing.Text": "builtins.str",
    "re.Pattern": "typing.Pattern",
    "types.NoneType": "None",
}


def canonical(name: str) -> str:
    """One spelling for what several packages export: `collections.abc.Sequence` → `typing.Sequence`."""
    name = _ALIASES.get(name, name)
    for prefix in ("typing_extensions.", "collections.abc."):
        if name.startswith(prefix):
            return "typing." + name.removeprefix(prefix)
    return name


@dataclass
class World:
    """The modules of the repository as `resolve` finds them, and how much work is left."""

    resolve: Resolve
    steps: int = _STEPS
    depth: int = 0
    modules: dict[Address, Module | None] = field(default_factory=dict)

    def module(self, address: Address) -> Module | None:
        if address not in self.modules:
            tree = self.resolve(".".join(address.parts), address.level)
            self.modules[address] = Module(tree, address) if tree is not None else None
        return self.modules[address]


@dataclass(frozen=True)
class Scope:
    """Where an expression stands: in a module, within a class that hides the names in `hidden`.

    `quotable` says whether a type in quotes is looked up in the module. `owner` says in what: `model` in
    a pydantic model, `extra` in one that is configured for extra keys, `class` in another class.
    """

    world: World
    module: Module
    hidden: frozenset[str] = frozenset()
    quotable: bool = False
    owner: str = ""

    def at(self, module: Module) -> Scope:
        """The top level of a module, on behalf of something here."""
        return replace(
            self, module=module, hidden=frozenset(), quotable=self.quotable and module is self.module
        )

    def error(self, node: ast.AST, reason: str) -> NotStaticError:
        """Why something here is not known."""
        return NotStaticError(node, reason, str(self.module))

    @contextmanager
    def step(self, node: ast.AST) -> Iterator[None]:
        """Counts one step of work and one level of nesting."""
        world = self.world
        world.steps -= 1
        if world.steps < 0 or world.depth >= _DEPTH:
            raise self.error(node, "the signature is too large or nested too deep")
        world.depth += 1
        try:
            yield
        finally:
            world.depth -= 1

    def symbol(self, node: ast.expr) -> Symbol:
        """What `name` or `package.name` stands for."""
        found, rest = self.reach(node)
        if rest:
            raise self.error(node, f"`{shown(node)}` is computed")
        return found

    def reach(self, node: ast.expr) -> tuple[Symbol, tuple[str, ...]]:
        """What a dotted name begins with, and the attributes left: `Color.RED` → (Color, ("RED",))."""
        attributes: list[str] = []
        root = node
        while isinstance(root, ast.Attribute):
            attributes.append(root.attr)
            root = root.value
        if not isinstance(root, ast.Name):
            raise self.error(node, f"`{shown(node)}` is computed")
        if root.id in self.hidden:
            raise self.error(node, f"`{root.id}` is also a name in the class")
        with self.step(node):
            found = self._name(root.id, node, self.module)
            while attributes and isinstance(found, External | Package):
                found = self._attribute(found, attributes.pop(), node)
        return found, tuple(reversed(attributes))

    def external(self, node: ast.expr) -> str:
        """The canonical dotted name of what is outside of the repository, empty for anything else."""
        found = self.symbol(node) if isinstance(node, ast.Name | ast.Attribute) else None
        return canonical(found.name) if isinstance(found, External) else ""

    def external_call(self, node: ast.expr) -> str:
        """The same for what a call calls."""
        return self.external(node.func) if isinstance(node, ast.Call) else ""

    def _name(self, name: str, node: ast.expr, module: Module) -> Symbol:
        """What a module binds a name to; the reasons against it stand at the node here."""
        where = "" if module is self.module else f" in the module `{module}`"
        if module.is_dynamic:
            raise self.error(node, f"`globals()` or the like may change `{name}`{where}")
        binding = module.bindings.get(name)
        match binding:
            case None if module.has_star:
                raise self.error(node, f"`{name}` may come from an `import *`{where}")
            case None if hasattr(builtins, name):
                return External(f"builtins.{name}")
            case None:
                raise self.error(node, f"`{name}` is not defined{where or ' in the file'}")
            case Opaque(why=why):
                raise self.error(node, f"`{name}` {why}{where}")
            case Imported():
                return self._imported(binding, node, module)
            case Assigned(value=value):
                return Value(module, name, value)
            case ast.ClassDef():
                return Class(module, binding)
            case _:
                return Function(name)

    def _attribute(self, owner: External | Package, name: str, node: ast.expr) -> Symbol:
        if isinstance(owner, Package):
            return self._member(owner.address, name, node)
        return External(f"{owner.name}.{name}")

    def _imported(self, binding: Imported, node: ast.expr, module: Module) -> Symbol:
        candidates = [Address(binding.level, binding.module)]
        if module.address is not None:
            candidates = list(dict.fromkeys(module.address.imports(binding.level, binding.module)))
        places = [
            place for place in candidates if self._exists(place, binding.name, node, module)
        ] or candidates
        if len(places) != 1:
            raise self.error(
                node, f"the import of `{shown(node)}` in the module `{module}` has no one meaning"
            )
        return Package(places[0]) if binding.name is None else self._member(places[0], binding.name, node)

    def _exists(self, place: Address, name: str | None, node: ast.expr, importer: Module) -> bool:
        module = self._module(place, node)
        if name is None or module is None or place == importer.address:
            return self._module(place.child(name) if name else place, node) is not None
        return name in module.bindings or module.has_star or self._module(place.child(name), node) is not None

    def _module(self, place: Address, node: ast.expr) -> Module | None:
        found = self.world.module(place)
        if found and place.level == 0 and place.parts[:1] and place.parts[0] in LIBRARIES:
            raise self.error(node, f"the repository has a module named `{place.parts[0]}`, like the library")
        return found

    def _member(self, place: Address, name: str, node: ast.expr) -> Symbol:
        """What `from place import name` binds: a name of the module, or else a submodule."""
        with self.step(node):
            module = self._module(place, node)
            if module is not None and (name in module.bindings or module.has_star or module.is_dynamic):
                return self._name(name, node, module)
            if self._module(place.child(name), node) is not None:
                return Package(place.child(name))
            if module is not None or place.level:
                raise self.error(node, f"`{place.child(name)}` is not in the repository")
            return External(".".join((*place.parts, name)))
