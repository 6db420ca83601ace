"""The dialect of prefect deploy: what is made of it, what is refused, and where that is said."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from prefect_reconcile.errors import InvalidManifestsError
from prefect_reconcile.loader.manifests import Inputs, Loaded, load
from prefect_reconcile.loader.placeholders import Values
from prefect_reconcile.model import Desired, Json

FLOW = "from prefect import flow\n@flow\ndef etl(day: str = 'x'):\n    '''Load.'''\n"


def loaded(folder: Path, text: str, supplied: Mapping[str, Json] | None = None, **environ: str) -> Loaded:
    """What a prefect.yaml with a flow beside it means."""
    (folder / "etl.py").write_text(FLOW)
    (folder / "prefect.yaml").write_text(text)
    return load([], Inputs(folder, Values(supplied or {}, environ)))


def one(folder: Path, text: str, supplied: Mapping[str, Json] | None = None, **environ: str) -> Desired:
    """The only deployment."""
    (found,) = loaded(folder, text, supplied, **environ).desired
    return found


def refused(folder: Path, text: str, **environ: str) -> list[str]:
    """The lines that refuse a file."""
    with pytest.raises(InvalidManifestsError) as error:
        loaded(folder, text, **environ)
    return str(error.value).splitlines()


def fields(text: str, folder: Path, **environ: str) -> dict[str, Any]:
    """What one deployment says beside what its code does."""
    text = f"pull: []\ndeployments:\n- name: a\n  entrypoint: etl.py:etl\n{text}"
    found = one(folder, text, **environ).fields
    code = ("entrypoint", "parameter_openapi_schema", "description", "pull_steps")
    return {key: value for key, value in found.items() if key not in code}


@pytest.mark.parametrize(
    "spelling",
    [f"  {key}: {value}\n" for key in ("schedule", "schedules") for value in ("[]", "{}", "null", "")],
)
def test_no_schedule(tmp_path: Path, spelling: str) -> None:
    """Every spelling that public files have for it."""
    assert fields(spelling, tmp_path) == {"schedules": []}


def test_schedules_left_out(tmp_path: Path) -> None:
    """Nothing is said of them, so that defaults can say something."""
    assert fields("", tmp_path) == {}


def test_work_pool_and_limit(tmp_path: Path) -> None:
    """The parts of work_pool and of concurrency_limit are fields of the API."""
    text = (
        "  work_pool: {name: k8s, work_queue_name: fast, job_variables: {image: x}}\n"
        "  concurrency_limit: {limit: 2, collision_strategy: ENQUEUE}\n"
    )
    assert fields(text, tmp_path) == {
        "work_pool_name": "k8s",
        "work_queue_name": "fast",
        "job_variables": {"image": "x"},
        "concurrency_limit": 2,
        "concurrency_options": {"collision_strategy": "ENQUEUE"},
    }


def test_an_rrule_as_json(tmp_path: Path) -> None:
    """As Prefect's own command line writes it."""
    text = """  schedule: {rrule: '{"rrule": "FREQ=DAILY", "timezone": "Asia/Tokyo"}'}\n"""
    (schedule,) = fields(text, tmp_path)["schedules"]
    assert (schedule["rrule"], schedule["timezone"]) == ("FREQ=DAILY", "Asia/Tokyo")


def test_pull_is_inherited_and_overridden(tmp_path: Path) -> None:
    """The deployment's own steps win; null is the file's, an empty list is none."""
    text = (
        "pull: [{a: {}}]\ndeployments:\n"
        "- {name: a, entrypoint: 'etl.py:etl'}\n- {name: b, entrypoint: 'etl.py:etl', pull: [{b: {}}]}\n"
        "- {name: c, entrypoint: 'etl.py:etl', pull: null}\n- {name: d, entrypoint: 'etl.py:etl', pull: []}\n"
    )
    found = [each.fields["pull_steps"] for each in loaded(tmp_path, text).desired]
    assert found == [[{"a": {}}], [{"b": {}}], [{"a": {}}], []]


def test_without_pull_only_a_new_deployment_gets_one(tmp_path: Path) -> None:
    """The working directory of the run, as `prefect deploy` writes it, with a hint."""
    found = loaded(tmp_path, "deployments: [{name: a, entrypoint: 'etl.py:etl', work_pool: {name: p}}]\n")
    (desired,) = found.desired
    step = {"prefect.deployments.steps.set_working_directory": {"directory": tmp_path.as_posix()}}
    assert ("pull_steps" in desired.fields, desired.initial) == (False, {"pull_steps": [step]})
    assert [str(hint).partition(": deployments[0]: ")[2][:59] for hint in found.hints] == [
        "without pull, runs of a new deployment look for the code in"
    ]


def test_values(tmp_path: Path) -> None:
    """From the environment, with defaults; a whole value may stand for a number or boolean."""
    text = (
        '  tags: ["{{ $TAG }}", "{{ $NONE:-plain }}", "v-{{ $TAG }}"]\n'
        '  concurrency_limit: "{{ $LIMIT }}"\n  paused: "{{ $PAUSED:-true }}"\n  version: "{{ $LIMIT }}"\n'
    )
    assert fields(text, tmp_path, TAG="t", LIMIT="5") == {
        "tags": ["plain", "t", "v-t"],
        "concurrency_limit": 5,
        "paused": True,
        "version": "5",
    }


def test_what_a_worker_resolves_stays(tmp_path: Path) -> None:
    """Blocks and variables in job variables and pull steps are not looked up, and no secret is stored."""
    text = (
        "pull:\n- clone: {id: c, token: '{{ prefect.blocks.secret.x }}'}\n"
        "- run: {directory: '{{ c.directory }}'}\n"
        "deployments:\n- name: a\n  entrypoint: etl.py:etl\n"
        "  work_pool:\n    name: p\n"
        "    job_variables: {env: {X: '{{ prefect.variables.x }}', Y: '{{ ctx.flow.name }}'}}\n"
    )
    found = one(tmp_path, text).fields
    assert found["pull_steps"] == [
        {"clone": {"id": "c", "token": "{{ prefect.blocks.secret.x }}"}},
        {"run": {"directory": "{{ c.directory }}"}},
    ]
    assert found["job_variables"] == {"env": {"X": "{{ prefect.variables.x }}", "Y": "{{ ctx.flow.name }}"}}


def test_outputs_of_steps_are_supplied(tmp_path: Path) -> None:
    """`--set image.tag=…` stands for what a build step would say; that it does not run is a hint."""
    text = (
        "pull: []\nbuild: [{build_docker_image: {id: image}}]\ndeployments:\n"
        "- {name: a, entrypoint: 'etl.py:etl', version: '{{ image.tag }}'}\n"
    )
    assert one(tmp_path, text, {"image.tag": "1.4"}).fields["version"] == "1.4"
    assert refused(tmp_path, text) == [
        (
            "prefect.yaml:4:48: deployments[0].version: {{ image.tag }} comes from a build or push step, "
            "which is not carried out; run it before, and pass --set image.tag=…"
        )
    ]


def test_what_is_refused(tmp_path: Path) -> None:
    """Typos, keys that Prefect ignores where they stand, placeholders without a value: all at once."""
    text = """\
pul: []
deployments:
- name: a
  entrypoint: etl.py:etl
  job_variables: {x: 1}
  work_pool: {name: p, concurrency_limit: 2}
  schedules:
  - {cron: "0 2 * * *", catchup: true}
  - {corn: "0 2 * * *"}
  parameters: {a: "{{ prefect.variables.x }}", b: "{{ $UNSET }}", c: "{{ nothing.here }}"}
- name: b/c
  entrypoint: gone.py:etl
- just text
"""
    ours = [line.removeprefix("prefect.yaml:") for line in refused(tmp_path, text)]
    # What is said of code that is not here is told by the tests of the code.
    assert [line for line in ours if line.startswith("12:15: deployments[1].entrypoint: ")]
    assert [line for line in ours if "deployments[1].entrypoint" not in line] == [
        '1:1: pul: unknown key; did you mean "pull"?',
        "5:3: deployments[0].job_variables: Prefect ignores this key here; move it into work_pool",
        (
            "6:24: deployments[0].work_pool.concurrency_limit: Prefect ignores this key here; "
            "move it out of work_pool, beside it"
        ),
        ("8:25: deployments[0].schedules[0].catchup: Prefect 3 no longer knows this key; remove it"),
        "9:5: deployments[0].schedules[1]: has no cron, interval or rrule; add one of them",
        '9:6: deployments[0].schedules[1].corn: unknown key; did you mean "cron"?',
        (
            "10:19: deployments[0].parameters.a: {{ prefect.variables.x }} would have to be looked up now, "
            "and stored; write the value, or {{ $NAME }}; only job_variables and pull may keep it"
        ),
        (
            "10:51: deployments[0].parameters.b: UNSET is set neither as a value nor in the environment; "
            "set it, or give a default: {{ $UNSET:-… }}"
        ),
        (
            "10:70: deployments[0].parameters.c: {{ nothing.here }} is nothing that is known, and Prefect "
            "would delete it; pass --set nothing.here=…, or write {{ $NAME }} for the environment"
        ),
        "11:9: deployments[1].name: a name cannot hold '/'; use letters, digits, spaces, - _ and .",
        "13:3: deployments[2]: expected a deployment, which is a mapping; begin it with name: …",
    ]


def test_native_manifests_have_values_too(tmp_path: Path) -> None:
    """`{{ $NAME }}` is filled; every other placeholder is left for the worker."""
    (tmp_path / "a.yaml").write_text(
        'name: "{{ $N }}"\nflow: f\njob_variables: {x: "{{ prefect.blocks.s.t }}", y: "{{ anything }}"}\n'
    )
    (found,) = load(["a.yaml"], Inputs(tmp_path, Values(environ={"N": "night"}))).desired
    assert (found.name, found.fields) == (
        "f/night",
        {"job_variables": {"x": "{{ prefect.blocks.s.t }}", "y": "{{ anything }}"}},
    )
