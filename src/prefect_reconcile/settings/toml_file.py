"""A TOML file, read within limits, and what is wrong with it before anything is known of its keys."""

from __future__ import annotations

import re
import stat
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

from prefect_reconcile.errors import InvalidConfigError
from prefect_reconcile.model import Problem, Source
from prefect_reconcile.settings.toml_places import MAX_DEPTH, Places, TooDeepError
from prefect_reconcile.spelling import visible

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES: Final = 2**20
"""Of the file. A configuration with a hundred targets has about 20 kB."""


@dataclass(frozen=True, slots=True)
class TomlFile:
    """What a file says, and where."""

    file: str
    """Its name for people: relative to the working directory if below it."""
    folder: Path
    """The folder that it is in, by the same rule."""
    text: bytes
    table: dict[str, object]
    places: Places


def read(directory: Path, name: Path, marker: bytes = b"") -> TomlFile | None:
    """The file `name` as seen from the working directory; None if there is none, or no `marker` in it.

    Raises `InvalidConfigError`.
    """
    path = directory / name
    near = path.relative_to(directory) if path.is_relative_to(directory) else path
    shown = visible(near.as_posix())
    data = _content(path, Source(shown))
    if data is None or marker not in data:
        return None
    text = _decoded(shown, data)
    try:
        places = Places(text)
        return TomlFile(shown, near.parent, data, tomllib.loads(text), places)
    except TooDeepError as error:
        what = f"tables and lists are nested more than {MAX_DEPTH} levels deep"
        _refuse(Source(shown, error.line, error.column), what, "flatten them")
    except tomllib.TOMLDecodeError as error:
        _refuse_syntax(shown, text, str(error), places)
    except ValueError:
        # Python refuses to read an integer of more than 4,300 digits, and does not say which.
        found = re.search(r"\d[\d_]{4299}", text)
        place = _behind(text[: found.start()]) if found else ()
        _refuse(Source(shown, *place), "a number has too many digits", "put it in quotes")


def _content(path: Path, source: Source) -> bytes | None:
    try:
        # To open a pipe or a device could take forever.
        if not stat.S_ISREG(path.stat().st_mode):
            _refuse(source, "it is not a file", "name a TOML file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        what = f"it cannot be read: {(error.strerror or type(error).__name__).lower()}"
        _refuse(source, what, "correct the path or the permissions")
    except ValueError:
        _refuse(source, "it is not a path", "name a TOML file")
    if len(data) > MAX_BYTES:
        _refuse(source, f"the file is larger than {MAX_BYTES // 2**20} MiB", "shorten it")
    return data


def _decoded(shown: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = error.start + len(data) - len(error.object)  # the codec has taken a mark off
        place = _behind(data[:start].decode("utf-8-sig"))
        _refuse(Source(shown, *place), f"the byte 0x{data[start]:02x} is not UTF-8", "save the file as UTF-8")


def _behind(text: str) -> tuple[int, int]:
    return text.count("\n") + 1, len(text) - text.rfind("\n")


class _Syntax(NamedTuple):
    """How a message of `tomllib` begins, and our words for it."""

    words: str
    what: str
    remedy: str
    at_line: bool = False
    """Whether to show the beginning of the line; `tomllib` tells where the statement ends."""


_SYNTAX: Final = (
    _Syntax("Cannot overwrite a value", "this key is there already", "remove one of the two", at_line=True),
    _Syntax("Cannot declare", "this table is there already", "put the keys of both together", at_line=True),
    _Syntax("Cannot redefine", "this table is there already", "put the keys of both together", at_line=True),
    _Syntax("Duplicate inline table key", "a key is there twice", "remove one of the two"),
    _Syntax(
        "Cannot mutate", "a value in braces or brackets cannot be added to", "put all of it together", True
    ),
    _Syntax("Invalid value", "there is no value of TOML here", "put a text in quotes"),
    _Syntax("Unterminated string", "a quoted text has no end", "add the closing quote"),
    _Syntax("Illegal character", "a quoted text has no end on its line", "add the closing quote"),
    _Syntax("Unclosed array", "a list in brackets lacks a comma or its ]", "add what is missing"),
    _Syntax("Expected '=' after a key", "a key has no value", "write key = value"),
    _Syntax("Expected newline", "something follows the value", "put a text in quotes, or begin a new line"),
)


def _refuse_syntax(shown: str, text: str, message: str, places: Places) -> NoReturn:
    words, _, place = message.rpartition(" (at ")
    found = re.fullmatch(r"line (\d+), column (\d+)\)", place)
    line, column = (int(found[1]), int(found[2])) if found else places.end
    syntax = next((one for one in _SYNTAX if words.startswith(one.words)), None)
    if syntax is None:
        what = f"this is not TOML: {words[:1].lower()}{words[1:]}"
        _refuse(Source(shown, line, column), what, "correct it", text)
    if syntax.at_line:
        begun = text.split("\n")[line - 1]
        column = len(begun) - len(begun.lstrip()) + 1
    _refuse(Source(shown, line, column), syntax.what, syntax.remedy, text)


def _refuse(source: Source, what: str, remedy: str, text: str | None = None) -> NoReturn:
    texts = {} if text is None else {source.file: text.encode()}
    raise InvalidConfigError([Problem(source, "", what, remedy)], (), texts) from None
