"""Several changes at once with the toy kind: what ends an apply early, and what is told of each change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any

import httpx
import pytest

import toy_kind
from driving import with_api
from network import Network
from prefect_reconcile.api.client import Api
from prefect_reconcile.carrying import HOPELESS, INTERRUPTED, NOT_ATTEMPTED, STOPPED, apply
from prefect_reconcile.changing import Manner
from prefect_reconcile.differ import FieldChange
from prefect_reconcile.kinds.protocol import Kind
from prefect_reconcile.model import Desired, Source
from prefect_reconcile.plan import Delete, Plan
from prefect_reconcile.reconciler import plan_pass
from prefect_reconcile.report import Outcome, Report, Result
from toy_server import Variables

KINDS: Mapping[str, Kind] = {toy_kind.NAME: toy_kind}
AS_USUAL = Manner()
DONE = Outcome(Result.DONE)
REFUSED = Outcome(Result.FAILED, "POST /variables/ answered 409: no such luck")


def wanted(names: str, **fields: Any) -> list[Desired]:
    return [Desired(toy_kind.NAME, f"space/{name}", Source("m.yaml", 1, 1), fields) for name in names]


async def planned(api: Api, names: str, **fields: Any) -> Plan:
    return await plan_pass(api, wanted(names, **fields), kinds=KINDS)


def reported(
    network: Network, names: str, workers: int = 1, manner: Manner = AS_USUAL, **fields: Any
) -> Report:
    """The report of one pass."""

    async def one_pass(api: Api) -> Report:
        return await apply(api, await planned(api, names, **fields), workers, KINDS, manner=manner)

    report: Report = with_api(network, one_pass)
    return report


def outcomes(report: Report) -> dict[str, Outcome]:
    """By the last part of the name."""
    return {name[6:]: outcome for (_, name), outcome in (report.outcomes or {}).items()}


def refusing(name: str) -> Variables:
    return Variables({name: httpx.Response(409, json={"detail": "no such luck"})})


# --- Failures ---


@pytest.mark.parametrize(
    ("stop_on_error", "last", "made"), [(False, DONE, ["a", "c"]), (True, NOT_ATTEMPTED, ["a"])]
)
def test_what_follows_a_failure(stop_on_error: bool, last: Outcome, made: list[str]) -> None:
    """All the rest, or nothing; what was done before is read back."""
    network = refusing("b")
    report = reported(network, "abc", manner=Manner(stop_on_error=stop_on_error))
    assert (outcomes(report), network.made) == ({"a": DONE, "b": REFUSED, "c": last}, made)
    assert (report.failed, report.unchecked, network.sent[-1]) == (True, None, "POST /variables/filter")


def test_a_failure_leaves_what_has_begun_to_its_end() -> None:
    """With more than one at once: what was sent is waited for, and what waits for its turn is not sent."""
    network = refusing("b")
    network.before = lambda request: asyncio.sleep(1 if b'"b"' in request.content else 2)
    report = reported(network, "abcdef", workers=6, manner=Manner(stop_on_error=True))
    found = outcomes(report)
    assert (found["a"], found["b"], [found[name] for name in "def"]) == (DONE, REFUSED, [NOT_ATTEMPTED] * 3)
    # The place of the failed one is taken before it is known as failed.
    assert network.made == ["a", "c"]


def is_write(request: httpx.Request) -> bool:
    return request.url.path == "/api/variables/"


def test_nothing_is_read_back_from_a_server_that_is_gone() -> None:
    """It would take the time-out once more."""
    network = Variables({"b": httpx.ConnectError})
    report = reported(network, "abc")
    assert [one.result.value for one in outcomes(report).values()] == ["done", "failed", "not attempted"]
    assert (report.unchecked, network.sent[-1]) == (HOPELESS, "POST /variables/")


def test_a_defect_is_not_taken_for_a_failure() -> None:
    """It ends the run as it is."""
    network = Variables()
    network.before = lambda request: 1 / 0 if is_write(request) else None
    with pytest.raises(ZeroDivisionError):
        reported(network, "a")


# --- Stopping ---


class Held(Variables):
    """Holds all writes but that of `a` until `released`, and tells when `last` is there."""

    def __init__(self, last: str = "b") -> None:
        super().__init__()
        self.last = f'"{last}"'.encode()
        self.reached, self.released = asyncio.Event(), asyncio.Event()
        self.before = self._hold

    def _hold(self, request: httpx.Request) -> Awaitable[object] | None:
        if not is_write(request) or b'"a"' in request.content:
            return None
        if self.last in request.content:
            self.reached.set()
        return self.released.wait()


def stopped(network: Held, names: str, workers: int, *, twice: bool) -> Report:
    """The report of an apply that is stopped while writes are held, and then cancelled or let go on."""

    async def interrupted(api: Api) -> Report:
        stop = asyncio.Event()
        plan = await planned(api, names)
        applying = asyncio.create_task(apply(api, plan, workers, KINDS, stop=stop))
        await network.reached.wait()
        stop.set()
        for _ in range(5):
            await asyncio.sleep(0)
        assert not applying.done()
        applying.cancel() if twice else network.released.set()
        return await applying

    report: Report = with_api(network, interrupted)
    return report


@pytest.mark.parametrize(("workers", "under_way"), [(1, "b"), (8, "bc")])
def test_stopping_finishes_what_is_under_way(workers: int, under_way: str) -> None:
    """And sends nothing more, also of what waits for its turn already; two are let through at once."""
    network = Held(last=under_way[-1])
    report = stopped(network, "abcdefgh", workers, twice=False)
    done, not_begun = f"a{under_way}", "bcdefgh"[len(under_way) :]
    assert outcomes(report) == {**dict.fromkeys(done, DONE), **dict.fromkeys(not_begun, NOT_ATTEMPTED)}
    assert (report.interrupted, report.unchecked, network.made) == (True, STOPPED, [*done])
    assert network.sent[-1] == "POST /variables/"  # nothing is read any more


def test_stopping_twice_ends_at_once() -> None:
    """What was done, what was under way, and what was not begun."""
    report = stopped(Held(), "abc", 1, twice=True)
    assert outcomes(report) == {"a": DONE, "b": INTERRUPTED, "c": NOT_ATTEMPTED}
    assert report.interrupted


def test_stopped_before_it_begins() -> None:
    """Nothing is sent."""
    network = Variables()

    async def interrupted(api: Api) -> Report:
        stop = asyncio.Event()
        stop.set()
        return await apply(api, await planned(api, "ab"), 2, KINDS, stop=stop)

    report: Report = with_api(network, interrupted)
    assert outcomes(report) == {"a": NOT_ATTEMPTED, "b": NOT_ATTEMPTED}
    assert (report.interrupted, network.made) == (True, [])


def test_stopped_while_it_is_read_back() -> None:
    """What was done is done; it was not looked at."""
    network, reading = Variables(), asyncio.Event()

    def hold(request: httpx.Request) -> Awaitable[object] | None:
        if network.made and request.url.path.endswith("/filter"):
            reading.set()
            return asyncio.Event().wait()
        return None

    async def interrupted(api: Api) -> Report:
        network.before = hold
        stop = asyncio.Event()
        applying = asyncio.create_task(apply(api, await planned(api, "a"), 1, KINDS, stop=stop))
        await reading.wait()
        stop.set()
        return await applying

    report: Report = with_api(network, interrupted)
    assert (outcomes(report), report.interrupted, report.unchecked) == ({"a": DONE}, True, STOPPED)


# --- Reading back ---


def test_what_the_server_has_not_taken_fails() -> None:
    """With the fields, and the reason of the catalogue where there is one."""
    network = Variables(a={"tags": ["old"]})
    network.ignores = frozenset({"tags"})
    report = reported(network, "a", tags=["new"], value=1)
    error = "Prefect answered that it is written, and has not taken tags; tags: the server sorts them"
    left = (FieldChange(("tags",), ["old"], ["new"]),)
    assert (outcomes(report), report.failed) == ({"a": Outcome(Result.FAILED, error, left=left)}, True)


def test_it_need_not_be_read_back() -> None:
    """Then nobody knows."""
    network = Variables(a={"value": 1})
    network.ignores = frozenset({"value"})
    report = reported(network, "a", manner=Manner(verify=False), value=2)
    assert (outcomes(report), report.failed) == ({"a": DONE}, False)
    assert network.sent[-1] == "PATCH /variables/id-a"


def test_what_cannot_be_read_back_is_not_called_failed() -> None:
    """The writes are done. The run has failed, since it should have been checked."""
    network = Variables()

    def fail(request: httpx.Request) -> None:
        if network.made and request.url.path.endswith("/filter"):
            raise httpx.UnsupportedProtocol("the server is broken", request=request)

    network.before = fail
    report = reported(network, "a")
    assert (outcomes(report), report.failed) == ({"a": DONE}, True)
    assert "the server is broken" in (report.unchecked or "")


@pytest.mark.parametrize(("seconds", "result"), [(5, Result.FAILED), (6, Result.DONE)])
def test_what_others_change_after_us_is_no_failure(seconds: int, result: Result) -> None:
    """As far as that can be told: by a time of change that is clearly later than our write."""
    network = Variables(a={"value": 1})
    network.date = "Thu, 01 Jan 2026 00:00:00 GMT"

    def meddle(request: httpx.Request) -> None:
        if request.url.path.endswith("/filter") and network.rows["space/a"]["value"] == 2:
            network.put("space/a", value=3, updated=f"2026-01-01T00:00:0{seconds}+00:00", updated_by="ann")

    network.before = meddle
    (outcome,) = outcomes(reported(network, "a", value=2)).values()
    note = "it was changed after it was written here (value; last written at 2026-01-01T00:00:06Z by ann)"
    assert (outcome.result, outcome.notes) == (result, (f"{note}; run again",) if seconds == 6 else ())
    assert outcome.left == (FieldChange(("value",), 3, 2),)


@pytest.mark.parametrize("taken", [True, False])
def test_what_was_deleted_has_to_be_gone(taken: bool) -> None:
    """It is looked for by its id."""
    network = Variables(a={})
    network.ignores = frozenset() if taken else frozenset({"delete"})

    async def deleting(api: Api) -> Report:
        live = (await planned(api, "a", value=1)).writes[0].live  # type: ignore[union-attr]
        return await apply(api, Plan((Delete(live),)), 1, KINDS)

    report: Report = with_api(network, deleting)
    assert network.sent[-2:] == ["DELETE /variables/id-a", "POST /variables/filter"]
    there = Outcome(Result.FAILED, "Prefect answered that it is deleted, and it is still there")
    assert outcomes(report) == {"a": DONE if taken else there}


# --- Others, in the meantime ---


def test_what_was_made_meanwhile_is_told() -> None:
    """The server answers the create as an update."""

    def outcome(manner: Manner) -> Outcome:
        network = Variables()
        network.before = lambda request: network.put("space/a", value=0) if is_write(request) else None
        (found,) = outcomes(reported(network, "a", manner=manner, value=1)).values()
        return found

    note = "it was made by somebody else after the plan was made, and was overwritten"
    assert outcome(Manner()) == Outcome(Result.DONE, notes=(note,))
    assert outcome(Manner(as_reviewed=True)) == Outcome(Result.FAILED, f"{note}; review it anew")


def test_a_create_that_was_sent_twice_finds_what_it_made_itself() -> None:
    """Which is no news."""
    network, answered = Variables(), []

    def lose(request: httpx.Request) -> None:
        if is_write(request) and not answered:
            answered.append(network.handle(request))
            raise httpx.ReadError("reset", request=request)

    network.before = lose
    assert outcomes(reported(network, "a")) == {"a": DONE}
    assert network.sent.count("POST /variables/") == 2
