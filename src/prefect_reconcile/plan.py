"""What a run would do: frozen, sorted data with a fingerprint.

Pure; may import `differ`, `ignore`, `kinds.protocol`, `secrecy` and `model`. Which change becomes of what:

| live             | wanted by a manifest | differs | change      |
|------------------|----------------------|---------|-------------|
| not there        | yes                  |         | `Create`    |
| there            | yes                  | yes     | `Update`    |
| there            | yes                  | no      | `Unchanged` |
| there, and owned | no                   |         | `Delete`, in a run that prunes |

What is live, and neither wanted nor owned, is nobody's business here. What a manifest or the configuration
ignores is no difference: a resource that differs in nothing else is unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import scrypt, sha256
from json import dumps
from typing import TypeAlias

from prefect_reconcile import ignore, secrecy
from prefect_reconcile.differ import FieldChange, differences
from prefect_reconcile.kinds.protocol import Kind
from prefect_reconcile.model import (
    ABSENT,
    Desired,
    Ignore,
    Json,
    JsonObject,
    Key,
    Live,
    Observation,
    Path,
    Problem,
    Resolution,
    Severity,
    path_text,
)

Identity: TypeAlias = tuple[str, str]
"""Kind and name of a resource."""


@dataclass(frozen=True, slots=True)
class Create:
    """A resource that is not there yet. `fields` are those that will differ from their defaults.

    It ignores nothing, and `unmatched` are patterns that would mean nothing of it.
    """

    desired: Desired
    resolution: Resolution
    fields: tuple[FieldChange, ...]
    unmatched: tuple[Ignore, ...] = ()

    @property
    def identity(self) -> Identity:
        """See `Identity`."""
        return self.desired.kind, self.desired.name


@dataclass(frozen=True, slots=True)
class Update:
    """A resource that differs from its manifest in `fields`, of which there is at least one.

    `ignored` are differences that are left alone, from what is live to what the manifest says, and
    `unmatched` patterns that mean nothing on either side. `resolution` is without the ignored differences.
    """

    desired: Desired
    live: Live
    resolution: Resolution
    fields: tuple[FieldChange, ...]
    ignored: tuple[FieldChange, ...] = ()
    unmatched: tuple[Ignore, ...] = ()

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
    """A resource that is as its manifest says, but for what is `ignored`: see `Update`."""

    desired: Desired
    resolution: Resolution
    ignored: tuple[FieldChange, ...] = ()
    unmatched: tuple[Ignore, ...] = ()

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
    def ignored(self) -> int:
        """How many differences are left alone, in all resources."""
        return sum(len(ignored_by(change)) for change in self.changes)

    @property
    def fingerprint(self) -> str:
        """32 hexadecimal digits that change exactly when what would be written does.

        It covers the action, the resource, and each field's old and new value, but for what is ignored. With
        a secret among them it is slow to make, so that a weak one cannot be guessed from it.
        """
        text = dumps([_essence(change) for change in self.writes], sort_keys=True, ensure_ascii=False)
        digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
        return (_slow(digest) if any(map(_has_secret, self.writes)) else digest).hex()[:32]


def make_plan(
    observations: Iterable[tuple[Kind, Observation]],
    owned: Collection[Live] = (),
    takes: Callable[[Desired | Live], bool] = bool,
) -> Plan:
    """Compares every desired resource with its live one. What is owned and not desired will be deleted.

    Only what it `takes` is in the plan; but what is desired is never deleted, whether it is taken or not.
    """
    seen = [(kind, observation, one) for kind, observation in observations for one in observation.desired]
    changes: list[Change] = [
        change_of(kind, one, observation.live.get(one.name)) for kind, observation, one in seen if takes(one)
    ]
    wanted = {(one.kind, one.name) for _, _, one in seen}
    changes += (Delete(live) for live in owned if (live.kind, live.name) not in wanted and takes(live))
    return Plan(tuple(sorted(changes, key=lambda change: change.identity)), len(owned))


def change_of(kind: Kind, desired: Desired, live: Live | None) -> Change:
    """What a desired resource means for its live one, or for none."""
    wanted = kind.resolve(desired, live)
    unmatched = tuple(one for one in desired.ignore if not _is_matched(one, wanted))
    if live is None:
        return Create(desired, wanted, differences(wanted.old, wanted.new, kind.SHAPES), unmatched)
    patterns = ignore.steps_of(one.pattern for one in desired.ignore)
    resolution = replace(wanted, new=ignore.kept(wanted.old, wanted.new, patterns, kind.SHAPES))
    ignored = differences(resolution.new, wanted.new, kind.SHAPES)
    fields = differences(resolution.old, resolution.new, kind.SHAPES)
    if fields:
        return Update(desired, live, resolution, fields, ignored, unmatched)
    return Unchanged(desired, resolution, ignored, unmatched)


def _is_matched(one: Ignore, both: Resolution) -> bool:
    steps = ignore.parse(one.pattern)
    return ignore.is_there(both.old, steps) or ignore.is_there(both.new, steps)


def ignored_by(change: Change) -> tuple[FieldChange, ...]:
    """The differences of a resource that are left alone."""
    return change.ignored if isinstance(change, (Update, Unchanged)) else ()


def unmatched_ignores(plan: Plan) -> tuple[Problem, ...]:
    """A warning for each pattern that means nothing in any of the resources that it is for, in the order of
    their places."""
    resources = [change for change in plan.changes if not isinstance(change, Delete)]
    matched = {one for change in resources for one in change.desired.ignore if one not in change.unmatched}
    unmatched = {one for change in resources for one in change.unmatched} - matched
    what = "matches nothing, neither wanted nor live"
    remedy = "correct it, or remove it"
    problems = (Problem(one.source, one.pattern, what, remedy, Severity.WARNING) for one in unmatched)
    return tuple(sorted(problems))


def _essence(change: Write) -> JsonObject:
    kind, name = change.identity
    fields = () if isinstance(change, Delete) else change.fields
    return {
        "action": type(change).__name__,
        "kind": kind,
        "resource": name,
        "fields": [field_json(one) for one in fields],
    }


@lru_cache(maxsize=64)
def _slow(digest: bytes) -> bytes:
    """A hash that takes 16 MB and 50 ms, so that guesses do too. Its salt is the same everywhere, since there
    is no state to keep another one in."""
    return scrypt(digest, salt=b"prefect-reconcile plan", n=2**14, r=8, p=1, dklen=32)


def _has_secret(change: Write) -> bool:
    """Whether a change holds what is masked when it is shown. What the connection authorises with does not
    count: it is not the same in the run that reviews and the one that writes."""
    fields = () if isinstance(change, Delete) else change.fields
    sides = ((one.path, side) for one in fields for side in (one.old, one.new) if side is not ABSENT)
    return any(secrecy.masked(side, path, lent=False) != side or _names_secret(path) for path, side in sides)


def _names_secret(path: Path) -> bool:
    keys = (step.text for step in path if isinstance(step, Key))
    return any(secrecy.masked_identity(one, lent=False) != one for one in keys)


def field_json(change: FieldChange) -> JsonObject:
    """`{"path", "old", "new"}`, without the side that has no value."""
    sides: dict[str, Json] = {}
    if change.old is not ABSENT:
        sides["old"] = change.old
    if change.new is not ABSENT:
        sides["new"] = change.new
    return {"path": path_text(change.path), **sides}
