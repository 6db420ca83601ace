"""The command line: options in, text and an exit code out. The only module that prints.

Heavy imports happen inside the command, so that `--help` and `--version` answer at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from prefect_reconcile import __version__
from prefect_reconcile.errors import ReconcileError

if TYPE_CHECKING:
    from prefect_reconcile.model import Desired, Json
    from prefect_reconcile.report import Report
    from prefect_reconcile.settings import Connection

OK, FAILED, CHANGES, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 64, 130
"""Exit codes beside those of the errors, which say their own: 3 refused, 4 invalid input."""

# Typer offers only this subclass by name, and its parser raises its siblings too.
UsageError = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[1])

app = typer.Typer(
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class Format(StrEnum):
    """How the plan and the result are written."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Options:
    """What a run was asked for, beside the manifests and the server."""

    output: Format
    dry_run: bool
    show_requests: bool
    concurrency: int
    timeout: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and leaves with its exit code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Runs the command line and returns its exit code: the one boundary where errors become text."""
    try:
        if sys.stdout is None:
            raise ReconcileError("there is no standard output to write to")
        code = app(args=list(arguments), standalone_mode=False)
        sys.stdout.flush()
    except ReconcileError as error:
        _say("".join(f"error: {one}\n" for one in str(error).splitlines()))
        return error.exit_code
    except UsageError as error:
        error.show()
        return WRONG_USAGE
    except OSError as error:
        # Every file and connection has its own error by now: what is left is our own output.
        if not isinstance(error, BrokenPipeError):  # a reader such as `head` has what it wanted
            _say(f"error: the output cannot be written: {error.strerror}\n")
        _leave_output()
        return FAILED
    except (KeyboardInterrupt, typer.Abort):
        _say("Interrupted.\n")
        return INTERRUPTED
    return code if isinstance(code, int) else OK


def _leave_output() -> None:
    """Keeps Python from trying, and failing, to write the rest when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(text: str) -> None:
    from prefect_reconcile.render import safe

    sys.stderr.write("".join(safe.line(one.rstrip("\n")) + "\n" for one in text.splitlines(keepends=True)))


def _version(wanted: bool) -> None:
    if wanted:
        print(f"reconcile {__version__}")
        raise typer.Exit


@app.command()
def converge(
    file: Annotated[
        list[str] | None,
        typer.Option(
            "--file",
            "-f",
            metavar="PATH",
            help="Manifest or folder; repeatable. [default: deployments, else prefect.yaml]",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and change nothing.")] = False,
    output: Annotated[Format, typer.Option("--format", help="How to write plan and result.")] = Format.TEXT,
    detailed_exitcode: Annotated[
        bool,
        typer.Option("--detailed-exitcode", help="With --dry-run: exit with 2 when something would change."),
    ] = False,
    show_requests: Annotated[
        bool,
        typer.Option("--show-requests", help="With --dry-run: also show each request that would be sent."),
    ] = False,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Value of {{ NAME }} in a prefect.yaml; repeatable, or @FILE.json.",
        ),
    ] = None,
    api_url: Annotated[
        str | None,
        typer.Option("--api-url", metavar="URL", help="Prefect's API. [default: Prefect's settings]"),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option("--profile", metavar="NAME", help="Prefect profile to take the connection from."),
    ] = None,
    trust_api_url: Annotated[
        bool,
        typer.Option(
            "--trust-api-url", help="Send credentials even if they come from elsewhere than the URL."
        ),
    ] = False,
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Start a local Prefect server for this run, and use it.")
    ] = False,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", metavar="DIR", help="With --embedded: where that server keeps its data."),
    ] = None,
    concurrency: Annotated[
        int, typer.Option("--concurrency", min=1, max=256, metavar="N", help="Most requests at once.")
    ] = 16,
    timeout: Annotated[
        float,
        typer.Option("--timeout", min=1, metavar="SECONDS", help="For one request with all its repetitions."),
    ] = 60.0,
    version: Annotated[  # noqa: ARG001 - the option acts by its callback
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version and leave.")
    ] = False,
) -> int:
    """Make the deployments of a Prefect server be what manifests say they are.

    Creates what is missing and updates what differs. What does not differ is not touched.
    """
    _check_usage(dry_run, {"--detailed-exitcode": detailed_exitcode, "--show-requests": show_requests})
    if data_dir is not None and not embedded:
        raise typer.BadParameter("goes with --embedded", param_hint="--data-dir")
    if embedded and (api_url or profile):
        raise typer.BadParameter("does not go with --api-url or --profile", param_hint="--embedded")
    options = Options(output, dry_run, show_requests, concurrency, timeout)
    desired = _load(file or [], _supplied(values or []))
    with _embedded(data_dir) if embedded else _settings(api_url, profile, trust_api_url) as connection:
        import asyncio

        report = asyncio.run(_reconcile(connection, desired, options))
    if report.interrupted:
        _say("Interrupted.\n")
        return INTERRUPTED
    if report.failed:
        return FAILED
    return CHANGES if detailed_exitcode and report.plan.writes else OK


def _check_usage(dry_run: bool, options: dict[str, bool]) -> None:
    for name, given in options.items():
        if given and not dry_run:
            raise typer.BadParameter("goes with --dry-run", param_hint=name)


def _supplied(values: Sequence[str]) -> dict[str, Json]:
    """The values of `--set`: `step.name=text`, or `@file.json` with one object."""
    from prefect_reconcile.model import Filled

    supplied: dict[str, Json] = {}
    for one in values:
        name, found, value = one.partition("=")
        if one.startswith("@"):
            supplied.update(_values_of(Path(one[1:])))
        elif found and name:
            supplied[name] = Filled(value)
        else:
            raise typer.BadParameter(f"{one!r} is not NAME=VALUE", param_hint="--set")
    return supplied


def _values_of(file: Path) -> dict[str, Json]:
    import json

    try:
        values = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{file} cannot be read as JSON: {error}", param_hint="--set") from None
    if not isinstance(values, dict):
        raise typer.BadParameter(f"{file} holds no JSON object", param_hint="--set")
    return _dotted(values, "")


def _dotted(values: dict[str, Json], prefix: str) -> dict[str, Json]:
    """`{"step": {"name": "text"}}` → `{"step": {…}, "step.name": "text"}`."""
    dotted: dict[str, Json] = {}
    for name, value in values.items():
        dotted[prefix + name] = value
        if isinstance(value, dict):
            dotted.update(_dotted(value, f"{prefix}{name}."))
    return dotted


def _load(files: Sequence[str], supplied: dict[str, Json]) -> Sequence[Desired]:
    from prefect_reconcile.loader.manifests import Inputs, load
    from prefect_reconcile.loader.placeholders import Values

    loaded = load(files, Inputs(Path.cwd(), Values(supplied, os.environ)))
    _say("".join(f"hint: {hint}\n" for hint in loaded.hints))
    return loaded.desired


@contextmanager
def _settings(api_url: str | None, profile: str | None, trust: bool) -> Iterator[Connection]:
    from prefect_reconcile.settings import connection

    yield connection(os.environ, Path.cwd(), api_url=api_url, profile=profile, trust_api_url=trust)


@contextmanager
def _embedded(data_dir: Path | None) -> Iterator[Connection]:
    from prefect_reconcile.embedded import default_data_dir, embedded_server
    from prefect_reconcile.settings import Connection

    home = data_dir.expanduser() if data_dir else default_data_dir()
    _say(f"Starting a local Prefect server with its data in {home}\n")
    with embedded_server(home) as server:
        _say(f"Prefect runs at {server.url}\n")
        # None of the user's own settings: no credential of theirs is for this server.
        yield Connection(server.url, "--embedded")


async def _reconcile(connection: Connection, desired: Sequence[Desired], options: Options) -> Report:
    """One pass, printed as it goes."""
    from prefect_reconcile import reconciler
    from prefect_reconcile.api.client import Api
    from prefect_reconcile.render import json, text
    from prefect_reconcile.report import Report

    style = text.Style(colour=_colour())
    is_text = options.output is Format.TEXT
    async with Api(connection, concurrency=options.concurrency, timeout=options.timeout) as api:
        plan = await reconciler.plan_pass(api, desired)
        report = Report(plan, requests=reconciler.rehearse(plan) if options.show_requests else None)
        if is_text:
            print(text.plan(report, style), end="", flush=True)
        if not options.dry_run and plan.writes:
            report = await reconciler.apply(api, plan, options.concurrency)
            if is_text:
                print("\n" + text.result(report, style), end="")
    if not is_text:
        print(json.render(report), end="")
    return report


def _colour() -> bool:
    """Colour on a terminal, unless `NO_COLOR` is set to anything (no-color.org) or the terminal is dumb."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
