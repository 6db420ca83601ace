"""What machines read, compared whole with golden files: see `samples`."""

from __future__ import annotations

from json import loads

import pytest
from samples import APPLIED, CREATED, SAMPLES, UPDATED, expect, update

from prefect_reconcile import secrecy
from prefect_reconcile.model import Call
from prefect_reconcile.plan import Create, Plan
from prefect_reconcile.render.json import render
from prefect_reconcile.report import Outcome, Report, Result

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


def test_what_is_declared_secret_is_masked_old_and_new() -> None:
    """In values of every type, keys, names, notes, errors and requests; the rest of the report stays."""
    secrecy.begin([], ["hunter2", 1234, "fields"])
    change = update(
        "etl/hunter2",
        {"parameters": {"a": "hunter1", "b": {"x": 1}, "e": {}}},
        {
            "parameters": {
                "a": "hunter2",
                "b": {"x": 1234, "y": ["is hunter2"]},
                "e": {"fields": 1, "hunter2": 2},
            }
        },
        source="hunter2.yaml",
        notes=("of hunter2",),
    )
    calls = {change.identity: (Call("PATCH", "/hunter2", {"a": "hunter2", "fields": 1234}),)}
    outcomes = {change.identity: Outcome(Result.FAILED, "not hunter2")}
    document = loads(render(Report(Plan((change,)), outcomes, calls)))
    mask = "********"
    assert {key: document[key] for key in ("changes", "notes", "requests")} == {
        "changes": [
            {
                "action": "update",
                "kind": "Deployment",
                "resource": f"etl/{mask}",
                "source": f"{mask}.yaml:2",
                "fields": [
                    {"path": "parameters.a", "old": mask, "new": mask},
                    {"path": "parameters.b.x", "old": mask, "new": mask},
                    {"path": "parameters.b.y", "new": [f"is {mask}"]},
                    {"path": f"parameters.e.{mask}", "new": 1},
                    {"path": f"parameters.e.{mask}", "new": 2},
                ],
                "ignored": [],
                "error": f"not {mask}",
            }
        ],
        "notes": [{"kind": "Deployment", "resource": f"etl/{mask}", "note": f"of {mask}"}],
        "requests": [
            {
                "kind": "Deployment",
                "resource": f"etl/{mask}",
                "method": "PATCH",
                "path": f"/{mask}",
                "body": {"a": mask, mask: mask},
            }
        ],
    }


def test_masks_do_not_change_the_fingerprint() -> None:
    """It is that of what would be written."""
    assert loads(render(UPDATED))["fingerprint"] == UPDATED.plan.fingerprint


def test_nothing_is_cut_off() -> None:
    """Text has limits, JSON has none."""
    (write,) = [
        one for one in CREATED.plan.writes if isinstance(one, Create) and one.desired.name == "etl/full"
    ]
    assert len(loads(render(Report(CREATED.plan)))["changes"][1]["fields"]) == len(write.fields)
