"""PATCH /deployments/{id}, and DELETE."""

from uuid import uuid4

import pytest
from prefects import ANY_OBJECT, CONFLICT, CRASH, FAR, Prefect, per_version, unique

NULL_POOL = per_version("kept", "kept", "cleared", "cleared")
# Where `work_pool_name: null` with a queue moves a deployment.
NULL_POOL_AND_QUEUE = per_version("default-agent-pool", "default-agent-pool", None, None)
EMPTY_JOB_VARIABLES = per_version({"a": 1}, {"a": 1}, {"a": 1}, {})


def places(live: dict[str, object]) -> tuple[object, object]:
    """Where a deployment runs."""
    return live["work_pool_name"], live["work_queue_name"]


def test_only_sent_keys_change(prefect: Prefect) -> None:
    """PATCH is 204 and changes what was sent and `updated`, nothing else."""
    before = prefect.deployment(description="old", tags=["a"], schedules=[{"schedule": FAR}])
    assert prefect.patch(before, {"description": "new"}) == (204, None)
    after = prefect.read(before)
    assert {key for key in after if after[key] != before[key]} == {"description", "updated"}


def test_an_empty_patch_changes_the_time_of_change(prefect: Prefect) -> None:
    """PATCH {} is a write: `updated` moves."""
    before = prefect.deployment()
    after = prefect.patched(before, {})
    assert {key for key in after if after[key] != before[key]} == {"updated"}


@pytest.mark.parametrize("key", ["name", "flow_id", "labels", "id", "created", "schedule", "zz"])
def test_keys_that_cannot_be_patched(prefect: Prefect, key: str) -> None:
    """`name`, `flow_id`, `labels` and unknown keys are 422 on PATCH."""
    assert prefect.patch(prefect.deployment(), {key: None})[0] == 422


@pytest.mark.parametrize("key", ["parameters", "enforce_parameter_schema"])
def test_a_null_that_the_database_refuses(prefect: Prefect, key: str) -> None:
    """`parameters` and `enforce_parameter_schema` null are 409 on PATCH."""
    assert prefect.patch(prefect.deployment(), {key: None}) == (409, CONFLICT)


@pytest.mark.parametrize("body", [{"tags": None}, {"paused": None}, {"schedules": None}, {"tags": [1]}])
def test_a_value_of_the_wrong_type_is_refused(prefect: Prefect, body: dict[str, object]) -> None:
    """`tags`, `paused` and `schedules` null are 422 on PATCH, and so is a tag that is no string."""
    assert prefect.patch(prefect.deployment(), body)[0] == 422


def test_text_becomes_a_boolean(prefect: Prefect) -> None:
    """`"yes"` and `"no"` are taken as booleans."""
    live = prefect.deployment()
    assert prefect.patched(live, {"paused": "yes"})["paused"] is True
    assert prefect.patched(live, {"paused": "no"})["paused"] is False


def test_empty_job_variables(prefect: Prefect) -> None:
    """PATCH `job_variables: {}` clears since 3.8.7; before, 204 and nothing. Null never clears."""
    live = prefect.deployment(job_variables={"a": 1})
    assert prefect.patched(live, {"job_variables": None})["job_variables"] == {"a": 1}
    assert (
        prefect.patched(live, {"job_variables": {}})["job_variables"] == EMPTY_JOB_VARIABLES[prefect.version]
    )


def test_an_unknown_pool_crashes_the_server_on_update(prefect: Prefect) -> None:
    """PATCH with a work pool that does not exist is 500 (POST: 404), and changes nothing."""
    before = prefect.deployment()
    assert prefect.patch(before, {"work_pool_name": "nope", "description": "new"}) == CRASH
    assert prefect.read(before) == before


def test_an_unknown_block_is_409_on_update(prefect: Prefect) -> None:
    """PATCH with a block that does not exist is 409 in the database's words."""
    live = prefect.deployment()
    for key in ("storage_document_id", "infrastructure_document_id"):
        assert prefect.patch(live, {key: str(uuid4())}) == (409, CONFLICT)


def test_a_pool_alone_means_its_default_queue(prefect: Prefect) -> None:
    """A pool without a queue is the pool's `default`, on POST and on PATCH, whatever queue was before."""
    pool = prefect.pool()
    live = prefect.deployment(work_pool_name=pool)
    other = prefect.deployment(work_pool_name=pool, work_queue_name="q")
    assert places(live) == (pool, "default")
    assert places(prefect.patched(other, {"work_pool_name": pool})) == (pool, "default")
    assert places(prefect.patched(prefect.deployment(), {"work_pool_name": pool})) == (pool, "default")


def test_a_queue_alone_moves_to_the_agent_pool(prefect: Prefect) -> None:
    """`work_queue_name` without a pool moves the deployment to `default-agent-pool`, on POST and on PATCH."""
    queue = unique("queue")
    live = prefect.deployment(work_pool_name=prefect.pool(), work_queue_name="q")
    assert places(prefect.patched(live, {"work_queue_name": queue})) == ("default-agent-pool", queue)
    assert places(prefect.deployment(work_queue_name=queue)) == ("default-agent-pool", queue)


def test_an_unknown_queue_is_made(prefect: Prefect) -> None:
    """A queue that does not exist is made, each with the next priority."""
    pool = prefect.pool()
    prefect.patched(
        prefect.deployment(work_pool_name=pool, work_queue_name="a"),
        {"work_pool_name": pool, "work_queue_name": "b"},
    )
    queues = prefect.done("POST", f"/work_pools/{pool}/queues/filter", {})
    assert sorted((queue["name"], queue["priority"]) for queue in queues) == [
        ("a", 2),
        ("b", 3),
        ("default", 1),
    ]


def test_a_null_pool(prefect: Prefect) -> None:
    """`work_pool_name: null` clears the pool since 3.6 and leaves the queue's name; before, nothing."""
    pool = prefect.pool()
    live = prefect.patched(
        prefect.deployment(work_pool_name=pool, work_queue_name="q"), {"work_pool_name": None}
    )
    assert places(live) == {"kept": (pool, "q"), "cleared": (None, "q")}[NULL_POOL[prefect.version]]


def test_a_null_pool_and_a_null_queue(prefect: Prefect) -> None:
    """Both null leave nothing behind since 3.6; before, nothing changes but what is hidden."""
    pool = prefect.pool()
    live = prefect.deployment(work_pool_name=pool, work_queue_name="q")
    live = prefect.patched(live, {"work_pool_name": None, "work_queue_name": None})
    assert places(live) == {"kept": (pool, "q"), "cleared": (None, None)}[NULL_POOL[prefect.version]]


def test_a_null_pool_with_a_queue(prefect: Prefect) -> None:
    """A null pool with a queue clears the pool since 3.6; before, it moves to the agent pool."""
    live = prefect.deployment(work_pool_name=prefect.pool(), work_queue_name="q")
    queue = unique("queue")
    live = prefect.patched(live, {"work_pool_name": None, "work_queue_name": queue})
    assert places(live) == (NULL_POOL_AND_QUEUE[prefect.version], queue)


def test_empty_names_of_pool_and_queue(prefect: Prefect) -> None:
    """An empty pool name changes nothing, an empty queue name neither (but a new deployment keeps it)."""
    pool = prefect.pool()
    live = prefect.deployment(work_pool_name=pool, work_queue_name="q")
    assert places(prefect.patched(live, {"work_pool_name": ""})) == (pool, "q")
    assert places(prefect.patched(live, {"work_queue_name": ""})) == (pool, "q")
    assert places(prefect.patched(live, {"work_queue_name": None})) == (pool, "q")
    assert places(prefect.deployment(work_pool_name="", work_queue_name="")) == (None, "")


def test_job_variables_are_checked_only_beside_their_pool(prefect: Prefect) -> None:
    """PATCH checks job variables against the pool's template only when the pool is sent along: then 409."""
    variables = {"type": "object", "properties": {"image": {"type": "string", "default": "x"}}}
    pool = prefect.pool(
        base_job_template={"variables": variables, "job_configuration": {"image": "{{ image }}"}}
    )
    live = prefect.deployment(work_pool_name=pool)
    wrong = {"job_variables": {"image": 3}}
    assert prefect.patch(live, {**wrong, "work_pool_name": pool})[0] == 409
    assert prefect.patched(live, wrong)["job_variables"] == {"image": 3}
    assert prefect.patch(live, {"work_pool_name": pool})[0] == 204


def test_pause_and_resume(prefect: Prefect) -> None:
    """POST pause_deployment and resume_deployment answer 200 with null and turn `paused`."""
    live = prefect.deployment()
    place = f"/deployments/{live['id']}"
    assert prefect.call("POST", f"{place}/pause_deployment") == (200, None)
    assert prefect.read(live)["paused"] is True
    assert prefect.call("POST", f"{place}/resume_deployment") == (200, None)
    assert prefect.read(live)["paused"] is False


def test_delete(prefect: Prefect) -> None:
    """DELETE is 204, again 404; the name is free again, for a deployment with a new id."""
    body = prefect.creation()
    first = prefect.made("/deployments/", body)
    assert prefect.call("DELETE", f"/deployments/{first['id']}") == (204, None)
    assert prefect.status("DELETE", f"/deployments/{first['id']}") == 404
    status, second = prefect.call("POST", "/deployments/", body)
    assert (status, second["id"] != first["id"]) == (201, True)


def test_automations_outlive_their_deployment(prefect: Prefect) -> None:
    """A deployment's automation stays enabled after DELETE, until DELETE /automations/owned-by/… (202)."""
    live = prefect.deployment()
    owner = f"prefect.deployment.{live['id']}"
    trigger = {"type": "event", "expect": ["x"], "posture": "Reactive", "threshold": 1, "within": 0}
    body = {
        "name": unique(),
        "trigger": trigger,
        "actions": [{"type": "do-nothing"}],
        "owner_resource": owner,
    }
    place = f"/automations/{prefect.made('/automations/', body)['id']}"
    prefect.done("DELETE", f"/deployments/{live['id']}")
    left = prefect.done("GET", place)
    assert left["enabled"] is True
    assert prefect.call("DELETE", f"/automations/owned-by/{owner}") == (202, None)
    assert prefect.status("GET", place) == 404


def test_nothing_is_written_when_a_patch_is_refused(prefect: Prefect) -> None:
    """A PATCH that ends in 409 or 422 leaves the deployment and its schedules as they were."""
    before = prefect.deployment(
        schedules=[{"schedule": FAR, "slug": "a"}], parameter_openapi_schema=ANY_OBJECT
    )
    new = {"schedule": FAR, "slug": "b"}
    assert prefect.patch(before, {"description": "new", "schedules": [new, new]})[0] == 409
    assert prefect.patch(before, {"description": "new", "schedules": [{"schedule": FAR}]})[0] == 422
    assert prefect.patch(before, {"description": "new", "parameters": None})[0] == 409
    assert prefect.read(before) == before
