"""Parameters: checked against a JSON Schema as the server checks them, and hydrated as PATCH does it.

Sources: prefect/_internal/schemas/validators.py, prefect/utilities/schema_tools/ of 3.8.8.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

import jsonschema
from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from referencing import Registry
from referencing.exceptions import Unresolvable

from fake.answers import refuse

if TYPE_CHECKING:
    from prefect_reconcile.model import Json, JsonObject

# JSON Schema is a document of any shape: its parts are looked at, never trusted.
Schema = dict[str, Any]

_NOTHING_TO_CHECK: tuple[JsonObject, ...] = ({}, {"type": "object", "properties": {}})
_GONE = object()


class BadSchemaError(ValueError):
    """The schema itself is no JSON Schema, or none that the server can read."""


class CircularSchemaError(ValueError):
    """The schema refers to itself without end."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a schema is read before a value is checked by it.

    `lenient`: an optional property without default may be null, and `items` that are a list are positions;
    `null_beside_default`: an optional one with a default may be null too; `formats` are checked;
    `required` counts, which it otherwise does only within lists.
    """

    lenient: bool = True
    null_beside_default: bool = False
    formats: bool = False
    required: bool = False


POST = Reading(lenient=False)
"""Parameters of a deployment that is made with `enforce_parameter_schema` written out."""
PATCH = Reading()
"""Parameters of a deployment that is changed."""
POST_JOB = Reading(null_beside_default=True)
"""Job variables of a deployment that is made."""
PATCH_JOB = Reading(formats=True)
"""Job variables of a deployment that is moved."""
RUN_JOB = Reading(null_beside_default=True, required=True)
"""Job variables of a run that is made."""


def violation(value: JsonObject, schema: JsonObject, reading: Reading) -> str | None:
    """What is wrong with a value. Raises BadSchemaError and CircularSchemaError."""
    if schema in _NOTHING_TO_CHECK:
        return None
    try:
        error = jsonschema.exceptions.best_match(_checker(json.dumps(schema), reading).iter_errors(value))
    except Unresolvable as reason:
        return f"Validation failed. Failure reason: {reason}"
    except RecursionError as reason:
        raise CircularSchemaError(str(reason)) from reason
    if error is None:
        return None
    place = error.json_path.replace("$.", "")
    where = "" if error.json_path == "$" else f" for field {place!r}"
    return f"Validation failed{where}. Failure reason: {error.message}"


@cache
def _checker(text: str, reading: Reading) -> jsonschema.Draft202012Validator:
    schema: Schema = json.loads(text)
    try:
        read = _adapted(schema, reading) if reading.lenient else schema
        read = read if reading.required else _without_required(read)
        jsonschema.Draft202012Validator.check_schema(read)
    except jsonschema.SchemaError as error:
        raise BadSchemaError(error.message) from error
    except (TypeError, AttributeError) as error:
        raise BadSchemaError(str(error)) from error
    formats = jsonschema.Draft202012Validator.FORMAT_CHECKER if reading.formats else None
    return jsonschema.Draft202012Validator(read, registry=Registry(), format_checker=formats)


def _without_required(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_required(part) for key, part in value.items() if key != "required"}
    return value


def _adapted(schema: Schema, reading: Reading) -> Schema:
    """The schema as it would be had pydantic 1 written a valid one."""
    changed = deepcopy(schema)
    for part in (changed, *changed.get("definitions", {}).values()):
        _adapt(part, reading)
    return changed


def _adapt(schema: Schema, reading: Reading) -> None:
    for name, found in schema.get("properties", {}).items():
        optional = name not in schema.get("required", [])
        without_default = "default" not in found or reading.null_beside_default
        if optional and found.get("type", "null") != "null" and without_default:
            found["anyOf"] = [{"type": found.pop("type")}, {"type": "null"}]
        if isinstance(found.get("items"), list) and "prefixItems" not in found:
            found["prefixItems"] = found.pop("items")
        if "properties" in found:
            _adapt(found, reading)


@dataclass(frozen=True, slots=True)
class Hydration:
    """How this server renders `__prefect_kind` objects, as PATCH does with parameters."""

    variables: Mapping[str, Json]
    takes_json_values: bool

    def hydrated(self, parameters: JsonObject) -> JsonObject:
        """The parameters rendered. 400 when one cannot be."""
        found = self._hydrated(parameters)
        return found if isinstance(found, dict) else {}

    def _hydrated(self, value: Any) -> Any:
        if isinstance(value, dict) and "__prefect_kind" in value:
            return self._rendered(value)
        if isinstance(value, dict):
            pairs = ((key, self._hydrated(part)) for key, part in value.items())
            return {key: part for key, part in pairs if part is not _GONE}
        if isinstance(value, list):
            return [part for part in map(self._hydrated, value) if part is not _GONE]
        return value

    def _rendered(self, value: dict[str, Any]) -> Any:
        match value["__prefect_kind"]:
            case "none":
                return self._needed(value, "value")
            case "json":
                return self._from_json(self._hydrated(value.get("value", _GONE)))
            case "jinja":
                return _from_template(self._needed(value, "template"))
            case "workspace_variable":
                return self._variable(self._hydrated(value.get("variable_name", _GONE)))
            case _:
                return value.get("value")

    def _needed(self, value: dict[str, Any], key: str) -> Any:
        if key not in value:
            _unhydratable(f"Missing '{key}' key in __prefect object")
        return self._hydrated(value[key])

    def _from_json(self, text: Any) -> Any:
        if text is _GONE or (self.takes_json_values and not isinstance(text, str)):
            return text
        try:
            return json.loads(text)
        except (json.JSONDecodeError, TypeError) as error:
            _unhydratable(f"Invalid JSON: {error}")

    def _variable(self, name: Any) -> Any:
        if name is not _GONE and name not in self.variables:
            _unhydratable(f"Variable {name!r} not found in workspace.")
        return name if name is _GONE else self.variables[name]


def _from_template(text: Any) -> Any:
    try:
        return ImmutableSandboxedEnvironment().from_string(text).render()
    except TemplateError as error:
        _unhydratable(f"Invalid jinja: {error}")


def _unhydratable(reason: str) -> NoReturn:
    refuse(400, f"Error hydrating deployment parameters: {reason}")
