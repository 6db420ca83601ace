"""The gate that holds requests to a pace, in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from prefect_reconcile.api.gate import Gate
from prefect_reconcile.api.pace import Pace
from virtual_time import now, run


def test_first_come_first_served() -> None:
    """Also before those that come while the first ones wait."""
    order: list[int] = []

    async def through(gate: Gate, number: int) -> None:
        async with gate.through():
            order.append(number)
            await asyncio.sleep(1)

    async def main() -> None:
        gate = Gate(Pace(2, start=2))
        async with asyncio.TaskGroup() as group:
            for number in range(10):
                group.create_task(through(gate, number))
                await asyncio.sleep(0.3)

    run(main())
    assert order == list(range(10))


def test_who_comes_again_comes_last() -> None:
    """Though it is there before those that wait have noticed that it left."""
    order: list[str] = []

    async def again_and_again(gate: Gate, name: str) -> None:
        for _ in range(3):
            async with gate.through():
                order.append(name)
                await asyncio.sleep(1)

    async def main() -> None:
        gate = Gate(Pace(1))
        await asyncio.gather(*(again_and_again(gate, name) for name in "abc"))

    run(main())
    assert order == list("abcabcabc")


def test_it_opens_when_the_pause_is_over() -> None:
    """Though nobody leaves in the meantime."""

    async def main() -> float:
        gate = Gate(Pace(4, start=4))
        async with gate.through() as it:
            it.pushed_back(5.0)
        async with gate.through():
            return now()

    assert run(main()) == 5.0


def test_a_pause_that_begins_while_one_waits() -> None:
    """The one at the head of the queue waits on."""

    async def main() -> float:
        gate = Gate(Pace(1))
        async with gate.through() as it:
            waiting = asyncio.create_task(pass_through(gate))
            await asyncio.sleep(1)
            it.pushed_back(5.0)
        return await waiting

    async def pass_through(gate: Gate) -> float:
        async with gate.through():
            return now()

    assert run(main()) == 6.0


def test_an_exception_leaves_the_gate_as_well() -> None:
    """Whatever happens inside."""

    async def main() -> float:
        gate = Gate(Pace(1))
        for _ in range(3):
            with pytest.raises(RuntimeError):
                async with gate.through():
                    raise RuntimeError
        return now()

    assert run(main()) == 0.0


@pytest.mark.parametrize("cancelled", [0, 1, 2])
def test_a_cancelled_one_gives_its_place_to_the_next(cancelled: int) -> None:
    """Inside, at the head of the queue, or behind it."""
    passed: list[int] = []

    async def through(gate: Gate, number: int) -> None:
        async with gate.through():
            await asyncio.sleep(1)
            passed.append(number)

    async def main() -> None:
        gate = Gate(Pace(1))
        tasks = [asyncio.create_task(through(gate, number)) for number in range(4)]
        await asyncio.sleep(0.5)
        tasks[cancelled].cancel()
        await asyncio.wait(tasks)

    run(main())
    assert passed == [number for number in range(4) if number != cancelled]
