"""What is wrong with a value by a JSON schema, in words for people, at its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from json import dumps

from prefect_reconcile.kinds import verdict
from prefect_reconcile.kinds.findings import mismatch, shown
from prefect_reconcile.kinds.verdict import Checker, Violation
from prefect_reconcile.model import Filled, Finding, JsonObject, Path
from prefect_reconcile.spelling import did_you_mean

_MOST_CHOICES = 8


def check(value: JsonObject, by: Checker, path: Path) -> tuple[Finding, ...]:
    """One finding for each place in a value at this path that Prefect refuses, in the order of the places.

    Raises `UnusableSchemaError` and `TooMuchError`.
    """
    found: dict[Path, Finding] = {}
    for finding in _told(verdict.violations(value, by), path):
        found.setdefault(finding.path, finding)
    return tuple(sorted(found.values(), key=_order))


def _order(finding: Finding) -> list[tuple[bool, object]]:
    return [(isinstance(step, str), step) for step in finding.path]


def _told(violations: Iterable[Violation], path: Path) -> Iterator[Finding]:
    for one in violations:
        place = (*path, *one.path)
        if one.of_key:
            what = f"the key {shown(one.value)} is not possible here"
            yield Finding((*place, str(one.value)), what, "rename or remove it", on_key=True)
        elif one.keyword in ("anyOf", "oneOf"):
            yield from _of_alternatives(one, path)
        elif one.keyword == "required":
            yield from _missing(one, place)
        elif one.keyword == "additionalProperties":
            yield from _unknown(one, place)
        else:
            yield _one(one, place)


# ---- one value


def _one(violation: Violation, place: Path) -> Finding:
    keyword, limit, value = violation.keyword, violation.limit, violation.value
    found = shown(value, place)
    if keyword == "type":
        return _type(_types(violation), value, place)
    if keyword in ("enum", "const"):
        return _choice(limit if keyword == "enum" else [limit], value, place)
    if keyword == "pattern":
        return Finding(place, f"{found} does not match the pattern {limit}", "write a text that does")
    if keyword in _SIZES:
        most, of, remedy = _SIZES[keyword]
        return Finding(place, f"has to be {most} {limit}{of}, found {_size(value, found)}", remedy)
    if keyword == "uniqueItems":
        return Finding(place, "has entries that are the same", "remove the repetitions")
    return Finding(
        place, f"{found} is not possible here", _REMEDIES.get(keyword, f"see {keyword} in the schema")
    )


def _named(value: object, place: Path) -> str:
    return "null" if value is None else shown(value, place)


_SIZES = {
    "minimum": ("at least", "", "write a larger number"),
    "exclusiveMinimum": ("more than", "", "write a larger number"),
    "maximum": ("at most", "", "write a smaller number"),
    "exclusiveMaximum": ("less than", "", "write a smaller number"),
    "multipleOf": ("a multiple of", "", "write one"),
    "minLength": ("at least", " characters long", "write a longer text"),
    "maxLength": ("at most", " characters long", "write a shorter text"),
    "minItems": ("at least", " entries long", "add more"),
    "maxItems": ("at most", " entries long", "remove some"),
    "minProperties": ("at least", " keys long", "add more"),
    "maxProperties": ("at most", " keys long", "remove some"),
}

_REMEDIES = {
    "": "remove it",
    "items": "remove what its schema does not know: the list is too long",
    "contains": "it has too few or too many entries of the kind that is asked for",
    "dependentRequired": "some of its keys need others beside them",
    "unevaluatedProperties": "remove the keys that its schema does not know",
}


def _size(value: object, found: str) -> str:
    return str(len(value)) if isinstance(value, (list, dict)) else found


_NAMES = {
    "string": "a string",
    "boolean": "true or false",
    "integer": "an integer",
    "number": "a number",
    "array": "a list",
    "object": "a mapping",
}


def _types(violation: Violation) -> list[str]:
    written = violation.limit
    return [str(one) for one in written] if isinstance(written, list) else [str(written)]


def _type(types: Sequence[str], value: object, place: Path) -> Finding:
    """`types` are JSON schema's names. Null is told only where nothing else is possible."""
    *some, last = [name for key, name in _NAMES.items() if key in types] or ["null"]
    finding = mismatch(place, last, value)
    expected = f"{', '.join(some)} or {last}" if some else last
    what = f"expected {expected}, found {shown(value, place)}"
    return Finding(place, what, _look(value) or (f"write {expected}" if some else finding.remedy))


def _look(value: object) -> str:
    """What to do about a text where its look tells more than the type that is expected."""
    if isinstance(value, str) and _REFERENCE.search(value):
        return "Prefect checks it before it puts in what {{ }} stands for: write the value itself"
    if isinstance(value, Filled):
        return "text filled a placeholder: a value of a target, or of --set @FILE.json, keeps its type"
    return ""


_REFERENCE = re.compile(r"\{\{.*\}\}", re.DOTALL)


def _choice(choices: Sequence[object], value: object, place: Path) -> Finding:
    texts = [dumps(one, ensure_ascii=False) for one in choices]
    more = f" or {len(texts) - _MOST_CHOICES} others" if len(texts) > _MOST_CHOICES else ""
    one_of = f"write {'one of ' if len(texts) > 1 else ''}{', '.join(texts[:_MOST_CHOICES])}{more}"
    words = [one for one in choices if isinstance(one, str)]
    remedy = did_you_mean(value, words, one_of) if isinstance(value, str) else one_of
    return Finding(place, f"{_named(value, place)} is not possible here", remedy)


# ---- the keys of a mapping


def _missing(violation: Violation, place: Path) -> Iterator[Finding]:
    for key in violation.limit:
        if key not in violation.value:
            yield Finding((*place, key), "required key is missing", f"add {key}: …")


def _unknown(violation: Violation, place: Path) -> Iterator[Finding]:
    schema = violation.schema
    known, patterns = list(schema.get("properties", {})), schema.get("patternProperties", {})
    there = f"remove it; the keys here are {', '.join(known)}" if known else "remove it"
    for key in violation.value:
        if key not in known and not any(re.search(pattern, key) for pattern in patterns):
            yield Finding((*place, key), "unknown key", did_you_mean(key, known, there), on_key=True)


# ---- alternatives


def _of_alternatives(violation: Violation, path: Path) -> Iterator[Finding]:
    """What the branch that was likely meant has against a value, or what all of them have."""
    place = (*path, *violation.path)
    branches = violation.branches
    if not branches:
        yield Finding(place, "fits more than one of the forms that are possible", "write what only one takes")
        return
    types = [_root_types(one, violation.path) for one in branches]
    fitting = [branch for branch, wrong in zip(branches, types, strict=True) if not wrong]
    tags = [_tags(one) for one in fitting]
    if not fitting:
        yield _type([name for wrong in types for name in wrong], violation.value, place)
    elif shared := set(tags[0]).intersection(*tags[1:]):
        tag = min(shared, key=len)
        (one, _), *_ = [found[tag] for found in tags]
        yield _choice([value for found in tags for value in found[tag][1]], one.value, (*path, *tag))
    else:
        likely = min(fitting, key=_distance)
        yield from _told(likely, path)


def _root_types(branch: Sequence[Violation], root: Path) -> list[str]:
    """The types of which the value at the root of a branch is none."""
    return [name for one in branch if one.keyword == "type" and one.path == root for name in _types(one)]


def _tags(branch: Sequence[Violation]) -> dict[Path, tuple[Violation, list[object]]]:
    """Where a branch wants one of certain values, and which."""
    return {
        one.path: (one, list(one.limit) if one.keyword == "enum" else [one.limit])
        for one in branch
        if one.keyword in ("enum", "const")
    }


def _distance(branch: Sequence[Violation]) -> tuple[bool, int]:
    """How far the value is from what a branch wants; one with another tag is another branch's."""
    return bool(_tags(branch)), len(branch)
