"""The parameters of a flow as one schema."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from prefect_reconcile.loader.signature.annotations import parsed, type_of
from prefect_reconcile.loader.signature.classes import Catalogue
from prefect_reconcile.loader.signature.docstring import parameter_descriptions
from prefect_reconcile.loader.signature.fields import Notes, Type, default_of, field_notes, property_schema
from prefect_reconcile.loader.signature.scope import Module, Resolve, Scope, World
from prefect_reconcile.loader.signature.table import ANY
from prefect_reconcile.loader.signature.unknown import NoSchemaError, NotStaticError, Unknown, shown
from prefect_reconcile.loader.signature.values import text
from prefect_reconcile.model import ABSENT, Json, JsonObject

_FLOW = frozenset({"prefect.flow", "prefect.flows.flow"})
_REFUSED = frozenset({"return_state", "wait_for"})
"""Parameters that Prefect takes for its own, so that such a flow cannot be defined."""
_IMPLICIT = frozenset({"self", "cls"})
"""Parameters that Prefect leaves out of the schema, at any position and of any function."""


@dataclass(frozen=True, slots=True)
class _Parameter:
    position: int
    node: ast.arg
    default: ast.expr | None


def parameter_schema(
    tree: ast.Module, function: ast.FunctionDef | ast.AsyncFunctionDef, resolve: Resolve
) -> JsonObject | Unknown:
    """The `parameter_openapi_schema` that Prefect writes for a flow, or why it is not known.

    `function` is a flow of the module `tree`. `resolve(module, level)` gives the syntax tree of a module of
    the repository by its dotted name (empty for `from . import x`) and the number of leading dots, as
    seen from the flow's file; None is a module that is not in the repository.
    """
    scope = Scope(World(resolve), Module(tree, None))
    line = function.lineno
    try:
        _check(function, scope)
        if getattr(function, "type_params", None):
            raise scope.error(function, f"`{function.name}` has type parameters")
        catalogue = Catalogue()
        descriptions = _descriptions(function, scope)
        properties: JsonObject = {}
        required: list[Json] = []
        for parameter in _parameters(function.args):
            line = parameter.node.lineno
            name = parameter.node.arg
            if name in _IMPLICIT:
                continue
            properties[name], is_required = _property(parameter, descriptions.get(name), scope, catalogue)
            required += [name] if is_required else []
    except NotStaticError as error:
        return _unknown(error, line)
    except RecursionError:
        return Unknown(line, "the signature is nested too deep")
    return _schema(properties, required, catalogue.definitions)


def parameter_names(
    tree: ast.Module, function: ast.FunctionDef | ast.AsyncFunctionDef, resolve: Resolve
) -> frozenset[str] | None:
    """The names that a flow takes, whatever their types and defaults; None where it takes any or may be
    changed once the file has run. The arguments are those of `parameter_schema`.

    Positional-only ones and that of `*args` are names too: Prefect 3.8.8 gives a run's parameters by name
    to the former, and has the latter in its schema.
    """
    try:
        _check(function, Scope(World(resolve), Module(tree, None)))
    except (NotStaticError, RecursionError):
        return None
    if function.args.kwarg:
        return None
    return frozenset(parameter.node.arg for parameter in _parameters(function.args)) - _IMPLICIT


def _unknown(error: NotStaticError, line: int) -> Unknown:
    """The line of the flow's own file, even where the reason is in another one."""
    if error.module:
        return Unknown(line, f"{error.reason} (line {error.line} of the module `{error.module}`)")
    return Unknown(error.line or line, error.reason)


def _check(function: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
    """Refuses what may be another function, or have another signature, once the file has run."""
    name = function.name
    if scope.module.bindings.get(name) is not function:
        raise scope.error(function, f"`{name}` is not bound once and for all at the top of the file")
    for decorator in function.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if scope.external(called) not in _FLOW or len(function.decorator_list) > 1:
            raise scope.error(decorator, f"`@{shown(called)}` can change what `{name}` accepts")


def _descriptions(function: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> dict[str, str]:
    docstring = ast.get_docstring(function, clean=False)
    return parameter_descriptions(text(docstring, function.body[0], scope)) if docstring else {}


def _parameters(arguments: ast.arguments) -> Iterator[_Parameter]:
    """In the order of the signature: `def f(a, /, b, *c, d, **e)`."""
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + [*arguments.defaults]
    pairs: list[tuple[ast.arg, ast.expr | None]] = list(zip(positional, defaults, strict=True))
    pairs += [(arguments.vararg, None)] if arguments.vararg else []
    pairs += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    pairs += [(arguments.kwarg, None)] if arguments.kwarg else []
    for position, (node, default) in enumerate(pairs):
        yield _Parameter(position, node, default)


def _property(
    parameter: _Parameter, description: str | None, scope: Scope, catalogue: Catalogue
) -> tuple[JsonObject, bool]:
    """The schema of one parameter, and whether callers must give it."""
    name = parameter.node.arg
    if name.startswith(("_", "model_")) or name in _REFUSED:
        raise scope.error(parameter.node, f"Prefect may refuse a parameter named `{name}`")
    type_ = _type(parameter.node.annotation, scope, catalogue)
    own = _own(parameter.default, scope, catalogue)
    # Prefect makes a field of its own for the parameter: only the default, the description and the
    # extra schema of a `Field(…)` that is the default survive, and its own title, description and
    # name replace what `Annotated` says (`process_v2_params`).
    shown_ = {key: item for key, item in type_.notes.shown.items() if key not in ("title", "description")}
    described = own.shown.get("description") or description
    shown_ |= {"title": name} | ({} if described is None else {"description": described})
    extra = (
        {"position": parameter.position} | type_.notes.extra | {"position": parameter.position} | own.extra
    )
    default = type_.notes.default if own.default is ABSENT else own.default
    notes = Notes(default=default, shown=shown_, extra=extra)
    return property_schema(name, type_, notes, catalogue.definitions), default is ABSENT


def _type(annotation: ast.expr | None, scope: Scope, catalogue: Catalogue) -> Type:
    match annotation:
        case None:
            return ANY
        case ast.Constant(value=str() as quoted) if not scope.module.lazy:
            annotation = parsed(annotation, quoted, scope)
    try:
        return type_of(annotation, scope, catalogue)
    except NoSchemaError:
        return ANY


def _own(default: ast.expr | None, scope: Scope, catalogue: Catalogue) -> Notes:
    """What the default says: a value, or some of `Field(…)`."""
    match default:
        case None:
            return Notes()
        case ast.Call(func=func) if scope.external_call(default) == "pydantic.Field":
            kept = [
                k for k in default.keywords if k.arg in (None, "default", "description", "json_schema_extra")
            ]
            return field_notes(
                ast.copy_location(ast.Call(func, default.args, kept), default), scope, catalogue
            )
        case _:
            return Notes(default=default_of(default, scope, catalogue))


def _schema(properties: JsonObject, required: list[Json], definitions: dict[str, JsonObject]) -> JsonObject:
    schema: JsonObject = {"title": "Parameters", "type": "object", "properties": properties}
    if required:
        schema["required"] = required
    used: JsonObject = {key: definitions[key] for key in sorted(_used(properties, definitions))}
    return schema | ({"definitions": used} if used else {})


def _used(schema: Json, definitions: dict[str, JsonObject]) -> set[str]:
    """The keys of the definitions that a schema refers to, directly or not."""
    found: set[str] = set()
    todo: list[Json] = [schema]
    while todo:
        match todo.pop():
            case dict() as inner:
                todo += inner.values()
                reference = inner.get("$ref")
                key = reference.rpartition("/")[2] if isinstance(reference, str) else ""
                if key in definitions and key not in found:
                    found.add(key)
                    todo.append(definitions[key])
            case list() as items:
                todo += items
    return found
