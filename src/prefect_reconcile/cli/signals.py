"""Ctrl-C and SIGTERM within `asyncio.run`: at once while only read, and gently while something is written."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """What a signal does: it cancels the task, but for the first one within `gently`, which sets `event`."""

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self.event = asyncio.Event()
        self.cancelled = False
        self._task = task
        self._gentle = False
        self._tell: Callable[[], None] = lambda: None

    @contextmanager
    def gently(self, tell: Callable[[], None] = lambda: None) -> Iterator[asyncio.Event]:
        """From here on the first signal only asks to come to an end, and is told. What is reported belongs
        within as well: else a signal that comes late would cost the report."""
        self._gentle, self._tell = True, tell
        try:
            yield self.event
        finally:
            self._gentle = False

    def received(self) -> None:
        """A signal came."""
        if self._gentle and not self.event.is_set():
            self.event.set()
            self._tell()
            return
        self.cancelled = True
        self._task.cancel()


@contextmanager
def stopping() -> Iterator[Stop]:
    """Obeys signals until its end, in the task that enters it.

    Raises `KeyboardInterrupt` in place of the cancellation that a signal caused and nobody coped with. Where
    the event loop cannot have handlers (on Windows, and outside of the main thread) everything stays as it
    is: `asyncio.run` cancels its task at Ctrl-C. A signal that is ignored stays ignored.
    """
    stop = Stop(cast("asyncio.Task[Any]", asyncio.current_task()))
    before = _install(stop)
    try:
        yield stop
    except asyncio.CancelledError:
        if not stop.cancelled:
            raise
        raise KeyboardInterrupt from None
    finally:
        _restore(before)


def _install(stop: Stop) -> dict[signal.Signals, Any]:
    """Puts the handlers in place; what was there before, of those that are replaced."""
    loop, before = asyncio.get_running_loop(), {}
    for number in SIGNALS:
        handler = signal.getsignal(number)
        if handler is signal.SIG_IGN:
            continue
        try:
            loop.add_signal_handler(number, stop.received)
        except (NotImplementedError, RuntimeError, ValueError):
            break
        before[number] = handler
    return before


def _restore(before: dict[signal.Signals, Any]) -> None:
    loop = asyncio.get_running_loop()
    for number, handler in before.items():
        loop.remove_signal_handler(number)
        if handler is not None:  # one that was not set from Python cannot be set again
            signal.signal(number, handler)
