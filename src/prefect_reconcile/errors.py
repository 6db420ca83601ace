"""The exception tree. Imports nothing of the package.

Whatever a user can cause ends in one of these, and the command line turns each into its exit code.
Every other exception is a defect of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar


class ReconcileError(Exception):
    """Base of every expected failure. `str(error)` is the whole message for the user."""

    exit_code: ClassVar[int] = 1


class InvalidInputError(ReconcileError):
    """Manifests, configuration or options that cannot be obeyed; nothing was written."""

    exit_code = 4


class InvalidSettingsError(InvalidInputError):
    """The connection or another setting is missing, malformed or contradictory."""


class InvalidManifestsError(InvalidInputError):
    """Manifests with problems, each of which says where, what and what to do.

    `hints` are further problems, which would not have stopped the run, and `texts` the files that were
    read, by the names that the problems use.
    """

    def __init__(
        self,
        problems: Iterable[object],
        hints: Iterable[object] = (),
        texts: Mapping[str, bytes] | None = None,
    ) -> None:
        self.problems = tuple(problems)
        self.hints = tuple(hints)
        self.texts = texts or {}
        super().__init__("\n".join(map(str, self.problems)))


class InvalidConfigError(InvalidManifestsError):
    """A configuration file with problems, which are told as those of manifests are."""


class PrefectError(ReconcileError):
    """Prefect could not be reached, or answered what cannot be used."""


class AnswerError(PrefectError):
    """Prefect answered a request with a status that means failure.

    Attributes: `status` is the HTTP status; `detail` is the server's own words.
    """

    def __init__(self, method: str, path: str, status: int, detail: str) -> None:
        super().__init__(f"{method} {path} answered {status}: {detail}")
        self.status = status
        self.detail = detail


class UnreachableError(PrefectError):
    """No usable answer came: no connection, "not now" until time was up, or something else than JSON."""
