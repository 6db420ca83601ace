"""Against `prefect deploy` itself: what it made of a prefect.yaml is what we would make of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from patient import send
from prefect_reconcile.cli import run

REPOSITORY = Path(__file__).parent / "prefect_deploy" / "repository"

FIELDS = (
    "concurrency_options", "description", "enforce_parameter_schema", "entrypoint", "job_variables",
    "parameter_openapi_schema", "parameters", "path", "paused", "pull_steps", "version", "work_pool_name",
    "work_queue_name",
)  # fmt: skip


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server_url: str) -> Path:
    """A copy of the repository with flow names of its own, as the working directory, and its work pool."""
    mark = uuid4().hex[:8]
    root = tmp_path / "repository"
    shutil.copytree(REPOSITORY, root)
    code = root / "flows" / "etl.py"
    code.write_text(code.read_text().replace("load_orders", f"load_{mark}").replace("Other", f"Other {mark}"))
    manifest = root / "prefect.yaml"
    manifest.write_text(manifest.read_text().replace("load_orders", f"load_{mark}"))
    for name in [name for name in os.environ if name.startswith("PREFECT")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PREFECT_API_URL", server_url)
    monkeypatch.setenv("DEPLOY_POOL", f"pool-{mark}")
    monkeypatch.setenv("DEPLOY_NAME", mark)
    monkeypatch.chdir(root)
    send("POST", f"{server_url}/work_pools/", {"name": f"pool-{mark}", "type": "process"})
    return root


def prefect_deploy() -> None:
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    subprocess.run(command, check=True, capture_output=True)


def deployments(url: str) -> dict[str, dict[str, object]]:
    """Every deployment of the repository's work pool, reduced to what a manifest decides."""
    pool = {"work_pools": {"name": {"any_": [os.environ["DEPLOY_POOL"]]}}}
    found = send("POST", f"{url}/deployments/filter", pool)
    return {one["name"]: _reduced(one) for one in found}


def _reduced(one: dict[str, object]) -> dict[str, object]:
    limit, schedules = one["global_concurrency_limit"], one["schedules"]
    assert isinstance(schedules, list)
    assert limit is None or isinstance(limit, dict)
    return {
        **{name: one[name] for name in FIELDS},
        "version": None if len(str(one["version"])) == 32 else one["version"],
        "description": None if one["description"] == "None" else one["description"],
        "limit": limit and limit["limit"],
        "tags": sorted(set(one["tags"])),  # type: ignore[call-overload]
        "schedules": sorted(json.dumps(_schedule(schedule), sort_keys=True) for schedule in schedules),
    }


def _schedule(schedule: dict[str, object]) -> dict[str, object]:
    definition = schedule["schedule"]
    assert isinstance(definition, dict)
    # An interval without anchor begins when it is written, and no time zone is UTC.
    anchor = definition.get("anchor_date") if "2024" in str(definition.get("anchor_date")) else None
    plain = {**definition, "anchor_date": anchor, "timezone": definition["timezone"] or "UTC"}
    if anchor:
        plain["anchor_date"] = str(anchor).replace("+00:00", "Z")
    return {**{name: schedule[name] for name in ("active", "parameters", "slug")}, "schedule": plain}


def test_what_prefect_deploy_made_needs_no_change(
    repository: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A dry run against the server that it filled finds nothing to do."""
    prefect_deploy()
    assert run(["--dry-run", "--detailed-exitcode"]) == 0
    assert capfd.readouterr().out == "No changes. All 7 deployments are as declared.\n"


def test_we_make_what_prefect_deploy_makes(
    repository: Path, server_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Every field of every deployment is the same, whoever made it, but for two that we leave alone.

    `prefect deploy` makes up a version, a digest of the code, and stores the text None for no docstring.
    """
    assert run(["-f", "."]) == 0, capfd.readouterr()
    ours = deployments(server_url)
    for one in send("POST", f"{server_url}/deployments/filter", {}):
        if one["work_pool_name"] == os.environ["DEPLOY_POOL"]:
            send("DELETE", f"{server_url}/deployments/{one['id']}")
    prefect_deploy()
    theirs = deployments(server_url)
    assert sorted(ours) == sorted(theirs)
    assert len(ours) == 7
    differing = {
        (name, field): (ours[name][field], theirs[name][field])
        for name in ours
        for field in ours[name]
        if ours[name][field] != theirs[name][field]
    }
    assert differing == {}
