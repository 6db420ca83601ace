"""What a model refuses, in words for people."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from difflib import get_close_matches
from json import dumps
from typing import Any, TypeVar, cast, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from prefect_reconcile.model import Filled, Finding, Json, JsonObject, Path
from prefect_reconcile.secrecy import is_secret, without_user

LONGEST = 60
"""How many characters of a value a message shows."""


def wrong(what: str, remedy: str) -> PydanticCustomError:
    """The error for a validator to raise."""
    return PydanticCustomError("wrong", "{what}; {remedy}", {"what": what, "remedy": remedy})


_Model = TypeVar("_Model", bound=BaseModel)

_FROM_TEXT: Mapping[str, Callable[[str], Json]] = {
    "int_type": int,
    "bool_type": lambda text: {"true": True, "false": False}[text.lower()],
    "float_type": float,
}


def validate(model: type[_Model], value: JsonObject) -> _Model:
    """The model of a value; text that filled a placeholder may stand for a number or boolean.

    Raises `ValidationError`.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        converted = _converted(value, error)
        if converted is value:
            raise
        return model.model_validate(converted)


def _converted(value: JsonObject, error: ValidationError) -> JsonObject:
    for details in error.errors(include_url=False):
        convert = _FROM_TEXT.get(details["type"])
        if convert and isinstance(details["input"], Filled):
            with suppress(ValueError, KeyError):
                value = cast("JsonObject", _replaced(value, details["loc"], convert(details["input"])))
    return value


def _replaced(value: Json, path: Path, new: Json) -> Json:
    if not path:
        return new
    step, *rest = path
    if isinstance(value, list):
        return [_replaced(one, tuple(rest), new) if n == step else one for n, one in enumerate(value)]
    entries = cast("JsonObject", value)
    return {key: _replaced(one, tuple(rest), new) if key == step else one for key, one in entries.items()}


def translate(error: ValidationError, model: type[BaseModel]) -> tuple[Finding, ...]:
    """One finding for each place that a model refuses, in the order of the model's keys."""
    found: dict[Path, Finding] = {}
    for details in error.errors(include_url=False):
        finding = _finding(details, model)
        found.setdefault(finding.path, finding)
    return tuple(found.values())


_EXPECTED = {
    "string_type": "a string",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}

_BOUNDS = {
    "greater_than": ("more than", "gt", "larger"),
    "greater_than_equal": ("at least", "ge", "larger"),
    "less_than_equal": ("at most", "le", "smaller"),
}


def _finding(details: ErrorDetails, model: type[BaseModel]) -> Finding:
    kind, value = details["type"], details["input"]
    context: Mapping[str, Any] = details.get("ctx", {})
    path: Path = details["loc"]
    match kind:
        case "wrong":
            return Finding(path, context["what"], context["remedy"])
        case "extra_forbidden":
            return Finding(path, "unknown key", _known_keys(path, model), on_key=True, stray=True)
        case "missing":
            return Finding(path, "required key is missing", f"add {path[-1]}: …")
        case "literal_error":
            return Finding(path, f"{shown(value, path)} is not possible here", f"write {_choices(context)}")
        case _ if kind in _BOUNDS:
            words, bound, direction = _BOUNDS[kind]
            what = f"has to be {words} {context[bound]}, found {shown(value, path)}"
            return Finding(path, what, f"write a {direction} number")
        case _ if kind in _EXPECTED:
            return mismatch(path, _EXPECTED[kind], value)
        case _:
            return Finding(path, f"{details['msg'].lower()}, found {shown(value, path)}", "correct it")


def _choices(context: Mapping[str, Any]) -> str:
    return str(context["expected"]).replace("'", "")


def mismatch(path: Path, expected: str, value: object) -> Finding:
    """The finding for a value of another type; `expected` is one of the types' names here, as `a list`."""
    remedy = f"write {expected}" if is_secret(path) else _instead(expected, value)
    return Finding(path, f"expected {expected}, found {shown(value, path)}", remedy)


def _instead(expected: str, value: object) -> str:
    match expected, value:
        case "a string", bool() | int() | float():
            return f'put it in quotes: "{dumps(value)}"'
        case "a list", bool() | int() | float() | str():
            return f"write a list: [{shown(value)}]"
        case "a mapping", _:
            return "write a mapping, as in key: value"
        case "true or false", "true" | "false":
            return f"remove the quotes: {value}"
        case "a whole number" | "an integer" | "a number", str() if _NUMBER.fullmatch(value):
            return f"remove the quotes: {value}"
        case _:
            return f"write {expected}"


_NUMBER = re.compile(r"-?[0-9]{1,20}")


def shown(value: object, path: Path = ()) -> str:
    """A value that was found, short enough for a message, and no secret, as far as its path tells."""
    match value:
        case None:
            return "nothing"
        case bool():
            return dumps(value)
        case int() | float() | str() if is_secret(path):
            return "a value that is not shown"
        case int() | float() | str():
            text = dumps(without_user(value) if isinstance(value, str) else value, ensure_ascii=False)
            return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
        case list():
            return "a list"
        case _:
            return "a mapping"


def _known_keys(path: Path, model: type[BaseModel]) -> str:
    here = _model_at(path[:-1], model)
    written, keys = str(path[-1]), sorted(here.model_fields)
    if remedy := getattr(here, "REMEDIES", {}).get(written):
        return str(remedy)
    if likely := [*get_close_matches(written, keys, cutoff=0.75), *_sharing_a_word(written, keys)]:
        return f'did you mean "{likely[0]}"?'
    for name, field in here.model_fields.items():
        if any(written in inner.model_fields for inner in _models(field.annotation)):
            return f"move it into {name}"
    return f"remove it; the keys here are {', '.join(keys)}"


def _sharing_a_word(written: str, keys: Iterable[str]) -> Iterator[str]:
    """`pool` for `work_pool_name`, `flow_name` for `flow`."""
    return (key for key in keys if key in written.split("_") or written in key.split("_"))


def _model_at(path: Path, model: type[BaseModel]) -> type[BaseModel]:
    for step in path:
        if isinstance(step, str) and step in model.model_fields:
            model = next(_models(model.model_fields[step].annotation), model)
    return model


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
