"""Build, push and pull steps, the work pool, and what else `prefect deploy` would do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_prefect_yaml import loaded, one, refused

from prefect_reconcile.model import Severity

ONE_KEY = "a step has one key, its function, with the arguments below it"
IMAGE = "prefect_docker.deployments.steps.build_docker_image"


def deployment(more: str = "", pool: str = "{name: p}") -> str:
    """A file with one deployment."""
    return f"deployments:\n- name: a\n  entrypoint: etl.py:etl\n  work_pool: {pool}\n{more}"


def pulled(folder: Path, text: str, **environ: str) -> Any:
    """The pull steps of the one deployment, and whether only a new one gets them."""
    found = one(folder, text, **environ)
    steps = found.initial.get("pull_steps", found.fields.get("pull_steps"))
    return steps, "pull_steps" in found.initial


@pytest.mark.parametrize("own", ["", "  pull: null\n", "  pull: {}\n"])
@pytest.mark.parametrize("of_file", ["pull: [{a: {}}]\n", "pull: {a: {}}\n"])
def test_inherited(tmp_path: Path, of_file: str, own: str) -> None:
    """Also where the file's is a single step that is no list."""
    assert pulled(tmp_path, of_file + deployment(own)) == ([{"a": {}}], False)


@pytest.mark.parametrize("own", ["  pull: [{b: {}}]\n", "  pull: {b: {}}\n"])
def test_own(tmp_path: Path, own: str) -> None:
    """The deployment's win."""
    assert pulled(tmp_path, "pull: [{a: {}}]\n" + deployment(own)) == ([{"b": {}}], False)


@pytest.mark.parametrize(
    ("of_file", "own"), [("pull: []\n", ""), ("pull: [{a: {}}]\n", "  pull: []\n"), ("", "  pull: []\n")]
)
def test_none_on_purpose(tmp_path: Path, of_file: str, own: str) -> None:
    """An empty list is a list."""
    assert pulled(tmp_path, of_file + deployment(own)) == ([], False)


@pytest.mark.parametrize(
    ("of_file", "own"),
    [("", ""), ("pull: null\n", ""), ("pull: {}\n", "  pull: null\n"), ("pull: []\n", "  pull: null\n")],
)
@pytest.mark.parametrize(
    ("build", "pool", "directory"),
    [
        ("", "{name: p}", "{folder}"),
        ("", "{name: p, job_variables: {image: x}}", "/opt/prefect"),
        (f"build: [{{{IMAGE}: {{dockerfile: auto}}}}]\n", "{name: p}", "/opt/prefect/{name}"),
        (f"build: [{{{IMAGE}: {{dockerfile: Dockerfile}}}}]\n", "{name: p, job_variables: {image: x}}", None),
        (f"build: [{{{IMAGE}: null}}, {{other: {{}}}}]\n", "{name: p}", "{folder}"),
    ],
)
def test_made_up(
    tmp_path: Path, of_file: str, own: str, build: str, pool: str, directory: str | None
) -> None:
    """What Prefect makes up, a new deployment gets. With an image of one's own Prefect makes up none."""
    steps = [
        {"prefect.deployments.steps.set_working_directory": {"directory": directory.format(
            folder=tmp_path.as_posix(), name=tmp_path.name
        )}}
    ] if directory else []  # fmt: skip
    assert pulled(tmp_path, of_file + build + deployment(own, pool)) == (steps, True)


def test_the_build_steps_of_the_file_count_for_what_is_made_up(tmp_path: Path) -> None:
    """Also where the deployment has none on purpose: that is how Prefect does it."""
    text = f"build: [{{{IMAGE}: {{dockerfile: auto}}}}]\n" + deployment("  build: null\n")
    (step,) = pulled(tmp_path, text)[0]
    assert list(step.values()) == [{"directory": f"/opt/prefect/{tmp_path.name}"}]


@pytest.mark.parametrize("where", ["file", "deployment"])
def test_templates_of_pull_steps(tmp_path: Path, where: str) -> None:
    """What is set is filled; the rest stays for the worker, which knows more."""
    steps = (
        "pull: [{run: {a: '{{ $SET }}', b: '{{ $UNSET }}', c: '{{ clone.directory }}', d: ['{{ e.f }}'], "
        "g: '{{ $UNSET:-h }}', i: '{{ SET }}'}}]\n"
    )
    text = steps + deployment() if where == "file" else deployment(f"  {steps}")
    ((step,), _) = pulled(tmp_path, text, SET="1")
    assert step == {
        "run": {
            "a": "1", "b": "{{ $UNSET }}", "c": "{{ clone.directory }}", "d": ["{{ e.f }}"], "g": "h",
            "i": "{{ SET }}",
        }
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "pull:\n- clone:\n  repository: x\n  branch: y\n",
            f"2:3: pull[0]: {ONE_KEY}; indent repository, branch below clone",
        ),
        (
            "pull: {a: {}, b: {}}\n",
            f"1:7: pull: {ONE_KEY}; indent b below a",
        ),
        ("push: clone\n", "1:7: push: expected a list of steps; begin each with - package.function:"),
        (
            "build: [clone]\n",
            "1:9: build[0]: expected a step, which is a mapping; write package.function: {…}",
        ),
    ],
)
def test_malformed_steps(tmp_path: Path, text: str, problem: str) -> None:
    """Prefect takes the last key of a step for its function, and fails when it runs."""
    assert refused(tmp_path, text + deployment()) == [f"prefect.yaml:{problem}"]
    of_deployment = "".join(f"  {line}\n" for line in text.splitlines())
    (line,) = refused(tmp_path, deployment(of_deployment))
    assert line.endswith(problem.partition(": ")[2])
    assert ": deployments[0]." in line


@pytest.mark.parametrize(
    ("text", "warnings"),
    [
        ("build: [{a: {}}]\n" + deployment(), ["1:1: build: build steps"]),
        ("push: {a: {}}\n" + deployment(), ["1:1: push: push steps"]),
        ("build: [{a: {}}]\n" + deployment("  build: null\n"), []),
        # Prefect runs the push steps of the file also where the deployment has none on purpose.
        ("push: [{a: {}}]\n" + deployment("  push: null\n"), ["1:1: push: push steps"]),
        (deployment("  build: [{a: {}}]\n"), ["5:3: deployments[0].build: build steps"]),
        ("build: []\npush: null\n" + deployment("  push: []\n"), []),
        (deployment("  triggers: [{a: 1}]\n"), ["5:3: deployments[0].triggers: triggers"]),
        (deployment("  sla: [{a: 1}]\n"), ["5:3: deployments[0].sla: an sla"]),
        (deployment("  triggers: []\n  sla: null\n"), []),
    ],
)
def test_what_is_not_carried_out(tmp_path: Path, text: str, warnings: list[str]) -> None:
    """A warning says so, at the key."""
    found = [hint for hint in loaded(tmp_path, text).hints if "carried out" in hint.what]
    assert {hint.severity for hint in found} <= {Severity.WARNING}
    said = [f"{hint.source}: {hint.path}: {hint.what}".removeprefix("prefect.yaml:") for hint in found]
    assert [line.partition(" are not")[0].partition(" is not")[0] for line in said] == warnings


def test_a_version_is_not_made_up(tmp_path: Path) -> None:
    """So its type means nothing."""
    found = loaded(tmp_path, "pull: []\n" + deployment("  version_type: 'vcs:git'\n"))
    assert [(hint.path, hint.severity) for hint in found.hints] == [
        ("deployments[0].version_type", Severity.HINT)
    ]


@pytest.mark.parametrize("pool", ["null", "{}", "{name: null}", "{name: ''}"])
def test_the_default_work_pool(tmp_path: Path, pool: str) -> None:
    """That of Prefect's setting, where a file names none; a file that names one has that."""
    text = "pull: []\n" + deployment(pool=pool)
    for variable in ("PREFECT_DEFAULT_WORK_POOL_NAME", "PREFECT_DEPLOYMENTS_DEFAULT_WORK_POOL_NAME"):
        found = loaded(tmp_path, text, **{variable: "set"})
        assert found.desired[0].fields["work_pool_name"] == "set"
        assert [hint.what for hint in found.hints] == [f"the work pool is taken from {variable}"]
    named = one(tmp_path, "pull: []\n" + deployment(), PREFECT_DEFAULT_WORK_POOL_NAME="set")
    assert named.fields["work_pool_name"] == "p"


@pytest.mark.parametrize("pool", ["null", "{}", "{name: null}", "{name: ''}"])
def test_without_work_pool(tmp_path: Path, pool: str) -> None:
    """Prefect refuses, or asks, and so takes no pool away: a live one is left alone."""
    found = loaded(tmp_path, "pull: []\n" + deployment(pool=pool))
    (desired,) = found.desired
    assert desired.initial == {"work_pool_name": None, "work_queue_name": None}
    assert [hint.what for hint in found.hints] == [
        "without work pool, a new deployment has none, and a live one keeps its own"
    ]
