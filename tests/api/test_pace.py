"""How many requests at once: the rules, and how they do with the servers that there are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from math import inf
from random import Random

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driving import tried
from network import OK, Network, api
from prefect_reconcile.api.pace import LONGEST_PAUSE, Pace
from prefect_reconcile.model import Call
from virtual_time import now, run

# --- The rules ---


def limits(pace: Pace, rounds: int, latency: Callable[[int], float]) -> list[int]:
    """The limit after each batch of as many answers as it allows, which takes `latency(limit)` seconds."""
    at, found = 0.0, []
    for _ in range(rounds):
        many = pace.limit
        for _ in range(many):
            pace.enter(at)
        at += latency(many)
        for _ in range(many):
            pace.succeeded(at)
            pace.leave()
        found.append(pace.limit)
    return found


@pytest.mark.parametrize(
    ("most", "expected"),
    [(16, [2, 4, 8, 16, 16, 16]), (6, [2, 4, 6, 6, 6, 6]), (2, [2] * 6), (1, [1] * 6)],
)
def test_a_server_with_power_to_spare(most: int, expected: list[int]) -> None:
    """From one, doubling with each round, up to the most."""
    pace = Pace(most)
    assert pace.limit == 1
    assert limits(pace, 6, lambda many: 0.1) == expected


def test_a_server_that_answers_no_more_of_them() -> None:
    """Twice as many take twice as long: back to one, and tried again after 4, 8, 16 answers."""
    found = limits(Pace(16), 60, lambda many: 0.1 * many)
    tries = [number for number, (before, after) in enumerate(pairwise([1, *found])) if after > before]
    assert max(found) == 2
    assert [after - before for before, after in pairwise(tries)] == [1 + 4, 2 + 8, 4 + 16]


def test_a_server_with_four_cores() -> None:
    """Up to eight, which is no better than four."""
    assert limits(Pace(16), 5, lambda many: 0.1 * max(1.0, many / 4)) == [2, 4, 8, 4, 8]


def test_it_can_begin_at_the_most() -> None:
    """As the reads do."""
    assert [Pace(16, start=16).limit, Pace(4, start=16).limit] == [16, 4]


def test_it_is_full() -> None:
    """Until one leaves."""
    pace = Pace(2, start=2)
    assert pace.wait(0.0) == 0.0
    pace.enter(0.0)
    pace.enter(0.0)
    assert pace.wait(0.0) == inf
    pace.leave()
    assert pace.wait(0.0) == 0.0


def test_a_burst_of_refusals_halves_once() -> None:
    """All of those that ran together are refused together."""
    pace = Pace(16, start=16)
    eras = [pace.enter(0.0) for _ in range(16)]
    for era in eras:
        pace.pushed_back(era, 1.0)
    assert pace.limit == 8
    # They all have to leave before the next one shows what eight are met with.
    assert pace.wait(1.0) == inf
    for _ in eras:
        pace.leave()
    pace.pushed_back(pace.enter(1.0), 2.0)
    assert pace.limit == 4


def test_after_a_refusal_it_takes_its_time() -> None:
    """Four answers at half the limit, four that prove the limit, and then as before."""
    pace = Pace(8, start=2)
    pace.pushed_back(pace.enter(0.0), 0.0)
    pace.leave()
    assert limits(pace, 7, lambda many: 0.1) == [1, 1, 1, 2, 2, 4, 8]


def test_a_doubling_that_pays_ends_the_caution() -> None:
    """After two refused ones a round has eight answers, after the third, which pays, four."""
    pace = Pace(8)
    for expected in ([2], [1, 1, 1, 2]):
        assert limits(pace, len(expected), lambda many: 0.1) == expected
        pace.pushed_back(pace.enter(0.0), 0.0)
        pace.leave()
    assert limits(pace, 13, lambda many: 0.1) == [1] * 7 + [2] * 4 + [4, 8]


def test_doublings_that_are_refused_become_rare() -> None:
    """A second writer is always refused: after 1 answer, then 4, 8, 16 …, and never more than 512 apart."""
    pace, tries = Pace(16), []
    for answers in range(2500):
        if pace.limit == 2:
            tries.append(answers)
            pace.pushed_back(pace.enter(answers), answers)
            pace.leave()
        pace.enter(answers)
        pace.succeeded(answers + 1)
        pace.leave()
    assert [after - before for before, after in pairwise(tries)] == [
        4,
        8,
        16,
        32,
        64,
        128,
        256,
        512,
        512,
        512,
    ]


def test_refused_alone_it_pauses() -> None:
    """Longer each time, up to a bound; an answer ends that."""
    pace, waits = Pace(1), []
    for _ in range(8):
        pace.pushed_back(pace.enter(0.0), 0.0)
        pace.leave()
        waits.append(pace.wait(0.0))
    assert waits == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, LONGEST_PAUSE, LONGEST_PAUSE]
    assert pace.wait(LONGEST_PAUSE) == 0.0
    pace.enter(2.0)
    pace.succeeded(3.0)
    pace.leave()
    pace.pushed_back(pace.enter(3.0), 3.0)
    pace.leave()
    assert pace.wait(3.0) == pytest.approx(0.05)


def test_nobody_starts_before_the_server_wants_it() -> None:
    """The longest of what it asks for counts, also from one that started under another limit."""
    pace = Pace(4, start=4)
    for era, asked in [(pace.enter(0.0), 5.0), (pace.enter(0.0), 9.0), (pace.enter(0.0), 1.0)]:
        pace.pushed_back(era, 0.0, asked)
        pace.leave()
    assert (pace.limit, pace.wait(0.0), pace.wait(8.0), pace.wait(9.0)) == (2, 9.0, 1.0, 0.0)


@given(
    most=st.integers(1, 40),
    steps=st.lists(st.tuples(st.sampled_from(["enter", "done", "refused", "other"]), st.floats(0, 100))),
)
def test_the_bounds_hold(most: int, steps: list[tuple[str, float]]) -> None:
    """Whatever happens, in whatever order."""
    pace, at, running = Pace(most), 0.0, []
    for step, seconds in steps:
        at += seconds
        if step == "enter" and pace.wait(at) == 0:
            running.append(pace.enter(at))
        elif step != "enter" and running:
            era = running.pop(0)
            if step == "done":
                pace.succeeded(at)
            elif step == "refused":
                pace.pushed_back(era, at, seconds)
            pace.leave()
        assert 1 <= pace.limit <= most
        assert len(running) <= most
        assert pace.wait(at) == inf or pace.wait(at) <= max(100.0, LONGEST_PAUSE)


# --- The servers ---


class Server(Network):
    """One with a strength of its own. `refused` counts what it refused."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__(OK)
        self.random = Random(seed)
        self.refused = 0

    def refuse(self, status: int, **headers: str) -> httpx.Response:
        self.refused += 1
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.Response(status, headers=named)


class Sqlite(Server):
    """Bears one writer, and even that one not always. Measured with Prefect 3.8.8: 65 and 40 ms, 5 %."""

    async def respond(self, request: httpx.Request) -> httpx.Response:
        alone = self.running == 1
        await asyncio.sleep(0.065 if alone else 0.04)
        locked = not alone or self.random.random() < 0.05
        return self.refuse(503) if locked else OK(request)


class Busy(Server):
    """As many cores, each of which carries out one request in `each` seconds; PostgreSQL needed 110 ms."""

    def __init__(self, cores: int, each: float = 0.11) -> None:
        super().__init__()
        self.cores = asyncio.Semaphore(cores)
        self.each = each

    async def respond(self, request: httpx.Request) -> httpx.Response:
        async with self.cores:
            await asyncio.sleep(self.each)
        return OK(request)


class Far(Server):
    """Takes 100 ms whatever the number; `stray` is the share that it refuses without a reason."""

    def __init__(self, stray: float = 0.0) -> None:
        super().__init__()
        self.stray = stray

    async def respond(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.1)
        return self.refuse(503) if self.random.random() < self.stray else OK(request)


class Limited(Server):
    """Answers 50 requests in each span of 10 s, and to the others when the next one begins."""

    def __init__(self) -> None:
        super().__init__()
        self.span, self.used = 0, 0

    async def respond(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.1)
        if (span := int(now() // 10)) != self.span:
            self.span, self.used = span, 0
        self.used += 1
        return OK(request) if self.used <= 50 else self.refuse(429, retry_after=str(int(10 - now() % 10) + 1))


class Restarting(Server):
    """Not there between the first half second and the sixth second."""

    async def respond(self, request: httpx.Request) -> httpx.Response:
        if 0.5 < now() < 6:
            self.refused += 1
            raise httpx.ConnectError("refused", request=request)
        await asyncio.sleep(0.1)
        return OK(request)


def seconds_for_200_writes(server: Server, concurrency: int = 16) -> float:
    """With 16 workers, as the reconciler has them."""

    async def main() -> float:
        async with api(server, concurrency=concurrency, chance=server.random.random) as prefect:
            calls = iter([Call("POST", "/deployments/", number) for number in range(200)])

            async def work() -> None:
                for call in calls:
                    assert await tried(prefect, call) == {"ok": True}

            await asyncio.gather(*(work() for _ in range(16)))
            return now()

    return run(main())


def test_sqlite_gets_one_writer() -> None:
    """Hardly slower than with a fixed one, and hardly more refusals."""
    one, found = Sqlite(), Sqlite()
    assert seconds_for_200_writes(found) <= 1.1 * seconds_for_200_writes(one, concurrency=1)
    assert found.refused <= one.refused + 12


@pytest.mark.parametrize(("cores", "best"), [(1, 200 * 0.11), (4, 50 * 0.11)])
def test_a_busy_server_is_kept_busy(cores: int, best: float) -> None:
    """And has not many more waiting than it has cores."""
    server = Busy(cores)
    assert seconds_for_200_writes(server) <= 1.1 * best
    assert server.most <= 4 * cores


def test_a_busy_server_gets_no_more_reads_than_it_answers_in_time() -> None:
    """A page of 200 deployments can take 5 s: sixteen at once would all take 80."""

    async def main() -> float:
        async with api(server, timeout=60) as prefect:
            calls = [Call("POST", "/deployments/paginate", {"page": page}) for page in range(50)]
            assert await asyncio.gather(*(tried(prefect, call) for call in calls)) == [{"ok": True}] * 50
            return now()

    server = Busy(1, each=5.0)
    assert (run(main()), server.most) == (250.0, 8)


def test_a_far_server_gets_all_at_once() -> None:
    """Four rounds of latency later than with sixteen from the beginning, which takes 13."""
    server = Far()
    assert seconds_for_200_writes(server) <= 1.3 * 13 * 0.1
    assert server.most == 16


def test_a_far_server_that_refuses_now_and_then() -> None:
    """Is not taken for a weak one."""
    server = Far(stray=0.01)
    assert seconds_for_200_writes(server) <= 2 * 13 * 0.1
    assert server.refused > 0


def test_a_rate_limit_is_waited_for() -> None:
    """The fourth span begins after 30 s. What is refused was under way when each of three was used up."""
    server = Limited()
    assert seconds_for_200_writes(server) <= 32.0
    assert server.refused <= 3 * 16


def test_a_restart_is_waited_for() -> None:
    """With a handful of tries, and all that was to be written is written."""
    server = Restarting()
    assert seconds_for_200_writes(server) <= 12.0
    assert server.refused <= 24
