"""The server itself: versions, health, what it says about unknown paths, and the shape of its answers."""

from uuid import uuid4

from prefects import FAR, Prefect, per_version

DEPLOYMENT_KEYS = {
    *("id", "created", "updated", "name", "version", "description", "flow_id", "paused", "schedules"),
    *("concurrency_limit", "global_concurrency_limit", "concurrency_options", "job_variables", "parameters"),
    *("tags", "labels", "work_queue_name", "last_polled", "parameter_openapi_schema", "path", "pull_steps"),
    *("entrypoint", "storage_document_id", "infrastructure_document_id", "created_by", "updated_by"),
    *("work_pool_name", "status", "enforce_parameter_schema"),
}
QUEUE_ID = per_version(set[str](), set[str](), {"work_queue_id"}, {"work_queue_id"})
POOL_KEYS = {
    *("id", "created", "updated", "name", "description", "type", "base_job_template", "is_paused"),
    *("concurrency_limit", "status", "default_queue_id", "storage_configuration"),
}
POOL_EXTRAS = per_version(set[str](), set[str](), {"active_slots"}, {"active_slots"})
STORAGE = {"bundle_upload_step": None, "bundle_execution_step": None}
RESULTS = {"default_result_storage_block_id": None}
STORAGES = per_version(STORAGE, STORAGE | RESULTS, STORAGE | RESULTS, STORAGE | RESULTS)
# Whether a run that a schedule makes has labels.
RUN_LABELS = per_version(False, True, True, True)
RUN_KEYS = {
    *("id", "created", "updated", "name", "flow_id", "state_id", "deployment_id", "deployment_version"),
    *("work_queue_id", "work_queue_name", "flow_version", "parameters", "idempotency_key", "context"),
    *("empirical_policy", "tags", "labels", "parent_task_run_id", "state_type", "state_name", "run_count"),
    *("expected_start_time", "next_scheduled_start_time", "start_time", "end_time", "total_run_time"),
    *("estimated_run_time", "estimated_start_time_delta", "auto_scheduled", "infrastructure_document_id"),
    *("infrastructure_pid", "created_by", "work_pool_id", "work_pool_name", "state", "job_variables"),
}


def test_admin_version_is_the_package_version(prefect: Prefect) -> None:
    """GET /admin/version is the installed Prefect's version, as a JSON string."""
    assert prefect.call("GET", "/admin/version") == (200, prefect.version)


def test_every_prefect_3_has_one_api_version(prefect: Prefect) -> None:
    """GET /version is "0.8.4" from 3.2 to 3.8, so it cannot tell what a server can do."""
    assert prefect.call("GET", "/version") == (200, "0.8.4")


def test_health_is_true(prefect: Prefect) -> None:
    """GET /health is `true` as soon as the server serves."""
    assert prefect.call("GET", "/health") == (200, True)


def test_csrf_is_off_by_default(prefect: Prefect) -> None:
    """GET /csrf-token is 422 when the protection is off."""
    assert prefect.call("GET", "/csrf-token?client=me") == (422, {"detail": "CSRF protection is disabled."})


def test_an_unknown_path_is_not_found(prefect: Prefect) -> None:
    """An unknown path is 404 and a wrong method is 405, in FastAPI's words."""
    assert prefect.call("GET", "/nope") == (404, {"detail": "Not Found"})
    assert prefect.call("DELETE", "/flows/") == (405, {"detail": "Method Not Allowed"})


def test_what_does_not_exist_is_404(prefect: Prefect) -> None:
    """Reads and writes of what does not exist are 404, the detail with or without a full stop."""
    missing = f"/deployments/{uuid4()}"
    known = f"/deployments/{prefect.deployment()['id']}"
    assert prefect.call("GET", missing) == (404, {"detail": "Deployment not found"})
    assert prefect.call("DELETE", missing) == (404, {"detail": "Deployment not found"})
    assert prefect.call("PATCH", missing, {}) == (404, {"detail": "Deployment not found."})
    assert prefect.call("GET", f"{missing}/schedules") == (404, {"detail": "Deployment not found."})
    assert prefect.call("POST", f"{missing}/schedules", []) == (404, {"detail": "Deployment not found."})
    assert prefect.call("POST", f"{missing}/pause_deployment") == (404, {"detail": "Deployment not found"})
    assert prefect.call("PATCH", f"{known}/schedules/{uuid4()}", {}) == (
        404,
        {"detail": "Schedule not found."},
    )
    assert prefect.call("DELETE", f"{known}/schedules/{uuid4()}") == (404, {"detail": "Schedule not found."})
    assert prefect.call("GET", "/work_pools/nope") == (404, {"detail": 'Work pool "nope" not found.'})
    assert prefect.call("GET", f"/flows/{uuid4()}") == (404, {"detail": "Flow not found"})


def test_a_refused_body_says_what_and_where(prefect: Prefect) -> None:
    """422 carries `exception_message`, not `detail`, and the place of each problem."""
    status, answer = prefect.call("POST", "/deployments/", prefect.creation(concurrency_limit=0))
    assert (status, answer["exception_message"]) == (422, "Invalid request received.")
    (found,) = answer["exception_detail"]
    assert (found["type"], found["loc"]) == ("greater_than", ["body", "concurrency_limit"])


def test_a_deployment_has_these_keys(prefect: Prefect) -> None:
    """A deployment has the same keys wherever it is read; `work_queue_id` came between 3.4 and 3.6."""
    live = prefect.deployment()
    keys = DEPLOYMENT_KEYS | QUEUE_ID[prefect.version]
    (found,) = prefect.done("POST", "/deployments/filter", {"deployments": {"id": {"any_": [live["id"]]}}})
    assert (set(live), set(prefect.read(live)), set(found)) == (keys, keys, keys)


def test_a_new_deployment_reads_back_with_its_defaults(prefect: Prefect) -> None:
    """A deployment made from a name and a flow: `pull_steps` is [], the schema {} (null on 3.2.15)."""
    flow = prefect.flow()
    made = prefect.made("/deployments/", {"name": "minimal", "flow_id": flow})
    moments = {"id", "created", "updated", "work_queue_id"}
    assert {key: value for key, value in made.items() if key not in moments} == {
        "name": "minimal",
        "version": None,
        "description": None,
        "flow_id": flow,
        "paused": False,
        "schedules": [],
        "concurrency_limit": None,
        "global_concurrency_limit": None,
        "concurrency_options": None,
        "job_variables": {},
        "parameters": {},
        "tags": [],
        "labels": {"prefect.flow.id": flow},
        "work_queue_name": None,
        "last_polled": None,
        "parameter_openapi_schema": None if prefect.version == "3.2.15" else {},
        "path": None,
        "pull_steps": [],
        "entrypoint": None,
        "storage_document_id": None,
        "infrastructure_document_id": None,
        "created_by": None,
        "updated_by": None,
        "work_pool_name": None,
        "status": "NOT_READY",
        "enforce_parameter_schema": True,
    }


def test_a_schedule_has_these_keys(prefect: Prefect) -> None:
    """A schedule has the same keys inside its deployment, in the list and in the answer to POST."""
    live = prefect.deployment()
    (made,) = prefect.done("POST", f"/deployments/{live['id']}/schedules", [{"schedule": FAR}])
    (listed,) = prefect.done("GET", f"/deployments/{live['id']}/schedules")
    (nested,) = prefect.read(live)["schedules"]
    keys = {"id", "created", "updated", "deployment_id", "schedule", "active", "max_scheduled_runs"}
    assert (made, listed) == (nested, nested)
    assert set(nested) == keys | {"parameters", "slug"}


def test_a_limit_has_these_keys(prefect: Prefect) -> None:
    """`global_concurrency_limit` holds the limit, named after the deployment."""
    live = prefect.deployment(concurrency_limit=3)
    found = live["global_concurrency_limit"]
    assert {key: found[key] for key in found if key not in ("id", "created", "updated")} == {
        "active": True,
        "name": f"deployment:{live['id']}",
        "limit": 3,
        "active_slots": 0,
        "slot_decay_per_second": 0.0,
    }


def test_a_flow_has_these_keys(prefect: Prefect) -> None:
    """A flow has its name, tags and labels, and no deployments."""
    made = prefect.made("/flows/", {"name": prefect.flow()})
    assert set(made) == {"id", "created", "updated", "name", "tags", "labels"}


def test_a_work_pool_has_these_keys(prefect: Prefect) -> None:
    """A work pool has the same keys wherever it is read; `active_slots` came between 3.4 and 3.6."""
    name = prefect.pool()
    found = prefect.done("GET", f"/work_pools/{name}")
    (listed,) = prefect.done("POST", "/work_pools/filter", {"work_pools": {"name": {"any_": [name]}}})
    assert found == listed
    assert set(found) == POOL_KEYS | POOL_EXTRAS[prefect.version]
    assert found["storage_configuration"] == STORAGES[prefect.version]
    assert (found["status"], found["base_job_template"], found["is_paused"]) == ("NOT_READY", {}, False)


def test_a_run_has_these_keys(prefect: Prefect) -> None:
    """A scheduled run names its deployment and schedule, and is marked `auto_scheduled`."""
    live = prefect.deployment(schedules=[{"schedule": FAR, "slug": "far"}], tags=["mine"])
    prefect.schedule_runs(live)
    run = prefect.runs(live)[0]
    assert set(run) == RUN_KEYS
    (cause,) = live["schedules"]
    assert run["deployment_id"] == live["id"]
    assert run["created_by"] == {"id": cause["id"], "type": "SCHEDULE", "display_value": "far"}
    assert (run["auto_scheduled"], run["state_type"]) == (True, "SCHEDULED")
    labels = {**live["labels"], "prefect.deployment.id": live["id"]}
    assert run["labels"] == (labels if RUN_LABELS[prefect.version] else {})
    assert run["tags"] == ["auto-scheduled", "mine"]
