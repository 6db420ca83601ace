"""Holding a conversation with canned answers, and the requests and answers that tests write out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from prefect_reconcile.kinds.deployment import NAME, read, resolve
from prefect_reconcile.kinds.deployment.canonical import from_answer
from prefect_reconcile.model import Answer, Call, Conversation, Desired, JsonObject, Live, Resolution, Source

Result = TypeVar("Result")

FLOW_ID = "f0000000-0000-4000-8000-000000000000"
ID = "d0000000-0000-4000-8000-000000000000"


def hold(
    conversation: Conversation[Result], answer: Callable[[Call], Answer]
) -> tuple[list[list[Call]], Result]:
    """The calls of a conversation, round by round, and what it returned."""
    rounds: list[list[Call]] = []
    try:
        calls = next(conversation)
        while True:
            rounds.append(list(calls))
            calls = conversation.send(tuple(answer(call) for call in calls))
    except StopIteration as stop:
        return rounds, stop.value


def desired(manifest: JsonObject, **refs: str) -> Desired:
    """A valid manifest that names its flow, as it is once read."""
    found, findings = read(manifest, lambda entrypoint: None)
    assert found is not None, findings
    return Desired(NAME, found.name, Source("d.yaml", 1, 1), found.fields, {**found.refs, **refs})


def answered(**fields: Any) -> JsonObject:
    """A deployment as the API of Prefect 3.8.8 answers it."""
    return {
        "id": ID,
        "name": "nightly",
        "flow_id": FLOW_ID,
        "created": "2026-01-01T00:00:00Z",
        "updated": "2026-01-01T00:00:00Z",
        "paused": False,
        "status": "NOT_READY",
        "schedules": [],
        "concurrency_limit": None,
        "global_concurrency_limit": None,
        "concurrency_options": None,
        "enforce_parameter_schema": True,
        "parameter_openapi_schema": {"type": "object", "properties": {}},
        "parameters": {},
        "tags": [],
        "labels": {"prefect.flow.id": FLOW_ID},
        "pull_steps": None,
        "work_queue_name": None,
        "work_queue_id": None,
        "work_pool_name": None,
        "storage_document_id": None,
        "infrastructure_document_id": None,
        "description": None,
        "path": None,
        "version": None,
        "entrypoint": None,
        "job_variables": {},
        **fields,
    }


def schedule_answered(schedule_id: str, definition: JsonObject, **rest: Any) -> JsonObject:
    """A schedule as the API of Prefect 3.8.8 answers it."""
    return {
        "id": schedule_id,
        "deployment_id": ID,
        "schedule": definition,
        "active": True,
        "max_scheduled_runs": None,
        "parameters": {},
        "slug": None,
        **rest,
    }


def live(refs: dict[str, str] | None = None, **fields: Any) -> Live:
    """The live deployment `etl/nightly`, read from an answer of the API."""
    return Live(NAME, "etl/nightly", ID, from_answer(answered(**fields)), {"server": "3.8.8", **(refs or {})})


def resolved(manifest: JsonObject, there: Live | None) -> Resolution:
    """What the manifest makes of what is there; its name and flow need not be written."""
    return resolve(desired({"name": "nightly", "flow": "etl", **manifest}), there)
