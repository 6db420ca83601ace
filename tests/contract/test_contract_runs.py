"""Which writes delete the runs that the server has scheduled. The schedules are so far off that only the
tests themselves make runs of them (see FAR)."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from prefects import FAR, FAR_ENOUGH, Document, Prefect, per_version

SCHEDULES: list[Any] = [{"schedule": FAR, "slug": "a"}, {"schedule": FAR, "slug": "b"}]

# How many of the runs whose time has passed a PATCH leaves of two.
PAST_RUNS_KEPT = per_version(0, 2, 2, 2)


def id_of(live: Document, slug: str) -> str:
    """The id of the schedule with that slug."""
    return next(str(row["id"]) for row in live["schedules"] if row["slug"] == slug)


Request = tuple[str, str, Any]

# Each request that a tool may send, and how many of four scheduled runs are left after it.
WRITES: dict[str, tuple[Callable[[Document], Request], int, int]] = {
    "empty PATCH": (lambda live: ("PATCH", "", {}), 204, 0),
    "PATCH of an equal value": (lambda live: ("PATCH", "", {"paused": False}), 204, 0),
    "PATCH of the equal schedules": (lambda live: ("PATCH", "", {"schedules": SCHEDULES}), 204, 0),
    "PATCH that is refused": (lambda live: ("PATCH", "", {"zz": 1}), 422, 4),
    "PATCH that violates a constraint": (lambda live: ("PATCH", "", {"parameters": None}), 409, 4),
    "PATCH of one schedule": (
        lambda live: ("PATCH", f"/schedules/{id_of(live, 'a')}", {"schedule": FAR}),
        204,
        0,
    ),
    "PATCH of no schedule": (lambda live: ("PATCH", f"/schedules/{uuid4()}", {}), 404, 4),
    "DELETE of one schedule": (lambda live: ("DELETE", f"/schedules/{id_of(live, 'a')}", None), 204, 0),
    "DELETE of no schedule": (lambda live: ("DELETE", f"/schedules/{uuid4()}", None), 404, 4),
    "POST of one schedule": (lambda live: ("POST", "/schedules", [{"schedule": FAR, "slug": "c"}]), 201, 4),
    "POST of no schedule": (lambda live: ("POST", "/schedules", []), 201, 4),
    "POST of a slug in use": (lambda live: ("POST", "/schedules", [{"schedule": FAR, "slug": "a"}]), 409, 4),
    "pause": (lambda live: ("POST", "/pause_deployment", None), 200, 0),
    "resume": (lambda live: ("POST", "/resume_deployment", None), 200, 4),
    "GET": (lambda live: ("GET", "", None), 200, 4),
    "DELETE": (lambda live: ("DELETE", "", None), 204, 0),
}


@pytest.mark.parametrize("name", WRITES)
def test_runs_after(prefect: Prefect, name: str) -> None:
    """Every write deletes the future scheduled runs of all schedules, but POST of schedules and resume."""
    request, status, left = WRITES[name]
    live = prefect.deployment(schedules=SCHEDULES)
    assert prefect.schedule_runs(live) == 4
    method, below, body = request(live)
    assert prefect.status(method, f"/deployments/{live['id']}{below}", body) == status
    assert len(prefect.runs(live)) == left


def test_runs_after_an_identical_post(prefect: Prefect) -> None:
    """An identical POST /deployments/ deletes the scheduled runs."""
    body = prefect.creation(schedules=SCHEDULES)
    live = prefect.made("/deployments/", body)
    assert prefect.schedule_runs(live) == 4
    prefect.made("/deployments/", body)
    assert prefect.runs(live) == []


def test_runs_can_be_asked_for(prefect: Prefect) -> None:
    """POST {id}/schedule answers 200 with null, makes each run once, and none for an unknown deployment."""
    live = prefect.deployment(schedules=SCHEDULES)
    place = f"/deployments/{live['id']}/schedule"
    assert prefect.call("POST", place, FAR_ENOUGH) == (200, None)
    assert prefect.call("POST", place, FAR_ENOUGH) == (200, None)
    moments = sorted(str(run["expected_start_time"]) for run in prefect.runs(live))
    assert moments == sorted(2 * [moments[0], moments[2]])
    assert prefect.call("POST", f"/deployments/{uuid4()}/schedule", {}) == (200, None)


def test_the_runs_of_an_interval_are_in_step_with_its_anchor(prefect: Prefect) -> None:
    """Ten years apart, an anchor in 2060 means runs in 2030 and 2040."""
    live = prefect.deployment(schedules=[{"schedule": FAR}])
    prefect.schedule_runs(live)
    moments = sorted(str(run["expected_start_time"]) for run in prefect.runs(live))
    assert moments == ["2030-01-08T00:00:00Z", "2040-01-06T00:00:00Z"]


@pytest.mark.parametrize("kind", [{"cron": "0 0 1 1 *"}, {"rrule": "DTSTART:20200101T000000\nFREQ=YEARLY"}])
def test_the_runs_of_a_calendar_are_in_its_zone(prefect: Prefect, kind: Document) -> None:
    """A cron and an rrule mean the time of their zone; a run tells it in UTC."""
    live = prefect.deployment(schedules=[{"schedule": {**kind, "timezone": "Europe/Paris"}}], paused=True)
    far = {
        "start_time": "2050-06-01T00:00:00Z",
        "end_time": "2060-01-01T00:00:00Z",
        "min_runs": 1,
        "max_runs": 1,
    }
    prefect.done("POST", f"/deployments/{live['id']}/schedule", far)
    assert [run["expected_start_time"] for run in prefect.runs(live)] == ["2050-12-31T23:00:00Z"]


def test_inactive_schedules_have_no_runs(prefect: Prefect) -> None:
    """POST {id}/schedule leaves inactive schedules out, but not paused deployments."""
    live = prefect.deployment(schedules=[{"schedule": FAR, "active": False}])
    paused = prefect.deployment(schedules=[{"schedule": FAR}], paused=True)
    assert (prefect.schedule_runs(live), prefect.schedule_runs(paused)) == (0, 2)


def test_a_run_has_the_schedules_parameters(prefect: Prefect) -> None:
    """A run's parameters are the deployment's, overridden by the schedule's."""
    live = prefect.deployment(
        parameters={"x": 1, "y": 1}, schedules=[{"schedule": FAR, "parameters": {"y": 2}}]
    )
    prefect.schedule_runs(live)
    assert [run["parameters"] for run in prefect.runs(live)] == [{"x": 1, "y": 2}] * 2


def test_past_runs_survive_a_write(prefect: Prefect) -> None:
    """A PATCH keeps scheduled runs whose time has passed, since 3.4; 3.2.15 deletes them."""
    live = prefect.deployment(schedules=[{"schedule": FAR}])
    past = {
        "start_time": "2000-01-01T00:00:00Z",
        "end_time": "2021-01-01T00:00:00Z",
        "min_runs": 2,
        "max_runs": 2,
    }
    prefect.done("POST", f"/deployments/{live['id']}/schedule", past)
    assert prefect.schedule_runs(live) == 4
    prefect.patched(live, {})
    assert len(prefect.runs(live)) == PAST_RUNS_KEPT[prefect.version]


def test_past_runs_do_not_survive_a_deleted_schedule(prefect: Prefect) -> None:
    """DELETE of a schedule deletes the past scheduled runs, too, those of other schedules included."""
    live = prefect.deployment(schedules=SCHEDULES)
    past = {
        "start_time": "2000-01-01T00:00:00Z",
        "end_time": "2021-01-01T00:00:00Z",
        "min_runs": 2,
        "max_runs": 2,
    }
    prefect.done("POST", f"/deployments/{live['id']}/schedule", past)
    prefect.done("DELETE", f"/deployments/{live['id']}/schedules/{id_of(live, 'a')}")
    assert prefect.runs(live) == []
