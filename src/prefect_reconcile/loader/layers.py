"""What several places say of one resource, laid over each other, and who said what. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from prefect_reconcile.model import Finding, Json, JsonObject, Path, Problem, Severity, Source, path_text


class Locate(Protocol):
    """Where the value at a path is written, or with `key` its key; else its nearest ancestor."""

    def __call__(self, path: Path, *, key: bool = False) -> Source: ...


@dataclass(frozen=True, slots=True)
class Layer:
    """What one place, or several laid over each other, say of a resource, in native keys.

    `place` tells where a value is written, `spell` under which keys. In a layer that was made of others,
    `origins` maps beginnings of paths to the layer that says what is there, and to the path in it.
    """

    value: JsonObject
    place: Locate
    spell: Callable[[Path], Path] = lambda path: path
    origins: Mapping[Path, tuple[Layer, Path]] = field(default_factory=dict)

    def origin(self, path: Path) -> tuple[Layer, Path]:
        """The place that says what is at a path, as a layer of its own, and the path there."""
        for length in range(len(path), -1, -1):
            if found := self.origins.get(path[:length]):
                layer, start = found
                return layer.origin(start + path[length:])
        return self, path

    def locate(self, path: Path) -> Source:
        """Where the value at a path is written."""
        layer, there = self.origin(path)
        return layer.place(there)

    def problem(self, finding: Finding, severity: Severity = Severity.ERROR) -> Problem:
        """A finding at the place, and under the keys, where its author wrote it."""
        layer, there = self.origin(finding.path)
        source = layer.place(there, key=finding.on_key)
        return Problem(source, path_text(layer.spell(there)), finding.what, finding.remedy, severity)


def lay_under(defaults: Layer, manifest: Layer) -> Layer:
    """Defaults under a manifest: mappings deep, everything else as the manifest has it, nulls too."""
    return _Laying(defaults, manifest, manifest).layer()


def lay_over(manifest: Layer, overlay: Layer, keyed_by: Mapping[str, str]) -> Layer:
    """An overlay over a manifest: mappings deep; null removes; lists are replaced.

    Lists that `keyed_by` names are merged: entries with the same value of that key as one mapping, others
    behind them; an empty one clears. Every entry of the overlay has that key.
    """
    return _Laying(manifest, overlay, manifest, keyed_by, nulls_remove=True).layer()


@dataclass(slots=True)
class _Laying:
    """Lays `over` over `base`. What the result lacks is missing in `whole`, one of the two."""

    base: Layer
    over: Layer
    whole: Layer
    keyed_by: Mapping[str, str] = field(default_factory=dict)
    nulls_remove: bool = False
    origins: dict[Path, tuple[Layer, Path]] = field(default_factory=dict)

    def layer(self) -> Layer:
        self.origins = {(key,): (self.base, (key,)) for key in self.base.value}
        self.origins[()] = (self.whole, ())
        value = self._mapping(self.base.value, self.over.value, (), ())
        return Layer(value, self.whole.place, origins=self.origins)

    def _mapping(self, base: JsonObject, over: JsonObject, path: Path, there: Path) -> JsonObject:
        """`path` leads to the mapping in the result, `there` in `over`."""
        merged = dict(base)
        for key, new in over.items():
            at, source, old = (*path, key), (*there, key), merged.get(key)
            if new is None and self.nulls_remove:
                merged.pop(key, None)
            elif isinstance(old, dict) and isinstance(new, dict):
                merged[key] = self._mapping(old, new, at, source)
            elif (
                not path and key in self.keyed_by and isinstance(old, list) and isinstance(new, list) and new
            ):
                merged[key] = self._entries(old, new, key)
            else:
                self.origins[at] = (self.over, source)
                merged[key] = self._alone(new)
        return merged

    def _entries(self, old: list[Json], new: list[Json], name: str) -> Json:
        merged = list(old)
        key = self.keyed_by[name]
        for index, entry in enumerate(new):
            there: Path = (name, index)
            for position, before in enumerate(old):
                if isinstance(before, dict) and isinstance(entry, dict) and before.get(key) == entry[key]:
                    merged[position] = self._mapping(before, entry, (name, position), there)
                    break
            else:
                self.origins[(name, len(merged))] = (self.over, there)
                merged.append(self._alone(entry))
        return merged

    def _alone(self, value: Json) -> Json:
        """A value that meets no other: nulls that would remove something have nothing to remove."""
        if isinstance(value, dict) and self.nulls_remove:
            return {key: self._alone(one) for key, one in value.items() if one is not None}
        return value
