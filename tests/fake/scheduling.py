"""The endpoints of schedules, and of the runs that they make."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from fake import rows
from fake.answers import conflict, parsed, refuse
from fake.bodies import RunsToSchedule, schedule_creates, schedule_update
from fake.checks import check_run
from fake.filters import States, page, query
from fake.rows import copied
from fake.schedule_changes import check_slugs, new_schedules, patch_schedule
from fake.schedules import dates, spelled

if TYPE_CHECKING:
    from fake.filters import Query
    from fake.rows import Deployment
    from fake.state import State
    from prefect_reconcile.model import Json, JsonObject

FURTHEST = timedelta(days=100)
"""PREFECT_API_SERVICES_SCHEDULER_MAX_SCHEDULED_TIME."""


def read_schedules(state: State, body: Json, key: str) -> tuple[int, Json]:
    """GET /deployments/{id}/schedules."""
    return 200, state.deployment(key, "Deployment not found.").listed_schedules()


def create_schedules(state: State, body: Json, key: str) -> tuple[int, Json]:
    """POST /deployments/{id}/schedules: the only write that keeps the scheduled runs."""
    sent = schedule_creates(body, state.behaviour)
    live = state.deployment(key, "Deployment not found.")
    check_slugs([*live.slugs, *(schedule.slug for schedule in sent)])
    made = new_schedules(state, live, sent)
    live.schedules |= made
    return 201, [copied(row) for row in made.values()]


def update_schedule(state: State, body: Json, key: str, schedule_id: str) -> tuple[int, Json]:
    """PATCH /deployments/{id}/schedules/{schedule_id}."""
    sent = schedule_update(body, state.behaviour)
    live = _with_schedule(state, key, schedule_id)
    if sent.slug is not None and live.slugs.get(sent.slug, schedule_id) != schedule_id:
        conflict()
    patch_schedule(state, live.schedules[schedule_id], sent)
    state.drop_runs(live)
    return 204, None


def delete_schedule(state: State, body: Json, key: str, schedule_id: str) -> tuple[int, Json]:
    """DELETE /deployments/{id}/schedules/{schedule_id}: deletes past scheduled runs, too."""
    live = _with_schedule(state, key, schedule_id)
    del live.schedules[schedule_id]
    live.runs = {}
    return 204, None


def _with_schedule(state: State, key: str, schedule_id: str) -> Deployment:
    live = state.deployment(key, "Deployment not found.")
    if schedule_id not in live.schedules:
        refuse(404, "Schedule not found.")
    return live


def schedule_runs(state: State, body: Json, key: str) -> tuple[int, Json]:
    """POST /deployments/{id}/schedule: 200 for an unknown deployment, too."""
    asked = parsed(RunsToSchedule, {} if body is None else body)
    if live := state.deployments.get(key):
        for schedule in live.schedules.values():
            if schedule["active"]:
                _add_runs(state, live, schedule, asked)
    return 200, None


def _add_runs(state: State, live: Deployment, schedule: JsonObject, asked: RunsToSchedule) -> None:
    kind = schedule["schedule"]
    assert isinstance(kind, dict)
    start = asked.start_time or state.moment
    end = asked.end_time or start + FURTHEST
    for number, moment in enumerate(dates(kind, start), start=1):
        if moment > end or number > asked.max_runs:
            return
        row = rows.run(
            state.new_id(), state.new_id(), state.now, spelled(moment.astimezone(UTC)), live, schedule
        )
        if not state.behaviour.labels_runs:
            row["labels"] = {}
        live.runs.setdefault(str(row["idempotency_key"]), (moment, row))
        if number >= asked.min_runs and moment >= start + asked.min_time:
            return


def create_run(state: State, body: Json, key: str) -> tuple[int, Json]:
    """POST /deployments/{id}/create_flow_run: what it refuses, and of the run that it makes the id alone."""
    live = state.deployment(key, "Deployment not found")
    match body or {}:
        case {"state": {"type": str(kind), **others}, **more} if not others and not more:
            live.started.append(kind)
        case {}:
            live.started.append("SCHEDULED")
        case _:
            raise NotImplementedError("the fake Prefect makes runs with the deployment's own values alone")
    check_run(state, live)
    return 201, {"id": state.new_id()}


def filter_runs(state: State, body: Json) -> tuple[int, Json]:
    """POST /flow_runs/filter, by the deployments, flows and pools of the runs, in the order ID_DESC."""
    if isinstance(body, dict) and body.get("sort", "ID_DESC") != "ID_DESC":
        raise NotImplementedError("the fake Prefect sorts runs by ID_DESC alone")
    asked = query({key: body[key] for key in body if key != "sort"} if isinstance(body, dict) else body)
    if asked.flow_runs:
        raise NotImplementedError("the fake Prefect finds runs by what they are of, not by their states")
    return 200, [copied(row) for row in page(_runs(state, asked), asked)]


def count_runs(state: State, body: Json) -> tuple[int, Json]:
    """POST /flow_runs/count, by the states of runs, too."""
    asked = query(body)
    wanted = asked.flow_runs.state.type if asked.flow_runs else States()
    started = [kind for live in state.selected(asked) for kind in live.started if wanted.select(kind)]
    return 200, len(started) + (len(_runs(state, asked)) if wanted.select("SCHEDULED") else 0)


def _runs(state: State, asked: Query) -> list[JsonObject]:
    found = [row for live in state.selected(asked) for _, row in live.runs.values()]
    return sorted(found, key=lambda row: str(row["id"]), reverse=True)
