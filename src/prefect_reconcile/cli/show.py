"""`reconcile config` and `reconcile schema`: what counts here, and what may be written."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from prefect_reconcile.cli import options
from prefect_reconcile.cli.options import Format


def config(
    context: typer.Context,
    target: options.Target = None,
    form: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.TEXT,
    config: options.ConfigFile = None,
) -> None:
    """Show the settings that count, and where each comes from. Secrets are masked."""


class What(StrEnum):
    """What a schema is for."""

    MANIFEST = "manifest"


def schema(
    what: Annotated[What, typer.Argument(help="What to write the schema of.")] = What.MANIFEST,
) -> None:
    """Write the JSON Schema of what may be written, for editors."""
