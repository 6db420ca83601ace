"""The parameters of a manifest: which names and values the flow takes."""

from __future__ import annotations

import sys
from subprocess import run
from typing import Any

import pytest
from prefect.exceptions import SignatureMismatchError
from prefect.utilities.callables import parameters_to_args_kwargs

from conversations import live
from prefect_reconcile.kinds.deployment import NAME, read
from prefect_reconcile.kinds.deployment.parameters import check_observed
from prefect_reconcile.model import (
    Desired,
    Filled,
    Finding,
    FlowFacts,
    JsonObject,
    Manifest,
    NoFlow,
    Source,
    path_text,
)

SCHEMA: JsonObject = {
    "title": "Parameters",
    "type": "object",
    "properties": {
        "day": {"title": "day", "type": "integer", "default": 1, "position": 0},
        "config": {"$ref": "#/definitions/Config", "position": 1},
        "since": {"title": "since", "type": "string", "position": 2},
    },
    "required": ["config"],
    "definitions": {
        "Config": {
            "type": "object",
            "properties": {"hosts": {"type": "array", "items": {"type": "string"}}},
        }
    },
}
NAMES = frozenset({"day", "config", "since"})
CODE = FlowFacts("etl", "", SCHEMA, None, NAMES)
ELSEWHERE = NoFlow("there is no file", "check the path")
CRON: JsonObject = {"cron": "0 2 * * *"}


def told(value: JsonObject, code: FlowFacts | NoFlow = CODE) -> tuple[Manifest | None, tuple[Finding, ...]]:
    """What is read in a manifest of `etl/nightly` with these keys."""
    return read({"flow": "etl", "name": "nightly", "entrypoint": "f.py:etl", **value}, lambda _: code)


def wrong(code: FlowFacts | NoFlow = CODE, **written: Any) -> list[str]:
    """What is wrong with it, as people read it."""
    return [f"{path_text(one.path)}: {one.what}; {one.remedy}" for one in told(written, code)[1]]


def hints(code: FlowFacts | NoFlow = CODE, **written: Any) -> list[Finding]:
    """What is worth knowing of it, where nothing is wrong."""
    found, findings = told(written, code)
    assert found is not None, findings
    return list(found.hints)


INTEGER = 'parameters.day: expected an integer, found "x"; write an integer'


def test_a_value_by_the_schema_of_the_code() -> None:
    """Values are checked by the schema of the flow's code, each at its place."""
    parameters = {"day": "x", "config": {"hosts": ["a", "b", 3]}}
    assert wrong(parameters=parameters) == [
        'parameters.config.hosts[2]: expected a string, found 3; put it in quotes: "3"',
        INTEGER,
    ]


@pytest.mark.parametrize("parameters", [None, {}, {"day": 3}, {"config": {}}, {"since": None}], ids=str)
def test_parameters_that_are_right(parameters: JsonObject | None) -> None:
    """What is required may be left to the runs, and PATCH lets what is only optional be null."""
    assert told({"parameters": parameters})[1] == ()


def test_a_written_schema_beats_that_of_the_code() -> None:
    """It is the one that Prefect gets, so it holds; empty or null, it lets everything pass."""
    text: JsonObject = {"properties": {"day": {"type": "string"}}}
    assert wrong(parameters={"day": "x"}, parameter_openapi_schema=text) == []
    assert wrong(parameters={"day": "x"}, parameter_openapi_schema={}) == []
    assert wrong(parameters={"day": "x"}, parameter_openapi_schema=None) == []
    assert wrong(parameters={"day": 1}, parameter_openapi_schema=text) == [
        'parameters.day: expected a string, found 1; put it in quotes: "1"'
    ]


def test_a_written_schema_needs_no_code() -> None:
    """Values are checked where the code is not here."""
    schema: JsonObject = {"properties": {"day": {"type": "integer"}}}
    assert wrong(ELSEWHERE, parameters={"day": "x"}, parameter_openapi_schema=schema) == [INTEGER]


@pytest.mark.parametrize("value", [False, Filled("false")])
def test_values_are_not_checked_without_enforcement(value: object) -> None:
    """`enforce_parameter_schema: false` leaves values, and the schema itself, to the flow."""
    odd: JsonObject = {"properties": {"day": {"type": "nope"}}}
    assert wrong(parameters={"day": "x"}, enforce_parameter_schema=value) == []
    assert wrong(parameters={"day": "x"}, enforce_parameter_schema=value, parameter_openapi_schema=odd) == []
    assert wrong(parameters={"day": "x"}, enforce_parameter_schema=True) == [INTEGER]


UNKNOWN = 'parameters.dya: the flow has no such parameter; did you mean "day"?'
TAKES = "parameters.x: the flow has no such parameter; remove it; the flow takes config, day, since"


@pytest.mark.parametrize("enforced", [True, False])
def test_unknown_names(enforced: bool) -> None:
    """A name that the flow does not take is refused even where nothing is enforced."""
    parameters = {"dya": 1, "x": 1, "day": 1}
    assert wrong(parameters=parameters, enforce_parameter_schema=enforced) == [UNKNOWN, TAKES]


def test_unknown_names_end_a_run() -> None:
    """Prefect calls no flow with a name that it does not take, of `**rest` too, whatever is enforced."""

    def flow(day: int, **rest: int) -> None:
        """A flow that seems to take any name."""

    parameters_to_args_kwargs(flow, {"day": 1, "rest": {"x": 1}})
    with pytest.raises(SignatureMismatchError):
        parameters_to_args_kwargs(flow, {"day": 1, "x": 1})


def test_names_where_the_schema_is_not_known() -> None:
    """Names are checked where the code tells only these."""
    assert wrong(FlowFacts("etl", "", None, "computed", NAMES), parameters={"dya": 1, "day": "x"}) == [
        UNKNOWN
    ]
    assert wrong(FlowFacts("etl", "", None, "computed", frozenset()), parameters={"x": 1}) == [
        "parameters.x: the flow has no such parameter; remove it; the flow takes none"
    ]


@pytest.mark.parametrize("code", [FlowFacts("etl", "", SCHEMA), ELSEWHERE])
def test_names_that_nobody_tells(code: FlowFacts | NoFlow) -> None:
    """Without the names of the flow, any name passes, as it does with Prefect."""
    assert wrong(code, parameters={"dya": 1}) == []


def test_an_unknown_name_is_told_once_at_its_key() -> None:
    """What the schema has against it too is not told."""
    closed: JsonObject = {"properties": {"day": {}}, "additionalProperties": False}
    assert told({"parameters": {"dya": 1}, "parameter_openapi_schema": closed})[1] == (
        Finding(("parameters", "dya"), "the flow has no such parameter", 'did you mean "day"?', on_key=True),
    )


def test_a_closed_schema() -> None:
    """A schema that takes no other names is obeyed without code."""
    closed: JsonObject = {"properties": {"day": {}}, "additionalProperties": False}
    assert wrong(ELSEWHERE, parameters={"dya": 1}, parameter_openapi_schema=closed) == [
        'parameters.dya: unknown key; did you mean "day"?'
    ]


def test_names_in_schedules() -> None:
    """A schedule's unknown names end its runs, so they are refused, wherever they stand in the file."""
    flat: JsonObject = {**CRON, "parameters": {"dya": 1}}
    nested: JsonObject = {"schedule": {"cron": "0 3 * * *", "parameters": {"dya": 1}}}
    what = 'the flow has no such parameter; did you mean "day"?'
    assert wrong(schedules=[flat, nested]) == [
        f"schedules[0].parameters.dya: {what}",
        f"schedules[1].schedule.parameters.dya: {what}",
    ]


def test_values_in_schedules() -> None:
    """Prefect never checks a schedule's values, so its runs would fail: they are held to the same schema."""
    flat: JsonObject = {**CRON, "parameters": {"day": "x", "since": "y"}}
    nested: JsonObject = {"schedule": {"cron": "0 3 * * *", "parameters": {"day": "x"}}}
    what = 'expected an integer, found "x"; write an integer'
    assert wrong(schedules=[flat, nested]) == [
        f"schedules[0].parameters.day: {what}",
        f"schedules[1].schedule.parameters.day: {what}",
    ]
    assert wrong(schedules=[flat], enforce_parameter_schema=False) == []


def test_a_schedules_values_count_alone() -> None:
    """What the deployment has wrong is not told again for its schedules."""
    assert wrong(parameters={"day": "x"}, schedules=[{**CRON, "parameters": {"since": "y"}}]) == [INTEGER]


SCHEMAS: list[tuple[JsonObject, str]] = [
    (
        {"properties": {"day": {"type": "nope"}}},
        '.properties.day.type: "nope" is not possible here in a JSON schema',
    ),
    (
        {"properties": {"day": True}},
        ".properties.day: Prefect wants a mapping here, even where JSON schema does not",
    ),
    (
        {"properties": {"day": {"$ref": "https://x.test/y"}}},
        ': it refers to "https://x.test/y", which Prefect does not fetch',
    ),
    (
        {"properties": {"day": {"$ref": "#/definitions/Day"}}},
        ': it refers to "#/definitions/Day", which is not in it',
    ),
    ({"allOf": [{"$ref": "#"}]}, ": it refers to itself without end"),
]


@pytest.mark.parametrize(("schema", "what"), SCHEMAS, ids=str)
def test_a_schema_that_is_none(schema: JsonObject, what: str) -> None:
    """Prefect would refuse or crash at every change, so the schema is what is wrong."""
    assert wrong(parameters={"day": 1}, parameter_openapi_schema=schema) == [
        f"parameter_openapi_schema{what}; correct it, or set enforce_parameter_schema: false"
    ]


def test_a_schema_that_refuses_no_parameters() -> None:
    """A written schema is checked without parameters too, as every PATCH checks it."""
    assert wrong(parameter_openapi_schema={"minProperties": 1}) == [
        "parameters: has to be at least 1 keys long, found 0; add more"
    ]


def test_a_schema_of_the_code_that_cannot_be_used() -> None:
    """It is told at the entrypoint."""
    code = FlowFacts("etl", "", {"properties": {"day": {"$ref": "#/x"}}}, None, NAMES)
    what = 'the schema of the flow\'s parameters cannot be used: it refers to "#/x", which is not in it'
    remedy = "write parameter_openapi_schema, or set enforce_parameter_schema: false"
    assert wrong(code, parameters={"day": 1}) == [f"entrypoint: {what}; {remedy}"]


def test_what_would_take_too_long_is_not_checked() -> None:
    """A hint says so; what else is wrong is told."""
    slow: JsonObject = {"properties": {"day": {"pattern": "^(a+)+$"}, "since": {"type": "integer"}}}
    found = hints(parameters={"day": "a" * 40 + "!"}, parameter_openapi_schema=slow)
    what = "parameters are not checked here: the pattern ^(a+)+$ could take very long"
    remedy = "Prefect checks them when they are written"
    assert found == [Finding(("parameter_openapi_schema",), what, remedy)]


def test_a_template_is_told_alone() -> None:
    """What Prefect would render has no type yet."""
    (text,) = wrong(parameters={"day": {"__prefect_kind": "json", "value": "1"}})
    assert text.startswith("parameters.day.__prefect_kind: ")


def test_beside_what_else_is_wrong() -> None:
    """Parameters are checked in a manifest that is refused anyhow, and told after the rest."""
    assert wrong(parameters={"day": "x"}, paused="yes", tag=1)[-1] == INTEGER
    assert wrong(parameters=[], parameter_openapi_schema=3, schedules=3)[0].startswith("parameters: expected")


def test_nothing_is_imported_without_need() -> None:
    """jsonschema is imported only once there is a value to check."""
    code = """if True:
        import sys
        from prefect_reconcile.kinds.deployment import read
        read({"flow": "f", "name": "n", "parameter_openapi_schema": {}, "parameters": {"a": 1}}, print)
        sys.exit("jsonschema" in sys.modules)
    """
    assert run([sys.executable, "-c", code], check=False).returncode == 0


# ---- what only the server tells


def wanted(initial: JsonObject | None = None, **fields: Any) -> Desired:
    """A deployment with these canonical fields."""
    return Desired(NAME, "etl/nightly", Source("d.yaml", 1, 1), fields, {}, initial or {})


def paths(found: tuple[Finding, ...]) -> list[str]:
    """The places of findings."""
    return [path_text(one.path) for one in found]


def test_a_new_deployment_takes_no_null() -> None:
    """POST does not let what is only optional be null, and PATCH does."""
    both: JsonObject = {"parameters": {"since": None}, "parameter_openapi_schema": SCHEMA}
    assert paths(check_observed(wanted(**both), None)) == ["parameters.since"]
    assert paths(check_observed(wanted(both), None)) == ["parameters.since"]
    assert check_observed(wanted(**both), live(parameter_openapi_schema=SCHEMA)) == ()
    assert check_observed(wanted(both), live()) == ()
    assert check_observed(wanted(**both, enforce_parameter_schema=False), None) == ()
    assert check_observed(wanted(parameters={"since": None}), None) == ()


def test_a_new_deployment_with_a_schema_that_post_refuses() -> None:
    """POST does not read a list of items as positions; a schema of an older draft is left to it."""
    items: JsonObject = {"properties": {"day": {"items": [{"type": "integer"}]}}}
    draft: JsonObject = {**items, "$schema": "http://json-schema.org/draft-07/schema#"}
    assert paths(check_observed(wanted(parameter_openapi_schema=items), None)) == [
        "parameter_openapi_schema.properties.day.items"
    ]
    assert check_observed(wanted(parameter_openapi_schema=draft), None) == ()


def test_a_live_schema_that_is_left_alone() -> None:
    """New parameters are checked by it; those that are live already are not sent."""
    there = live(parameter_openapi_schema=SCHEMA, parameters={"day": "x"})
    assert paths(check_observed(wanted(parameters={"day": "y"}), there)) == ["parameters.day"]
    assert check_observed(wanted(parameters={"day": "x"}), there) == ()
    assert check_observed(wanted(parameters={"since": None}), there) == ()
    assert check_observed(wanted(parameters={"day": "y"}), live()) == ()
    text: JsonObject = {"properties": {"day": {"type": "string"}}}
    assert check_observed(wanted(parameters={"day": "y"}, parameter_openapi_schema=text), there) == ()


def test_an_endless_check_is_left_to_the_server() -> None:
    """What would take too long is no reason to refuse anything."""
    slow: JsonObject = {"properties": {"day": {"pattern": "^(a+)+$"}}}
    one = wanted(parameters={"day": "a" * 40 + "!"}, parameter_openapi_schema=slow)
    assert check_observed(one, None) == ()
