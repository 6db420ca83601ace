"""What people are told about a value that a schema refuses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_reconcile.kinds import values, verdict
from prefect_reconcile.kinds.verdict import Rules
from prefect_reconcile.model import Filled, Finding, JsonObject, path_text

A_MAPPING = "write a mapping, as in key: value"
TAGGED = [
    {
        "type": "object",
        "properties": {"kind": {"const": "a"}, "x": {"type": "integer"}},
        "required": ["kind"],
    },
    {"type": "object", "properties": {"kind": {"enum": ["b", "c"]}, "y": {"type": "integer"}}},
    {"type": "null"},
]


def found(schema: JsonObject, value: Any, name: str = "x") -> tuple[Finding, ...]:
    """What is found in the one parameter of that name."""
    whole: JsonObject = {"properties": {name: schema}, "required": [name]}
    return values.check({name: value}, verdict.checker(whole, Rules()), ("parameters",))


def told(schema: JsonObject, value: Any, name: str = "x") -> list[str]:
    """The findings as people read them."""
    return [f"{path_text(one.path)}: {one.what}; {one.remedy}" for one in found(schema, value, name)]


CASES: list[tuple[Any, Any, str, str, str]] = [
    ({"type": "integer"}, "x", "", 'expected an integer, found "x"', "write an integer"),
    ({"type": "integer"}, "-3", "", 'expected an integer, found "-3"', "remove the quotes: -3"),
    ({"type": "integer"}, 1.5, "", "expected an integer, found 1.5", "write an integer"),
    ({"type": "number"}, None, "", "expected a number, found nothing", "write a number"),
    ({"type": "string"}, 3, "", "expected a string, found 3", 'put it in quotes: "3"'),
    ({"type": "boolean"}, "true", "", 'expected true or false, found "true"', "remove the quotes: true"),
    ({"type": "array"}, "a", "", 'expected a list, found "a"', 'write a list: ["a"]'),
    ({"type": "object"}, [], "", "expected a mapping, found a list", A_MAPPING),
    ({"type": "null"}, 1, "", "expected null, found 1", "write null"),
    (
        {"type": ["integer", "string", "null"]},
        [],
        "",
        "expected a string or an integer, found a list",
        "write a string or an integer",
    ),
    ({"enum": ["full", "daily"]}, "dayly", "", '"dayly" is not possible here', 'did you mean "daily"?'),
    ({"enum": ["full", "daily"]}, 1, "", "1 is not possible here", 'write one of "full", "daily"'),
    ({"enum": ["full"]}, None, "", "null is not possible here", 'write "full"'),
    (
        {"enum": [*range(10)]},
        11,
        "",
        "11 is not possible here",
        "write one of 0, 1, 2, 3, 4, 5, 6, 7 or 2 others",
    ),
    ({"const": True}, False, "", "false is not possible here", "write true"),
    ({"minimum": 1}, 0, "", "has to be at least 1, found 0", "write a larger number"),
    ({"exclusiveMinimum": 0}, 0, "", "has to be more than 0, found 0", "write a larger number"),
    ({"maximum": 1}, 2, "", "has to be at most 1, found 2", "write a smaller number"),
    ({"exclusiveMaximum": 1}, 1, "", "has to be less than 1, found 1", "write a smaller number"),
    ({"multipleOf": 5}, 7, "", "has to be a multiple of 5, found 7", "write one"),
    ({"minLength": 2}, "a", "", 'has to be at least 2 characters long, found "a"', "write a longer text"),
    ({"maxLength": 2}, "abc", "", 'has to be at most 2 characters long, found "abc"', "write a shorter text"),
    ({"minItems": 2}, [1], "", "has to be at least 2 entries long, found 1", "add more"),
    ({"maxItems": 1}, [1, 2], "", "has to be at most 1 entries long, found 2", "remove some"),
    ({"minProperties": 1}, {}, "", "has to be at least 1 keys long, found 0", "add more"),
    ({"maxProperties": 1}, {"a": 1, "b": 1}, "", "has to be at most 1 keys long, found 2", "remove some"),
    ({"pattern": "^a+$"}, "b", "", '"b" does not match the pattern ^a+$', "write a text that does"),
    ({"uniqueItems": True}, [1, 1], "", "has entries that are the same", "remove the repetitions"),
    (
        {"prefixItems": [{}], "items": False},
        [1, 2],
        "",
        "a list is not possible here",
        "remove what its schema does not know: the list is too long",
    ),
    ({"not": {"type": "integer"}}, 1, "", "1 is not possible here", "see not in the schema"),
    (
        {"contains": {"type": "integer"}},
        ["a"],
        "",
        "a list is not possible here",
        "it has too few or too many entries of the kind that is asked for",
    ),
    ({"allOf": [False]}, 1, "", "1 is not possible here", "remove it"),
    ({"items": {"type": "string"}}, ["a", 1], "[1]", "expected a string, found 1", 'put it in quotes: "1"'),
    (
        {"properties": {"h": {"items": {"type": "string"}}}},
        {"h": [1]},
        ".h[0]",
        "expected a string, found 1",
        'put it in quotes: "1"',
    ),
    (
        {"propertyNames": {"pattern": "^a"}},
        {"b": 1},
        ".b",
        'the key "b" is not possible here',
        "rename or remove it",
    ),
    (
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "3",
        "",
        'expected an integer, found "3"',
        "remove the quotes: 3",
    ),
    (
        {"anyOf": [{"type": "integer"}, {"type": "boolean"}]},
        [],
        "",
        "expected true or false or an integer, found a list",
        "write true or false or an integer",
    ),
    (
        {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string"}]},
        0,
        "",
        "has to be at least 1, found 0",
        "write a larger number",
    ),
    (
        {"anyOf": [{"enum": ["a"]}, {"const": "b"}, {"type": "null"}]},
        "c",
        "",
        '"c" is not possible here',
        'write one of "a", "b"',
    ),
    ({"anyOf": [{"required": ["a"]}, {"type": "null"}]}, {}, ".a", "required key is missing", "add a: …"),
    ({"anyOf": TAGGED}, {"kind": "b", "y": "q"}, ".y", 'expected an integer, found "q"', "write an integer"),
    ({"oneOf": TAGGED}, {"kind": "a", "x": "q"}, ".x", 'expected an integer, found "q"', "write an integer"),
    ({"anyOf": TAGGED}, {"kind": "d"}, ".kind", '"d" is not possible here', 'write one of "a", "b", "c"'),
    (
        {"anyOf": [{"anyOf": [{"type": "integer"}]}]},
        "q",
        "",
        'expected an integer, found "q"',
        "write an integer",
    ),
    (
        {"oneOf": [{}, {"type": "integer"}]},
        1,
        "",
        "fits more than one of the forms that are possible",
        "write what only one takes",
    ),
    (
        {"type": "integer"},
        "{{ prefect.variables.x }}",
        "",
        'expected an integer, found "{{ prefect.variables.x }}"',
        "Prefect checks it before it puts in what {{ }} stands for: write the value itself",
    ),
    (
        {"type": "integer"},
        Filled("3"),
        "",
        'expected an integer, found "3"',
        "text filled a placeholder: a value of a target, or of --set @FILE.json, keeps its type",
    ),
]


@pytest.mark.parametrize(("schema", "value", "place", "what", "remedy"), CASES, ids=str)
def test_message(schema: JsonObject, value: Any, place: str, what: str, remedy: str) -> None:
    """One line says what is wrong where, and what to do about it."""
    assert told(schema, value) == [f"parameters.x{place}: {what}; {remedy}"]


def test_unknown_key() -> None:
    """Each key that a closed mapping does not know is told at the key, with the one that is likely meant."""
    schema: JsonObject = {
        "properties": {"host": {}, "port": {}},
        "patternProperties": {"^x-": {}},
        "additionalProperties": False,
    }
    assert found(schema, {"prt": 1, "x-y": 1, "zzz": 1, "host": 1}) == (
        Finding(("parameters", "x", "prt"), "unknown key", 'did you mean "port"?', on_key=True),
        Finding(
            ("parameters", "x", "zzz"), "unknown key", "remove it; the keys here are host, port", on_key=True
        ),
    )
    assert told({"additionalProperties": False}, {"a": 1}) == ["parameters.x.a: unknown key; remove it"]


def test_everything_at_once_in_order() -> None:
    """All places are told, each once, and positions by their number."""
    schema: JsonObject = {"items": {"type": "integer", "minimum": 3, "enum": [3]}}
    wrong = found(schema, [*["x"] * 9, 3, 1])
    assert [one.path[2] for one in wrong] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 10]


SECRET: list[tuple[JsonObject, Any]] = [
    ({"type": "integer"}, "4711"),
    ({"type": "string"}, 4711),
    ({"type": "array"}, "4711"),
    ({"type": ["integer", "boolean"]}, "4711"),
    ({"enum": ["4712"]}, "4711"),
    ({"const": 4712}, 4711),
    ({"pattern": "a"}, "4711"),
    ({"minimum": 5000}, 4711),
    ({"not": {}}, "4711"),
    ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "4711"),
    ({"items": {"type": "integer"}}, ["4711"]),
]


@pytest.mark.parametrize(("schema", "value"), SECRET, ids=str)
def test_a_secret_is_not_shown(schema: JsonObject, value: Any) -> None:
    """A value whose path looks like that of a secret is in no message."""
    (text,) = told(schema, value, "api_token")
    assert "4711" not in text
    assert "4711" in told(schema, value, "x")[0]


@given(st.dictionaries(st.sampled_from("ab"), st.recursive(st.integers() | st.text() | st.none(), st.lists)))
def test_there_is_a_finding_for_every_refusal(value: JsonObject) -> None:
    """What is refused is told on one line."""
    schema: JsonObject = {
        "properties": {"a": {"anyOf": TAGGED}, "b": {"type": "array", "items": {"type": "integer"}}},
        "additionalProperties": False,
    }
    by = verdict.checker(schema, Rules())
    findings = values.check(value, by, ())
    assert bool(findings) == bool(verdict.violations(value, by))
    assert not any("\n" in one.what + one.remedy for one in findings)
