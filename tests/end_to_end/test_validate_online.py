"""`reconcile validate --online`: what only the server knows, at its line, and no write."""

from __future__ import annotations

from uuid import uuid4

import pytest

from patient import send
from repository import Repository
from saying import said

VARIABLES = {
    "type": "object",
    "properties": {"cpu": {"type": "integer"}, "image": {"type": "string", "default": "etl:1"}},
}


@pytest.fixture
def typed_pool(repository: Repository) -> str:
    """A work pool whose template says what job variables are."""
    name = f"typed-{uuid4().hex[:8]}"
    template = {"variables": VARIABLES, "job_configuration": {"cpu": "{{ cpu }}", "image": "{{ image }}"}}
    body = {"name": name, "type": "process", "base_job_template": template}
    send("POST", f"{repository.prefect.url}/work_pools/", body)
    return name


def validated(repository: Repository, capfd: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    """The exit code and stdout; nothing is written to the server."""
    repository.prefect.clear()
    code, out, err = said(capfd, "validate", "-f", str(repository.folder), *options)  # type: ignore[arg-type]
    assert (err, repository.prefect.writes) == ("", [])
    return code, out


def test_job_variables_and_pools(
    repository: Repository, capfd: pytest.CaptureFixture[str], typed_pool: str
) -> None:
    """Against the pool's own template, and only with --online."""
    repository.write(
        {"name": "a", "work_pool_name": typed_pool, "job_variables": {"image": "x", "cpu": "many"}},
        {"name": "b", "work_pool_name": typed_pool + "x"},
        {"name": "c", "work_pool_name": typed_pool, "job_variables": {"cpu": 2}},
    )
    online = ["--online", "--api-url", repository.prefect.url]
    assert validated(repository, capfd) == (0, "3 manifests are valid.\n")
    code, out = validated(repository, capfd, *online)
    lines = [line for line in out.splitlines() if line.startswith("error: ")]
    assert (code, [line.partition("m.yaml:")[2][:4] for line in lines]) == (4, ["6:8:", "10:1"])
    assert 'job_variables.cpu: expected an integer, found "many"; write an integer' in lines[0]
    assert f'work_pool_name: there is no work pool "{typed_pool}x"; did you mean "{typed_pool}"?' in lines[1]
    assert "    6 |   cpu: many\n      |        ^\n" in out
    repository.write({"name": "c", "work_pool_name": typed_pool, "job_variables": {"cpu": 2}})
    assert validated(repository, capfd, *online) == (0, "1 manifest is valid.\n")
