"""The options that several commands share, and what their texts mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias, cast

import typer

if TYPE_CHECKING:
    from prefect_reconcile.model import Json
    from prefect_reconcile.policy import Limit


class Format(StrEnum):
    """How the plan and the result are written, or the configuration."""

    TEXT = "text"
    JSON = "json"


class OnError(StrEnum):
    """What a failure of one change means for the others."""

    CONTINUE = "continue"
    STOP = "stop"


Files: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--file",
        "-f",
        metavar="PATH",
        help="Manifest or folder; repeatable. [default: deployments, else prefect.yaml]",
    ),
]
Target: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--target",
        "-t",
        metavar="NAME",
        envvar="RECONCILE_TARGET",
        help="Environment of the configuration to take.",
    ),
]
ConfigFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        envvar="RECONCILE_CONFIG",
        help="Configuration. [default: reconcile.toml, else pyproject.toml]",
    ),
]
Set: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Value of a placeholder; repeatable, or @FILE.json."),
]
EntrypointRoot: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--entrypoint-root",
        metavar="DIR",
        envvar="RECONCILE_ENTRYPOINT_ROOT",
        help="Where entrypoints are. [default: the manifest's folder, then this one]",
    ),
]
Lenient: TypeAlias = Annotated[
    bool,
    typer.Option("--lenient", envvar="RECONCILE_LENIENT", help="Warn of unknown keys instead of refusing."),
]
ApiUrl: TypeAlias = Annotated[
    str | None,
    typer.Option("--api-url", metavar="URL", help="Prefect's API. [default: target, Prefect's settings]"),
]
Profile: TypeAlias = Annotated[
    str | None,
    typer.Option("--profile", metavar="NAME", help="Prefect profile to take the connection from."),
]
TrustApiUrl: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--trust-api-url",
        envvar="RECONCILE_TRUST_API_URL",
        help="Send credentials even if they come from elsewhere than the URL.",
    ),
]
Owner: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--owner", metavar="NAME", envvar="RECONCILE_OWNER", help="Whose the deployments are; marks each."
    ),
]
Select: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--select", metavar="GLOB", help="Only what matches, as in 'etl/*'; repeatable."),
]
Tag: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="TAG", help="Only what has this tag; repeatable."),
]
Prune: TypeAlias = Annotated[
    bool,
    typer.Option("--prune", help="Delete what carries the owner's mark and no manifest names."),
]
MaxDeletes: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--max-deletes",
        metavar="N|P%",
        envvar="RECONCILE_MAX_DELETES",
        help="Refuse to delete more. [default: 30% of 10 or more]",
    ),
]
MaxChanges: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--max-changes",
        metavar="N",
        min=0,
        envvar="RECONCILE_MAX_CHANGES",
        help="Refuse to change more than this.",
    ),
]
AllowEmpty: TypeAlias = Annotated[
    bool, typer.Option("--allow-empty", help="Let all that the owner has be deleted.")
]
ForceRunning: TypeAlias = Annotated[
    bool, typer.Option("--force-running", help="Delete even what has runs in progress.")
]
Expect: TypeAlias = Annotated[
    str | None,
    typer.Option("--expect", metavar="FINGERPRINT", help="Carry out only the plan that was reviewed."),
]
OnErrorOption: TypeAlias = Annotated[
    OnError, typer.Option("--on-error", envvar="RECONCILE_ON_ERROR", help="After a failure, go on or stop.")
]
NoVerify: TypeAlias = Annotated[
    bool, typer.Option("--no-verify", help="Do not read back and compare what was written.")
]
PerMinute: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--max-requests-per-minute",
        metavar="N",
        min=1,
        envvar="RECONCILE_MAX_REQUESTS_PER_MINUTE",
        help="Never send more than this.",
    ),
]
Concurrency: TypeAlias = Annotated[
    int,
    typer.Option(
        "--concurrency",
        min=1,
        max=256,
        metavar="N",
        envvar="RECONCILE_CONCURRENCY",
        help="Most requests at once.",
    ),
]
Timeout: TypeAlias = Annotated[
    float,
    typer.Option(
        "--timeout",
        min=1,
        max=86400,
        metavar="SECONDS",
        envvar="RECONCILE_TIMEOUT",
        help="For one request with all its repetitions.",
    ),
]

CONCURRENCY, TIMEOUT = 16, 60.0
"""The defaults."""

# Typer offers only a subclass by name, and its parser raises the siblings too.
USAGE_ERROR = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[1])

MAX_DEPTH = 100
"""Of values in a file, as of those in a manifest."""

_NAME = re.compile(r"[\w.\-\[\]]+")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the command line says about manifests."""

    files: Sequence[str]
    target: str | None
    config: Path | None
    values: dict[str, Json]
    entrypoint_root: Path | None
    lenient: bool
    allow_empty: bool = False


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What the command line says about the server."""

    api_url: str | None
    profile: str | None
    trust_api_url: bool
    concurrency: int
    timeout: float
    per_minute: int | None = None


def misuse(what: str) -> Exception:
    """The error of a command line that cannot be obeyed."""
    return USAGE_ERROR(what)


def is_typed(context: typer.Context, name: str) -> bool:
    """Whether an option is on the command line, and not in the environment."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def who_chose_target(context: typer.Context) -> str:
    """Whether the option or the environment named the target, for people."""
    source = context.get_parameter_source("target")
    from_environment = source is not None and source.name == "ENVIRONMENT"
    return "environment variable RECONCILE_TARGET" if from_environment else "option --target"


def limit(text: str | None) -> Limit | None:
    """`5` or `30%`. Raises `BadParameter`."""
    from prefect_reconcile.policy import Limit

    if text is None:
        return None
    number, percent = text.removesuffix("%"), text.endswith("%")
    if not (number.isascii() and number.isdigit()) or (percent and int(number) > 100):
        raise typer.BadParameter(f"{text!r} is neither a number nor a percentage", param_hint="--max-deletes")
    return Limit(int(number), percent)


def supplied(values: Sequence[str]) -> dict[str, Json]:
    """The values of `--set`: `step.name=text`, or `@file.json` with one object."""
    from prefect_reconcile.model import Filled

    found: dict[str, Json] = {}
    for one in values:
        name, has_value, value = one.partition("=")
        if one.startswith("@"):
            found.update(dotted(_values_of(Path(one[1:]))))
        elif has_value and _NAME.fullmatch(name):
            found[name] = Filled(value)
        elif has_value and name:
            what = f"{name!r} cannot be the name of a placeholder: use letters, digits, - _ and ."
            raise typer.BadParameter(what, param_hint="--set")
        else:
            raise typer.BadParameter(f"{one!r} is not NAME=VALUE", param_hint="--set")
    return found


def _values_of(file: Path) -> dict[str, Json]:
    import json

    try:
        values = json.loads(
            file.read_text("utf-8"), object_pairs_hook=_distinct, parse_float=_finite, parse_constant=_finite
        )
        json.dumps(values, ensure_ascii=False).encode()
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{file} cannot be read as JSON: {error}", param_hint="--set") from None
    except RecursionError:
        raise typer.BadParameter(f"{file} is nested too deeply", param_hint="--set") from None
    if not isinstance(values, dict):
        raise typer.BadParameter(f"{file} holds no JSON object", param_hint="--set")
    if _depth(values) > MAX_DEPTH:
        raise typer.BadParameter(f"{file} is nested more than {MAX_DEPTH} levels deep", param_hint="--set")
    return values


def _distinct(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    values = dict(pairs)
    if len(values) < len(pairs):
        twice = next(name for index, (name, _) in enumerate(pairs) if name in dict(pairs[:index]))
        raise ValueError(f"the key {twice!r} is there twice")
    return values


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text} is no number of JSON")
    return number


def _depth(value: Json) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0)


def dotted(values: dict[str, Json], prefix: str = "") -> dict[str, Json]:
    """`{"step": {"name": "text"}}` → `{"step": {…}, "step.name": "text"}`."""
    found: dict[str, Json] = {}
    for name, value in values.items():
        found[prefix + name] = value
        if isinstance(value, dict):
            found.update(dotted(value, f"{prefix}{name}."))
    return found
