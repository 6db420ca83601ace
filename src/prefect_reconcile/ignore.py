"""Differences that are left alone: patterns of paths, and what they make of the wanted side.

Pure; may import `model` and `spelling`. A pattern is a path as plans print it, in which `*` stands for any
one step: `parameters.debug`, `job_variables.env.*`, `schedules[nightly].active`.

What is ignored says on the wanted side what is live: also nothing, where nothing is live. What that means
where only one side has what leads there:

| live        | wanted      | pattern | becomes                                                        |
|-------------|-------------|---------|----------------------------------------------------------------|
| `{}`        | `{a: {b, c}}` | `a.b` | `{a: {c}}`; with nothing but `b` in it, `{}`                   |
| `{a: {b, c}}` | `{}`      | `a.b`   | `{a: {b}}`                                                     |
| `{a: {b}}`  | `{a: 1}`    | `a.b`   | `{a: 1}`: below a value that is no mapping there is nothing    |
| no entry    | an entry    | `x[e].b` | the entry, whole: it is new, and gets what the manifest says  |
| an entry    | no entry    | `x[e].b` | no entry: it goes whole                                       |
| no entry    | an entry    | `x[e]`  | no entry                                                       |
| an entry    | no entry    | `x[e]`  | the entry                                                      |

An entry of a list in order is told by its position. One behind the end of the other list is only left alone
where it is the next: else it would stand at another position in the next run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from functools import lru_cache
from json import JSONDecodeError, dumps, loads
from typing import Final, TypeAlias, cast

from prefect_reconcile.model import ABSENT, Absent, Json, JsonObject, Shape
from prefect_reconcile.spelling import did_you_mean


class Wildcard(Enum):
    """The type of `ANY`, the step that stands for any one key or entry."""

    ANY = "*"


ANY: Final = Wildcard.ANY

Steps: TypeAlias = "tuple[str | int | Wildcard, ...]"
"""A pattern: keys and identities as text, positions in lists as numbers."""


class PatternError(ValueError):
    """A pattern that cannot be obeyed: what is wrong with it, and what to do about it."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")
        self.what, self.remedy = what, remedy


_STEP = re.compile(
    r"(?P<any>\.\*(?![\w*-])|\[\*\])"
    r"|\.(?P<name>[\w-]+)"
    r"|\[(?P<position>0|[1-9][0-9]{0,8})\]"
    r'|\[(?P<quoted>"(?:[^"\\]|\\.)*")\]'
    r'|\[(?P<identity>(?!\*\])[^]"0-9\x00-\x1f\x7f][^]\x00-\x1f\x7f]*)\]'
)
_EXAMPLES = 'write it as plans do: parameters.day, env["a.b"], schedules[nightly].active, env.*'


@lru_cache(maxsize=1024)
def parse(text: str) -> Steps:
    """The steps of a pattern. Raises `PatternError`."""
    rest = text if text.startswith("[") else f".{text}"
    steps: list[str | int | Wildcard] = []
    at = 0
    while at < len(rest):
        found = _STEP.match(rest, at)
        if found is None:
            raise _malformed(text, at - (len(rest) - len(text)))
        steps.append(_step(text, found))
        at = found.end()
    return tuple(steps)


def _malformed(text: str, at: int) -> PatternError:
    if not text.strip():
        return PatternError("is empty", _EXAMPLES)
    if "*" in text[max(0, at) :]:
        return PatternError(f"{_shown(text)} is no path: a * stands for a whole step", _EXAMPLES)
    return PatternError(f"{_shown(text)} is no path, from character {max(0, at) + 1} on", _EXAMPLES)


def _step(text: str, found: re.Match[str]) -> str | int | Wildcard:
    if found["any"]:
        return ANY
    if found["position"]:
        return int(found["position"])
    try:
        return found["name"] or found["identity"] or cast("str", loads(found["quoted"]))
    except JSONDecodeError:
        raise PatternError(f"{_shown(text)} has quotes that do not end well", _EXAMPLES) from None


def _shown(text: str) -> str:
    quoted = dumps(text, ensure_ascii=False)
    return quoted if len(quoted) <= 60 else f"{quoted[:60]}…"


def check(text: str, fields: Iterable[str], identity: Iterable[str] = ()) -> Steps:
    """The steps of a pattern that begins with one of the fields; those of the `identity` are none.

    Raises `PatternError`.
    """
    steps = parse(text)
    first, known = steps[0], sorted(fields)
    if first in {*identity}:
        raise PatternError(
            f"{first} tells which resource is meant", "remove it: nothing else can be ignored then"
        )
    if first is ANY:
        raise PatternError("everything would be ignored", "name the field that the path begins with")
    if first not in known:
        remedy = did_you_mean(str(first), known, f"begin with one of {', '.join(known)}")
        raise PatternError(f"{_shown(str(first))} is no field that is compared", remedy)
    return steps


# --- What is there ---


def is_there(value: Json, steps: Steps) -> bool:
    """Whether a pattern matches anything in canonical fields."""
    if not steps:
        return True
    step, rest = steps[0], steps[1:]
    match value:
        case dict():
            return any(is_there(value[key], rest) for key in _keys(step, value))
        case list():
            return any(is_there(value[at], rest) for at in _positions(step, len(value)) if at < len(value))
        case _:
            return False


def _keys(step: str | int | Wildcard, *mappings: Mapping[str, Json]) -> list[str]:
    """The keys of some mappings that a step means, in their order."""
    return [key for key in dict.fromkeys(key for one in mappings for key in one) if step in (ANY, key)]


def _positions(step: str | int | Wildcard, longest: int) -> Iterable[int]:
    return range(longest) if step is ANY else (step,) if isinstance(step, int) else ()


# --- What becomes of it ---


def kept(
    old: JsonObject, new: JsonObject, patterns: Iterable[Steps], shapes: Mapping[str, Shape]
) -> JsonObject:
    """The wanted fields, with what the patterns mean as it is live. Both sides are canonical."""
    for steps in patterns:
        field, rest = cast("str", steps[0]), steps[1:]
        if field not in new:
            continue
        before, after = old.get(field, ABSENT), new[field]
        if shapes.get(field) is Shape.KEYED and rest and isinstance(before, dict) and isinstance(after, dict):
            value: Json | Absent = _entries(before, after, rest)
        else:
            value = _value(before, after, rest)
        new = _put(new, field, value)
    return new


def _put(mapping: JsonObject, key: str, value: Json | Absent) -> JsonObject:
    if value is not ABSENT:
        return {**mapping, key: value}
    return {name: one for name, one in mapping.items() if name != key}


def _entries(old: JsonObject, new: JsonObject, steps: Steps) -> JsonObject:
    """A keyed list. Entries have the same keys unless they are of another type, and then keep their own."""
    step, rest = steps[0], steps[1:]
    for key in _keys(step, old, new):
        if not rest:
            new = _put(new, key, old.get(key, ABSENT))
            continue
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            new = _put(new, key, _record(before, after, rest))
    return new


def _record(old: JsonObject, new: JsonObject, steps: Steps) -> JsonObject:
    shared = {key: one for key, one in old.items() if key in new}
    for key in _keys(steps[0], shared):
        new = _put(new, key, _value(old[key], new[key], steps[1:]))
    return new


def _value(old: Json | Absent, new: Json | Absent, steps: Steps) -> Json | Absent:
    if not steps:
        return old
    match old, new:
        case list(), list():
            return _list(old, new, steps)
        case _, dict():
            return _mapping(old, new, steps)
        case dict(), Absent():
            return _mapping(old, {}, steps) or ABSENT
        case _:
            return new


def _mapping(old: Json | Absent, new: JsonObject, steps: Steps) -> Json | Absent:
    before = old if isinstance(old, dict) else {}
    made = new
    for key in _keys(steps[0], before, new):
        made = _put(made, key, _value(before.get(key, ABSENT), new.get(key, ABSENT), steps[1:]))
    # Where nothing is left of it but what is ignored, it is as it is live.
    return old if new and not made and not isinstance(old, dict) else made


def _list(old: list[Json], new: list[Json], steps: Steps) -> list[Json]:
    made, rest = list(new), steps[1:]
    positions = list(_positions(steps[0], max(len(old), len(new))))
    for at in positions:
        if at < len(old) and at < len(new):
            made[at] = cast("Json", _value(old[at], new[at], rest))
        elif at == len(made) and at < len(old) and not rest:
            made.append(old[at])
    for at in reversed(positions):
        if at == len(made) - 1 and at >= len(old) and not rest:
            made.pop()
    return made


def steps_of(patterns: Iterable[str]) -> Iterator[Steps]:
    """Those of patterns that were checked, each once."""
    return (parse(one) for one in dict.fromkeys(patterns))
