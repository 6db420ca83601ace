"""The configuration of a project: `reconcile.toml`, or `[tool.reconcile]` of `pyproject.toml`.

It comes from the repository that is reconciled, so nothing in it is trusted, and all that is wrong with it is
told at once, each problem with its place.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Final, cast

from pydantic import ValidationError

from prefect_reconcile.errors import InvalidConfigError
from prefect_reconcile.kinds import findings
from prefect_reconcile.model import Finding, Json, JsonObject, Problem, Severity, Source, path_text
from prefect_reconcile.model import Path as KeyPath
from prefect_reconcile.settings import toml_file
from prefect_reconcile.settings.config_keys import Config
from prefect_reconcile.settings.sources import refuse
from prefect_reconcile.settings.toml_file import TomlFile
from prefect_reconcile.spelling import did_you_mean

OWN_FILE: Final = "reconcile.toml"
PYPROJECT: Final = "pyproject.toml"
_TABLE: Final = ("tool", "reconcile")

MAX_PROBLEMS: Final = 100
"""Nobody corrects more at once, and a hostile text could have a hundred thousand."""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A configuration, and where everything in it stands."""

    config: Config
    source: TomlFile = field(repr=False)
    table: KeyPath = ()
    """What leads to the configuration in the file: `tool.reconcile` in a `pyproject.toml`."""
    is_named: bool = False
    """Whether `--config` named the file."""
    hints: tuple[Problem, ...] = ()

    @property
    def file(self) -> str:
        """The file's name for people, relative to the working directory if below it."""
        return self.source.file

    @property
    def folder(self) -> Path:
        """What paths in it are relative to, as seen from the working directory: `.` if it is that."""
        return self.source.folder

    @property
    def text(self) -> bytes:
        """The file."""
        return self.source.text

    def locate(self, path: KeyPath, *, key: bool = False) -> Source:
        """Where the value at a path is written, or with `key` its key; else its nearest ancestor."""
        return _locate(self.source, self.spell(path), key=key)

    def spell(self, path: KeyPath) -> KeyPath:
        """The whole path in the file."""
        return (*self.table, *path)


def read_config(directory: Path, named: Path | None = None) -> ConfigFile | None:
    """The configuration in the working directory `directory`, or in the file that `--config` names.

    `reconcile.toml` beats `pyproject.toml`. None if there is none; a named file has to be there.
    Raises `InvalidConfigError` with every problem of the file, or `InvalidSettingsError`.
    """
    if named is not None:
        return _read_named(directory, named)
    _refuse_links(directory)
    own = toml_file.read(directory, Path(OWN_FILE))
    if own is None:
        project = _project(directory)
        return ConfigFile(_checked(project, _TABLE), project, _TABLE) if project else None
    hints = []
    with suppress(InvalidConfigError):  # what else is wrong with that file does not matter here
        if project := _project(directory):
            what = f"is not read, for there is a {OWN_FILE}"
            place = _locate(project, _TABLE, key=True)
            hints.append(Problem(place, path_text(_TABLE), what, "keep one of the two", Severity.HINT))
    return ConfigFile(_checked(own, ()), own, hints=tuple(hints))


def _refuse_links(directory: Path) -> None:
    """Raises for a file that is elsewhere and nobody named: a pull request could have any file quoted."""
    for name in (OWN_FILE, PYPROJECT):
        path = directory / name
        target = Path(os.path.realpath(path))
        if path.is_symlink() and not (target.is_relative_to(directory.resolve()) and target.exists()):
            remedy = "replace it with the file, or name the file with --config"
            refuse(name, "is a link that leads out of its folder, or nowhere", remedy)


def _read_named(directory: Path, named: Path) -> ConfigFile:
    source = toml_file.read(directory, named)
    if source is None:
        refuse("option --config", f"there is no file {str(named)!r}", "correct the path")
    table = _TABLE if named.name == PYPROJECT else ()
    if table and not _is_ours(source):
        refuse("option --config", f"{source.file} has no [tool.reconcile]", "add it, or name another file")
    return ConfigFile(_checked(source, table), source, table, is_named=True)


def _project(directory: Path) -> TomlFile | None:
    """The `pyproject.toml` if it has our table. What has not even the word is left to others."""
    source = toml_file.read(directory, Path(PYPROJECT), marker=_TABLE[-1].encode())
    return source if source and _is_ours(source) else None


def _is_ours(project: TomlFile) -> bool:
    tool = project.table.get(_TABLE[0])
    return isinstance(tool, dict) and _TABLE[1] in tool


def _locate(source: TomlFile, path: KeyPath, *, key: bool) -> Source:
    return Source(source.file, *(source.places.nearest(path, key=key) or ()))


# --- From a table to a configuration ---


def _checked(source: TomlFile, table: KeyPath) -> Config:
    """The configuration. Raises `InvalidConfigError`."""
    value: object = source.table
    for step in table:
        value = cast("Mapping[object, object]", value)[step]
    found: list[Finding] = []
    plain = _plain(value, (), found)
    config = None
    try:
        config = Config.model_validate(plain)
    except ValidationError as error:
        found += [_in_toml(one, table) for one in findings.translate(error, Config)]
    if isinstance(plain, dict):
        found += _conflicts(plain, table)
    if config is None or found:
        problems = sorted({_problem(source, table, one) for one in found})[:MAX_PROBLEMS]
        raise InvalidConfigError(problems, (), {source.file: source.text})
    return config


def _problem(source: TomlFile, table: KeyPath, finding: Finding) -> Problem:
    path = (*table, *finding.path)
    place = _locate(source, path, key=finding.on_key)
    return Problem(place, path_text(path), finding.what, finding.remedy)


def _plain(value: object, path: KeyPath, found: list[Finding]) -> Json:
    """A value of TOML as one of JSON; `found` grows with what JSON cannot hold.

    Dates and times are what they are to the loader of manifests: ISO 8601, with `Z` for UTC.
    """
    match value:
        case dict():
            return {key: _plain(one, (*path, key), found) for key, one in value.items()}
        case list():
            return [_plain(one, (*path, index), found) for index, one in enumerate(value)]
        case date() | time() | datetime():
            return re.sub(r"\+00:00$", "Z", value.isoformat())
        case float() if not math.isfinite(value):
            found.append(Finding(path, f"{value} is no number of JSON", "write a finite number"))
            return 0.0
        case _:
            return cast("Json", value)


def _in_toml(finding: Finding, table: KeyPath) -> Finding:
    """A finding in the words of TOML, and about a table's name if it is that which is wrong."""
    path = finding.path
    if path[-1:] == ("[key]",):
        return replace(finding, path=path[:-1], on_key=True)
    if finding.stray and path[:1] == ("targets",) and path[-1] in Config.model_fields:
        return replace(
            finding, what="counts for all targets", remedy="move it to the top, before any [table]"
        )
    what = re.sub(r"^expected a mapping|found a mapping$", lambda one: one[0][:-7] + "table", finding.what)
    remedy = finding.remedy.replace(
        "write a mapping, as in key: value", f"write [{path_text((*table, *path))}]"
    )
    return replace(finding, what=what, remedy=remedy)


def _conflicts(config: JsonObject, table: KeyPath) -> Iterator[Finding]:
    """What keys say against each other."""
    targets = config.get("targets")
    named = targets if isinstance(targets, dict) else {}
    yield from _conflicts_of_target(config, ())
    for name, target in named.items():
        if isinstance(target, dict):
            yield from _conflicts_of_target(target, ("targets", name))
    default = config.get("default_target")
    if isinstance(default, str) and default not in named:
        names = sorted(named)
        add = f"add [{path_text((*table, 'targets', default))}]"
        remedy = did_you_mean(default, names, f"choose one of {', '.join(names)}" if names else add)
        yield Finding(("default_target",), f"there is no target {findings.shown(default)}", remedy)


def _conflicts_of_target(target: JsonObject, path: KeyPath) -> Iterator[Finding]:
    if "api_url" in target and "profile" in target:
        what = "api_url and profile are both given"
        yield Finding((*path, "profile"), what, "keep one of them", on_key=True)
    defaults = target.get("defaults")
    if isinstance(defaults, dict) and "name" in defaults:
        what = "all deployments would have one name"
        yield Finding((*path, "defaults", "name"), what, "write it in each manifest", on_key=True)
