"""The values that everything passes on. Imports only the standard library.

All are frozen and comparable, so that a plan can be sorted, fingerprinted and asserted whole.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"
"""What a JSON document can hold. Lists and dicts are never mutated once they are in a value of ours."""

JsonObject: TypeAlias = "dict[str, Json]"

Path: TypeAlias = "tuple[str | int, ...]"
"""Where a value stands in a document: keys and list positions from the root, `("schedules", 0, "cron")`."""


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A place in a file. `line` and `column` count from 1; both are 0 for the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something in a manifest that cannot be obeyed.

    `path` is the key path for people (`schedules[0].corn`), empty for the whole document; `what` says
    what is wrong, `remedy` what to do about it.
    """

    source: Source
    path: str
    what: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.source}: {self.path}" if self.path else str(self.source)
        return f"{where}: {self.what}; {self.remedy}"


def path_text(path: Path) -> str:
    """A path as people write it: `("schedules", 0, "cron")` → `schedules[0].cron`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `path` is below the API's base URL and begins with `/`.

    `once` marks a request that several conversations of a run need in common, such as making a flow:
    it is sent once, and all of them get the one answer.
    """

    method: str
    path: str
    body: Json = None
    once: bool = False

    @property
    def writes(self) -> bool:
        """Whether the request changes the server: Prefect reads lists with POST, so the method alone does not tell."""
        return self.method != "GET" and not self.path.endswith(("/filter", "/paginate", "/count"))


_Result = TypeVar("_Result")

Conversation: TypeAlias = Generator[tuple[Call, ...], tuple[Json, ...], _Result]
"""Requests decided by pure code: it yields calls that may be sent side by side, receives their answers
in the same order (a failed one is raised at the `yield`), and returns what it found out."""


def ask(call: Call) -> Conversation[Json]:
    """A conversation of one call, for `answer = yield from ask(call)`."""
    (answer,) = yield (call,)
    return answer
