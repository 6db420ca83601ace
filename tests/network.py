"""The network's edge for the tests: what servers answer, as a script."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import httpx

from prefect_reconcile.api.client import Api
from prefect_reconcile.settings import Connection
from virtual_time import now

URL = "http://prefect.test/api"

Step: TypeAlias = Callable[[httpx.Request], httpx.Response]


def says(status: int, json: object = None, **headers: str) -> Step:
    """An answer in JSON; `retry_after="1"` is the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: httpx.Response(status, json=json, headers=named)


def sends(status: int, content: bytes, kind: str) -> Step:
    """An answer of any content and content type."""
    return lambda request: httpx.Response(status, content=content, headers={"content-type": kind})


def breaks(error: type[httpx.RequestError], text: str = "") -> Step:
    """No answer: httpx raises instead."""

    def step(request: httpx.Request) -> httpx.Response:
        raise error(text, request=request)

    return step


OK = says(200, {"ok": True})


class Network:
    """Answers by a script, of which the last step repeats; each takes `seconds`.

    `sent` are the requests with their time, `running` and `most` how many are, and were, unanswered at once.
    """

    def __init__(self, *script: Step, seconds: float = 0.0) -> None:
        self._script = list(script)
        self._seconds = seconds
        self.requests: list[httpx.Request] = []
        self.times: list[float] = []
        self.running = 0
        self.most = 0

    @property
    def sent(self) -> list[str]:
        """`["POST /flows/", …]`."""
        return [
            f"{request.method} {request.url.raw_path.decode().removeprefix('/api')}"
            for request in self.requests
        ]

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.times.append(now())
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            return await self.respond(request)
        finally:
            self.running -= 1

    async def respond(self, request: httpx.Request) -> httpx.Response:
        """By the script. Servers with a behaviour of their own override this."""
        await asyncio.sleep(self._seconds)
        step = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        return step(request)


def connection(
    url: str = URL,
    *,
    key: str | None = None,
    auth_string: str | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    verify: bool | str = True,
) -> Connection:
    return Connection(
        url, "option --api-url", key=key, auth_string=auth_string, headers=headers, verify=verify, http2=False
    )


def api(
    network: Network,
    *,
    to: Connection | None = None,
    concurrency: int = 16,
    timeout: float = 60.0,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    chance: Callable[[], float] = lambda: 1.0,
) -> Api:
    """An Api on that network, with the longest jitter."""
    transport = httpx.MockTransport(network.answer)
    return Api(
        to or connection(),
        concurrency=concurrency,
        timeout=timeout,
        transport=transport,
        sleep=sleep,
        chance=chance,
    )
