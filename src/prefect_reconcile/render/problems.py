"""Problems of manifests: for people with the line that they are about, and for three kinds of machines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from json import dumps
from urllib.parse import quote

from rich.cells import cell_len

from prefect_reconcile import __version__
from prefect_reconcile.model import LINE_BREAK, JsonObject, Problem, Severity
from prefect_reconcile.render import safe
from prefect_reconcile.secrecy import hide, is_secret, known

_WIDTH = 100
"""Of a quoted line, in terminal cells."""

_LOOK_BACK = 200
"""Lines before one that may have the key of what it is part of."""

_WORD = re.compile(r"[\w-]+")


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in manifests: how many resources they hold, and each problem with the targets in
    which it occurs; none says that it occurs in all of them."""

    resources: int
    problems: Sequence[tuple[Problem, tuple[str, ...]]]

    def count(self, severity: Severity) -> int:
        """How many problems there are of that severity."""
        return sum(problem.severity is severity for problem, _ in self.problems)


def text(problems: Iterable[tuple[Problem, tuple[str, ...]]], texts: Mapping[str, bytes]) -> str:
    """A line for each problem, and below it, unless it is a hint, the line of the file with a caret.

    `texts` are the files by the names that problems use; one that is not there is not quoted.
    """
    problems = list(problems)
    quoted = {problem.source.file for problem, _ in problems if problem.severity is not Severity.HINT}
    lines = {name: _lines(name, text) for name, text in texts.items() if name in quoted}
    said = []
    for problem, targets in problems:
        where = f" [{', '.join(targets)}]" if targets else ""
        said.append(safe.line(f"{problem.severity}: {hide(f'{problem}{where}')}") + "\n")
        if problem.severity is not Severity.HINT:
            said.append(_excerpt(problem, lines.get(problem.source.file, ())))
    return "".join(said)


def _lines(file: str, text: bytes) -> list[str]:
    whole = text.decode("utf-8-sig", errors="replace")
    return whole.split("\n") if file.endswith(".toml") else LINE_BREAK.split(whole)


def _excerpt(problem: Problem, lines: Sequence[str]) -> str:
    """The line of a place, with a caret below it; nothing for what is, or is within, a secret."""
    source = problem.source
    if (
        not 0 < source.line <= len(lines)
        or _names_secret(problem.path)
        or _is_within_secret(lines, source.line)
    ):
        return ""
    line = _without_secret(lines[source.line - 1], known())
    # Of a line without end only the surroundings are looked at: it may have as many problems as characters.
    start = max(0, source.column - 1 - 2 * _WIDTH)
    before = safe.line(line[start : source.column - 1])
    after = safe.line(line[source.column - 1 :][: 2 * _WIDTH])
    cut = max(0, cell_len(before) - _WIDTH // 2)
    shown = (f"…{before[cut + 1 :]}" if cut else before) + after
    if cell_len(shown) > _WIDTH:
        shown = f"{shown[: _WIDTH - 1]}…"
    number = f"{source.line:5}"
    caret = " " * cell_len(before[cut:])
    return f"{number} | {shown}\n{' ' * len(number)} | {caret}^\n"


def _names_secret(text: str) -> bool:
    return any(is_secret((word,)) for word in _WORD.findall(text))


def _is_within_secret(lines: Sequence[str], number: int) -> bool:
    """Whether a line of YAML is below a key that looks like that of a secret, by their indentation."""
    indent = _indent(lines[number - 1])
    for line in reversed(lines[max(0, number - 1 - _LOOK_BACK) : number - 1]):
        if line.strip() and _indent(line) < indent:
            indent = _indent(line)
            if _names_secret(line.partition(":")[0]):
                return True
    return False


def _indent(line: str) -> float:
    """Its depth; an item of a list may stand right below the key of the list."""
    text = line.lstrip(" ")
    return len(line) - len(text) + (0.5 if text.startswith("-") else 0)


@lru_cache(maxsize=64)
def _without_secret(line: str, _known: object) -> str:
    """A line without what is a secret, follows a name that looks like that of one, or logs in at a URL.

    It is remembered for as long as nothing more is known of secrets.
    """
    line = line.replace("\t", " ").rstrip()
    for word in _WORD.finditer(line):
        if is_secret((word.group(),)) and line[word.end() :].strip(" :\"'"):
            return f"{line[: word.end()]}: {safe.MASK}"
    return str(safe.masked(line))


def summary(checked: Checked) -> str:
    """One line: `2 errors, 1 warning.` or `42 manifests are valid.`"""
    counts = [(checked.count(one), one.value) for one in Severity]
    told = ", ".join(f"{count} {name}{'s' * (count != 1)}" for count, name in counts if count)
    if checked.count(Severity.ERROR):
        return f"{told}.\n"
    valid = "1 manifest is valid" if checked.resources == 1 else f"{checked.resources} manifests are valid"
    return f"{valid}; {told}.\n" if told else f"{valid}.\n"


def json(checked: Checked) -> str:
    """One JSON object, ASCII only:

    ```
    {"format_version": "1", "valid": false,
     "summary": {"manifests": 0, "errors": 1, "warnings": 0, "hints": 0},
     "problems": [{"severity": "error", "file": "…", "line": 4, "column": 5, "path": "schedules[0].corn",
                   "what": "unknown key", "remedy": "did you mean \\"cron\\"?", "targets": []}]}
    ```

    `line` and `column` count from 1 and are null where a problem has no place in its file.
    """
    document: JsonObject = {
        "format_version": "1",
        "valid": not checked.count(Severity.ERROR),
        "summary": {
            "manifests": checked.resources,
            **{f"{one.value}s": checked.count(one) for one in Severity},
        },
        "problems": [
            {
                "severity": problem.severity.value,
                "file": hide(problem.source.file),
                "line": problem.source.line or None,
                "column": problem.source.column or None,
                "path": hide(problem.path),
                "what": hide(problem.what),
                "remedy": hide(problem.remedy),
                "targets": [*map(hide, targets)],
            }
            for problem, targets in checked.problems
        ],
    }
    return dumps(document, indent=2) + "\n"


_GITHUB_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.HINT: "notice"}


def github(checked: Checked) -> str:
    """A workflow command for each problem, which GitHub shows at its line.

    Source: GitHub's "Workflow commands for GitHub Actions", `::error file=…,line=…,col=…::message`.
    """
    return "".join(f"{_github_command(problem, targets)}\n" for problem, targets in checked.problems)


def _github_command(problem: Problem, targets: tuple[str, ...]) -> str:
    source = problem.source
    place = {"file": hide(source.file), "line": source.line, "col": source.column, "title": "reconcile"}
    properties = ",".join(f"{name}={_escaped(str(one), ':,')}" for name, one in place.items() if one)
    message = _escaped(_message(problem, targets))
    return safe.line(f"::{_GITHUB_LEVEL[problem.severity]} {properties}::{message}")


def _escaped(text: str, more: str = "") -> str:
    for char in f"%\r\n{more}":
        text = text.replace(char, f"%{ord(char):02X}")
    return text


_RULES = {
    Severity.ERROR: ("invalid", "error", "The manifest cannot be obeyed."),
    Severity.WARNING: ("ignored", "warning", "Something will not be as the author meant it."),
    Severity.HINT: ("hint", "note", "Something is worth knowing."),
}


def sarif(checked: Checked) -> str:
    """A SARIF 2.1.0 log, for code scanning."""
    rules = [
        {"id": name, "shortDescription": {"text": words}, "defaultConfiguration": {"level": level}}
        for name, level, words in _RULES.values()
    ]
    driver = {"name": "reconcile", "version": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(problem, targets) for problem, targets in checked.problems],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _sarif_result(problem: Problem, targets: tuple[str, ...]) -> dict[str, object]:
    source = problem.source
    rule, level, _ = _RULES[problem.severity]
    place: dict[str, object] = {"artifactLocation": {"uri": quote(hide(source.file))}}
    if source.line:
        place["region"] = {"startLine": source.line, "startColumn": source.column}
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": _message(problem, targets)},
        "locations": [{"physicalLocation": place}],
    }


def _message(problem: Problem, targets: tuple[str, ...]) -> str:
    path = f"{problem.path}: " if problem.path else ""
    where = f" [{', '.join(targets)}]" if targets else ""
    return hide(f"{path}{problem.what}; {problem.remedy}{where}")
