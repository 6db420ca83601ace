"""`reconcile validate`: check manifests, and carry nothing out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, cast

import typer

from prefect_reconcile.cli import options, output
from prefect_reconcile.cli.options import Chosen, ServerOptions
from prefect_reconcile.errors import InvalidManifestsError, PrefectError

if TYPE_CHECKING:
    from prefect_reconcile.cli.project import Project
    from prefect_reconcile.loader.manifests import Loaded
    from prefect_reconcile.model import Problem


class Format(StrEnum):
    """How what was found is written."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


@dataclass(frozen=True, slots=True)
class _Found:
    """What one target gives: how many resources, and every problem; `texts` are the files read, and `failure`
    says why the server could not be asked."""

    resources: int
    problems: tuple[Problem, ...]
    texts: Mapping[str, bytes]
    failure: str | None = None


def validate(
    context: typer.Context,
    file: options.Files = None,
    target: options.Target = None,
    all_targets: Annotated[
        bool, typer.Option("--all-targets", help="Check the manifests for each target.")
    ] = False,
    online: Annotated[
        bool, typer.Option("--online", help="Also check what only the server knows, such as work pools.")
    ] = False,
    form: Annotated[Format, typer.Option("--format", help="How to write what is found.")] = Format.TEXT,
    values: options.Set = None,
    lenient: options.Lenient = False,
    entrypoint_root: options.EntrypointRoot = None,
    config: options.ConfigFile = None,
    api_url: options.ApiUrl = None,
    profile: options.Profile = None,
    trust_api_url: options.TrustApiUrl = False,
    concurrency: options.Concurrency = options.CONCURRENCY,
    timeout: options.Timeout = options.TIMEOUT,
) -> int:
    """Check manifests without a server, and change nothing.

    Exits with 4 when there is an error.
    """
    if all_targets and options.is_typed(context, "target"):
        raise options.misuse("--all-targets does not go with --target")
    if (api_url or profile) and not online:
        raise options.misuse(f"{'--api-url' if api_url else '--profile'} goes with --online")
    chosen = Chosen(file or [], target, config, options.supplied(values or []), entrypoint_root, lenient)
    server = ServerOptions(api_url, profile, trust_api_url, concurrency, timeout) if online else None
    return _report(_found(chosen, server, all_targets, options.who_chose_target(context)), form)


def _found(chosen: Chosen, server: ServerOptions | None, of_all: bool, chosen_by: str) -> dict[str, _Found]:
    """What each target gives, by name."""
    from prefect_reconcile.cli.project import all_targets, open_project

    try:
        projects = all_targets(chosen) if of_all else {"": open_project(chosen, chosen_by)}
    except InvalidManifestsError as error:  # of the configuration, which all targets share
        return {"": _refused(error)}
    if not projects:
        raise options.misuse("--all-targets needs a configuration with targets")
    return {name: _check(project, server) for name, project in projects.items()}


def _check(project: Project, server: ServerOptions | None) -> _Found:
    from prefect_reconcile.cli.project import quoting

    try:
        loaded = project.load()
        if server:
            with quoting(loaded):
                _check_online(project, loaded, server)
    except InvalidManifestsError as error:
        return _refused(error)
    except PrefectError as error:
        return _Found(len(loaded.desired), loaded.hints, loaded.texts, str(error))
    return _Found(len(loaded.desired), loaded.hints, loaded.texts)


def _refused(error: InvalidManifestsError) -> _Found:
    return _Found(0, cast("tuple[Problem, ...]", (*error.hints, *error.problems)), error.texts)


def _check_online(project: Project, loaded: Loaded, server: ServerOptions) -> None:
    """Raises `InvalidManifestsError` for what the server lacks."""
    import asyncio

    from prefect_reconcile import reconciler
    from prefect_reconcile.api.client import Api

    async def observe() -> None:
        connection = project.connect(server)
        async with Api(connection, concurrency=server.concurrency, timeout=server.timeout) as api:
            await reconciler.observe(api, loaded.desired)

    asyncio.run(observe())


def _report(found: Mapping[str, _Found], form: Format) -> int:
    from prefect_reconcile.model import Severity
    from prefect_reconcile.render import problems

    checked = problems.Checked(max(one.resources for one in found.values()), _merged(found))
    if form is Format.TEXT:
        texts = {name: text for one in found.values() for name, text in one.texts.items()}
        output.write(problems.text(checked.problems, texts) + problems.summary(checked))
    elif form is Format.GITHUB:
        output.write(problems.github(checked))
    else:
        output.write_json((problems.json if form is Format.JSON else problems.sarif)(checked))
    for name, one in found.items():
        if one.failure:
            output.say(f"error: {f'[{name}] ' if name else ''}{one.failure}\n")
    if checked.count(Severity.ERROR):
        return output.INVALID
    return output.FAILED if any(one.failure for one in found.values()) else output.OK


def _merged(found: Mapping[str, _Found]) -> list[tuple[Problem, tuple[str, ...]]]:
    """Each problem once, sorted by place, with its targets unless it is in all of them."""
    targets: dict[Problem, list[str]] = {}
    for name, one in found.items():
        for problem in one.problems:
            targets.setdefault(problem, []).append(name)
    every = [*found]
    return [(problem, () if names == every else tuple(names)) for problem, names in sorted(targets.items())]
