"""Reading all manifests of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from prefect_reconcile.errors import InvalidManifestsError
from prefect_reconcile.kinds.protocol import Kind
from prefect_reconcile.kinds.registry import KINDS
from prefect_reconcile.loader.code import Code
from prefect_reconcile.loader.discovery import PREFECT_YAML
from prefect_reconcile.loader.document import Document, uncollected
from prefect_reconcile.loader.drafts import Draft, Drafting, fill, severity_of_hint
from prefect_reconcile.loader.files import Files
from prefect_reconcile.loader.layers import Layer, lay_under
from prefect_reconcile.loader.overlays import Overlays
from prefect_reconcile.loader.placeholders import Values, unfilled
from prefect_reconcile.model import (
    Adjustments,
    Desired,
    Ignore,
    Json,
    JsonObject,
    Problem,
    Severity,
    Source,
    repetitions,
)
from prefect_reconcile.model import Path as KeyPath

DEFAULT_PATHS = ("deployments", PREFECT_YAML)
"""What is read when no path is given: the first that is there."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The resources that manifests want, in the order of the files, and warnings and hints for their
    authors. `texts` are the files by the names that messages show."""

    desired: tuple[Desired, ...]
    hints: tuple[Problem, ...]
    texts: Mapping[str, bytes] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What manifests are read with.

    `directory` is the working directory, which is the repository's root. `values` fill placeholders.
    Entrypoints are looked for in `entrypoint_root` only, if there is one. `defaults` are laid under each
    manifest of the first kind; `overlays` are paths whose manifests are laid over those they name, in this
    order; what is at `apart` are overlays of any environment, and no manifests. `ignore` counts for all
    manifests beside their own. `lenient` makes warnings
    of unknown keys. No manifest at all is an error, unless `allow_empty`; a path that is not there always is.
    """

    directory: Path
    values: Values = field(default_factory=Values)
    entrypoint_root: Path | None = None
    defaults: Layer | None = None
    overlays: Sequence[str] = ()
    apart: Sequence[str] = ()
    adjustments: Adjustments = field(default_factory=Adjustments)
    lenient: bool = False
    ignore: Sequence[Ignore] = ()
    allow_empty: bool = False


def load(paths: Sequence[str], inputs: Inputs, kinds: Mapping[str, Kind] = KINDS) -> Loaded:
    """Reads the manifests at some paths.

    Relative paths start at the working directory. Code is looked at only below it, below the folder
    of the manifest that names it, and below `entrypoint_root`.
    Raises `InvalidManifestsError` with every problem found, also when there is no manifest at all.
    """
    loading = _Loading(inputs, kinds)
    paths = paths or _default(inputs.directory)
    with uncollected():
        desired = loading.desired(paths)
    problems = [*loading.problems, *loading.files.problems, *repetitions(desired)]
    errors = sorted({one for one in problems if one.severity is Severity.ERROR})
    if not desired and not errors and not inputs.allow_empty:
        errors.append(_nothing(paths))
    hints = tuple(sorted({one for one in problems if one.severity is not Severity.ERROR}))
    if errors:
        raise InvalidManifestsError(errors, hints, loading.files.texts)
    return Loaded(tuple(desired), hints, loading.files.texts)


def default_path(directory: Path) -> str | None:
    """What is read when no path is given: the first of `DEFAULT_PATHS` that is there."""
    return next((path for path in DEFAULT_PATHS if (directory / path).exists()), None)


def _default(directory: Path) -> Sequence[str]:
    if path := default_path(directory):
        return [path]
    what = f"no manifests were named, and there is no {' or '.join(DEFAULT_PATHS)} here"
    raise InvalidManifestsError([Problem(Source("."), "", what, "name a file or folder with --file")])


def _nothing(paths: Sequence[str]) -> Problem:
    # An empty set is more often a mistake than a wish, and obeying it could mean to delete everything.
    where = " ".join(paths) or "."
    return Problem(Source(where), "", "there is no manifest here", "check the path, or add a manifest")


class _Loading:
    """One load. `problems` grows with what is said of any severity."""

    def __init__(self, inputs: Inputs, kinds: Mapping[str, Kind]) -> None:
        self.problems: list[Problem] = []
        self.files = Files(inputs.directory)
        self._inputs = inputs
        self._unknown = Severity.WARNING if inputs.lenient else Severity.ERROR
        directory = inputs.directory.absolute().as_posix()
        self._drafting = Drafting(inputs.values, directory, kinds, self._unknown)
        self._code = Code(inputs.directory, inputs.entrypoint_root)
        self._defaults = _filled(inputs.defaults, inputs.values)
        self._default_kind = next(iter(kinds.values()))

    def desired(self, paths: Sequence[str]) -> list[Desired]:
        drafts = list(self._drafts(paths))
        overlays = self._overlays()
        named = [(draft, draft.kind.identify(draft.layer.value, draft.code)) for draft in drafts]
        found = [self._read(draft, self._laid(draft, overlays, name)) for draft, name in named]
        self.problems += overlays.problems
        self.problems += overlays.unused(name for _, name in named if name)
        return [one for one in found if one]

    def _drafts(self, paths: Sequence[str]) -> Iterator[Draft]:
        for document, folder in self._documents(paths):
            for one in self._drafting.drafts(document, self._code.lookup(folder)):
                if isinstance(one, Draft):
                    yield one
                else:
                    self.problems.append(one)

    def _documents(self, paths: Sequence[str]) -> Iterator[tuple[Document, Path]]:
        inputs = self._inputs
        return self.files.documents(paths, inputs.apart, may_be_empty=inputs.allow_empty)

    def _overlays(self) -> Overlays:
        overlays = Overlays()
        for directory in self._inputs.overlays:
            drafts = []
            for document, folder in self.files.documents([directory]):
                one = self._drafting.native(document, self._code.lookup(folder))
                if isinstance(one, Draft):
                    drafts.append(one)
                else:
                    self.problems += one
            overlays.add(drafts)
        return overlays

    def _laid(self, draft: Draft, overlays: Overlays, name: str | None) -> Layer:
        """What all layers together say of a resource, fitted to the environment."""
        layer = draft.layer
        if self._defaults and draft.kind is self._default_kind:
            layer = lay_under(self._defaults, layer)
        layer = overlays.over(layer, draft, name)
        adjusted = draft.kind.adjust(layer.value, self._inputs.adjustments)
        return Layer(adjusted, layer.place, origins={(): (layer, ())})

    def _read(self, draft: Draft, layer: Layer) -> Desired | None:
        left = list(unfilled(layer.value))
        manifest, findings = draft.kind.read(layer.value, draft.code)
        stray = [one for one in findings if one.stray]
        if stray and self._inputs.lenient:
            self.problems += [layer.problem(one, Severity.WARNING) for one in stray]
            known = _without(layer.value, [one.path for one in stray])
            manifest, findings = draft.kind.read(known, draft.code)
        told = {one.path for one in left} | draft.told
        self.problems += map(layer.problem, left)
        self.problems += [
            layer.problem(one)
            for one in findings
            if one.path not in told and layer.origin(one.path)[0].spell(one.path) not in told
        ]
        if manifest is None or left or not draft.whole:
            return None
        self.problems += [layer.problem(one, severity_of_hint(one)) for one in manifest.hints]
        assumed = [one for one in draft.assumed if not one[0].keys() & layer.value.keys()]
        self.problems += [hint for _, hint in assumed]
        initial = {key: one for fields, _ in assumed for key, one in fields.items()}
        ignored = [Ignore(one, layer.locate(("ignore", n))) for n, one in enumerate(manifest.ignore)]
        return Desired(
            draft.kind.NAME,
            manifest.name,
            draft.layer.place(()),
            manifest.fields,
            manifest.refs,
            initial,
            layer.locate,
            (*ignored, *self._inputs.ignore),
        )


def _filled(layer: Layer | None, values: Values) -> Layer | None:
    return layer and Layer(fill(layer.value, values), layer.place, layer.spell)


def _without(value: JsonObject, paths: Sequence[KeyPath]) -> JsonObject:
    """A value without the keys at some paths."""
    for path in paths:
        value = _drop(value, path)  # type: ignore[assignment] # what a mapping becomes is one
    return value


def _drop(value: Json, path: KeyPath) -> Json:
    step, *rest = path
    if isinstance(value, dict):
        return {
            key: _drop(one, tuple(rest)) if key == step else one
            for key, one in value.items()
            if rest or key != step
        }
    if isinstance(value, list):
        return [_drop(one, tuple(rest)) if n == step else one for n, one in enumerate(value)]
    return value
