"""Overlays: manifests of one environment that are merged over those they name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prefect_reconcile.loader.drafts import Draft
from prefect_reconcile.loader.layers import Layer, lay_over
from prefect_reconcile.model import Finding, Json, JsonObject, Path, Problem, Severity
from prefect_reconcile.spelling import did_you_mean

_NAMING = ("name", "flow", "flow_id")
"""What tells which manifest an overlay is for, and changes nothing there."""


@dataclass(slots=True)
class Overlays:
    """The overlays of a run by the kind and identity that they name, in the order in which they apply."""

    problems: list[Problem] = field(default_factory=list)
    _named: dict[tuple[str, str], list[Layer]] = field(default_factory=dict)
    _used: set[tuple[str, str]] = field(default_factory=set)

    def add(self, drafts: Iterable[Draft]) -> None:
        """Adds those of one directory, each of which names another manifest."""
        first: dict[tuple[str, str], Draft] = {}
        for draft in drafts:
            findings = list(_wrong(draft))
            identity = _identity(draft)
            if identity is None:
                findings.append(_nameless(draft.layer.value))
            elif first.setdefault(identity, draft) is not draft:
                before = first[identity].layer.locate(())
                what = f"{identity[1]} has an overlay already, at {before}"
                findings.append(Finding(("name",), what, "write one for both"))
            self.problems += map(draft.layer.problem, findings)
            if identity is not None and not findings:
                self._named.setdefault(identity, []).append(_content(draft.layer))

    def over(self, layer: Layer, draft: Draft, identity: str | None) -> Layer:
        """A manifest with every overlay that names it laid over; it is still the same resource."""
        kind = draft.kind
        key = (kind.NAME, identity or "")
        self._used.add(key)
        for overlay in self._named.get(key, ()):
            self.problems += [
                overlay.problem(one, Severity.WARNING)
                for one in _unmatched(layer.value, overlay.value, kind.KEYED_BY)
            ]
            layer = lay_over(layer, overlay, kind.KEYED_BY)
            now = kind.identify(layer.value, draft.code)
            if now is not None and now != identity:
                what = f"the overlay is for {identity}, and makes it {now}"
                path: Path = ("entrypoint",) if "entrypoint" in overlay.value else ()
                self.problems.append(overlay.problem(Finding(path, what, "write a manifest of its own")))
        return layer

    def unused(self, identities: Iterable[str]) -> Iterator[Problem]:
        """A problem for each overlay that names none of the manifests there are."""
        known = sorted(identities)
        for (kind, identity), layers in self._named.items():
            if (kind, identity) not in self._used:
                remedy = did_you_mean(identity, known, "correct it, or add the manifest")
                finding = Finding(("name",), f"no manifest declares {identity}", remedy)
                yield from (layer.problem(finding) for layer in layers)


def _identity(draft: Draft) -> tuple[str, str] | None:
    identity = draft.kind.identify(draft.layer.value, draft.code)
    return (draft.kind.NAME, identity) if identity else None


def _unmatched(base: JsonObject, over: JsonObject, keyed_by: Mapping[str, str]) -> Iterator[Finding]:
    """Entries that are new, and have almost the key of one that is there."""
    for name, key in keyed_by.items():
        there = [one.get(key) for one in _entries(base.get(name))]
        known = [one for one in there if isinstance(one, str)]
        for index, entry in enumerate(_entries(over.get(name))):
            written = entry.get(key)
            remedy = did_you_mean(str(written), known, "") if written not in known else ""
            if remedy:
                yield Finding((name, index, key), f"there is no {written!r} among the {name}", remedy)


def _entries(value: Json) -> list[JsonObject]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _nameless(value: JsonObject) -> Finding:
    if "deployments" in value:
        what = "an overlay is a native manifest, not a prefect.yaml"
        return Finding((), what, "write one for each deployment")
    what = "an overlay names the flow and the name of a manifest"
    return Finding((), what, "add flow: … and name: …")


def _content(layer: Layer) -> Layer:
    value: JsonObject = {key: one for key, one in layer.value.items() if key not in _NAMING}
    return Layer(value, layer.place, layer.spell)


def _wrong(draft: Draft) -> Iterator[Finding]:
    """A name that is none, and entries of a keyed list that cannot be told apart."""
    if draft.layer.value.get("flow") and draft.layer.value.get("flow_id"):
        yield Finding(("flow_id",), "flow and flow_id are both given", "keep one of them", on_key=True)
    for name, key in draft.kind.KEYED_BY.items():
        entries = draft.layer.value.get(name)
        seen: set[object] = set()
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            path: Path = (name, index)
            known = entry.get(key) if isinstance(entry, dict) else None
            if not isinstance(known, str) or not known:
                what = f"an overlay finds {name} by their {key}, and here is none"
                yield Finding(path, what, f"add {key}: …")
            elif known in seen:
                yield Finding((*path, key), f"the {key} {known!r} is there twice", "write one entry for both")
            else:
                seen.add(known)
