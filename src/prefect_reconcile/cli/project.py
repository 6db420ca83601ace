"""What the options and the configuration make of the repository in the working directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from prefect_reconcile.cli import output
from prefect_reconcile.cli.options import Chosen, ServerOptions, dotted
from prefect_reconcile.errors import InvalidConfigError, InvalidManifestsError
from prefect_reconcile.loader.layers import Layer
from prefect_reconcile.loader.manifests import Inputs, Loaded, load
from prefect_reconcile.loader.placeholders import Values
from prefect_reconcile.model import Adjustments, Problem, Severity
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
        if file is None:
            return load(self.chosen.files, self._inputs())
        _keep_inside(self.directory, self.effective, file)
        loaded = load(self.chosen.files or self.effective.paths or (), self._inputs())
        hints = (*file.hints, *_no_target(self.effective, file), *loaded.hints)
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
        output.say("".join(f"hint: {hint}\n" for hint in found.hints))
        return found

    def _inputs(self) -> Inputs:
        chosen, made = self.chosen, self.effective
        root = chosen.entrypoint_root
        if root is None and made.entrypoint_root is not None:
            root = Path(made.entrypoint_root)
        return Inputs(
            self.directory,
            Values({**dotted(made.values), **chosen.values}, os.environ),
            entrypoint_root=root and self.directory / root,
            defaults=Layer(made.defaults, made.locate_default, made.spell_default) if made.defaults else None,
            overlays=made.overlays,
            apart=_overlays(made.file) if made.file else (),
            adjustments=Adjustments(made.name_prefix, made.name_suffix, made.tags, made.paused),
            lenient=chosen.lenient,
            allow_empty=chosen.allow_empty,
        )


def _keep_inside(directory: Path, made: Effective, file: ConfigFile) -> None:
    """Raises for a path that leads out of the configuration's folder.

    It comes with the repository, and a pull request could have any file of the machine read and quoted.
    """
    root = (directory / file.folder).resolve()
    named = {"paths": made.paths or (), "overlays": made.overlays}
    named["entrypoint_root"] = (made.entrypoint_root,) if made.entrypoint_root is not None else ()
    problems = [
        Problem(source, name, f"leads out of the folder of {file.file}", "name what is below it")
        for name, paths in named.items()
        for path, source in zip(paths, made.sources.get(name, ()), strict=True)
        if not (directory / path).resolve().is_relative_to(root)
    ]
    if problems:
        raise InvalidConfigError(problems, (), {file.file: file.text})


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
    file = read_config(directory, chosen.config)
    return Project(directory, chosen, effective(file, chosen.target, target_chosen_by))


def all_targets(chosen: Chosen) -> dict[str, Project]:
    """The project for each of its targets."""
    directory = Path.cwd()
    file = read_config(directory, chosen.config)
    names = sorted(file.config.targets) if file else []
    return {name: Project(directory, chosen, effective(file, name)) for name in names}


@contextmanager
def quoting(loaded: Loaded) -> Iterator[None]:
    """Adds the files, and hints that have not been told, to what is found wrong with manifests later."""
    try:
        yield
    except InvalidManifestsError as error:
        raise InvalidManifestsError(error.problems, loaded.hints, loaded.texts) from None
