"""Whether what was written is so: read back in bulk, and compared as the plan compares.

Pure; may import `report`, `changing` and what they may. Prefect answers some writes that it does not carry
out with success, and a proxy or a plugin may do the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from prefect_reconcile.differ import FieldChange
from prefect_reconcile.kinds.protocol import Fresh, Kind
from prefect_reconcile.model import Conversation, Live, Shape, path_text, same
from prefect_reconcile.plan import Change, Create, Delete, Identity, Unchanged, Update, Write, change_of
from prefect_reconcile.report import Outcome, Result
from prefect_reconcile.spelling import listed

LATER = timedelta(seconds=5)
"""How much later than our own write another one has to be to be told from it. The clock of a server's
answers has whole seconds and lags up to 1.7 s behind that of its database on the same machine (3.8.8)."""


@dataclass(frozen=True, slots=True)
class Written:
    """A change that was carried out, and when by the server's clock, where it told."""

    change: Write
    at: datetime | None = None


_Wanted: TypeAlias = "Create | Update"


@dataclass(frozen=True, slots=True)
class _Left:
    """What is not as it was written, and the notes of the server's limitations that say why."""

    fields: tuple[FieldChange, ...]
    why: tuple[str, ...] = ()


def read_back(written: Sequence[Written], kind: Kind) -> Conversation[dict[Identity, Outcome]]:
    """The outcomes of what turns out not to be as it was written; all of one kind.

    Costs as much as planning them, one request for each 200 that were deleted, and where something
    differs one for each 200 of these.
    """
    wanted = [(one.change, one.at) for one in written if not isinstance(one.change, Delete)]
    outcomes = yield from _still_there(
        [one.change for one in written if isinstance(one.change, Delete)], kind
    )
    if not wanted:
        return outcomes
    observation = yield from kind.observe([change.desired for change, _ in wanted])
    suspects: list[tuple[_Wanted, datetime | None, Live, _Left]] = []
    for change, at in wanted:
        live = observation.live.get(change.desired.name)
        if live is None:
            outcomes[change.identity] = _missing(change)
        elif left := _left(change, change_of(kind, change.desired, live), kind):
            suspects.append((change, at, live, left))
    if suspects:
        fresh = yield from kind.reread([live for _, _, live, _ in suspects])
        outcomes |= {
            change.identity: _verdict(at, left, fresh.get(live.name), kind)
            for change, at, live, left in suspects
        }
    return outcomes


def _still_there(deletes: Sequence[Delete], kind: Kind) -> Conversation[dict[Identity, Outcome]]:
    if not deletes:
        return {}
    there = yield from kind.reread([one.live for one in deletes])
    error = "Prefect answered that it is deleted, and it is still there"
    return {one.identity: Outcome(Result.FAILED, error) for one in deletes if one.live.name in there}


def _missing(change: _Wanted) -> Outcome:
    done = "made" if isinstance(change, Create) else "changed"
    error = (
        f"Prefect answered that it is {done}, and it is not there; somebody may have deleted it: run again"
    )
    return Outcome(Result.FAILED, error)


def _left(change: _Wanted, now: Change, kind: Kind) -> _Left | None:
    """What is not as it was written; None where all is."""
    if isinstance(now, Delete):
        return None
    why = tuple(note for note in now.resolution.notes if note not in change.resolution.notes)
    fields = () if isinstance(now, Unchanged) else now.fields
    # A limitation takes its change out of the comparison, but the plan had promised it.
    fields += tuple(_withdrawn(change, now, kind)) if why else ()
    return _Left(fields, why) if fields else None


def _withdrawn(change: _Wanted, now: Create | Update | Unchanged, kind: Kind) -> Iterable[FieldChange]:
    promised = dict.fromkeys(str(one.path[0]) for one in change.fields)
    for name in promised:
        old, new = now.resolution.new[name], change.resolution.new[name]
        if kind.SHAPES[name] is not Shape.KEYED and not same(old, new):
            yield FieldChange((name,), old, new)


def _verdict(at: datetime | None, left: _Left, fresh: Fresh | None, kind: Kind) -> Outcome:
    paths = listed([path_text(one.path) for one in left.fields])
    if at and fresh and fresh.updated and fresh.updated - at > LATER:
        by = f" by {fresh.updated_by}" if fresh.updated_by else ""
        when = fresh.updated.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        note = f"it was changed after it was written here ({paths}; last written at {when}{by})"
        return Outcome(Result.DONE, notes=(f"{note}; run again",), left=left.fields)
    error = f"Prefect answered that it is written, and has not taken {paths}"
    return Outcome(Result.FAILED, "; ".join([error, *_reasons(left, kind.REASONS)]), left=left.fields)


def _reasons(left: _Left, reasons: Mapping[str, str]) -> Iterable[str]:
    yield from left.why
    for name in dict.fromkeys(str(one.path[0]) for one in left.fields):
        if name in reasons and not any(note.startswith(name) for note in left.why):
            yield f"{name}: {reasons[name]}"
