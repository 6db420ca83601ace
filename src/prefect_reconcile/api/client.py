"""The driver of conversations: sends their calls, tries again what is worth it, and keeps the pace."""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from itertools import count
from json import dumps
from types import TracebackType
from typing import Self, TypeVar
from uuid import uuid4

import httpx

from prefect_reconcile import __version__
from prefect_reconcile.api import answers
from prefect_reconcile.api.pace import Pace
from prefect_reconcile.errors import InvalidSettingsError, PrefectError
from prefect_reconcile.model import Answer, Call, Conversation, Json
from prefect_reconcile.settings import Connection

API_VERSION = "0.8.4"
"""What Prefect 3 clients send as x-prefect-api-version; a malformed or older one answers 400 (3.8.8)."""

STRANGER_TRIES = 3
"""How often a server that has not answered yet is tried: a wrong URL should not take the whole time-out."""

_TOKEN, _CLIENT = "Prefect-Csrf-Token", "Prefect-Csrf-Client"

_Result = TypeVar("_Result")


class Api:
    """A Prefect server, as an asynchronous context manager.

    `timeout` is how many seconds one request may take with all its repetitions, `concurrency` how many
    requests may run at once; `sleep` and `chance` (0 to 1) are for tests that own time and luck.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        concurrency: int = 16,
        timeout: float = 60.0,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._url = connection.url
        self._timeout = timeout
        self._sleep = sleep
        self._chance = chance
        self._reads = asyncio.Semaphore(concurrency)
        self._pace = Pace(concurrency)
        self._shared: dict[str, asyncio.Task[Json]] = {}
        self._met = False
        self._csrf: dict[str, str] = {}
        self._csrf_lock = asyncio.Lock()
        self._client = httpx.AsyncClient(
            base_url=connection.url,
            headers=_headers(connection),
            timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0)),
            verify=_verification(connection),
            http2=connection.http2 and find_spec("h2") is not None,
            limits=httpx.Limits(max_connections=concurrency * 2),
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def converse(self, conversation: Conversation[_Result]) -> _Result:
        """Carries a conversation out and returns its result. Raises `PrefectError` where it does not cope."""
        try:
            calls = next(conversation)
            while True:
                calls = conversation.send(tuple(await asyncio.gather(*map(self._answer, calls))))
        except StopIteration as stop:
            result: _Result = stop.value
            return result

    async def _answer(self, call: Call) -> Answer:
        try:
            return await (self._send_once(call) if call.once else self._send(call))
        except PrefectError as error:
            return error

    async def _send_once(self, call: Call) -> Json:
        key = dumps([call.method, call.path, call.body], sort_keys=True)
        if key not in self._shared:
            self._shared[key] = asyncio.create_task(self._send(call))
        return await asyncio.shield(self._shared[key])

    async def _send(self, call: Call) -> Json:
        deadline = time.monotonic() + self._timeout
        for tries in count(1):
            outcome = await self._attempt(call)
            if isinstance(outcome, httpx.Response) and outcome.status_code not in answers.NOT_NOW:
                break
            delay = self._delay(outcome, tries)
            if not self._worth_another(call, outcome, tries) or time.monotonic() + delay > deadline:
                break
            await self._sleep(delay)
        if isinstance(outcome, httpx.Response):
            return answers.body(call, outcome)
        raise answers.lost(call, self._url, outcome)

    async def _attempt(self, call: Call) -> httpx.Response | httpx.RequestError:
        if not call.writes:
            async with self._reads:
                return await self._exchange(call)
        async with self._pace:
            started = time.monotonic()
            outcome = await self._exchange(call)
            if isinstance(outcome, httpx.RequestError) or outcome.status_code in answers.NOT_NOW:
                self._pace.pushed_back()
            else:
                self._pace.succeeded(time.monotonic() - started)
            return outcome

    async def _exchange(self, call: Call) -> httpx.Response | httpx.RequestError:
        """One request; a second one where the first was refused for want of a CSRF token."""
        try:
            token = self._csrf.get(_TOKEN)
            response = await self._request(call)
            if response.status_code == 403 and "CSRF" in response.text and await self._renew_csrf(token):
                response = await self._request(call)
        except httpx.RequestError as error:
            return error
        self._met = True
        return response

    async def _request(self, call: Call) -> httpx.Response:
        content = None if call.method in ("GET", "DELETE") else dumps(call.body).encode()
        return await self._client.request(call.method, call.path, content=content, headers=self._csrf)

    async def _renew_csrf(self, refused: str | None) -> bool:
        """Gets a token in place of the refused one; false where the server has none to give.

        A second token for one client makes the first invalid (3.8.8), so it is got once for all.
        """
        async with self._csrf_lock:
            if self._csrf.get(_TOKEN) != refused:
                return True
            client = self._csrf.get(_CLIENT, str(uuid4()))
            response = await self._client.get("/csrf-token", params={"client": client})
            if response.is_error:
                return False
            self._csrf = {_CLIENT: client, _TOKEN: str(response.json()["token"])}
            return True

    def _worth_another(self, call: Call, outcome: httpx.Response | httpx.RequestError, tries: int) -> bool:
        if not self._met and tries >= STRANGER_TRIES:
            return False
        if isinstance(outcome, httpx.Response):
            maybe_done = outcome.status_code in answers.MAYBE_DONE
        else:
            maybe_done = isinstance(outcome, answers.SENT)
        return call.repeatable or not maybe_done

    def _delay(self, outcome: httpx.Response | httpx.RequestError, tries: int) -> float:
        """Seconds to wait: what the server asks for, else an exponential back-off with full jitter."""
        if isinstance(outcome, httpx.Response):
            asked = answers.retry_after(outcome, datetime.now(UTC))
            if asked is not None:
                return asked
        return self._chance() * float(min(10.0, 0.25 * 2**tries))


def _headers(connection: Connection) -> dict[str, str]:
    """Basic auth wins over the key, as in Prefect's own client."""
    headers = {
        **dict(connection.headers),
        "content-type": "application/json",
        "user-agent": f"reconcile/{__version__}",
        "x-prefect-api-version": API_VERSION,
    }
    if connection.auth_string is not None:
        headers["authorization"] = "Basic " + b64encode(connection.auth_string.encode()).decode()
    elif connection.key is not None:
        headers["authorization"] = f"Bearer {connection.key}"
    return headers


def _verification(connection: Connection) -> ssl.SSLContext | bool:
    if connection.url.startswith("http://"):
        # Nothing to verify, and loading the certificates takes longer than all else of a start.
        return False
    if isinstance(connection.verify, bool):
        return connection.verify
    try:
        return ssl.create_default_context(cafile=connection.verify)
    except (ssl.SSLError, OSError) as error:
        raise InvalidSettingsError(
            f"{connection.verify} is not a file of certificates ({error}); check PREFECT_API_SSL_CERT_FILE"
        ) from None
