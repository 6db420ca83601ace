"""What differs between two canonical forms of one resource, field by field.

Pure; may import `model`. deepdiff is imported only when two lists have to be aligned, since it takes
longer to import than the rest of a run takes.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import TypeAlias

from prefect_reconcile.model import ABSENT, Absent, Json, JsonObject, Key, Path, Shape, same

LONGEST = 200
"""Entries of two lists that are aligned with each other, between what they begin and end with in common.
Longer ones are compared position by position."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One value that differs. `ABSENT` on a side says that there is no such value there."""

    path: Path
    old: Json | Absent
    new: Json | Absent


def differences(old: JsonObject, new: JsonObject, shapes: Mapping[str, Shape]) -> tuple[FieldChange, ...]:
    """All differences, in the order of `shapes`, then of sorted keys, and of the entries of a list.

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
        case dict(), dict() if not (_is_named_value(old) or _is_named_value(new)):
            for key in sorted(old.keys() | new.keys()):
                yield from _value((*path, key), old.get(key, ABSENT), new.get(key, ABSENT))
        case list(), list():
            yield from _list(path, old, new)
        case _:
            yield FieldChange(path, old, new)


def _is_named_value(one: JsonObject) -> bool:
    """Whether it is `{"name": …, "value": …}`, told whole: only the name says what the value is, as in the
    environment of a Kubernetes container, and whether it is a secret."""
    return isinstance(one.get("name"), str) and "value" in one


def _list(path: Path, old: list[Json], new: list[Json]) -> Iterator[FieldChange]:
    """Entries of an ordered list; a position is the new one where there is one, else the old one."""
    tokens: dict[object, int] = {}
    before = [tokens.setdefault(_hashable(one), len(tokens)) for one in old]
    after = [tokens.setdefault(_hashable(one), len(tokens)) for one in new]
    for i, j in _pairs(before, after):
        if i is not None and j is not None:
            yield from _entry((*path, j), old[i], new[j])
        elif j is not None:
            yield FieldChange((*path, j), ABSENT, new[j])
        elif i is not None:
            yield FieldChange((*path, i), old[i], ABSENT)


def _entry(path: Path, old: Json, new: Json) -> Iterator[FieldChange]:
    """An entry in the place of another: of one step that became another kind of step, each is told whole."""
    if isinstance(old, dict) and isinstance(new, dict) and old.keys().isdisjoint(new):
        yield FieldChange(path, old, new)
    else:
        yield from _value(path, old, new)


def _hashable(one: Json) -> object:
    """Equal for two values exactly when they are the `same`."""
    match one:
        case bool():
            return bool, one
        case dict():
            return dict, frozenset((key, _hashable(value)) for key, value in one.items())
        case list():
            return list, tuple(map(_hashable, one))
        case _:
            return one


_Pair: TypeAlias = "tuple[int | None, int | None]"
"""The old and the new position of an entry that was replaced; an added or removed one has only one."""


def _pairs(old: Sequence[int], new: Sequence[int]) -> Iterator[_Pair]:
    """Which entries were replaced, added or removed, in their order, when equal ones have equal tokens."""
    start, end = 0, 0
    shorter = min(len(old), len(new))
    while start < shorter and old[start] == new[start]:
        start += 1
    while end < shorter - start and old[-1 - end] == new[-1 - end]:
        end += 1
    before, after = old[start : len(old) - end], new[start : len(new) - end]
    for i, j in _by_position(before, after) if _is_plain(before, after) else _aligned(before, after):
        yield None if i is None else start + i, None if j is None else start + j


def _is_plain(old: Sequence[int], new: Sequence[int]) -> bool:
    """Whether there is nothing to align, or more than can be: 500 entries of three values take 3 seconds."""
    return not old or not new or len(old) == len(new) == 1 or len(old) * len(new) > LONGEST**2


def _by_position(old: Sequence[int], new: Sequence[int]) -> Iterator[_Pair]:
    for position, (before, after) in enumerate(zip_longest(old, new)):
        if before != after:
            yield None if before is None else position, None if after is None else position


def _aligned(old: Sequence[int], new: Sequence[int]) -> Iterator[_Pair]:
    from deepdiff import DeepDiff
    from deepdiff.helper import NotPresent

    # deepdiff sees tokens only. In values it takes `true` for `1`, skips keys that begin with `__`, and
    # aligns no list that holds mappings (9.1.0).
    gone: set[int] = set()
    come: set[int] = set()
    for leaves in DeepDiff(old, new, view="tree").values():
        for leaf in leaves:
            if not isinstance(leaf.t1, NotPresent):
                gone.add(leaf.path(output_format="list")[-1])
            if not isinstance(leaf.t2, NotPresent):
                come.add(leaf.path(output_format="list", use_t2=True)[-1])
    # What pairs it forms does not matter: it takes any two that share a position. What stays is in both
    # lists in the same order, and what goes between two of those is replaced by what comes there.
    kept = zip(_others(old, gone), _others(new, come), strict=True)
    start, begin = 0, 0
    for stop, end in chain(kept, [(len(old), len(new))]):
        yield from zip_longest(range(start, stop), range(begin, end))
        start, begin = stop + 1, end + 1


def _others(entries: Sequence[int], positions: Container[int]) -> Iterator[int]:
    return (position for position in range(len(entries)) if position not in positions)
