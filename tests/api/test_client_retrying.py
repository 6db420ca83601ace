"""How the driver tries again, in virtual time on a scripted network."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator

import httpx
import pytest

from driving import ADD, BODY, READ, WRITE, answered, failed, tried, with_api
from network import OK, Network, Step, breaks, says
from prefect_reconcile.api.client import Api
from prefect_reconcile.api.pace import FIRST_PAUSE
from prefect_reconcile.errors import AnswerError, PrefectError, UnreachableError
from prefect_reconcile.model import Answer, Call
from virtual_time import now

NO_ANSWER = "no answer from http://prefect.test/api (option --api-url)"
LATER = "run again later, or allow more with --timeout"
CHECK = "check that the URL is right, that the server runs and that it can be reached from here"


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("status", [408, 429, 502, 503])
def test_some_statuses_say_to_try_again(method: str, status: int) -> None:
    """For all methods."""
    network = Network(says(status), says(status), OK)
    assert answered(network, Call(method, "/deployments/1", {})) == BODY
    assert (network.sent, network.times) == ([f"{method} /deployments/1"] * 3, [0.0, 0.5, 1.5])


@pytest.mark.parametrize(
    "error",
    [
        httpx.CloseError,
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.DecodingError,
        httpx.LocalProtocolError,
        httpx.PoolTimeout,
        httpx.ProxyError,
        httpx.ReadError,
        httpx.ReadTimeout,
        httpx.RemoteProtocolError,
        httpx.TooManyRedirects,
        httpx.UnsupportedProtocol,
        httpx.WriteError,
        httpx.WriteTimeout,
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_lost_answer_is_asked_for_again(method: str, error: type[httpx.RequestError]) -> None:
    """Whatever httpx calls it."""
    network = Network(breaks(error), breaks(error), OK)
    assert answered(network, Call(method, "/deployments/1")) == BODY
    assert network.times == [0.0, 0.5, 1.5]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 422, 500, 501, 504])
def test_other_statuses_are_answers(status: int) -> None:
    """Prefect's own client does not repeat these either."""
    network = Network(says(status, {"detail": "why"}))
    kind, text = failed(network)
    assert (kind, network.sent) == (AnswerError, ["POST /deployments/"])
    assert text.startswith(f"POST /deployments/ answered {status}: why")


@pytest.mark.parametrize(
    ("asked", "at"),
    [
        ("7", 7.5),
        ("0", 0.5),
        ("Sun, 01 Mar 2026 12:00:07 GMT", 7.5),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.5),
        ("soon", 0.5),
    ],
)
@pytest.mark.parametrize("status", [408, 429, 502, 503])
@pytest.mark.parametrize("call", [READ, WRITE])
def test_retry_after_is_honoured(call: Call, status: int, asked: str, at: float) -> None:
    """With jitter on top, here of half a second."""
    refused = says(status, retry_after=asked, date="Sun, 01 Mar 2026 12:00:00 GMT")
    network = Network(refused, OK)
    assert answered(network, call) == BODY
    assert network.times == [0.0, at]


@pytest.mark.parametrize("asked", ["3600", "Fri, 31 Dec 9999 23:59:59 GMT", "9" * 400])
def test_a_wait_that_is_too_long_is_not_begun(asked: str) -> None:
    """It is said at once instead."""
    network = Network(says(429, retry_after=asked))
    kind, text = failed(network)
    assert (kind, network.times) == (UnreachableError, [0.0])
    assert re.fullmatch(
        r"POST /deployments/ answered 429 Too Many Requests and asks to wait (\d+|inf) s, "
        r"more than is left of the 60 s of --timeout; run again later, or allow more",
        text,
    )


def test_a_wait_that_is_too_long_is_nobodys() -> None:
    """A request that comes later is not held back for an hour: it asks for itself."""

    async def main(prefect: Api) -> list[object]:
        return [type(await tried(prefect, WRITE)), await tried(prefect, WRITE), now()]

    network = Network(says(429, retry_after="3600"), OK)
    assert with_api(network, main) == [UnreachableError, BODY, FIRST_PAUSE]


def test_the_repetitions_end_with_the_time_limit() -> None:
    """Each wait is twice as long as the one before, up to ten seconds; the next would be at 65.5."""
    network = Network(says(503))
    assert failed(network) == (
        UnreachableError,
        f"POST /deployments/ answered 503 Service Unavailable (tried 10 times within 60 s); {LATER}",
    )
    assert network.times == [0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 25.5, 35.5, 45.5, 55.5]


@pytest.mark.parametrize("call", [READ, WRITE])
def test_a_server_that_never_answers(call: Call) -> None:
    """One try takes all of the time and not more."""

    async def main(prefect: Api) -> tuple[Answer, float]:
        return await tried(prefect, call), now()

    network = Network(OK, seconds=1e9)
    error, at = with_api(network, main)
    assert (type(error), str(error), at, network.running) == (
        UnreachableError,
        f"{NO_ANSWER} to POST {call.path}: it took too long (tried once within 60 s); {LATER}",
        60.0,
        0,
    )


def test_a_server_that_drips() -> None:
    """A byte now and then never ends a wait for the next byte, so the whole is limited."""

    class Drip(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                await asyncio.sleep(5)
                yield b" "

    async def main(prefect: Api) -> tuple[type, float]:
        return type(await tried(prefect, READ)), now()

    network = Network(lambda request: httpx.Response(200, stream=Drip()))
    assert with_api(network, main) == (UnreachableError, 60.0)


def test_tries_that_take_long_are_fewer() -> None:
    """The limit is for all of them together."""

    async def main(prefect: Api) -> tuple[Answer, float]:
        return await tried(prefect, READ), now()

    network = Network(says(503), seconds=25.0)
    error, at = with_api(network, main)
    assert (network.times, at, type(error)) == ([0.0, 25.5, 51.5], 60.0, UnreachableError)


def test_waiting_for_its_turn_is_not_the_servers_fault() -> None:
    """A hundred requests of ten seconds, one at a time, take longer than the limit of each."""

    async def main(prefect: Api) -> tuple[Counter[str], float]:
        found = await asyncio.gather(*(tried(prefect, READ) for _ in range(100)))
        return Counter(map(str, found)), now()

    assert with_api(Network(OK, seconds=10), main, concurrency=1) == (Counter({str(BODY): 100}), 1000.0)


def test_who_waits_learns_from_who_waited() -> None:
    """When one gave up after the whole time limit, those in the queue do not find it out one by one."""

    async def main(prefect: Api) -> tuple[Counter[type], float]:
        found = await asyncio.gather(*(tried(prefect, WRITE) for _ in range(16)))
        first = Counter(map(type, found)), now()
        assert isinstance(await tried(prefect, WRITE), UnreachableError)
        return first

    network = Network(OK, seconds=1e9)
    gave_up = 60.0 + FIRST_PAUSE
    assert with_api(network, main) == (Counter({UnreachableError: 16}), gave_up)
    # A request that comes later tries for itself.
    assert network.times == [0.0, gave_up]


def test_time_can_run_out_while_waiting_for_a_turn() -> None:
    """Then the last refusal is told, and nothing is sent any more."""

    class Slow(Network):
        async def respond(self, request: httpx.Request) -> httpx.Response:
            if request.method == "DELETE":
                return httpx.Response(503)
            await asyncio.sleep(40)
            return httpx.Response(204)

    async def main(prefect: Api) -> list[str]:
        calls = [Call("DELETE", "/1"), *(Call("PATCH", f"/{number}") for number in (2, 3))]
        return [str(answer) for answer in await asyncio.gather(*(tried(prefect, call) for call in calls))]

    network = Slow()
    refused = f"DELETE /1 answered 503 Service Unavailable (tried once within 60 s); {LATER}"
    assert with_api(network, main, concurrency=1) == [refused, "None", "None"]
    assert network.sent == ["DELETE /1", "PATCH /2", "PATCH /3"]


@pytest.mark.parametrize("step", [breaks(httpx.ReadError, "reset"), says(502)])
def test_what_could_be_done_twice_is_sent_once(step: Step) -> None:
    """After an answer that may have got lost."""
    network = Network(step)
    kind, text = failed(network, ADD)
    assert (kind, network.sent) == (PrefectError, ["POST /deployments/1/schedules"])
    assert "is not sent again because that could do it twice" in text


@pytest.mark.parametrize("step", [breaks(httpx.ConnectError), says(503), says(429), says(408)])
def test_what_was_certainly_not_done_is_sent_again(step: Step) -> None:
    """Even if it could be done twice."""
    network = Network(step, OK)
    assert answered(network, ADD) == BODY
    assert network.times == [0.0, 0.5]


def test_a_stranger_is_given_up_early() -> None:
    """A wrong URL should not take the whole time."""
    network = Network(breaks(httpx.ConnectError, "Name or service not known"))
    assert failed(network) == (
        UnreachableError,
        f"{NO_ANSWER} to POST /deployments/: Name or service not known (tried 3 times); {CHECK}",
    )
    assert network.times == [0.0, 0.5, 1.5]


@pytest.mark.parametrize("first", [OK, says(404), says(500), says(503)])
def test_an_acquaintance_is_waited_for(first: Step) -> None:
    """A server that restarts comes back; that it once answered anything shows that the URL is right."""

    async def main(prefect: Api) -> list[type]:
        return [type(await tried(prefect, call)) for call in (READ, WRITE)]

    network = Network(first, *[breaks(httpx.ConnectError)] * 9, OK)
    assert with_api(network, main)[-1] is dict
