"""What has to hold for whatever is read: desired resources or located problems, and clean words for them."""

from __future__ import annotations

import io
import json
import re
import unicodedata
import warnings
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from on_fake import Prefect
from prefect_reconcile.cli import run
from prefect_reconcile.cli.options import Chosen
from prefect_reconcile.cli.project import open_project
from prefect_reconcile.errors import InvalidInputError, InvalidManifestsError
from prefect_reconcile.kinds.deployment import observe
from prefect_reconcile.kinds.registry import KINDS
from prefect_reconcile.model import Desired, Problem, Severity
from prefect_reconcile.plan import make_plan
from prefect_reconcile.render import problems as render
from prefect_reconcile.render import safe, text, yaml
from prefect_reconcile.report import Report

CHOSEN = Chosen([], None, None, {}, None, False)
"""The command line without options."""

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_SAID = re.compile(r"(error|warning|hint): \S.*")
_EXCERPT = re.compile(r" *\d+ \| .*| +\| +\^")
_COMMAND = re.compile(r"::(error|warning|notice) [^\n]*title=reconcile::[^\n]*")

WITHOUT_PLACE = (
    "there is no manifest here",
    "the file is encoded as UTF-16 or UTF-32",
    "the folder has no *.yaml or *.yml file",
    "nothing matches this pattern",
    "there is no such file or folder",
    "it is not a path",
)
"""What is said of a whole file or folder."""


@dataclass(frozen=True)
class Read:
    """What reading came to."""

    desired: tuple[Desired, ...]
    problems: tuple[Problem, ...]
    texts: Mapping[str, bytes]
    refused: bool


def judged(chosen: Chosen) -> Read:
    """Reads the project in the working directory, and asserts all that holds for each."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        found = _read(chosen)
    assert [str(one.message) for one in warned] == []
    for one in found.problems:
        _is_located(one, found.texts)
    _are_rendered(found)
    if found.desired:
        _are_planned(found.desired)
    return found


def _read(chosen: Chosen) -> Read:
    try:
        loaded = open_project(chosen).load()
    except InvalidManifestsError as error:
        problems = (*error.hints, *error.problems)
        assert any(one.severity is Severity.ERROR for one in problems), problems
        return Read((), problems, error.texts, refused=True)
    except InvalidInputError:
        return Read((), (), {}, refused=True)
    assert all(one.severity is not Severity.ERROR for one in loaded.hints), loaded.hints
    return Read(loaded.desired, loaded.hints, loaded.texts, refused=False)


def _is_located(problem: Problem, texts: Mapping[str, bytes]) -> None:
    source = problem.source
    assert source.file, problem
    assert problem.what, problem
    assert problem.remedy, problem
    if not source.line:
        assert problem.what in WITHOUT_PLACE or source.file not in texts, f"without a place: {problem}"
        return
    lines = _lines(problem, texts.get(source.file) or Path(source.file).read_bytes())
    assert source.line <= len(lines), f"below the file: {problem}"
    assert 1 <= source.column <= len(lines[source.line - 1]) + 1, f"beside the line: {problem}"


def _lines(problem: Problem, text: bytes) -> list[str]:
    decoded = text.decode("utf-8-sig", errors="replace")
    no_yaml = "is not UTF-8" in problem.what or "is not allowed in YAML" in problem.what
    if no_yaml or problem.source.file.endswith(".toml"):
        # TOML, and what cannot be read as YAML, has no other line breaks.
        return decoded.split("\n")
    # libyaml ends the last line itself, and then is on one that the file does not have.
    return _LINE_BREAK.split(decoded if decoded.endswith("\n") else decoded + "\n")


def _are_rendered(found: Read) -> None:
    shown = [(one, ()) for one in found.problems]
    said = render.text(shown, found.texts)
    is_clean(said)
    lines = said.removesuffix("\n").split("\n") if said else []
    heads = [line for line in lines if _SAID.fullmatch(line)]
    assert len(heads) == len(shown), said
    assert all(line in heads or _EXCERPT.fullmatch(line) for line in lines), said
    checked = render.Checked(len(found.desired), shown)
    is_clean(render.summary(checked))
    for machine in (render.json(checked), render.sarif(checked)):
        assert machine.isascii()
        json.loads(machine)
    commands = render.github(checked).split("\n")[:-1]
    assert all(map(_COMMAND.fullmatch, commands)), commands
    assert (len(commands), "\r" in "".join(commands)) == (len(shown), False), commands


def _are_planned(desired: Sequence[Desired]) -> None:
    """Against an empty Prefect, which may lack pools. Then what `show` would write is read again."""
    observation = Prefect().run(observe(desired))
    plan = make_plan([(KINDS[desired[0].kind], replace(observation, problems=()))])
    is_clean(text.plan(Report(plan), text.Style()))
    yaml.render([safe.masked(KINDS[one.kind].write(one)) for one in desired])


def is_clean(output: str) -> None:
    """Nothing in it that a terminal obeys, or that hides or reorders what a person reads."""
    unseen = {char for char in output if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert unseen <= {"\n"}, (sorted(map(ascii, unseen)), output)


def said(*arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), warnings.catch_warnings():
        warnings.simplefilter("error")
        code = run(arguments)
    return code, out.getvalue(), err.getvalue()


def agrees(found: Read, form: str, arguments: Sequence[str]) -> None:
    """`reconcile validate` says the same by its exit code, and `show` and it say nothing unclean."""
    code, out, err = said("validate", "--format", form, *arguments)
    assert code == (4 if found.refused else 0), (code, out, err)
    if form != "github":
        is_clean(out + err)
    code, out, err = said("show", *arguments)
    assert code == (4 if found.refused else 0), (code, out, err)
    is_clean(err)


def files(folder: Path) -> dict[str, Any]:
    """The texts of a folder, by their paths in it."""
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}
