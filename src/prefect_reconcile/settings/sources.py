"""Where settings come from, and what each place says. Only this module reads those files.

The sources, highest first, as in Prefect 3.8.8: environment, `.env`, `prefect.toml` and `[tool.prefect]` of
`pyproject.toml`, all three in the working directory, and the active profile.
"""

from __future__ import annotations

import io
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from prefect_reconcile.errors import InvalidSettingsError
from prefect_reconcile.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_KEYS = (
    "api.url",
    "api.key",
    "api.auth_string",
    "api.tls_insecure_skip_verify",
    "api.ssl_cert_file",
    "api.enable_http2",
    "client.custom_headers",
)

# `prefect/settings/profiles.toml` of the package, which counts where the user has no such file.
_LOCAL: dict[str, object] = {"PREFECT_API_URL": "http://127.0.0.1:4200/api"}
_BUILT_IN: dict[str, object] = {"cloud": {}, "ephemeral": {}, "local": _LOCAL, "test": {}}

ENVIRONMENT = "environment variable"
_PROFILES_PATH = "PREFECT_PROFILES_PATH"
_BUILT_IN_PLACE = "Prefect's built-in profiles"

# Environment variables that hold no secret, so that `.env` may build a value with them.
_HARMLESS = {"HOME", "PWD", "USER"}

_Table: TypeAlias = "Mapping[str, object]"
"""A TOML table, or variables, as found: nothing in it has been checked."""


@dataclass(frozen=True, slots=True)
class Source:
    """One place that sets things. `values` are by Prefect's dotted names: `{"api.url": "http://…"}`.

    `spell` gives the place's own name for a dotted one; `item` is what one of its settings is called, if not
    a line of a file.
    """

    name: str
    values: _Table = field(repr=False)
    spell: Callable[[str], str]
    item: str = ""
    is_configuration: bool = False
    """Whether it is our own configuration, which may say a URL and nothing else."""


@dataclass(frozen=True, slots=True)
class Server:
    """What a configuration says of the server: a URL or a profile, or neither.

    `place` is for people, `reconcile.toml:14`, and `key` what it is called there: `targets.prod.api_url`.
    """

    place: str
    key: str
    api_url: str | None = None
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """One value of one source. Its text says where it stands, never what it is."""

    source: Source
    key: str

    @property
    def value(self) -> object:
        return self.source.values[self.key]

    @property
    def name(self) -> str:
        return self.source.spell(self.key)

    def refuse(self, what: str, remedy: str) -> NoReturn:
        refuse(f"{self.source.name}: {self.name}", what, remedy)


def find(sources: Iterable[Source], key: str) -> Setting | None:
    """The setting of the highest source that has it. An empty value counts: it hides the lower ones."""
    return next((Setting(source, key) for source in sources if key in source.values), None)


def refuse(where: object, what: str, remedy: str) -> NoReturn:
    raise InvalidSettingsError(f"{where}: {what}; {remedy}") from None


def _variable(key: str) -> str:
    """`api.url` → `PREFECT_API_URL`."""
    return "PREFECT_" + key.replace(".", "_").upper()


def read_sources(
    environ: Mapping[str, str],
    directory: Path,
    chosen: tuple[str | None, str | None, Server | None],
    *,
    trusted: bool,
) -> list[Source]:
    """All sources, highest first; the last is a profile.

    `chosen` are `--api-url`, `--profile`, and what the configuration says, which each option beats.
    """
    api_url, profile, server = chosen
    dotenv, prefect, project = (directory / name for name in (".env", "prefect.toml", "pyproject.toml"))
    variables = _dotenv(dotenv, environ, trusted=trusted)
    config, tool = _toml(prefect), _toml(project, "tool", "prefect")
    redirects = (variables.get(_PROFILES_PATH), config.get("profiles_path"), tool.get("profiles_path"))
    file = _profiles_file(environ, directory, (environ.get(_PROFILES_PATH), *redirects))
    given = (
        []
        if api_url is None
        else [Source("command line", {"api.url": api_url}, lambda _: "--api-url", "option")]
    )
    if profile is not None:
        return [*given, _named_profile(file, profile, "option --profile")]
    if server and server.profile is not None:
        return [*given, _named_profile(file, server.profile, f"{server.place}: {server.key}")]
    if server and server.api_url is not None and not given:
        given = [_of_configuration(server)]
    return [
        *given,
        Source("environment", _of_variables(environ), _variable, ENVIRONMENT),
        Source(str(dotenv), _of_variables(variables), _variable),
        _of_toml(prefect, config, ""),
        _of_toml(project, tool, "tool.prefect."),
        _active_profile(file, environ.get("PREFECT_PROFILE")),
    ]


def _of_configuration(server: Server) -> Source:
    """The URL alone. It comes from the repository, so what other sources lend is not meant for it."""
    return Source(server.place, {"api.url": server.api_url}, lambda _: server.key, is_configuration=True)


def set_in_environment(environ: Mapping[str, str], key: str) -> str | None:
    """What the environment says of a dotted name."""
    value = _of_variables(environ).get(key)
    return None if value is None else str(value)


def _of_variables(variables: _Table) -> _Table:
    """`{"PREFECT_API_URL": x}` → `{"api.url": x}`. As in Prefect, any case counts and the last wins."""
    upper = {name.upper(): value for name, value in variables.items()}
    return {key: upper[_variable(key)] for key in _KEYS if _variable(key) in upper}


def _of_toml(path: Path, table: _Table, prefix: str) -> Source:
    """`{"api": {"url": x}}` → `{"api.url": x}`."""
    values = {}
    for key in _KEYS:
        section, name = key.split(".")
        found = _table(path, table, section)
        if name in found:
            values[key] = found[name]
    return Source(str(path), values, prefix.__add__)


def _profiles_file(environ: Mapping[str, str], directory: Path, named: Iterable[object]) -> Path | None:
    """The first file named, else that in Prefect's home; None if that home is the default and has none."""
    for name in named:
        if name:
            return directory / str(name)
    if home := environ.get("PREFECT_HOME"):
        return directory / home / "profiles.toml"
    try:
        file = Path(environ.get("HOME") or Path.home()) / ".prefect" / "profiles.toml"
    except RuntimeError:  # a container whose user has no home
        return None
    return None if _content(file) is None else file


def _active_profile(file: Path | None, wanted: str | None) -> Source:
    """What Prefect uses: `wanted` (`PREFECT_PROFILE`), else `active`, else its default, which is empty."""
    document = _toml(file) if file else {"profiles": _BUILT_IN}
    name = wanted or document.get("active")
    profiles = _table(file, document, "profiles")
    if isinstance(name, str) and name in profiles:
        return _of_profile(file, profiles, name)
    unknown = f" (there is no profile {name!r} in {file or _BUILT_IN_PLACE})" if name else ""
    return Source(f"profile 'ephemeral', Prefect's default{unknown},", {}, _variable)


def _named_profile(file: Path | None, name: str, chosen_by: str) -> Source:
    """The profile of `--profile` or of a target, which may also be one that Prefect brings along."""
    own = _table(file, _toml(file), "profiles") if file else {}
    if name in own:
        return _of_profile(file, own, name)
    if name in _BUILT_IN:
        return _of_profile(None, _BUILT_IN, name)
    names = sorted({*own, *_BUILT_IN})
    remedy = did_you_mean(name, names, "choose one of them")
    where = file or _BUILT_IN_PLACE
    refuse(chosen_by, f"there is no profile {name!r} in {where}, only {', '.join(names)}", remedy)


def _of_profile(file: Path | None, profiles: _Table, name: str) -> Source:
    table = _table(file, {"profiles": profiles}, "profiles", name)
    values = {key: table[_variable(key)] for key in _KEYS if _variable(key) in table}
    return Source(f"profile {name!r} in {file or _BUILT_IN_PLACE}", values, _variable)


def _content(path: Path) -> str | None:
    """The text of a file; None if there is none. A directory `.env` is somebody's virtual environment."""
    try:
        return path.read_bytes().decode("utf-8-sig") if path.is_file() or path.is_fifo() else None
    except OSError as error:
        refuse(path, f"cannot be read ({error.strerror})", "check its permissions")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        refuse(f"{path}:{line}", "is not UTF-8 text", "save the file as UTF-8")


def _toml(path: Path, *names: str) -> _Table:
    """The table of a TOML file that `names` lead to; empty if the file or the table is missing."""
    try:
        document = tomllib.loads(_content(path) or "")
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+), column (\d+)", str(error))
        where = f"{path}:{place[1]}:{place[2]}" if place else path
        refuse(where, f"is not TOML ({str(error).rsplit(' (at', 1)[0]})", "correct the file")
    return _table(path, document, *names)


def _table(path: Path | None, document: _Table, *names: str) -> _Table:
    for depth, name in enumerate(names, start=1):
        found = document.get(name, {})
        if not isinstance(found, dict):
            refuse(path, f"{'.'.join(names[:depth])} is not a table", f"write [{'.'.join(names[:depth])}]")
        document = found
    return document


def _dotenv(path: Path, environ: Mapping[str, str], *, trusted: bool) -> dict[str, str]:
    """The variables of a `.env` file, `${NAME}` and `${NAME:-default}` filled in as Prefect does.

    Unless `trusted`, a setting of ours made from the environment is refused: a pull request could write
    `PREFECT_API_KEY=${SECRET}` below a URL of its own.
    """
    from dotenv.variables import Variable, parse_variables

    values: dict[str, str | None] = {}
    borrowed: set[str] = set()
    for where, name, value in _assignments(path):
        atoms = list(parse_variables(value or ""))
        used = {atom.name for atom in atoms if isinstance(atom, Variable)}
        if foreign := sorted((used & borrowed) | ((used & environ.keys()) - values.keys() - _HARMLESS)):
            borrowed.add(name)
            if not trusted and name.upper() in (_PROFILES_PATH, *map(_variable, _KEYS)):
                what = f"{name} is made with ${{{foreign[0]}}} of the environment, which may be a secret"
                refuse(where, what, "write the value out, or pass --trust-api-url")
        scope = {**environ, **values}
        values[name] = None if value is None else "".join(atom.resolve(scope) for atom in atoms)
    return {name: value for name, value in values.items() if value is not None}


def _assignments(path: Path) -> Iterator[tuple[str, str, str | None]]:
    """File and line, name, raw value. Prefect skips lines that it cannot read; one of ours is refused."""
    from dotenv.parser import parse_stream

    for binding in parse_stream(io.StringIO(_content(path) or "")):
        text = binding.original.string
        where = f"{path}:{binding.original.line + text[: len(text) - len(text.lstrip())].count(chr(10))}"
        if binding.error and "PREFECT_" in text.upper():
            refuse(where, "is not NAME=value", "correct the line; perhaps a quote is open")
        if binding.key is not None:
            yield where, binding.key, binding.value
