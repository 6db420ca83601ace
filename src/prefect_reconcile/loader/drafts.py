"""From a document of either dialect to drafts: what it says of each resource, in native keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from prefect_reconcile.kinds.protocol import CodeLookup, Kind
from prefect_reconcile.loader.discovery import PREFECT_YAML
from prefect_reconcile.loader.document import Document
from prefect_reconcile.loader.layers import Layer
from prefect_reconcile.loader.placeholders import Filling, Kept, Placeholder, Put, Values, variable
from prefect_reconcile.loader.prefect_yaml import Entry, Surroundings, entries
from prefect_reconcile.model import Finding, JsonObject, Path, Problem, Severity, Source, path_text
from prefect_reconcile.spelling import did_you_mean


@dataclass(frozen=True, slots=True)
class Draft:
    """What one document says of one resource. Values are filled, and nothing else is checked.

    `assumed` are fields that a new resource gets, and a live one keeps, where no layer says any of them, each
    time with the hint that says so. `told` are places, in the keys of the file, about which
    there is a problem already. One that is not `whole` can be checked further, and wants nothing.
    """

    kind: Kind
    layer: Layer
    code: CodeLookup
    assumed: tuple[tuple[JsonObject, Problem], ...] = ()
    told: frozenset[Path] = frozenset()
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Drafting:
    """Reads documents. `directory` is the folder of the run, `unknown` the severity of an unknown key."""

    values: Values
    directory: str
    kinds: Mapping[str, Kind]
    unknown: Severity

    def drafts(self, document: Document, code: CodeLookup) -> Iterator[Draft | Problem]:
        """The resources of a manifest, and what is wrong or worth knowing beside them."""
        value = document.value
        if isinstance(value, dict) and _is_prefect_yaml(document.file, value):
            yield from self._prefect_yaml(document, value, code)
            return
        found = self.native(document, code)
        yield from [found] if isinstance(found, Draft) else found

    def native(self, document: Document, code: CodeLookup) -> Draft | list[Problem]:
        """The resource of a native manifest or overlay."""
        problem = partial(_problem, document)
        value = document.value
        if not isinstance(value, dict):
            return [problem(Finding((), "expected a manifest, which is a mapping", "begin with name: …"))]
        filled = fill(value, self.values)
        name = filled.pop("kind", next(iter(self.kinds)))
        kind = self.kinds.get(name) if isinstance(name, str) else None
        if kind is None:
            remedy = did_you_mean(str(name), self.kinds, f"write one of {', '.join(self.kinds)}")
            return [problem(Finding(("kind",), f"unknown kind {name!r}", remedy))]
        return Draft(kind, Layer(filled, document.locate), code)

    def _prefect_yaml(
        self, document: Document, value: JsonObject, code: CodeLookup
    ) -> Iterator[Draft | Problem]:
        for one in entries(value, Surroundings(self.values, self.directory, code)):
            if isinstance(one, Entry):
                yield from self._entry(document, one, code)
            else:
                yield self._judged(document, one)

    def _entry(self, document: Document, entry: Entry, code: CodeLookup) -> Iterator[Draft | Problem]:
        problems = [self._judged(document, one) for one in entry.findings]
        yield from problems
        yield from (_problem(document, one, severity_of_hint(one)) for one in entry.hints)

        def place(path: Path, *, key: bool = False) -> Source:
            return document.locate(entry.place(path), key=key)

        yield Draft(
            kind=next(iter(self.kinds.values())),
            layer=Layer(entry.value, place, entry.place),
            code=code,
            assumed=tuple(
                (one.fields, _problem(document, one.hint, Severity.HINT)) for one in entry.assumptions
            ),
            # No key of this dialect names the flow: what is wrong with it has been said about others.
            told=frozenset({one.path for one in entry.findings} | {entry.place(("flow",))}),
            whole=all(one.severity is not Severity.ERROR for one in problems),
        )

    def _judged(self, document: Document, finding: Finding) -> Problem:
        return _problem(document, finding, self.unknown if finding.stray else Severity.ERROR)


def _is_prefect_yaml(file: str, value: JsonObject) -> bool:
    """Whether a document is of Prefect's dialect: by its name, or because it lists deployments."""
    return "kind" not in value and ("deployments" in value or file.rpartition("/")[2] == PREFECT_YAML)


def fill(value: JsonObject, values: Values) -> JsonObject:
    """A native mapping with its placeholders filled; see `placeholders.Unfilled` for those that cannot be."""

    def decide(path: Path, placeholder: Placeholder) -> Kept | Put | Finding:
        # What is no reference to a value is no template here: it may be one for Prefect's worker.
        return variable(path, placeholder, values) if placeholder.variable else Kept()

    filling = Filling(decide)
    return {key: filling.fill(one, (key,)) for key, one in value.items()}


def severity_of_hint(finding: Finding) -> Severity:
    """That of a finding which does not stop a run."""
    return Severity.WARNING if finding.warning else Severity.HINT


def _problem(document: Document, finding: Finding, severity: Severity = Severity.ERROR) -> Problem:
    source = document.locate(finding.path, key=finding.on_key)
    return Problem(source, path_text(finding.path), finding.what, finding.remedy, severity)
