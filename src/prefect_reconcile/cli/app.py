"""The commands, and the one boundary where errors become text."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import TYPE_CHECKING, cast

import typer

from prefect_reconcile import secrecy
from prefect_reconcile.cli import options, output
from prefect_reconcile.cli.converge import converge
from prefect_reconcile.cli.show import config, schema, show
from prefect_reconcile.cli.validate import validate
from prefect_reconcile.errors import InvalidManifestsError, ReconcileError

if TYPE_CHECKING:
    from prefect_reconcile.model import Problem

app = typer.Typer(
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.callback(invoke_without_command=True)(converge)
app.command()(validate)
app.command()(show)
app.command()(config)
app.command()(schema)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and leaves with its exit code."""
    output.guard()
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Runs the command line and returns its exit code."""
    try:
        if sys.stdout is None:
            raise ReconcileError("there is no standard output to write to")
        _write_any_character()
        code = app(args=list(arguments), standalone_mode=False)
        sys.stdout.flush()
    except ReconcileError as error:
        _tell(error)
        return error.exit_code
    except options.USAGE_ERROR as error:
        error.show()
        return output.WRONG_USAGE
    except OSError as error:
        # Every file and connection has its own error by now: what is left is our own output.
        if not isinstance(error, BrokenPipeError):  # a reader such as `head` has what it wanted
            output.say(f"error: the output cannot be written: {error.strerror}\n")
        output.leave_output()
        return output.FAILED
    except (KeyboardInterrupt, typer.Abort):
        code = output.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - a defect of ours, whose traceback may hold a secret
        output.say_defect(error)
        return output.FAILED
    finally:
        secrecy.begin()  # what the next run in this process must not show is its own affair
    if code == output.INTERRUPTED:  # which Typer makes of a Ctrl-C as well
        output.say("Interrupted.\n")
    return code if isinstance(code, int) else output.OK


def _write_any_character() -> None:
    """Lets an output whose encoding lacks a character, such as ✓, have a question mark instead of a crash."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _tell(error: ReconcileError) -> None:
    if isinstance(error, InvalidManifestsError):
        # The errors come last, where the reader is.
        problems = cast("tuple[Problem, ...]", (*error.hints, *error.problems))
        output.say_problems(problems, error.texts)
    else:
        output.say("".join(f"error: {one}\n" for one in str(error).splitlines()))
