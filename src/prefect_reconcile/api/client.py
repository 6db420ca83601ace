"""The driver of conversations: sends their calls, and sends them again where that is worth it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from json import dumps
from math import inf
from types import TracebackType
from typing import Self, TypeVar
from uuid import uuid4

import httpx

from prefect_reconcile.api import answers
from prefect_reconcile.api.answers import Lost, Outcome
from prefect_reconcile.api.connect import http_client
from prefect_reconcile.api.gate import Gate, Meter, Pass
from prefect_reconcile.api.pace import Budget, Pace
from prefect_reconcile.api.retry import NOT_NOW, Attempt
from prefect_reconcile.errors import AnswerError, PrefectError, UnreachableError
from prefect_reconcile.model import Answer, Call, Conversation, Json
from prefect_reconcile.settings import Connection

_TOKEN, _CLIENT = "Prefect-Csrf-Token", "Prefect-Csrf-Client"

FIRST_READS = 4
"""Reads to begin with: the questions of a small run all at once. More has to prove itself, as with writes: a
page of 150 deployments took 3 s on a busy server, whose answers to sixteen such requests came after 60 s."""

_Result = TypeVar("_Result")


@dataclass(slots=True)
class Track:
    """What the answers do not say of the requests of one conversation, kept up while it goes on.

    `begun` says that something was sent that can have changed the server, and `written` when the server
    answered the last such request, by its own clock. `found` says that what was to be made was there: POST
    answers 200 then, and 201 for what is new (3.8.8). A second sending would find what the first one made,
    so that it says nothing. Requests that conversations share count only for `begun`, with the first of them.
    """

    begun: bool = False
    written: datetime | None = None
    found: bool = False

    def answered(self, call: Call, response: httpx.Response, tries: int) -> None:
        """An answer came to the last of so many sendings."""
        if not call.writes or call.once:
            return
        self.written = answers.server_time(response)
        if call.method == "POST" and response.status_code == 200 and tries == 1:
            self.found = True


class Api:
    """A Prefect server, as an asynchronous context manager.

    `timeout` is how many seconds one request may take with all its repetitions, from when it is first sent.
    `concurrency` is how many requests may run at once; how many do is what the server turns out to bear.
    `per_minute` is how many may start in any 60 s at most, repetitions included; None for any number.
    `transport`, `sleep` and `chance` (0 to 1) are for tests, which own network, time and luck; all other time
    is the event loop's.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        concurrency: int = 16,
        timeout: float = 60.0,
        per_minute: int | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._connection = connection
        self._timeout = timeout
        self._sleep = sleep
        self._chance = chance
        self._running = asyncio.Semaphore(concurrency)
        self._reads = Gate(Pace(concurrency, start=FIRST_READS))
        self._writes = Gate(Pace(concurrency))
        self._meter = Meter(Budget(per_minute)) if per_minute else None
        self._shared: dict[str, asyncio.Task[Answer]] = {}
        self._met = False
        self._failure: UnreachableError | None = None
        self._csrf = {_CLIENT: str(uuid4())}
        self._csrf_lock = asyncio.Lock()
        self._client = http_client(connection, transport)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A shared request outlives the conversation that was cancelled while it waited for it.
        for task in self._shared.values():
            task.cancel()
        try:
            await asyncio.gather(*self._shared.values(), return_exceptions=True)
        finally:
            await self._client.__aexit__(kind, error, trace)

    async def converse(self, conversation: Conversation[_Result], track: Track | None = None) -> _Result:
        """Carries a conversation out and returns its result. Raises `PrefectError` where it does not cope."""
        track = track or Track()
        try:
            calls = next(conversation)
            while True:
                found = await asyncio.gather(*(self._answer(call, track) for call in calls))
                calls = conversation.send(tuple(found))
        except StopIteration as stop:
            result: _Result = stop.value
            return result
        finally:
            conversation.close()

    async def _answer(self, call: Call, track: Track) -> Answer:
        if not call.once:
            return await self._answer_alone(call, track)
        key = dumps([call.method, call.path, call.body], sort_keys=True)
        if key not in self._shared:
            self._shared[key] = asyncio.create_task(self._answer_alone(call, track))
        return await asyncio.shield(self._shared[key])

    async def _answer_alone(self, call: Call, track: Track) -> Answer:
        try:
            return await self._send(call, track)
        except PrefectError as error:
            return error

    async def _send(self, call: Call, track: Track) -> Json:
        """Sends a call until there is an answer, or no sense in it. Raises `PrefectError`."""
        limit, last = _TimeLimit(self._timeout), None
        tries = 0
        while True:
            tries += 1
            outcome = await self._attempt(call, limit, last, track)
            if isinstance(outcome, httpx.Response) and outcome.status_code not in NOT_NOW:
                track.answered(call, outcome, tries)
                return answers.body(call, outcome)
            last = Attempt(call, outcome, tries, _asked(outcome), limit.left())
            wait = last.wait(self._chance())
            self._check(last, wait)
            await self._sleep(wait)

    def _check(self, attempt: Attempt, wait: float) -> None:
        """Raises `PrefectError` if there is no sense in sending the request again after so many seconds."""
        failure = attempt.failure(self._connection, self._met, self._timeout, wait)
        if isinstance(failure, UnreachableError):
            self._failure = failure
        if failure:
            raise failure

    async def _attempt(self, call: Call, limit: _TimeLimit, last: Attempt | None, track: Track) -> Outcome:
        """Sends a call once; a second time where the first was refused for want of a CSRF token."""
        outcome = await self._in_turn(call, limit, last, track)
        if isinstance(outcome, Lost) or not answers.wants_csrf_token(call, outcome):
            return outcome
        # Outside of the gate, since the request for the token has to go through one as well.
        began = asyncio.get_running_loop().time()
        renewed = await self._renew_csrf_token(outcome.request.headers.get(_TOKEN))
        # It has a time-out of its own, and may have waited for the budget.
        limit.excuse(asyncio.get_running_loop().time() - began)
        return await self._in_turn(call, limit, last, track) if renewed else outcome

    async def _in_turn(self, call: Call, limit: _TimeLimit, last: Attempt | None, track: Track) -> Outcome:
        failure = self._failure
        async with (self._writes if call.writes else self._reads).through() as it, self._running:
            if self._meter:
                limit.excuse(await self._meter.passed())
            if self._failure is not failure:
                # Else each of those that wait would find it out for itself, for as long as the time-out.
                raise UnreachableError(str(self._failure))
            limit.start()
            if last and limit.left() <= 0:
                self._check(last, inf)
            track.begun |= call.writes
            return await self._exchange(call, limit, it)

    async def _exchange(self, call: Call, limit: _TimeLimit, it: Pass) -> Outcome:
        outcome = await self._request(call, limit)
        asked = _asked(outcome) or 0.0
        if isinstance(outcome, Lost) or outcome.status_code in NOT_NOW:
            # Who is asked for more than is left fails, and the others need not wait for that.
            it.pushed_back(asked if asked <= limit.left() else 0.0)
        elif outcome.is_success:
            it.succeeded()
        return outcome

    async def _request(self, call: Call, limit: _TimeLimit) -> Outcome:
        content = None if call.method in ("GET", "DELETE") else dumps(call.body).encode()
        headers = self._csrf if _TOKEN in self._csrf else None
        try:
            async with asyncio.timeout(limit.left()):
                response = await self._client.request(
                    call.method, call.path, content=content, headers=headers
                )
        except httpx.RequestError as error:
            return answers.lost(error)
        except TimeoutError:
            return Lost("it took too long")
        except (httpx.InvalidURL, UnicodeError):
            raise UnreachableError(f"{call.method} {call.path} cannot be sent: no valid URL") from None
        self._met = True
        return response

    async def _renew_csrf_token(self, refused: str | None) -> bool:
        """Gets a token in place of the refused one; false where the server has none to give.

        A second token for one client makes the first invalid (3.8.8), so it is got once for all.
        """
        async with self._csrf_lock:
            if self._csrf.get(_TOKEN) != refused:
                return True
            call = Call("GET", f"/csrf-token?client={self._csrf[_CLIENT]}")
            try:
                answer = await self._send(call, Track())
            except AnswerError as error:
                if error.status in (404, 422):
                    return False
                raise
            if not isinstance(answer, dict) or not isinstance(answer.get("token"), str):
                raise UnreachableError(f"GET /csrf-token answered without a token; {answers.API_URL}")
            self._csrf = {**self._csrf, _TOKEN: str(answer["token"])}
            return True


class _TimeLimit:
    """The seconds of one call with all its repetitions. They run from the first sending: waiting for its turn
    says nothing about the server."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end: float | None = None

    def start(self) -> None:
        """Starts the clock, the first time."""
        if self._end is None:
            self._end = asyncio.get_running_loop().time() + self._seconds

    def excuse(self, seconds: float) -> None:
        """Gives back what something else took of the time."""
        if self._end is not None:
            self._end += seconds

    def left(self) -> float:
        """Seconds left; negative when it is over."""
        return self._seconds if self._end is None else self._end - asyncio.get_running_loop().time()


def _asked(outcome: Outcome) -> float | None:
    return None if isinstance(outcome, Lost) else answers.retry_after(outcome, datetime.now(UTC))
