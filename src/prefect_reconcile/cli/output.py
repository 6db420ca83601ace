"""Where text goes, and what the exit codes are.

All text leaves by `write`, `write_json` and `say`, which mask the secrets of the run: see `secrecy`. So does
what Python writes by itself, once `guard` was called.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from prefect_reconcile import secrecy

if TYPE_CHECKING:
    from prefect_reconcile.model import Problem

OK, FAILED, CHANGES, REFUSED, INVALID, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 3, 4, 64, 130
"""Exit codes beside those of the errors, which say their own."""


def write(text: str, *, flush: bool = False) -> None:
    """Writes to stdout."""
    sys.stdout.write(secrecy.hide(text))
    if flush:
        sys.stdout.flush()


def write_json(text: str) -> None:
    """Writes JSON to stdout, which stays JSON."""
    sys.stdout.write(secrecy.hide_json(text))


def say(text: str) -> None:
    """Writes to stderr, with nothing in it that a terminal would obey."""
    from prefect_reconcile.render import safe

    lines = secrecy.hide(text).splitlines(keepends=True)
    sys.stderr.write("".join(safe.line(one.rstrip("\n")) + "\n" for one in lines))


def say_defect(error: BaseException) -> None:
    """Writes the traceback of what should not have happened to stderr."""
    from traceback import format_exception

    say("".join(format_exception(error)))


def guard() -> None:
    """Has what Python itself writes to stderr masked: tracebacks, and what is logged without a handler.

    Typer puts a hook of its own in the place of this one, so that the boundary calls `say_defect` as well.
    """
    import logging
    import threading

    sys.excepthook = lambda _kind, error, _trace: say_defect(error)
    sys.unraisablehook = lambda one: say_defect(one.exc_value) if one.exc_value else None
    threading.excepthook = lambda one: say_defect(one.exc_value) if one.exc_value else None
    if logging.lastResort:
        logging.lastResort.emit = lambda record: say(f"{logging.Formatter().format(record)}\n")  # type: ignore[method-assign]


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
