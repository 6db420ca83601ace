"""Filling `{{ … }}` in what a manifest says. Pure.

No code is run, and a value that was put in is not looked at again. Source of the pattern and of how a
value stands within text: `prefect.utilities.templating` of Prefect 3.8.8; a default is our addition.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from prefect_reconcile.model import Filled, Finding, Json, Path

_PLACEHOLDER = re.compile(r"\{\{\s*(?P<name>[\w.\-\[\]$]+?)(?::-(?P<default>.*?))?\s*\}\}")


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
            return {key: self.fill(one, (*path, key)) for key, one in value.items()}
        if isinstance(value, list):
            return [self.fill(one, (*path, index)) for index, one in enumerate(value)]
        return self._text(value, path) if isinstance(value, str) and "{{" in value else value

    def _text(self, text: str, path: Path) -> Json:
        whole = _PLACEHOLDER.fullmatch(text)
        if whole is not None:
            value = self._one(whole, path)
            # What is the whole value keeps its type; one from the environment has none of its own.
            return Filled(value) if isinstance(value, str) and value != text else value
        return _PLACEHOLDER.sub(lambda found: self._within(found, path), text)

    def _within(self, found: re.Match[str], path: Path) -> str:
        value = self._one(found, path)
        if isinstance(value, (dict, list)):
            what = f"{found.group()} is more than one value, and stands within text"
            self.findings.append(Finding(path, what, "let it be the whole value"))
        return str(value)

    def _one(self, found: re.Match[str], path: Path) -> Json:
        decision = self.decide(path, Placeholder(found["name"], found["default"]))
        if isinstance(decision, Put):
            return decision.value
        if isinstance(decision, Finding):
            self.findings.append(decision)
        return found.group()


def from_environment(
    path: Path, placeholder: Placeholder, environ: Callable[[str], str | None]
) -> Put | Finding:
    """What a `{{ $NAME }}` or `{{ $NAME:-default }}` stands for. An empty variable is a value."""
    name = placeholder.variable or ""
    value = environ(name)
    if value is None:
        value = placeholder.default
    if value is None:
        what = f"the environment variable {name} is not set"
        return Finding(path, what, f"set it, or give a default: {{{{ ${name}:-… }}}}")
    return Put(value)
