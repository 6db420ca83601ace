"""One pass: observe, plan, and carry the plan out.

May import everything but `cli` and `watcher`. It decides nothing about a kind and nothing about HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from prefect_reconcile.api.client import Api
from prefect_reconcile.errors import AnswerError, InvalidManifestsError, PrefectError, UnreachableError
from prefect_reconcile.kinds.protocol import Kind
from prefect_reconcile.kinds.registry import KINDS
from prefect_reconcile.model import Answer, Call, Conversation, Desired, Observation
from prefect_reconcile.plan import Create, Plan, Update, Write, make_plan
from prefect_reconcile.report import Identity, Outcome, Report, Result, identity


async def plan_pass(api: Api, desired: Sequence[Desired], kinds: Mapping[str, Kind] = KINDS) -> Plan:
    """Reads the live side of some manifests and compares.

    Raises `InvalidManifestsError` where the server lacks what a manifest needs, and `PrefectError`.
    """
    return make_plan(await observe(api, desired, kinds))


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
        identity(write): Outcome(Result.NOT_ATTEMPTED, "not attempted: the run ended before it")
        for write in plan.writes
    }
    hopeless = asyncio.Event()

    async def work() -> None:
        for write in waiting:
            outcomes[identity(write)] = Outcome(
                Result.FAILED, "interrupted on the way; run again to finish it"
            )
            outcomes[identity(write)] = await _carry_out(api, write, kinds, hopeless)
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
    kind = kinds[write.desired.kind]
    match write:
        case Create():
            return kind.create(write.desired, write.resolution)
        case Update():
            return kind.update(write.live, write.resolution)


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
        requests[identity(write)] = tuple(calls)
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
