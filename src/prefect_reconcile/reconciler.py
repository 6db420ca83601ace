"""One pass: observe, plan, and carry the plan out.

May import everything but `cli` and `watcher`. It decides nothing about a kind and nothing about HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from prefect_reconcile.api.client import Api
from prefect_reconcile.errors import AnswerError, InvalidManifestsError, PrefectError, UnreachableError
from prefect_reconcile.kinds.protocol import Kind
from prefect_reconcile.kinds.registry import KINDS
from prefect_reconcile.model import Answer, Call, Conversation, Desired, Live, Observation
from prefect_reconcile.plan import Create, Delete, Identity, Plan, Update, Write, make_plan
from prefect_reconcile.policy import Policy, Refusal, Selection
from prefect_reconcile.policy import refusals as judged
from prefect_reconcile.report import Outcome, Report, Result


async def plan_pass(
    api: Api,
    desired: Sequence[Desired],
    policy: Policy = Policy(),  # noqa: B008 - it is frozen
    selection: Selection = Selection(),  # noqa: B008
    kinds: Mapping[str, Kind] = KINDS,
) -> Plan:
    """Reads the live side of some manifests and compares. With a policy that prunes, what its owner has and
    no manifest names will be deleted, within the selection.

    Raises `InvalidManifestsError` where the server lacks what a manifest needs, and `PrefectError`.
    """
    wanted = [_claimed(one, policy.owner, kinds) for one in desired if selection.takes(one)]
    observations, owned = await asyncio.gather(
        observe(api, wanted, kinds), _owned(api, policy.owner if policy.prune else None, kinds)
    )
    return make_plan(observations, [one for one in owned if selection.takes(one)])


def _claimed(desired: Desired, owner: str | None, kinds: Mapping[str, Kind]) -> Desired:
    """A resource that is to carry the owner's mark, if its kind has one."""
    if owner is None or "owner" not in kinds[desired.kind].SHAPES:
        return desired
    return replace(desired, fields={**desired.fields, "owner": owner})


async def _owned(api: Api, owner: str | None, kinds: Mapping[str, Kind]) -> list[Live]:
    if owner is None:
        return []
    found = await asyncio.gather(*(api.converse(kind.owned(owner)) for kind in kinds.values()))
    return [one for lives in found for one in lives]


async def refusals(
    api: Api, plan: Plan, policy: Policy, kinds: Mapping[str, Kind] = KINDS
) -> tuple[Refusal, ...]:
    """Every reason not to carry a plan out; asks the server what is in progress of that which would go."""
    busy: dict[Identity, int] = {}
    for name, kind in kinds.items():
        live = [change.live for change in plan.deletes if change.live.kind == name]
        if live and not policy.force_running:
            counts = await api.converse(kind.busy(live))
            busy |= {(name, resource): count for resource, count in counts.items()}
    return judged(plan, policy, busy)


async def observe(
    api: Api, desired: Sequence[Desired], kinds: Mapping[str, Kind] = KINDS
) -> list[tuple[Kind, Observation]]:
    """Reads the live side of some manifests. Raises as `plan_pass` does."""
    used = [kind for name, kind in kinds.items() if any(one.kind == name for one in desired)]
    observations = await asyncio.gather(*(_observe(api, kind, desired) for kind in used))
    problems = [problem for observation in observations for problem in observation.problems]
    if problems:
        raise InvalidManifestsError(sorted(problems))
    return list(zip(used, observations, strict=True))


async def _observe(api: Api, kind: Kind, desired: Sequence[Desired]) -> Observation:
    return await api.converse(kind.observe([one for one in desired if one.kind == kind.NAME]))


async def apply(api: Api, plan: Plan, workers: int, kinds: Mapping[str, Kind] = KINDS) -> Report:
    """Carries a plan out, `workers` changes at once. One failure does not stop the others, unless it says
    that all would fail: no connection, or no permission."""
    waiting = iter(plan.writes)
    outcomes = {
        write.identity: Outcome(Result.NOT_ATTEMPTED, "not attempted: the run ended before it")
        for write in plan.writes
    }
    hopeless = asyncio.Event()

    async def work() -> None:
        for write in waiting:
            outcomes[write.identity] = Outcome(
                Result.FAILED, "interrupted on the way; run again to finish it"
            )
            outcomes[write.identity] = await _carry_out(api, write, kinds, hopeless)
            if hopeless.is_set():
                return

    try:
        await asyncio.gather(*(work() for _ in range(max(1, workers))))
    except asyncio.CancelledError:
        # Ctrl-C: what was done has to be told, and what was under way has to be named.
        return Report(plan, outcomes, interrupted=True)
    return Report(plan, outcomes)


async def _carry_out(api: Api, write: Write, kinds: Mapping[str, Kind], hopeless: asyncio.Event) -> Outcome:
    try:
        await api.converse(conversation(write, kinds))
    except PrefectError as error:
        forbidden = isinstance(error, AnswerError) and error.status in (401, 403)
        if isinstance(error, UnreachableError) or forbidden:
            hopeless.set()
        return Outcome(Result.FAILED, str(error))
    return Outcome(Result.DONE)


def conversation(write: Write, kinds: Mapping[str, Kind] = KINDS) -> Conversation[None]:
    """The requests that carry a change out."""
    kind = kinds[write.identity[0]]
    match write:
        case Create():
            return kind.create(write.desired, write.resolution)
        case Update():
            return kind.update(write.live, write.resolution)
        case Delete():
            return kind.delete(write.live)


def rehearse(plan: Plan, kinds: Mapping[str, Kind] = KINDS) -> dict[Identity, tuple[Call, ...]]:
    """The requests that an apply would send, without sending them.

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
