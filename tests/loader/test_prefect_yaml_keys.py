"""The keys of a prefect.yaml: which are free, which are not known, and where the others belong."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_prefect_yaml import fields, loaded, refused

from prefect_reconcile.loader.manifests import Inputs, load

DEPLOYMENT = "deployments:\n- name: a\n  entrypoint: etl.py:etl\n"


def said(folder: Path, text: str) -> list[str]:
    """What refuses a deployment with some lines, without the place."""
    lines = refused(folder, f"pull: []\n{DEPLOYMENT}{text}")
    return [line.partition(": deployments[0].")[2] for line in lines]


@pytest.mark.parametrize(
    "key", [".any", "x-any", "definitions", "name", "prefect-version", "prefect_version"]
)
def test_what_is_free(tmp_path: Path, key: str) -> None:
    """Prefect documents these for notes and anchors: nothing in them is looked at."""
    text = f"{key}: {{anything: '{{{{ $UNSET }}}}', cron: 1}}\n"
    assert len(loaded(tmp_path, f"{text}{DEPLOYMENT}").desired) == 1


def test_free_keys_at_every_level(tmp_path: Path) -> None:
    """Also within a deployment and its parts."""
    text = (
        "  x-a: 1\n  work_pool: {name: p, .b: 1}\n  concurrency_limit: {limit: 1, x-c: 1}\n"
        "  schedules: [{cron: '@daily', x-d: 1}]\n"
    )
    found = fields(text, tmp_path)
    assert (found["work_pool_name"], found["concurrency_limit"], len(found["schedules"])) == ("p", 1, 1)


IGNORED = "Prefect ignores this key here; "
GONE = "Prefect 3 no longer knows this key; remove it"


@pytest.mark.parametrize(
    ("text", "key", "told"),
    [
        ("  job_variables: {a: 1}\n", "job_variables", IGNORED + "move it into work_pool"),
        ("  work_queue_name: q\n", "work_queue_name", IGNORED + "move it into work_pool"),
        ("  timezone: UTC\n", "timezone", IGNORED + "move it into schedules"),
        ("  storage: {}\n", "storage", GONE),
        ("  concurrency: {limit: 1}\n", "concurrency", IGNORED + "write concurrency_limit: …"),
        ("  pull_steps: []\n", "pull_steps", IGNORED + "it is called pull here"),
        (
            "  work_pool: {concurrency_limit: 1}\n",
            "work_pool.concurrency_limit",
            IGNORED + "move it out of work_pool, beside it",
        ),
        ("  work_pool: {image: x}\n", "work_pool.image", IGNORED + "move it into job_variables"),
        ("  schedules: [{cron: '@daily', catchup: false}]\n", "schedules[0].catchup", GONE),
        ("  schedule: {cron: '@daily', max_active_runs: null}\n", "schedule.max_active_runs", GONE),
        (
            "  schedules: [{schedule: {}}]\n",
            "schedules[0].schedule",
            IGNORED + "write its keys directly: {cron: …, slug: …}",
        ),
    ],
)
def test_what_prefect_ignores(tmp_path: Path, text: str, key: str, told: str) -> None:
    """Each is told where it belongs, or that it means nothing any more."""
    assert f"{key}: {told}" in said(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "key", "remedy"),
    [
        ("  paramters: {}\n", "paramters", 'did you mean "parameters"?'),
        (
            "  concurrency_limit: {strategy: x}\n",
            "concurrency_limit.strategy",
            'did you mean "collision_strategy"?',
        ),
        ("  work_pool: {job_vars: {}}\n", "work_pool.job_vars", 'did you mean "job_variables"?'),
        ("  schedules: [{corn: x}]\n", "schedules[0].corn", 'did you mean "cron"?'),
        (
            "  work_pool: {qwertz: 1}\n",
            "work_pool.qwertz",
            "remove it; the keys here are name, work_queue_name, job_variables",
        ),
    ],
)
def test_typos(tmp_path: Path, text: str, key: str, remedy: str) -> None:
    """Where Prefect takes them in silence, or passes over the whole file."""
    assert f"{key}: unknown key; {remedy}" in said(tmp_path, text)


def test_a_stray_key_stops_nothing_else(tmp_path: Path) -> None:
    """Where unknown keys are warnings, the deployment is what it is without them."""
    (tmp_path / "etl.py").write_text("from prefect import flow\n@flow\ndef etl(): ...\n")
    (tmp_path / "prefect.yaml").write_text(
        f"typo: 1\npull: []\n{DEPLOYMENT}  tagz: [x]\n  tags: [y]\n"
        "  schedules: [{cron: '@daily', catchup: true}]\n  concurrency_limit: {limit: 2, x: 1}\n"
        "  work_pool: {name: p, image: x}\n"
    )
    found = load([], Inputs(tmp_path, lenient=True))
    (one,) = found.desired
    assert (one.fields["tags"], one.fields["concurrency_limit"], one.fields["work_pool_name"]) == (
        ["y"],
        2,
        "p",
    )
    assert len([hint for hint in found.hints if "key" in hint.what]) == 5


def test_deployments_that_are_none(tmp_path: Path) -> None:
    """Never nothing in silence."""
    for text in ("deployments:\n", "deployments: []\n", "pull: []\n"):
        assert refused(tmp_path, text) == [
            "prefect.yaml: there is no manifest here; check the path, or add a manifest"
        ]
    assert refused(tmp_path, "deployments: {a: {}}\n") == [
        "prefect.yaml:1:14: deployments: expected a list of deployments; begin each with - name: …"
    ]


def test_two_of_one_name(tmp_path: Path) -> None:
    """Of one flow they are one deployment, which Prefect would write twice."""
    text = "- {name: a, entrypoint: 'etl.py:etl'}\n"
    (line,) = refused(tmp_path, f"pull: []\ndeployments:\n{text}{text}")
    assert line.startswith("prefect.yaml:4:10: name: etl/a is already declared at prefect.yaml:3:")


def test_names(tmp_path: Path) -> None:
    """Null is none. What ends in .py is a file for Prefect, whose own name it takes."""
    (line,) = refused(tmp_path, "pull: []\ndeployments: [{name: null, entrypoint: 'etl.py:etl'}]\n")
    assert line.endswith("deployments[0].name: required key is missing; add name: …")
    found = loaded(
        tmp_path,
        "pull: []\ndeployments: [{name: x/etl.py, entrypoint: 'etl.py:etl', work_pool: {name: p}}]\n",
    )
    assert [one.name for one in found.desired] == ["etl/etl"]
    assert [(hint.path, hint.what) for hint in found.hints] == [
        ("deployments[0].name", 'Prefect calls this deployment "etl"')
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("  schedule: [{cron: '@daily'}]\n", "schedule: expected one schedule; a list is called schedules"),
        ("  schedules: {cron: '@daily'}\n", "schedules: expected a list; begin each with - cron: …"),
        (
            "  schedule: {cron: '@daily'}\n  schedules: []\n",
            "schedule: schedule and schedules are both given, which Prefect refuses; keep one of them",
        ),
        ("  schedules: [{}]\n", "schedules[0]: has no cron, interval or rrule; add one of them"),
        (
            "  schedules: [null]\n",
            "schedules[0]: expected a mapping, found nothing; write a mapping, as in key: value",
        ),
        (
            "  schedules: [{cron: '@daily', anchor_date: '2024-01-01'}]\n",
            "schedules[0].anchor_date: does not go with cron; remove it",
        ),
    ],
)
def test_schedules_without_meaning(tmp_path: Path, text: str, found: str) -> None:
    """Prefect refuses each of them, or passes over the whole file."""
    assert found in said(tmp_path, text)
