"""The requests that make a deployment or change one: as few as do it, each with all that it needs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from prefect.server.schemas.actions import (
    DeploymentCreate,
    DeploymentScheduleCreate,
    DeploymentScheduleUpdate,
    DeploymentUpdate,
)
from pydantic import TypeAdapter

from conversations import FLOW_ID, ID, desired, hold, live, resolved, schedule_answered
from prefect_reconcile.errors import AnswerError, PrefectError
from prefect_reconcile.kinds.deployment import create, resolve, update
from prefect_reconcile.model import Answer, Call, JsonObject, Live
from strategies import manifests

DEPLOYMENT = f"/deployments/{ID}"
MAKE_FLOW = Call("POST", "/flows/", {"name": "etl"}, once=True)


def with_ids(call: Call) -> Answer:
    """An id for what is made."""
    return {"id": {"/flows/": FLOW_ID, "/deployments/": ID}.get(call.path, "x")}


def creation(written: JsonObject, **refs: str) -> list[list[Call]]:
    """The requests that make `etl/nightly` with these fields."""
    wanted = desired({"name": "nightly", "flow": "etl", **written}, **refs)
    return hold(create(wanted, resolve(wanted, None)), with_ids)[0]


def change(written: JsonObject, there: Live) -> list[list[Call]]:
    """The requests that make what is there what is written."""
    return hold(update(there, resolved(written, there)), with_ids)[0]


def made(**body: Any) -> Call:
    body = {"name": "nightly", "flow_id": FLOW_ID, "schedules": [], **body}
    return Call("POST", "/deployments/", body)


def patched(**body: Any) -> list[list[Call]]:
    """One PATCH of the deployment and nothing else."""
    return [[Call("PATCH", DEPLOYMENT, body)]]


def sent(definition: JsonObject, **rest: Any) -> JsonObject:
    """A schedule as it is sent."""
    return {"schedule": definition, "active": True, "parameters": {}, **rest}


CRON: JsonObject = {"cron": "0 2 * * *", "day_or": True, "timezone": "UTC"}
HOURLY: JsonObject = {"interval": 3600.0, "timezone": "UTC", "anchor_date": "2026-01-01T00:00:00+00:00"}


@pytest.mark.parametrize(
    ("written", "body"),
    [
        ({}, {}),
        ({"tags": [], "parameters": {}, "paused": False, "description": ""}, {}),
        (
            {"tags": ["b", "a"], "paused": True, "labels": {"a": 1}},
            {"tags": ["a", "b"], "paused": True, "labels": {"a": 1}},
        ),
        ({"work_pool_name": "k8s"}, {"work_pool_name": "k8s"}),
        (
            {"work_pool_name": "k8s", "work_queue_name": "high"},
            {"work_pool_name": "k8s", "work_queue_name": "high"},
        ),
        ({"concurrency_limit": 3}, {"concurrency_limit": 3}),
        ({"enforce_parameter_schema": False}, {"enforce_parameter_schema": False}),
        (
            {"parameter_openapi_schema": {"type": "object"}, "parameters": {"a": 1}},
            {
                "parameter_openapi_schema": {"type": "object"},
                "parameters": {"a": 1},
                "enforce_parameter_schema": True,
            },
        ),
        ({"schedules": [{"cron": "0 2 * * *"}]}, {"schedules": [sent(CRON)]}),
        (
            {"schedules": [{"cron": "0 2 * * *", "active": False, "slug": "s", "parameters": {"a": 1}}]},
            {"schedules": [{**sent(CRON), "active": False, "slug": "s", "parameters": {"a": 1}}]},
        ),
    ],
)
def test_create(written: JsonObject, body: JsonObject) -> None:
    """A flow, if there is none, and one POST with what is not the default, schedules included."""
    assert creation(written) == [[MAKE_FLOW], [made(**body)]]


def test_create_for_a_flow_that_is_there() -> None:
    """A flow whose id is known is not made."""
    assert creation({}, flow_id="f1") == [[made(flow_id="f1")]]


def test_create_with_limited_runs() -> None:
    """A schedule with `max_scheduled_runs` is added by itself, and the others come with the deployment."""
    schedules = [
        {"cron": "0 2 * * *", "max_scheduled_runs": 3, "slug": "s"},
        {"rrule": "FREQ=DAILY"},
    ]
    assert creation({"schedules": schedules}, flow_id=FLOW_ID) == [
        [made(schedules=[sent({"rrule": "FREQ=DAILY", "timezone": "UTC"})])],
        [Call("POST", f"{DEPLOYMENT}/schedules", [sent(CRON, max_scheduled_runs=3, slug="s")])],
    ]


@pytest.mark.parametrize("answer", [None, [], "x", {}, {"id": None}, {"id": 5}])
def test_create_without_an_id_in_the_answer(answer: Answer) -> None:
    """An answer without id is Prefect's failure, told with what it answered."""
    wanted = desired({"name": "nightly", "flow": "etl"})
    with pytest.raises(PrefectError, match=r"^Prefect answered without an id: "):
        hold(create(wanted, resolve(wanted, None)), lambda call: answer)


@pytest.mark.parametrize(
    ("written", "there", "body"),
    [
        ({"tags": ["a"]}, {}, {"tags": ["a"]}),
        ({}, {"tags": ["a"]}, {"tags": []}),
        ({}, {"parameters": {"a": 1}, "job_variables": {"b": 1}}, {"parameters": {}, "job_variables": {}}),
        ({"parameters": {"a": 1}}, {"parameters": {"a": True}}, {"parameters": {"a": 1}}),
        (
            {"parameters": {"a": [{"b": False}]}},
            {"parameters": {"a": [{"b": 0}]}},
            {"parameters": {"a": [{"b": False}]}},
        ),
        ({}, {"description": "x"}, {"description": None}),
        ({"description": ""}, {"description": "x"}, {"description": None}),
        ({"entrypoint": ""}, {"entrypoint": "a.py:b"}, {"entrypoint": None}),
        ({}, {"pull_steps": [{"a": {}}]}, {"pull_steps": []}),
        ({}, {"enforce_parameter_schema": False}, {"enforce_parameter_schema": True}),
        ({"paused": False}, {"paused": True}, {"paused": False}),
        ({"version": None}, {"version": "1"}, {"version": None}),
        ({"storage_document_id": None}, {"storage_document_id": ID}, {"storage_document_id": None}),
        (
            {},
            {
                "global_concurrency_limit": {"name": f"deployment:{ID}", "limit": 3},
                "concurrency_options": {"collision_strategy": "ENQUEUE"},
            },
            {"concurrency_limit": None, "concurrency_options": None},
        ),
        (
            {"parameter_openapi_schema": {}},
            {"parameter_openapi_schema": {"type": "object"}},
            {"parameter_openapi_schema": {"type": "object", "properties": {}}},
        ),
    ],
)
def test_update(written: JsonObject, there: JsonObject, body: JsonObject) -> None:
    """One PATCH with the fields that differ and no others."""
    assert change(written, live(**there)) == patched(**body)


POOL = {"work_pool_name": "k8s", "work_queue_name": "default"}
HIGH = {"work_pool_name": "k8s", "work_queue_name": "high"}
RENAMED = live({"default_queue": "main"}, work_pool_name="k8s", work_queue_name="main")


@pytest.mark.parametrize(
    ("written", "there", "body"),
    [
        pytest.param({"work_pool_name": "k8s"}, live(), {"work_pool_name": "k8s"}, id="into a pool"),
        pytest.param(HIGH, live(), HIGH, id="into a queue"),
        pytest.param(HIGH, live(**POOL), HIGH, id="to another queue: the pool goes along"),
        pytest.param(
            {"work_pool_name": "k8s"},
            live({"other_queue": "high"}, **HIGH),
            {"work_pool_name": "k8s"},
            id="to the default queue",
        ),
        pytest.param(
            {"work_pool_name": "k8s"},
            live(**HIGH),
            POOL,
            id="to the queue named default, where it is not known which the default one is",
        ),
        pytest.param(
            {"work_pool_name": "vm"},
            live(**HIGH),
            {"work_pool_name": "vm"},
            id="to another pool's default queue",
        ),
        pytest.param(
            {"work_pool_name": "vm"}, RENAMED, {"work_pool_name": "vm"}, id="out of a renamed queue"
        ),
        pytest.param(POOL, RENAMED, POOL, id="a queue named default beside the default one"),
        pytest.param(
            {"work_pool_name": "vm", "work_queue_name": "high"},
            live(**HIGH),
            {"work_pool_name": "vm", "work_queue_name": "high"},
            id="the same queue of another pool",
        ),
        pytest.param(
            {"job_variables": {"a": 1}},
            live(**HIGH),
            {"job_variables": {"a": 1}, "work_pool_name": None, "work_queue_name": None},
            id="out of the pool, with another change",
        ),
    ],
)
def test_pool_and_queue(written: JsonObject, there: Live, body: JsonObject) -> None:
    """Pool and queue are sent so that the deployment arrives in the queue that is meant."""
    assert change(written, there) == patched(**body)


EMPTY = {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("written", "body"),
    [
        ({"tags": ["a"]}, {"tags": ["a"], "parameter_openapi_schema": EMPTY}),
        (
            {"tags": ["a"], "parameter_openapi_schema": {"type": "object"}},
            {"tags": ["a"], "parameter_openapi_schema": {"type": "object"}},
        ),
    ],
)
def test_null_schema_is_healed(written: JsonObject, body: JsonObject) -> None:
    """A live schema that is null would make each PATCH fail, so the next one carries one."""
    there = live({"null_schema": "true"}, parameter_openapi_schema=None)
    assert change(written, there) == patched(**body)


def test_equal_sends_nothing() -> None:
    """No difference, no request."""
    there = live(tags=["b", "a"], schedules=[schedule_answered("s1", CRON)])
    assert change({"tags": ["a", "b"], "schedules": [{"cron": "0 2 * * *"}]}, there) == []


def schedule_patched(schedule_id: str, body: JsonObject) -> list[Call]:
    return [Call("PATCH", f"{DEPLOYMENT}/schedules/{schedule_id}", body)]


def removed(schedule_id: str) -> list[Call]:
    return [Call("DELETE", f"{DEPLOYMENT}/schedules/{schedule_id}")]


def added(*bodies: JsonObject, repeatable: bool = True) -> list[Call]:
    return [Call("POST", f"{DEPLOYMENT}/schedules", list(bodies), repeatable=repeatable)]


DAILY: JsonObject = {"rrule": "FREQ=DAILY", "timezone": "UTC"}


@pytest.mark.parametrize(
    ("written", "there", "rounds"),
    [
        pytest.param([{"cron": "0 2 * * *", "slug": "s"}], [], [added(sent(CRON, slug="s"))], id="added"),
        pytest.param(
            [{"cron": "0 2 * * *"}],
            [],
            [added(sent(CRON), repeatable=False)],
            id="added without slug: twice would be two",
        ),
        pytest.param([], [schedule_answered("1", CRON)], [removed("1")], id="removed"),
        pytest.param(
            [{"cron": "0 2 * * *", "active": False}],
            [schedule_answered("1", CRON)],
            [schedule_patched("1", {**sent(CRON), "active": False})],
            id="switched off",
        ),
        pytest.param(
            [{"interval": 60, "slug": "s", "parameters": {"a": 1}}],
            [schedule_answered("1", HOURLY, slug="s", active=False)],
            [
                schedule_patched(
                    "1",
                    {
                        **sent({**HOURLY, "interval": 60.0}, slug="s", parameters={"a": 1}),
                        "active": False,
                    },
                )
            ],
            id="changed: whole, with what is left alone",
        ),
        pytest.param(
            [{"rrule": "FREQ=DAILY", "slug": "s"}],
            [schedule_answered("1", HOURLY, slug="s")],
            [schedule_patched("1", sent(DAILY, slug="s"))],
            id="another type",
        ),
        pytest.param(
            [{"cron": "0 2 * * *", "max_scheduled_runs": 3}],
            [schedule_answered("1", CRON)],
            [schedule_patched("1", sent(CRON, max_scheduled_runs=3))],
            id="runs limited",
        ),
        pytest.param(
            [{"cron": "0 2 * * *", "max_scheduled_runs": 4}],
            [schedule_answered("1", CRON, max_scheduled_runs=3)],
            [schedule_patched("1", sent(CRON, max_scheduled_runs=4))],
            id="runs limited otherwise",
        ),
        pytest.param(
            [{"cron": "0 2 * * *", "slug": "s"}],
            [schedule_answered("1", CRON, max_scheduled_runs=3, slug="s", active=False)],
            [removed("1"), added({**sent(CRON, slug="s"), "active": False})],
            id="runs no longer limited",
        ),
        pytest.param(
            [{"cron": "0 2 * * *", "slug": "s"}],
            [schedule_answered("1", CRON)],
            [removed("1"), added(sent(CRON, slug="s"))],
            id="got a slug",
        ),
        pytest.param(
            [
                {"cron": "0 2 * * *", "slug": "new"},
                {"rrule": "FREQ=DAILY"},
                {"interval": 60, "slug": "changed"},
                {"cron": "@daily", "slug": "same"},
            ],
            [
                schedule_answered("1", {**CRON, "cron": "@daily"}, slug="same"),
                schedule_answered("2", HOURLY, slug="changed"),
                schedule_answered("3", CRON, slug="gone"),
                schedule_answered("4", CRON),
            ],
            [
                removed("3"),
                removed("4"),
                schedule_patched("2", sent({**HOURLY, "interval": 60.0}, slug="changed")),
                added(sent(CRON, slug="new"), sent(DAILY), repeatable=False),
            ],
            id="all of it: removals, changes, additions",
        ),
    ],
)
def test_schedules(written: list[JsonObject], there: list[JsonObject], rounds: list[list[Call]]) -> None:
    """Each schedule that differs is removed, changed or added by itself; the others are not touched."""
    assert change({"schedules": written}, live(schedules=there)) == rounds


def test_fields_come_before_schedules() -> None:
    """The deployment is changed in one PATCH without schedules, then each schedule."""
    written: JsonObject = {"tags": ["a"], "schedules": [{"cron": "0 2 * * *", "slug": "s"}]}
    assert change(written, live()) == [*patched(tags=["a"]), added(sent(CRON, slug="s"))]


def refusing(status: int) -> Any:
    return lambda call: AnswerError(call.method, call.path, status, "no")


def test_schedule_that_is_gone_already() -> None:
    """What somebody else removed in between is removed."""
    there = live(schedules=[schedule_answered("1", CRON)])
    assert hold(update(there, resolved({}, there)), refusing(404)) == ([removed("1")], None)


@pytest.mark.parametrize("status", [401, 409, 500])
def test_schedule_that_cannot_be_removed(status: int) -> None:
    """Every other failure ends the change."""
    there = live(schedules=[schedule_answered("1", CRON), schedule_answered("2", DAILY)])
    with pytest.raises(AnswerError) as caught:
        hold(update(there, resolved({}, there)), refusing(status))
    assert caught.value.status == status


def test_patch_of_what_is_gone() -> None:
    """A deployment that vanished is a failure: the next run makes it again."""
    with pytest.raises(AnswerError) as caught:
        hold(update(live(), resolved({"tags": ["a"]}, live())), refusing(404))
    assert str(caught.value) == f"PATCH {DEPLOYMENT} answered 404: no"


def check(call: Call) -> None:
    """Prefect's own model of a request takes its body."""
    last = call.path.split("/")[-2:]
    match call.method, last:
        case "POST", ["deployments", ""]:
            DeploymentCreate.model_validate(call.body)
        case "PATCH", ["deployments", _]:
            DeploymentUpdate.model_validate(call.body)
        case "POST", [_, "schedules"]:
            TypeAdapter(list[DeploymentScheduleCreate]).validate_python(call.body)
        case "PATCH", ["schedules", _]:
            DeploymentScheduleUpdate.model_validate(call.body)
        case "DELETE", ["schedules", _]:
            assert call.body is None
        case _:
            raise AssertionError(call)


@given(manifests(flow="etl", name="nightly"), manifests(flow="etl", name="nightly"))
def test_prefect_takes_every_request(before: JsonObject, after: JsonObject) -> None:
    """For any two manifests, every body is valid to Prefect's own models."""
    wanted = desired(before, flow_id=FLOW_ID)
    first = resolve(wanted, None)
    there = {f"s{n}": one for n, one in enumerate(first.new["schedules"].values())}  # type: ignore[union-attr]
    for one in there.values():
        if "interval" in one:  # type: ignore[operator]
            one.setdefault("anchor_date", "2026-01-01T00:00:00+00:00")  # type: ignore[union-attr]
    now = Live("Deployment", "etl/nightly", ID, {**first.new, "schedules": there}, {"server": "3.8.8"})
    making, _ = hold(create(wanted, first), with_ids)
    changing, _ = hold(update(now, resolve(desired(after), now)), with_ids)
    for calls in (*making, *changing):
        for call in calls:
            check(call)
