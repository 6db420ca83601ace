"""What a server cannot change on a live deployment is told, not planned."""

from __future__ import annotations

import pytest

from conversations import live, resolved
from prefect_reconcile.kinds.deployment.limitations import LIMITATIONS
from prefect_reconcile.model import JsonObject

LABELS = "labels stay as they are: Prefect changes none on an existing deployment; delete it to have it anew"


@pytest.mark.parametrize(
    ("written", "notes"),
    [
        ({}, (LABELS,)),
        ({"a": 1}, ()),
        ({"a": 1, "b": 2}, (LABELS,)),
        ({"a": 2}, (LABELS,)),
    ],
)
def test_labels(written: JsonObject, notes: tuple[str, ...]) -> None:
    """Labels can neither be added nor all be removed; those that the flow gave are no difference."""
    resolution = resolved({"labels": written}, live(labels={"a": 1, "flow": "x"}))
    assert resolution.new["labels"] == {"a": 1, "flow": "x"}
    assert resolution.notes == notes


def test_labels_of_a_new_deployment() -> None:
    """Labels are given when a deployment is made."""
    resolution = resolved({"labels": {"a": 1}}, None)
    assert (resolution.new["labels"], resolution.notes) == ({"a": 1}, ())


VARIABLES = "job_variables stay as they are: Prefect {} ignores their clearing, 3.8.7 and later do not"


@pytest.mark.parametrize(
    ("server", "kept"),
    [
        *[("3.2.15", True), ("3.6.29", True), ("3.8.6", True), ("3.8.6+5.gabc", True)],
        *[("3.8.7", False), ("3.8.8", False), ("3.8.8+12.gabc.dirty", False), ("3.8.8.dev2", False)],
        *[("3.10.0rc1", False), ("4.0.0", False), ("", False), ("main", False)],
    ],
)
def test_clearing_of_job_variables(server: str, kept: bool) -> None:
    """Older servers ignore it; a server that does not tell its version is taken for the newest."""
    resolution = resolved({}, live({"server": server}, job_variables={"a": 1}))
    assert resolution.new["job_variables"] == ({"a": 1} if kept else {})
    assert resolution.notes == ((VARIABLES.format(server),) if kept else ())


def test_change_of_job_variables() -> None:
    """Older servers do change them."""
    resolution = resolved({"job_variables": {"b": 1}}, live({"server": "3.2.15"}, job_variables={"a": 1}))
    assert (resolution.new["job_variables"], resolution.notes) == ({"b": 1}, ())


@pytest.mark.parametrize(
    ("server", "kept"), [("3.2.15", True), ("3.4.25", True), ("3.6.29", False), ("", False)]
)
def test_leaving_a_pool(server: str, kept: bool) -> None:
    """Older servers keep pool and queue."""
    resolution = resolved({}, live({"server": server}, work_pool_name="k8s", work_queue_name="high"))
    names = (resolution.new["work_pool_name"], resolution.new["work_queue_name"])
    note = f"work_pool_name stays as it is: Prefect {server} ignores its clearing, 3.6.29 and later do not"
    assert (names, resolution.notes) == ((("k8s", "high"), (note,)) if kept else ((None, None), ()))


def test_change_of_a_pool() -> None:
    """Older servers do move a deployment to another pool."""
    there = live({"server": "3.2.15"}, work_pool_name="k8s", work_queue_name="high")
    resolution = resolved({"work_pool_name": "vm"}, there)
    names = (resolution.new["work_pool_name"], resolution.new["work_queue_name"])
    assert (names, resolution.notes) == (("vm", "default"), ())


@pytest.mark.parametrize(("server", "kept"), [("3.2.15", True), ("3.4.25", True), ("3.6.29", False)])
def test_grace_period(server: str, kept: bool) -> None:
    """Older servers drop it, so it would be sent for ever."""
    options: JsonObject = {"collision_strategy": "ENQUEUE", "grace_period_seconds": 60}
    there = live({"server": server}, concurrency_options={"collision_strategy": "ENQUEUE"})
    resolution = resolved({"concurrency_options": options}, there)
    note = (
        f"concurrency_options stay as they are: Prefect {server} drops grace_period_seconds, 3.6.29 does not"
    )
    expected = ({"collision_strategy": "ENQUEUE"}, (note,)) if kept else (options, ())
    assert (resolution.new["concurrency_options"], resolution.notes) == expected


def test_options_without_grace_period() -> None:
    """Older servers do change the strategy."""
    there = live({"server": "3.2.15"}, concurrency_options={"collision_strategy": "ENQUEUE"})
    resolution = resolved({"concurrency_options": {"collision_strategy": "CANCEL_NEW"}}, there)
    assert (resolution.new["concurrency_options"], resolution.notes) == (
        {"collision_strategy": "CANCEL_NEW"},
        (),
    )


SHARED = "concurrency_limit stays as it is: it belongs to 'team', a limit that others share"


@pytest.mark.parametrize(("limit", "notes"), [(5, ()), (6, (SHARED,)), (None, (SHARED,))])
def test_shared_limit(limit: int | None, notes: tuple[str, ...]) -> None:
    """A limit that is not the deployment's own is neither changed nor removed."""
    there = live({"shared_limit": "team"}, global_concurrency_limit={"name": "team", "limit": 5})
    resolution = resolved({"concurrency_limit": limit}, there)
    assert (resolution.new["concurrency_limit"], resolution.notes) == (5, notes)


def test_all_at_once() -> None:
    """Each limitation that applies is told, in the order of the catalogue."""
    there = live({"server": "3.2.15"}, work_pool_name="k8s", work_queue_name="high", job_variables={"a": 1})
    notes = resolved({"labels": {"a": 1}}, there).notes
    assert [note.partition(" ")[0] for note in notes] == ["labels", "job_variables", "work_pool_name"]


def test_each_says_where_it_was_seen() -> None:
    """A limitation without evidence cannot be checked again."""
    assert [one.fields for one in LIMITATIONS if not one.seen] == []
