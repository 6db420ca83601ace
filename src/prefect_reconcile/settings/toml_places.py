"""Where the keys of a TOML text stand, which `tomllib` does not tell. Pure.

Nothing is checked here: `tomllib` does that, and of a text that it refuses any answer will do. Every text
gets one, in time that grows with its length alone.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefect_reconcile.model import Path

MAX_DEPTH: Final = 100
"""Of nested tables and lists. `tomllib` recurses, and takes quadratic time for a key of many parts."""

_SPACE = re.compile(r"[ \t]*+")
_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*+)*+")
_REST_OF_LINE = re.compile(r"[^\n]*+")
_PART = re.compile(r"""[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'""")
_TEXT = re.compile(
    # Up to two quotes may stand before the three that end a text of several lines.
    r'"""(?s:[^"\\]|\\.|"(?!""))*+"{3,5}'
    r"|'''(?:[^']|'(?!''))*+'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*+"'
    r"|'[^'\n]*+'"
)
_OTHER_SCALAR = re.compile(r"[^,\]}#\n]*+")


class TooDeepError(Exception):
    """Tables or lists are nested too deeply, which began to be so at `line` and `column`."""

    def __init__(self, line: int, column: int) -> None:
        super().__init__(line, column)
        self.line, self.column = line, column


@dataclass(slots=True)
class _Place:
    """A key or an item of a list: the offsets of it and of its value, and what is in that."""

    key: int
    value: int
    depth: int
    inner: dict[str | int, _Place] = field(default_factory=dict)
    of_tables: bool = False
    """Whether it is a list made by `[[…]]`, whose last item is what further keys are in."""


class Places:
    """The places of one text. Lines and columns count from 1, and columns in characters."""

    def __init__(self, text: str) -> None:
        """Raises `TooDeepError`."""
        text = text.replace("\r\n", "\n")
        self._lines = [0, *(found.end() for found in re.finditer("\n", text))]
        self.end = self._position(len(text))
        """The line and column behind the last character."""
        self._root = _Scanner(text, self._position).scan()

    def find(self, path: Path, *, key: bool = False) -> tuple[int, int] | None:
        """The line and column of the value at a path, or with `key` of its key; None if it has none."""
        place, length = self._nearest(path)
        return self._of(place, key) if length == len(path) else None

    def nearest(self, path: Path, *, key: bool = False) -> tuple[int, int] | None:
        """The same, or for what is missing that of its nearest ancestor; None for the whole text."""
        place, length = self._nearest(path)
        return self._of(place, key) if length else None

    def _of(self, place: _Place, key: bool) -> tuple[int, int]:
        return self._position(place.key if key else place.value)

    def _nearest(self, path: Path) -> tuple[_Place, int]:
        place = self._root
        for length, step in enumerate(path):
            inner = None if not isinstance(step, (str, int)) else place.inner.get(step)
            if inner is None:
                return place, length
            place = inner
        return place, len(path)

    def _position(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1


class _Scanner:
    """Goes once through a text, statement by statement."""

    def __init__(self, text: str, position: Callable[[int], tuple[int, int]]) -> None:
        self._text, self._at, self._position = text, 0, position
        self._root = _Place(0, 0, 0)

    def scan(self) -> _Place:
        table = self._root
        while self._skip(_BLANK):
            if self._next("["):
                table = self._header()
            else:
                self._pair(table)
            # What is left there is a comment, or no TOML.
            self._skip(_REST_OF_LINE)
        return self._root

    def _header(self) -> _Place:
        is_item = self._take("[") and self._take("[")
        place, keys = self._root, self._keys()
        for number, (name, at) in enumerate(keys, start=1):
            place = self._enter(place, name, at)
            if number == len(keys):
                place.key = place.value = place.key if place.of_tables else at
                if is_item:
                    place.of_tables = True
                    return self._enter(place, len(place.inner), at)
            elif place.of_tables:
                place = place.inner[len(place.inner) - 1]
        return place

    def _pair(self, table: _Place) -> None:
        for name, at in self._keys():
            table = self._enter(table, name, at)
        if self._take("="):
            self._skip(_SPACE)
            self._value(table)

    def _keys(self) -> list[tuple[str, int]]:
        """The parts of a dotted key with their offsets; stops behind it."""
        keys = []
        while self._skip(_SPACE) and (part := _PART.match(self._text, self._at)):
            keys.append((_name(part.group()), self._at))
            self._at = part.end()
            self._skip(_SPACE)
            if not self._take("."):
                break
        return keys

    def _value(self, place: _Place) -> None:
        place.value = self._at
        if self._next("["):
            self._items(place)
        elif self._next("{"):
            self._pairs(place)
        else:
            found = _TEXT.match(self._text, self._at) or _OTHER_SCALAR.match(self._text, self._at)
            self._at = found.end() if found else self._at

    def _items(self, place: _Place) -> None:
        self._take("[")
        while self._skip(_BLANK) and not self._next("]"):
            self._value(self._enter(place, len(place.inner), self._at))
            self._skip(_BLANK)
            if not self._take(","):
                break
        self._take("]")

    def _pairs(self, place: _Place) -> None:
        self._take("{")
        while self._skip(_BLANK) and not self._next("}"):
            self._pair(place)
            self._skip(_BLANK)
            if not self._take(","):
                break
        self._take("}")

    def _enter(self, place: _Place, step: str | int, at: int) -> _Place:
        if place.depth == MAX_DEPTH:
            raise TooDeepError(*self._position(at))
        return place.inner.setdefault(step, _Place(at, at, place.depth + 1))

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        """Goes behind what a pattern that also matches nothing matches here; tells whether text is left."""
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._at < len(self._text)

    def _next(self, text: str) -> bool:
        return self._text.startswith(text, self._at)

    def _take(self, text: str) -> bool:
        """Goes behind a text if it is here."""
        here = self._next(text)
        self._at += len(text) * here
        return here


def _name(part: str) -> str:
    """What a part of a key, perhaps in quotes, means."""
    if part[0] == "'":
        return part[1:-1]
    if part[0] != '"':
        return part
    try:
        return str(tomllib.loads(f"name = {part}")["name"])
    except tomllib.TOMLDecodeError:
        return part
