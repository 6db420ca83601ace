"""What others did between the plan and a write: looked for, coped with and told, on the fake Prefect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import Any

import pytest

import conversations
import prefect_reconcile.kinds.deployment as deployments
from on_fake import Prefect, desired
from prefect_reconcile.changing import Carried, Manner, carry_out
from prefect_reconcile.errors import PrefectError
from prefect_reconcile.model import Call, Desired
from prefect_reconcile.plan import Delete, Unchanged, Update, Write

Manifest = dict[str, Any]
REVIEWED = Manner(as_reviewed=True)
AS_USUAL = Manner()


@dataclass
class Shared(Prefect):
    """A Prefect that others use as well. What is `owned` carries the mark of `me`."""

    wanted: list[Desired] = field(default_factory=list)

    def begin(self, before: Manifest, after: Manifest | None) -> Write:
        """What the plan has to do to `f/a`, once it is as before."""
        self.converge(mine(before))
        self.wanted = mine(after or before)
        self.calls.clear()
        (change,) = self.plan(self.wanted).changes
        if after is None:
            (live,) = self.run(deployments.owned("me"))
            return Delete(live)
        assert isinstance(change, Update)
        return change

    @property
    def id(self) -> str:
        (row,) = self.say("POST", "/deployments/filter", {})
        return str(row["id"])

    def say(self, method: str, path: str, body: Any = None) -> Any:
        """A request of somebody else."""
        status, answer = self.fake.handle(method, path, body)
        assert status < 300, answer
        return answer

    def patch(self, **fields: Any) -> None:
        self.say("PATCH", f"/deployments/{self.id}", fields)

    def carry_out(self, write: Write, manner: Manner = AS_USUAL) -> Carried:
        """Also counts from here."""
        self.calls.clear()
        return self.run(carry_out(write, deployments, manner))

    @property
    def sent(self) -> list[str]:
        """What would change the server."""
        return [f"{call.method} {call.path.replace(self.id, 'ID')}" for call in self.writes]


def mine(manifest: Manifest) -> list[Desired]:
    return [
        replace(one, fields={**one.fields, "owner": "me"})
        for one in desired({"flow": "f", "name": "a", **manifest})
    ]


OLD: Manifest = {"tags": ["old"], "schedules": [{"slug": "s", "cron": "0 1 * * *"}]}
NEW: Manifest = {**OLD, "tags": ["new"]}
PATCH = ["PATCH /deployments/ID"]
SCHEDULE = conversations.schedule_answered("s", {"cron": "0 1 * * *", "timezone": "UTC", "day_or": True})
CHANGED = "it was changed after the plan was made"


def test_nothing_happened() -> None:
    """One request more than the change needs."""
    prefect = Shared()
    write = prefect.begin(OLD, NEW)
    assert prefect.carry_out(write) == Carried(write)
    assert [call.path for call in prefect.calls] == ["/deployments/filter", f"/deployments/{prefect.id}"]


IRRELEVANT: dict[str, Callable[[Shared], None]] = {
    "an empty patch": lambda prefect: prefect.patch(),
    "runs of the schedules": lambda prefect: prefect.say(
        "POST", f"/deployments/{prefect.id}/schedule", {"min_runs": 1}
    ),
}


@pytest.mark.parametrize("what", IRRELEVANT)
def test_what_changes_nothing_that_we_know_of_is_nothing(what: str) -> None:
    """Though it can move the time of the last change."""
    prefect = Shared()
    write = prefect.begin(OLD, NEW)
    IRRELEVANT[what](prefect)
    assert prefect.carry_out(write) == Carried(write)


def test_somebody_has_done_it_already() -> None:
    """It is looked at again, nothing is written, and that is said."""
    prefect = Shared()
    write = prefect.begin(OLD, NEW)
    prefect.patch(tags=["new", "reconcile:me"])
    carried = prefect.carry_out(write, REVIEWED)
    (note,) = carried.notes
    assert isinstance(carried.change, Unchanged)
    assert note.startswith(f"{CHANGED} (tags; last written at 2026-01-01T00:0")
    assert note.endswith("), and is as declared already")
    assert prefect.writes == []


def test_somebody_has_changed_what_we_declare() -> None:
    """It is compared again and carried out anew, and that is said: what they did is lost."""
    prefect = Shared()
    write = prefect.begin(OLD, NEW)
    prefect.patch(description="theirs")
    (note,) = prefect.carry_out(write).notes
    assert note.startswith(f"{CHANGED} (description; last written at ")
    assert note.endswith("): compared again, and carried out anew")
    assert (prefect.sent, prefect.plan(prefect.wanted).writes) == (PATCH, ())


def test_somebody_has_changed_a_schedule() -> None:
    """The deployment's own time of change does not tell that. The ids are those of now."""
    prefect = Shared()
    write = prefect.begin(OLD, {**OLD, "schedules": [{"slug": "s", "cron": "0 2 * * *"}]})
    schedules = f"/deployments/{prefect.id}/schedules"
    (before,) = prefect.say("GET", schedules)
    prefect.say("DELETE", f"{schedules}/{before['id']}")
    prefect.say("POST", schedules, [{"schedule": {"cron": "0 1 * * *", "timezone": "UTC"}, "slug": "s"}])
    assert prefect.carry_out(write, REVIEWED).notes == ()  # the same is left to do
    assert prefect.plan(prefect.wanted).writes == ()


def test_what_is_left_alone_is_nobodys_loss() -> None:
    """The same is done as was planned, and theirs stays."""
    prefect = Shared()
    write = prefect.begin(OLD, NEW)
    prefect.patch(version="theirs")
    assert prefect.carry_out(write, REVIEWED).notes == ()
    (row,) = prefect.say("POST", "/deployments/filter", {})
    assert (row["version"], row["tags"]) == ("theirs", ["new", "reconcile:me"])


def test_what_was_reviewed_is_not_what_would_be_done() -> None:
    """Then nothing is."""
    prefect = Shared()
    write = prefect.begin(OLD, NEW)
    prefect.patch(description="theirs")
    with pytest.raises(
        PrefectError, match=r"^it was changed .*\(description; .*\), and is not what was reviewed"
    ):
        prefect.carry_out(write, REVIEWED)
    assert prefect.writes == []


@pytest.mark.parametrize(
    ("tags", "refused"), [(["reconcile:them"], True), (["reconcile:me", "reconcile:them"], True), ([], False)]
)
def test_somebody_has_come_to_own_it(tags: list[str], refused: bool) -> None:
    """Theirs is not touched; what is nobody's any more is adopted again."""
    prefect = Shared()
    write = prefect.begin(OLD, NEW)
    prefect.patch(tags=["old", *tags])
    if refused:
        with pytest.raises(PrefectError, match=r"them has come to own it after the plan was made; last"):
            prefect.carry_out(write)
        assert prefect.writes == []
    else:
        (note,) = prefect.carry_out(write).notes
        assert f"{CHANGED} (owner; " in note


def test_somebody_has_deleted_it() -> None:
    """It is not made again: they may have meant it. The next run does."""
    prefect = Shared()
    write = prefect.begin(OLD, NEW)
    prefect.say("DELETE", f"/deployments/{prefect.id}")
    with pytest.raises(PrefectError, match=r"^it was deleted after the plan was made; run again"):
        prefect.run(carry_out(write, deployments))
    assert prefect.writes == []


def test_somebody_deletes_it_while_it_is_looked_at() -> None:
    """Between the two readings."""

    class Late(Shared):
        def _answer(self, call: Call) -> Any:
            if call.path == "/deployments/paginate" and doomed:
                self.fake.handle("DELETE", f"/deployments/{self.id}")
            return super()._answer(call)

    prefect, doomed = Late(), False
    write = prefect.begin(OLD, NEW)
    prefect.patch(description="theirs")
    doomed = True
    with pytest.raises(PrefectError, match=r"^it was deleted while it was looked at; run again"):
        prefect.carry_out(write)


def test_what_the_server_lacks_by_now_is_told() -> None:
    """As it would be before the plan."""
    prefect = Shared()
    prefect.say("POST", "/work_pools/", {"name": "pool", "type": "process"})
    write = prefect.begin(OLD, {**NEW, "work_pool_name": "pool"})
    prefect.patch(description="theirs")
    assert isinstance(write, Update)
    gone = replace(write.desired, fields={**write.desired.fields, "work_pool_name": "gone"})
    with pytest.raises(PrefectError, match='there is no work pool "gone"; the work pools are pool'):
        prefect.carry_out(replace(write, desired=gone))
    assert prefect.writes == []


# --- Who, and when ---


@pytest.mark.parametrize(
    ("fields", "updated", "by"),
    [
        ({}, "2026-01-01T00:00:00+00:00", None),
        ({"updated": "2026-01-01T02:00:00.5+02:00"}, "2026-01-01T00:00:00.500000+00:00", None),
        ({"updated": "yesterday"}, None, None),
        ({"updated": "2026-01-01T00:00:00"}, None, None),
        ({"updated": None}, None, None),
        (
            {"updated_by": {"id": "1", "type": "USER", "display_value": "ann"}},
            "2026-01-01T00:00:00+00:00",
            "ann",
        ),
        (
            {"updated_by": {"id": "1", "type": "USER", "display_value": None}},
            "2026-01-01T00:00:00+00:00",
            None,
        ),
        ({"updated_by": "ann"}, "2026-01-01T00:00:00+00:00", None),
        (
            {"schedules": [{**SCHEDULE, "updated": "2026-01-02T00:00:00Z"}, SCHEDULE]},
            "2026-01-02T00:00:00+00:00",
            None,
        ),
    ],
    ids=str,
)
def test_what_is_read_again(fields: dict[str, Any], updated: str | None, by: str | None) -> None:
    """With the latest of the times of change of the deployment and its schedules, and who Prefect Cloud says
    it was."""
    before = conversations.live()
    answer = conversations.answered(**fields)
    rounds, found = conversations.hold(deployments.reread([before]), lambda call: [answer])
    fresh = found["etl/nightly"]
    assert (fresh.updated.astimezone(UTC).isoformat() if fresh.updated else None, fresh.updated_by) == (
        updated,
        by,
    )
    assert fresh.live == conversations.live(**fields)
    ids = {"limit": 200, "deployments": {"id": {"any_": [before.id]}}}
    assert rounds == [[Call("POST", "/deployments/filter", ids)]]


# --- Deletes ---

GONE = ["DELETE /automations/owned-by/prefect.deployment.ID", "DELETE /deployments/ID"]


def deleted(prefect: Shared, manner: Manner = AS_USUAL) -> list[str]:
    """The writes that delete it, after what `prefect` has gone through."""
    (live,) = prefect.run(deployments.owned("me"))
    prefect.carry_out(Delete(live), manner)
    return [f"{call.method} {call.path.replace(live.id, 'ID')}" for call in prefect.writes]


def test_a_delete_is_looked_at_first() -> None:
    """Once for what it is, and once for what is in progress."""
    prefect = Shared()
    prefect.begin(OLD, None)
    assert deleted(prefect) == GONE
    assert [call.path for call in prefect.calls][:2] == ["/deployments/filter", "/flow_runs/count"]


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        (["reconcile:them"], "^them has come to own it, since the plan was made; .*: it is not deleted"),
        ([], "^me does not own it any more, since the plan was made; .*: it is not deleted"),
        (["reconcile:me", "reconcile-prevent-delete"], "^it was protected from deletion after the plan"),
    ],
)
def test_marks_of_the_meantime_keep_it(tags: list[str], said: str) -> None:
    """Also where it is nobody's any more: somebody wants to keep it."""
    prefect = Shared()
    write = prefect.begin(OLD, None)
    prefect.patch(tags=tags)
    with pytest.raises(PrefectError, match=said):
        prefect.carry_out(write)
    assert prefect.writes == []


def test_other_changes_do_not_keep_it() -> None:
    """What was reviewed is that it goes."""
    prefect = Shared()
    write = prefect.begin(OLD, None)
    prefect.patch(description="theirs")
    assert prefect.carry_out(write, REVIEWED) == Carried(write)


@pytest.mark.parametrize(("count", "said"), [(1, "^1 run of it is in progress"), (2, "^2 runs of it are in")])
def test_runs_of_the_meantime_keep_it(count: int, said: str) -> None:
    """Unless they do not matter."""

    class Busy(Shared):
        def _answer(self, call: Call) -> Any:
            return count if call.path == "/flow_runs/count" else super()._answer(call)

    prefect = Busy()
    write = prefect.begin(OLD, None)
    with pytest.raises(PrefectError, match=said):
        prefect.carry_out(write)
    assert prefect.writes == []
    assert deleted(prefect, Manner(force_running=True)) == GONE


def test_somebody_has_deleted_it_already() -> None:
    """What it leaves behind goes all the same."""
    prefect = Shared()
    write = prefect.begin(OLD, None)
    prefect.say("DELETE", f"/deployments/{prefect.id}")
    prefect.calls.clear()
    carried = prefect.run(carry_out(write, deployments))
    assert carried == Carried(write, ("it was deleted already when its turn came",))
    assert [call.method for call in prefect.writes] == ["DELETE", "DELETE"]
