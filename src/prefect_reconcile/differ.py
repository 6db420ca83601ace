"""What differs between two canonical forms of one resource, field by field.

Pure; may import `model`. deepdiff is imported only when two lists differ, since it takes longer to
import than the rest of a run takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prefect_reconcile.model import ABSENT, Absent, Json, JsonObject, Key, Path, Shape, same


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One value that differs. `ABSENT` on a side says that there is no such value there."""

    path: Path
    old: Json | Absent
    new: Json | Absent


def differences(old: JsonObject, new: JsonObject, shapes: Mapping[str, Shape]) -> tuple[FieldChange, ...]:
    """All differences, in the order of `shapes` and then of sorted keys and list positions.

    A set that differs is one change with both whole lists. A list that differs is told entry by entry,
    with insertions and removals found as such.
    """
    changes: list[FieldChange] = []
    for name, shape in shapes.items():
        before, after = old.get(name, ABSENT), new.get(name, ABSENT)
        if not same(before, after):
            changes.extend(_field(name, before, after, shape))
    return tuple(changes)


def _field(name: str, old: Json | Absent, new: Json | Absent, shape: Shape) -> Iterator[FieldChange]:
    match shape:
        case Shape.SET:
            yield FieldChange((name,), old, new)
        case Shape.KEYED if isinstance(old, dict) and isinstance(new, dict):
            for key in sorted(old.keys() | new.keys()):
                yield from _value((name, Key(key)), old.get(key, ABSENT), new.get(key, ABSENT))
        case _:
            yield from _value((name,), old, new)


def _value(path: Path, old: Json | Absent, new: Json | Absent) -> Iterator[FieldChange]:
    if same(old, new):
        return
    match old, new:
        case dict(), dict():
            for key in sorted(old.keys() | new.keys()):
                yield from _value((*path, key), old.get(key, ABSENT), new.get(key, ABSENT))
        case list(), list():
            yield from _list(path, old, new)
        case _:
            yield FieldChange(path, old, new)


def _list(path: Path, old: list[Json], new: list[Json]) -> Iterator[FieldChange]:
    """Entries of an ordered list; a position is the new one where there is one, else the old one."""
    from deepdiff import DeepDiff
    from deepdiff.helper import NotPresent

    # deepdiff's own option to ignore numeric types would also hide `true` becoming `1`: `same` decides.
    found = DeepDiff(old, new, view="tree", threshold_to_diff_deeper=0)
    leaves = [
        FieldChange(
            path + tuple(leaf.path(output_format="list", force="fake")),
            ABSENT if isinstance(leaf.t1, NotPresent) else leaf.t1,
            ABSENT if isinstance(leaf.t2, NotPresent) else leaf.t2,
        )
        for group in found.values()
        for leaf in group
        if not same(leaf.t1, leaf.t2)
    ]
    yield from sorted(leaves, key=_position)


def _position(change: FieldChange) -> tuple[tuple[bool, int, str], ...]:
    return tuple((isinstance(s, str), s if isinstance(s, int) else 0, str(s)) for s in change.path)
