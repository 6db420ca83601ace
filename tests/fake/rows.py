"""What the server answers with: every row has exactly the keys of the real one, in its order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from fake.behaviour import Behaviour
    from prefect_reconcile.model import Json, JsonObject


def copied(value: Json) -> Json:
    """A copy that shares nothing mutable, so that a test cannot change the server's memory."""
    if isinstance(value, dict):
        return {key: copied(part) for key, part in value.items()}
    if isinstance(value, list):
        return [copied(part) for part in value]
    return value


def flow(key: str, now: str, sent: JsonObject) -> JsonObject:
    """A flow, `POST /flows/`."""
    return {"id": key, "created": now, "updated": now, "name": None, "tags": [], "labels": {}, **sent}


def work_pool(key: str, now: str, sent: JsonObject, queue: str, behaviour: Behaviour) -> JsonObject:
    """A work pool, `POST /work_pools/`; `queue` is the id of its default queue."""
    storage: JsonObject = {"bundle_upload_step": None, "bundle_execution_step": None}
    row: JsonObject = {
        "id": key,
        "created": now,
        "updated": now,
        "name": None,
        "description": None,
        "type": "prefect-agent",
        "base_job_template": {},
        "is_paused": False,
        "concurrency_limit": None,
        "status": "NOT_READY",
        "default_queue_id": queue,
        "storage_configuration": storage,
    }
    if behaviour.stores_results:
        storage["default_result_storage_block_id"] = None
    if behaviour.counts_slots:
        row["active_slots"] = None
    row.update(sent)
    if row["type"] == "prefect-agent":
        row["status"] = None
    return row


def work_queue(
    key: str, now: str, name: str, pool: JsonObject, priority: int, behaviour: Behaviour
) -> JsonObject:
    """A work queue, `POST /work_pools/{name}/queues/filter`."""
    row: JsonObject = {
        "id": key,
        "created": now,
        "updated": now,
        "name": name,
        "description": "The work pool's default queue." if name == "default" else "",
        "is_paused": False,
        "concurrency_limit": None,
        "priority": priority,
        "work_pool_id": pool["id"],
        "filter": None,
        "last_polled": None,
        "work_pool_name": pool["name"],
        "status": "NOT_READY",
    }
    if behaviour.counts_slots:
        row["active_slots"] = None
    return row


def limit(key: str, now: str, name: str, number: int) -> JsonObject:
    """A global concurrency limit as a deployment shows it."""
    return {
        "id": key,
        "created": now,
        "updated": now,
        "active": True,
        "name": name,
        "limit": number,
        "active_slots": 0,
        "slot_decay_per_second": 0.0,
    }


def limit_in_full(row: JsonObject) -> JsonObject:
    """A global concurrency limit as `/v2/concurrency_limits/` shows it."""
    decay = row["slot_decay_per_second"]
    first = {key: value for key, value in row.items() if key != "slot_decay_per_second"}
    return {**first, "denied_slots": 0, "slot_decay_per_second": decay, "avg_slot_occupancy_seconds": 2.0}


def schedule(key: str, now: str, deployment: str, found: JsonObject) -> JsonObject:
    """A schedule; `found` has `schedule`, `active`, `max_scheduled_runs`, `parameters` and `slug`."""
    return {"id": key, "created": now, "updated": now, "deployment_id": deployment, **found}


@dataclass(slots=True)
class Deployment:
    """A deployment as the database holds it."""

    columns: JsonObject
    queue: JsonObject | None = None
    limit: JsonObject | None = None
    schedules: dict[str, JsonObject] = field(default_factory=dict)
    runs: dict[str, tuple[datetime, JsonObject]] = field(default_factory=dict)
    """By idempotency key, each with its moment."""
    started: list[str] = field(default_factory=list)
    """The types of the states of runs that were made by hand."""

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.columns["id"])

    @property
    def slugs(self) -> dict[str, str]:
        """The slugs in use, each with the id of its schedule."""
        return {str(row["slug"]): key for key, row in self.schedules.items() if row["slug"] is not None}

    def listed_schedules(self) -> list[Json]:
        """The schedules as they read back: the latest change first, and in no order among equals."""
        latest_first = [*self.schedules.values()]
        latest_first.sort(key=lambda row: str(row["updated"]))
        latest_first.reverse()
        return [copied(row) for row in latest_first]

    def shown(self, behaviour: Behaviour) -> JsonObject:
        """As it reads back."""
        queue = self.queue or {}
        column = self.columns
        row: JsonObject = {
            **{key: column[key] for key in ("id", "created", "updated", "name", "version", "description")},
            "flow_id": column["flow_id"],
            "paused": column["paused"],
            "schedules": self.listed_schedules(),
            "concurrency_limit": None,
            "global_concurrency_limit": self.limit,
            **{key: column[key] for key in ("concurrency_options", "job_variables", "parameters", "tags")},
            "labels": column["labels"],
            "work_queue_name": queue.get("name", column["work_queue_name"]),
            "work_queue_id": queue.get("id"),
            "last_polled": None,
            **{key: column[key] for key in ("parameter_openapi_schema", "path", "pull_steps", "entrypoint")},
            "storage_document_id": column["storage_document_id"],
            "infrastructure_document_id": column["infrastructure_document_id"],
            "created_by": None,
            "updated_by": None,
            "work_pool_name": queue.get("work_pool_name"),
            "status": "NOT_READY",
            "enforce_parameter_schema": column["enforce_parameter_schema"],
        }
        if not behaviour.shows_queue_id:
            del row["work_queue_id"]
        return {key: copied(value) for key, value in row.items()}


def columns(key: str, now: str, flow_id: str, name: str) -> JsonObject:
    """The columns of a new deployment with the database's defaults."""
    return {
        "id": key,
        "created": now,
        "updated": now,
        "name": name,
        "version": None,
        "description": None,
        "flow_id": flow_id,
        "paused": False,
        "concurrency_options": None,
        "job_variables": {},
        "parameters": {},
        "tags": [],
        "labels": {},
        "work_queue_name": None,
        "parameter_openapi_schema": {},
        "path": None,
        "pull_steps": [],
        "entrypoint": None,
        "storage_document_id": None,
        "infrastructure_document_id": None,
        "enforce_parameter_schema": True,
    }


def run(key: str, state_key: str, now: str, moment: str, parent: Deployment, cause: JsonObject) -> JsonObject:
    """A run that the schedule `cause` makes at `moment`."""
    column, queue = parent.columns, parent.queue or {}
    kind = cause["schedule"]
    parameters, of_schedule = column["parameters"], cause["parameters"]
    labels, tags = column["labels"], column["tags"]
    assert isinstance(kind, dict)
    assert isinstance(parameters, dict)
    assert isinstance(of_schedule, dict)
    assert isinstance(labels, dict)
    assert isinstance(tags, list)
    kinds = {"interval": "IntervalSchedule", "cron": "CronSchedule", "rrule": "RRuleSchedule"}
    return {
        "id": key,
        "created": now,
        "updated": now,
        "name": f"run-{key[-6:]}",
        "flow_id": column["flow_id"],
        "state_id": state_key,
        "deployment_id": parent.id,
        "deployment_version": column["version"],
        "work_queue_id": queue.get("id"),
        "work_queue_name": queue.get("name", column["work_queue_name"]),
        "flow_version": None,
        "parameters": copied({**parameters, **of_schedule}),
        "idempotency_key": f"scheduled {parent.id} {cause['id']} {moment}",
        "context": {},
        "empirical_policy": {
            "max_retries": 0,
            "retry_delay_seconds": 0.0,
            "retries": None,
            "retry_delay": None,
            "pause_keys": [],
            "resuming": False,
            "retry_type": None,
        },
        "tags": ["auto-scheduled", *tags],
        "labels": {**labels, "prefect.deployment.id": parent.id},
        "parent_task_run_id": None,
        "state_type": "SCHEDULED",
        "state_name": "Scheduled",
        "run_count": 0,
        "expected_start_time": moment,
        "next_scheduled_start_time": moment,
        "start_time": None,
        "end_time": None,
        "total_run_time": 0.0,
        "estimated_run_time": 0.0,
        "estimated_start_time_delta": 0.0,
        "auto_scheduled": True,
        "infrastructure_document_id": column["infrastructure_document_id"],
        "infrastructure_pid": None,
        "created_by": {
            "id": cause["id"],
            "type": "SCHEDULE",
            "display_value": cause["slug"] or kinds[next(key for key in kinds if key in kind)],
        },
        "work_pool_id": queue.get("work_pool_id"),
        "work_pool_name": queue.get("work_pool_name"),
        "state": _scheduled(state_key, now, moment),
        "job_variables": {},
    }


def _scheduled(key: str, now: str, moment: str) -> JsonObject:
    empty = ("flow_run_id", "task_run_id", "child_flow_run_id")
    unset = ("pause_key", "run_input_keyset", "refresh_cache", "retriable", "transition_id")
    last = ("task_parameters_id", "traceparent", "deployment_concurrency_lease_id")
    details: JsonObject = {
        **dict.fromkeys(empty),
        "scheduled_time": moment,
        "cache_key": None,
        "cache_expiration": None,
        "deferred": False,
        "untrackable_result": False,
        "pause_timeout": None,
        "pause_reschedule": False,
        **dict.fromkeys(unset),
        **dict.fromkeys(last),
    }
    return {
        "id": key,
        "type": "SCHEDULED",
        "name": "Scheduled",
        "timestamp": now,
        "message": "Flow run scheduled",
        "data": None,
        "state_details": details,
    }
