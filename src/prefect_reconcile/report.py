"""What a run reports: the plan, and what became of each change.

Pure; may import `plan`, `policy`, `differ` and `model`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from prefect_reconcile.differ import FieldChange
from prefect_reconcile.model import Call
from prefect_reconcile.plan import Change, Create, Delete, Identity, Plan, Unchanged, Update
from prefect_reconcile.policy import Refusal


class Result(Enum):
    """What became of a change that was to be carried out."""

    DONE = "done"
    FAILED = "failed"
    NOT_ATTEMPTED = "not attempted"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one change; `error` says why it is not `DONE`.

    `notes` are worth knowing of one that is, such as what others changed in the meantime. `left` are the
    fields that are not as they were written when they are read back: `old` is what the server has, `new`
    what it was sent.
    """

    result: Result
    error: str | None = None
    notes: tuple[str, ...] = ()
    left: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A plan, and after an apply the outcome of each write; `outcomes` is None when nothing was attempted.

    `requests` are those that an apply would send, by resource; None when they were not asked for.
    `interrupted` says that the user stopped the apply. With `refusals` the plan is not carried out.
    `unchecked` says why what was written could not be read back and compared; None where that was done, or
    was not asked for, or nothing was written.
    """

    plan: Plan
    outcomes: Mapping[Identity, Outcome] | None = None
    requests: Mapping[Identity, tuple[Call, ...]] | None = None
    interrupted: bool = False
    refusals: tuple[Refusal, ...] = ()
    unchecked: str | None = None

    def outcome(self, change: Change) -> Outcome | None:
        """What became of a change; None for one that needed nothing or was not attempted yet."""
        return self.outcomes.get(change.identity) if self.outcomes else None

    @property
    def notes(self) -> tuple[tuple[Identity, str], ...]:
        """What people should know of the plan, and of what became of it."""
        outcomes = [(identity, note) for identity, one in (self.outcomes or {}).items() for note in one.notes]
        return (*self.plan.notes, *outcomes)

    @property
    def failed(self) -> bool:
        """Whether any change was not carried out, or could not be checked though that was asked for."""
        outcomes = (self.outcomes or {}).values()
        return self.unchecked is not None or any(one.result is not Result.DONE for one in outcomes)

    @property
    def summary(self) -> dict[str, int]:
        """How many changes of each action; after an apply, those not carried out count as failed only."""
        counts = dict.fromkeys(("create", "update", "delete", "unchanged", "failed"), 0)
        for change in self.plan.changes:
            outcome = self.outcome(change)
            counts["failed" if outcome and outcome.result is not Result.DONE else action(change)] += 1
        return counts


def action(change: Change) -> str:
    """The name of a change in a report: `create`, `update`, `delete` or `unchanged`."""
    match change:
        case Create():
            return "create"
        case Update():
            return "update"
        case Delete():
            return "delete"
        case Unchanged():
            return "unchanged"
