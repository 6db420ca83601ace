"""What a run would do: frozen, sorted data with a fingerprint.

Pure; may import `differ`, `kinds.protocol` and `model`. Which change becomes of what:

| live             | wanted by a manifest | differs | change      |
|------------------|----------------------|---------|-------------|
| not there        | yes                  |         | `Create`    |
| there            | yes                  | yes     | `Update`    |
| there            | yes                  | no      | `Unchanged` |
| there, and owned | no                   |         | `Delete`, in a run that prunes |

What is live, and neither wanted nor owned, is nobody's business here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
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

Identity: TypeAlias = tuple[str, str]
"""Kind and name of a resource."""


@dataclass(frozen=True, slots=True)
class Create:
    """A resource that is not there yet. `fields` are those that will differ from their defaults."""

    desired: Desired
    resolution: Resolution
    fields: tuple[FieldChange, ...]

    @property
    def identity(self) -> Identity:
        """See `Identity`."""
        return self.desired.kind, self.desired.name


@dataclass(frozen=True, slots=True)
class Update:
    """A resource that differs from its manifest in `fields`, of which there is at least one."""

    desired: Desired
    live: Live
    resolution: Resolution
    fields: tuple[FieldChange, ...]

    @property
    def identity(self) -> Identity:
        """See `Identity`."""
        return self.desired.kind, self.desired.name


@dataclass(frozen=True, slots=True)
class Delete:
    """A resource of ours that no manifest names any more."""

    live: Live

    @property
    def identity(self) -> Identity:
        """See `Identity`."""
        return self.live.kind, self.live.name


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A resource that is as its manifest says."""

    desired: Desired
    resolution: Resolution

    @property
    def identity(self) -> Identity:
        """See `Identity`."""
        return self.desired.kind, self.desired.name


Change: TypeAlias = Create | Update | Delete | Unchanged
Write: TypeAlias = Create | Update | Delete


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes, sorted by kind and name. `owned` is how many resources carry the mark of the run's owner,
    in a run that prunes."""

    changes: tuple[Change, ...]
    owned: int = 0

    @property
    def writes(self) -> tuple[Write, ...]:
        """The changes that need a request."""
        return tuple(change for change in self.changes if not isinstance(change, Unchanged))

    @property
    def deletes(self) -> tuple[Delete, ...]:
        """What will be gone."""
        return tuple(change for change in self.changes if isinstance(change, Delete))

    @property
    def notes(self) -> tuple[tuple[Identity, str], ...]:
        """What people should know of the changes, with the resource that it is about."""
        resolved = [change for change in self.changes if not isinstance(change, Delete)]
        return tuple((change.identity, note) for change in resolved for note in change.resolution.notes)

    @property
    def fingerprint(self) -> str:
        """32 hexadecimal digits that change exactly when what would be written does.

        It covers the action, the resource, and each field's old and new value.
        """
        text = dumps([_essence(change) for change in self.writes], sort_keys=True, ensure_ascii=False)
        return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def make_plan(observations: Iterable[tuple[Kind, Observation]], owned: Collection[Live] = ()) -> Plan:
    """Compares every desired resource with its live one. What is owned and not desired will be deleted."""
    changes: list[Change] = [
        change_of(kind, desired, observation.live.get(desired.name))
        for kind, observation in observations
        for desired in observation.desired
    ]
    wanted = {change.identity for change in changes}
    deletes = (Delete(live) for live in owned)
    changes += (change for change in deletes if change.identity not in wanted)
    return Plan(tuple(sorted(changes, key=lambda change: change.identity)), len(owned))


def change_of(kind: Kind, desired: Desired, live: Live | None) -> Change:
    """What a desired resource means for its live one, or for none."""
    resolution = kind.resolve(desired, live)
    fields = differences(resolution.old, resolution.new, kind.SHAPES)
    if live is None:
        return Create(desired, resolution, fields)
    if fields:
        return Update(desired, live, resolution, fields)
    return Unchanged(desired, resolution)


def _essence(change: Write) -> JsonObject:
    kind, name = change.identity
    fields = () if isinstance(change, Delete) else change.fields
    return {
        "action": type(change).__name__,
        "kind": kind,
        "resource": name,
        "fields": [field_json(one) for one in fields],
    }


def field_json(change: FieldChange) -> JsonObject:
    """`{"path", "old", "new"}`, without the side that has no value."""
    sides: dict[str, Json] = {}
    if change.old is not ABSENT:
        sides["old"] = change.old
    if change.new is not ABSENT:
        sides["new"] = change.new
    return {"path": path_text(change.path), **sides}
