"""Opening the files of a run: positioned documents, and the texts that messages quote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from prefect_reconcile.loader.discovery import ManifestFile, discover, matches
from prefect_reconcile.loader.document import MAX_BYTES, Document, parse
from prefect_reconcile.model import Problem, Source


@dataclass(slots=True)
class Files:
    """Reads files below, or named from, a working directory.

    `problems` grows with what cannot be read, `texts` with the bytes of each file by its name in messages.
    """

    directory: Path
    problems: list[Problem] = field(default_factory=list)
    texts: dict[str, bytes] = field(default_factory=dict)

    def documents(
        self, paths: Sequence[str], without: Sequence[str] = (), *, may_be_empty: bool = False
    ) -> Iterator[tuple[Document, Path]]:
        """The documents of the files at some paths, each with the folder of its file.

        Files within the folders `without` are left out, unless they are named themselves.
        """
        files, problems = discover(paths, self.directory, may_be_empty=may_be_empty)
        self.problems += problems
        found = [one for path in without for one in matches(path, self.directory)]
        apart = [(self.directory / one).resolve() for one in found]
        named = {(self.directory / one).resolve() for one in paths}
        for file in files:
            path = file.path.resolve()
            if path in named or not any(map(path.is_relative_to, apart)):
                yield from ((document, file.path.parent) for document in self._parsed(file))

    def _parsed(self, file: ManifestFile) -> list[Document]:
        try:
            with file.path.open("rb") as stream:
                # One byte more than is allowed tells that a file is too large without reading all of it.
                data = stream.read(MAX_BYTES + 1)
        except OSError as error:
            what = f"cannot be read: {error.strerror}"
            self.problems.append(Problem(Source(file.shown), "", what, "check its permissions"))
            return []
        self.texts[file.shown] = data
        documents, problems = parse(file.shown, data)
        self.problems += problems
        return documents
