"""What tells that somebody else has written: the times of change, and the answers to what is done again."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from prefects import FAR, FAR_ENOUGH, Document, Prefect

SCHEDULES: list[Any] = [{"schedule": FAR, "slug": "a"}]

Request = tuple[str, str, Any]

# Each request that somebody may send, and whether it moves the deployment's `updated`.
MOVES: dict[str, tuple[Callable[[Document], Request], bool]] = {
    "empty PATCH": (lambda live: ("PATCH", "", {}), True),
    "PATCH": (lambda live: ("PATCH", "", {"tags": ["x"]}), True),
    "pause": (lambda live: ("POST", "/pause_deployment", None), True),
    "resume of what is not paused": (lambda live: ("POST", "/resume_deployment", None), False),
    "PATCH of a schedule": (
        lambda live: ("PATCH", f"/schedules/{live['schedules'][0]['id']}", {"schedule": FAR}),
        False,
    ),
    "DELETE of a schedule": (
        lambda live: ("DELETE", f"/schedules/{live['schedules'][0]['id']}", None),
        False,
    ),
    "POST of a schedule": (lambda live: ("POST", "/schedules", [{"schedule": FAR, "slug": "b"}]), False),
    "runs of the schedules": (lambda live: ("POST", "/schedule", FAR_ENOUGH), False),
    "a run": (lambda live: ("POST", "/create_flow_run", {}), False),
}


@pytest.mark.parametrize("name", MOVES)
def test_what_moves_the_time_of_change(prefect: Prefect, name: str) -> None:
    """What is written to the deployment itself does, and nothing else; `created` stays."""
    request, moves = MOVES[name]
    before = prefect.deployment(schedules=SCHEDULES)
    method, below, body = request(before)
    prefect.done(method, f"/deployments/{before['id']}{below}", body)
    after = prefect.read(before)
    assert (after["updated"] != before["updated"], after["created"]) == (moves, before["created"])
    assert after["updated"] >= before["updated"]


def test_pausing_twice_moves_it_once(prefect: Prefect) -> None:
    """And so does resuming."""
    live = prefect.deployment()
    seen = [live["updated"]]
    for deed in ("pause", "pause", "resume", "resume"):
        prefect.done("POST", f"/deployments/{live['id']}/{deed}_deployment")
        seen.append(prefect.read(live)["updated"])
    assert [after > before for before, after in pairwise(seen)] == [True, False, True, False]


def test_a_schedule_has_a_time_of_change_of_its_own(prefect: Prefect) -> None:
    """PATCH of a schedule moves that."""
    before = prefect.deployment(schedules=SCHEDULES)
    (schedule,) = before["schedules"]
    prefect.done("PATCH", f"/deployments/{before['id']}/schedules/{schedule['id']}", {"schedule": FAR})
    (after,) = prefect.read(before)["schedules"]
    assert after["updated"] > schedule["updated"]


def test_a_create_tells_by_its_status_whether_it_was_there(prefect: Prefect) -> None:
    """201 for what is new, and 200 where it was there, even just as it is sent."""
    body = prefect.creation()
    statuses = [prefect.status("POST", "/deployments/", body) for _ in range(3)]
    assert statuses == [201, 200, 200]


def test_nobody_is_told_where_there_are_no_users(prefect: Prefect) -> None:
    """`updated_by` is null, also after a change."""
    live = prefect.deployment()
    assert prefect.patched(live, {"tags": ["x"]})["updated_by"] is None


def test_deployments_are_found_by_their_ids(prefect: Prefect) -> None:
    """POST /deployments/filter with ids leaves out those that are not there."""
    here, gone = prefect.deployment(), prefect.deployment()
    prefect.done("DELETE", f"/deployments/{gone['id']}")
    ids = [here["id"], gone["id"], str(uuid4())]
    found = prefect.done("POST", "/deployments/filter", {"limit": 200, "deployments": {"id": {"any_": ids}}})
    assert found == [prefect.read(here)]


def test_schedules_with_slugs_are_not_added_twice(prefect: Prefect) -> None:
    """The second POST is 409 and adds none, and GET has them as they were sent first."""
    live = prefect.deployment()
    place = f"/deployments/{live['id']}/schedules"
    made = prefect.made(place, SCHEDULES)
    assert prefect.status("POST", place, SCHEDULES) == 409
    assert prefect.done("GET", place) == made


def test_automations_of_nobody_can_be_deleted(prefect: Prefect) -> None:
    """DELETE /automations/owned-by/… is 202 also where there are none, so that it can be sent again."""
    place = f"/automations/owned-by/prefect.deployment.{uuid4()}"
    assert [prefect.status("DELETE", place) for _ in range(2)] == [202, 202]
