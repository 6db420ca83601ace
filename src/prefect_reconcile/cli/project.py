"""What the options and the configuration make of the repository in the working directory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from glob import has_magic
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, cast

from prefect_reconcile import secrecy
from prefect_reconcile.cli import output
from prefect_reconcile.cli.options import Chosen, ServerOptions, dotted
from prefect_reconcile.errors import InvalidConfigError, InvalidManifestsError, InvalidSettingsError
from prefect_reconcile.loader.discovery import matches
from prefect_reconcile.loader.drafts import fill
from prefect_reconcile.loader.layers import Layer
from prefect_reconcile.loader.manifests import Inputs, Loaded, default_path, load
from prefect_reconcile.loader.placeholders import Values, unfilled
from prefect_reconcile.model import (
    Adjustments,
    Ignore,
    Json,
    JsonObject,
    Problem,
    Severity,
    Source,
    path_text,
)
from prefect_reconcile.settings import (
    ConfigFile,
    Connection,
    Effective,
    connection,
    effective,
    read_config,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Project:
    """The manifests of one target, and its server. `directory` is the working directory."""

    directory: Path
    chosen: Chosen
    effective: Effective

    def load(self) -> Loaded:
        """Reads the manifests; hints of the configuration are added. Raises `InvalidManifestsError`."""
        file = self.effective.file
        if file is not None:
            _check_paths(self.directory, self.effective, file)
        inputs = self._inputs()
        if file is None:
            return _with_unused(load(self.chosen.files, inputs), self.chosen.values, inputs.values)
        with _quoting_too(file):
            loaded = load(self.chosen.files or self.effective.paths or (), inputs)
        loaded = _with_unused(loaded, self.chosen.values, inputs.values)
        hints = (
            *file.hints,
            *_no_target(self.effective, file),
            *_unknown_secrets(self.effective, inputs.values),
            *loaded.hints,
        )
        return replace(loaded, hints=hints, texts={**loaded.texts, file.file: file.text})

    def connect(self, server: ServerOptions) -> Connection:
        """The connection that options, target and Prefect's settings describe. Says what is worth knowing."""
        found = connection(
            os.environ,
            self.directory,
            api_url=server.api_url,
            profile=server.profile,
            trust_api_url=server.trust_api_url,
            server=self.effective.server,
        )
        secrecy.lend(*_credentials(found))
        output.say("".join(f"hint: {hint}\n" for hint in found.hints))
        return found

    def check_prune(self, given_owner: str | None) -> None:
        """Raises where to prune this target could delete what another one declares.

        That is so where both have one owner and may have one server. `given_owner` is that of the option.
        """
        file, mine = self.effective.file, self.effective
        owner = given_owner or mine.owner
        others = [effective(file, name) for name in sorted(file.config.targets)] if file else []
        for other in others:
            servers = [(one.api_url, one.profile) for one in (mine, other)]
            apart = (None, None) not in servers and servers[0] != servers[1]
            if other.target != mine.target and not apart and (given_owner or other.owner) == owner:
                raise InvalidSettingsError(
                    f"option --prune: it could delete what target {other.target} declares, which has the"
                    f" owner {owner} too, and perhaps the same server; write an owner for each target"
                )

    def left_out(self) -> list[str]:
        """The paths that are read without `-f`, and are not among those that `-f` names."""
        first = default_path(self.directory)
        default = self.effective.paths or ((first,) if first else ())
        files, found = (
            [one for path in paths for one in matches(path, self.directory)]
            for paths in (self.chosen.files, default)
        )
        named = [(self.directory / one).resolve() for one in files]
        return [one for one in found if not any(map((self.directory / one).resolve().is_relative_to, named))]

    @property
    def secrets(self) -> list[Json]:
        """What the values and variables say that the configuration declares secret, or whose names say so."""
        named = self.effective.secret_values
        found = [
            value
            for source in self._values()
            for name, value in source.items()
            if name in named or (isinstance(value, str) and secrecy.is_secret((name,)))
        ]
        return [*found, *(os.environ[name] for name in named if name in os.environ)]

    def _values(self) -> tuple[dict[str, Json], ...]:
        return dotted(self.effective.values), self.chosen.values

    def _inputs(self) -> Inputs:
        chosen, made = self.chosen, self.effective
        root = chosen.entrypoint_root
        if root is None and made.entrypoint_root is not None:
            root = Path(made.entrypoint_root)
        values = Values({**dotted(made.values), **chosen.values}, os.environ)
        if root is not None and not (self.directory / root).is_dir():
            raise InvalidSettingsError(f"entrypoint root: there is no folder {str(root)!r}; correct it")
        return Inputs(
            self.directory,
            values,
            entrypoint_root=root and self.directory / root,
            defaults=Layer(made.defaults, made.locate_default, made.spell_default) if made.defaults else None,
            overlays=made.overlays,
            apart=_overlays(made.file) if made.file else (),
            adjustments=_adjustments(made, values),
            lenient=chosen.lenient,
            ignore=tuple(map(Ignore, made.ignore, made.sources.get("ignore", ()))),
            allow_empty=chosen.allow_empty,
        )


@contextmanager
def _quoting_too(file: ConfigFile) -> Iterator[None]:
    """Adds the configuration to the files that are quoted."""
    try:
        yield
    except InvalidManifestsError as error:
        texts = {**error.texts, file.file: file.text}
        raise InvalidManifestsError(error.problems, (*file.hints, *error.hints), texts) from None


def _with_unused(loaded: Loaded, given: Mapping[str, Json], values: Values) -> Loaded:
    """Adds a warning for each name of `--set` that no manifest has."""
    what, remedy = "no manifest has a placeholder of this name", "correct it, or leave it out"
    warnings = [
        Problem(Source("option --set"), name, what, remedy, Severity.WARNING)
        for name in given
        # What a file holds is used where any part of it is.
        if name.rpartition(".")[0] not in given and not any(_is_part(one, name) for one in values.used)
    ]
    return replace(loaded, hints=(*warnings, *loaded.hints))


def _is_part(used: str, name: str) -> bool:
    return used == name or used.startswith((f"{name}.", f"{name}["))


def _check_paths(directory: Path, made: Effective, file: ConfigFile) -> None:
    """Raises for a path that is not there, or leads out of the configuration's folder.

    It comes with the repository, and a pull request could have any file of the machine read and quoted.
    """
    root = (directory / file.folder).resolve()
    named = {"paths": made.paths or (), "overlays": made.overlays}
    named["entrypoint_root"] = (made.entrypoint_root,) if made.entrypoint_root is not None else ()
    problems = []
    for name, paths in named.items():
        for path, source in zip(paths, made.sources.get(name, ()), strict=True):
            if not (directory / path).resolve().is_relative_to(root):
                what = f"leads out of the folder of {file.file}"
                problems.append(Problem(source, name, what, "name what is below it"))
            elif not matches(path, directory) or not (has_magic(path) or (directory / path).exists()):
                problems.append(Problem(source, name, f"there is no {path}", "correct it"))
    if problems:
        raise InvalidConfigError(problems, (), {file.file: file.text})


def _adjustments(made: Effective, values: Values) -> Adjustments:
    """What the target does to each resource, its placeholders filled."""
    written: JsonObject = {
        "name_prefix": made.name_prefix,
        "name_suffix": made.name_suffix,
        "tags": [*made.tags],
    }
    filled = fill(written, values)
    problems = [
        Problem(made.sources[str(one.path[0])][0], path_text(one.path), one.what, one.remedy)
        for one in unfilled(filled)
    ]
    if problems and made.file:
        raise InvalidConfigError(problems, (), {made.file.file: made.file.text})
    tags = cast("list[str]", filled["tags"])
    return Adjustments(str(filled["name_prefix"]), str(filled["name_suffix"]), tuple(tags), made.paused)


def _unknown_secrets(made: Effective, values: Values) -> Iterator[Problem]:
    """A warning for each name of `secret_values` that no value has: a misspelt one protects nothing."""
    for name, source in zip(made.secret_values, made.sources.get("secret_values", ()), strict=True):
        if name not in values.given and name not in values.environ:
            what = f"{name} is neither a value nor set in the environment"
            remedy = "correct it, or leave it out"
            yield Problem(source, "secret_values", what, remedy, Severity.WARNING)


def _no_target(made: Effective, file: ConfigFile) -> Iterator[Problem]:
    if made.target is None and file.config.targets:
        names = ", ".join(sorted(file.config.targets))
        what = "no target is chosen, so only what counts for all of them does"
        source = file.locate(("targets",), key=True)
        yield Problem(source, "", what, f"choose one with --target: {names}", Severity.HINT)


def _overlays(file: ConfigFile) -> Sequence[str]:
    """Those of every target, as seen from the working directory."""
    tables = (file.config, *file.config.targets.values())
    return [str(PurePath(file.folder, one)) for table in tables for one in table.overlays]


def open_project(chosen: Chosen, target_chosen_by: str = "option --target") -> Project:
    """The project in the working directory. Raises `InvalidInputError` for its configuration."""
    directory = Path.cwd()
    _keep_secrets()
    file = read_config(directory, chosen.config)
    project = Project(directory, chosen, effective(file, chosen.target, target_chosen_by))
    _keep_secrets(project)
    return project


def all_targets(chosen: Chosen) -> dict[str, Project]:
    """The project for each of its targets."""
    directory = Path.cwd()
    _keep_secrets()
    file = read_config(directory, chosen.config)
    names = sorted(file.config.targets) if file else []
    projects = {name: Project(directory, chosen, effective(file, name)) for name in names}
    _keep_secrets(*projects.values())
    return projects


_CREDENTIALS = ("PREFECT_API_KEY", "PREFECT_API_AUTH_STRING")


def _keep_secrets(*projects: Project) -> None:
    """Begins a run, in which what these projects declare, and the environment authorises with, is masked."""
    keys = [key for one in projects for key in one.effective.secret_keys]
    secrecy.begin(keys, [secret for one in projects for secret in one.secrets])
    key, auth_string = (os.environ.get(name, "") for name in _CREDENTIALS)
    secrecy.lend(key, *_parts(auth_string))


def _credentials(connection: Connection) -> Iterator[str]:
    yield connection.key or ""
    yield from _parts(connection.auth_string or "")
    for _, value in connection.headers:
        # `Bearer …` and `Basic …`: what follows can appear without the word.
        yield from (value, value.rpartition(" ")[2])


def _parts(auth_string: str) -> tuple[str, str]:
    """An auth string, which is sent in base64, and the password in it."""
    return auth_string, auth_string.partition(":")[2]


@contextmanager
def quoting(loaded: Loaded) -> Iterator[None]:
    """Adds the files, and hints that have not been told, to what is found wrong with manifests later."""
    try:
        yield
    except InvalidManifestsError as error:
        raise InvalidManifestsError(error.problems, loaded.hints, loaded.texts) from None
