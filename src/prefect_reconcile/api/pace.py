"""How many requests at once: as many as the server bears, which only trying tells; and how many in a minute,
where that is limited. Pure.

With Prefect 3.8.8, SQLite answers a second writer 503, a PostgreSQL server on one core answers more
requests slower and not more of them, and a far server answers sixteen as fast as one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import inf

GAIN = 1.2
"""How many times more answers a second twice the limit has to bring. 2 is a server with power to spare, 1 one
that just makes the others wait; there a wrong guess costs nothing, on the former half of the speed."""

CAUTION, MOST_CAUTION = 4, 512
"""Answers that a round takes at least, after the first setback and at most. They double with each doubling
that fails, so that a server at its limit is bothered ever less, and one that stumbled is soon forgiven."""

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
"""Seconds without any request after one was refused that was alone. They double while that goes on."""


MINUTE = 60.0
"""Seconds."""


class Budget:
    """At most so many starts in any span of `seconds`: the first ones as soon as they come, and each later
    one when the one that is so many before it has left the span. `now` as for `Pace`."""

    def __init__(self, most: int, seconds: float = MINUTE) -> None:
        self._most = most
        self._seconds = seconds
        self._starts: deque[float] = deque(maxlen=most)

    def wait(self, now: float) -> float:
        """Seconds until another one may start; 0 for now."""
        if len(self._starts) < self._most:
            return 0.0
        return max(0.0, self._starts[0] + self._seconds - now)

    def spend(self, now: float) -> None:
        """One starts."""
        self._starts.append(now)


@dataclass(slots=True)
class _Round:
    """`length` answers under one limit, in whose time the limit proves itself.

    It `began` with its first request. `to_beat` is what half the limit did, in answers a second, or None
    where there is nothing to prove. It is measured anew for each doubling, since both the requests and the
    server's load change.
    """

    length: int
    to_beat: float | None = None
    began: float | None = None
    answers: int = 0


class Pace:
    """The limit, and what moves it. `now` is in seconds of any clock that only goes forward.

    It doubles after each round of answers. Where that gains nothing, it goes back, and the next rounds are
    longer. A refusal halves it at once. Never below 1 or above `most`.
    """

    def __init__(self, most: int, start: int = 1) -> None:
        self.limit = min(start, most)
        self._most = most
        self._running = 0
        self._closed_until = -inf
        self._refused_alone = 0
        self._caution = 1
        self._era = 0
        self._round = _Round(self.limit)

    def wait(self, now: float) -> float:
        """Seconds until another request may start: 0 for now, infinite for when one has left."""
        if self._running >= self.limit:
            return inf
        return max(0.0, self._closed_until - now)

    def enter(self, now: float) -> int:
        """A request starts. Returns its era, a number that changes with the limit."""
        self._running += 1
        if self._round.began is None:
            self._round.began = now
        return self._era

    def leave(self) -> None:
        """A request ended, however."""
        self._running -= 1

    def succeeded(self, now: float) -> None:
        """A request was carried out."""
        self._refused_alone = 0
        if self._round.began is None:
            return
        self._round.answers += 1
        if self._round.answers >= self._round.length:
            seconds = now - self._round.began
            self._end_round(self._round.answers / seconds if seconds > 0 else inf)

    def _end_round(self, rate: float) -> None:
        to_beat = self._round.to_beat
        if to_beat is not None and rate < GAIN * to_beat:
            self._be_cautious()
            self._move(self.limit // 2)
            return
        if to_beat is not None:
            self._caution = max(1, self._caution // 2)
        higher = min(self.limit * 2, self._most)
        self._move(higher, rate if higher > self.limit else None)

    def pushed_back(self, era: int, now: float, asked: float = 0.0) -> None:
        """A request of that era was refused for now. `asked` are the seconds of peace that the server wants.

        Those that run together are refused together, so only the first of an era counts.
        """
        self._close(now + asked)
        if era != self._era:
            return
        if self.limit > 1:
            self._be_cautious()
            self._move(self.limit // 2)
            return
        self._close(now + min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**self._refused_alone))
        self._refused_alone = min(self._refused_alone + 1, 32)

    def _close(self, until: float) -> None:
        self._closed_until = max(self._closed_until, until)

    def _be_cautious(self) -> None:
        """Doubled only where a doubling failed: a refusal at a limit that had proved itself is bad luck."""
        more = self._caution if self._round.to_beat is None else 2 * self._caution
        self._caution = min(MOST_CAUTION, max(CAUTION, more))

    def _move(self, limit: int, to_beat: float | None = None) -> None:
        if limit != self.limit:
            self.limit = limit
            self._era += 1
        self._round = _Round(max(limit, self._caution), to_beat)
