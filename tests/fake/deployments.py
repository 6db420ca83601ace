"""The endpoints of deployments. Every check comes before the first change: the server has transactions.

Sources: prefect/server/api/deployments.py and prefect/server/models/deployments.py of 3.8.8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake import rows
from fake.answers import crash
from fake.bodies import DeploymentCreate, DeploymentUpdate, deployment_create, deployment_update
from fake.checks import check_create, check_update
from fake.filters import ordered, page, query
from fake.rows import Deployment
from fake.schedule_changes import changes, is_slugged, new_schedules, patch_schedule, without_most_runs

if TYPE_CHECKING:
    from fake.filters import Query
    from fake.state import State
    from prefect_reconcile.model import Json, JsonObject

_NO_COLUMNS = (
    *("name", "flow_id", "labels", "schedules", "concurrency_limit", "work_pool_name", "version_info"),
)

# ---- read


def read_deployment(state: State, body: Json, key: str) -> tuple[int, Json]:
    """GET /deployments/{id}."""
    return 200, state.deployment(key, "Deployment not found").shown(state.behaviour)


def filter_deployments(state: State, body: Json) -> tuple[int, Json]:
    """POST /deployments/filter."""
    asked = query(body)
    return 200, _shown(state, page(_ordered(state, asked), asked))


def paginate_deployments(state: State, body: Json) -> tuple[int, Json]:
    """POST /deployments/paginate."""
    asked = query(body)
    if asked.size == 0 and not state.behaviour.empty_pages:
        crash()
    found = _ordered(state, asked)
    first = (asked.page - 1) * asked.size
    return 200, {
        "results": _shown(state, found[first : first + asked.size]),
        "count": len(found),
        "limit": asked.size,
        "pages": -(-len(found) // asked.size) if asked.size else 0,
        "page": asked.page,
    }


def count_deployments(state: State, body: Json) -> tuple[int, Json]:
    """POST /deployments/count."""
    return 200, len(state.selected(query(body)))


def _ordered(state: State, asked: Query) -> list[JsonObject]:
    return ordered([live.columns for live in state.selected(asked)], asked.sort)


def _shown(state: State, found: list[JsonObject]) -> list[Json]:
    return [state.deployments[str(columns["id"])].shown(state.behaviour) for columns in found]


# ---- write


def create_deployment(state: State, body: Json) -> tuple[int, Json]:
    """POST /deployments/: an upsert by flow and name that makes all schedules anew."""
    sent = deployment_create(body, state.behaviour)
    known = state.deployments.get(state.deployment_ids.get((str(sent.flow_id), sent.name), ""))
    check_create(state, sent, known)
    live = known or _inserted(state, sent)
    _write(state, live, sent)
    live.columns["labels"] = _labels(state, sent)
    state.drop_runs(live)
    live.schedules = new_schedules(state, live, [without_most_runs(schedule) for schedule in sent.schedules])
    _set_limit(state, live, sent)
    return 200 if known else 201, live.shown(state.behaviour)


def _inserted(state: State, sent: DeploymentCreate) -> Deployment:
    flow_id = str(sent.flow_id)
    live = Deployment(rows.columns(state.new_id(), state.now, flow_id, sent.name))
    state.deployments[live.id] = live
    state.deployment_ids[flow_id, sent.name] = live.id
    return live


def _labels(state: State, sent: DeploymentCreate) -> JsonObject:
    """The flow's labels, then Prefect's own, then the sent ones."""
    of_flow = state.flows[str(sent.flow_id)]["labels"]
    assert of_flow is None or isinstance(of_flow, dict)
    return {**(of_flow or {}), "prefect.flow.id": str(sent.flow_id), **sent.labels}


def update_deployment(state: State, body: Json, key: str) -> tuple[int, Json]:
    """PATCH /deployments/{id}."""
    sent = deployment_update(body, state.behaviour)
    live = state.deployment(key, "Deployment not found.")
    patches, made = changes(live, sent)
    parameters = check_update(state, live, sent)
    if sent.parameters is not None:
        sent.parameters = parameters
    _write(state, live, sent)
    state.drop_runs(live)
    for schedule_id, schedule in patches:
        patch_schedule(state, live.schedules[schedule_id], schedule)
    if "schedules" in sent.model_fields_set and not is_slugged(live):
        live.schedules = {}
    live.schedules |= new_schedules(state, live, made)
    _set_limit(state, live, sent)
    return 204, None


def delete_deployment(state: State, body: Json, key: str) -> tuple[int, Json]:
    """DELETE /deployments/{id}: with its runs and its limit, even a shared one."""
    live = state.deployment(key, "Deployment not found")
    state.drop_limit(live)
    del state.deployments[key]
    del state.deployment_ids[str(live.columns["flow_id"]), str(live.columns["name"])]
    return 204, None


def pause(state: State, body: Json, key: str) -> tuple[int, Json]:
    """POST /deployments/{id}/pause_deployment: deletes past scheduled runs, too."""
    live = state.deployment(key, "Deployment not found")
    _set_paused(state, live, True)
    live.runs = {}
    return 200, None


def resume(state: State, body: Json, key: str) -> tuple[int, Json]:
    """POST /deployments/{id}/resume_deployment."""
    _set_paused(state, state.deployment(key, "Deployment not found"), False)
    return 200, None


def _set_paused(state: State, live: Deployment, paused: bool) -> None:
    if live.columns["paused"] is not paused:
        live.columns.update(paused=paused, updated=state.now)


# ---- the parts of a write


def _write(state: State, live: Deployment, sent: DeploymentCreate | DeploymentUpdate) -> None:
    """Set the columns that were sent, the queue and the shared limit."""
    values = sent.sent(*_NO_COLUMNS)
    if not _keeps_job_variables(state, sent):
        values.pop("job_variables", None)
    if sent.concurrency_options:
        values["concurrency_options"] = _options(state, sent)
    if "global_concurrency_limit_id" in values:
        live.limit = state.limits.get(str(values.pop("global_concurrency_limit_id")))
    live.columns.update(values, updated=state.now)
    _move(state, live, sent)


def _keeps_job_variables(state: State, sent: DeploymentCreate | DeploymentUpdate) -> bool:
    if state.behaviour.empty_job_variables_clear:
        return sent.job_variables is not None
    return bool(sent.job_variables)


def _options(state: State, sent: DeploymentCreate | DeploymentUpdate) -> JsonObject:
    assert sent.concurrency_options
    row: JsonObject = {"collision_strategy": sent.concurrency_options.collision_strategy}
    if state.behaviour.grace_period:
        row["grace_period_seconds"] = sent.concurrency_options.grace_period_seconds
    return row


def _move(state: State, live: Deployment, sent: DeploymentCreate | DeploymentUpdate) -> None:
    """Put the deployment on the queue that the request means, which may be none that it names."""
    pool, queue = sent.work_pool_name, sent.work_queue_name
    clears = isinstance(sent, DeploymentUpdate) and state.behaviour.null_clears_pool
    if pool:
        live.queue = state.queue(pool, queue or "default")
    elif clears and pool is None and "work_pool_name" in sent.model_fields_set:
        live.queue = None
    elif queue:
        live.queue = state.agent_queue(queue)


def _set_limit(state: State, live: Deployment, sent: DeploymentCreate | DeploymentUpdate) -> None:
    """Make, change or delete the limit that the deployment points to, its own or a shared one."""
    if "concurrency_limit" not in sent.model_fields_set:
        return
    if sent.concurrency_limit is None:
        state.drop_limit(live)
    elif live.limit is None:
        live.limit = state.add_limit(f"deployment:{live.id}", sent.concurrency_limit)
    else:
        live.limit["limit"] = sent.concurrency_limit
