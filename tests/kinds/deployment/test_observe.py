"""Reading the live side: which requests, and what is made of the answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from conversations import FLOW_ID, ID, answered, desired, hold, live
from prefect_reconcile.errors import AnswerError, PrefectError, UnreachableError
from prefect_reconcile.kinds.deployment import observe
from prefect_reconcile.model import Answer, Call, Desired, JsonObject, Observation, Problem, Source

SOURCE = Source("d.yaml", 1, 1)
VERSION = Call("GET", "/admin/version")


def manifest(flow: str = "etl", name: str = "nightly", **written: Any) -> Desired:
    return desired({"flow": flow, "name": name, **written})


def by_id(flow_id: str = FLOW_ID, name: str = "nightly") -> Desired:
    return desired({"flow_id": flow_id, "name": name})


def flows(attribute: str, *values: str) -> Call:
    return Call("POST", "/flows/filter", {"limit": 200, "flows": {attribute: {"any_": list(values)}}})


def pools(*names: str) -> Call:
    return Call("POST", "/work_pools/filter", {"limit": 200, "work_pools": {"name": {"any_": list(names)}}})


def page(attribute: str, values: list[str], names: list[str], number: int = 1) -> Call:
    body: JsonObject = {"limit": 200, "page": number, "sort": "NAME_ASC"}
    where: JsonObject = {
        "flows": {attribute: {"any_": list(values)}},
        "deployments": {"name": {"any_": list(names)}},
    }
    return Call("POST", "/deployments/paginate", {**body, **where})


def server(**answers: Any) -> Callable[[Call], Answer]:
    """A server with one flow, `etl`, unless told otherwise; the keys are the last words of the paths."""
    known: dict[str, Any] = {
        "/flows/filter": [{"id": FLOW_ID, "name": "etl"}],
        "/deployments/paginate": {"results": [], "count": 0, "pages": 0, "page": 1, "limit": 200},
        "/work_pools/filter": [],
        "/admin/version": "3.8.8",
    }
    for word, value in answers.items():
        (path,) = (path for path in known if word in path)
        known[path] = value
    return lambda call: known[call.path]


def paginated(*results: JsonObject) -> JsonObject:
    return {"results": list(results), "count": len(results), "pages": 1, "page": 1, "limit": 200}


def observed(*wanted: Desired, **answers: Any) -> Observation:
    return hold(observe(wanted), server(**answers))[1]


def test_nothing_wanted() -> None:
    """Without manifests nothing is asked."""
    assert hold(observe([]), server()) == ([], Observation((), {}))


def test_one_round() -> None:
    """Flows, deployments, pools and the version are asked side by side, each for all manifests."""
    wanted = [
        manifest("a", "x", work_pool_name="k8s"),
        manifest("b", "y", work_pool_name="vm"),
        manifest("a", "z", work_pool_name="k8s"),
    ]
    rounds, _ = hold(observe(wanted), server(work=[{"id": "1", "name": "k8s"}, {"id": "2", "name": "vm"}]))
    assert rounds == [
        [flows("name", "a", "b"), page("name", ["a", "b"], ["x", "y", "z"]), pools("k8s", "vm"), VERSION]
    ]


def test_one_round_by_id() -> None:
    """Flows that are given by id are asked by id, beside those that are given by name."""
    rounds, _ = hold(observe([manifest(), by_id("a" * 8 + FLOW_ID[8:], "daily")]), server())
    other = "a" * 8 + FLOW_ID[8:]
    assert rounds == [
        [
            flows("name", "etl"),
            flows("id", other),
            page("name", ["etl"], ["nightly"]),
            page("id", [other], ["daily"]),
            VERSION,
        ]
    ]


def test_chunks() -> None:
    """No request names more than 200 flows, and its deployments are those of these flows only."""
    wanted = [manifest(f"f{number:03}", f"d{number:03}") for number in range(401)]
    rounds, _ = hold(observe(wanted), server())
    numbers = [[f"{number:03}" for number in part] for part in (range(200), range(200, 400), range(400, 401))]
    assert rounds == [
        [
            *(flows("name", *[f"f{n}" for n in part]) for part in numbers),
            *(page("name", [f"f{n}" for n in part], [f"d{n}" for n in part]) for part in numbers),
            VERSION,
        ]
    ]


def test_not_live() -> None:
    """A deployment that is not there is not in the answer, and its flow's id is known."""
    one = observed(manifest())
    assert one.live == {}
    assert [dict(found.refs) for found in one.desired] == [
        {"name": "nightly", "flow": "etl", "flow_id": FLOW_ID}
    ]


def test_no_flow() -> None:
    """A flow that is not there has no id."""
    assert dict(observed(manifest(), flows=[]).desired[0].refs) == {"name": "nightly", "flow": "etl"}


def test_live() -> None:
    """A live deployment is read under its flow's name."""
    one = observed(manifest(), deployments=paginated(answered(tags=["a"])))
    assert one == Observation(one.desired, {"etl/nightly": live(tags=["a"])})


def test_other_deployments_are_left_out() -> None:
    """A filter by flows and by names also finds pairs that nobody wants."""
    there = [answered(id="1", name="x"), answered(id="2", name="y")]
    assert list(observed(manifest(name="x"), deployments=paginated(*there)).live) == ["etl/x"]


def test_flow_id_gets_a_name() -> None:
    """A manifest that names its flow by id is known by the flow's name."""
    one = observed(by_id(), deployments=paginated(answered()))
    assert [(found.name, dict(found.refs)) for found in one.desired] == [
        ("etl/nightly", {"name": "nightly", "flow": "etl", "flow_id": FLOW_ID})
    ]
    assert list(one.live) == ["etl/nightly"]


def test_flow_id_that_is_not_there() -> None:
    """An id without flow is a problem at its place."""
    what = f"there is no flow with the id {FLOW_ID}"
    assert observed(by_id(), flows=[]) == Observation(
        (), {}, (Problem(SOURCE, "flow_id", what, "write the flow's name as flow instead"),)
    )


def test_two_names_of_one_flow() -> None:
    """Two manifests can turn out to mean the same deployment."""
    what = "etl/nightly is already declared at d.yaml:1:1"
    assert observed(manifest(), by_id()).problems == (
        Problem(SOURCE, "name", what, "rename one of them or remove it"),
    )


def limit(name: str) -> JsonObject:
    return {"id": "l", "name": name, "limit": 3}


POOL = {"id": "p", "name": "k8s"}
K8S = {**POOL, "default_queue_id": "q1"}
IN_DEFAULT = {"work_pool_name": "k8s", "work_queue_id": "q1", "work_queue_name": "main"}


@pytest.mark.parametrize(
    ("there", "answers", "refs"),
    [
        ({}, {}, {"server": "3.8.8"}),
        ({}, {"version": AnswerError("GET", "/admin/version", 404, "Not Found")}, {"server": ""}),
        ({"global_concurrency_limit": limit(f"deployment:{ID}")}, {}, {"server": "3.8.8"}),
        ({"global_concurrency_limit": limit("team")}, {}, {"server": "3.8.8", "shared_limit": "team"}),
        ({"parameter_openapi_schema": None}, {}, {"server": "3.8.8", "null_schema": "true"}),
        (IN_DEFAULT, {"work": [K8S]}, {"server": "3.8.8", "default_queue": "main"}),
        ({**IN_DEFAULT, "work_queue_id": "q2"}, {"work": [K8S]}, {"server": "3.8.8", "other_queue": "main"}),
        ({**IN_DEFAULT, "work_pool_name": "vm"}, {"work": [K8S]}, {"server": "3.8.8"}),
    ],
)
def test_refs_of_the_live_side(there: JsonObject, answers: dict[str, Any], refs: dict[str, str]) -> None:
    """What its requests and limitations need to know goes along."""
    wanted = manifest(work_pool_name="k8s")
    one = observed(wanted, deployments=paginated(answered(**there)), **{"work": [POOL], **answers})
    assert dict(one.live["etl/nightly"].refs) == refs


def test_queue_of_an_older_server() -> None:
    """Prefect 3.4 does not tell the id of the queue, so nothing is known of it."""
    answer = answered(work_pool_name="k8s", work_queue_name="main")
    del answer["work_queue_id"]
    one = observed(manifest(work_pool_name="k8s"), deployments=paginated(answer), work=[K8S])
    assert dict(one.live["etl/nightly"].refs) == {"server": "3.8.8"}


def test_pages_side_by_side() -> None:
    """The first page tells how many there are; the others are asked together."""
    wanted = [manifest(name=f"d{number}") for number in range(5)]
    names = [f"d{number}" for number in range(5)]
    everything = [answered(id=f"i{number}", name=f"d{number}") for number in range(5)]

    def answer(call: Call) -> Answer:
        if call.path != "/deployments/paginate":
            return server()(call)
        number = call.body["page"]  # type: ignore[index,call-overload]
        return {"results": everything[number * 2 - 2 : number * 2], "count": 5, "pages": 3}  # type: ignore[operator]

    rounds, one = hold(observe(wanted), answer)
    assert rounds[1:] == [[page("name", ["etl"], names, 2), page("name", ["etl"], names, 3)]]
    assert sorted(one.live) == [f"etl/d{number}" for number in range(5)]


def counting(*pages: JsonObject) -> tuple[Callable[[Call], Answer], list[JsonObject]]:
    """A server that answers each page of deployments with the next of these; and those it has left."""
    waiting = list(pages)

    def answer(call: Call) -> Answer:
        return waiting.pop(0) if call.path == "/deployments/paginate" else server()(call)

    return answer, waiting


TORN = {"results": [answered(), answered()], "count": 2, "pages": 1}


def test_list_that_changed_is_read_again() -> None:
    """A page that repeats one deployment left another out."""
    answer, waiting = counting(TORN, paginated(answered()))
    _, one = hold(observe([manifest()]), answer)
    assert (list(one.live), waiting) == (["etl/nightly"], [])


def test_list_that_never_settles() -> None:
    """After three readings it is a failure, never taken for an answer."""
    answer, waiting = counting(TORN, TORN, TORN, TORN)
    with pytest.raises(PrefectError) as caught:
        hold(observe([manifest()]), answer)
    assert (str(caught.value), waiting) == (
        "the list of deployments changed while it was read; run again",
        [TORN],
    )


@pytest.mark.parametrize(
    ("names", "remedy"),
    [
        ([], "there are no work pools: create it first"),
        (["vm"], "the work pools are vm"),
        (["vm", "k8s-b", "k8s-a"], 'did you mean "k8s-b"? the work pools are k8s-a, k8s-b, vm'),
    ],
)
def test_work_pool_that_is_not_there(names: list[str], remedy: str) -> None:
    """A missing pool is a problem of each manifest that needs it, with those that there are."""

    def answer(call: Call) -> Answer:
        every = call == Call("POST", "/work_pools/filter", {"limit": 200, "offset": 0})
        return [{"id": name, "name": name} for name in names] if every else server()(call)

    wanted = [
        manifest(name="a", work_pool_name="k8sb"),
        manifest(name="b"),
        manifest(name="c", work_pool_name="k8sb"),
    ]
    rounds, one = hold(observe(wanted), answer)
    problem = Problem(SOURCE, "work_pool_name", 'there is no work pool "k8sb"', remedy)
    assert (len(rounds), one.problems) == (2, (problem, problem))


@pytest.mark.parametrize(
    "path", ["/flows/filter", "/deployments/paginate", "/work_pools/filter", "/admin/version"]
)
@pytest.mark.parametrize(
    "error", [AnswerError("X", "/x", 401, "no"), UnreachableError("gone")], ids=["401", "gone"]
)
def test_failure_is_never_emptiness(path: str, error: PrefectError) -> None:
    """What could not be read raises what came instead."""
    with pytest.raises(PrefectError) as caught:
        hold(
            observe([manifest(work_pool_name="k8s")]),
            lambda call: error if call.path == path else server(work=[K8S])(call),
        )
    assert caught.value is error


def broken(**fields: Any) -> JsonObject:
    return paginated(answered(**fields))


@pytest.mark.parametrize(
    "answers",
    [
        *[
            {"flows": value}
            for value in (None, {}, "x", [None], [{}], [{"id": 1, "name": "etl"}], [{"id": "1"}])
        ],
        *[{"work": value} for value in (None, {"results": []}, [[]], [{"id": "1", "name": None}])],
        *[{"deployments": value} for value in (None, [], {}, "x", {"pages": "1", "count": 1, "results": []})],
        *[{"deployments": {"pages": 1, "count": 1, "results": value}} for value in (None, {}, [None], [{}])],
        *[{"deployments": {"pages": 1, "count": 1}}],
        *[{"deployments": broken(schedules=value)} for value in (5, ["x"], [{}], [{"id": "s"}])],
        *[{"deployments": broken(schedules=[{"id": "s", "schedule": value}])} for value in (None, {}, "x")],
        {"deployments": broken(schedules=[{"id": "s", "schedule": {"interval": 1, "anchor_date": "soon"}}])},
        {"deployments": broken(tags=5)},
        {"deployments": broken(tags=[{}])},
        {"deployments": broken(global_concurrency_limit={})},
    ],
)
def test_answer_that_is_not_prefects(answers: dict[str, Any]) -> None:
    """Whatever comes back, what cannot be read is Prefect's failure and not ours."""
    with pytest.raises(PrefectError, match=r"^Prefect answered "):
        observed(manifest(work_pool_name="k8s"), **{"work": [K8S], **answers})


def test_answer_of_another_page() -> None:
    """A later page is checked like the first."""
    answer, _ = counting({"results": [answered()], "count": 2, "pages": 2}, {"detail": "x"})
    with pytest.raises(PrefectError, match=r"^Prefect answered a list with None"):
        hold(observe([manifest()]), answer)


def pool_of(variables: JsonObject) -> JsonObject:
    """The work pool k8s with these variables, as the API answers it."""
    template: JsonObject = {"variables": variables, "job_configuration": {}}
    return {"id": "1", "name": "k8s", "base_job_template": template}


def test_job_variables_that_the_pool_refuses() -> None:
    """A problem stands at the value in the file, for a new deployment and for a live one, by its own pool."""
    pool = pool_of(
        {"properties": {"limits": {"properties": {"cpu": {"type": "array", "items": {"type": "integer"}}}}}}
    )
    wanted = manifest(work_pool_name="k8s", job_variables={"limits": {"cpu": [1, "x"]}})
    wanted = replace(wanted, locate=lambda path: Source("d.yaml", len(path), 2))
    place = Source("d.yaml", 4, 2)
    what = 'expected an integer, found "x"'
    problem = Problem(place, "job_variables.limits.cpu[1]", what, "write an integer")
    for there in (paginated(), paginated(answered())):
        assert observed(wanted, work=[pool], deployments=there).problems == (problem,)
    elsewhere = {**pool, "id": "2", "name": "vm"}
    other = manifest(name="b", work_pool_name="vm", job_variables={"limits": {"cpu": [1]}})
    assert observed(other, work=[pool_of({}), elsewhere]).problems == ()
    assert observed(manifest(work_pool_name="k8s"), work=[pool]).problems == ()


def test_job_variables_that_only_a_new_deployment_gets() -> None:
    """What is left alone on a live deployment is not checked there."""
    pool = pool_of({"properties": {"cpu": {"type": "integer"}}})
    wanted = replace(manifest(work_pool_name="k8s"), initial={"job_variables": {"cpu": "x"}})
    assert [one.path for one in observed(wanted, work=[pool]).problems] == ["job_variables.cpu"]
    assert observed(wanted, work=[pool], deployments=paginated(answered())).problems == ()


def test_parameters_that_prefect_refuses() -> None:
    """What a manifest does not tell by itself is a problem too: POST takes no null, and PATCH does."""
    schema: JsonObject = {"properties": {"day": {"type": "integer"}}}
    wanted = manifest(parameters={"day": None}, parameter_openapi_schema=schema)
    what, remedy = "expected an integer, found nothing", "write an integer"
    assert observed(wanted).problems == (Problem(SOURCE, "parameters.day", what, remedy),)
    assert observed(wanted, deployments=paginated(answered())).problems == ()
