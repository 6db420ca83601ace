"""Reading all manifests of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from prefect_reconcile.errors import InvalidManifestsError
from prefect_reconcile.kinds.protocol import Kind
from prefect_reconcile.kinds.registry import KINDS
from prefect_reconcile.loader.code import Code
from prefect_reconcile.loader.discovery import ManifestFile, discover
from prefect_reconcile.loader.document import MAX_BYTES, Document, parse
from prefect_reconcile.model import Desired, Finding, Problem, Source, path_text

DEFAULT_PATH = "deployments"
"""The folder that is read when no path is given."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The resources that manifests want, in the order of the files, and hints for their authors."""

    desired: tuple[Desired, ...]
    hints: tuple[Problem, ...]


def load(paths: Sequence[str], directory: Path, kinds: Mapping[str, Kind] = KINDS) -> Loaded:
    """Reads the manifests at some paths.

    Relative paths start at `directory`, and no code outside of it is looked at.
    Raises `InvalidManifestsError` with every problem found, also when there is no manifest at all.
    """
    files, problems = discover(paths or _default(directory), directory)
    desired: list[Desired] = []
    hints: list[Problem] = []
    code = Code(directory)
    for file in files:
        documents, unreadable = _documents(file)
        problems += unreadable
        for document in documents:
            one, found = _read(document, file, code, kinds)
            desired += [one] if one else []
            (hints if one else problems).extend(found)
    problems += _repeated(desired)
    if not desired and not problems:
        problems.append(_nothing(paths))
    if problems:
        raise InvalidManifestsError(sorted(problems))
    return Loaded(tuple(desired), tuple(sorted(hints)))


def _default(directory: Path) -> Sequence[str]:
    if not (directory / DEFAULT_PATH).exists():
        what = f"no manifests were named, and there is no folder {DEFAULT_PATH}/ here"
        raise InvalidManifestsError([Problem(Source("."), "", what, "name a file or folder with --file")])
    return [DEFAULT_PATH]


def _nothing(paths: Sequence[str]) -> Problem:
    # An empty set is more often a mistake than a wish, and obeying it could mean to delete everything.
    where = " ".join(paths) or DEFAULT_PATH
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


def _read(
    document: Document, file: ManifestFile, code: Code, kinds: Mapping[str, Kind]
) -> tuple[Desired | None, list[Problem]]:
    """What one document wants, with hints; or nothing, with problems."""
    source = document.locate(())
    if not isinstance(document.value, dict):
        what = "expected a manifest, which is a mapping"
        return None, [Problem(source, "", what, "begin with name: …")]
    value = dict(document.value)
    name = value.pop("kind", next(iter(kinds)))
    if "deployments" in value and "kind" not in document.value:
        what = "this is a prefect.yaml, which this version does not read"
        return None, [
            Problem(document.locate(("deployments",), key=True), "deployments", what, "leave it out")
        ]
    kind = kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        return None, [_problem(document, Finding(("kind",), f"unknown kind {name!r}", _kinds(name, kinds)))]
    manifest, findings = kind.read(value, code.lookup(file.path.parent))
    if manifest is None:
        return None, [_problem(document, finding) for finding in findings]
    hints = [_problem(document, hint) for hint in manifest.hints]
    return Desired(kind.NAME, manifest.name, source, manifest.fields, manifest.refs, document.locate), hints


def _kinds(name: object, kinds: Iterable[str]) -> str:
    close = get_close_matches(str(name), list(kinds), n=1)
    return f'did you mean "{close[0]}"?' if close else f"write one of {', '.join(kinds)}"


def _problem(document: Document, finding: Finding) -> Problem:
    source = document.locate(finding.path, key=finding.on_key)
    return Problem(source, path_text(finding.path), finding.what, finding.remedy)


def _repeated(desired: Sequence[Desired]) -> list[Problem]:
    first: dict[tuple[str, str], Desired] = {}
    problems = []
    for one in desired:
        before = first.setdefault((one.kind, one.name), one)
        if before is not one:
            what = f"{one.name} is already declared at {before.source}"
            problems.append(Problem(one.place("name"), "name", what, "rename one of them or remove it"))
    return problems
