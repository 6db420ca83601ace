"""Carrying a plan out: several changes at once, until all are done or something ends it.

May import what `reconciler` may, except that. What one change takes is said by `changing`, and whether it
was taken by `readback`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeAlias, TypeVar

from prefect_reconcile.api.client import Api, Track
from prefect_reconcile.changing import Carried, Manner, carry_out
from prefect_reconcile.errors import AnswerError, PrefectError, UnreachableError
from prefect_reconcile.kinds.protocol import Kind
from prefect_reconcile.kinds.registry import KINDS
from prefect_reconcile.plan import Create, Identity, Plan, Unchanged, Write
from prefect_reconcile.readback import Written, read_back
from prefect_reconcile.report import Outcome, Report, Result

NOT_ATTEMPTED = Outcome(Result.NOT_ATTEMPTED, "not attempted: the run ended before it")
INTERRUPTED = Outcome(Result.FAILED, "interrupted on the way; run again to finish it")

STOPPED = "the run was stopped before what it wrote could be read back"
HOPELESS = "Prefect could not be asked any more"

_Task: TypeAlias = "asyncio.Task[Carried]"
_Result = TypeVar("_Result")


async def apply(
    api: Api,
    plan: Plan,
    workers: int,
    kinds: Mapping[str, Kind] = KINDS,
    *,
    manner: Manner = Manner(),  # noqa: B008 - it is frozen
    stop: asyncio.Event | None = None,
) -> Report:
    """Carries a plan out, `workers` changes at once, and reads back what was written.

    One failure does not stop the others, unless `manner` says so or it says that all would fail: no
    connection, or no permission. Once `stop` is set, changes of which something was sent are finished, and
    the others are not attempted. When the task is cancelled, those are not finished either; what became of
    each is reported all the same.
    """
    run = _Run(api, plan, kinds, manner)
    stopping = asyncio.create_task(run.halt_when(stop)) if stop else None
    unchecked = None
    try:
        await asyncio.gather(*(run.work() for _ in range(max(1, workers))))
        if manner.verify:
            unchecked = await run.verify(stop)
    except asyncio.CancelledError:
        return Report(plan, run.outcomes, interrupted=True)
    finally:
        if stopping:
            stopping.cancel()
    return Report(plan, run.outcomes, interrupted=stop is not None and stop.is_set(), unchecked=unchecked)


class _Run:
    """One apply: what is waiting, what is running, and what became of the rest."""

    def __init__(self, api: Api, plan: Plan, kinds: Mapping[str, Kind], manner: Manner) -> None:
        self.outcomes: dict[Identity, Outcome] = {write.identity: NOT_ATTEMPTED for write in plan.writes}
        self._api = api
        self._kinds = kinds
        self._manner = manner
        self._waiting: Iterator[Write] = iter(plan.writes)
        self._running: dict[_Task, Track] = {}
        self._written: list[Written] = []
        self._halted = False
        self._hopeless = False

    async def work(self) -> None:
        """Carries one change out after the other, as long as there are any."""
        for write in self._waiting:
            if self._halted:
                return
            await self._carry_out(write)

    async def halt_when(self, stop: asyncio.Event) -> None:
        """Waits for the event, and lets nothing begin from then on."""
        await stop.wait()
        self._halt()

    def _halt(self) -> None:
        self._halted = True
        for task, track in self._running.items():
            if not track.begun:
                task.cancel()

    async def _carry_out(self, write: Write) -> None:
        track = Track()
        talk = carry_out(write, self._kinds[write.identity[0]], self._manner)
        task = asyncio.create_task(self._api.converse(talk, track))
        self._running[task] = track
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            task.cancel()
            with suppress(asyncio.CancelledError):  # a second time; the first one is raised below
                await asyncio.wait([task])
            raise
        finally:
            del self._running[task]
            self.outcomes[write.identity] = self._settle(task, track)

    def _settle(self, task: _Task, track: Track) -> Outcome:
        """What became of a change whose task has ended, or could not even be cancelled."""
        if not task.done() or task.cancelled():
            return INTERRUPTED if track.begun else NOT_ATTEMPTED
        match task.exception():
            case None:
                return self._done(task.result(), track)
            case PrefectError() as error:
                self._hopeless |= _is_hopeless(error)
                if self._hopeless or self._manner.stop_on_error:
                    self._halt()
                return Outcome(Result.FAILED, str(error))
            case defect:
                raise defect

    def _done(self, carried: Carried, track: Track) -> Outcome:
        change = carried.change
        if not isinstance(change, Unchanged):
            self._written.append(Written(change, track.written))
        if not (isinstance(change, Create) and track.found):
            return Outcome(Result.DONE, notes=carried.notes)
        note = "it was made by somebody else after the plan was made, and was overwritten"
        if self._manner.as_reviewed:
            return Outcome(Result.FAILED, f"{note}; review it anew")
        return Outcome(Result.DONE, notes=(*carried.notes, note))

    async def verify(self, stop: asyncio.Event | None) -> str | None:
        """Reads back what was written, and corrects the outcomes; returns why that was not possible."""
        if not self._written:
            return None
        if self._hopeless:
            return HOPELESS
        if stop and stop.is_set():
            return STOPPED
        try:
            found = await _unless(stop, self._read_back())
        except PrefectError as error:
            return str(error)
        if found is None:
            return STOPPED
        for identity, outcome in found.items():
            before = self.outcomes[identity]
            self.outcomes[identity] = replace(outcome, notes=(*before.notes, *outcome.notes))
        return None

    async def _read_back(self) -> dict[Identity, Outcome]:
        outcomes: dict[Identity, Outcome] = {}
        for name, kind in self._kinds.items():
            written = [one for one in self._written if one.change.identity[0] == name]
            if written:
                outcomes |= await self._api.converse(read_back(written, kind))
        return outcomes


def _is_hopeless(error: PrefectError) -> bool:
    """Whether it says that all else would fail as well."""
    forbidden = isinstance(error, AnswerError) and error.status in (401, 403)
    return forbidden or isinstance(error, UnreachableError)


async def _unless(stop: asyncio.Event | None, work: Coroutine[object, object, _Result]) -> _Result | None:
    """The result of the work; None if the event is set before there is one, which ends the work."""
    working = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future((stop or asyncio.Event()).wait())
    try:
        await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        await _end(working, stopping)


async def _end(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
