"""The requests that make a deployment, or change one.

Every write makes Prefect delete the deployment's future scheduled runs, except the adding of a schedule
(3.8.8): so one PATCH carries all that differs, and what does not differ is not sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from prefect_reconcile.errors import AnswerError, PrefectError
from prefect_reconcile.kinds.deployment import marks, schedules
from prefect_reconcile.kinds.deployment.canonical import DEFAULT_QUEUE, EMPTY_SCHEMA
from prefect_reconcile.model import Call, Conversation, Desired, Json, JsonObject, Live, Resolution, ask, same


def create(desired: Desired, to: Resolution) -> Conversation[None]:
    """One POST, which also makes the schedules, except those that it would cut short.

    Before it a POST that makes the flow, if there is none, and after it one with the schedules that
    have `max_scheduled_runs`: `POST /deployments/` drops that silently (3.8.8).
    """
    flow_id = desired.refs.get("flow_id") or (yield from _make_flow(desired.refs["flow"]))
    fields = _changed(to)
    wanted = [schedules.body(record) for record in _records(to.new)]
    cut_short = [one for one in wanted if "max_scheduled_runs" in one]
    body: JsonObject = {"name": desired.refs["name"], "flow_id": flow_id, **fields}
    if "parameter_openapi_schema" in body:
        # Prefect checks the parameters of a new deployment only where this is written out (3.8.8).
        body["enforce_parameter_schema"] = to.new["enforce_parameter_schema"]
    if body.get("work_queue_name") == DEFAULT_QUEUE:
        # A pool alone means its default queue, which may have been renamed.
        del body["work_queue_name"]
    body["schedules"] = [one for one in wanted if one not in cut_short]
    made = yield from ask(Call("POST", "/deployments/", body))
    if cut_short:
        yield from _add(_id(made), cut_short)


def _make_flow(name: str) -> Conversation[str]:
    return _id((yield from ask(Call("POST", "/flows/", {"name": name}, once=True))))


def update(live: Live, to: Resolution) -> Conversation[None]:
    """One PATCH with the fields that differ, then the schedules that differ, each by itself.

    An untouched schedule keeps its id, which keeps its runs from being made twice.
    """
    changed = _changed(to)
    if changed:
        yield from ask(Call("PATCH", f"/deployments/{live.id}", _with_companions(changed, to.new, live)))
    yield from _update_schedules(live, to)


def delete(live: Live) -> Conversation[None]:
    """The automations that a deployment owns, which Prefect would leave behind enabled, and then itself.

    In this order, for what is interrupted in between is found again by the deployment (3.8.8).
    """
    yield from _remove(f"/automations/owned-by/prefect.deployment.{live.id}")
    yield from _remove(f"/deployments/{live.id}")


def _changed(to: Resolution) -> JsonObject:
    """The new values of the fields that differ, without the schedules, which go by requests of their own."""
    changed = {
        key: value for key, value in to.new.items() if key != "schedules" and not same(value, to.old[key])
    }
    if changed.keys() & _IN_TAGS:
        own, owner, protected = (to.new[key] for key in ("tags", "owner", "prevent_delete"))
        joined = marks.join(cast("list[str]", own), cast("str | None", owner), protected is True)
        changed["tags"] = cast("Json", joined)
    return {key: value for key, value in changed.items() if key not in _IN_TAGS - {"tags"}}


_IN_TAGS = frozenset({"tags", "owner", "prevent_delete"})
"""Fields that the server has as tags."""


def _with_companions(changed: JsonObject, new: JsonObject, live: Live) -> JsonObject:
    """Adds what has to be sent along for the changed fields to arrive as meant (3.8.8)."""
    body = dict(changed)
    if "work_pool_name" in body or "work_queue_name" in body:
        # A queue alone moves the deployment to default-agent-pool, and a pool alone to its default queue,
        # which may have another name: by the name that it has by default Prefect would make a second one.
        body["work_pool_name"] = new["work_pool_name"]
        body["work_queue_name"] = new["work_queue_name"]
        moves_in = "work_pool_name" in changed or "other_queue" in live.refs
        if moves_in and new["work_queue_name"] == DEFAULT_QUEUE:
            del body["work_queue_name"]
    if body.get("parameter_openapi_schema") == {} or "null_schema" in live.refs:
        # Null, and {} over a null schema, make every later PATCH answer 409 while the schema is enforced.
        body["parameter_openapi_schema"] = new["parameter_openapi_schema"] or EMPTY_SCHEMA
    return body


def _update_schedules(live: Live, to: Resolution) -> Conversation[None]:
    old, new = _by_identity(to.old), _by_identity(to.new)
    replaced = {key for key in old.keys() & new.keys() if _needs_replacing(old[key], new[key])}
    # Removals come first: a slug is free only when its schedule is gone.
    for key in [key for key in old if key not in new or key in replaced]:
        yield from _remove(f"/deployments/{live.id}/schedules/{to.ids[key]}")
    for key in [key for key in old if key in new and key not in replaced and not same(old[key], new[key])]:
        yield from ask(
            Call("PATCH", f"/deployments/{live.id}/schedules/{to.ids[key]}", schedules.body(new[key]))
        )
    added = [schedules.body(new[key]) for key in new if key not in old or key in replaced]
    if added:
        yield from _add(live.id, added)


def _needs_replacing(old: JsonObject, new: JsonObject) -> bool:
    """PATCH of a schedule ignores null, so it cannot take `max_scheduled_runs` away (3.8.8)."""
    return old["max_scheduled_runs"] is not None and new["max_scheduled_runs"] is None


def _remove(path: str) -> Conversation[None]:
    try:
        yield from ask(Call("DELETE", path))
    except AnswerError as error:
        if error.status != 404:
            raise


def _add(deployment_id: str, added: list[JsonObject]) -> Conversation[None]:
    # Sent twice, it adds schedules without slug twice.
    repeatable = all("slug" in one for one in added)
    place = f"/deployments/{deployment_id}/schedules"
    try:
        yield from ask(Call("POST", place, cast("Json", added), repeatable=repeatable))
    except AnswerError as error:
        # A slug in use can be that of our own first sending, whose answer was lost.
        if error.status != 409 or not (yield from _are_there(place, added)):
            raise


def _are_there(place: str, wanted: list[JsonObject]) -> Conversation[bool]:
    """Whether the schedules that were to be added are there just so. None is added where one is refused."""
    answer = yield from ask(Call("GET", place))
    flat = [schedules.flat(one) for one in cast("list[JsonObject]", answer or [])]
    there = {one["slug"]: schedules.canonical(one) for one in flat if one.get("slug")}
    sent = [schedules.canonical(schedules.flat(one)) for one in wanted]
    return all(one["slug"] in there and _covers(there[one["slug"]], one) for one in sent)


def _covers(live: JsonObject, sent: JsonObject) -> bool:
    """Whether a live schedule is as it was sent; the server adds an anchor where none was."""
    _, new, _ = schedules.pair([sent], [("", live)])
    return any(same(one, live) for one in new.values())


def _records(fields: JsonObject) -> list[JsonObject]:
    return list(_by_identity(fields).values())


def _by_identity(fields: JsonObject) -> Mapping[str, JsonObject]:
    return cast("Mapping[str, JsonObject]", fields["schedules"])


def _id(answer: Json) -> str:
    if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
        raise PrefectError(f"Prefect answered without an id: {answer!r:.200}")
    return str(answer["id"])
