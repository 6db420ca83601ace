"""The process may die at any moment: what is there then is nothing that the next run does not mend."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from threading import Event
from typing import Any

import pytest
from faulty_proxy import Request, Wire
from mixed import WANTED, Mixed, astray, before, declared, essence

from on_fake import KilledError, Prefect, desired

REQUESTS = 20
"""Of the whole run; `test_faults` tells each of them."""

ALONE = 16
"""Of the same run on the fake, where nobody looks again and each new deployment asks for its flow itself."""


def test_it_is_killed_before_each_request() -> None:
    """On the fake, where each state in between is one in which no deployment is lost and no schedule is
    doubled."""
    numbers = iter(range(100))
    while _killed_before(next(numbers)):
        pass
    assert next(numbers) == ALONE + 1


def _killed_before(number: int) -> bool:
    prefect = Prefect()
    prefect.fake.handle("POST", "/work_pools/", {"name": "pool", "type": "process"})
    assert prefect.converge(desired(*before("b"))) == []
    wanted = desired(*declared("a", "b", "pool"))
    prefect.calls.clear()
    prefect.survives, killed = number, False
    try:
        prefect.converge(wanted)
    except KilledError:
        killed = True
    assert astray(_live(prefect)) == {}
    prefect.survives = None
    assert (prefect.converge(wanted), _live(prefect), prefect.plan(wanted).writes) == ([], WANTED, ())
    return killed


def _live(prefect: Prefect) -> dict[str, dict[str, Any]]:
    answer: Any = prefect.fake.handle("POST", "/deployments/filter", {})[1]
    return essence(answer)


class Assassin:
    """Kills a process when its request of some number arrives, counted from 0: before or after it was carried
    out."""

    def __init__(self, number: int, late: bool) -> None:
        self._numbers, self._number, self._late = count(), number, late
        self._victim, self._named = 0, Event()

    def aim(self, process: int) -> None:
        self._victim = process
        self._named.set()

    def choose(self, request: Request) -> Callable[[Wire], None] | None:
        return self._kill if next(self._numbers) == self._number else None

    def _kill(self, wire: Wire) -> None:
        self._named.wait(60)
        if self._late:
            wire.reply()
        os.kill(self._victim, signal.SIGKILL)
        wire.reset()


def dies(mixed: Mixed, number: int, late: bool) -> None:
    """A process that is killed, then a run that is not, then one that has nothing to do."""
    ids = mixed.ids()
    assassin = Assassin(number, late)
    mixed.proxy.choose = assassin.choose
    command = [sys.executable, "-m", "prefect_reconcile", *mixed.arguments]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assassin.aim(process.pid)
        _, said = process.communicate()
    assert (process.returncode, said, astray(mixed.live())) == (-signal.SIGKILL, b"", {})
    mixed.proxy.clear()
    assert mixed.reconcile().code == 0
    assert (mixed.live(), mixed.ids()) == (WANTED, ids)
    assert mixed.reconcile().writes == 0


@pytest.mark.parametrize(("number", "late"), [(5, True), (11, True)], ids=lambda value: str(value))
def test_it_is_killed_before_a_real_server(
    begun: Callable[[str], Mixed], server_url: str, number: int, late: bool
) -> None:
    """A new deployment lacks a schedule; then one that is there has lost one of its schedules."""
    dies(begun("real"), number, late)


@pytest.mark.exhaustive
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(REQUESTS))
@pytest.mark.parametrize("server", ["fake", "real"])
def test_it_is_killed_at_each_request(
    begun: Callable[[str], Mixed], server: str, number: int, late: bool
) -> None:
    """Before the server carried it out, and after."""
    dies(begun(server), number, late)
