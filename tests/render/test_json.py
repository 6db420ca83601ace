"""What machines read, compared whole with golden files: see `samples`."""

from __future__ import annotations

from json import loads

import pytest
from samples import APPLIED, CREATED, SAMPLES, UPDATED, expect

from prefect_reconcile.plan import Create
from prefect_reconcile.render.json import render
from prefect_reconcile.report import Report

REPORTS = {**SAMPLES, "applied": APPLIED}


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_whole(name: str) -> None:
    """The same shape before and after an apply."""
    expect(f"{name}.json", render(REPORTS[name]))


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_json_in_ascii(name: str) -> None:
    """Whatever the values, and it ends with a line break."""
    text = render(REPORTS[name])
    assert (text.isascii(), text[-1], isinstance(loads(text), dict)) == (True, "\n", True)


@pytest.mark.parametrize("name", REPORTS)
def test_no_secret_is_shown(name: str) -> None:
    """All secrets of the samples say so."""
    assert "secret-" not in render(REPORTS[name])


def test_the_keys_are_those_that_are_promised() -> None:
    """`requests` only where they were asked for."""
    keys = ["format_version", "fingerprint", "summary", "changes", "notes"]
    assert [[*loads(render(report))] for report in (UPDATED, SAMPLES["requested"])] == [
        keys,
        [*keys, "requests"],
    ]


def test_masks_do_not_change_the_fingerprint() -> None:
    """It is that of what would be written."""
    assert loads(render(UPDATED))["fingerprint"] == UPDATED.plan.fingerprint


def test_nothing_is_cut_off() -> None:
    """Text has limits, JSON has none."""
    (write,) = [
        one for one in CREATED.plan.writes if isinstance(one, Create) and one.desired.name == "etl/full"
    ]
    assert len(loads(render(Report(CREATED.plan)))["changes"][1]["fields"]) == len(write.fields)
