"""A proxy before a Prefect, real or fake, that does to chosen requests what networks and servers do.

The clock of the process that is tested jumps where it would have to wait, so that nothing does.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import selectors
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from socket import SO_LINGER, SOL_SOCKET
from struct import pack
from threading import Lock, Thread
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from patient import TRIES
from prefect_fake import FakePrefect

READS = ("/filter", "/paginate", "/count")
_JSON: Mapping[str, str] = {"content-type": "application/json"}


class Clock:
    """The time of the event loops that it makes. Tests move it on, and while no answer is waited for, which
    `unanswered` counts, it goes by itself to what is."""

    def __init__(self) -> None:
        self.unanswered = 0
        self._ahead = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None

    def new_loop(self) -> asyncio.AbstractEventLoop:
        """Instead of `asyncio.new_event_loop`."""
        clock = self

        class Selector(selectors.DefaultSelector):
            def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
                ready = super().select(timeout if clock.unanswered or timeout is None else 0)
                if not ready and timeout and not clock.unanswered:
                    clock._ahead += timeout
                return ready

        class Loop(asyncio.SelectorEventLoop):
            def time(self) -> float:
                return super().time() + clock._ahead

        self.unanswered = 0
        self._loop = Loop(Selector())
        return self._loop

    def advance(self, seconds: float) -> None:
        """From any thread: so much later it is now, and who waits for that is woken."""
        self._ahead += seconds
        with suppress(RuntimeError, AttributeError):  # the loop has ended, or has not begun
            self._loop.call_soon_threadsafe(lambda: None)  # type: ignore[union-attr]

    async def sleep(self, seconds: float) -> None:
        """Instead of `asyncio.sleep`."""
        self._ahead += seconds
        await asyncio.sleep(0)


@dataclass(frozen=True)
class Reply:
    """What a server answers."""

    status: int
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Upstream: TypeAlias = Callable[[str, str, bytes], Reply]
"""Answers a request: method, path below the API's URL, body."""


def says(status: int, said: object, **headers: str) -> Reply:
    """An answer in JSON; `retry_after="1"` is the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(said).encode(), {**_JSON, **named})


def of_fake(fake: FakePrefect) -> Upstream:
    """A fake Prefect, one request after the other."""
    lock = Lock()

    def answer(method: str, path: str, body: bytes) -> Reply:
        with lock:
            status, said = fake.handle(method, path, json.loads(body) if body else None)
        return Reply(204) if status == 204 else says(status, said)

    return answer


def of_server(api_url: str) -> Upstream:
    """A real Prefect. What it answers 503 while its scheduler writes is asked for again here, so that only
    the faults that a test wants are seen."""
    target = urlsplit(api_url)

    def once(method: str, path: str, body: bytes) -> Reply:
        connection = HTTPConnection(target.hostname or "", target.port, timeout=120)
        try:
            connection.request(method, target.path + path, body or None, dict(_JSON))
            answer = connection.getresponse()
            return Reply(answer.status, answer.read(), {"content-type": answer.getheader("content-type", "")})
        finally:
            connection.close()

    def answer(method: str, path: str, body: bytes) -> Reply:
        for _ in range(TRIES):
            reply = once(method, path, body)
            if reply.status != 503:
                break
        return reply

    return answer


@dataclass(frozen=True)
class Request:
    """One that arrived."""

    method: str
    path: str
    body: bytes = field(repr=False, default=b"")

    @property
    def writes(self) -> bool:
        """Judged here anew, so that the tested code cannot hide one."""
        return self.method != "GET" and not self.path.endswith(READS)


@dataclass
class Wire:
    """One connection's writing end, with what a fault may do to it. `reply` gets the server's answer, which
    carries the request out."""

    handler: BaseHTTPRequestHandler
    clock: Clock
    reply: Callable[[], Reply]

    def send(self, reply: Reply) -> None:
        """A whole answer."""
        self.handler.wfile.write(_raw(reply))

    def reset(self) -> None:
        """Ends the connection as a crash does: with RST."""
        self.handler.connection.setsockopt(SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))
        self._close()

    def cut_off(self, reply: Reply) -> None:
        """All of an answer but its last bytes, then the connection's end."""
        self.handler.wfile.write(_raw(reply)[:-3])
        self._close()

    def hang(self) -> None:
        """Says nothing more. The other side's patience ends at once, and it leaves."""
        self.clock.advance(FOR_EVER)
        with suppress(OSError):
            self.handler.connection.recv(1)
        self._close()

    def drip(self, reply: Reply, seconds: float) -> None:
        """A byte after the other, for so many seconds in all."""
        raw = _raw(reply)
        for byte in raw:
            self.handler.wfile.write(bytes([byte]))
            self.clock.advance(seconds / len(raw))

    def drip_for_ever(self, reply: Reply) -> None:
        """A byte after the other, of which the last never comes."""
        self.handler.wfile.write(_raw(reply)[:-1])
        self.hang()

    def _close(self) -> None:
        self.handler.close_connection = True
        # The handler's files would keep the socket open until it has said goodbye.
        os.close(self.handler.connection.detach())


def _raw(reply: Reply) -> bytes:
    length = {} if reply.status == 204 else {"content-length": str(len(reply.content))}
    lines = [f"HTTP/1.1 {reply.status} {responses[reply.status]}"]
    lines += [f"{name}: {value}" for name, value in {**reply.headers, **length}.items()]
    return "\r\n".join([*lines, "", ""]).encode() + reply.content


FOR_EVER = 1e6
"""Seconds beyond every patience."""

Deed: TypeAlias = Callable[[Wire], None]
"""What is done with a request: nothing at all, or with `wire.reply()` what the server does with it."""


@dataclass
class Proxy:
    """The proxy's API URL, what arrived, and what to do with it."""

    upstream: Upstream
    clock: Clock = field(default_factory=Clock)
    url: str = ""
    arrived: list[Request] = field(default_factory=list)
    choose: Callable[[Request], Deed | None] = lambda request: None

    @property
    def writes(self) -> list[Request]:
        """What could have changed the server."""
        return [one for one in self.arrived if one.writes]

    def clear(self) -> None:
        """Forgets what arrived, and does no more harm."""
        self.arrived.clear()
        self.choose = lambda request: None

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What the server itself answers, past all faults."""
        reply = self.upstream(method, path, b"" if body is None else json.dumps(body).encode())
        assert reply.status < 300, reply
        return json.loads(reply.content) if reply.content else None


def each_time(
    method: str, pattern: str, occurrence: int, deed: Deed, times: int
) -> Callable[[Request], Deed | None]:
    """Does the deed to the first `times` sendings of one request: of those that match, the `occurrence`-th,
    counted from 0 and without repetitions of the one that it is done to."""
    victims: list[Request] = []
    passed = count()

    def choose(request: Request) -> Deed | None:
        if request.method != method or not re.fullmatch(pattern, request.path):
            return None
        if victims and (request != victims[0] or len(victims) == times):
            return None
        if not victims and next(passed) < occurrence:
            return None
        victims.append(request)
        return deed

    return choose


@contextmanager
def faulty(proxy: Proxy) -> Iterator[Proxy]:
    """The proxy on a free loopback port, until the block ends."""
    lock = Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            request = Request(self.command, self.path.removeprefix("/api"), body)
            with lock:
                proxy.arrived.append(request)
                deed = proxy.choose(request)
            wire = Wire(self, proxy.clock, lambda: proxy.upstream(request.method, request.path, body))
            with suppress(OSError):  # who asked has left
                deed(wire) if deed else wire.send(wire.reply())

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}/api"
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
