"""Reading all manifests of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from prefect_reconcile.errors import InvalidManifestsError
from prefect_reconcile.kinds.protocol import CodeLookup, Kind
from prefect_reconcile.kinds.registry import KINDS
from prefect_reconcile.loader.code import Code
from prefect_reconcile.loader.discovery import PREFECT_YAML, ManifestFile, discover
from prefect_reconcile.loader.document import MAX_BYTES, Document, parse
from prefect_reconcile.loader.placeholders import Filling, Kept, Placeholder, Put, Values, variable
from prefect_reconcile.loader.prefect_yaml import Entry, Surroundings, entries
from prefect_reconcile.model import (
    Desired,
    Finding,
    JsonObject,
    Manifest,
    Problem,
    Source,
    path_text,
    repetitions,
)
from prefect_reconcile.model import Path as KeyPath
from prefect_reconcile.spelling import did_you_mean

DEFAULT_PATHS = ("deployments", PREFECT_YAML)
"""What is read when no path is given: the first that is there."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The resources that manifests want, in the order of the files, and hints for their authors."""

    desired: tuple[Desired, ...]
    hints: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What manifests are read with: the working directory, which is the repository's root, the
    values of placeholders."""

    directory: Path
    values: Values = field(default_factory=Values)


def load(paths: Sequence[str], inputs: Inputs, kinds: Mapping[str, Kind] = KINDS) -> Loaded:
    """Reads the manifests at some paths.

    Relative paths start at the working directory. Code is looked at only below it, and below the folder
    of the manifest that names it.
    Raises `InvalidManifestsError` with every problem found, also when there is no manifest at all.
    """
    files, problems = discover(paths or _default(inputs.directory), inputs.directory)
    desired: list[Desired] = []
    hints: list[Problem] = []
    code = Code(inputs.directory)
    for file in files:
        documents, unreadable = _documents(file)
        problems += unreadable
        for document in documents:
            reader = _Reader(document, inputs, code.lookup(file.path.parent), kinds)
            reader.read()
            desired += reader.desired
            problems += reader.problems
            hints += reader.hints
    problems += repetitions(desired)
    if not desired and not problems:
        problems.append(_nothing(paths))
    if problems:
        raise InvalidManifestsError(sorted(set(problems)))
    return Loaded(tuple(desired), tuple(sorted(set(hints))))


def _default(directory: Path) -> Sequence[str]:
    for path in DEFAULT_PATHS:
        if (directory / path).exists():
            return [path]
    what = f"no manifests were named, and there is no {' or '.join(DEFAULT_PATHS)} here"
    raise InvalidManifestsError([Problem(Source("."), "", what, "name a file or folder with --file")])


def _nothing(paths: Sequence[str]) -> Problem:
    # An empty set is more often a mistake than a wish, and obeying it could mean to delete everything.
    where = " ".join(paths) or "."
    return Problem(Source(where), "", "there is no manifest here", "check the path, or add a manifest")


def _documents(file: ManifestFile) -> tuple[list[Document], list[Problem]]:
    try:
        with file.path.open("rb") as stream:
            # One byte more than is allowed tells that a file is too large without reading all of it.
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        return [], [
            Problem(Source(file.shown), "", f"cannot be read: {error.strerror}", "check its permissions")
        ]
    return parse(file.shown, data)


@dataclass(slots=True)
class _Reader:
    """Reads one document, of either dialect."""

    document: Document
    inputs: Inputs
    code: CodeLookup
    kinds: Mapping[str, Kind]
    desired: list[Desired] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    hints: list[Problem] = field(default_factory=list)

    def read(self) -> None:
        value = self.document.value
        if not isinstance(value, dict):
            self._refuse(Finding((), "expected a manifest, which is a mapping", "begin with name: …"))
        elif "deployments" in value and "kind" not in value:
            self._read_prefect_yaml(value)
        else:
            self._read_native(value)

    def _read_native(self, value: JsonObject) -> None:
        filling = Filling(self._decide)
        filled = {key: filling.fill(one, (key,)) for key, one in value.items()}
        name = filled.pop("kind", next(iter(self.kinds)))
        kind = self.kinds.get(name) if isinstance(name, str) else None
        if kind is None:
            remedy = did_you_mean(str(name), self.kinds, f"write one of {', '.join(self.kinds)}")
            self._refuse(Finding(("kind",), f"unknown kind {name!r}", remedy))
            return
        manifest, findings = kind.read(filled, self.code)
        self._refuse(*filling.findings, *findings)
        if manifest and not filling.findings:
            self.hints += map(self._problem, manifest.hints)
            self._want(kind, manifest, (), {}, self.document.locate)

    def _decide(self, path: KeyPath, placeholder: Placeholder) -> Kept | Put | Finding:
        # What is no reference to a value is no template here: it may be one for Prefect's worker.
        if placeholder.variable is None:
            return Kept()
        return variable(path, placeholder, self.inputs.values)

    def _read_prefect_yaml(self, value: JsonObject) -> None:
        directory = self.inputs.directory.absolute().as_posix()
        around = Surroundings(self.inputs.values, directory, self.code)
        for one in entries(value, around):
            if isinstance(one, Entry):
                self._read_entry(one)
            else:
                self._refuse(one)

    def _read_entry(self, entry: Entry) -> None:
        kind = next(iter(self.kinds.values()))
        manifest, findings = kind.read(entry.value, self.code)
        # In this dialect no key names the flow: what is wrong with it is among the entry's own findings.
        findings = tuple(finding for finding in findings if finding.path != ("flow",))
        placed = [replace(finding, path=entry.place(finding.path)) for finding in findings]
        told = {finding.path for finding in entry.findings}
        self._refuse(*entry.findings, *(finding for finding in placed if finding.path not in told))
        if manifest and not entry.findings:
            own = [replace(hint, path=entry.place(hint.path)) for hint in manifest.hints]
            self.hints += map(self._problem, (*entry.hints, *own))
            self._want(
                kind,
                manifest,
                entry.path,
                entry.initial,
                lambda path: self.document.locate(entry.place(path)),
            )

    def _want(
        self,
        kind: Kind,
        manifest: Manifest,
        path: KeyPath,
        initial: JsonObject,
        locate: Callable[[KeyPath], Source],
    ) -> None:
        source = self.document.locate(path)
        one = Desired(kind.NAME, manifest.name, source, manifest.fields, manifest.refs, initial, locate)
        self.desired.append(one)

    def _refuse(self, *findings: Finding) -> None:
        self.problems += map(self._problem, findings)

    def _problem(self, finding: Finding) -> Problem:
        source = self.document.locate(finding.path, key=finding.on_key)
        return Problem(source, path_text(finding.path), finding.what, finding.remedy)
