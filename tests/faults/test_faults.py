"""Whatever happens to a request: nothing is lost, nothing is doubled, and it is said what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from faulty_proxy import Proxy, Reply, Wire, each_time, faulty, of_fake, of_server, says
from mixed import UNTOUCHED, WANTED, Mixed, Outcome, astray, make_pool, without_waiting
from prefect_fake import FakePrefect

ID = "[0-9a-f-]{36}"
HTML = Reply(200, b"<html><body>Sign in</body></html>", {"content-type": "text/html; charset=utf-8"})
BAD_GATEWAY = Reply(502, b"<html>nginx</html>", {"content-type": "text/html"})
TOO_MANY = {"detail": "Too many requests."}
AGAIN = "run again later, or allow more with --timeout"


@dataclass(frozen=True)
class Fault:
    """Something that happens to a request, and what is said where that ends it: what was wrong, and, unless it
    could have been done twice, `so`.

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
TWICE = "; it may have been carried out, and is not sent again because that could do it twice: run again, which"
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
    Place("update-moved", "PATCH", f"/deployments/{ID}", 0, "moved"),
    Place("remove", "DELETE", f"/deployments/{ID}/schedules/{ID}", 0, "moved"),
    Place("reschedule", "PATCH", f"/deployments/{ID}/schedules/{ID}", 0, "moved"),
    Place("add-moved", "POST", f"/deployments/{ID}/schedules", 1, "moved", once=True),
    Place("update-tagged", "PATCH", f"/deployments/{ID}", 1, "tagged"),
]
READS = {"flows", "deployments", "pools", "version"}


@pytest.fixture(scope="module")
def real(server_url: str) -> Iterator[Proxy]:
    with faulty(Proxy(of_server(server_url))) as proxy:
        yield proxy


@pytest.fixture
def fake() -> Iterator[Proxy]:
    with faulty(Proxy(of_fake(FakePrefect()))) as proxy:
        yield proxy


@pytest.fixture
def begun(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[str], Mixed]:
    """Begins the run on the server that a fixture of that name has."""

    def begin(name: str) -> Mixed:
        proxy: Proxy = request.getfixturevalue(name)
        without_waiting(proxy.clock, monkeypatch)
        mixed = Mixed(tmp_path, proxy, capfd, make_pool(proxy))
        mixed.begin()
        return mixed

    monkeypatch.chdir(tmp_path)
    return begin


def cases(fault: Callable[[Fault, Place], bool] = lambda fault, place: True) -> list[object]:
    return [
        pytest.param(fault_, place, id=f"{fault_.name}-{place.name}")
        for fault_ in FAULTS
        for place in PLACES
        if fault(fault_, place)
    ]


def survives(mixed: Mixed, fault: Fault, place: Place, times: int) -> None:
    """A run with a fault, then one without, then one that has nothing to do."""
    ids = mixed.ids()
    mixed.proxy.choose = each_time(place.method, place.path, place.occurrence, fault.deed, times)
    outcome = mixed.reconcile()
    assert astray(mixed.live()) == {}
    if fault.mended and times == 1 and not (fault.unsure and place.once):
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
    said = outcome.err if place.name in READS else outcome.out
    (line,) = re.findall(r"^(?:error: |  ✗ failed ).*$", said, flags=re.MULTILINE)[:1]
    wanted = fault.says + (TWICE if fault.unsure and place.once else fault.so)
    assert re.search(f"{place.method} {place.path}(?: |:)", line) and re.search(wanted, line), line
    if place.needed_by:
        flow = mixed.make if place.needed_by in ("limited", "pooled", "twice") else mixed.change
        assert line.startswith(f"  ✗ failed {flow}/{place.needed_by}: "), line


@pytest.mark.parametrize(("fault", "place"), cases())
@pytest.mark.parametrize("times", [1, 1000], ids=["once", "always"])
@pytest.mark.parametrize("server", ["fake", "real"])
def test_all(begun, server, times, fault, place) -> None:
    if fault.mended and not fault.says and times>1: pytest.skip()
    survives(begun(server), fault, place, times)
