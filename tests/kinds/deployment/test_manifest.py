"""The native manifest of a deployment: what it may say, and what is said about what it may not."""

from __future__ import annotations

from json import dumps
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect.server.schemas.core import Deployment as CoreDeployment
from prefect.server.schemas.core import Flow as CoreFlow

from prefect_reconcile.kinds.deployment import SHAPES, read
from prefect_reconcile.kinds.deployment.models import ConcurrencyOptions, Deployment, Schedule
from prefect_reconcile.model import Filled, Finding, FlowFacts, JsonObject, Manifest, NoFlow, Path, path_text
from strategies import JSON, OBJECTS, manifests, schedules

GONE = "Prefect 3 no longer knows it: remove it"
FLOW_ID = "f0000000-0000-4000-8000-000000000000"


def no_code(entrypoint: str) -> NoFlow:
    return NoFlow("there is no file", "check the path", elsewhere=True)


def manifest(**written: Any) -> Manifest:
    """What is read in a manifest of `etl/nightly` with these keys."""
    found, findings = read({"flow": "etl", "name": "nightly", **written}, no_code)
    assert found is not None, findings
    return found


def findings(**written: Any) -> tuple[Finding, ...]:
    """What is wrong with a manifest of `etl/nightly` with these keys."""
    found, findings = read({"flow": "etl", "name": "nightly", **written}, no_code)
    assert found is None
    return findings


def messages(value: JsonObject) -> list[str]:
    """The findings as people read them, without the place in the file."""
    return [f"{path_text(one.path)}: {one.what}; {one.remedy}" for one in read(value, no_code)[1]]


def test_every_field() -> None:
    """Each key of the create call is read, in the canonical form of its value."""
    written: JsonObject = {
        "description": "Moves it",
        "version": "1.2",
        "tags": ["b", "a", "b"],
        "labels": {"team": "data", "tier": 1, "critical": True},
        "entrypoint": "flows/etl.py:etl",
        "path": "/opt",
        "pull_steps": [{"prefect.deployments.steps.git_clone": {"repository": "r"}}],
        "parameters": {"day": None},
        "enforce_parameter_schema": False,
        "parameter_openapi_schema": {"type": "object", "properties": {"day": {}}},
        "work_pool_name": "k8s",
        "work_queue_name": "high",
        "job_variables": {"image": "i"},
        "concurrency_limit": 3,
        "concurrency_options": {"collision_strategy": "ENQUEUE", "grace_period_seconds": None},
        "paused": True,
        "prevent_delete": True,
        "schedules": [{"cron": "0 2 * * *"}],
        "storage_document_id": FLOW_ID.upper(),
        "infrastructure_document_id": FLOW_ID,
    }
    changed: JsonObject = {
        "tags": ["a", "b"],
        "concurrency_options": {"collision_strategy": "ENQUEUE"},
        "schedules": [
            {
                "cron": "0 2 * * *",
                "timezone": "UTC",
                "day_or": True,
                "parameters": {},
                "max_scheduled_runs": None,
                "slug": None,
            }
        ],
        "storage_document_id": FLOW_ID,
    }
    assert written.keys() == SHAPES.keys() - {"owner"}
    assert manifest(**written) == Manifest(
        "etl/nightly", {**written, **changed}, {"name": "nightly", "flow": "etl"}
    )


def test_no_field() -> None:
    """What is left out is in no field."""
    assert manifest() == Manifest("etl/nightly", {}, {"name": "nightly", "flow": "etl"})


DEFAULTS: JsonObject = {
    **dict.fromkeys(SHAPES),
    "tags": [],
    "labels": {},
    "pull_steps": [],
    "parameters": {},
    "enforce_parameter_schema": True,
    "parameter_openapi_schema": {},
    "job_variables": {},
    "paused": False,
    "prevent_delete": False,
    "schedules": [],
}


@pytest.mark.parametrize("name", sorted(SHAPES.keys() - {"owner"}))
def test_null_is_the_default(name: str) -> None:
    """A null that is written out clears the field, also where leaving it out leaves it alone."""
    assert manifest(**{name: None}).fields == {name: DEFAULTS[name]}


@pytest.mark.parametrize("value", ["", None])
@pytest.mark.parametrize(
    "name", ["description", "version", "entrypoint", "path", "work_pool_name", "work_queue_name"]
)
def test_empty_text_is_none(name: str, value: str | None) -> None:
    """An empty text clears as null does."""
    assert manifest(**{name: value}).fields == {name: None}


def test_flow_id() -> None:
    """A flow may be named by its id, which names the deployment until the flow's name is known."""
    found, _ = read({"flow_id": FLOW_ID.upper(), "name": "nightly"}, no_code)
    assert found == Manifest(f"{FLOW_ID}/nightly", {}, {"name": "nightly", "flow_id": FLOW_ID})


SCHEMA: JsonObject = {"title": "Parameters", "type": "object", "properties": {"day": {"position": 0}}}


def code(name: str | None = "etl", description: str | None = "Moves it") -> FlowFacts:
    return FlowFacts(name, description, SCHEMA)


def test_flow_from_code() -> None:
    """Name, docstring and schema come from the flow's code where the manifest does not tell them."""
    found, _ = read({"name": "nightly", "entrypoint": "f.py:etl"}, lambda entrypoint: code())
    fields: JsonObject = {
        "entrypoint": "f.py:etl",
        "description": "Moves it",
        "parameter_openapi_schema": SCHEMA,
    }
    assert found == Manifest("etl/nightly", fields, {"name": "nightly", "flow": "etl"})


def test_schema_that_code_does_not_tell() -> None:
    """It is left out, which leaves a live one alone, and a hint says why."""
    facts = FlowFacts("etl", "", unknown="f.py:3: the default of `x` is computed")
    found, _ = read({"name": "nightly", "entrypoint": "f.py:etl"}, lambda entrypoint: facts)
    assert found is not None
    assert "parameter_openapi_schema" not in found.fields
    reason = "f.py:3: the default of `x` is computed"
    what = f"the flow's parameters are not known without running its code ({reason})"
    remedy = "a live schema is left alone; parameter_openapi_schema sets one"
    assert found.hints == (Finding(("entrypoint",), what, remedy),)


def test_manifest_beats_code() -> None:
    """What the manifest says is not looked up."""
    written: JsonObject = {"entrypoint": "f.py:etl", "description": None, "parameter_openapi_schema": {}}
    found, _ = read({"flow": "x", "name": "nightly", **written}, lambda entrypoint: code())
    what = 'the code names its flow "etl", and not "x"'
    hint = Finding(("flow",), what, "remove flow, or correct it", warning=True)
    assert found == Manifest("x/nightly", written, {"name": "nightly", "flow": "x"}, (hint,))


@pytest.mark.parametrize(
    ("key", "text"), [("active", "true"), ("day_or", "false"), ("max_scheduled_runs", "3")]
)
def test_text_that_filled_a_placeholder_in_a_schedule(key: str, text: str) -> None:
    """It may stand for the number or the boolean that is wanted there."""
    (schedule,) = manifest(schedules=[{"cron": "0 2 * * *", key: Filled(text)}]).fields["schedules"]  # type: ignore[union-attr,misc]
    assert dumps(schedule[key]) == text  # type: ignore[index,call-overload]


def test_flow_id_beats_code() -> None:
    """An id is not mixed with the name that the code tells."""
    value: JsonObject = {"flow_id": FLOW_ID, "name": "nightly", "entrypoint": "f.py:etl"}
    found, _ = read(value, lambda entrypoint: code(description=""))
    assert found is not None
    assert found.refs == {"name": "nightly", "flow_id": FLOW_ID}
    assert found.fields == {
        "entrypoint": "f.py:etl",
        "description": None,
        "parameter_openapi_schema": SCHEMA,
    }


@pytest.mark.parametrize(
    ("told", "what", "remedy"),
    [
        (code(name=None), "the code computes the flow's name, so it is not known", "add flow: …"),
        (NoFlow("f.py is not here", "add it"), "f.py is not here", "add it, or add flow: …"),
        (NoFlow("f.py has no flow etl", "correct it", certain=True), "f.py has no flow etl", "correct it"),
    ],
)
def test_flow_that_nobody_tells(told: FlowFacts | NoFlow, what: str, remedy: str) -> None:
    """Where neither manifest nor code names the flow, the manifest has to."""
    value: JsonObject = {"name": "nightly", "entrypoint": "f.py:etl"}
    assert read(value, lambda entrypoint: told) == (None, (Finding(("entrypoint",), what, remedy),))


def test_entrypoint_that_is_certainly_wrong() -> None:
    """It is refused even where the manifest names the flow, together with what else is wrong."""
    told = NoFlow("f.py has no flow etl", "correct it", certain=True)
    schema: JsonObject = {"properties": {"day": {"type": "integer"}}}
    value: JsonObject = {"flow": "etl", "name": "nightly", "entrypoint": "f.py:etl"}
    parameters: JsonObject = {"parameters": {"day": "x"}, "parameter_openapi_schema": schema}
    _, found = read({**value, **parameters}, lambda entrypoint: told)
    assert [path_text(one.path) for one in found] == ["entrypoint", "parameters.day"]


def test_an_unknown_key_does_not_hide_a_wrong_entrypoint() -> None:
    """Unless that key may be the one that names the flow."""
    value: JsonObject = {"name": "nightly", "entrypoint": "f.py:etl", "flw": "etl"}
    certain, absent = NoFlow("no such flow", "correct it", certain=True), NoFlow("no file", "add it")
    assert [path_text(one.path) for one in read(value, lambda entrypoint: certain)[1]] == [
        "flw",
        "entrypoint",
    ]
    assert [path_text(one.path) for one in read(value, lambda entrypoint: absent)[1]] == ["flw"]


@pytest.mark.parametrize("elsewhere", [True, False])
def test_code_that_is_here_and_says_nothing_is_a_hint(elsewhere: bool) -> None:
    """Where the manifest names the flow, and nothing like the file is here, the code has its own place."""
    value: JsonObject = {"flow": "etl", "name": "nightly", "entrypoint": "f.py:etl"}
    found, wrong = read(value, lambda entrypoint: NoFlow("no Python", "correct it", elsewhere=elsewhere))
    assert found is not None
    told = () if elsewhere else (Finding(("entrypoint",), "no Python", "correct it"),)
    assert (found.hints, wrong) == (told, ())


def test_flow_name_in_code_that_prefect_refuses() -> None:
    """A name in code is checked like one in a manifest."""
    value: JsonObject = {"name": "nightly", "entrypoint": "f.py:etl"}
    what = 'the code names its flow "a/b", which Prefect refuses'
    assert read(value, lambda entrypoint: code(name="a/b")) == (
        None,
        (Finding(("entrypoint",), what, "rename it there"),),
    )


FLAT = {"cron": "0 2 * * *", "timezone": "Europe/Paris", "day_or": False}
REST = {"slug": "s", "active": False, "parameters": {"a": 1}, "max_scheduled_runs": 3}


@pytest.mark.parametrize(
    "written",
    [
        {**FLAT, **REST},
        {"schedule": FLAT, **REST},
        {"schedule": {"cron": "0 2 * * *", "day_or": False}, "timezone": "Europe/Paris", **REST},
        {"schedule": {**FLAT, **REST}},
        {**FLAT, **REST, "interval": None, "rrule": None, "anchor_date": None},
    ],
)
def test_shapes_of_a_schedule(written: JsonObject) -> None:
    """A schedule means the same flat, as the API has it, and with keys on either level."""
    assert manifest(schedules=[written]).fields == {"schedules": [{**FLAT, **REST}]}


def test_null_beside_a_definition() -> None:
    """A null key is not the one that tells the type of a schedule."""
    assert manifest(schedules=[{"cron": None, "interval": "PT1H"}]).fields == {
        "schedules": [
            {
                "interval": 3600.0,
                "timezone": "UTC",
                "parameters": {},
                "max_scheduled_runs": None,
                "slug": None,
            }
        ]
    }


NO_KEYS = "remove it; the keys here are " + ", ".join(sorted(Deployment.model_fields))
SCHEDULE_KEYS = "remove it; the keys here are " + ", ".join(sorted(Schedule.model_fields))
CRON = {"cron": "0 2 * * *"}


@pytest.mark.parametrize(
    ("path", "written", "remedy"),
    [
        (("tag",), {"tag": []}, 'did you mean "tags"?'),
        (("pool",), {"pool": "k8s"}, 'did you mean "work_pool_name"?'),
        (
            ("work_pool",),
            {"work_pool": {"name": "k8s"}},
            "write work_pool_name: …, with work_queue_name and job_variables beside it",
        ),
        (("schedules", 0, "catchup"), {"schedules": [{**CRON, "catchup": True}]}, GONE),
        (("flow_name",), {"flow_name": "etl"}, 'did you mean "flow"?'),
        (("pull",), {"pull": []}, 'did you mean "pull_steps"?'),
        (("schedule",), {"schedule": CRON}, "write a list of one: schedules: [{cron: …}]"),
        (("cron",), CRON, "move it into schedules"),
        (("image",), {"image": "i"}, NO_KEYS),
        (("schedules", 0, "corn"), {"schedules": [{"corn": "x"}]}, 'did you mean "cron"?'),
        (
            ("schedules", 1, "schedule", "corn"),
            {"schedules": [CRON, {"schedule": {"corn": "x"}}]},
            'did you mean "cron"?',
        ),
        (("schedules", 0, "start"), {"schedules": [{**CRON, "start": 1}]}, SCHEDULE_KEYS),
        (
            ("schedules", 0, "anchor"),
            {"schedules": [{"interval": 1, "anchor": "x"}]},
            'did you mean "anchor_date"?',
        ),
        (
            ("concurrency_options", "strategy"),
            {"concurrency_options": {"collision_strategy": "ENQUEUE", "strategy": 1}},
            'did you mean "collision_strategy"?',
        ),
    ],
)
def test_unknown_key(path: Path, written: JsonObject, remedy: str) -> None:
    """An unknown key at any level is told where it stands, with the key that is likely meant."""
    assert findings(**written) == (Finding(path, "unknown key", remedy, on_key=True, stray=True),)


A_MAPPING = "write a mapping, as in key: value"


@pytest.mark.parametrize(
    ("path", "value", "what", "remedy"),
    [
        ("version", 1.0, "expected a string, found 1.0", 'put it in quotes: "1.0"'),
        ("description", 5, "expected a string, found 5", 'put it in quotes: "5"'),
        ("entrypoint", True, "expected a string, found true", 'put it in quotes: "true"'),
        ("path", [], "expected a string, found a list", "write a string"),
        ("tags", "finance", 'expected a list, found "finance"', 'write a list: ["finance"]'),
        ("labels", [], "expected a mapping, found a list", A_MAPPING),
        ("pull_steps", {}, "expected a list, found a mapping", "write a list"),
        ("parameters", [], "expected a mapping, found a list", A_MAPPING),
        ("parameter_openapi_schema", True, "expected a mapping, found true", A_MAPPING),
        ("job_variables", "x", 'expected a mapping, found "x"', A_MAPPING),
        ("schedules", CRON, "expected a list, found a mapping", "write a list"),
        ("paused", "yes", 'expected true or false, found "yes"', "write true or false"),
        ("paused", 1, "expected true or false, found 1", "write true or false"),
        (
            "enforce_parameter_schema",
            "false",
            'expected true or false, found "false"',
            "remove the quotes: false",
        ),
        ("concurrency_limit", 0, "has to be more than 0, found 0", "write a larger number"),
        ("concurrency_limit", True, "expected a whole number, found true", "write a whole number"),
        ("concurrency_limit", 3.0, "expected a whole number, found 3.0", "write a whole number"),
        ("concurrency_limit", "3", 'expected a whole number, found "3"', "remove the quotes: 3"),
        ("concurrency_options", "ENQUEUE", 'expected a mapping, found "ENQUEUE"', A_MAPPING),
        ("storage_document_id", "x", '"x" is not a UUID', "write an id as the API gives it"),
        ("infrastructure_document_id", 1, "expected a string, found 1", 'put it in quotes: "1"'),
    ],
)
def test_value_of_a_field(path: str, value: object, what: str, remedy: str) -> None:
    """A value of another type than the field's is refused, and never converted."""
    assert findings(**{path: value}) == (Finding((path,), what, remedy),)


@pytest.mark.parametrize(
    ("path", "written", "what", "remedy"),
    [
        (("tags", 1), {"tags": ["a", 2]}, "expected a string, found 2", 'put it in quotes: "2"'),
        (("pull_steps", 0), {"pull_steps": ["x"]}, 'expected a mapping, found "x"', A_MAPPING),
        (
            ("labels", "a"),
            {"labels": {"a": None}},
            "a label is a string, a number or true or false",
            "write one of them",
        ),
        (
            ("concurrency_options", "collision_strategy"),
            {"concurrency_options": {}},
            "required key is missing",
            "add collision_strategy: …",
        ),
        (
            ("concurrency_options", "collision_strategy"),
            {"concurrency_options": {"collision_strategy": "CANCEL"}},
            '"CANCEL" is not possible here',
            "write ENQUEUE or CANCEL_NEW",
        ),
        (
            ("concurrency_options", "grace_period_seconds"),
            {"concurrency_options": {"collision_strategy": "ENQUEUE", "grace_period_seconds": 59}},
            "has to be at least 60, found 59",
            "write a larger number",
        ),
        (
            ("concurrency_options", "grace_period_seconds"),
            {"concurrency_options": {"collision_strategy": "ENQUEUE", "grace_period_seconds": 86401}},
            "has to be at most 86400, found 86401",
            "write a smaller number",
        ),
        (("schedules", 0), {"schedules": ["0 2 * * *"]}, 'expected a mapping, found "0 2 * * *"', A_MAPPING),
        (("schedules", 0), {"schedules": [None]}, "expected a mapping, found nothing", A_MAPPING),
        (
            ("schedules", 0, "active"),
            {"schedules": [{**CRON, "active": "no"}]},
            'expected true or false, found "no"',
            "write true or false",
        ),
        (
            ("schedules", 0, "max_scheduled_runs"),
            {"schedules": [{**CRON, "max_scheduled_runs": 0}]},
            "has to be more than 0, found 0",
            "write a larger number",
        ),
        (("schedules", 0, "slug"), {"schedules": [{**CRON, "slug": " "}]}, "is empty", "write a name"),
        (
            ("schedules", 0, "schedule", "cron"),
            {"schedules": [{"schedule": {"cron": "daily"}}]},
            '"daily" is not a cron expression',
            'write five fields, as in "0 2 * * *"',
        ),
        (
            ("schedules", 0, "interval"),
            {"schedules": [{"interval": "P1M"}]},
            '"P1M" has no fixed length',
            "use days, or a cron or rrule schedule",
        ),
        (
            ("schedules", 0, "schedule", "timezone"),
            {"schedules": [{"schedule": {**CRON, "timezone": "Europe/Pari"}}]},
            '"Europe/Pari" is not a time zone',
            'did you mean "Europe/Paris"?',
        ),
        (
            ("schedules", 0, "anchor_date"),
            {"schedules": [{"interval": 60, "anchor_date": "soon"}]},
            '"soon" is not a date',
            'write it as in "2026-01-31T08:00:00Z"',
        ),
        (
            ("schedules", 0, "rrule"),
            {"schedules": [{"rrule": "COUNT=1"}]},
            '"COUNT=1" is not a recurrence rule',
            'write one as in "FREQ=DAILY"',
        ),
    ],
)
def test_inner_value(path: Path, written: JsonObject, what: str, remedy: str) -> None:
    """A wrong inner value is told at its own place."""
    assert findings(**written) == (Finding(path, what, remedy),)


@pytest.mark.parametrize(
    ("path", "written", "what", "remedy"),
    [
        (("flow_id",), {"flow_id": FLOW_ID}, "flow and flow_id are both given", "keep one of them"),
        (
            ("work_queue_name",),
            {"work_queue_name": "high"},
            "a work queue needs its work pool",
            "add work_pool_name: …",
        ),
        (
            ("labels", "prefect.flow.id"),
            {"labels": {"a": 1, "prefect.flow.id": "x"}},
            "labels that begin with prefect. belong to Prefect",
            "choose another name",
        ),
        (
            ("parameters", "a", 0, "__prefect_kind"),
            {"parameters": {"a": [{"__prefect_kind": "json", "value": "1"}]}},
            "this is a template that Prefect renders and does not keep",
            "write the value itself",
        ),
        (
            ("schedules", 0, "interval"),
            {"schedules": [{**CRON, "interval": 60}]},
            "cron and interval are given at once",
            "write a schedule for each",
        ),
        (
            ("schedules", 0, "schedule", "interval"),
            {"schedules": [{"schedule": {**CRON, "interval": 60, "rrule": "FREQ=DAILY"}}]},
            "cron and interval and rrule are given at once",
            "write a schedule for each",
        ),
        (
            ("schedules", 0, "day_or"),
            {"schedules": [{"interval": 60, "day_or": True}]},
            "does not go with interval",
            "remove it",
        ),
        (
            ("schedules", 0, "schedule", "anchor_date"),
            {"schedules": [{"schedule": {**CRON, "anchor_date": "2024-01-01"}}]},
            "does not go with cron",
            "remove it",
        ),
    ],
)
def test_keys_against_each_other(path: Path, written: JsonObject, what: str, remedy: str) -> None:
    """Keys that contradict each other, or mean nothing to Prefect, are told at one of them."""
    assert findings(**written) == (Finding(path, what, remedy, on_key=True),)


@pytest.mark.parametrize(
    ("path", "written", "what", "remedy"),
    [
        (("schedules", 0), [{"slug": "s"}], "has no cron, interval or rrule", "add one of them"),
        (("schedules", 0), [{"schedule": {}}], "has no cron, interval or rrule", "add one of them"),
        (
            ("schedules", 1, "slug"),
            [{**CRON, "slug": "s"}, {"interval": 60, "slug": "s"}],
            "schedules[0] has the slug 's' too",
            "give each a slug of its own",
        ),
        (
            ("schedules", 2),
            [CRON, {"interval": 60}, {"schedule": {**CRON, "timezone": "UTC"}, "active": False}],
            "is the same as schedules[0]",
            "remove one, or give each a slug of its own",
        ),
        (
            ("schedules", 1),
            [{"interval": 3600}, {"interval": "PT1H"}],
            "is the same as schedules[0]",
            "remove one, or give each a slug of its own",
        ),
    ],
)
def test_schedules_that_cannot_be_told_apart(
    path: Path, written: list[JsonObject], what: str, remedy: str
) -> None:
    """A schedule needs a definition and an identity of its own."""
    assert findings(schedules=written) == (Finding(path, what, remedy),)


@pytest.mark.parametrize(
    "written",
    [
        [CRON, {**CRON, "slug": "s"}],
        [CRON, {**CRON, "timezone": "Europe/Paris"}],
        [CRON, {**CRON, "day_or": False}],
        [CRON, {**CRON, "parameters": {"a": 1}}],
        [{"interval": 60}, {"interval": 60, "anchor_date": "2024-01-01"}],
    ],
)
def test_siblings(written: list[JsonObject]) -> None:
    """Schedules that differ in slug, definition, parameters or anchor can stand side by side."""
    assert len(manifest(schedules=written).fields["schedules"]) == len(written)  # type: ignore[arg-type]


NAMES = ["etl", "e t l", "é", "a.b-c_d", "日", "'", "a/b", "a%b", "a&b", "a<b", "a>b"]


@pytest.mark.parametrize("name", NAMES)
def test_name_as_prefect(name: str) -> None:
    """A name is accepted exactly if Prefect's models take it, for a deployment and for a flow."""
    for model, values, key in (
        (CoreDeployment, {"flow_id": FLOW_ID}, "name"),
        (CoreFlow, {}, "flow"),
    ):
        try:
            model(name=name, **values)  # type: ignore[arg-type]
            accepted = True
        except ValueError:
            accepted = False
        found, _ = read({"flow": "etl", "name": "nightly", key: name}, no_code)
        assert (found is not None) == accepted


@pytest.mark.parametrize("key", ["name", "flow"])
@pytest.mark.parametrize(
    ("name", "what", "remedy"),
    [
        # Prefect takes these, and nobody means them.
        ("", "is empty", "write a name"),
        (" ", "is empty", "write a name"),
        ("a\tb", "a name cannot hold '\\t'", "use letters, digits, spaces, - _ and ."),
        ("a\x7f", "a name cannot hold '\\x7f'", "use letters, digits, spaces, - _ and ."),
        ("a/b", "a name cannot hold '/'", "use letters, digits, spaces, - _ and ."),
        (5, "expected a string, found 5", 'put it in quotes: "5"'),
    ],
)
def test_name_that_cannot_be(key: str, name: object, what: str, remedy: str) -> None:
    """A name that nobody could see or Prefect would refuse is refused."""
    assert findings(**{key: name})[0] == Finding((key,), what, remedy)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            {},
            [
                "name: required key is missing; add name: …",
                "flow: required key is missing; add flow: …, or entrypoint: … to its code",
            ],
        ),
        (
            {"flow_name": "etl", "name": "n"},
            ['flow_name: unknown key; did you mean "flow"?'],
        ),
        (
            {"flow": "etl", "name": "n", "version": 1.0, "tags": "finance", "schedule": "0 2 * * *"},
            [
                'version: expected a string, found 1.0; put it in quotes: "1.0"',
                'tags: expected a list, found "finance"; write a list: ["finance"]',
                "schedule: unknown key; write a list of one: schedules: [{cron: …}]",
            ],
        ),
        (
            {
                "flow": "etl",
                "name": "n",
                "work_queue_name": "high",
                "paused": "yes",
                "schedules": [{"corn": "0 2 * * *"}, {"cron": "0 2 * *"}, {"slug": "s"}, CRON, CRON],
            },
            [
                'paused: expected true or false, found "yes"; write true or false',
                'schedules[0].corn: unknown key; did you mean "cron"?',
                'schedules[1].cron: "0 2 * *" is not a cron expression; write five fields, as in "0 2 * * *"',
                "work_queue_name: a work queue needs its work pool; add work_pool_name: …",
                "schedules[2]: has no cron, interval or rrule; add one of them",
                "schedules[4]: is the same as schedules[3]; remove one, or give each a slug of its own",
            ],
        ),
    ],
)
def test_everything_at_once(value: JsonObject, expected: list[str]) -> None:
    """All mistakes of a manifest are told together, and none that only follows from another."""
    assert messages(value) == expected


def exists(path: Path, value: Any) -> bool:
    """Whether a path leads to a value of a document."""
    for step in path:
        if not (isinstance(value, dict) and step in value) and not (
            isinstance(value, list) and isinstance(step, int) and step < len(value)
        ):
            return False
        value = value[step]
    return True


KEYS = st.sampled_from(
    [
        *Deployment.model_fields,
        *Schedule.model_fields,
        *ConcurrencyOptions.model_fields,
        *("schedule", "corn", "prefect.x", "__prefect_kind"),
    ]
)
MANIFEST_LIKE = st.recursive(
    JSON | st.sampled_from(["etl", "0 2 * * *", "P1M", 60, FLOW_ID]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
).filter(lambda value: isinstance(value, dict))


@given(
    value=OBJECTS
    | MANIFEST_LIKE
    | st.builds(lambda a, b: {**a, **b}, manifests(), st.dictionaries(KEYS, JSON, max_size=2))
    | st.builds(
        lambda a, b: {**a, "schedules": b}, manifests(), st.lists(schedules() | MANIFEST_LIKE, max_size=3)
    )
)
def test_any_object_is_read_or_refused(value: JsonObject) -> None:
    """Whatever a file holds, there is a manifest or there are findings, and each has a place in the file."""
    before = dumps(value)
    found, findings = read(value, no_code)
    assert (found is None) == bool(findings)
    for finding in findings:
        missing = "missing" in finding.what and not finding.on_key
        assert exists(finding.path[:-1] if missing else finding.path, value), finding
    assert dumps(value) == before


@given(manifests())
def test_valid_manifests_are_read(value: JsonObject) -> None:
    """What the API's create call takes is read, and no other fields come of it."""
    found, findings = read(value, no_code)
    assert findings == ()
    assert found is not None
    assert found.fields.keys() == value.keys() - {"flow", "name", "ignore"}


@pytest.mark.parametrize("written", [None, []])
def test_nothing_is_ignored(written: Any) -> None:
    """And it is no field."""
    found = manifest(ignore=written)
    assert (found.ignore, found.fields) == ((), {})


def test_what_is_ignored() -> None:
    """As it is written, in its order."""
    patterns = ["tags", "schedules[*].parameters", "concurrency_options.grace_period_seconds", "tags"]
    patterns += ["work_queue_name", "work_pool_name", "prevent_delete"]
    found = manifest(ignore=patterns)
    assert (found.ignore, found.fields) == (tuple(patterns), {})


COMPARED = ", ".join(sorted(Deployment.model_fields.keys() - {"name", "flow", "flow_id", "ignore"}))
UNKNOWN = f"is no field that is compared; begin with one of {COMPARED}"
HALF = "concurrency_options need their collision_strategy; write concurrency_options"
POOL, QUEUE = "work_pool_name", "work_queue_name"


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("tags", ': expected a list, found "tags"; write a list: ["tags"]'),
        ([1], '[0]: expected a string, found 1; put it in quotes: "1"'),
        (["tags", "tgas"], '[1]: "tgas" is no field that is compared; did you mean "tags"?'),
        (["ignore"], f'[0]: "ignore" {UNKNOWN}'),
        (["owner"], f'[0]: "owner" {UNKNOWN}'),
        *(
            ([one], f"[0]: {one} tells which resource is meant; remove it: nothing else can be ignored then")
            for one in ("name", "flow", "flow_id")
        ),
        (["tags[0]"], "[0]: tags are compared as a whole; write tags"),
        (["schedules[0]"], "[0]: schedules are told apart by their slugs; write schedules[SLUG]"),
        (
            ["schedules[*].slug"],
            "[0]: a slug tells which schedule is meant; write schedules[SLUG] for all of it",
        ),
        (["concurrency_options.*"], f"[0]: {HALF}"),
        (["concurrency_options.collision_strategy"], f"[0]: {HALF}"),
        ([POOL], f": {POOL} cannot be ignored alone; add {QUEUE}: a queue belongs to its pool"),
        ([QUEUE], f": {QUEUE} cannot be ignored alone; add {POOL}: a queue belongs to its pool"),
    ],
)
def test_what_cannot_be_ignored(written: Any, message: str) -> None:
    """What is malformed, no field, an identity, or would leave half of something."""
    assert messages({"flow": "etl", "name": "nightly", "ignore": written}) == [f"ignore{message}"]
