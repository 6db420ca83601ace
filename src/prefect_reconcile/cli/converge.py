"""`reconcile`: make the live side what the manifests say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from prefect_reconcile import __version__
from prefect_reconcile.cli import options, output
from prefect_reconcile.cli.options import Chosen, Format, ServerOptions

if TYPE_CHECKING:
    import asyncio

    from prefect_reconcile.api.client import Api
    from prefect_reconcile.loader.manifests import Loaded
    from prefect_reconcile.plan import Plan
    from prefect_reconcile.policy import Policy, Selection
    from prefect_reconcile.report import Report
    from prefect_reconcile.settings import Connection


@dataclass(frozen=True, slots=True)
class _Run:
    """How a run goes."""

    format: Format
    dry_run: bool
    show_requests: bool
    server: ServerOptions
    policy: Policy
    selection: Selection
    stop_on_error: bool
    verify: bool


def _version(wanted: bool) -> None:
    if wanted:
        output.write(f"reconcile {__version__}\n")
        raise typer.Exit


def converge(
    context: typer.Context,
    file: options.Files = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and change nothing.")] = False,
    target: options.Target = None,
    form: Annotated[Format, typer.Option("--format", help="How to write plan and result.")] = Format.TEXT,
    detailed_exitcode: Annotated[
        bool,
        typer.Option("--detailed-exitcode", help="With --dry-run: exit with 2 when something would change."),
    ] = False,
    show_requests: Annotated[
        bool,
        typer.Option("--show-requests", help="With --dry-run: also show each request that would be sent."),
    ] = False,
    owner: options.Owner = None,
    prune: options.Prune = False,
    max_deletes: options.MaxDeletes = None,
    max_changes: options.MaxChanges = None,
    allow_empty: options.AllowEmpty = False,
    force_running: options.ForceRunning = False,
    expect: options.Expect = None,
    select: options.Select = None,
    tag: options.Tag = None,
    on_error: options.OnErrorOption = options.OnError.CONTINUE,
    no_verify: options.NoVerify = False,
    values: options.Set = None,
    lenient: options.Lenient = False,
    entrypoint_root: options.EntrypointRoot = None,
    config: options.ConfigFile = None,
    api_url: options.ApiUrl = None,
    profile: options.Profile = None,
    trust_api_url: options.TrustApiUrl = False,
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Start a local Prefect server for this run, and use it.")
    ] = False,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", metavar="DIR", help="With --embedded: where that server keeps its data."),
    ] = None,
    concurrency: options.Concurrency = options.CONCURRENCY,
    timeout: options.Timeout = options.TIMEOUT,
    max_requests_per_minute: options.PerMinute = None,
    version: Annotated[  # noqa: ARG001 - the option acts by its callback
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version and leave.")
    ] = False,
) -> int:
    """Make the deployments of a Prefect server be what manifests say they are.

    Creates what is missing and updates what differs. What does not differ is not touched.
    """
    if context.invoked_subcommand is not None:
        _refuse_misplaced(context, context.invoked_subcommand)
        return output.OK
    _check_usage(dry_run, {"--detailed-exitcode": detailed_exitcode, "--show-requests": show_requests})
    if data_dir is not None and not embedded:
        raise options.misuse("--data-dir goes with --embedded")
    if embedded and (api_url or profile):
        raise options.misuse("--embedded does not go with --api-url or --profile")
    from prefect_reconcile.policy import Policy, Selection

    supplied = options.supplied(values or [])
    chosen = Chosen(file or [], target, config, supplied, entrypoint_root, lenient, allow_empty)
    server = ServerOptions(api_url, profile, trust_api_url, concurrency, timeout, max_requests_per_minute)
    limit = options.limit(max_deletes)
    policy = Policy(owner, prune, limit, max_changes, allow_empty, force_running, expect)
    run = _Run(
        form,
        dry_run,
        show_requests,
        server,
        policy,
        Selection(tuple(select or ()), tuple(tag or ())),
        stop_on_error=on_error is options.OnError.STOP,
        verify=not no_verify,
    )
    report = _converge(chosen, run, embedded, data_dir, options.who_chose_target(context))
    if report.interrupted:
        return output.INTERRUPTED
    if report.refusals:
        return output.REFUSED
    if report.failed:
        return output.FAILED
    return output.CHANGES if detailed_exitcode and report.plan.writes else output.OK


def _refuse_misplaced(context: typer.Context, command: str) -> None:
    """Raises for an option before the name of a command, which would be lost."""
    known = {name for one in _commands(context)[command].params for name in one.opts}
    for parameter in context.command.params:
        option = parameter.opts[0]
        if options.is_typed(context, parameter.name or "") and option in known:
            raise options.misuse(f"{option} goes after {command}")
        if options.is_typed(context, parameter.name or ""):
            raise options.misuse(f"{option} does not go with {command}")


def _commands(context: typer.Context) -> Mapping[str, Any]:
    commands: Mapping[str, Any] = context.command.commands  # type: ignore[attr-defined] # it is a group
    return commands


def _check_usage(dry_run: bool, only_dry: dict[str, bool]) -> None:
    for name, given in only_dry.items():
        if given and not dry_run:
            raise options.misuse(f"{name} goes with --dry-run")


def _converge(chosen: Chosen, run: _Run, embedded: bool, data_dir: Path | None, chosen_by: str) -> Report:
    import asyncio
    from contextlib import nullcontext

    from prefect_reconcile.cli.project import open_project

    project = open_project(chosen, chosen_by)
    given = run.policy.owner
    run = replace(run, policy=_owned(run.policy, project.effective.owner))
    if run.policy.prune:
        project.check_prune(given)
        if chosen.files and (others := project.left_out()):
            what = f"--prune would delete what {', '.join(others)} declares, which -f leaves out"
            raise options.misuse(f"{what}; leave -f out, or select with --select")
    loaded = project.load()
    output.say_problems(loaded.hints, loaded.texts)
    _check_selection(loaded, run)
    server = _embedded(data_dir) if embedded else nullcontext(project.connect(run.server))
    with server as connection:
        return asyncio.run(_reconcile(connection, loaded, run))


def _owned(policy: Policy, configured: str | None) -> Policy:
    """The policy with the owner of the option, else that of the configuration."""
    from prefect_reconcile.settings.config_keys import OWNER_NAME

    if policy.owner is not None and not OWNER_NAME.fullmatch(policy.owner):
        raise typer.BadParameter(
            f"{policy.owner!r} is no name: use letters, digits, - _ and .", param_hint="--owner"
        )
    owner = policy.owner or configured
    if policy.prune and owner is None:
        raise options.misuse("--prune needs an owner: pass --owner, or write owner in reconcile.toml")
    return replace(policy, owner=owner)


def _check_selection(loaded: Loaded, run: _Run) -> None:
    """Raises where nothing is selected; with --prune, what is selected may be gone from the manifests."""
    selection = run.selection
    chosen = [*selection.patterns, *selection.tags]
    if chosen and not run.policy.prune and not any(map(selection.takes, loaded.desired)):
        hint = "--select" if selection.patterns else "--tag"
        raise typer.BadParameter(f"no manifest is selected by {', '.join(chosen)}", param_hint=hint)


@contextmanager
def _embedded(data_dir: Path | None) -> Iterator[Connection]:
    from prefect_reconcile.embedded import default_data_dir, embedded_server
    from prefect_reconcile.settings import Connection

    home = data_dir.expanduser() if data_dir else default_data_dir()
    output.say(f"Starting a local Prefect server with its data in {home}\n")
    with embedded_server(home) as server:
        output.say(f"Prefect runs at {server.url}\n")
        # None of the user's own settings: no credential of theirs is for this server.
        yield Connection(server.url, "--embedded")


async def _reconcile(connection: Connection, loaded: Loaded, run: _Run) -> Report:
    """One pass, printed as it goes."""
    from prefect_reconcile.api.client import Api
    from prefect_reconcile.cli.signals import stopping
    from prefect_reconcile.render import json, text

    style = text.Style(colour=output.colour())
    is_text = run.format is Format.TEXT
    server = run.server
    with stopping() as stop:
        async with Api(
            connection, concurrency=server.concurrency, timeout=server.timeout, per_minute=server.per_minute
        ) as api:
            report = await _planned(api, loaded, run)
            if is_text:
                output.write(text.plan(report, style), flush=True)
            output.say("".join(f"refused: {refusal}\n" for refusal in report.refusals))
            if not run.dry_run and report.plan.writes and not report.refusals:
                with stop.gently(_tell_to_wait) as event:
                    report = await _applied(api, report.plan, run, event)
                    if is_text:
                        output.write("\n" + text.result(report, style))
                    else:
                        output.write_json(json.render(report))
                return report
    if not is_text:
        output.write_json(json.render(report))
    return report


def _tell_to_wait() -> None:
    output.say("Stopping when what is under way is done; once more ends it at once.\n")


async def _planned(api: Api, loaded: Loaded, run: _Run) -> Report:
    from prefect_reconcile import changing, reconciler
    from prefect_reconcile.cli.project import quoting
    from prefect_reconcile.plan import unmatched_ignores
    from prefect_reconcile.policy import Selection
    from prefect_reconcile.report import Report

    with quoting(replace(loaded, hints=())):
        plan = await reconciler.plan_pass(api, loaded.desired, run.policy, run.selection)
    output.say_problems(unmatched_ignores(plan), loaded.texts)
    if not plan.changes and run.selection != Selection():
        output.say("warning: nothing is selected, neither in the manifests nor of what is live\n")
    refusals = await reconciler.refusals(api, plan, run.policy)
    requests = changing.rehearse(plan) if run.show_requests else None
    return Report(plan, requests=requests, refusals=refusals)


async def _applied(api: Api, plan: Plan, run: _Run, stop: asyncio.Event) -> Report:
    from prefect_reconcile.carrying import apply
    from prefect_reconcile.changing import Manner

    manner = Manner(
        stop_on_error=run.stop_on_error,
        verify=run.verify,
        as_reviewed=run.policy.expect is not None,
        force_running=run.policy.force_running,
    )
    return await apply(api, plan, run.server.concurrency, manner=manner, stop=stop)
