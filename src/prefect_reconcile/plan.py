"""What a run would do: frozen, sorted data with a fingerprint.

Pure; may import `differ`, `kinds.protocol` and `model`. Which change becomes of what:

| live      | wanted by a manifest | differs | change      |
|-----------|----------------------|---------|-------------|
| not there | yes                  |         | `Create`    |
| there     | yes                  | yes     | `Update`    |
| there     | yes                  | no      | `Unchanged` |

What is live and no manifest wants will become a change of its own when pruning comes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from json import dumps
from typing import TypeAlias

from prefect_reconcile.differ import FieldChange, differences
from prefect_reconcile.kinds.protocol import Kind
from prefect_reconcile.model import (
    ABSENT,
    Desired,
    Json,
    JsonObject,
    Live,
    Observation,
    Resolution,
    path_text,
)


@dataclass(frozen=True, slots=True)
class Create:
    """A resource that is not there yet. `fields` are those that will differ from their defaults."""

    desired: Desired
    resolution: Resolution
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Update:
    """A resource that differs from its manifest in `fields`, of which there is at least one."""

    desired: Desired
    live: Live
    resolution: Resolution
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A resource that is as its manifest says."""

    desired: Desired
    resolution: Resolution


Change: TypeAlias = Create | Update | Unchanged
Write: TypeAlias = Create | Update


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes, sorted by kind and name."""

    changes: tuple[Change, ...]

    @property
    def writes(self) -> tuple[Write, ...]:
        """The changes that need a request."""
        return tuple(change for change in self.changes if not isinstance(change, Unchanged))

    @property
    def fingerprint(self) -> str:
        """32 hexadecimal digits that change exactly when what would be written does.

        It covers the action, the resource, and each field's old and new value.
        """
        text = dumps([_essence(change) for change in self.writes], sort_keys=True, ensure_ascii=False)
        return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def make_plan(observations: Iterable[tuple[Kind, Observation]]) -> Plan:
    """Compares every desired resource with its live one."""
    changes = [
        _change(kind, desired, observation.live.get(desired.name))
        for kind, observation in observations
        for desired in observation.desired
    ]
    return Plan(tuple(sorted(changes, key=lambda change: (change.desired.kind, change.desired.name))))


def _change(kind: Kind, desired: Desired, live: Live | None) -> Change:
    resolution = kind.resolve(desired, live)
    fields = differences(resolution.old, resolution.new, kind.SHAPES)
    if live is None:
        return Create(desired, resolution, fields)
    if fields:
        return Update(desired, live, resolution, fields)
    return Unchanged(desired, resolution)


def _essence(change: Write) -> JsonObject:
    return {
        "action": type(change).__name__,
        "kind": change.desired.kind,
        "resource": change.desired.name,
        "fields": [field_json(one) for one in change.fields],
    }


def field_json(change: FieldChange) -> JsonObject:
    """`{"path", "old", "new"}`, without the side that has no value."""
    sides: dict[str, Json] = {}
    if change.old is not ABSENT:
        sides["old"] = change.old
    if change.new is not ABSENT:
        sides["new"] = change.new
    return {"path": path_text(change.path), **sides}
