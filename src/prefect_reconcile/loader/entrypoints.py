"""Where an entrypoint leads to: files within some folders, of which no other is looked at.

Source of the forms, of Prefect 3.8.8: `prefect.utilities.importtools.import_object`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import islice
from os import scandir
from pathlib import Path, PurePosixPath
from typing import TypeAlias

Folders: TypeAlias = tuple[Path, ...]
"""Resolved folders."""

_MAX_LISTED = 1000
"""How many files of a folder a misspelt name is compared with."""


@dataclass(frozen=True, slots=True)
class Entrypoint:
    """`path.py:function`, `module:function` or `module.function`; a function may be `Class.method`."""

    place: str
    separator: str
    name: str

    def __str__(self) -> str:
        return f"{self.place}{self.separator}{self.name}"

    @property
    def is_script(self) -> bool:
        return self.separator == ":" and self.place.endswith(".py")

    @property
    def is_file_name(self) -> bool:
        """Whether it is `etl.py`: the function `py` of the module `etl` for Prefect, and hardly ever that."""
        return self.separator == "." and self.name == "py"

    @property
    def paths(self) -> list[str]:
        """The files that it can be in, the first one first."""
        if self.is_script:
            return [self.place]
        path = self.place.replace(".", "/")
        return [f"{path}/__init__.py", f"{path}.py"]


def parse(written: str) -> Entrypoint | None:
    """None for what Prefect takes for no entrypoint, or can never import."""
    separator = ":" if ":" in written else "."
    place, _, name = written.rpartition(separator)
    entrypoint = Entrypoint(place, separator, name)
    names = [*name.split("."), *([] if entrypoint.is_script else place.split("."))]
    return entrypoint if all(map(str.isidentifier, names)) else None


def inside(path: Path, folders: Folders, test: Callable[[Path], bool] = Path.is_file) -> Path | None:
    """What a path leads to over all links, if that is in one of the folders and passes the test."""
    try:
        resolved = path.resolve()
        found = any(map(resolved.is_relative_to, folders)) and test(resolved)
    except (OSError, ValueError, RuntimeError):  # a name too long, a null byte, a loop of links
        return None
    return resolved if found else None


def first_inside(paths: Iterable[Path], folders: Folders) -> Path | None:
    """The first of some files that is there and in one of the folders."""
    found = (inside(path, folders) for path in paths)
    return next((path for path in found if path), None)


def near(entrypoint: Entrypoint, starts: Folders, folders: Folders) -> Entrypoint | None:
    """The entrypoint of which another one is a misspelling: its file is there, in the same folder."""
    for start in starts:
        if entrypoint.place.endswith(".py") and inside(start / entrypoint.place, folders):
            return replace(entrypoint, separator=":")
        # As Windows writes it; a worker elsewhere converts it, and `prefect deploy` does not.
        place = entrypoint.place.replace("\\", "/")
        if place != entrypoint.place and inside(start / place, folders):
            return replace(entrypoint, place=place)
        path = start / entrypoint.paths[-1]
        stem = _closest(path.stem, _stems(path.parent, folders))
        if stem is not None and inside(path.with_name(f"{stem}.py"), folders):
            old, new = (path.name, f"{stem}.py") if entrypoint.is_script else (path.stem, stem)
            return replace(entrypoint, place=entrypoint.place.removesuffix(old) + new)
        if entrypoint.is_script and (
            folder := _other_folder(start, PurePosixPath(entrypoint.place), folders)
        ):
            return replace(entrypoint, place=folder)
    return None


def _closest(name: str, known: Sequence[str]) -> str | None:
    """The closest of some names, in any case."""
    by_folded = {one.casefold(): one for one in known}
    close = get_close_matches(name.casefold(), list(by_folded), n=1)
    return by_folded[close[0]] if close else None


def _other_folder(start: Path, place: PurePosixPath, folders: Folders) -> str | None:
    """A path that differs in its first folder: that has another name, or is left out."""
    first, *rest = place.parts
    names = _names(start, folders)
    if rest:
        folder = _closest(first, names)
        tried = [] if folder is None else [PurePosixPath(folder, *rest)]
    else:
        tried = [PurePosixPath(name, first) for name in names]
    return next((str(one) for one in tried if one != place and inside(start / one, folders)), None)


def _stems(folder: Path, folders: Folders) -> list[str]:
    """The names of the Python files of a folder, without `.py`."""
    return [name.removesuffix(".py") for name in _names(folder, folders) if name.endswith(".py")]


def _names(folder: Path, folders: Folders) -> list[str]:
    """What a folder holds, if it may be looked at: sorted, and not without end."""
    found = inside(folder, folders, Path.is_dir)
    if found is None:
        return []
    try:
        with scandir(found) as entries:
            return sorted(entry.name for entry in islice(entries, _MAX_LISTED))
    except OSError:
        return []
