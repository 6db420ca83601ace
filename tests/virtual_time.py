"""An event loop whose time passes only when everybody waits, and then at once."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

_T = TypeVar("_T")


class _Selector(selectors.DefaultSelector):
    """Never waits for the network: there is none. What it would wait for becomes the time that has passed."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everybody waits for ever"
            self.passed += max(0.0, timeout)
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.selector = _Selector()
        super().__init__(self.selector)

    def time(self) -> float:
        return self.selector.passed


def run(main: Coroutine[Any, Any, _T]) -> _T:
    """Like asyncio.run, in virtual time that begins at 0. No task is left, and no exception unheard."""

    async def checked() -> _T:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context))
        result = await main
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return result

    unheard: list[Mapping[str, Any]] = []
    with asyncio.Runner(loop_factory=_Loop) as runner:
        result = runner.run(checked())
    assert unheard == []
    return result


def now() -> float:
    """The virtual seconds that have passed, to the microsecond."""
    return round(asyncio.get_running_loop().time(), 6)
