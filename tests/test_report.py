"""What a run counts, and whether it failed."""

from __future__ import annotations

import pytest

from prefect_reconcile.model import Desired, Live, Resolution, Source
from prefect_reconcile.plan import Change, Create, Delete, Plan, Unchanged, Update
from prefect_reconcile.report import Outcome, Report, Result, action

NOTHING = Resolution({}, {})


def desired(name: str, kind: str = "Variable") -> Desired:
    return Desired(kind, name, Source("a.yaml", 1, 1), {})


CREATE = Create(desired("a"), NOTHING, ())
UPDATE = Update(desired("b"), Live("Variable", "b", "1", {}), NOTHING, ())
DELETE = Delete(Live("Variable", "d", "2", {}))
UNCHANGED = Unchanged(desired("c"), NOTHING)
PLAN = Plan((CREATE, UPDATE, UNCHANGED))

A, B = ("Variable", "a"), ("Variable", "b")
DONE = Outcome(Result.DONE)
FAILED = Outcome(Result.FAILED, "no")
NOT_ATTEMPTED = Outcome(Result.NOT_ATTEMPTED, "not attempted")


@pytest.mark.parametrize(
    ("report", "create", "update", "unchanged", "failed"),
    [
        (Report(Plan(())), 0, 0, 0, 0),
        (Report(PLAN), 1, 1, 1, 0),
        (Report(PLAN, {}), 1, 1, 1, 0),
        (Report(PLAN, {A: DONE, B: DONE}), 1, 1, 1, 0),
        (Report(PLAN, {A: DONE, B: FAILED}), 1, 0, 1, 1),
        (Report(PLAN, {A: FAILED, B: NOT_ATTEMPTED}), 0, 0, 1, 2),
    ],
    ids=["empty", "dry run", "nothing to do", "done", "one failed", "none done"],
)
def test_each_change_counts_once(
    report: Report, create: int, update: int, unchanged: int, failed: int
) -> None:
    """By its action, or as failed where it was not carried out; nothing is deleted yet."""
    assert report.summary == {
        "create": create,
        "update": update,
        "delete": 0,
        "unchanged": unchanged,
        "failed": failed,
    }


@pytest.mark.parametrize(
    ("report", "failed"),
    [
        (Report(PLAN), False),
        (Report(PLAN, {}), False),
        (Report(PLAN, {A: DONE, B: DONE}), False),
        (Report(PLAN, {A: DONE, B: FAILED}), True),
        (Report(PLAN, {A: DONE, B: NOT_ATTEMPTED}), True),
    ],
    ids=["dry run", "nothing to do", "done", "one failed", "one not attempted"],
)
def test_a_run_failed_unless_all_is_done(report: Report, failed: bool) -> None:
    """A plan that was only shown has not failed."""
    assert report.failed is failed


def test_an_outcome_belongs_to_one_resource_of_one_kind() -> None:
    """Names are unique within a kind only."""
    report = Report(PLAN, {("Block", "a"): FAILED, B: DONE})
    assert [report.outcome(change) for change in PLAN.changes] == [None, DONE, None]


@pytest.mark.parametrize(
    ("change", "expected"),
    [(CREATE, "create"), (UPDATE, "update"), (DELETE, "delete"), (UNCHANGED, "unchanged")],
)
def test_a_change_has_the_name_of_its_action(change: Change, expected: str) -> None:
    """The one that the summary counts it by."""
    assert action(change) == expected


def test_a_resource_is_identified_by_kind_and_name() -> None:
    """In this order."""
    live = Live("Block", "a/b", "1", {})
    changes = [
        Create(desired("a/b", "Block"), NOTHING, ()),
        Update(desired("a/b", "Block"), live, NOTHING, ()),
        Delete(live),
        Unchanged(desired("a/b", "Block"), NOTHING),
    ]
    assert [change.identity for change in changes] == [("Block", "a/b")] * 4
