"""What a model refuses, in words for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from json import dumps
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from prefect_reconcile.model import Finding, Path


def wrong(what: str, remedy: str) -> PydanticCustomError:
    """The error for a validator to raise."""
    return PydanticCustomError("wrong", "{what}; {remedy}", {"what": what, "remedy": remedy})


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


def _finding(details: ErrorDetails, model: type[BaseModel]) -> Finding:
    kind, value = details["type"], details["input"]
    context: Mapping[str, Any] = details.get("ctx", {})
    path: Path = details["loc"]
    match kind:
        case "wrong":
            return Finding(path, context["what"], context["remedy"])
        case "extra_forbidden":
            return Finding(path, "unknown key", _known_keys(path, model), on_key=True)
        case "missing":
            return Finding(path, "required key is missing", f"add {path[-1]}: …")
        case "greater_than":
            return Finding(
                path, f"has to be more than {context['gt']}, found {_shown(value)}", "write a larger number"
            )
        case "greater_than_equal":
            return Finding(
                path, f"has to be at least {context['ge']}, found {_shown(value)}", "write a larger number"
            )
        case "less_than_equal":
            return Finding(
                path, f"has to be at most {context['le']}, found {_shown(value)}", "write a smaller number"
            )
        case "literal_error":
            return Finding(path, f"found {_shown(value)}", f"write {context['expected']}")
        case _ if kind in _EXPECTED:
            what = f"expected {_EXPECTED[kind]}, found {_shown(value)}"
            return Finding(
                path, what, _quoted(value) if kind == "string_type" else f"write {_EXPECTED[kind]}"
            )
        case _:
            return Finding(path, f"{details['msg'].lower()}, found {_shown(value)}", "correct it")


def _quoted(value: object) -> str:
    scalar = isinstance(value, (bool, int, float))
    return f'put it in quotes: "{dumps(value)}"' if scalar else "write a string"


def _shown(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool() | int() | float() | str():
            return f"{dumps(value, ensure_ascii=False)[:60]}"
        case list():
            return "a list"
        case _:
            return "a mapping"


def _known_keys(path: Path, model: type[BaseModel]) -> str:
    keys = sorted(_model_at(path[:-1], model).model_fields)
    close = get_close_matches(str(path[-1]), keys, n=1)
    return f'did you mean "{close[0]}"?' if close else f"remove it; the keys here are {', '.join(keys)}"


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
