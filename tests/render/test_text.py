"""What people read, compared whole with golden files: see `samples`."""

from __future__ import annotations

from dataclasses import replace
from unicodedata import category

import pytest
from samples import (
    APPLIED,
    DONE,
    HOSTILE,
    IGNORED,
    SAMPLES,
    UPDATED,
    create,
    expect,
    unchanged,
    update,
)

from prefect_reconcile import secrecy
from prefect_reconcile.model import JsonObject
from prefect_reconcile.plan import Plan, Unchanged
from prefect_reconcile.render.text import LINE, WIDTH, Style, plan, result
from prefect_reconcile.report import Report

PLAIN, COLOURED = Style(), Style(colour=True)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_plan_reads_well(name: str) -> None:
    """Each change with its fields, the notes and a summary."""
    expect(f"{name}.txt", plan(SAMPLES[name], PLAIN))


def test_a_plan_has_colours() -> None:
    """Where they are wanted."""
    expect("updated_coloured.txt", plan(UPDATED, COLOURED))


@pytest.mark.parametrize(("name", "report"), [("applied", APPLIED), ("done", DONE)])
def test_a_result_reads_well(name: str, report: Report) -> None:
    """What is done, what failed and why, and what was not attempted."""
    expect(f"{name}.txt", result(report, PLAIN))


def test_a_result_has_colours() -> None:
    """Where they are wanted."""
    expect("applied_coloured.txt", result(APPLIED, COLOURED))


@pytest.mark.parametrize("name", SAMPLES)
def test_colours_change_nothing_but_colours(name: str) -> None:
    """Without them the text is the same."""
    text = plan(SAMPLES[name], COLOURED)
    for code in ("0", "1", "2", "31", "32", "33"):
        text = text.replace(f"\x1b[{code}m", "")
    assert text == plan(SAMPLES[name], PLAIN)


@pytest.mark.parametrize("name", SAMPLES)
def test_no_secret_is_shown(name: str) -> None:
    """All secrets of the samples say so."""
    assert "secret-" not in plan(SAMPLES[name], PLAIN)


def test_no_value_of_what_is_ignored_is_shown() -> None:
    """Only where it is."""
    text = plan(IGNORED, PLAIN)
    assert ("parameters.debug" in text, "no-text-shows" in text, "nor-this" in text) == (True, False, False)


def test_a_result_counts_what_is_ignored() -> None:
    """As the plan before it does."""
    assert result(IGNORED, PLAIN).splitlines()[-1] == (
        "Done: 0 created, 1 updated, 2 unchanged, 13 differences ignored."
    )


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        (
            {"parameters": {"a": "hunter1"}},
            {"parameters": {"a": "hunter2"}},
            '~ parameters.a: "********" (changed)',
        ),
        (
            {"parameters": {"a": "x=hunter1"}},
            {"parameters": {"a": "x=hunter2"}},
            '~ parameters.a: "********" → "x=********"',
        ),
        ({"parameters": {"a": 1}}, {"parameters": {"a": 1234}}, '~ parameters.a: "********" (changed)'),
        ({"parameters": {"a": "x"}}, {"parameters": {"a": "pin"}}, '~ parameters.a: "********" (changed)'),
        ({"parameters": {"a": "x"}}, {"parameters": {"a": "pinned"}}, '~ parameters.a: "x" → "pinned"'),
        ({"tags": ["a", "hunter1"]}, {"tags": ["a", "hunter2"]}, '~ tags: -"********" +"********"'),
        ({"description": "hunter2"}, {}, '~ description: "********" → null'),
        ({}, {"description": "a" * 60 + "hunter2"}, f'~ description: null → "{"a" * 60}********"'),
        ({"parameters": {"hunter2": 1}}, {}, "- parameters.********: 1"),
    ],
)
def test_what_is_declared_secret_is_masked_old_and_new(old: JsonObject, new: JsonObject, shown: str) -> None:
    """What was live in the place of a secret is one too; a short one only where it is the whole value."""
    secrecy.begin([], ["hunter2", 1234, "pin"])
    assert plan(Report(Plan((update("etl/a", old, new),))), PLAIN).splitlines()[1].strip() == shown


def test_nothing_hostile_is_shown() -> None:
    """Every character but the line breaks can be seen, and UTF-8 can hold it."""
    text = plan(HOSTILE, PLAIN).replace("\n", "")
    assert {"Cc", "Cf", "Cs", "Zl", "Zp"} & set(map(category, text)) == set()


def test_resources_that_are_not_all_of_one_kind_are_called_so() -> None:
    """No kind is named that some of them are not."""
    one = unchanged("etl/a")
    other = Unchanged(replace(one.desired, kind="Variable"), one.resolution)
    assert [plan(Report(Plan(changes)), PLAIN) for changes in ((one, other), (other,))] == [
        "No changes. All 2 resources are as declared.\n",
        "No changes. The one variable is as declared.\n",
    ]


def changed_lines(old: str, new: str) -> list[str]:
    """What is shown of a changed description."""
    report = Report(Plan((update("etl/a", {"description": old}, {"description": new}),)))
    return plan(report, PLAIN).splitlines()[1:-2]


def test_a_change_stays_on_one_line_while_it_fits() -> None:
    """Up to `LINE` characters, the rest of which are in `~ description: "" → ""`."""
    room = LINE - len('description: "" → ""')
    assert [len(changed_lines("a", "b" * length)) for length in (room - 1, room)] == [1, 3]


@pytest.mark.parametrize("same", [0, 30, 60, 100, 1000])
@pytest.mark.parametrize("rest", [0, 30, 60, 100, 1000])
def test_what_changed_is_shown_however_long_the_text(same: int, rest: int) -> None:
    """Long text is cut around the first difference."""
    head, old, new = changed_lines(
        "a" * same + "OLD" + "b" * rest, "a" * same + "NEW" + "b" * rest + "c" * 100
    )
    assert (head, "OLD" in old, "NEW" in new) == ("      ~ description:", True, True)
    assert max(len(old), len(new)) <= len("          - ") + WIDTH


def test_a_long_new_value_shows_its_beginning() -> None:
    """And that it goes on."""
    report = Report(Plan((create("etl/a", description="a" * 100),)))
    assert plan(report, PLAIN).splitlines()[1] == f'      + description: "{"a" * 70}…'
