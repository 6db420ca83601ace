"""Ctrl-C and SIGTERM: in this process, and in one of its own before a server that holds its answers back."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

import pytest

from prefect_fake import FakePrefect
from prefect_reconcile.cli.signals import SIGNALS, Stop, stopping

BOTH = pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
STOPPING = "Stopping when what is under way is done; once more ends it at once.\n"
PATIENCE = 60
"""Seconds after which a test gives up what should have come."""


def handlers() -> list[Any]:
    return [signal.getsignal(number) for number in SIGNALS]


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Each test leaves the handlers as they were."""
    before = handlers()
    yield
    after = handlers()
    for number, handler in zip(SIGNALS, before, strict=True):
        signal.signal(number, handler)
    assert after == before


async def waits_for_ever() -> None:
    async with asyncio.timeout(PATIENCE):
        await asyncio.Event().wait()


def here(number: int) -> None:
    os.kill(os.getpid(), number)


# --- In this process ---


@BOTH
def test_at_once_while_nothing_is_written(number: int) -> None:
    """The first one ends it; what is open is closed."""
    closed: list[str] = []

    async def main() -> None:
        with stopping():
            try:
                here(number)
                await waits_for_ever()
            finally:
                closed.append("closed")

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main())
    assert closed == ["closed"]


@BOTH
def test_gently_while_something_is(number: int) -> None:
    """The first one sets the event and is told, once."""
    told: list[str] = []

    async def main() -> str:
        with stopping() as stop, stop.gently(lambda: told.append("told")) as event:
            here(number)
            async with asyncio.timeout(PATIENCE):
                await event.wait()
            return "finished"

    assert (asyncio.run(main()), told) == ("finished", ["told"])


@BOTH
def test_the_second_one_ends_it(number: int) -> None:
    """Unless somebody copes with the cancellation, who then goes on."""

    async def twice(stop: Stop) -> None:
        with stop.gently() as event:
            here(number)
            async with asyncio.timeout(PATIENCE):
                await event.wait()
            here(number)
            await waits_for_ever()

    async def ended() -> None:
        with stopping() as stop:
            await twice(stop)

    async def coped() -> str:
        with stopping() as stop:
            with suppress(asyncio.CancelledError):
                await twice(stop)
            return "coped"

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(ended())
    assert asyncio.run(coped()) == "coped"


def test_gentleness_ends() -> None:
    """After it the first one ends the task."""

    async def main() -> None:
        with stopping() as stop:
            with stop.gently():
                pass
            here(signal.SIGTERM)
            await waits_for_ever()

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main())


def test_the_handlers_are_put_back() -> None:
    """Those of `asyncio.run` within it, and the others after it."""

    async def main() -> None:
        before = handlers()
        with stopping():
            assert not set(handlers()) & set(before)
        assert handlers() == before

    asyncio.run(main())


@BOTH
def test_what_is_ignored_stays_ignored(number: signal.Signals) -> None:
    """As `nohup` and a shell's `&` want it."""
    before = signal.signal(number, signal.SIG_IGN)

    async def main() -> None:
        with stopping():
            assert signal.getsignal(number) is signal.SIG_IGN
        assert signal.getsignal(number) is signal.SIG_IGN

    asyncio.run(main())
    signal.signal(number, before)


def test_a_cancellation_of_others_is_theirs() -> None:
    """It is no Ctrl-C."""

    async def main() -> None:
        with stopping():
            asyncio.current_task().cancel()  # type: ignore[union-attr]
            await waits_for_ever()

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())


async def does_nothing() -> str:
    with stopping() as stop, stop.gently() as event:
        return "stopped" if event.is_set() else "done"


def test_outside_of_the_main_thread_there_are_no_handlers() -> None:
    """And nothing is said about that."""
    found: list[str] = []
    thread = Thread(target=lambda: found.append(asyncio.run(does_nothing())))
    thread.start()
    thread.join()
    assert found == ["done"]


class Windows(asyncio.SelectorEventLoop):
    """A loop without signal handlers."""

    def add_signal_handler(self, sig: int, callback: Callable[..., object], *args: Any) -> None:
        raise NotImplementedError


def test_a_loop_without_handlers_keeps_what_there_is() -> None:
    """`asyncio.run` cancels its task at Ctrl-C."""

    async def main() -> None:
        before = handlers()
        with stopping():
            assert handlers() == before
            here(signal.SIGINT)
            await waits_for_ever()

    assert run_on(Windows, does_nothing()) == "done"
    with pytest.raises(KeyboardInterrupt):
        run_on(Windows, main())


def run_on(loop: Callable[[], asyncio.AbstractEventLoop], main: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(main)


# --- In a process of its own ---


class Holding:
    """A fake Prefect on a free port. It tells when a request that `holds` matches is there, and answers it
    when it is released."""

    def __init__(self, holds: Callable[[str, bytes], bool]) -> None:
        self.fake = FakePrefect()
        self.reached, self.released = Event(), Event()
        self._holds = holds
        self._lock = Lock()
        self.url = ""

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        if self._holds(path, body):
            self.reached.set()
            self.released.wait(PATIENCE)
        with self._lock:
            status, said = self.fake.handle(method, path, json.loads(body) if body else None)
        return status, b"" if status == 204 else json.dumps(said).encode()

    @property
    def names(self) -> list[str]:
        """Of what was made."""
        _, rows = self.fake.handle("POST", "/deployments/filter", {})
        assert isinstance(rows, list)
        return sorted(str(row["name"]) for row in rows if isinstance(row, dict))


@contextmanager
def serving(holding: Holding) -> Iterator[Holding]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, content = holding.answer(self.command, self.path.removeprefix("/api"), body)
            with suppress(OSError):  # who asked has left
                self.send_response(status)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    holding.url = f"http://127.0.0.1:{server.server_address[1]}/api"
    try:
        yield holding
    finally:
        holding.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def started(holding: Holding) -> Iterator[subprocess.Popen[str]]:
    """The process, once the held request has arrived."""
    Path("m.yaml").write_text("---\n".join(f"name: {name}\nflow: f\n" for name in "abc"))
    options = ["-f", "m.yaml", "--api-url", holding.url, "--concurrency", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "prefect_reconcile", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert holding.reached.wait(PATIENCE), process.poll()
        yield process
    finally:
        process.kill()
        process.communicate()


def creates(name: str) -> Callable[[str, bytes], bool]:
    return lambda path, body: path == "/deployments/" and f'"name": "{name}"'.encode() in body


def told_of(out: str) -> list[str]:
    """What became of each."""
    return [line for line in out.splitlines() if line[:3] in ("  ✓", "  ✗", "  ·")]


@BOTH
def test_what_is_under_way_is_finished(number: int) -> None:
    """The rest is not attempted, and the exit code is 130."""
    with serving(Holding(creates("b"))) as holding, started(holding) as process:
        process.send_signal(number)
        assert process.stderr
        assert process.stderr.readline() == STOPPING
        holding.released.set()
        out, err = process.communicate(timeout=PATIENCE)
    told = ["  ✓ created f/a", "  ✓ created f/b", "  · not attempted f/c"]
    assert (process.returncode, told_of(out), err) == (130, told, "Interrupted.\n")
    assert holding.names == ["a", "b"]


@BOTH
def test_the_second_signal_does_not_wait(number: int) -> None:
    """The server has not answered, and is not waited for."""
    with serving(Holding(creates("b"))) as holding, started(holding) as process:
        process.send_signal(number)
        assert process.stderr
        assert process.stderr.readline() == STOPPING
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
        assert not holding.released.is_set()
    assert (process.returncode, err) == (130, "Interrupted.\n")
    assert told_of(out) == [
        "  ✓ created f/a",
        "  ✗ failed f/b: interrupted on the way; run again to finish it",
        "  · not attempted f/c",
    ]


@BOTH
def test_while_it_is_reading_it_ends_at_once(number: int) -> None:
    """The first one suffices, and nothing was written."""
    with serving(Holding(lambda path, body: path == "/flows/filter")) as holding, started(holding) as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
        assert not holding.released.is_set()
    assert (process.returncode, out, err, holding.names) == (130, "", "Interrupted.\n", [])
