"""Where text goes, and what the exit codes are."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefect_reconcile.model import Problem

OK, FAILED, CHANGES, REFUSED, INVALID, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 3, 4, 64, 130
"""Exit codes beside those of the errors, which say their own."""


def say(text: str) -> None:
    """Writes to stderr, with nothing in it that a terminal would obey."""
    from prefect_reconcile.render import safe

    sys.stderr.write("".join(safe.line(one.rstrip("\n")) + "\n" for one in text.splitlines(keepends=True)))


def say_problems(problems: Iterable[Problem], texts: Mapping[str, bytes]) -> None:
    """Writes problems to stderr, each with the line that it is about."""
    from prefect_reconcile.render.problems import text

    say(text(((problem, ()) for problem in problems), texts))


def leave_output() -> None:
    """Keeps Python from trying, and failing, to write the rest when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def colour() -> bool:
    """Colour on a terminal, unless `NO_COLOR` is set to anything (no-color.org) or the terminal is dumb."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
