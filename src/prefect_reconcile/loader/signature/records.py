"""Classes that are records: models, dataclasses, typed dicts and named tuples, field by field."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite

from prefect_reconcile.loader.signature.annotations import Definitions, parsed, type_of, with_constraints
from prefect_reconcile.loader.signature.bindings import bound_in
from prefect_reconcile.loader.signature.fields import (
    FACTORY,
    Notes,
    Type,
    default_of,
    field_notes,
    property_schema,
)
from prefect_reconcile.loader.signature.lineage import DATACLASS, Kind, Lineage, decorators
from prefect_reconcile.loader.signature.scope import Class, Scope
from prefect_reconcile.loader.signature.table import ANY
from prefect_reconcile.loader.signature.unknown import shown
from prefect_reconcile.loader.signature.values import value
from prefect_reconcile.model import ABSENT, Json, JsonObject


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record."""

    name: str
    type: Type
    notes: Notes
    required: bool
    keyword_only: bool = False


@dataclass(slots=True)
class Record:
    """A class as its fields by name. `plain` says that its instances are what their arguments say."""

    fields: dict[str, Field] = field(default_factory=dict)
    plain: bool = True


def record(own: Lineage, scope: Scope, classes: Definitions, owner: str) -> Record:
    """The fields of a class, those of its ancestors first. `owner` is that of the scopes of the bodies."""
    found = Record()
    for position, class_ in enumerate(own.classes):
        here = scope.at(class_.module)
        if own.kind is Kind.DATACLASS and not _is_dataclass(class_, here):
            found.plain = False  # it may have a `__post_init__`, but its annotations are no fields
            continue
        hidden = frozenset(bound_in(class_.node.body))
        overridden = frozenset(
            name for younger in own.classes[position + 1 :] for name in _annotations(younger)
        )
        _Body(
            own.kind, replace(here, hidden=hidden, quotable=True, owner=owner), classes, found, overridden
        ).read(class_.node)
    return found


def _annotations(class_: Class) -> Iterator[str]:
    for statement in class_.node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id


def _is_dataclass(class_: Class, scope: Scope) -> bool:
    return any(name in DATACLASS for name, _ in decorators(class_.node, scope))


_QUALIFIERS = frozenset(
    {
        "dataclasses.InitVar",
        "dataclasses.KW_ONLY",
        "typing.ClassVar",
        "typing.Final",
        "typing.NotRequired",
        "typing.ReadOnly",
        "typing.Required",
    }
)
_ALLOWED: Mapping[Kind, frozenset[str]] = {
    Kind.MODEL: frozenset({"typing.ClassVar"}),
    Kind.DATACLASS: frozenset({"typing.ClassVar", "dataclasses.InitVar", "dataclasses.KW_ONLY"}),
    Kind.TYPED_DICT: frozenset({"typing.NotRequired", "typing.ReadOnly", "typing.Required"}),
    Kind.NAMED_TUPLE: frozenset(),
}
_DECORATORS = frozenset(
    {
        "abc.abstractmethod",
        "builtins.classmethod",
        "builtins.property",
        "builtins.staticmethod",
        "functools.cached_property",
        "typing.override",
    }
)
"""Decorators of methods that pydantic does not know about."""
_VALIDATORS = frozenset({"pydantic.field_validator", "pydantic.model_validator"})
"""Decorators that change instances, and the schema only in plain mode and by `json_schema_input_type`."""
_SERIALIZERS = frozenset(
    {"pydantic.computed_field", "pydantic.field_serializer", "pydantic.model_serializer"}
)
"""Decorators that change how instances are written."""
_CONSTRUCTORS = frozenset({"__init__", "__new__", "__post_init__", "model_post_init"})


@dataclass
class _Body:
    """Reads the body of one class into a record."""

    kind: Kind
    scope: Scope
    classes: Definitions
    record: Record
    overridden: frozenset[str]
    total: bool = True
    keyword_only: bool = False
    seen: set[str] = field(default_factory=set)

    def read(self, node: ast.ClassDef) -> None:
        self._arguments(node)
        for statement in node.body:
            match statement:
                case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=written):
                    self._once(name, statement)
                    self._annotated(name, annotation, written)
                case ast.Assign(targets=[ast.Name(id=name)]):
                    self._once(name, statement)
                    self._assigned(name, statement)
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self._method(statement)
                case ast.ClassDef(name=name) if name != "Config" and name not in self.record.fields:
                    pass
                case ast.Pass() | ast.Expr(value=ast.Constant()):
                    pass
                case _:
                    raise self.scope.error(
                        statement, f"what `{shown(statement)}` does in a class is not known"
                    )

    def _once(self, name: str, node: ast.AST) -> None:
        if name in self.seen:
            raise self.scope.error(node, f"`{name}` is bound more than once in the class")
        self.seen.add(name)

    def _arguments(self, node: ast.ClassDef) -> None:
        """The arguments of a class or of its decorator. Those of a model are its configuration."""
        outside = replace(self.scope, hidden=frozenset())
        given = list(node.keywords) if self.kind is not Kind.MODEL else []
        for _, keywords in decorators(node, outside):
            given += keywords
        for keyword in given:
            match keyword:
                case ast.keyword(arg="total", value=ast.Constant(value=bool() as total)):
                    self.total = total
                case ast.keyword(arg="kw_only", value=ast.Constant(value=bool() as keyword_only)):
                    self.keyword_only = keyword_only
                case ast.keyword(arg="init", value=ast.Constant(value=True)):
                    pass
                case ast.keyword(arg=str() as name, value=ast.Constant(value=bool())) if name != "init":
                    pass
                case _:
                    raise outside.error(
                        node, f"what `{keyword.arg}` does to the class `{node.name}` is not known"
                    )

    def _annotated(self, name: str, annotation: ast.expr, written: ast.expr | None) -> None:
        qualifiers, inner = self._qualified(annotation)
        if not qualifiers <= _ALLOWED[self.kind]:
            raise self.scope.error(annotation, f"what `{shown(annotation)}` means here is not known")
        if "dataclasses.KW_ONLY" in qualifiers:
            self.keyword_only = True
        elif "typing.ClassVar" in qualifiers and name in self.record.fields:
            raise self.scope.error(annotation, f"what the field `{name}` becomes is not known")
        elif name == "model_config" or "typing.ClassVar" in qualifiers:
            pass
        elif name in self.overridden:  # it keeps its place, and pydantic does not look at its type
            self.record.fields[name] = Field(name, ANY, Notes(), required=False)
        elif name.startswith("_"):
            if self.kind is not Kind.MODEL or name.startswith("__"):
                raise self.scope.error(annotation, f"what the field `{name}` becomes is not known")
        else:
            self._field(name, inner, written, qualifiers)

    def _qualified(self, node: ast.expr) -> tuple[frozenset[str], ast.expr]:
        """`ClassVar[int]` → ({"typing.ClassVar"}, int)"""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node = parsed(node, node.value, self.scope)
        origin = node.value if isinstance(node, ast.Subscript) else node
        name = self.scope.external(origin) if isinstance(origin, ast.Name | ast.Attribute) else ""
        if name not in _QUALIFIERS:
            return frozenset(), node
        if not isinstance(node, ast.Subscript):
            return frozenset({name}), node
        with self.scope.step(node):
            qualifiers, inner = self._qualified(node.slice)
        return qualifiers | {name}, inner

    def _field(self, name: str, node: ast.expr, written: ast.expr | None, qualifiers: frozenset[str]) -> None:
        type_ = type_of(node, self.scope, self.classes)
        own, init, keyword_only = Notes(), True, self.keyword_only
        if written is not None:
            own, init, keyword_only = self._value(written)
            type_ = with_constraints(type_, own, written, self.scope)
        notes = type_.notes.then(own)
        if self.kind is Kind.NAMED_TUPLE and type_.notes != Notes():
            raise self.scope.error(node, "what `Annotated` says in a named tuple is not known")
        if "dataclasses.InitVar" in qualifiers or not init or notes.excluded:
            self.record.plain = False
        if not init and notes.default is ABSENT:
            self.record.fields.pop(name, None)
            return
        required = notes.default is ABSENT and self._is_required(qualifiers)
        self.record.fields[name] = Field(name, type_, notes, required, keyword_only)

    def _is_required(self, qualifiers: frozenset[str]) -> bool:
        if self.kind is not Kind.TYPED_DICT:
            return True
        return "typing.NotRequired" not in qualifiers and (self.total or "typing.Required" in qualifiers)

    def _value(self, node: ast.expr) -> tuple[Notes, bool, bool]:
        """What is assigned to a field: what it says, whether it is an argument, and only by keyword."""
        called = self.scope.external_call(node)
        if isinstance(node, ast.Call) and self.kind is Kind.DATACLASS and called == "dataclasses.field":
            return self._dataclass_field(node)
        if self.kind is Kind.TYPED_DICT or called == "pydantic.PrivateAttr":
            raise self.scope.error(node, f"what `{shown(node)}` means here is not known")
        if isinstance(node, ast.Call) and called == "pydantic.Field" and self.kind is not Kind.NAMED_TUPLE:
            return field_notes(node, self.scope, self.classes), True, self.keyword_only
        default = default_of(node, self.scope, self.classes)
        if default is ABSENT and self.kind is not Kind.MODEL:
            raise self.scope.error(node, "what `...` means here is not known")
        return Notes(default=default), True, self.keyword_only

    def _dataclass_field(self, call: ast.Call) -> tuple[Notes, bool, bool]:
        notes, flags = Notes(), {"init": True, "kw_only": self.keyword_only}
        for keyword in call.keywords:
            match keyword.arg, keyword.value:
                case "default", node:
                    notes = Notes(default=default_of(node, self.scope, self.classes))
                case "default_factory", _:
                    notes = Notes(default=FACTORY)
                case ("init" | "kw_only") as name, ast.Constant(value=bool() as flag):
                    flags[name] = flag
                case (("repr" | "hash" | "compare"), ast.Constant()):
                    pass
                case _:
                    raise self.scope.error(call, f"what `{keyword.arg}` does to a field is not known")
        if call.args:
            raise self.scope.error(call, f"`{shown(call)}` has arguments that are not known")
        return notes, flags["init"], flags["kw_only"]

    def _assigned(self, name: str, node: ast.Assign) -> None:
        """An attribute without annotation: of pydantic's, private, or of a class that may have them."""
        private = name.startswith("_") and not name.startswith("__")
        of_class = self.kind in (Kind.DATACLASS, Kind.NAMED_TUPLE) and not name.startswith("_")
        if name in self.record.fields or not (name == "model_config" or private or of_class):
            raise self.scope.error(node, f"what `{shown(node)}` does in a class is not known")

    def _method(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if node.name in self.record.fields or node.name in self.seen:
            raise self.scope.error(node, f"`{node.name}` is bound more than once in the class")
        if node.name in _CONSTRUCTORS:
            self.record.plain = False
        for decorator in node.decorator_list:
            self._decorator(decorator)

    def _decorator(self, node: ast.expr) -> None:
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr="setter" | "deleter" | "getter"):
                if name in self.scope.hidden:
                    return
        called = node if isinstance(node, ast.Call) else ast.Call(node, [], [])
        name = self.scope.external(called.func)
        if name in _SERIALIZERS or (name in _VALIDATORS and all(map(_keeps_schema, called.keywords))):
            self.record.plain = False
        elif name not in _DECORATORS:
            raise self.scope.error(node, f"what `@{shown(node)}` does to the class is not known")


def _keeps_schema(argument: ast.keyword) -> bool:
    match argument:
        case ast.keyword(arg="mode", value=ast.Constant(value="before" | "after" | "wrap")):
            return True
    return argument.arg == "check_fields"


def object_schema(found: Record, definitions: Mapping[str, JsonObject]) -> JsonObject:
    """The schema of a record whose fields are named."""
    fields = sorted(found.fields.values(), key=lambda item: item.keyword_only)
    keys = {item.name: item.notes.alias or item.name for item in fields}
    required: list[Json] = [keys[item.name] for item in fields if item.required]
    properties: JsonObject = {
        keys[item.name]: property_schema(keys[item.name], item.type, item.notes, definitions)
        for item in fields
    }
    schema: JsonObject = {"type": "object", "properties": properties}
    return schema | ({"required": required} if required else {})


def tuple_schema(found: Record) -> JsonObject:
    """The schema of a named tuple."""
    fields = list(found.fields.values())
    items: list[Json] = [property_schema(item.name, item.type, item.notes, {}) for item in fields]
    required = sum(item.required for item in fields)
    schema: JsonObject = {"type": "array", "maxItems": len(items)}
    return schema | ({"prefixItems": items} if items else {}) | ({"minItems": required} if required else {})


def instance(call: ast.Call, found: Record, scope: Scope, classes: Definitions) -> JsonObject:
    """The JSON of `Class(field=literal)`, where no code of the class has a say in it."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if call.args or not found.plain or not given.keys() <= found.fields.keys():
        raise scope.error(call, f"what `{shown(call)}` makes is not known")
    made: JsonObject = {}
    for name, item in found.fields.items():
        default = item.notes.default
        if name in given:
            known = value(given[name], scope, classes)
            default = (
                known if isinstance(known, str | int | float) and _fits(known, item.type.schema) else ABSENT
            )
        if (
            default is ABSENT
            or default is FACTORY
            or item.notes.alias
            or not _is_sure(default, item.type.schema)
        ):
            raise scope.error(call, f"what `{shown(call)}` makes of `{name}` is not known")
        made[name] = default
    return made


_SCALARS: Mapping[Json, tuple[type, ...]] = {
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
}


def _fits(known: str | float, schema: JsonObject) -> bool:
    """Whether a value is of the type as it is, so that pydantic does not convert it."""
    if "format" in schema or not (isinstance(known, str) or isfinite(known)):
        return False
    choices = schema.get("anyOf")
    if isinstance(choices, list):
        return any(_fits(known, choice) for choice in choices if isinstance(choice, dict))
    name = schema.get("type")
    return isinstance(name, str) and type(known) in _SCALARS.get(name, ())


def _is_sure(json: Json, schema: JsonObject) -> bool:
    """Whether an instance writes a field as its default is written: not a secret, nor a set of some order."""
    is_set = "uniqueItems" in schema and isinstance(json, list) and len(json) > 1
    return schema.get("format") != "password" and not is_set
