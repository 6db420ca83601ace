"""Carrying one change out, on what is live at that moment. Pure; may import `plan` and what that may.

Between the plan and a write there can be minutes, and somebody else: another run, or people. So what is
changed or deleted is read again first. `updated` would not tell, since Prefect moves it for an empty PATCH
and not for what is written to a schedule (3.8.8): what is compared is the canonical fields.

Prefect has no write that depends on nothing having changed. The instant between that reading and the write
remains, and so does that before a create, which Prefect answers as an update of what is there by then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC

from prefect_reconcile.errors import PrefectError
from prefect_reconcile.kinds.protocol import Fresh, Kind
from prefect_reconcile.kinds.registry import KINDS
from prefect_reconcile.model import Answer, Call, Conversation, JsonObject, same
from prefect_reconcile.plan import (
    Change,
    Create,
    Delete,
    Identity,
    Plan,
    Unchanged,
    Update,
    Write,
    change_of,
)
from prefect_reconcile.spelling import listed


@dataclass(frozen=True, slots=True)
class Manner:
    """How a plan is carried out.

    `stop_on_error` takes up nothing new after the first failure, `verify` reads back what was written,
    `as_reviewed` refuses what is not any more what was planned, and `force_running` deletes what is in use.
    """

    stop_on_error: bool = False
    verify: bool = True
    as_reviewed: bool = False
    force_running: bool = False


@dataclass(frozen=True, slots=True)
class Carried:
    """A change as it was carried out, `Unchanged` where nothing was left to do, and what to know of it."""

    change: Change
    notes: tuple[str, ...] = ()


def carry_out(write: Write, kind: Kind, manner: Manner = Manner()) -> Conversation[Carried]:
    """Carries a change out, or what is left of it. Raises `PrefectError` where it is not to be any more."""
    match write:
        case Create():
            yield from kind.create(write.desired, write.resolution)
            return Carried(write)
        case Update():
            return (yield from _update(write, kind, manner))
        case Delete():
            return (yield from _delete(write, kind, manner))


def _update(write: Update, kind: Kind, manner: Manner) -> Conversation[Carried]:
    fresh = (yield from kind.reread([write.live])).get(write.live.name)
    if fresh is None:
        raise PrefectError("it was deleted after the plan was made; run again, which makes it anew")
    changed = _changed(write.live.fields, fresh.live.fields, kind)
    if not changed:
        yield from kind.update(write.live, write.resolution)
        return Carried(write)
    _check_owner(write, fresh)
    happened = f"it was changed after the plan was made ({listed(changed)}{_told(fresh)})"
    again = yield from _replanned(write, kind)
    if isinstance(again, Unchanged):
        return Carried(again, (f"{happened}, and is as declared already",))
    if manner.as_reviewed and again.fields != write.fields:
        raise PrefectError(f"{happened}, and is not what was reviewed any more; review it anew")
    yield from kind.update(again.live, again.resolution)
    # Where the same is to be done as before, nothing of theirs is lost.
    anew = () if again.fields == write.fields else (f"{happened}: compared again, and carried out anew",)
    return Carried(again, anew)


def _check_owner(write: Update, fresh: Fresh) -> None:
    if fresh.live.owner not in (None, write.live.owner, write.desired.fields.get("owner")):
        raise PrefectError(f"{fresh.live.owner} has come to own it after the plan was made{_told(fresh)}")


def _replanned(write: Update, kind: Kind) -> Conversation[Update | Unchanged]:
    observation = yield from kind.observe([write.desired])
    if observation.problems:
        raise PrefectError("; ".join(map(str, observation.problems)))
    (desired,) = observation.desired
    again = change_of(kind, desired, observation.live.get(desired.name))
    if isinstance(again, Update | Unchanged):
        return again
    raise PrefectError("it was deleted while it was looked at; run again, which makes it anew")


def _delete(write: Delete, kind: Kind, manner: Manner) -> Conversation[Carried]:
    fresh = (yield from kind.reread([write.live])).get(write.live.name)
    if fresh is not None:
        _check_deletable(write, fresh)
        if not manner.force_running:
            yield from _check_idle(write, kind)
    # What it leaves behind has to go even where it is gone itself.
    yield from kind.delete(write.live)
    return Carried(write, () if fresh else ("it was deleted already when its turn came",))


def _check_deletable(write: Delete, fresh: Fresh) -> None:
    now = fresh.live
    if now.owner != write.live.owner:
        owner = (
            f"{now.owner} has come to own it" if now.owner else f"{write.live.owner} does not own it any more"
        )
        raise PrefectError(f"{owner}, since the plan was made{_told(fresh)}: it is not deleted")
    if now.protected and not write.live.protected:
        raise PrefectError(f"it was protected from deletion after the plan was made{_told(fresh)}")


def _check_idle(write: Delete, kind: Kind) -> Conversation[None]:
    count = (yield from kind.busy([write.live])).get(write.live.name, 0)
    if count:
        what = "1 run of it is" if count == 1 else f"{count} runs of it are"
        raise PrefectError(f"{what} in progress since the plan was made; wait, or pass --force-running")


def _changed(before: JsonObject, now: JsonObject, kind: Kind) -> list[str]:
    """The names of the fields that have other values than before."""
    return [name for name in kind.SHAPES if not same(before.get(name), now.get(name))]


def _told(fresh: Fresh) -> str:
    """When and by whom it was last written, as far as the server tells."""
    when = fresh.updated and fresh.updated.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    parts = [f" at {when}" if when else "", f" by {fresh.updated_by}" if fresh.updated_by else ""]
    return f"; last written{''.join(parts)}" if any(parts) else ""


def conversation(write: Write, kinds: Mapping[str, Kind] = KINDS) -> Conversation[None]:
    """The requests that make a change, on what was live when it was planned."""
    kind = kinds[write.identity[0]]
    match write:
        case Create():
            return kind.create(write.desired, write.resolution)
        case Update():
            return kind.update(write.live, write.resolution)
        case Delete():
            return kind.delete(write.live)


def rehearse(plan: Plan, kinds: Mapping[str, Kind] = KINDS) -> dict[Identity, tuple[Call, ...]]:
    """The requests by which an apply would change the server, without sending them.

    Ids that only the server can give read `<id from POST /flows/>`. A request that changes share is told
    with the first of them.
    """
    told: list[Call] = []
    requests: dict[Identity, tuple[Call, ...]] = {}
    for write in plan.writes:
        calls = [call for call in _calls(conversation(write, kinds)) if not (call.once and call in told)]
        told += [call for call in calls if call.once]
        requests[write.identity] = tuple(calls)
    return requests


def _calls(conversation: Conversation[None]) -> Iterable[Call]:
    answers: tuple[Answer, ...] | None = None
    while True:
        try:
            calls = next(conversation) if answers is None else conversation.send(answers)
        except StopIteration:
            return
        yield from calls
        answers = tuple({"id": f"<id from {call.method} {call.path}>"} for call in calls)
