"""How many writes at once: as many as the server bears, which only trying tells.

On SQLite a second writer gets 503, a PostgreSQL server on one core answers slower and not more, and a
far server answers as fast to sixteen as to one (Prefect 3.8.8).
"""

from __future__ import annotations

import asyncio
from types import TracebackType

SLOWER = 2.0
"""Latency beyond this multiple of the best one seen says that more at once would only wait."""

PATIENCE = 64
"""Successes in a row after which a limit that was pushed back is tried one higher."""


class Pace:
    """A gate for writes: `async with pace: …`, then `succeeded` or `pushed_back`.

    It starts at one, doubles with each round that goes well, and halves when the server pushes back;
    from then on it grows by one, and only after `PATIENCE` successes. Never above `most`.
    """

    def __init__(self, most: int) -> None:
        self.limit = 1
        self._most = most
        self._ceiling = most
        self._running = 0
        self._round = 0
        self._streak = 0
        self._best = float("inf")
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._running < self.limit)
            self._running += 1

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        async with self._changed:
            self._running -= 1
            self._changed.notify_all()

    def succeeded(self, seconds: float) -> None:
        """A write was answered after so many seconds."""
        self._best = min(self._best, seconds)
        self._streak += 1
        self._round += 1
        if self._streak >= PATIENCE and self._ceiling < self._most:
            self._ceiling, self._streak = self._ceiling + 1, 0
        if self._round >= self.limit and seconds <= SLOWER * self._best:
            self._round = 0
            self.limit = min(self.limit * 2, self._ceiling)

    def pushed_back(self) -> None:
        """The server refused a write for now (429, 503) or closed the connection."""
        self._ceiling = self.limit = max(1, self.limit // 2)
        self._round = self._streak = 0
