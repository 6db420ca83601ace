"""The driver of conversations, in virtual time on a scripted network."""

from __future__ import annotations

import asyncio
import gc
import json
from collections import Counter

import httpx
import pytest

from driving import BODY, FLOW, READ, WRITE, answered, tried, with_api
from network import OK, Network, api, says
from prefect_reconcile.api.client import Api
from prefect_reconcile.errors import AnswerError, PrefectError
from prefect_reconcile.model import Answer, Call, Conversation, ask
from virtual_time import now, run

# --- Conversations ---


def test_a_request_is_the_call() -> None:
    """Method, path below the base URL, JSON."""
    network = Network(OK)
    assert answered(network, Call("PATCH", "/deployments/1", {"tags": ["é"]})) == BODY
    (request,) = network.requests
    assert (request.method, str(request.url), json.loads(request.content)) == (
        "PATCH",
        "http://prefect.test/api/deployments/1",
        {"tags": ["é"]},
    )


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_some_requests_have_no_body(method: str) -> None:
    """Not even null."""
    network = Network(says(204))
    assert answered(network, Call(method, "/deployments/1")) is None
    assert network.requests[0].content == b""


def test_answers_come_in_the_order_of_the_calls() -> None:
    """Whatever the order in which the server answers; a failure is one of them."""

    class Backwards(Network):
        async def respond(self, request: httpx.Request) -> httpx.Response:
            number = int(request.url.path[-1])
            await asyncio.sleep(9 - number)
            return httpx.Response(409 if number == 2 else 200, json={"detail": number})

    def conversation() -> Conversation[list[object]]:
        first = yield tuple(Call("GET", f"/{number}") for number in (1, 2, 3))
        second = yield (Call("GET", "/4"),)
        return [str(answer) if isinstance(answer, PrefectError) else answer for answer in (*first, *second)]

    network = Backwards()
    found = with_api(network, lambda prefect: prefect.converse(conversation()))
    assert found == [{"detail": 1}, "GET /2 answered 409: 2", {"detail": 3}, {"detail": 4}]
    assert network.times == [0.0, 0.0, 0.0, 8.0]


def test_a_failure_can_be_coped_with() -> None:
    """`ask` raises it inside of the conversation."""

    def conversation() -> Conversation[str]:
        try:
            yield from ask(WRITE)
        except AnswerError as error:
            return f"coped with {error.status}"
        return "nothing to cope with"

    network = Network(says(404, {"detail": "Deployment not found"}))
    assert with_api(network, lambda prefect: prefect.converse(conversation())) == "coped with 404"


# --- Shared requests ---


def test_what_several_need_is_sent_once() -> None:
    """All of them get the one answer, whenever they ask."""

    async def main(prefect: Api) -> list[Answer]:
        first = await asyncio.gather(*(tried(prefect, FLOW) for _ in range(5)))
        return [*first, await tried(prefect, FLOW)]

    network = Network(OK, seconds=1)
    assert with_api(network, main) == [BODY] * 6
    assert network.sent == ["POST /flows/"]


def test_what_differs_is_not_shared() -> None:
    """Another body, path or method is another request."""
    calls = [
        FLOW,
        Call("POST", "/flows/", {"name": "g"}, once=True),
        Call("POST", "/pools/", {"name": "f"}, once=True),
        Call("PATCH", "/flows/", {"name": "f"}, once=True),
    ]

    async def main(prefect: Api) -> None:
        await asyncio.gather(*(tried(prefect, call) for call in calls))

    network = Network(OK)
    with_api(network, main)
    assert sorted(network.sent) == ["PATCH /flows/", "POST /flows/", "POST /flows/", "POST /pools/"]


def test_a_shared_failure_is_the_failure_of_all() -> None:
    """It is not tried again for each of them."""

    async def main(prefect: Api) -> list[str]:
        return [str(answer) for answer in await asyncio.gather(*(tried(prefect, FLOW) for _ in range(3)))]

    network = Network(says(422, {"detail": "no"}))
    assert with_api(network, main) == ["POST /flows/ answered 422: no"] * 3
    assert network.sent == ["POST /flows/"]


def test_one_that_is_cancelled_takes_nothing_from_the_others() -> None:
    """The shared request goes on."""

    async def main(prefect: Api) -> Answer:
        first = asyncio.create_task(tried(prefect, FLOW))
        second = asyncio.create_task(tried(prefect, FLOW))
        await asyncio.sleep(0.5)
        first.cancel()
        return await second

    network = Network(OK, seconds=1)
    assert with_api(network, main) == BODY
    assert network.sent == ["POST /flows/"]


# --- Concurrency ---


@pytest.mark.parametrize("concurrency", [1, 3, 16])
def test_concurrency_is_never_exceeded(concurrency: int) -> None:
    """By reads and writes together. Four reads begin, as long as nothing is known of the server."""

    async def main(prefect: Api) -> None:
        calls = [READ] * 60 + [WRITE] * 60
        await asyncio.gather(*(tried(prefect, call) for call in calls))

    network = Network(OK, seconds=1)
    with_api(network, main, concurrency=concurrency)
    assert network.most == concurrency
    assert network.times.count(0.0) == min(concurrency, 4 + 1)


def test_reads_are_halved_too() -> None:
    """A server that refuses gets fewer of them at once."""

    class Four(Network):
        refused = 0

        async def respond(self, request: httpx.Request) -> httpx.Response:
            many = self.running > 4
            await asyncio.sleep(1)
            self.refused += many
            return httpx.Response(503) if many else OK(request)

    async def main(prefect: Api) -> Counter[str]:
        return Counter(map(str, await asyncio.gather(*(tried(prefect, READ) for _ in range(100)))))

    network = Four()
    assert with_api(network, main) == Counter({str(BODY): 100})
    # Eight run together now and then, to see whether it bears more.
    assert 0 < network.refused <= 5 * 4


# --- Cancellation ---


@pytest.mark.parametrize("call", [READ, WRITE, FLOW])
def test_cancellation_leaves_nothing_behind(call: Call) -> None:
    """No task, no request, no exception that nobody hears (`run` looks), no open conversation."""
    closed = []

    def conversation() -> Conversation[None]:
        try:
            yield (call, call)
        finally:
            closed.append(True)

    async def main() -> float:
        async with api(network) as prefect:
            tasks = [asyncio.create_task(prefect.converse(one)) for one in conversations]
            await asyncio.sleep(0.5)
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert [type(one) for one in ended] == [asyncio.CancelledError] * 20
        return now()

    network = Network(OK, seconds=30)
    conversations = [conversation() for _ in range(20)]
    assert run(main()) == 0.5
    gc.collect()
    assert (network.running, closed) == (0, [True] * 20)


def test_cancellation_of_a_wait() -> None:
    """Between two tries there is no request to end."""

    async def main(prefect: Api) -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await tried(prefect, WRITE)
        return now()

    network = Network(says(503, retry_after="30"))
    assert with_api(network, main) == 2.0
    assert network.sent == ["POST /deployments/"]


def test_the_gate_stays_open_after_a_cancellation() -> None:
    """One that waited and one that was under way, and the next comes through."""

    async def main(prefect: Api) -> Answer:
        tasks = [asyncio.create_task(tried(prefect, WRITE)) for _ in range(2)]
        await asyncio.sleep(0.5)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        return await tried(prefect, WRITE)

    assert with_api(Network(OK, seconds=1), main, concurrency=1) == BODY
