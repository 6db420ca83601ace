"""Reading the live deployments, flows and work pools that some manifests need.

Sources: `POST /flows/filter`, `/deployments/paginate`, `/work_pools/filter`, `GET /admin/version`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from prefect_reconcile.errors import AnswerError, PrefectError
from prefect_reconcile.kinds.deployment import job_variables, marks, parameters
from prefect_reconcile.kinds.deployment.canonical import NAME, from_answer
from prefect_reconcile.kinds.protocol import Fresh
from prefect_reconcile.model import (
    Call,
    Conversation,
    Desired,
    Finding,
    Json,
    JsonObject,
    Live,
    Observation,
    Problem,
    ask,
    path_text,
    repetitions,
    together,
)
from prefect_reconcile.spelling import did_you_mean, listed

PAGE = 200
"""The most that one page holds: a larger `limit` answers 422 unless the operator raised it (3.8.8)."""

MOST_PAGES = 50
"""Of work pools, for a message: nobody has ten thousand."""

READINGS = 3
"""How often a list that changes while it is read is read anew."""


@dataclass(frozen=True, slots=True)
class _Facts:
    """What was answered: flows and deployments without repetition, pools by name, the server's version."""

    flows: Sequence[JsonObject]
    deployments: Sequence[JsonObject]
    pools: Mapping[str, JsonObject]
    version: str | None


def observe(desired: Sequence[Desired]) -> Conversation[Observation]:
    """See `Kind.observe`. Problems are work pools and flows that are not there, identities that two
    manifests turn out to share once their `flow_id` has a name, and values that Prefect will refuse."""
    if not desired:
        return Observation((), {})
    facts = yield from _read(desired)
    flows = {str(flow["id"]): str(flow["name"]) for flow in facts.flows}
    known, problems = _identify(desired, flows)
    wanted = {one.name for one in known}
    live = {}
    for answer in facts.deployments:
        name = f"{flows.get(str(answer.get('flow_id')))}/{answer['name']}"
        if name in wanted:
            live[name] = _live(name, answer, facts)
    problems += yield from _missing_pools(known, facts.pools)
    problems += _refused(known, live, facts.pools)
    return Observation(known, live, problems)


def _read(desired: Sequence[Desired]) -> Conversation[_Facts]:
    questions = [_flows(desired), _deployments(desired), _pools(desired), _server()]
    flows, deployments, pools, server = yield from together(questions)
    by_name = {str(pool["name"]): pool for pool in pools}
    return _Facts(flows, deployments, by_name, str(server[0]["version"]) if server else None)


def _flows(desired: Sequence[Desired]) -> Conversation[list[JsonObject]]:
    asked = [
        _named("flows", attribute, chunk)
        for attribute, ref, meant in _by_flow(desired)
        for chunk in _chunks(_refs(meant, ref))
    ]
    return _distinct((yield from together(asked)))


def _by_flow(desired: Sequence[Desired]) -> list[tuple[str, str, list[Desired]]]:
    """The attribute of a flow and the ref that finds it, with those that it is for. What was observed before
    has both refs, and need not be asked for twice."""
    named = [one for one in desired if "flow" in one.refs]
    return [("name", "flow", named), ("id", "flow_id", [one for one in desired if "flow" not in one.refs])]


def _pools(desired: Sequence[Desired]) -> Conversation[list[JsonObject]]:
    names = {str(one.fields["work_pool_name"]) for one in desired if one.fields.get("work_pool_name")}
    return _distinct((yield from together([_named("work_pools", "name", chunk) for chunk in _chunks(names)])))


def _named(resources: str, attribute: str, values: Sequence[str]) -> Conversation[list[JsonObject]]:
    """At most `PAGE` resources by a unique attribute, so one page holds them."""
    body: Json = {"limit": PAGE, resources: _any(attribute, values)}
    return _items((yield from ask(Call("POST", f"/{resources}/filter", body))))


def _any(attribute: str, values: Sequence[str]) -> JsonObject:
    return {attribute: {"any_": list(values)}}


def _server() -> Conversation[list[JsonObject]]:
    """`[{"version": …}]`, or nothing where the server does not tell (Prefect Cloud answers 404)."""
    try:
        version = yield from ask(Call("GET", "/admin/version"))
    except AnswerError as error:
        if error.status != 404:
            raise
        return []
    return [{"version": version}]


def _deployments(desired: Sequence[Desired]) -> Conversation[list[JsonObject]]:
    asked = []
    for attribute, ref, meant in _by_flow(desired):
        names: dict[str, set[str]] = {}
        for one in meant:
            names.setdefault(one.refs[ref], set()).add(one.refs["name"])
        for chunk in _chunks(names):
            wanted = sorted({name for flow in chunk for name in names[flow]})
            asked.append(_listed({"flows": _any(attribute, chunk), "deployments": _any("name", wanted)}))
    return _distinct((yield from together(asked)))


def _listed(where: JsonObject) -> Conversation[list[JsonObject]]:
    """All deployments that a filter finds. The first page says how many; the others come side by side.

    Names are not unique, so a page can repeat what another has and leave something out. Taking a
    deployment for missing would make us create it, which deletes its schedules: so all are counted.
    """
    for _ in range(READINGS):
        first = yield from ask(_page(where, 1))
        match first:
            case {"pages": int(pages), "count": int(count)}:
                pass
            case _:
                raise PrefectError(f"Prefect answered a page of deployments with {first!r:.200}")
        rest = yield from together([ask(_page(where, number)) for number in range(2, pages + 1)])
        found = _distinct(_items(_results(page)) for page in (first, *rest))
        if len(found) == count:
            return found
    raise PrefectError("the list of deployments changed while it was read; run again")


def _page(where: JsonObject, number: int) -> Call:
    return Call("POST", "/deployments/paginate", {"limit": PAGE, "page": number, "sort": "NAME_ASC", **where})


def _results(page: Json) -> Json:
    return page.get("results") if isinstance(page, dict) else page


def _identify(
    desired: Sequence[Desired], flows: Mapping[str, str]
) -> tuple[tuple[Desired, ...], tuple[Problem, ...]]:
    """The desired resources with the flow's name and id where the server has them; `flows` is name by id."""
    ids = {name: flow_id for flow_id, name in flows.items()}
    known: list[Desired] = []
    problems: list[Problem] = []
    for one in desired:
        flow_id = one.refs.get("flow_id") or ids.get(one.refs.get("flow", ""))
        flow = one.refs.get("flow") or flows.get(flow_id or "")
        if flow is None:
            what = f"there is no flow with the id {flow_id}"
            problems.append(
                Problem(one.place("flow_id"), "flow_id", what, "write the flow's name as flow instead")
            )
            continue
        name = f"{flow}/{one.refs['name']}"
        refs = {**one.refs, "flow": flow, **({"flow_id": flow_id} if flow_id else {})}
        known.append(replace(one, name=name, refs=refs))
    return tuple(known), (*problems, *repetitions(known))


def _live(name: str, answer: JsonObject, facts: _Facts) -> Live:
    refs = {"server": facts.version or ""}
    try:
        fields = from_answer(answer)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise PrefectError(f"Prefect answered {name} with what cannot be read: {error!r:.200}") from error
    pool = facts.pools.get(str(answer.get("work_pool_name")))
    if pool and "work_queue_id" in answer:  # 3.4.25 and older do not tell it
        is_default = pool.get("default_queue_id") == answer["work_queue_id"]
        refs["default_queue" if is_default else "other_queue"] = str(answer.get("work_queue_name"))
    limit = answer.get("global_concurrency_limit")
    if isinstance(limit, dict) and limit.get("name") != f"deployment:{answer['id']}":
        refs["shared_limit"] = str(limit.get("name"))
    if answer.get("parameter_openapi_schema") is None:
        refs["null_schema"] = "true"
    owner = cast("str | None", fields["owner"])
    return Live(NAME, name, str(answer["id"]), fields, refs, owner, fields["prevent_delete"] is True)


def _pool_names() -> Conversation[set[str]]:
    """All work pools, a page after the other, since this endpoint does not tell how many there are."""
    names: set[str] = set()
    for page in range(MOST_PAGES):
        body: Json = {"limit": PAGE, "offset": page * PAGE}
        found = _items((yield from ask(Call("POST", "/work_pools/filter", body))))
        names |= {str(pool["name"]) for pool in found}
        if len(found) < PAGE:
            break
    return names


def owned(owner: str) -> Conversation[tuple[Live, ...]]:
    """See `Kind.owned`."""
    deployments = yield from _listed({"deployments": {"tags": {"all_": [marks.OWNER + owner]}}})
    ids = sorted({str(one["flow_id"]) for one in deployments})
    asked = [_named("flows", "id", chunk) for chunk in _chunks(ids)]
    flows = _distinct((yield from together(asked)))
    names = {str(flow["id"]): str(flow["name"]) for flow in flows}
    facts = _Facts(flows, deployments, {}, None)
    # A flow that has gone since takes its deployments with it.
    here = [one for one in deployments if str(one["flow_id"]) in names]
    return tuple(_live(f"{names[str(one['flow_id'])]}/{one['name']}", one, facts) for one in here)


def reread(live: Sequence[Live]) -> Conversation[Mapping[str, Fresh]]:
    """See `Kind.reread`."""
    known = {one.id: one for one in live}
    asked = [_named("deployments", "id", chunk) for chunk in _chunks(known)]
    answers = _distinct((yield from together(asked)))
    return {known[str(one["id"])].name: _fresh(known[str(one["id"])], one) for one in answers}


def _fresh(before: Live, answer: JsonObject) -> Fresh:
    now = _live(before.name, answer, _Facts((), (), {}, before.refs.get("server")))
    # What is written to a schedule does not move the deployment's own `updated` (3.8.8).
    parts = [answer, *cast("list[JsonObject]", answer.get("schedules") or [])]
    moments = [_moment(part.get("updated")) for part in parts]
    return Fresh(now, max((one for one in moments if one), default=None), _display(answer.get("updated_by")))


def _moment(text: Json) -> datetime | None:
    """A moment with its offset; None for anything else."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _display(actor: Json) -> str | None:
    """Who it was. `{"id", "type", "display_value"}`; null on a server that knows no users (3.8.8)."""
    return str(actor["display_value"]) if isinstance(actor, dict) and actor.get("display_value") else None


IN_PROGRESS = ("PENDING", "RUNNING", "PAUSED", "CANCELLING")
"""The types of states of runs that would lose their deployment. What is only scheduled goes with it."""


def busy(live: Sequence[Live]) -> Conversation[Mapping[str, int]]:
    """See `Kind.busy`: runs in progress. One question for many, and one for each where there are any."""
    names = {one.id: one.name for one in live}
    chunks = list(_chunks(names))
    counts = yield from together([_in_progress(chunk) for chunk in chunks])
    suspects = [one for chunk, count in zip(chunks, counts, strict=True) if count for one in chunk]
    each = yield from together([_in_progress([one]) for one in suspects])
    return {names[one]: count for one, count in zip(suspects, each, strict=True) if count}


def _in_progress(ids: Sequence[str]) -> Conversation[int]:
    where: Json = {
        "deployments": _any("id", ids),
        "flow_runs": {"state": {"type": {"any_": [*IN_PROGRESS]}}},
    }
    count = yield from ask(Call("POST", "/flow_runs/count", where))
    if not isinstance(count, int):
        raise PrefectError(f"Prefect answered a count of runs with {count!r:.200}")
    return count


def _missing_pools(
    desired: Sequence[Desired], pools: Mapping[str, JsonObject]
) -> Conversation[tuple[Problem, ...]]:
    """A problem for each manifest whose work pool is not there, with the names of those that are."""
    lost = [one for one in desired if one.fields.get("work_pool_name") not in (None, *pools)]
    if not lost:
        return ()
    names = sorted((yield from _pool_names()))
    there = f"the work pools are {listed(names)}" if names else "there are no work pools: create it first"
    problems = []
    for one in lost:
        pool = str(one.fields["work_pool_name"])
        remedy = f"{did_you_mean(pool, names, '')} {there}".strip()
        problems.append(
            Problem(one.place("work_pool_name"), "work_pool_name", f'there is no work pool "{pool}"', remedy)
        )
    return tuple(problems)


def _refused(
    desired: Sequence[Desired], live: Mapping[str, Live], pools: Mapping[str, JsonObject]
) -> tuple[Problem, ...]:
    """A problem for each value of a manifest that Prefect will refuse for what is on the server."""
    variables = {name: job_variables.of_pool(pool) for name, pool in pools.items()}
    problems: list[Problem] = []
    for one in desired:
        there = live.get(one.name)
        found = [*parameters.check_observed(one, there)]
        wanted = one.fields if there else {**one.initial, **one.fields}
        written, pool = wanted.get("job_variables"), variables.get(str(wanted.get("work_pool_name")))
        if pool and written and isinstance(written, dict):
            found += job_variables.check(written, pool, live=there is not None)
        problems += (_problem(one, finding) for finding in found)
    return tuple(problems)


def _problem(one: Desired, finding: Finding) -> Problem:
    source = one.locate(finding.path) if one.locate else one.source
    return Problem(source, path_text(finding.path), finding.what, finding.remedy)


def _refs(desired: Iterable[Desired], name: str) -> set[str]:
    return {one.refs[name] for one in desired if name in one.refs}


def _chunks(values: Iterable[str]) -> list[list[str]]:
    ordered = sorted(values)
    return [ordered[start : start + PAGE] for start in range(0, len(ordered), PAGE)]


def _items(answer: Json) -> list[JsonObject]:
    if not isinstance(answer, list) or not all(map(_is_named, answer)):
        raise PrefectError(f"Prefect answered a list with {answer!r:.200}")
    return cast("list[JsonObject]", answer)


def _is_named(item: Json) -> bool:
    return isinstance(item, dict) and isinstance(item.get("id"), str) and isinstance(item.get("name"), str)


def _distinct(lists: Iterable[Iterable[JsonObject]]) -> list[JsonObject]:
    return list({str(item["id"]): item for items in lists for item in items}.values())
