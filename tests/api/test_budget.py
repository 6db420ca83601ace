"""How many requests may start in a minute: the rule, and the driver that keeps to it, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driving import READ, WRITE, tried
from network import OK, Network, says
from network import api as quick_api
from prefect_reconcile.api.client import Api
from prefect_reconcile.api.gate import Meter
from prefect_reconcile.api.pace import MINUTE, Budget
from prefect_reconcile.errors import UnreachableError
from prefect_reconcile.model import Answer, Call
from virtual_time import now, run


def most_in_a_minute(times: Sequence[float]) -> int:
    """The most that started in any span of 60 s that is open at its end."""
    return max(sum(start <= time < start + MINUTE for time in times) for start in times)


# --- The rule ---


@given(most=st.integers(1, 5), pauses=st.lists(st.integers(0, 50), min_size=1, max_size=40))
def test_no_minute_has_more(most: int, pauses: list[int]) -> None:
    """Whenever they come. None waits longer than it has to."""
    budget, at, starts = Budget(most), 0.0, []
    for pause in pauses:
        at += pause
        at += budget.wait(at)
        assert budget.wait(at) == 0.0
        budget.spend(at)
        starts.append(at)
        if pause == 0 and len(starts) > most:
            assert at >= starts[-1 - most] + MINUTE
    assert most_in_a_minute(starts) <= most


def test_the_first_ones_come_at_once() -> None:
    """And each later one a minute after the one that is so many before it."""
    budget = Budget(2)
    for at, wait in [(0.0, 0.0), (10.0, 0.0), (10.0, 50.0), (60.0, 0.0), (60.0, 10.0), (200.0, 0.0)]:
        assert budget.wait(at) == wait
        if wait == 0.0:
            budget.spend(at)


# --- The meter ---


def test_first_come_first_served() -> None:
    """And it tells how long each of them waited."""
    waited: list[tuple[int, float]] = []

    async def one(meter: Meter, number: int) -> None:
        waited.append((number, await meter.passed()))

    async def main() -> None:
        meter = Meter(Budget(2))
        await asyncio.gather(*(one(meter, number) for number in range(5)))

    run(main())
    assert waited == [(0, 0.0), (1, 0.0), (2, 60.0), (3, 60.0), (4, 120.0)]


def test_who_comes_when_it_opens_comes_after_who_waits() -> None:
    """Though it is there before that one has noticed."""
    passed: list[tuple[str, float]] = []

    async def one(meter: Meter, name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await meter.passed()
        passed.append((name, now()))

    async def main() -> None:
        meter = Meter(Budget(1))
        await meter.passed()
        await asyncio.gather(one(meter, "late", 60), one(meter, "waiting", 1))

    run(main())
    assert passed == [("waiting", 60.0), ("late", 120.0)]


@pytest.mark.parametrize("cancelled", [1, 2])
def test_a_cancelled_one_takes_nothing(cancelled: int) -> None:
    """At the head of the queue, or behind it."""

    async def main() -> float:
        meter = Meter(Budget(1))
        tasks = [asyncio.create_task(meter.passed()) for _ in range(4)]
        await asyncio.sleep(1)
        tasks[cancelled].cancel()
        await asyncio.wait(tasks)
        return now()

    assert run(main()) == 120.0


# --- The driver ---


def answers(
    network: Network, calls: Sequence[Call], per_minute: int | None, timeout: float = 60.0
) -> list[Answer]:
    """Of calls that are all there at once."""

    async def main() -> list[Answer]:
        async with Api(
            quick_api(network)._connection,
            timeout=timeout,
            per_minute=per_minute,
            transport=httpx.MockTransport(network.answer),
            chance=lambda: 1.0,
        ) as prefect:
            return list(await asyncio.gather(*(tried(prefect, call) for call in calls)))

    return run(main())


@pytest.mark.parametrize("seconds", [0.0, 0.1, 7.0])
def test_reads_and_writes_share_it(seconds: float) -> None:
    """Both gates lead to the one meter, and however long the answers take."""
    network = Network(OK, seconds=seconds)
    calls = [READ, WRITE] * 25
    assert answers(network, calls, 10) == [{"ok": True}] * 50
    assert (len(network.times), most_in_a_minute(network.times)) == (50, 10)
    assert network.times[-1] < 5 * MINUTE


def test_repetitions_count() -> None:
    """A busy server is asked again, within the budget."""
    network = Network(says(503), OK, says(503), OK, says(503), OK)
    assert answers(network, [WRITE] * 3, 2) == [{"ok": True}] * 3
    assert (len(network.times), most_in_a_minute(network.times)) == (6, 2)


def test_the_request_for_a_token_counts() -> None:
    """As every other one."""
    refused = says(403, {"detail": "CSRF token required"})
    network = Network(refused, says(200, {"token": "t"}), OK)
    assert answers(network, [WRITE], 1) == [{"ok": True}]
    assert [round(time) for time in network.times] == [0, 60, 120]


def test_waiting_for_it_is_not_the_servers_fault() -> None:
    """The time-out of a request that is repeated goes on once it is sent."""
    network = Network(says(503), says(503), OK)
    assert answers(network, [WRITE], 1, timeout=5.0) == [{"ok": True}]
    assert [round(time) for time in network.times] == [0, 60, 120]


def test_the_time_out_holds_all_the_same() -> None:
    """It is the server's share that counts."""
    (answer,) = answers(Network(says(503)), [WRITE], 1, timeout=5.0)
    assert isinstance(answer, UnreachableError)
    assert "within 5 s" in str(answer)


def test_without_it_nobody_waits() -> None:
    """All at once."""
    network = Network(OK)
    assert answers(network, [WRITE] * 100, None) == [{"ok": True}] * 100
    assert network.times == [0.0] * 100


def test_the_pace_still_finds_what_the_server_bears() -> None:
    """A far server gets several at once, where the budget has room for more than one at a time."""

    class Far(Network):
        async def respond(self, request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(1.0)
            return OK(request)

    network = Far()
    assert answers(network, [WRITE] * 900, 300) == [{"ok": True}] * 900
    assert most_in_a_minute(network.times) == 300
    # One after the other it would take 900 s, and the budget alone 120.
    assert network.times[-1] < 200
