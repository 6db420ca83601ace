"""The classes of the repository that a signature uses, as definitions."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from inspect import cleandoc

from prefect_reconcile.loader.signature import enums
from prefect_reconcile.loader.signature.bindings import bound_in
from prefect_reconcile.loader.signature.config import CHANGES_VALUES, configuration, configured
from prefect_reconcile.loader.signature.fields import Type, definition_name
from prefect_reconcile.loader.signature.lineage import Kind, Lineage, decorators, lineage
from prefect_reconcile.loader.signature.records import (
    Record,
    instance,
    object_schema,
    record,
    tuple_schema,
)
from prefect_reconcile.loader.signature.scope import Class, Scope
from prefect_reconcile.loader.signature.table import ANY
from prefect_reconcile.loader.signature.unknown import NoSchemaError, shown
from prefect_reconcile.loader.signature.values import Known, Made, text
from prefect_reconcile.model import Json, JsonObject


@dataclass
class Catalogue:
    """Collects the definitions by their keys, while types and defaults are read."""

    definitions: dict[str, JsonObject] = field(default_factory=dict)
    owners: dict[str, ast.ClassDef] = field(default_factory=dict)
    lineages: dict[ast.ClassDef, Lineage] = field(default_factory=dict)
    under_way: set[str] = field(default_factory=set)
    records: dict[str, Record] = field(default_factory=dict)
    members: dict[str, dict[str, Json]] = field(default_factory=dict)

    def type_of(self, node: ast.expr, class_: Class, scope: Scope) -> Type:
        """A reference to the definition of a class; anything, for a class that pydantic knows nothing of."""
        own = self._lineage(class_, scope)
        if own.kind is Kind.PLAIN:
            if scope.owner:
                raise scope.error(node, f"pydantic has no schema for `{shown(node)}` within a class")
            return ANY
        if own.kind in (Kind.DATACLASS, Kind.TYPED_DICT) and scope.owner == "extra":
            raise scope.error(node, f"`{shown(node)}` takes over the configuration of the model that uses it")
        return Type({"$ref": f"#/definitions/{self._define(node, own, scope)}"}, titled=False)

    def member(self, node: ast.expr, owner: Class, attributes: tuple[str, ...], scope: Scope) -> Known:
        """`Color.RED` and `Color.RED.value`."""
        own = self._lineage(owner, scope)
        name, *rest = attributes or ("",)
        if own.kind is Kind.ENUM and rest in ([], ["value"]):
            found = self.members.get(self._define(node, own, scope), {})
            if name in found:
                return Made(found[name])
        raise scope.error(node, f"`{shown(node)}` is known only when the code runs")

    def instance(self, node: ast.Call, made: Class, scope: Scope) -> Known:
        """`Config(size=1)`."""
        own = self._lineage(made, scope)
        try:
            key = self._define(node, own, scope)
        except NoSchemaError:
            key = ""
        # A class that is under way has no definition yet: its instance is a default within itself.
        if own.kind not in (Kind.MODEL, Kind.DATACLASS) or key not in self.definitions:
            raise scope.error(node, f"what `{shown(node)}` makes is not known")
        return Made(instance(node, self.records[key], scope, self))

    def _lineage(self, class_: Class, scope: Scope) -> Lineage:
        if class_.node not in self.lineages:
            self.lineages[class_.node] = lineage(class_, scope)
        return self.lineages[class_.node]

    def _define(self, node: ast.expr, own: Lineage, scope: Scope) -> str:
        """Keeps the definition of a class, and gives its key."""
        written = own.youngest.node
        key = definition_name(written.name)
        if self.owners.setdefault(key, written) is not written:
            raise scope.error(node, f"several classes are named `{key}`")
        if key not in self.definitions and key not in self.under_way:
            before = set(self.definitions)
            self.under_way.add(key)
            try:
                with scope.step(node):
                    self.definitions[key] = self._definition(key, own, scope.at(own.youngest.module))
            except NoSchemaError:
                # Classes that refer to this one were finished meanwhile, and have no schema either.
                self.definitions = {name: self.definitions[name] for name in before}
                raise
            finally:
                self.under_way.discard(key)
        return key

    def _definition(self, key: str, own: Lineage, scope: Scope) -> JsonObject:
        node = own.youngest.node
        description = _description(own, scope)
        if own.kind is Kind.ENUM:
            hiding = replace(scope, hidden=frozenset(bound_in(node.body)), owner="class")
            self.members[key] = enums.members(own, hiding, self)
            return enums.definition(node.name, list(self.members[key].values())) | description
        settings = configuration(own, scope, self) if own.kind is Kind.MODEL else {}
        found = record(own, scope, self, _owner(own, settings))
        found.plain = found.plain and not (settings.keys() & CHANGES_VALUES)
        self.records[key] = found
        if own.kind is Kind.NAMED_TUPLE:
            return tuple_schema(found)
        schema = {"title": node.name, **object_schema(found, self.definitions), **description}
        return configured(schema, settings)


def _owner(own: Lineage, settings: JsonObject) -> str:
    """What the classes within it need to know of it: pydantic gives its `extra` to dataclasses."""
    if own.kind is not Kind.MODEL:
        return "class"
    return "extra" if settings.get("extra") in ("allow", "forbid") else "model"


def _description(own: Lineage, scope: Scope) -> JsonObject:
    """The docstring of a class, unless it is one that pydantic takes for a generated one."""
    node = own.youngest.node
    docstring = ast.get_docstring(node, clean=False)
    if not docstring or (own.kind is Kind.ENUM and cleandoc(docstring) == "An enumeration."):
        return {}
    if own.kind is Kind.DATACLASS and docstring.startswith(f"{node.name}("):
        if any(name == "dataclasses.dataclass" for name, _ in decorators(node, scope)):
            return {}
        raise scope.error(node, "whether the docstring becomes a description is not known")
    return {"description": text(cleandoc(docstring), node, scope)}
