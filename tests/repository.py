"""A folder of manifests and the command line run on it, before a recorded Prefect."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml

from patient import send
from prefect_reconcile.cli import run
from recorder import Recorder


class Repository:
    """A folder of manifests, and the command line run on it."""

    def __init__(self, folder: Path, prefect: Recorder, capfd: pytest.CaptureFixture[str]) -> None:
        self.folder, self.prefect, self._capfd = folder, prefect, capfd
        self.flow = f"flow-{uuid4().hex[:8]}"

    def write(self, *manifests: dict[str, Any], file: str = "m.yaml") -> None:
        texts = [yaml.safe_dump({"flow": self.flow, **one}, sort_keys=False) for one in manifests]
        (self.folder / file).write_text("---\n".join(texts))

    def reconcile(self, *options: str) -> tuple[int, dict[str, Any]]:
        """The exit code and the JSON report; the recorder then holds this run's requests only."""
        self.prefect.clear()
        code = run(["-f", str(self.folder), "--api-url", self.prefect.url, "--format", "json", *options])
        out, err = self._capfd.readouterr()
        assert err == "" or code != 0 or err.startswith("warning: nothing is selected"), err
        return code, json.loads(out) if out else {"stderr": err}

    def live(self, name: str) -> dict[str, Any]:
        answer = send("GET", f"{self.prefect.url}/deployments/name/{self.flow}/{name}")
        return dict(answer)

    def scheduled_runs(self, deployment_id: str) -> set[tuple[str, str]]:
        """Ids and start times of the runs that Prefect scheduled for a deployment."""
        where = {"deployments": {"id": {"any_": [deployment_id]}}, "limit": 200}
        runs = send("POST", f"{self.prefect.url}/flow_runs/filter", where)
        return {(one["id"], one["expected_start_time"]) for one in runs}
