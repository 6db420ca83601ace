"""Which files are manifests: what the user names, files or folders, becomes a sorted list of files.

It looks at names and kinds of files but opens none. Whatever cannot be looked at is a problem and never an
empty answer, for an empty set of manifests could mean that everything may be deleted.
"""

from __future__ import annotations

import difflib
import glob
import os
import stat
from collections import deque
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prefect_reconcile.model import Problem, Source
from prefect_reconcile.spelling import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PREFECT_YAML: Final = "prefect.yaml"
"""What `prefect deploy` reads in the working directory."""
_SUFFIXES: Final = (".yaml", ".yml")
_SKIPPED: Final = frozenset({"__pycache__", "node_modules"})


@dataclass(frozen=True, slots=True, order=True)
class ManifestFile:
    """A file to read. `shown` is its name in messages: relative to the working directory if below it."""

    shown: str
    path: Path


def discover(
    paths: Sequence[str], directory: Path, *, may_be_empty: bool = False
) -> tuple[list[ManifestFile], list[Problem]]:
    """The files that `paths` name, seen from the working directory `directory`, and what is wrong with them.

    A file is taken whatever its name, a folder is searched for `*.yaml` and `*.yml`, and a pattern names what
    it matches. Files and problems are sorted, and a file that is named or found twice is there once. A folder
    without any is a problem unless it `may_be_empty`.
    """
    search = _Search(directory, may_be_empty)
    for path in paths:
        search.add(path)
    return _distinct(search.files), sorted(set(search.problems))


def matches(path: str, directory: Path) -> list[str]:
    """What a pattern such as `teams/*/deployments` matches, sorted; `**` is folders at any depth.

    None of it is hidden. A path that is no pattern, or is there as it is written, is itself.
    """
    if not glob.has_magic(path) or os.path.lexists(directory / path):
        return [path]
    fixed = _fixed(path)
    # Unlike `glob.glob`, this does not follow links below `**`, which can form loops.
    found = (directory / fixed).glob(str(Path(path).relative_to(fixed)))
    below = (one.relative_to(directory / fixed) for one in found)
    return sorted(str(fixed / one) for one in below if not any(part.startswith(".") for part in one.parts))


def _distinct(files: Iterable[ManifestFile]) -> list[ManifestFile]:
    """Each file once, under the shortest of its names."""
    longest_first = sorted(files, key=lambda file: (len(file.shown), file.shown), reverse=True)
    return sorted({os.path.realpath(file.path): file for file in longest_first}.values())


class _Search:
    """Collects files and problems."""

    def __init__(self, directory: Path, may_be_empty: bool) -> None:
        self.files: list[ManifestFile] = []
        self.problems: list[Problem] = []
        self._directory = directory
        self._may_be_empty = may_be_empty

    def add(self, name: str) -> None:
        """Add what one path of the user names; it may be a link to anywhere."""
        # An unset variable in a CI job gives an empty path, which must not mean the working directory.
        if not name.strip() or "\0" in name:
            self.problems.append(
                Problem(Source(repr(name)), "", "it is not a path", "name a file or a folder")
            )
            return
        found = matches(name, self._directory)
        if not found:
            self._report(self._directory / name, "nothing matches this pattern", "correct it")
        root = self._directory if found == [name] else self._directory / _fixed(name)
        for one in found:
            path = self._directory / one
            if found == [name] or self._within(path, root):
                self._add(path)

    def _add(self, path: Path) -> None:
        try:
            mode = path.stat().st_mode
        except OSError as error:
            self._report_absent(path, error)
            return
        if stat.S_ISDIR(mode):
            self._search(path)
        else:
            self._take(path, mode)

    def _search(self, root: Path) -> None:
        """Add the manifests of a folder, at least one.

        A folder that holds a `prefect.yaml` stands for that file, as it does for Prefect itself: its other
        YAML files are seldom manifests.
        """
        if (root / PREFECT_YAML).is_file():
            self.add(str(root / PREFECT_YAML))
            return
        known = len(self.files) + len(self.problems)
        for path, mode in self._walk(root):
            self._take(path, mode)
        if len(self.files) + len(self.problems) == known and not self._may_be_empty:
            what = "the folder has no *.yaml or *.yml file"
            self._report(root, what, "name the folder that holds the manifests")

    def _walk(self, root: Path) -> Iterator[tuple[Path, int]]:
        """What could be a manifest in a folder and all folders below it, with its mode.

        Each folder is visited once, for links can form loops, and those that are links come last.
        """
        waiting, links = deque([root]), deque[Path]()
        seen: set[str] = set()
        while waiting or links:
            folder = waiting.popleft() if waiting else links.popleft()
            if (target := os.path.realpath(folder)) in seen:
                continue
            seen.add(target)
            for path in self._entries(folder):
                if (mode := self._wanted(path, root)) is None:
                    continue
                if stat.S_ISDIR(mode):
                    (links if path.is_symlink() else waiting).append(path)
                else:
                    yield path, mode

    def _entries(self, folder: Path) -> list[Path]:
        """What a folder holds, without what is hidden."""
        try:
            return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        except OSError as error:
            self._report_unreadable(folder, error)
            return []

    def _wanted(self, path: Path, root: Path) -> int | None:
        """The mode of an entry, if it is a manifest by name or a folder to search."""
        named = path.suffix.lower() in _SUFFIXES
        try:
            mode = path.stat().st_mode
        except OSError as error:
            # A broken link by another name leads to no manifest; what may not be looked at could hold some.
            if named or not isinstance(error, FileNotFoundError):
                self._report_unreadable(path, error)
            return None
        wanted = _is_searched(path) if stat.S_ISDIR(mode) else named
        return mode if wanted and self._stays(path, root) else None

    def _stays(self, path: Path, root: Path) -> bool:
        """Whether an entry is within the folder that is searched.

        A pull request may hold a link to any file of the machine that checks it. The links of a mounted
        Kubernetes ConfigMap (`a.yaml` → `..data/a.yaml`) stay inside.
        """
        return not path.is_symlink() or self._within(path, root)

    def _within(self, path: Path, root: Path) -> bool:
        """Whether a path leads to what is in a folder, all links followed."""
        if Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root)):
            return True
        what = f"the link leads out of the folder {self._shown(root)}"
        self._report(path, what, "replace it with the file, or name its target on the command line")
        return False

    def _take(self, path: Path, mode: int) -> None:
        """Add a file, if it is one that can be read to its end."""
        if not stat.S_ISREG(mode):
            self._report(path, f"it is {_kind(mode)}, not a file", "name a file or a folder")
        elif not os.access(path, os.R_OK):
            self._report(path, "it cannot be read: permission denied", "correct its permissions")
        else:
            self.files.append(ManifestFile(self._shown(path), path))

    def _report_absent(self, path: Path, error: OSError) -> None:
        missing = _first_missing(path) if isinstance(error, FileNotFoundError) else None
        if missing is None:
            self._report_unreadable(path, error)
            return
        siblings = [entry.name for entry in self._entries(missing.parent)]
        close = difflib.get_close_matches(missing.name, siblings, n=1)
        remedy = (
            f'did you mean "{self._shown(missing.with_name(close[0]))}"?' if close else "correct the path"
        )
        self._report(missing, "there is no such file or folder", remedy)

    def _report_unreadable(self, path: Path, error: OSError) -> None:
        reason = (error.strerror or type(error).__name__).lower()
        self._report(path, f"it cannot be read: {reason}", "correct the path, the link or the permissions")

    def _report(self, path: Path, what: str, remedy: str) -> None:
        self.problems.append(Problem(Source(self._shown(path)), "", what, remedy))

    def _shown(self, path: Path) -> str:
        """A path for messages."""
        near = path.relative_to(self._directory) if path.is_relative_to(self._directory) else path
        return visible(near.as_posix())


def _fixed(pattern: str) -> Path:
    """The folder that all matches of a pattern are in."""
    return Path(*takewhile(lambda part: not glob.has_magic(part), Path(pattern).parts))


def _first_missing(path: Path) -> Path | None:
    """The outermost part of a path that does not exist; None if each is there, if only as a broken link."""
    return next((part for part in (*reversed(path.parents), path) if not os.path.lexists(part)), None)


def _is_searched(folder: Path) -> bool:
    """Whether a folder can hold manifests; a virtual environment, whatever its name, has a `pyvenv.cfg`."""
    return folder.name not in _SKIPPED and not os.access(folder / "pyvenv.cfg", os.F_OK)


def _kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a pipe"
    if stat.S_ISSOCK(mode):
        return "a socket"
    return "a device"
