"""The verdict on values is Prefect's own, and comes in time."""

from __future__ import annotations

import socket
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect._internal.schemas.validators import (
    validate_parameter_openapi_schema,
    validate_parameters_conform_to_schema,
)
from prefect.utilities.schema_tools import validate

from prefect_reconcile.kinds import verdict
from prefect_reconcile.kinds.verdict import Rules, TooMuchError, UnusableSchemaError
from prefect_reconcile.model import JsonObject

PATCH = Rules()
POST = Rules(adapts=False)
JOB = Rules(null_beside_default=True)


def accepts(value: JsonObject, schema: JsonObject, rules: Rules) -> bool:
    """Our verdict."""
    try:
        verdict.check(schema, rules)
        return not verdict.violations(value, verdict.checker(schema, rules))
    except UnusableSchemaError:
        return False


def patch(value: JsonObject, schema: Any) -> None:
    """What `PATCH /deployments/{id}` of Prefect does with parameters, with its arguments."""
    validate(value, schema, raise_on_error=True, ignore_required=True)


def post(value: JsonObject, schema: Any) -> None:
    """What `POST /deployments/` of Prefect does with parameters."""
    sent = {"enforce_parameter_schema": True, "parameter_openapi_schema": schema}
    validate_parameters_conform_to_schema(value, sent)
    validate_parameter_openapi_schema(schema, sent)


def job(value: JsonObject, schema: Any) -> None:
    """What `POST /deployments/` of Prefect does with job variables, with its arguments."""
    validate(
        value,
        schema,
        raise_on_error=True,
        preprocess=True,
        ignore_required=True,
        allow_none_with_default=True,
    )


def prefect_accepts(value: JsonObject, schema: JsonObject, how: Callable[[JsonObject, Any], None]) -> bool:
    """Prefect's verdict; whatever it raises is an answer other than success."""
    try:
        how(deepcopy(value), deepcopy(schema))
    except Exception:  # noqa: BLE001  (a crash is an answer too)
        return False
    return True


SAME = [(PATCH, patch), (POST, post), (JOB, job)]

TYPES = ["string", "integer", "number", "boolean", "array", "object", "null", "nope"]
NAMES = st.sampled_from(["a", "b", "required", "properties", "type"])
VALUES = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 1.0, 1.5, -3, "", "a", "ab", "2024-01-01", "{{ x }}"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
REFERENCES = ["#/definitions/A", "#/definitions/B", "#/$defs/C", "#", "#/nowhere", "http://127.0.0.1:9/x"]


def schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas, and what looks like one."""
    properties = st.dictionaries(NAMES, inner, max_size=3)
    names = st.lists(NAMES, max_size=2, unique=True)
    number = st.sampled_from([0, 1, 2])
    keywords: dict[str, st.SearchStrategy[Any]] = {
        "type": st.sampled_from(TYPES)
        | st.lists(st.sampled_from(TYPES[:-1]), min_size=1, unique=True, max_size=3),
        "properties": properties,
        "required": names,
        "default": VALUES,
        "anyOf": st.lists(inner, min_size=1, max_size=2),
        "oneOf": st.lists(inner, min_size=1, max_size=2),
        "allOf": st.lists(inner, min_size=1, max_size=2),
        "not": inner,
        "items": inner | st.lists(inner, max_size=2),
        "prefixItems": st.lists(inner, min_size=1, max_size=2),
        "additionalProperties": st.booleans() | inner,
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "("]), inner, max_size=1),
        "enum": st.lists(VALUES, min_size=1, max_size=3),
        "const": VALUES,
        "minimum": number,
        "maxLength": number,
        "minItems": number,
        "maxProperties": number,
        "multipleOf": number,
        "uniqueItems": st.booleans(),
        "pattern": st.sampled_from(["^a+$", "b", "("]),
        "format": st.sampled_from(["date", "uuid"]),
        "$ref": st.sampled_from(REFERENCES),
        "block_type_slug": st.just("x"),
        "title": st.sampled_from(["A", "B"]),
    }
    chosen = st.lists(st.sampled_from(sorted(keywords)), max_size=3, unique=True)
    return chosen.flatmap(lambda some: st.fixed_dictionaries({one: keywords[one] for one in some}))


ANY_SCHEMA = st.recursive(st.sampled_from([{}, {}, {}, True, None, "x"]), schemas, max_leaves=8)
TOP = st.fixed_dictionaries(
    {"properties": st.dictionaries(NAMES, ANY_SCHEMA, max_size=3)},
    optional={
        "type": st.just("object"),
        "required": st.lists(NAMES, max_size=2, unique=True),
        "additionalProperties": st.booleans(),
        "definitions": st.dictionaries(st.sampled_from(["A", "B"]), ANY_SCHEMA, max_size=2),
        "$defs": st.dictionaries(st.just("C"), ANY_SCHEMA, max_size=1),
    },
)


@pytest.mark.parametrize(("rules", "how"), SAME, ids=["PATCH", "POST", "job variables"])
@given(
    schema=TOP | ANY_SCHEMA.filter(lambda one: isinstance(one, dict)), value=st.dictionaries(NAMES, VALUES)
)
def test_the_verdict_is_prefects(
    rules: Rules, how: Callable[[JsonObject, Any], None], schema: JsonObject, value: JsonObject
) -> None:
    """What Prefect accepts is accepted, and what it refuses or crashes on is not, whatever it is."""
    assert accepts(value, schema, rules) == prefect_accepts(value, schema, how)


def named(schema: Any, **rest: Any) -> JsonObject:
    """The schema of one parameter, x."""
    return {"type": "object", "properties": {"x": schema}, **rest}


BLOCK: JsonObject = {
    "title": "B",
    "block_type_slug": "s3",
    "type": "object",
    "properties": {"n": {"type": "integer"}},
}
DATED: JsonObject = {"type": "string", "format": "date"}

CASES: list[tuple[JsonObject, Any]] = [
    (named({"type": "integer"}), None),
    (named({"type": "integer", "default": 1}), None),
    (named({"type": "integer"}, required=["x"]), None),
    (named({"type": ["integer", "string"]}), None),
    (named({"type": "integer"}), 1.0),
    (named({"type": "integer"}), True),
    (named({"type": "number"}), "1"),
    (named(DATED), "no date"),
    (named({"type": "array", "items": [{"type": "integer"}]}), ["x"]),
    (named({"type": "array", "items": [{"type": "integer"}]}), [1, "x"]),
    (named({"prefixItems": [{"type": "integer"}], "items": [{"type": "string"}]}), [1]),
    (named({"type": "object", "properties": {"y": {"type": "integer"}}}), {"y": None}),
    (named({"type": "object", "properties": {"y": {"type": "integer"}}, "required": ["y"]}), {"y": None}),
    (named({"type": "object", "required": ["y"]}), {}),
    (named({"anyOf": [{"type": "object", "required": ["y"]}, {"type": "null"}]}), {}),
    (named({"$ref": "#/definitions/B"}, definitions={"B": BLOCK}), {"$ref": {"block_document_id": "x"}}),
    (named({"$ref": "#/definitions/B"}, definitions={"B": BLOCK}), {"n": "x"}),
    (named({"$ref": "#/definitions/B"}, definitions={"B": BLOCK}), {"n": None}),
    (
        named({"$ref": "#/$defs/B"}, **{"$defs": {"B": {"properties": {"n": {"type": "integer"}}}}}),
        {"n": None},
    ),
    (named({"$ref": "http://127.0.0.1:9/x"}), 1),
    (named({"$ref": "https://json-schema.org/draft/2020-12/schema"}), {"type": "nope"}),
    (named({"$ref": "#/definitions/B"}, definitions={"B": {"$ref": "#/definitions/B"}}), 1),
    (named({}, definitions=[]), 1),
    (named({}, definitions={"B": True}), 1),
    (named({}, definitions={"B": {"block_type_slug": "x"}}), 1),
    (named({}, required=1), 1),
    (named(True), 1),
    (named(False), 1),
    (named({"properties": []}), 1),
    (named({"type": "integer", "items": 3}), 1),
    (named({"pattern": "("}), "x"),
    (named({"pattern": "^a$"}, additionalProperties=False), "b"),
    ({"properties": {"required": {"type": "integer"}}}, 1),
    ({"additionalProperties": {"type": "integer"}}, "x"),
    ({"minProperties": 2}, 1),
    ({"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"x": {"type": "integer"}}}, "1"),
    ({"properties": {"required": None}}, 1),
    ({"properties": {"x": {"required": 1}}}, 1),
]


@pytest.mark.parametrize(("rules", "how"), SAME, ids=["PATCH", "POST", "job variables"])
@pytest.mark.parametrize(("schema", "x"), CASES, ids=str)
@pytest.mark.parametrize("name", ["x", "required"])
def test_cases(
    rules: Rules, how: Callable[[JsonObject, Any], None], schema: JsonObject, x: Any, name: str
) -> None:
    """The cases that the source of Prefect tells apart have its verdict too."""
    assert accepts({name: x}, schema, rules) == prefect_accepts({name: x}, schema, how)


def test_both_verdicts_are_seen() -> None:
    """The cases are no proof if all have one verdict."""
    found = [accepts({"x": x}, schema, PATCH) for schema, x in CASES]
    assert 8 <= sum(found) <= len(found) - 8


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reference to another document opens no connection."""
    asked: list[object] = []
    for name in ("socket", "getaddrinfo", "create_connection"):
        monkeypatch.setattr(socket, name, lambda *args, **rest: asked.append(args))
    by = verdict.checker(named({"$ref": "http://schemas.test/x"}), PATCH)
    with pytest.raises(UnusableSchemaError, match=r"which Prefect does not fetch"):
        verdict.violations({"x": 1}, by)
    assert asked == []


@pytest.mark.parametrize(
    ("schema", "what", "path"),
    [
        (
            named({"type": "nope"}),
            '"nope" is not possible here in a JSON schema',
            ("properties", "x", "type"),
        ),
        (
            named({"pattern": "("}),
            '"(" is not possible here in a JSON schema',
            ("properties", "x", "pattern"),
        ),
        (named(True), "Prefect wants a mapping here, even where JSON schema does not", ("properties", "x")),
        (named({}, definitions=[]), "Prefect cannot read it", ()),
        ({"items": 3}, "3 is not possible here in a JSON schema", ("items",)),
    ],
    ids=str,
)
def test_place_in_a_schema(schema: JsonObject, what: str, path: tuple[str, ...]) -> None:
    """What is wrong with a schema is told at its place in it as it was written."""
    with pytest.raises(UnusableSchemaError) as raised:
        verdict.check(schema, PATCH)
    assert (raised.value.what, raised.value.path) == (what, path)


def deep(depth: int) -> Any:
    """A schema that is nested so deeply."""
    schema: Any = {"type": "integer"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"x": schema}}
    return schema


def test_a_schema_that_is_too_deep() -> None:
    """It ends in an answer."""
    with pytest.raises(UnusableSchemaError, match="nested too deeply"):
        verdict.check(deep(300), PATCH)


DOUBLING: JsonObject = {
    f"d{number}": {"allOf": [{"$ref": f"#/definitions/d{number + 1}"}] * 2} for number in range(60)
} | {"d60": {}}

ENDLESS: list[tuple[JsonObject, Any, str]] = [
    (named({"$ref": "#/definitions/d0"}, definitions=DOUBLING), 1, "references lead to too many places"),
    (named({"pattern": "^(a+)+$"}), "a" * 40 + "!", "could take very long"),
    (named({"pattern": "^(a|a)*$"}), "a" * 40 + "!", "could take very long"),
    (named({"pattern": "(a*){60}b"}), "a" * 60, "could take very long"),
    (named({"pattern": "a*a*a*a*a*b"}), "a" * 300, "could take very long"),
    (named({"patternProperties": {"^(a+)+$": {}}}), {"a" * 40 + "!": 1}, "could take very long"),
    (
        named({"patternProperties": {"^(a+)+$": {}}, "additionalProperties": False}),
        {"a" * 40 + "!": 1},
        "could",
    ),
]


@pytest.mark.parametrize(("schema", "x", "why"), ENDLESS, ids=lambda one: str(one)[:40])
def test_what_would_not_end(schema: JsonObject, x: Any, why: str) -> None:
    """A check that would take more than a lifetime is given up."""
    with pytest.raises(TooMuchError, match=why):
        verdict.violations({"x": x}, verdict.checker(schema, PATCH))


@pytest.mark.parametrize(
    ("pattern", "length"),
    [
        (r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", 253),
        (r"^[\w.+-]+@[\w-]+\.[\w.-]+$", 100),
        (r"^\d{4}-\d{2}-\d{2}$", 1000),
        (r"^(foo|bar|baz|qux|quux)$", 1000),
        (r"^s3://.+$", 1000),
        (r"^(\d{1,3}\.){3}\d{1,3}$", 15),
        (r"[)(|*+]{2}", 1000),
        (r"^(?:ab|cd)?(?P<x>[()]*)$", 1000),
    ],
)
def test_usual_patterns_are_checked(pattern: str, length: int) -> None:
    """The patterns that people write are checked against the texts that they are for."""
    assert verdict.violations({"x": "\n" * length}, verdict.checker(named({"pattern": pattern}), PATCH))
