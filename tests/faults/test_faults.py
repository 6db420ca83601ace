"""Whatever happens to a request: nothing is lost, nothing is doubled, and it is said what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeAlias

import pytest
from faulty_proxy import Reply, Request, Wire, each_time, says
from mixed import WANTED, Mixed, Outcome, astray

ID = "[0-9a-f-]{36}"
HTML = Reply(200, b"<html><body>Sign in</body></html>", {"content-type": "text/html; charset=utf-8"})
BAD_GATEWAY = Reply(502, b"<html>nginx</html>", {"content-type": "text/html"})
TOO_MANY = {"detail": "Too many requests."}
AGAIN = "run again later, or allow more with --timeout"


@dataclass(frozen=True)
class Fault:
    """Something that happens to a request, and what is said where that ends it: what was wrong, and, unless
    it could have been done twice, `so`.

    `mended` says that sending the request again helps, `unsure` that for all that one can see the server may
    have carried it out, so that it is not sent again where that could do it twice.
    """

    name: str
    deed: Callable[[Wire], None]
    says: str = ""
    so: str = ""
    mended: bool = False
    unsure: bool = False


def before(act: Callable[[Wire], None]) -> Callable[[Wire], None]:
    """The request does not reach the server."""
    return act


def after(act: Callable[[Wire], None]) -> Callable[[Wire], None]:
    """The server has carried the request out."""

    def deed(wire: Wire) -> None:
        wire.reply()
        act(wire)

    return deed


def sends(reply: Reply) -> Callable[[Wire], None]:
    return lambda wire: wire.send(reply)


BUSY = sends(says(503, {"exception_message": "Service Unavailable"}))
BROKEN = sends(says(500, {"exception_message": "Internal Server Error"}))
LATE = sends(Reply(504, b"upstream timed out", {"content-type": "text/plain"}))
TRIED = r" \(tried (once|[0-9]+ times) within 60 s\); run again later, or allow more with --timeout"
TWICE = (
    "; it may have been carried out, and is not sent again because that could do it twice: run again, which"
)
WAIT, BUSY_SAYS = "answered 429 Too Many Requests", "answered 503 Service Unavailable"
ASKS = " and asks to wait 3600 s, more than is left of the 60 s of --timeout; run again later, or allow more"
BROKEN_SAYS = "answered 500: Internal Server Error"
GATEWAY_SAYS = "answered 502 Bad Gateway"
LATE_SAYS = "answered 504: Gateway Timeout, with text/plain instead of JSON"
RESET_SAYS, HANG_SAYS = ": Connection reset by peer", ": it took too long"
CUT_SAYS = r": (peer closed connection without sending complete message body \(.*\)|Server disconnected .*\.)"
HTML_SAYS = "answered text/html instead of JSON; the URL has to be that of Prefect's API"
HOUR = says(429, TOO_MANY, retry_after="3600")

FAULTS = [
    Fault("429", before(sends(says(429, TOO_MANY))), WAIT, TRIED, mended=True),
    Fault("429-retry-after", before(sends(says(429, TOO_MANY, retry_after="9"))), WAIT, TRIED, mended=True),
    Fault("429-retry-after-an-hour", before(sends(HOUR)), WAIT, ASKS),
    Fault("500-before", before(BROKEN), BROKEN_SAYS),
    Fault("500-after", after(BROKEN), BROKEN_SAYS),
    Fault("502-before", before(sends(BAD_GATEWAY)), GATEWAY_SAYS, TRIED, mended=True, unsure=True),
    Fault("502-after", after(sends(BAD_GATEWAY)), GATEWAY_SAYS, TRIED, mended=True, unsure=True),
    Fault("503", before(BUSY), BUSY_SAYS, TRIED, mended=True),
    Fault("504-before", before(LATE), LATE_SAYS),
    Fault("504-after", after(LATE), LATE_SAYS),
    Fault("reset-before", before(Wire.reset), RESET_SAYS, TRIED, mended=True, unsure=True),
    Fault("reset-after", after(Wire.reset), RESET_SAYS, TRIED, mended=True, unsure=True),
    Fault("timeout-before", before(Wire.hang), HANG_SAYS, TRIED, unsure=True),
    Fault("timeout-after", after(Wire.hang), HANG_SAYS, TRIED, unsure=True),
    Fault("truncated", lambda wire: wire.cut_off(wire.reply()), CUT_SAYS, TRIED, mended=True, unsure=True),
    Fault("html-before", before(sends(HTML)), HTML_SAYS),
    Fault("html-after", after(sends(HTML)), HTML_SAYS),
    Fault("slow-drip", lambda wire: wire.drip(wire.reply(), 30.0), mended=True),
    Fault("endless-drip", lambda wire: wire.drip_for_ever(wire.reply()), HANG_SAYS, TRIED, unsure=True),
]


@dataclass(frozen=True)
class Place:
    """One request of the run, the `occurrence`-th of its form, and which deployment needs it, if only one
    does. `once` says that sending it twice could do its work twice."""

    name: str
    method: str
    path: str
    occurrence: int = 0
    needed_by: str = ""
    once: bool = False


PLACES = [
    Place("flows", "POST", "/flows/filter"),
    Place("deployments", "POST", "/deployments/paginate"),
    Place("pools", "POST", "/work_pools/filter"),
    Place("version", "GET", "/admin/version"),
    Place("make-flow", "POST", "/flows/"),
    Place("create-limited", "POST", "/deployments/", 0, "limited"),
    Place("add-limited", "POST", f"/deployments/{ID}/schedules", 0, "limited", once=True),
    Place("create-pooled", "POST", "/deployments/", 1, "pooled"),
    Place("create-twice", "POST", "/deployments/", 2, "twice"),
    Place("look-moved", "POST", "/deployments/filter", 0, "moved"),
    Place("update-moved", "PATCH", f"/deployments/{ID}", 0, "moved"),
    Place("remove", "DELETE", f"/deployments/{ID}/schedules/{ID}", 0, "moved"),
    Place("reschedule", "PATCH", f"/deployments/{ID}/schedules/{ID}", 0, "moved"),
    Place("add-moved", "POST", f"/deployments/{ID}/schedules", 1, "moved", once=True),
    Place("look-tagged", "POST", "/deployments/filter", 1, "tagged"),
    Place("update-tagged", "PATCH", f"/deployments/{ID}", 1, "tagged"),
    Place("flows-again", "POST", "/flows/filter", 1),
    Place("deployments-again", "POST", "/deployments/paginate", 1),
    Place("pools-again", "POST", "/work_pools/filter", 1),
    Place("version-again", "GET", "/admin/version", 1),
]
READS = {"flows", "deployments", "pools", "version"}
CHECKS = {"flows-again", "deployments-again", "pools-again", "version-again"}
"""What reads back, when all is done."""


def survives(mixed: Mixed, fault: Fault, place: Place, times: int) -> None:
    """A run with a fault, then one without, then one that has nothing to do."""
    ids = mixed.ids()
    mixed.proxy.choose = each_time(place.method, place.path, place.occurrence, fault.deed, times)
    outcome = mixed.reconcile()
    assert astray(mixed.live()) == {}
    if fault.mended and (times == 1 or not fault.says) and not (fault.unsure and place.once):
        assert (outcome.code, mixed.live()) == (0, WANTED), outcome
    else:
        assert_told(mixed, outcome, fault, place)
    mixed.proxy.clear()
    assert mixed.reconcile().code == 0
    assert (mixed.live(), mixed.ids()) == (WANTED, ids)
    last = mixed.reconcile()
    assert (last.code, last.out, last.writes) == (0, "No changes. All 6 deployments are as declared.\n", 0)


def assert_told(mixed: Mixed, outcome: Outcome, fault: Fault, place: Place) -> None:
    """It failed, and what is said names the request, what was wrong with it and whose it was."""
    assert outcome.code == 1
    if place.name in CHECKS:
        told = f"^  . what was written .*{place.method} {place.path}.*{fault.says}{fault.so}"
        assert re.search(told, outcome.out, flags=re.MULTILINE), outcome.out
        assert mixed.live() == WANTED
        return
    said = outcome.err if place.name in READS else outcome.out
    (line,) = re.findall(r"^(?:error: |  ✗ failed ).*$", said, flags=re.MULTILINE)[:1]
    wanted = fault.says + (TWICE if fault.unsure and place.once else fault.so)
    assert re.search(f"{place.method} {place.path}(?: |:)", line), line
    assert re.search(wanted, line), line
    if place.needed_by:
        flow = mixed.make if place.needed_by in ("limited", "pooled", "twice") else mixed.change
        assert line.startswith(f"  ✗ failed {flow}/{place.needed_by}: "), line


Case: TypeAlias = tuple[Fault, Place, int]
"""A fault at a place, and how often: once, or each time that the request is sent."""

EVERY: list[Case] = [
    (fault, place, times)
    for fault in FAULTS
    for place in PLACES
    for times in ((1, 1000) if fault.mended else (1,))
]
UNSURE_TWICE: list[Case] = [
    (fault, place, 1) for fault in FAULTS if fault.unsure for place in PLACES if place.once
]
# Each place with some fault, which are all of them, and for good each that a second sending mends.
SOME: list[Case] = [(FAULTS[number % len(FAULTS)], place, 1) for number, place in enumerate(PLACES)]
FOR_GOOD: list[Case] = [
    (fault, PLACES[(number + 7) % len(PLACES)], 1000) for number, fault in enumerate(FAULTS) if fault.mended
]
DANGEROUS: list[Case] = [
    (fault, place, 1)
    for fault in FAULTS
    for place in PLACES
    if (fault.name, place.name)
    in {
        ("timeout-after", "add-moved"),
        ("reset-after", "create-limited"),
        ("502-after", "add-limited"),
        ("500-after", "reschedule"),
        ("html-after", "update-moved"),
    }
]
"""What a real server is tried with: where what it did is not known, or something is half done."""


def named(cases: list[Case]) -> dict[str, Any]:
    """Arguments of `parametrize`, each case once."""
    ids = {
        f"{fault.name}-{place.name}{'-always' * (times > 1)}": (fault, place, times)
        for fault, place, times in cases
    }
    return {"argnames": ("fault", "place", "times"), "argvalues": [*ids.values()], "ids": [*ids]}


@pytest.mark.parametrize(**named(SOME + FOR_GOOD + UNSURE_TWICE))
def test_nothing_is_lost_or_doubled(
    begun: Callable[[str], Mixed], fault: Fault, place: Place, times: int
) -> None:
    """Each fault, and each place, on the fake."""
    survives(begun("fake"), fault, place, times)


@pytest.mark.parametrize(**named(DANGEROUS))
def test_nothing_is_lost_or_doubled_on_a_real_server(
    begun: Callable[[str], Mixed], server_url: str, fault: Fault, place: Place, times: int
) -> None:
    """Where it could be."""
    survives(begun("real"), fault, place, times)


@pytest.mark.exhaustive
@pytest.mark.parametrize(**named(EVERY))
@pytest.mark.parametrize("server", ["fake", "real"])
def test_each_fault_at_each_place(
    begun: Callable[[str], Mixed], server: str, fault: Fault, place: Place, times: int
) -> None:
    """In about ten minutes."""
    survives(begun(server), fault, place, times)


def dies_at(number: int, deed: Callable[[Wire], None]) -> Callable[[Request], Callable[[Wire], None] | None]:
    """Does the deed to the request of that number, counted from 0, and refuses all that come later."""
    numbers = count()

    def choose(request: Request) -> Callable[[Wire], None] | None:
        now = next(numbers)
        if now < number:
            return None
        return deed if now == number else Wire.reset

    return choose


def test_each_request_of_the_run_is_a_place_of_faults(begun: Callable[[str], Mixed]) -> None:
    """So that none is left out."""
    mixed = begun("fake")
    assert mixed.reconcile().code == 0
    chosen = []
    for place in PLACES:
        choose = each_time(place.method, place.path, place.occurrence, Wire.reset, 1)
        chosen.append([index for index, one in enumerate(mixed.proxy.arrived) if choose(one)])
    assert sorted(chosen) == [[index] for index in range(len(mixed.proxy.arrived))]


@pytest.mark.parametrize(
    "number",
    [pytest.param(one, marks=[pytest.mark.exhaustive] * (one % 2)) for one in range(len(PLACES))],
)
def test_the_server_is_gone_from_some_request_on(begun: Callable[[str], Mixed], number: int) -> None:
    """It did what it was asked last, and nobody heard. With many requests at once."""
    mixed = begun("fake")
    ids = mixed.ids()
    mixed.proxy.choose = dies_at(number, after(Wire.reset))
    outcome = mixed.reconcile("--concurrency", "16")
    assert (outcome.code, astray(mixed.live())) == (1, {}), outcome
    mixed.proxy.clear()
    assert mixed.reconcile("--concurrency", "16").code == 0
    assert (mixed.live(), mixed.ids()) == (WANTED, ids)
    assert mixed.reconcile().writes == 0
