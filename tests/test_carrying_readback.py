"""Whether what was written is so, on the fake Prefect: what is told, why, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

import prefect_reconcile.kinds.deployment as deployments
from on_fake import Prefect, desired
from prefect_fake import FakePrefect
from prefect_reconcile.changing import carry_out
from prefect_reconcile.differ import FieldChange
from prefect_reconcile.model import Answer, Call, Desired
from prefect_reconcile.plan import Delete, Plan, Update
from prefect_reconcile.readback import Written, read_back
from prefect_reconcile.report import Outcome, Result
from test_laws import edits, server

Manifest = dict[str, Any]
A = ("Deployment", "f/a")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class Deaf(Prefect):
    """A Prefect that answers some writes with success and does nothing."""

    deaf: set[str] = field(default_factory=set)
    """The methods."""

    def _answer(self, call: Call) -> Answer:
        if call.writes and call.method in self.deaf:
            self.calls.append(call)
            return None
        return super()._answer(call)

    def carried_out(self, plan: Plan) -> list[Written]:
        return [
            Written(self.run(carry_out(write, deployments)).change)  # type: ignore[arg-type]
            for write in plan.writes
        ]

    def checked(self, written: Sequence[Written]) -> dict[Any, Outcome]:
        """Also counts from here."""
        self.calls.clear()
        return self.run(read_back(written, deployments))


def wanted(**manifest: Any) -> list[Desired]:
    return desired({"flow": "f", "name": "a", **manifest})


def one(prefect: Deaf, before: Manifest | None, after: Manifest) -> dict[Any, Outcome]:
    """What is found after one change."""
    if before is not None:
        prefect.converge(wanted(**before))
    return prefect.checked(prefect.carried_out(prefect.plan(wanted(**after))))


def failed(said: str, *left: FieldChange) -> dict[Any, Outcome]:
    return {
        A: Outcome(Result.FAILED, f"Prefect answered that it is written, and has not taken {said}", left=left)
    }


@given(edit=edits())
def test_what_was_taken_is_no_finding(edit: tuple[list[Manifest], list[Manifest]]) -> None:
    """From any state that we made to any other, in every spelling that Prefect gives it."""
    prefect = Deaf(server().fake)
    for manifests in edit:
        assert prefect.checked(prefect.carried_out(prefect.plan(desired(*manifests)))) == {}


def test_what_was_not_taken_is_told_field_by_field() -> None:
    """With what the catalogue knows of how a field reads back."""
    prefect = Deaf()
    prefect.converge(wanted(description="old", tags=["b"], version="1"))
    plan = prefect.plan(wanted(description="new", tags=["a"], version="2"))
    prefect.deaf = {"PATCH"}
    assert prefect.checked(prefect.carried_out(plan)) == failed(
        "description, version, tags; description: `prefect deploy` stores the text None for a flow without "
        "docstring; empty means none (Prefect 3.8.8); tags: the server keeps order and repetitions, which "
        "mean nothing (Prefect 3.8.8)",
        FieldChange(("description",), "old", "new"),
        FieldChange(("version",), "1", "2"),
        FieldChange(("tags",), ["b"], ["a"]),
    )


def test_a_limitation_of_the_server_is_the_reason() -> None:
    """On a new deployment the plan does not know of it; the next one takes the change out, and notes it."""
    options = {"collision_strategy": "ENQUEUE", "grace_period_seconds": 60}
    manifest = {"concurrency_limit": 1, "concurrency_options": options}
    found = one(Deaf(FakePrefect("3.2.15")), None, manifest)
    assert found == failed(
        "concurrency_options; concurrency_options stay as they are: Prefect 3.2.15 drops "
        "grace_period_seconds, 3.6.29 does not",
        FieldChange(("concurrency_options",), {"collision_strategy": "ENQUEUE"}, options),
    )
    assert one(Deaf(FakePrefect("3.6.29")), None, manifest) == {}


def test_labels_of_the_flow_are_nobodys_failure() -> None:
    """A manifest that wants none gets those of the flow, which the plan did not promise to take away."""
    prefect = Deaf()
    prefect.fake.handle("POST", "/flows/", {"name": "f", "labels": {"team": "data"}})
    assert one(prefect, None, {"labels": {}}) == {}


def test_what_is_not_there_is_told() -> None:
    """Whoever took it away."""
    error = "Prefect answered that it is {}, and it is not there; somebody may have deleted it: run again"
    prefect = Deaf()
    made = prefect.carried_out(prefect.plan(wanted()))
    changed = prefect.carried_out(prefect.plan(wanted(version="2")))
    prefect.converge(desired({"flow": "f", "name": "other"}))
    prefect.fake.handle("DELETE", f"/deployments/{_id(prefect)}")
    for written, done in ((made, "made"), (changed, "changed")):
        assert prefect.checked(written) == {A: Outcome(Result.FAILED, error.format(done))}


def _id(prefect: Prefect) -> str:
    _, rows = prefect.fake.handle("POST", "/deployments/filter", {"deployments": {"name": {"any_": ["a"]}}})
    assert isinstance(rows, list)
    (row,) = rows
    assert isinstance(row, dict)
    return str(row["id"])


def test_a_change_that_is_gone_when_it_is_looked_at_closer() -> None:
    """Its time of change cannot be told any more: it has failed."""

    class Late(Deaf):
        def _answer(self, call: Call) -> Answer:
            if call.path == "/deployments/filter" and self.calls:
                return []
            return super()._answer(call)

    prefect = Late()
    prefect.converge(wanted(version="1"))
    plan = prefect.plan(wanted(version="2"))
    write = Written(plan.writes[0], LONG_AGO)
    assert prefect.checked([write]) == failed("version", FieldChange(("version",), "1", "2"))


def test_a_server_that_tells_no_time_has_no_excuse() -> None:
    """Neither has one whose own time of change is not later."""
    prefect = Deaf()
    prefect.converge(wanted(version="1"))
    (write,) = prefect.plan(wanted(version="2")).writes
    left = (FieldChange(("version",), "1", "2"),)
    assert prefect.checked([Written(write)])[A].result is Result.FAILED
    assert prefect.checked([Written(write, datetime(2027, 1, 1, tzinfo=UTC))])[A].result is Result.FAILED
    (outcome,) = prefect.checked([Written(write, LONG_AGO)]).values()
    (note,) = outcome.notes
    assert (outcome.result, outcome.left) == (Result.DONE, left)
    assert note.startswith(
        "it was changed after it was written here (version; last written at 2026-01-01T00:0"
    )


@pytest.mark.parametrize("taken", [True, False])
def test_deleted_ones_have_to_be_gone(taken: bool) -> None:
    """Beside others that are there."""
    prefect = Deaf(deaf=set() if taken else {"DELETE"})
    prefect.converge(wanted())
    (live,) = prefect.run(deployments.observe(wanted())).live.values()
    written = prefect.carried_out(Plan((Delete(live),)))
    written += prefect.carried_out(prefect.plan(desired({"flow": "f", "name": "b"})))
    error = "Prefect answered that it is deleted, and it is still there"
    assert prefect.checked(written) == ({} if taken else {A: Outcome(Result.FAILED, error)})


@pytest.mark.parametrize("count", [1, 200, 401])
def test_what_it_costs(count: int) -> None:
    """As planning does: N/200 + 4 requests, and one more for each 200 that were deleted."""
    prefect = Deaf()
    names = [{"flow": "f", "name": f"d{number}"} for number in range(count)]
    prefect.carried_out(prefect.plan(desired(*names)))
    written = prefect.carried_out(prefect.plan(desired(*({**one, "version": "2"} for one in names))))
    assert (len(written), prefect.checked(written)) == (count, {})
    assert len(prefect.calls) <= count // 200 + 4
    gone = [Written(Delete(one.change.live)) for one in written if isinstance(one.change, Update)]
    assert len(prefect.checked(gone)) == count
    assert len(prefect.calls) == -(-count // 200)
    assert prefect.writes == []


def test_nothing_costs_nothing() -> None:
    """Not even a question."""
    prefect = Deaf()
    assert (prefect.checked([]), prefect.calls) == ({}, [])
