"""Positioned YAML: the bytes of a file become plain JSON data that knows where each value was written.

Pure: it reads no files. The language is what PyYAML's safe loader accepts (YAML 1.1, as Prefect itself reads
`prefect.yaml`), less whatever JSON cannot hold or a reader would misread: those are located problems.
Manifests come from pull requests, so a hostile text costs bounded time and memory, see the `MAX_` constants
here and in `nodes`.
"""

from __future__ import annotations

import codecs
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import yaml
from yaml.reader import ReaderError

from prefect_reconcile.loader.nodes import LimitError, Loader, Reader, mark_of
from prefect_reconcile.loader.syntax import character_problem, position, source_at, syntax_problem
from prefect_reconcile.model import Json, Path, Problem, Source

MAX_BYTES: Final = 10 * 2**20
"""Of one file. 10,000 deployments with a schedule and some variables each take about 5 MB."""


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: its file as the user wrote it, its data, and where everything in it stands."""

    file: str
    value: Json
    _root: yaml.Node = field(repr=False, compare=False)

    def locate(self, path: Path, *, key: bool = False) -> Source:
        """Where the value at `path` is written, or with `key` its key; else its nearest existing ancestor.

        What came through an alias or a merge key is where its anchor defines it.
        """
        return source_at(self.file, mark_of(self._root, path, key=key))


def parse(file: str, data: bytes) -> tuple[list[Document], list[Problem]]:
    """The documents of a file, and all its problems in the order of the text.

    A document with a problem is left out, unless it is just a duplicate key, and so is an empty one.
    A syntax error ends the file.
    """
    unfit = _unfit(file, data)
    if unfit is not None:
        return [], [unfit]
    reader = Reader(file, aliases=b"&" in data)
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        with uncollected():
            for root in yaml.compose_all(data, Loader=Loader):
                reader.read(root)
    except LimitError as error:
        reader.problems.append(
            Problem(source_at(file, error.problem_mark), error.path, error.what, error.remedy)
        )
    except yaml.MarkedYAMLError as error:
        reader.problems.append(syntax_problem(file, error, data.decode()))
    except ReaderError as error:
        reader.problems.append(character_problem(file, chr(error.character), data.decode()))
    documents = [Document(file, value, root) for value, root in reader.trees]
    return documents, sorted(reader.problems)


def _unfit(file: str, data: bytes) -> Problem | None:
    """The problem of a file that is too large, or is not UTF-8."""
    if len(data) > MAX_BYTES:
        what = f"the file is larger than {MAX_BYTES // 2**20} MiB"
        return Problem(Source(file), "", what, "split it into several files")
    # YAML allows UTF-16; but Prefect, which must read the same prefect.yaml, opens it as UTF-8.
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Problem(Source(file), "", "the file is encoded as UTF-16 or UTF-32", "save it as UTF-8")
    try:
        data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].removeprefix(codecs.BOM_UTF8).decode()
        what = f"the byte 0x{data[error.start]:02x} is not UTF-8"
        return Problem(position(file, before), "", what, "save the file as UTF-8")
    return None


@contextmanager
def uncollected() -> Iterator[None]:
    """Without Python's search for cyclic garbage: there is none here, and for 10,000 deployments, which make
    millions of objects, the search takes three quarters of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
