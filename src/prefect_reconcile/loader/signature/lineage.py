"""What kind of class a class is, by its bases and decorators."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from prefect_reconcile.loader.signature.bindings import bound_in
from prefect_reconcile.loader.signature.scope import Class, External, Scope, canonical
from prefect_reconcile.loader.signature.unknown import shown


class Kind(Enum):
    """The kinds of class that pydantic treats each in its own way."""

    PLAIN = "plain"
    DATACLASS = "dataclass"
    MODEL = "model"
    TYPED_DICT = "typed dict"
    NAMED_TUPLE = "named tuple"
    ENUM = "enum"


@dataclass(frozen=True, slots=True)
class Lineage:
    """A class with its ancestors in the repository, the oldest first, and the bases of the oldest."""

    kind: Kind
    classes: tuple[Class, ...]
    bases: frozenset[str] = frozenset()

    @property
    def youngest(self) -> Class:
        return self.classes[-1]


_ENUM = frozenset({"enum.Enum"})
_KINDS: dict[frozenset[str], Kind] = {
    frozenset(): Kind.PLAIN,
    frozenset({"typing.Protocol"}): Kind.PLAIN,
    frozenset({"builtins.Exception"}): Kind.PLAIN,
    frozenset({"pydantic.BaseModel"}): Kind.MODEL,
    frozenset({"typing.TypedDict"}): Kind.TYPED_DICT,
    frozenset({"typing.NamedTuple"}): Kind.NAMED_TUPLE,
    frozenset({"enum.IntEnum"}): Kind.ENUM,
    frozenset({"enum.StrEnum"}): Kind.ENUM,
    _ENUM: Kind.ENUM,
    _ENUM | {"builtins.str"}: Kind.ENUM,
    _ENUM | {"builtins.int"}: Kind.ENUM,
    _ENUM | {"builtins.float"}: Kind.ENUM,
}
_NO_MATTER = frozenset({"abc.ABC", "typing.Any"})
"""Bases that change nothing; `typing.Any` is the canonical name of `object`."""
_INHERITABLE = frozenset({Kind.PLAIN, Kind.DATACLASS, Kind.MODEL, Kind.TYPED_DICT})

DATACLASS = frozenset({"dataclasses.dataclass", "pydantic.dataclasses.dataclass"})
_HARMLESS = frozenset({"typing.final", "typing.runtime_checkable", "enum.unique", "functools.total_ordering"})
_HOOKS = frozenset(
    {
        "__class_getitem__",
        "__get_pydantic_core_schema__",
        "__get_pydantic_json_schema__",
        "__get_validators__",
        "__init_subclass__",
        "__modify_schema__",
        "__pydantic_init_subclass__",
        "__set_name__",
    }
)
"""Names by which a class has its say about its own schema."""


def lineage(class_: Class, scope: Scope) -> Lineage:
    """Raises NotStaticError for bases and decorators whose effect is not known."""
    here = scope.at(class_.module)
    node = class_.node
    with here.step(node):
        if getattr(node, "type_params", None) or _HOOKS & bound_in(node.body).keys():
            raise here.error(node, f"the class `{node.name}` makes its own schema")
        above, bases = _bases(node, here)
        decorated = any(name in DATACLASS for name, _ in decorators(node, here))
        if above is None:
            kind = _KINDS.get(bases)
            if kind is None:
                raise here.error(node, f"what the class `{node.name}` inherits is not known")
            own = Lineage(kind, (class_,), bases)
        elif above.kind in _INHERITABLE and not bases:
            own = Lineage(above.kind, (*above.classes, class_), above.bases)
        else:
            raise here.error(node, f"what the class `{node.name}` inherits is not known")
        return _decorated(own, decorated, here)


def _decorated(own: Lineage, decorated: bool, scope: Scope) -> Lineage:
    """With the decorator, a plain class is a dataclass; a dataclass without it is half of one."""
    node = own.youngest.node
    if decorated and own.kind in (Kind.PLAIN, Kind.DATACLASS):
        return replace(own, kind=Kind.DATACLASS)
    if decorated or own.kind is Kind.DATACLASS:
        raise scope.error(node, f"the class `{node.name}` is half a dataclass")
    return own


def _bases(node: ast.ClassDef, scope: Scope) -> tuple[Lineage | None, frozenset[str]]:
    above: Lineage | None = None
    names: set[str] = set()
    for base in node.bases:
        match scope.symbol(base) if isinstance(base, ast.Name | ast.Attribute) else None:
            case Class() as found if above is None:
                above = lineage(found, scope)
            case External(name=name):
                names.add(canonical(name))
            case _:
                raise scope.error(
                    base, f"what the class `{node.name}` inherits from `{shown(base)}` is not known"
                )
    return above, frozenset(names - _NO_MATTER)


def decorators(node: ast.ClassDef, scope: Scope) -> Iterator[tuple[str, list[ast.keyword]]]:
    """The decorators of a class, each as its canonical name and its arguments."""
    for decorator in node.decorator_list:
        called = decorator if isinstance(decorator, ast.Call) else ast.Call(decorator, [], [])
        name = scope.external(called.func)
        if called.args or name not in DATACLASS | _HARMLESS:
            raise scope.error(decorator, f"what `@{shown(decorator)}` does to the class is not known")
        yield name, called.keywords
