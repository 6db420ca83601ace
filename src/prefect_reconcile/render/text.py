"""A report for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from prefect_reconcile.model import ABSENT, Absent, Call, Json, Path, path_text
from prefect_reconcile.differ import FieldChange
from prefect_reconcile.plan import Change, Create, Update, Write
from prefect_reconcile.render import safe
from prefect_reconcile.report import Outcome, Report, Result

WIDTH = 72
"""Characters of a value that are shown; JSON has all of it."""


@dataclass(frozen=True, slots=True)
class Style:
    """Colour, or none."""

    colour: bool = False

    def green(self, text: str) -> str:
        """What comes."""
        return self._paint("32", text)

    def yellow(self, text: str) -> str:
        """What changes."""
        return self._paint("33", text)

    def red(self, text: str) -> str:
        """What goes, and what failed."""
        return self._paint("31", text)

    def bold(self, text: str) -> str:
        """What to read first."""
        return self._paint("1", text)

    def faint(self, text: str) -> str:
        """What to read last."""
        return self._paint("2", text)

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text


def plan(report: Report, style: Style) -> str:
    """Every change with its fields, the requests where they were asked for, the notes and a summary."""
    lines: list[str] = []
    for write in report.plan.writes:
        lines += _resource(write, style)
        lines += [f"      {field}" for change in write.fields for field in _field(change, style)]
        calls = (report.requests or {}).get((write.desired.kind, write.desired.name), ())
        lines += [f"      {request}" for call in calls for request in _request(call, style)]
        lines.append("")
    lines += _notes(report.plan.changes, style)
    lines += _summary(report, style)
    return "\n".join(lines) + "\n"


def result(report: Report, style: Style) -> str:
    """What became of every change, and a summary."""
    lines = [_outcome(write, report.outcome(write), style) for write in report.plan.writes]
    counts = report.summary
    said = [f"{counts['create']} created", f"{counts['update']} updated", f"{counts['unchanged']} unchanged"]
    outcomes = [outcome.result for outcome in (report.outcomes or {}).values()]
    said += [
        f"{outcomes.count(result)} {result.value}"
        for result in (Result.FAILED, Result.NOT_ATTEMPTED)
        if result in outcomes
    ]
    verdict = style.red("Not all done:") if report.failed else style.green("Done:")
    return "\n".join([*lines, "", f"{verdict} {', '.join(said)}."]) + "\n"


def _resource(write: Write, style: Style) -> Iterator[str]:
    match write:
        case Create():
            mark = style.green("+ create")
        case Update():
            mark = style.yellow("~ update")
    source = style.faint(f"{safe.line(write.desired.source.file)}:{write.desired.source.line}")
    yield f"  {mark} {style.bold(safe.line(write.desired.name))}  {source}"


def _field(change: FieldChange, style: Style) -> Iterator[str]:
    path = safe.line(path_text(change.path))
    match change.old, change.new:
        case list(old), list(new) if len(change.path) == 1:
            yield f"{style.yellow('~')} {path}: {' '.join(_set(old, new, style))}"
        case Absent(), new:
            yield f"{style.green('+')} {path}: {style.green(_value(new, change.path))}"
        case old, Absent():
            yield f"{style.red('-')} {path}: {style.red(_value(old, change.path))}"
        case old, new:
            before, after = _value(old, change.path), _value(new, change.path)
            hidden = " (changed)" if before == after else ""
            yield f"{style.yellow('~')} {path}: {style.red(before)} → {style.green(after)}{hidden}"


def _set(old: list[Json], new: list[Json], style: Style) -> Iterator[str]:
    yield from (style.red(f"-{safe.value(one)}") for one in old if one not in new)
    yield from (style.green(f"+{safe.value(one)}") for one in new if one not in old)


def _value(one: Json | Absent, path: Path) -> str:
    text = "" if one is ABSENT else safe.value(safe.masked(one, path))
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"


def _request(call: Call, style: Style) -> Iterator[str]:
    body = f" {safe.value(safe.masked(call.body))}" if call.body is not None else ""
    yield style.faint(f"→ {call.method} {safe.line(call.path)}{body}")


def _notes(changes: Iterable[Change], style: Style) -> Iterator[str]:
    for change in changes:
        for note in change.resolution.notes:
            yield f"  {style.yellow('note')} {safe.line(change.desired.name)}: {safe.line(note)}"


def _summary(report: Report, style: Style) -> Iterator[str]:
    counts = report.summary
    if not report.plan.writes:
        yield f"{style.green('No changes.')} {_as_declared(counts['unchanged'])} as declared."
        return
    said = f"{counts['create']} to create, {counts['update']} to update, {counts['unchanged']} unchanged"
    yield f"{style.bold('Plan:')} {said}. {style.faint('Fingerprint ' + report.plan.fingerprint)}"


def _as_declared(count: int) -> str:
    return "The one deployment is" if count == 1 else f"All {count} deployments are"


def _outcome(write: Write, outcome: Outcome | None, style: Style) -> str:
    name = safe.line(write.desired.name)
    done = "created" if isinstance(write, Create) else "updated"
    match outcome:
        case Outcome(result=Result.DONE):
            return f"  {style.green('✓')} {done} {name}"
        case Outcome(result=Result.FAILED, error=error):
            return f"  {style.red('✗')} failed {name}: {safe.line(error or '')}"
        case _:
            return f"  {style.faint('·')} not attempted {name}"
