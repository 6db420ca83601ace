"""Against `prefect deploy` itself: what it made of a prefect.yaml is what we would make of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from patient import send
from prefect_reconcile.cli import run
from prefect_reconcile.kinds.timing import utc_text

REPOSITORY = Path(__file__).parent / "prefect_deploy" / "repository"
FOLDERS = (".", "team")
"""Those with a prefect.yaml."""

COUNT = 16

FIELDS = (
    "concurrency_options", "enforce_parameter_schema", "entrypoint", "flow_id", "job_variables",
    "parameter_openapi_schema", "parameters", "path", "paused", "pull_steps", "work_pool_name",
    "work_queue_name",
)  # fmt: skip


@dataclass
class Both:
    """What either made, and what a dry run said where `prefect deploy` had been."""

    ours: dict[str, dict[str, Any]]
    theirs: dict[str, dict[str, Any]]
    dry_run: tuple[int, str]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, server_url: str) -> Iterator[Both]:
    """A copy of the repository with flow names of its own, carried out by both, one after the other."""
    mark = uuid4().hex[:8]
    root = tmp_path_factory.mktemp("deploy") / "repository"
    shutil.copytree(REPOSITORY, root)
    for file in root.rglob("*.*"):
        text = file.read_text() if file.suffix in (".py", ".yaml") else None
        if text:
            for name in ("load_orders", "Other Flow", "weekly report", "job_of_team"):
                text = text.replace(name, f"{name}{mark}")
            file.write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PREFECT")]:
            patch.delenv(name)
        patch.setenv("HOME", str(root.parent))
        patch.setenv("PREFECT_API_URL", server_url)
        patch.setenv("DEPLOY_POOL", f"pool-{mark}")
        patch.setenv("DEPLOY_NAME", mark)
        patch.chdir(root)
        send("POST", f"{server_url}/work_pools/", {"name": f"pool-{mark}", "type": "process"})
        yield carried_out(server_url, root)


def carried_out(url: str, root: Path) -> Both:
    """We first, and then, when all is deleted, `prefect deploy`."""
    files = [f"--file={folder}" for folder in FOLDERS]
    arguments = [*files, "--set=commit.stdout=1.4"]
    assert run(arguments) == 0
    ours = deployments(url)
    for one in ours.values():
        send("DELETE", f"{url}/deployments/{one['id']}")
    for folder in FOLDERS:
        prefect_deploy(root / folder)
    report = root / "report.json"
    with report.open("w") as output:
        code = subprocess.run(
            [sys.executable, "-m", "prefect_reconcile", "--dry-run", "--detailed-exitcode", *arguments],
            stdout=output,
            check=False,
        ).returncode
    return Both(ours, deployments(url), (code, report.read_text()))


def prefect_deploy(folder: Path) -> None:
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def deployments(url: str) -> dict[str, dict[str, Any]]:
    """Every deployment of the repository's work pool, by name."""
    pool = {"work_pools": {"name": {"any_": [os.environ["DEPLOY_POOL"]]}}}
    return {one["name"]: one for one in send("POST", f"{url}/deployments/filter", pool)}


def reduced(one: dict[str, Any]) -> dict[str, Any]:
    """What a manifest decides, with the exceptions.

    * `version`: Prefect makes up a digest of the code where none is written, and we none;
    * `description`: it stores the text None for a flow without docstring;
    * `tags`: the server keeps order and repetitions, which mean nothing;
    * a cron's time zone: left out, it stores null, and means UTC;
    * an interval's anchor: left out, it is the moment of the deployment; written, the offset does not count.
    """
    limit = one["global_concurrency_limit"]
    made_up = len(str(one["version"])) == 32
    return {
        **{name: one[name] for name in FIELDS},
        "version": None if made_up else one["version"],
        "description": None if one["description"] == "None" else one["description"],
        "limit": limit and limit["limit"],
        "tags": sorted(set(one["tags"])),
        "schedules": sorted(json.dumps(_schedule(schedule), sort_keys=True) for schedule in one["schedules"]),
    }


def _schedule(schedule: dict[str, Any]) -> dict[str, Any]:
    definition = schedule["schedule"]
    written = definition.get("anchor_date") or ""
    anchor = utc_text(written) if written.startswith("2024") else None
    plain = {**definition, "timezone": definition["timezone"] or "UTC", "anchor_date": anchor}
    return {**{name: schedule[name] for name in ("active", "parameters", "slug")}, "schedule": plain}


def test_what_prefect_deploy_made_needs_no_change(both: Both) -> None:
    """A dry run against the server that it filled finds nothing to do."""
    assert both.dry_run == (0, f"No changes. All {COUNT} deployments are as declared.\n")


def test_we_make_what_prefect_deploy_makes(both: Both) -> None:
    """Every field of every deployment is the same, whoever made it, but for what `reduced` takes away."""
    assert sorted(both.ours) == sorted(both.theirs)
    assert len(both.ours) == COUNT
    ours, theirs = ({name: reduced(one) for name, one in side.items()} for side in (both.ours, both.theirs))
    differing = {
        (name, field): (value, theirs[name][field])
        for name, fields in ours.items()
        for field, value in fields.items()
        if value != theirs[name][field]
    }
    assert not differing, json.dumps([*map(str, differing.items())], indent=1)


def test_what_is_not_carried_out_is_not_lost(both: Both) -> None:
    """What the manifests say of themselves is there, on both sides: no field was emptied in silence."""
    built, nested = both.theirs["built"], both.theirs["nested"]
    assert (built["version"], built["job_variables"]["image"]) == ("1.4", "x:1.4")
    assert nested["job_variables"]["name"].startswith("{{ ctx.flow_run.name }}-")
    assert "{{ prefect.blocks.secret.never-looked-up }}" in json.dumps(both.theirs["nulls"]["pull_steps"])
