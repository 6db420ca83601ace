"""The endpoints of what deployments need: the server itself, flows, pools, limits and automations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake import rows
from fake.answers import conflict, parsed, refuse
from fake.bodies import FlowCreate, LimitCreate, WorkPoolCreate
from fake.checks import check_template
from fake.filters import ordered, page, query
from fake.rows import copied

if TYPE_CHECKING:
    from fake.state import State
    from prefect_reconcile.model import Json, JsonObject


def health(state: State, body: Json) -> tuple[int, Json]:
    """GET /health."""
    return 200, True


def api_version(state: State, body: Json) -> tuple[int, Json]:
    """GET /version: the same for every Prefect 3."""
    return 200, "0.8.4"


def package_version(state: State, body: Json) -> tuple[int, Json]:
    """GET /admin/version."""
    return 200, state.version


def csrf_token(state: State, body: Json) -> tuple[int, Json]:
    """GET /csrf-token."""
    refuse(422, "CSRF protection is disabled.")


def create_flow(state: State, body: Json) -> tuple[int, Json]:
    """POST /flows/: the known flow of that name, unchanged, or a new one."""
    sent = parsed(FlowCreate, body)
    if known := state.flow_ids.get(sent.name):
        return 200, copied(state.flows[known])
    row = rows.flow(state.new_id(), state.now, sent.sent())
    state.flow_ids[sent.name] = str(row["id"])
    state.flows[str(row["id"])] = row
    return 201, copied(row)


def read_flow(state: State, body: Json, key: str) -> tuple[int, Json]:
    """GET /flows/{id}."""
    if key not in state.flows:
        refuse(404, "Flow not found")
    return 200, copied(state.flows[key])


def filter_flows(state: State, body: Json) -> tuple[int, Json]:
    """POST /flows/filter."""
    asked = query(body)
    if asked.deployments or asked.work_pools:
        raise NotImplementedError("the fake Prefect selects flows by flows alone")
    found = [row for row in state.flows.values() if asked.flows is None or asked.flows.select(row)]
    return 200, [copied(row) for row in page(ordered(found, asked.sort), asked)]


def create_pool(state: State, body: Json) -> tuple[int, Json]:
    """POST /work_pools/."""
    sent = parsed(WorkPoolCreate, body)
    if sent.name.lower().startswith("prefect"):
        refuse(403, "Work pools starting with 'Prefect' are reserved for internal use.")
    if sent.name in state.pools:
        refuse(409, "A work pool with this name already exists.")
    check_template(sent.base_job_template)
    return 201, copied(state.add_pool(sent.sent()))


def read_pool(state: State, body: Json, name: str) -> tuple[int, Json]:
    """GET /work_pools/{name}."""
    return 200, copied(state.pool(name))


def filter_pools(state: State, body: Json) -> tuple[int, Json]:
    """POST /work_pools/filter: always in the order of their names."""
    asked = query(body)
    if asked.deployments or asked.flows:
        raise NotImplementedError("the fake Prefect selects work pools by work_pools alone")
    found = [row for row in state.pools.values() if asked.work_pools is None or asked.work_pools.select(row)]
    return 200, [copied(row) for row in page(ordered(found, "NAME_ASC"), asked)]


def filter_queues(state: State, body: Json, pool: str) -> tuple[int, Json]:
    """POST /work_pools/{name}/queues/filter."""
    state.pool(pool)
    return 200, [copied(row) for row in state.queues_of(pool)]


def create_limit(state: State, body: Json) -> tuple[int, Json]:
    """POST /v2/concurrency_limits/."""
    sent = parsed(LimitCreate, body)
    if state.has_limit_named(sent.name):
        conflict()
    return 201, rows.limit_in_full(state.add_limit(sent.name, sent.limit))


def read_limit(state: State, body: Json, key: str) -> tuple[int, Json]:
    """GET /v2/concurrency_limits/{id}."""
    if key not in state.limits:
        refuse(404, "Concurrency Limit not found")
    return 200, rows.limit_in_full(state.limits[key])


def create_automation(state: State, body: Json) -> tuple[int, Json]:
    """POST /automations/: kept as sent, not checked."""
    assert isinstance(body, dict)
    moments: JsonObject = {"id": state.new_id(), "created": state.now, "updated": state.now}
    row: JsonObject = {"enabled": True, **body, **moments}
    owner = str(row.pop("owner_resource", None))
    state.automations[str(row["id"])] = (owner, row)
    return 201, copied(row)


def read_automation(state: State, body: Json, key: str) -> tuple[int, Json]:
    """GET /automations/{id}."""
    if key not in state.automations:
        refuse(404, "Automation not found")
    return 200, copied(state.automations[key][1])


def delete_automations(state: State, body: Json, owner: str) -> tuple[int, Json]:
    """DELETE /automations/owned-by/{resource}."""
    state.automations = {key: row for key, row in state.automations.items() if row[0] != owner}
    return 202, None
