"""Killed at any moment, or without an answer, and run again: also where something is deleted."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import prefect_reconcile.kinds.deployment as deployments
from on_fake import KilledError, Prefect, desired
from prefect_reconcile.changing import carry_out
from prefect_reconcile.errors import AnswerError, PrefectError
from prefect_reconcile.kinds.registry import KINDS
from prefect_reconcile.model import Answer, Call, Desired
from prefect_reconcile.plan import Plan, make_plan
from test_laws import edits, server

Repository = list[dict[str, Any]]


@dataclass
class Pruned(Prefect):
    """A Prefect of which `me` owns what it makes, and whose runs prune.

    `lost` are the numbers of the writes whose first answer is lost once they are carried out; what may be
    sent again then is.
    """

    lost: frozenset[int] = frozenset()
    automations: list[str] = field(default_factory=list)

    def _answer(self, call: Call) -> Answer:
        number = len(self.writes)
        answer = super()._answer(call)
        if not call.writes or number not in self.lost:
            return answer
        if call.repeatable:
            return super()._answer(call)
        return PrefectError("it may have been carried out")

    def plan(self, wanted: Sequence[Desired]) -> Plan:
        mine = [replace(one, fields={**one.fields, "owner": "me"}) for one in wanted]
        observation = self.run(deployments.observe(mine))
        owned = self.run(deployments.owned("me"))
        return make_plan([(KINDS[deployments.NAME], observation)], owned)

    def apply(self, plan: Plan) -> list[str]:
        errors = []
        for write in plan.writes:
            try:
                self.run(carry_out(write, deployments))
            except PrefectError as error:
                errors.append(str(error))
        return errors

    def watch_all(self) -> None:
        """Gives each deployment an automation of its own."""
        for row in self.rows():
            owner = f"prefect.deployment.{row['id']}"
            body = {"name": owner, "owner_resource": owner}
            status, made = self.fake.handle("POST", "/automations/", body)
            assert status < 300, made
            assert isinstance(made, dict)
            self.automations.append(f"/automations/{made['id']}")

    def rows(self) -> list[dict[str, Any]]:
        """All deployments."""
        status, rows = self.fake.handle("POST", "/deployments/filter", {})
        assert status == 200
        assert isinstance(rows, list)
        return [dict(row) for row in rows if isinstance(row, dict)]

    def orphans(self) -> list[str]:
        """The automations whose deployment is gone."""
        alive = {f"prefect.deployment.{row['id']}" for row in self.rows()}
        left = [self.fake.handle("GET", place) for place in self.automations]
        names = [str(body["name"]) for status, body in left if status == 200 and isinstance(body, dict)]
        return [name for name in names if name not in alive]

    def names(self) -> list[str]:
        return sorted(str(row["name"]) for row in self.rows())


def begun(before: Repository) -> Pruned:
    """With what was there before."""
    prefect = Pruned(server().fake)
    assert prefect.converge(desired(*before)) == []
    prefect.watch_all()
    prefect.calls.clear()
    return prefect


@st.composite
def prunings(draw: st.DrawFn) -> tuple[Repository, Repository]:
    """An edit that takes some of what was there away."""
    before, after = draw(edits())
    gone = draw(st.sets(st.integers(0, max(0, len(after) - 1))))
    return before, [one for number, one in enumerate(after) if number not in gone]


@given(pruning=prunings(), data=st.data())
def test_killed_after_any_request_and_run_again_it_converges(
    pruning: tuple[Repository, Repository], data: st.DataObject
) -> None:
    """And no automation is left of what is gone, at no moment."""
    before, after = pruning
    prefect, wanted = begun(before), desired(*after)
    prefect.survives = data.draw(st.integers(0, 20), label="requests before the end")
    with contextlib.suppress(KilledError):
        prefect.converge(wanted)
    assert prefect.orphans() == []
    prefect.survives = None
    assert prefect.converge(wanted) == []
    assert (prefect.plan(wanted).writes, prefect.orphans()) == ((), [])
    assert prefect.names() == sorted(one["name"] for one in after)


@given(pruning=prunings(), data=st.data())
def test_lost_answers_do_nothing_twice(pruning: tuple[Repository, Repository], data: st.DataObject) -> None:
    """Only what may have been done and must not be done twice is told, and the next run looks first."""
    before, after = pruning
    prefect, wanted = begun(before), desired(*after)
    prefect.lost = data.draw(st.frozensets(st.integers(0, 12)), label="writes whose answer is lost")
    errors = prefect.converge(wanted)
    assert set(errors) <= {"it may have been carried out"}
    prefect.lost = frozenset()
    assert prefect.converge(wanted) == []
    assert (prefect.plan(wanted).writes, prefect.orphans()) == ((), [])


SLUGGED = {"slug": "s", "interval": 60}
BASE: dict[str, Any] = {"flow": "f", "name": "a", "schedules": [{"slug": "x", "cron": "0 1 * * *"}]}
MORE: dict[str, Any] = {**BASE, "schedules": [*BASE["schedules"], SLUGGED]}


def test_a_schedule_with_a_slug_is_added_again_after_a_lost_answer() -> None:
    """Its slug is in use then, by itself: it is looked at and is as it was sent."""
    prefect = begun([BASE])
    prefect.lost = frozenset({0})
    assert prefect.converge(desired(MORE)) == []
    place = f"/deployments/{prefect.rows()[0]['id']}/schedules"
    assert [(call.method, call.path) for call in prefect.calls][-3:] == [
        ("POST", place),
        ("POST", place),
        ("GET", place),
    ]
    assert len(prefect.rows()[0]["schedules"]) == 2


def test_a_slug_that_somebody_else_uses_is_a_failure() -> None:
    """Theirs is another schedule."""

    class Raced(Pruned):
        def _answer(self, call: Call) -> Answer:
            if call.method == "POST" and call.path.endswith("/schedules"):
                theirs = [{"schedule": {"interval": 7200}, "slug": "s"}]
                self.fake.handle("POST", call.path, theirs)
            return super()._answer(call)

    prefect = Raced(server().fake)
    prefect.converge(desired(BASE))
    (error,) = prefect.converge(desired(MORE))
    assert "/schedules answered 409: " in error


def test_a_schedule_without_a_slug_is_not_added_twice() -> None:
    """It is told that it may have been added, and the next run finds it."""
    prefect = begun([BASE])
    wanted = desired({**BASE, "schedules": [*BASE["schedules"], {"interval": 60}]})
    prefect.lost = frozenset({0})
    assert prefect.converge(wanted) == ["it may have been carried out"]
    assert len(prefect.rows()[0]["schedules"]) == 2
    prefect.lost = frozenset()
    prefect.calls.clear()
    assert (prefect.converge(wanted), prefect.writes) == ([], [])


def test_a_delete_after_a_lost_answer_is_done() -> None:
    """The second one finds nothing, which is as good; automations are deleted again."""
    prefect = begun([BASE])
    prefect.lost = frozenset({0, 2})
    assert prefect.converge([]) == []
    assert [call.path.split("/")[1] for call in prefect.writes] == [
        *["automations"] * 2,
        *["deployments"] * 2,
    ]
    assert (prefect.rows(), prefect.orphans()) == ([], [])


def test_another_conflict_stays_one() -> None:
    """Where the server refuses for another reason than a slug in use."""

    class Refusing(Pruned):
        def _answer(self, call: Call) -> Answer:
            if call.method == "POST" and call.path.endswith("/schedules"):
                return AnswerError(call.method, call.path, 409, "conflict")
            return super()._answer(call)

    prefect = Refusing(server().fake)
    prefect.converge(desired(BASE))
    (error,) = prefect.converge(desired(MORE))
    assert error.endswith("answered 409: conflict")
