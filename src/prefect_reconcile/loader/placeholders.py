"""Filling `{{ … }}` in what a manifest says. Pure.

No code is run, and a value that was put in is not looked at again. Source of the pattern and of how a
value stands within text: `prefect.utilities.templating` of Prefect 3.8.8; a default is our addition.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from json import dumps
from typing import TypeAlias

from prefect_reconcile.model import ABSENT, Absent, Filled, Finding, Json, Path

# A default holds no braces of another placeholder: else a long text of openings would take quadratic time.
_PLACEHOLDER = re.compile(
    r"\{\{\s*(?P<name>[\w.\-\[\]$]*?[\w.\-\[\]])(?:\s*|:-(?P<default>(?:(?!\{\{|\}\}).)*))\}\}"
)
_VARIABLE = re.compile(r"\{\{\s*\$[^{}]{0,40}")
"""What begins as one that stands for a variable does, and may be malformed."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """`{{ $DAY:-monday }}` has the name `$DAY` and the default `monday`, None for none."""

    name: str
    default: str | None

    @property
    def variable(self) -> str | None:
        """The name of the environment variable that it stands for, None for any other placeholder."""
        return self.name[1:] if self.name.startswith("$") else None


@dataclass(frozen=True, slots=True)
class Kept:
    """Says that a placeholder stays as it is written, for a worker to fill."""


@dataclass(frozen=True, slots=True)
class Put:
    """Says what to put in its place."""

    value: Json


class Unfilled(str):
    """A text with a placeholder that can be neither filled nor kept, and the findings that say why.

    It lasts until it is known whether another layer replaces it.
    """

    findings: tuple[Finding, ...]

    def __new__(cls, text: str, findings: Iterable[Finding]) -> Unfilled:
        self = super().__new__(cls, text)
        self.findings = tuple(findings)
        return self


def unfilled(value: Json, path: Path = ()) -> Iterator[Finding]:
    """What is wrong with the placeholders that are still in a value, at their paths in it."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from unfilled(one, (*path, key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from unfilled(one, (*path, index))
    elif isinstance(value, Unfilled):
        yield from (replace(finding, path=path) for finding in value.findings)


Decide: TypeAlias = "Callable[[Path, Placeholder], Kept | Put | Finding]"
"""What becomes of a placeholder at a path."""


@dataclass(slots=True)
class Filling:
    """One pass over a value; `findings` are the placeholders that can be neither filled nor kept."""

    decide: Decide
    findings: list[Finding] = field(default_factory=list)

    def fill(self, value: Json, path: Path = ()) -> Json:
        """The value with its placeholders filled, at any depth; keys are left alone."""
        if isinstance(value, dict):
            self.findings += (
                Finding((*path, key), "placeholders in keys are not filled", "write the key out", on_key=True)
                for key in value
                if "{{" in key and _VARIABLE.search(key)
            )
            return {key: self.fill(one, (*path, key)) for key, one in value.items()}
        if isinstance(value, list):
            return [self.fill(one, (*path, index)) for index, one in enumerate(value)]
        return self._text(value, path) if isinstance(value, str) and "{{" in value else value

    def _text(self, text: str, path: Path) -> Json:
        told = len(self.findings)
        whole = _PLACEHOLDER.fullmatch(text)
        if whole is None and (odd := _VARIABLE.search(_PLACEHOLDER.sub("", text))):
            what = f"{odd.group()!r} begins a placeholder that is malformed"
            self.findings.append(Finding(path, what, "write {{ $NAME }} or {{ $NAME:-default }}"))
        # What is the whole value keeps its type; a text of the environment is `Filled` and has none.
        filled = (
            self._one(whole, path) if whole else _PLACEHOLDER.sub(lambda one: self._within(one, path), text)
        )
        return filled if len(self.findings) == told else Unfilled(text, self.findings[told:])

    def _within(self, found: re.Match[str], path: Path) -> str:
        value = self._one(found, path)
        if isinstance(value, (dict, list)):
            what = f"{found.group()} is more than one value, and stands within text"
            self.findings.append(Finding(path, what, "let it be the whole value"))
        # As JSON and YAML spell it, and not Python.
        return value if isinstance(value, str) else dumps(value)

    def _one(self, found: re.Match[str], path: Path) -> Json:
        decision = self.decide(path, Placeholder(found["name"], _trimmed(found["default"])))
        if isinstance(decision, Put):
            return decision.value
        if isinstance(decision, Finding):
            self.findings.append(decision)
        return found.group()


@dataclass(frozen=True, slots=True)
class Values:
    """What placeholders stand for: values that were given by name, which have types, then the environment."""

    given: Mapping[str, Json] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set, compare=False)
    """Names that were asked for; it grows."""

    def find(self, name: str) -> Json | Absent:
        """The value of a name. An empty variable is a value, and so is null."""
        self.used.add(name)
        if name in self.given:
            return self.given[name]
        return Filled(self.environ[name]) if name in self.environ else ABSENT


def _trimmed(default: str | None) -> str | None:
    return None if default is None else default.rstrip()


def variable(path: Path, placeholder: Placeholder, values: Values) -> Put | Finding:
    """What a `{{ $NAME }}` or `{{ $NAME:-default }}` stands for; the default also counts for an empty one."""
    name = placeholder.variable or ""
    value = values.find(name)
    # As in a shell: CI systems set what they do not know to nothing.
    if value in (ABSENT, "") and placeholder.default is not None:
        value = Filled(placeholder.default)
    if value is ABSENT:
        what = f"{name} is set neither as a value nor in the environment"
        return Finding(path, what, f"set it, or give a default: {{{{ ${name}:-… }}}}")
    return Put(value)
