"""Concurrency limits of deployments: their own, shared ones, and the options beside them."""

from typing import Any
from uuid import uuid4

import pytest
from prefects import CONFLICT, Document, Prefect, per_version, unique

# Whether `global_concurrency_limit_id` is known. Before, every use is 422.
SHARED = per_version(False, True, True, True)
# Whether `grace_period_seconds` is kept and checked. Before, it is dropped in silence.
GRACE = per_version(False, False, True, True)


def limit_of(live: Document) -> Any:
    """The number in the deployment's limit."""
    found = live["global_concurrency_limit"]
    return found and found["limit"]


def limit_id(live: Document) -> Any:
    """The id of the deployment's limit."""
    found = live["global_concurrency_limit"]
    return found and found["id"]


@pytest.fixture
def shared(prefect: Prefect) -> Document:
    """A limit that any number of deployments can point to."""
    if not SHARED[prefect.version]:
        pytest.skip("this version has no shared limits")
    return prefect.made("/v2/concurrency_limits/", {"name": unique("limit"), "limit": 5})


def limit_status(prefect: Prefect, limit: Any) -> int:
    """200 while the limit exists."""
    return prefect.status("GET", f"/v2/concurrency_limits/{limit}")


def test_the_limit_is_read_elsewhere_than_it_is_written(prefect: Prefect) -> None:
    """`concurrency_limit` always reads null; the number is in `global_concurrency_limit`."""
    live = prefect.deployment(concurrency_limit=3)
    assert (live["concurrency_limit"], limit_of(live)) == (None, 3)


def test_an_own_limit_is_changed_in_place(prefect: Prefect) -> None:
    """PATCH of `concurrency_limit` keeps the limit object, null deletes it, and a number makes a new one."""
    live = prefect.deployment(concurrency_limit=2)
    changed = prefect.patched(live, {"concurrency_limit": 5})
    gone = prefect.patched(live, {"concurrency_limit": None})
    again = prefect.patched(live, {"concurrency_limit": 6})
    assert (limit_of(changed), limit_id(changed)) == (5, limit_id(live))
    assert (limit_of(gone), limit_status(prefect, limit_id(live))) == (None, 404)
    assert (limit_of(again), limit_id(again) != limit_id(live)) == (6, True)


def test_an_own_limit_goes_with_its_deployment(prefect: Prefect) -> None:
    """DELETE of a deployment deletes its limit."""
    live = prefect.deployment(concurrency_limit=2)
    prefect.done("DELETE", f"/deployments/{live['id']}")
    assert limit_status(prefect, limit_id(live)) == 404


def test_an_upsert_changes_the_limit_in_place(prefect: Prefect) -> None:
    """POST with another number keeps the limit object, with null deletes it."""
    body = prefect.creation(concurrency_limit=2)
    live = prefect.made("/deployments/", body)
    changed = prefect.made("/deployments/", {**body, "concurrency_limit": 9})
    gone = prefect.made("/deployments/", {**body, "concurrency_limit": None})
    assert (limit_of(changed), limit_id(changed), limit_of(gone)) == (9, limit_id(live), None)


def test_old_versions_know_no_shared_limits(prefect: Prefect) -> None:
    """`global_concurrency_limit_id` is 422 on 3.2.15, on POST and PATCH, null included."""
    live = prefect.deployment()
    sent: Document = {"global_concurrency_limit_id": None}
    answers = prefect.status("POST", "/deployments/", prefect.creation(**sent)), prefect.patch(live, sent)[0]
    assert answers == ((201, 204) if SHARED[prefect.version] else (422, 422))


def test_a_limit_can_be_shared(prefect: Prefect, shared: Document) -> None:
    """Two deployments with one `global_concurrency_limit_id` show one limit, under its own name."""
    first = prefect.deployment(global_concurrency_limit_id=shared["id"])
    second = prefect.patched(prefect.deployment(), {"global_concurrency_limit_id": shared["id"]})
    limit = first["global_concurrency_limit"]
    assert (limit["id"], limit["name"], limit["limit"]) == (shared["id"], shared["name"], 5)
    assert second["global_concurrency_limit"] == limit


def test_a_number_changes_the_shared_limit_for_all(prefect: Prefect, shared: Document) -> None:
    """PATCH of `concurrency_limit` on one deployment changes the limit of every other that shares it."""
    first = prefect.deployment(global_concurrency_limit_id=shared["id"])
    second = prefect.deployment(global_concurrency_limit_id=shared["id"])
    prefect.patched(first, {"concurrency_limit": 7})
    assert limit_of(prefect.read(second)) == 7


def test_null_deletes_the_shared_limit_for_all(prefect: Prefect, shared: Document) -> None:
    """PATCH `concurrency_limit: null` on one deployment deletes the limit that others share."""
    first = prefect.deployment(global_concurrency_limit_id=shared["id"])
    second = prefect.deployment(global_concurrency_limit_id=shared["id"])
    prefect.patched(first, {"concurrency_limit": None})
    assert (limit_of(prefect.read(second)), limit_status(prefect, shared["id"])) == (None, 404)


def test_delete_takes_the_shared_limit_from_all(prefect: Prefect, shared: Document) -> None:
    """DELETE of one deployment deletes the limit that others share."""
    first = prefect.deployment(global_concurrency_limit_id=shared["id"])
    second = prefect.deployment(global_concurrency_limit_id=shared["id"])
    prefect.done("DELETE", f"/deployments/{first['id']}")
    assert (limit_of(prefect.read(second)), limit_status(prefect, shared["id"])) == (None, 404)


def test_a_shared_limit_is_left_by_its_id(prefect: Prefect, shared: Document) -> None:
    """PATCH `global_concurrency_limit_id: null` detaches the deployment and keeps the limit."""
    live = prefect.deployment(global_concurrency_limit_id=shared["id"])
    assert limit_of(prefect.patched(live, {"global_concurrency_limit_id": None})) is None
    assert limit_status(prefect, shared["id"]) == 200


def test_an_own_limit_that_was_left_is_in_the_way(prefect: Prefect, shared: Document) -> None:
    """A deployment detached from its own limit cannot get a number again: 409, the name is taken."""
    live = prefect.deployment(concurrency_limit=2)
    prefect.patched(live, {"global_concurrency_limit_id": None})
    assert prefect.patch(live, {"concurrency_limit": 3}) == (409, CONFLICT)


def test_an_unknown_limit_is_404(prefect: Prefect, shared: Document) -> None:
    """A `global_concurrency_limit_id` that does not exist is 404 on POST and PATCH."""
    live, sent = prefect.deployment(), {"global_concurrency_limit_id": str(uuid4())}
    expected = (404, {"detail": "Concurrency limit not found"})
    assert prefect.call("POST", "/deployments/", prefect.creation(**sent)) == expected
    assert prefect.patch(live, {**sent}) == expected


def test_a_number_and_a_shared_limit_exclude_each_other(prefect: Prefect, shared: Document) -> None:
    """Both in one request are 422 on POST and PATCH."""
    live = prefect.deployment()
    both: Document = {"concurrency_limit": 1, "global_concurrency_limit_id": shared["id"]}
    answers = prefect.status("POST", "/deployments/", prefect.creation(**both)), prefect.patch(live, both)[0]
    assert answers == (422, 422)


@pytest.mark.parametrize("strategy", ["ENQUEUE", "CANCEL_NEW"])
def test_collision_strategies(prefect: Prefect, strategy: str) -> None:
    """There are two strategies; `grace_period_seconds` reads null when not sent, and is absent before 3.6."""
    grace: Document = {"grace_period_seconds": None} if GRACE[prefect.version] else {}
    sent: Document = {"collision_strategy": strategy}
    made = prefect.deployment(concurrency_options=sent)["concurrency_options"]
    patched = prefect.patched(prefect.deployment(), {"concurrency_options": sent})["concurrency_options"]
    assert (made, patched) == ({**sent, **grace}, {**sent, **grace})


@pytest.mark.parametrize(
    "options",
    [{"collision_strategy": "enqueue"}, {"collision_strategy": "X"}, {"grace_period_seconds": 60}, "ENQUEUE"],
)
def test_options_that_are_refused(prefect: Prefect, options: Any) -> None:
    """An unknown strategy, one in lower case and none are 422."""
    assert prefect.status("POST", "/deployments/", prefect.creation(concurrency_options=options)) == 422


def test_unknown_options_are_dropped(prefect: Prefect) -> None:
    """An unknown key in `concurrency_options` is dropped in silence, unlike everywhere else."""
    live = prefect.deployment(concurrency_options={"collision_strategy": "ENQUEUE", "zz": 1})
    options = live["concurrency_options"]
    assert "zz" not in options


@pytest.mark.parametrize(("seconds", "status"), [(59, 422), (60, 201), (86400, 201), (86401, 422)])
def test_the_grace_period_has_bounds(prefect: Prefect, seconds: int, status: int) -> None:
    """`grace_period_seconds` is from 60 to 86400; before 3.6 any is accepted and dropped."""
    options: Any = {"collision_strategy": "ENQUEUE", "grace_period_seconds": seconds}
    found, answer = prefect.call("POST", "/deployments/", prefect.creation(concurrency_options=options))
    if not GRACE[prefect.version]:
        assert (found, answer["concurrency_options"]) == (201, {"collision_strategy": "ENQUEUE"})
    elif status == 201:
        assert (found, answer["concurrency_options"]) == (201, options)
    else:
        assert found == status
