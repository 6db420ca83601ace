"""The whole way, from files through the command line to a real Prefect server and back.

Requests are counted by a proxy between the two, so that nothing in the tool can hide one.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
import yaml

from patient import send
from recorder import Recorder
from repository import Repository

FULL: dict[str, Any] = {
    "name": "full",
    "description": "Everything at once.",
    "version": "1.0",
    "tags": ["b", "a", "b"],
    "labels": {"team": "data", "tier": 1},
    "entrypoint": "flows/etl.py:etl",
    "path": "/opt/flows",
    "pull_steps": [
        {"prefect.deployments.steps.set_working_directory": {"directory": "/opt"}},
        {"prefect.deployments.steps.run_shell_script": {"script": "true"}},
    ],
    "parameters": {"day": "yesterday", "deep": {"list": [1, 2.5, None, True]}},
    "enforce_parameter_schema": False,
    "parameter_openapi_schema": {"type": "object", "properties": {"day": {"type": "string"}}},
    "job_variables": {"env": {"A": "1"}, "image": "etl:1"},
    "concurrency_limit": 3,
    "concurrency_options": {"collision_strategy": "CANCEL_NEW", "grace_period_seconds": 60},
    "paused": False,
    "schedules": [
        {"slug": "nightly", "cron": "0 2 * * *", "timezone": "Europe/Paris"},
        {"slug": "weekly", "rrule": "FREQ=WEEKLY", "parameters": {"day": "sunday"}},
        {"slug": "hourly", "interval": 3600, "max_scheduled_runs": 2},
    ],
}

CHANGES: dict[str, tuple[dict[str, Any], int]] = {
    "description": ({"description": "Something else."}, 1),
    "description removed": ({"description": None}, 1),
    "version": ({"version": "1.1"}, 1),
    "tags": ({"tags": ["a"]}, 1),
    "tags emptied": ({"tags": []}, 1),
    "entrypoint": ({"entrypoint": "flows/etl.py:other"}, 1),
    "path removed": ({"path": None}, 1),
    "pull_steps reordered": ({"pull_steps": FULL["pull_steps"][::-1]}, 1),
    "pull_steps emptied": ({"pull_steps": []}, 1),
    "parameters": ({"parameters": {"day": "today"}}, 1),
    "parameters true to 1": ({"parameters": {"day": "yesterday", "deep": {"list": [1, 2.5, None, 1]}}}, 1),
    "parameters emptied": ({"parameters": {}}, 1),
    "enforce_parameter_schema": ({"enforce_parameter_schema": True}, 1),
    "parameter_openapi_schema": (
        {"parameter_openapi_schema": {"type": "object", "properties": {"x": {}}}},
        1,
    ),
    "parameter_openapi_schema emptied": ({"parameter_openapi_schema": {}}, 1),
    "job_variables": ({"job_variables": {"image": "etl:2"}}, 1),
    "job_variables emptied": ({"job_variables": {}}, 1),
    "concurrency_limit": ({"concurrency_limit": 4}, 1),
    "concurrency removed": ({"concurrency_limit": None, "concurrency_options": None}, 1),
    "concurrency_options": ({"concurrency_options": {"collision_strategy": "ENQUEUE"}}, 1),
    "paused": ({"paused": True}, 1),
    "pool": ({"work_pool_name": "POOL"}, 1),
    "pool and queue": ({"work_pool_name": "POOL", "work_queue_name": "fast"}, 1),
    "schedule's cron": (
        {"schedules": [{**FULL["schedules"][0], "cron": "0 3 * * *"}, *FULL["schedules"][1:]]},
        1,
    ),
    "schedule's type": (
        {"schedules": [{"slug": "nightly", "interval": "PT1H"}, *FULL["schedules"][1:]]},
        1,
    ),
    "schedule switched off": (
        {"schedules": [{**FULL["schedules"][0], "active": False}, *FULL["schedules"][1:]]},
        1,
    ),
    "schedule's parameters": (
        {
            "schedules": [
                *FULL["schedules"][:1],
                {"slug": "weekly", "rrule": "FREQ=WEEKLY"},
                FULL["schedules"][2],
            ]
        },
        1,
    ),
    "schedule added": ({"schedules": [*FULL["schedules"], {"cron": "@daily"}]}, 1),
    "schedule removed": ({"schedules": FULL["schedules"][1:]}, 1),
    "schedules removed": ({"schedules": []}, 3),
    # The server's PATCH cannot take it away, so the schedule is made anew.
    "max_scheduled_runs removed": (
        {"schedules": [*FULL["schedules"][:2], {"slug": "hourly", "interval": 3600}]},
        2,
    ),
}


@pytest.fixture(scope="module")
def pool(prefect: Recorder) -> str:
    name = f"pool-{uuid4().hex[:8]}"
    send("POST", f"{prefect.url}/work_pools/", {"name": name, "type": "process"})
    return name


def test_a_second_run_sends_no_write(repository: Repository) -> None:
    """The product: what is as declared is not touched."""
    repository.write(FULL, {"name": "bare"})
    code, report = repository.reconcile()
    assert (code, report.get("stderr"), [change["error"] for change in report["changes"]]) == (
        0,
        None,
        [None, None],
    )
    assert [one.path for one in repository.prefect.writes][:2] == ["/flows/", "/deployments/"]
    code, report = repository.reconcile()
    assert (code, repository.prefect.writes) == (0, [])
    counts = {"create": 0, "update": 0, "delete": 0, "unchanged": 2, "failed": 0, "ignored": 0}
    assert report["summary"] == counts
    assert len(repository.prefect.exchanges) <= 4


def test_an_unchanged_deployment_keeps_its_schedules_and_their_runs(repository: Repository) -> None:
    """The ids of schedules and the scheduled runs survive a second run, with Prefect's scheduler running."""
    repository.write(FULL)
    repository.reconcile()
    before = repository.live("full")
    send("POST", f"{repository.prefect.url}/deployments/{before['id']}/schedule", {})
    runs = repository.scheduled_runs(before["id"])
    assert len(runs) >= 3
    repository.reconcile()
    after = repository.live("full")
    assert {one["slug"]: one["id"] for one in after["schedules"]} == {
        one["slug"]: one["id"] for one in before["schedules"]
    }
    assert runs <= repository.scheduled_runs(before["id"])


@pytest.mark.parametrize(("change", "writes"), CHANGES.values(), ids=CHANGES.keys())
def test_one_change_is_one_write(
    repository: Repository, pool: str, change: dict[str, Any], writes: int
) -> None:
    """Each field changed alone costs one writing request, and leaves an empty plan."""
    change = {key: pool if value == "POOL" else value for key, value in change.items()}
    repository.write(FULL)
    repository.reconcile()
    repository.write({**FULL, **change})
    code, report = repository.reconcile()
    assert (code, report["summary"]["update"], len(repository.prefect.writes)) == (0, 1, writes)
    code, report = repository.reconcile("--dry-run", "--detailed-exitcode")
    assert (code, report["changes"], repository.prefect.writes) == (0, [], [])


def test_an_untouched_schedule_keeps_its_id(repository: Repository) -> None:
    """Changing one schedule leaves its siblings as they are."""
    repository.write(FULL)
    repository.reconcile()
    before = {one["slug"]: one["id"] for one in repository.live("full")["schedules"]}
    repository.write({**FULL, "schedules": [{"slug": "nightly", "cron": "5 5 * * *"}, FULL["schedules"][1]]})
    repository.reconcile()
    after = {one["slug"]: one["id"] for one in repository.live("full")["schedules"]}
    assert after == {"nightly": before["nightly"], "weekly": before["weekly"]}


@pytest.mark.parametrize(
    "schedules",
    [
        [{"interval": 3600}],
        [{"interval": "PT1H"}, {"interval": "02:00:00"}],
        [{"interval": 60, "anchor_date": "2024-01-01T00:00:00+02:00", "timezone": "Europe/Paris"}],
        [{"interval": 60, "anchor_date": "2024-01-01"}, {"interval": 60, "anchor_date": "2024-01-02"}],
        [{"rrule": "FREQ=DAILY"}],
        [{"rrule": "FREQ=MINUTELY;INTERVAL=7"}],
        [{"rrule": "DTSTART:20240101T000000\nRRULE:FREQ=WEEKLY", "timezone": "America/New_York"}],
        [{"cron": "@daily"}, {"cron": "0 0 * * * 30"}, {"cron": "0 0 1 * mon", "day_or": False}],
        [{"schedule": {"cron": "0 1 * * *"}, "active": False}],
        [{"cron": "0 1 * * *", "parameters": {"x": 1}}, {"cron": "0 1 * * *", "parameters": {"x": 2}}],
    ],
    ids=lambda schedules: " ".join(str(schedule) for schedule in schedules)[:60],
)
def test_no_schedule_differs_for_ever(repository: Repository, schedules: list[dict[str, Any]]) -> None:
    """What Prefect reads back in another spelling is no difference, also after one of them was changed."""
    repository.write({"name": "a", "schedules": schedules})
    repository.reconcile()
    assert repository.reconcile("--dry-run", "--detailed-exitcode")[0] == 0
    repository.write({"name": "a", "schedules": [{**schedules[0], "active": False}, *schedules[1:]]})
    repository.reconcile()
    assert repository.reconcile("--dry-run", "--detailed-exitcode")[0] == 0


def test_a_pool_without_queue_does_not_differ_for_ever(repository: Repository, pool: str) -> None:
    """The queue that Prefect fills in is no difference, whatever it is called."""
    own = f"{pool}-renamed"
    url = repository.prefect.url
    send("POST", f"{url}/work_pools/", {"name": own, "type": "process"})
    repository.write({"name": "a", "work_pool_name": own})
    repository.reconcile()
    assert repository.reconcile("--dry-run", "--detailed-exitcode")[0] == 0
    send("PATCH", f"{url}/work_pools/{own}/queues/default", {"name": "main"})
    assert repository.reconcile("--dry-run", "--detailed-exitcode")[0] == 0


def test_what_people_switch_is_left_alone(repository: Repository) -> None:
    """Pausing a deployment or a schedule in the web page is no drift."""
    repository.write({"name": "a", "schedules": [{"slug": "s", "cron": "@daily"}]})
    repository.reconcile()
    live, url = repository.live("a"), repository.prefect.url
    send("POST", f"{url}/deployments/{live['id']}/pause_deployment")
    schedule = live["schedules"][0]
    body = {"schedule": schedule["schedule"], "active": False, "slug": "s"}
    send("PATCH", f"{url}/deployments/{live['id']}/schedules/{schedule['id']}", body)
    repository.write({"name": "a", "description": "new", "schedules": [{"slug": "s", "cron": "@hourly"}]})
    repository.reconcile()
    after = repository.live("a")
    assert (after["paused"], after["schedules"][0]["active"]) == (True, False)
    assert after["schedules"][0]["schedule"]["cron"] == "@hourly"


def test_drift_is_corrected(repository: Repository) -> None:
    """What a manifest leaves out means its default."""
    repository.write({"name": "a"})
    repository.reconcile()
    live = repository.live("a")
    drift = {"tags": ["x"], "parameters": {"x": 1}, "job_variables": {"x": 1}, "description": "changed"}
    send("PATCH", f"{repository.prefect.url}/deployments/{live['id']}", drift)
    report = repository.reconcile()[1]
    assert [field["path"] for field in report["changes"][0]["fields"]] == [
        "description",
        "tags",
        "parameters.x",
        "job_variables.x",
    ]
    assert repository.reconcile("--dry-run", "--detailed-exitcode")[0] == 0


def test_a_schema_that_was_cleared_does_not_block_updates(repository: Repository) -> None:
    """A null schema makes the server refuse every PATCH while it is enforced; the update mends it."""
    repository.write({"name": "a", "parameter_openapi_schema": {"type": "object", "properties": {"x": {}}}})
    repository.reconcile()
    url = f"{repository.prefect.url}/deployments/{repository.live('a')['id']}"
    clear = {"enforce_parameter_schema": False, "parameter_openapi_schema": None}
    send("PATCH", url, clear)
    repository.write({"name": "a", "tags": ["new"]})
    assert repository.reconcile()[0] == 0
    assert repository.live("a")["tags"] == ["new"]
    assert repository.reconcile("--dry-run", "--detailed-exitcode")[0] == 0


def test_a_missing_work_pool_stops_before_the_first_write(repository: Repository, pool: str) -> None:
    """All that can be checked is checked first, and the pools that exist are named."""
    repository.write({"name": "a"}, {"name": "b", "work_pool_name": pool + "x"})
    code, report = repository.reconcile()
    assert (code, repository.prefect.writes) == (4, [])
    assert (
        f'm.yaml:6:17: work_pool_name: there is no work pool "{pool}x"; did you mean "{pool}"?'
        in report["stderr"]
    )


def test_one_failure_does_not_stop_the_others(repository: Repository) -> None:
    """A deployment that the server refuses is told with the server's words; the others are done."""
    # A PATCH that moves a deployment into a pool is stricter than a POST: a null is none beside a default.
    variables = {"type": "object", "properties": {"cpu": {"type": "integer", "default": 1}}}
    pool = {"name": f"strict-{uuid4().hex[:8]}", "type": "process"}
    template = {"variables": variables, "job_configuration": {"cpu": "{{ cpu }}"}}
    send("POST", f"{repository.prefect.url}/work_pools/", {**pool, "base_job_template": template})
    repository.write({"name": "a"}, {"name": "b"}, {"name": "c"})
    repository.reconcile()
    moved = {"name": "b", "work_pool_name": pool["name"], "job_variables": {"cpu": None}}
    repository.write({"name": "a", "tags": ["t"]}, moved, {"name": "c", "tags": ["t"]})
    code, report = repository.reconcile()
    assert (code, report["summary"]) == (
        1,
        {"create": 0, "update": 2, "delete": 0, "unchanged": 0, "failed": 1, "ignored": 0},
    )
    errors = {change["resource"].split("/")[1]: change["error"] for change in report["changes"]}
    assert (errors["a"], errors["c"]) == (None, None)
    assert "None is not of type 'integer'" in errors["b"]


def test_a_dry_run_writes_nothing_and_says_so_by_its_exit_code(repository: Repository) -> None:
    """0 without --detailed-exitcode, 2 with it when something would change."""
    repository.write({"name": "a"})
    assert repository.reconcile("--dry-run")[0] == 0
    assert (repository.reconcile("--dry-run", "--detailed-exitcode")[0], repository.prefect.writes) == (2, [])


def test_the_requests_shown_are_the_requests_sent(repository: Repository) -> None:
    """`--show-requests` tells each request that the apply then sends, in the ids that are known before."""
    repository.write(FULL)
    repository.reconcile()
    repository.write({**FULL, "tags": ["c"], "schedules": [{"slug": "nightly", "cron": "@daily"}]})
    shown = repository.reconcile("--dry-run", "--show-requests")[1]["requests"]
    repository.reconcile()
    sent = [(one.method, one.path, one.body) for one in repository.prefect.writes]
    assert [(one["method"], one["path"], one["body"]) for one in shown] == sent


def test_a_flow_is_named_by_its_id(repository: Repository) -> None:
    """`flow_id` finds the flow; two manifests that mean one deployment by name and by id are refused."""
    repository.write({"name": "a"})
    repository.reconcile()
    flow_id = repository.live("a")["flow_id"]
    manifest = {"name": "a", "flow_id": flow_id, "tags": ["by-id"]}
    (repository.folder / "m.yaml").write_text(yaml.safe_dump(manifest))
    assert repository.reconcile()[1]["changes"][0]["resource"] == f"{repository.flow}/a"
    repository.write({"name": "a"}, file="again.yaml")
    code, report = repository.reconcile()
    assert (code, "is already declared at" in report["stderr"]) == (4, True)
