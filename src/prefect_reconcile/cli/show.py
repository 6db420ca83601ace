"""`reconcile show`, `config` and `schema`: what manifests come to, what counts, and what may be written."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from prefect_reconcile.cli import options, output
from prefect_reconcile.cli.options import Chosen, Format, ServerOptions

if TYPE_CHECKING:
    from prefect_reconcile.render.config import Row
    from prefect_reconcile.settings import Connection


def show(
    context: typer.Context,
    file: options.Files = None,
    target: options.Target = None,
    values: options.Set = None,
    lenient: options.Lenient = False,
    entrypoint_root: options.EntrypointRoot = None,
    config: options.ConfigFile = None,
) -> None:
    """Show the manifests as they count, in the native format.

    Values are filled, defaults and overlays applied, and what the code says is written out. Secrets are
    masked.
    """
    from prefect_reconcile.cli.project import open_project
    from prefect_reconcile.kinds.registry import KINDS
    from prefect_reconcile.render import safe, yaml

    chosen = Chosen(file or [], target, config, options.supplied(values or []), entrypoint_root, lenient)
    loaded = open_project(chosen, options.who_chose_target(context)).load()
    output.say_problems(loaded.hints, loaded.texts)
    manifests = [safe.masked(KINDS[one.kind].write(one)) for one in loaded.desired]
    output.write(yaml.render(manifests))


def config(
    context: typer.Context,
    target: options.Target = None,
    form: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.TEXT,
    lenient: options.Lenient = False,
    entrypoint_root: options.EntrypointRoot = None,
    config: options.ConfigFile = None,
    api_url: options.ApiUrl = None,
    profile: options.Profile = None,
    trust_api_url: options.TrustApiUrl = False,
    owner: options.Owner = None,  # noqa: ARG001 - it is told with the other options
    concurrency: options.Concurrency = options.CONCURRENCY,
    timeout: options.Timeout = options.TIMEOUT,
) -> None:
    """Show the settings that count, and where each comes from. Secrets are masked."""
    from prefect_reconcile.cli.project import open_project
    from prefect_reconcile.errors import InvalidSettingsError
    from prefect_reconcile.render import config as render
    from prefect_reconcile.render.text import Style

    project = open_project(
        Chosen([], target, config, {}, entrypoint_root, lenient), options.who_chose_target(context)
    )
    connection: Connection | str
    try:
        connection = project.connect(ServerOptions(api_url, profile, trust_api_url, concurrency, timeout))
    except InvalidSettingsError as error:
        connection = str(error)
    rows = list(_rows(context))
    if form is Format.TEXT:
        output.write(render.text(project.effective, connection, rows, Style(colour=output.colour())))
    else:
        output.write_json(render.json(project.effective, connection, rows))


def _rows(context: typer.Context) -> list[Row]:
    """The settings that are options, with who gave them."""
    from prefect_reconcile.render.config import DEFAULT, Row

    rows = []
    for parameter in context.command.params:
        name = parameter.name or ""
        given = context.get_parameter_source(name)
        places = {
            "COMMANDLINE": f"option {parameter.opts[0]}",
            "ENVIRONMENT": f"environment variable {parameter.envvar}",
        }
        place = places.get(given.name if given else "", DEFAULT)
        if name in _OPTIONS or (name in ("entrypoint_root", "owner") and place != DEFAULT):
            value = context.params[name]
            rows.append(Row(name, str(value) if name == "entrypoint_root" else value, place))
    return rows


_OPTIONS = ("lenient", "trust_api_url", "concurrency", "timeout")
"""Settings that no configuration holds."""


class What(StrEnum):
    """What a schema is for."""

    MANIFEST = "manifest"
    OVERLAY = "overlay"
    CONFIG = "config"


def schema(
    what: Annotated[What, typer.Argument(help="What to write the schema of.")] = What.MANIFEST,
) -> None:
    """Write the JSON Schema of manifests, overlays or reconcile.toml, for editors."""
    from prefect_reconcile.schema import schema_text

    output.write(schema_text(what.value))
