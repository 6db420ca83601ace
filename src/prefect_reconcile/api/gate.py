"""The gate that holds requests to a pace, and the meter that holds them to a budget."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from math import isinf

from prefect_reconcile.api.pace import Budget, Pace


@dataclass(frozen=True, slots=True)
class Pass:
    """What lets one request through. Before it is given back, tell it what came of the request, if that says
    something about what the server bears."""

    pace: Pace
    era: int

    def succeeded(self) -> None:
        """The request was carried out."""
        self.pace.succeeded(_now())

    def pushed_back(self, asked: float) -> None:
        """The request was refused for now, and the server asks for so many seconds of peace."""
        self.pace.pushed_back(self.era, _now(), asked)


def _now() -> float:
    return asyncio.get_running_loop().time()


class Gate:
    """First come, first served: `async with gate.through() as it: …`."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._turn = asyncio.Lock()
        self._left = asyncio.Event()

    @asynccontextmanager
    async def through(self) -> AsyncIterator[Pass]:
        """Waits for its turn, and for the pace to let one through."""
        async with self._turn:
            await self._opened()
            era = self._pace.enter(_now())
        try:
            yield Pass(self._pace, era)
        finally:
            self._pace.leave()
            self._left.set()

    async def _opened(self) -> None:
        while (wait := self._pace.wait(_now())) > 0:
            self._left.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if isinf(wait) else wait):
                    await self._left.wait()


class Meter:
    """First come, first served: `await meter.passed()` right before each request."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._turn = asyncio.Lock()

    async def passed(self) -> float:
        """Waits until the budget allows one more, and takes it; returns the seconds that it took."""
        began = _now()
        async with self._turn:
            # A timer may fire a little early.
            while (wait := self._budget.wait(_now())) > 0:  # noqa: ASYNC110 - only time is waited for
                await asyncio.sleep(wait)
            self._budget.spend(_now())
        return _now() - began
