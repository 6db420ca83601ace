"""A report for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prefect_reconcile.differ import FieldChange
from prefect_reconcile.model import ABSENT, Absent, Call, Json, Key, Path, same
from prefect_reconcile.plan import Change, Create, Delete, Plan, Unchanged, Update, Write, ignored_by
from prefect_reconcile.render import safe
from prefect_reconcile.report import Outcome, Report, Result
from prefect_reconcile.spelling import listed

WIDTH = 72
"""Characters of a long value that are shown; JSON has all of it."""

LINE = 92
"""Characters of a change that are written on one line."""


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
    """Every change with its fields, the requests where they were asked for, what is ignored, the notes and a
    summary."""
    lines: list[str] = []
    for write in report.plan.writes:
        lines += _resource(write, style)
        lines += [f"      {line}" for line in _fields(write, style)]
        lines += [f"      {line}" for line in _ignored(write, style)]
        calls = (report.requests or {}).get(write.identity, ())
        lines += [f"      {request}" for call in calls for request in _request(call, style)]
        lines.append("")
    lines += _unchanged(report.plan, style)
    lines += _notes(report.plan, style)
    lines += _summary(report, style)
    return "\n".join(lines) + "\n"


def result(report: Report, style: Style) -> str:
    """What became of every change, and a summary."""
    lines = [line for write in report.plan.writes for line in _outcome(write, report.outcome(write), style)]
    if report.unchecked is not None:
        lines.append(f"  {style.red('!')} what was written is not checked: {safe.line(report.unchecked)}")
    counts = report.summary
    said = [f"{counts['create']} created", f"{counts['update']} updated"]
    said += [f"{counts['delete']} deleted"] if report.plan.deletes else []
    said.append(f"{counts['unchanged']} unchanged")
    said += _count_of_ignored(report.plan)
    outcomes = [outcome.result for outcome in (report.outcomes or {}).values()]
    said += [
        f"{outcomes.count(result)} {result.value}"
        for result in (Result.FAILED, Result.NOT_ATTEMPTED)
        if result in outcomes
    ]
    verdict = style.red("Not all done:") if report.failed else style.green("Done:")
    return "\n".join([*lines, "", f"{verdict} {', '.join(said)}."]) + "\n"


def _resource(change: Change, style: Style) -> Iterator[str]:
    match change:
        case Create():
            mark = style.green("+ create")
        case Update():
            mark = style.yellow("~ update")
        case Delete():
            mark = style.red("- delete")
        case Unchanged():
            mark = "= unchanged"
    _, name = change.identity
    if isinstance(change, Delete):
        source = "no manifest names it any more"
    else:
        source = f"{safe.line(change.desired.source.file)}:{change.desired.source.line}"
    yield f"  {mark} {style.bold(safe.line(name))}  {style.faint(source)}"


def _fields(write: Write, style: Style) -> Iterator[str]:
    if isinstance(write, Delete):
        return
    show = _new_field if isinstance(write, Create) else _field
    for change in write.fields:
        yield from show(change, style)


def _ignored(change: Change, style: Style) -> Iterator[str]:
    """How many differences are left alone, and where; what they are is not shown."""
    ignored = ignored_by(change)
    if ignored:
        paths = listed([safe.line(safe.path(one.path)) for one in ignored])
        yield style.faint(f"ignored: {_differences(len(ignored))} ({paths})")


def _unchanged(plan: Plan, style: Style) -> Iterator[str]:
    """What is unchanged because differences are ignored."""
    for change in plan.changes:
        if isinstance(change, Unchanged) and change.ignored:
            yield from _resource(change, style)
            yield from (f"      {line}" for line in _ignored(change, style))
            yield ""


def _differences(count: int) -> str:
    return "1 difference" if count == 1 else f"{count} differences"


def _count_of_ignored(plan: Plan) -> list[str]:
    return [f"{_differences(plan.ignored)} ignored"] if plan.ignored else []


def _field(change: FieldChange, style: Style) -> Iterator[str]:
    path = safe.line(safe.path(change.path))
    before, after = safe.sides(_said(change.old, change.path), _said(change.new, change.path), change.path)
    match change.old, change.new:
        case list(old), list(new) if len(change.path) == 1:
            gone, come = _others(old, before, new), _others(new, after, old)
            yield from _set(path, gone, come, style)
        case Absent(), _:
            yield f"{style.green('+')} {path}: {style.green(_cut(_value(after)))}"
        case _, Absent():
            yield f"{style.red('-')} {path}: {style.red(_cut(_value(before)))}"
        case _:
            yield from _replaced(path, _value(before), _value(after), style)


def _new_field(change: FieldChange, style: Style) -> Iterator[str]:
    """A field of something new, which has no old side worth telling."""
    if change.new is not ABSENT:
        yield from _field(FieldChange(change.path, ABSENT, change.new), style)


def _set(path: str, gone: list[str], come: list[str], style: Style) -> Iterator[str]:
    parts = [style.red(f"-{one}") for one in gone] + [style.green(f"+{one}") for one in come]
    if sum(len(one) + 2 for one in (path, *gone, *come)) <= LINE:
        yield f"{style.yellow('~')} {path}: {' '.join(parts)}"
    else:
        yield f"{style.yellow('~')} {path}:"
        yield from (f"    {part}" for part in parts)


def _others(ones: list[Json], masked: Json | Absent, others: list[Json]) -> list[str]:
    """The entries of a set that are in one list only, as they are shown."""
    shown = masked if isinstance(masked, list) else []
    pairs = zip(ones, shown, strict=True)
    return [_value(there) for one, there in pairs if not any(same(one, other) for other in others)]


def _replaced(path: str, old: str, new: str, style: Style) -> Iterator[str]:
    head = f"{style.yellow('~')} {path}:"
    if old == new:
        # Only secrets differ, and they look alike.
        yield f"{head} {_cut(new)} (changed)"
    elif len(path) + len(old) + len(new) + len(":  → ") <= LINE:
        yield f"{head} {style.red(old)} → {style.green(new)}"
    else:
        start = _first_difference(old, new) - WIDTH // 2
        yield head
        yield f"    {style.red('- ' + _cut(old, start))}"
        yield f"    {style.green('+ ' + _cut(new, start))}"


def _first_difference(old: str, new: str) -> int:
    shorter = min(len(old), len(new))
    return next((i for i in range(shorter) if old[i] != new[i]), shorter)


def _said(one: Json | Absent, path: Path) -> Json | Absent:
    if isinstance(one, dict) and isinstance(path[-1], Key):
        # An entry of a keyed list has every key; what is not set says nothing to people.
        return {key: inner for key, inner in one.items() if inner is not None and inner != {}}
    return one


def _value(one: Json | Absent) -> str:
    return "" if one is ABSENT else safe.value(one)


def _cut(text: str, start: int = 0) -> str:
    """At most `WIDTH` characters, from `start` on where there is more than that behind it."""
    if len(text) <= WIDTH:
        return text
    start = max(0, min(start, len(text) - WIDTH + 1))
    text = f"…{text[start + 1 :]}" if start else text
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"


def _request(call: Call, style: Style) -> Iterator[str]:
    body = f" {safe.value(safe.masked(call.body))}" if call.body is not None else ""
    yield style.faint(f"→ {call.method} {safe.line(call.path)}{body}")


def _notes(plan: Plan, style: Style) -> Iterator[str]:
    for (_, name), note in plan.notes:
        yield f"  {style.yellow('note')} {safe.line(name)}: {safe.line(note)}"
    if plan.notes:
        yield ""


def _summary(report: Report, style: Style) -> Iterator[str]:
    counts = report.summary
    if not report.plan.writes:
        yield f"{style.green('No changes.')} {_as_declared(report.plan)}"
        return
    parts = [f"{counts['create']} to create", f"{counts['update']} to update"]
    parts += [f"{counts['delete']} to delete"] if report.plan.deletes else []
    said = ", ".join([*parts, f"{counts['unchanged']} unchanged", *_count_of_ignored(report.plan)])
    yield f"{style.bold('Plan:')} {said}. {style.faint('Fingerprint ' + report.plan.fingerprint)}"


def _as_declared(plan: Plan) -> str:
    kinds = {kind for kind, _ in (change.identity for change in plan.changes)}
    noun = kinds.pop().lower() if len(kinds) == 1 else "resource"
    excepted = (["what is noted"] if plan.notes else []) + _count_of_ignored(plan)
    noted = f", but for {' and '.join(excepted)}" if excepted else ""
    match len(plan.changes):
        case 0:
            return "Nothing is declared."
        case 1:
            return f"The one {noun} is as declared{noted}."
        case count:
            return f"All {count} {noun}s are as declared{noted}."


def _outcome(write: Write, outcome: Outcome | None, style: Style) -> Iterator[str]:
    name = safe.line(write.identity[1])
    done = {Create: "created", Update: "updated", Delete: "deleted"}[type(write)]
    match outcome:
        case Outcome(result=Result.DONE):
            yield f"  {style.green('✓')} {done} {name}"
        case Outcome(result=Result.FAILED, error=error):
            yield f"  {style.red('✗')} failed {name}: {safe.line(error or '')}"
        case _:
            yield f"  {style.faint('·')} not attempted {name}"
    for note in outcome.notes if outcome else ():
        yield f"      {style.yellow('note')} {safe.line(note)}"
