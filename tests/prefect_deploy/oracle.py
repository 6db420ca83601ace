"""What `prefect deploy` of the installed Prefect makes of a `prefect.yaml`, without a server.

Prefect's own code reads the file and makes each deployment; only what needs a server, runs a step or imports
code is replaced. Blocks and variables are not looked up, so that references to them stay.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping
from contextlib import ExitStack, chdir
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import yaml
from prefect import flow
from prefect.cli.deploy import _core
from prefect.cli.deploy._config import _load_deploy_configs_and_actions, _merge_with_default_deploy_config
from prefect.cli.deploy._models import PrefectYamlModel
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.deployments.runner import RunnerDeployment
from rich.console import Console

from prefect_reconcile.kinds.deployment import schedules
from prefect_reconcile.model import Desired

QUIET = Console(quiet=True)


@dataclass(frozen=True)
class Refusal:
    """Prefect does not make the deployment."""

    why: str


def accepted(text: bytes | str) -> bool:
    """Whether Prefect's model of the file takes it."""
    try:
        PrefectYamlModel.model_validate(yaml.safe_load(text))
    except (ValueError, TypeError, yaml.YAMLError):  # TypeError is what its validators raise for a step
        return False
    return True


def makes(
    file: Path, outputs: Mapping[str, Any], environ: Mapping[str, str], directory: Path
) -> list[dict[str, Any] | Refusal]:
    """Each deployment of a file that is accepted, as comparable fields.

    `outputs` are those of all steps, `directory` where Prefect runs.
    """
    with ExitStack() as stack:
        stack.enter_context(chdir(directory))
        stack.enter_context(patch.dict(os.environ, environ))
        stack.enter_context(patch("prefect.utilities.templating.logger"))
        configs, actions = _load_deploy_configs_and_actions(file, console=QUIET)
        return [_make(config, actions, outputs) for config in configs]


def _make(
    config: dict[str, Any], actions: dict[str, Any], outputs: Mapping[str, Any]
) -> dict[str, Any] | Refusal:
    made: list[tuple[RunnerDeployment, Any]] = []

    async def apply(self: RunnerDeployment, schedules: Any = None, **_: Any) -> Any:
        made.append((self, schedules))
        return uuid4()

    async def run_steps(*_: Any, **__: Any) -> dict[str, Any]:
        return dict(outputs)

    async def unresolved(template: Any) -> Any:
        return template

    async def no_triggers(*_: Any) -> None: ...

    replaced = {
        "run_steps": run_steps,
        "resolve_block_document_references": unresolved,
        "resolve_variables": unresolved,
        "load_flow_from_entrypoint": _flow,
        "_create_deployment_triggers": no_triggers,
    }
    # Neither triggers nor an sla are part of the deployment.
    kept = {key: one for key, one in config.items() if key not in ("triggers", "sla")}
    try:
        merged = _merge_with_default_deploy_config(kept)
    except TypeError as error:  # work_pool: null
        return Refusal(str(error))
    try:
        with patch.multiple(_core, **replaced), patch.object(RunnerDeployment, "apply", apply):
            deploying = _core._run_single_deploy(
                merged, actions, client=_Client(), console=QUIET, is_interactive=lambda: False
            )
            asyncio.run(deploying)
    except (ValueError, TypeError, AttributeError) as error:  # it ends in a traceback for `tags: null`
        return Refusal(f"{type(error).__name__}: {error}")
    ((deployment, scheduled),) = made
    return _fields(deployment, scheduled, config)


class _Client:
    """A server on which every work pool exists."""

    async def read_work_pool(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(
            type="process", name=name, base_job_template={}, is_push_pool=True, is_managed_pool=False
        )

    async def read_workers_for_work_pool(self, *_: Any, **__: Any) -> list[Any]:
        return []


def _flow(entrypoint: str) -> Any:
    """A flow as the stub code of the tests has it."""

    def stub(**kwargs: Any) -> None: ...

    name = entrypoint.rpartition(":" if ":" in entrypoint else ".")[2]
    return flow(name=name.replace("_", "-"), version="of the flow")(stub)


def _fields(made: RunnerDeployment, scheduled: Any, config: dict[str, Any]) -> dict[str, Any]:
    written = [config["schedule"]] if config.get("schedule") else config.get("schedules") or []
    records = [_record(one, its) for one, its in zip(scheduled, written, strict=True)]
    options = made.concurrency_options
    return {
        "name": made.name,
        "flow": made.flow_name,
        "entrypoint": made.entrypoint,
        "version": None if made._version_from_flow else made.version,
        "description": made.description,
        "tags": sorted(set(made.tags)),
        "parameters": made.parameters,
        "enforce_parameter_schema": made.enforce_parameter_schema,
        "paused": made.paused,
        "work_pool_name": made.work_pool_name,
        "work_queue_name": made.work_queue_name or None,
        "job_variables": made.job_variables,
        "concurrency_limit": made.concurrency_limit,
        "concurrency_options": options and options.model_dump(mode="json", exclude_none=True),
        "pull_steps": made.storage.to_pull_step() or [],  # type: ignore[union-attr]
        "schedules": records,
    }


def _record(made: Any, written: dict[str, Any]) -> dict[str, Any]:
    """A schedule without the anchor that Prefect makes up where none is written."""
    answer = DeploymentScheduleCreate.model_validate(made).model_dump(mode="json")
    record: dict[str, Any] = schedules.canonical(schedules.flat(answer))
    if "rrule" in record and "DTSTART" not in written["rrule"]:
        record["rrule"] = re.sub(r"^DTSTART:\d{8}T\d{6}\n", "", record["rrule"])
    return record if written.get("anchor_date") else {**record, "anchor_date": None}


def fields(desired: Desired) -> dict[str, Any]:
    """What we make of a deployment, as comparable with `makes`."""
    said: dict[str, Any] = {**desired.initial, **desired.fields}
    defaults = {
        "tags": [],
        "parameters": {},
        "enforce_parameter_schema": True,
        "job_variables": {},
        "paused": False,
    }
    names = (
        "entrypoint", "version", "description", "tags", "parameters", "enforce_parameter_schema", "paused",
        "work_pool_name", "work_queue_name", "job_variables", "concurrency_limit", "concurrency_options",
        "pull_steps",
    )  # fmt: skip
    return {
        "name": desired.refs["name"],
        "flow": desired.refs["flow"],
        **{name: said.get(name, defaults.get(name)) for name in names},
        "schedules": [
            {**one, "active": one.get("active", True), "anchor_date": one.get("anchor_date")}
            for one in said.get("schedules", [])
        ],
    }
