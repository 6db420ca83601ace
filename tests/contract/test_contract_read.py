"""Lists: filters, pages and order."""

from typing import Any
from uuid import uuid4

import pytest
from prefects import Document, Prefect, per_version, unique

AGENT_POOL = "/work_pools/default-agent-pool"

# What `paginate` answers to `limit: 0`.
EMPTY_PAGE = per_version(500, 500, 500, 200)


@pytest.fixture
def two(prefect: Prefect) -> tuple[str, str]:
    """Two flows, each with the deployments `x` (tags x, both), `X` (tag X) and `y` (tag y)."""
    flows = prefect.flow(), prefect.flow()
    for flow in flows:
        for name, tags in (("x", ["x", "both"]), ("X", ["X"]), ("y", ["y"])):
            prefect.deployment(flow_id=flow, name=name, tags=tags)
    return flows


def found(prefect: Prefect, flows: tuple[str, ...], **body: Any) -> list[tuple[int, str]]:
    """The deployments that a filter selects, each as the number of its flow and its name."""
    rows = prefect.done("POST", "/deployments/filter", {"flows": {"id": {"any_": [*flows]}}, **body})
    return [(flows.index(row["flow_id"]), row["name"]) for row in rows]


def test_names_are_ordered_by_code_point_and_tie(prefect: Prefect, two: tuple[str, str]) -> None:
    """NAME_ASC, the default, puts `X` before `x` and leaves the order of equal names open."""
    ascending, descending = found(prefect, two), found(prefect, two, sort="NAME_DESC")
    assert [name for _, name in ascending] == ["X", "X", "x", "x", "y", "y"]
    assert [name for _, name in descending] == ["y", "y", "x", "x", "X", "X"]
    assert (
        sorted(ascending)
        == sorted(descending)
        == [(flow, name) for flow in (0, 1) for name in ("X", "x", "y")]
    )


def test_filters_are_joined_by_and(prefect: Prefect, two: tuple[str, str]) -> None:
    """A filter of flows and one of deployments must both select."""
    name = prefect.done("GET", f"/flows/{two[0]}")["name"]
    both = {"flows": {"name": {"any_": [name]}}, "deployments": {"name": {"any_": ["x", "nope"]}}}
    (row,) = prefect.done("POST", "/deployments/filter", both)
    assert (row["flow_id"], row["name"]) == (two[0], "x")


DEPLOYMENT_FILTERS: list[tuple[Document, list[str]]] = [
    ({}, ["X", "x", "y"]),
    ({"name": {}}, ["X", "x", "y"]),
    ({"name": {"any_": ["x"]}}, ["x"]),
    ({"name": {"any_": []}}, []),
    ({"name": {"like_": "x"}}, ["X", "x"]),
    ({"tags": {"all_": ["x", "both"]}}, ["x"]),
    ({"tags": {"all_": ["x", "y"]}}, []),
    ({"tags": {"all_": []}}, ["X", "x", "y"]),
    ({"tags": {"any_": ["x", "y"]}}, ["x", "y"]),
    ({"tags": {"any_": []}}, []),
    ({"tags": {"any_": ["x", "y"], "all_": ["both"]}}, ["x"]),
    ({"tags": {"is_null_": True}}, []),
    ({"tags": {"is_null_": False}}, ["X", "x", "y"]),
]


def test_deployment_filters(prefect: Prefect) -> None:
    """`any_` of nothing selects none, `all_` of nothing all; `like_` ignores case; conditions are ANDed."""
    flow = prefect.flow()
    for name, tags in (("x", ["x", "both"]), ("X", ["X"]), ("y", ["y"])):
        prefect.deployment(flow_id=flow, name=name, tags=tags)
    names = [
        [name for _, name in found(prefect, (flow,), deployments=sent)] for sent, _ in DEPLOYMENT_FILTERS
    ]
    assert names == [expected for _, expected in DEPLOYMENT_FILTERS]


def test_deployments_by_id(prefect: Prefect, two: tuple[str, str]) -> None:
    """Deployments can be asked for by id; an unknown id selects none, a text that is none is 422."""
    live = prefect.deployment()
    wanted = {"deployments": {"id": {"any_": [live["id"], str(uuid4())]}}}
    assert [row["id"] for row in prefect.done("POST", "/deployments/filter", wanted)] == [live["id"]]
    assert prefect.status("POST", "/deployments/filter", {"deployments": {"id": {"any_": ["nope"]}}}) == 422


def test_deployments_by_work_pool(prefect: Prefect) -> None:
    """Deployments can be asked for by the name of their pool."""
    pool, flow = prefect.pool(), prefect.flow()
    prefect.deployment(flow_id=flow, name="in", work_pool_name=pool)
    prefect.deployment(flow_id=flow, name="out")
    assert found(prefect, (flow,), work_pools={"name": {"any_": [pool]}}) == [(0, "in")]


def test_labels_cannot_be_filtered(prefect: Prefect) -> None:
    """An unknown filter of deployments, such as labels, is 422; an unknown key beside it is ignored."""
    assert prefect.status("POST", "/deployments/filter", {"deployments": {"labels": {"any_": ["a"]}}}) == 422
    assert prefect.status("POST", "/deployments/filter", {"limit": 1, "labels": {"any_": ["a"]}}) == 200


@pytest.mark.parametrize(
    "path", ["/deployments/filter", "/deployments/paginate", "/flows/filter", "/work_pools/filter"]
)
def test_a_page_has_at_most_200(prefect: Prefect, path: str) -> None:
    """`limit` 200 is the most, 201 is 422, and so is -1; a number in quotes is taken."""
    none: Document = {"id": {"any_": []}}
    body: Document = {path.split("/")[1]: none}
    detail = "Invalid limit: must be less than or equal to 200."
    assert prefect.call("POST", path, {**body, "limit": 201}) == (422, {"detail": detail})
    statuses = [prefect.status("POST", path, {**body, "limit": limit}) for limit in (-1, 200, "5", None)]
    assert statuses == [422, 200, 200, 200]


def test_bad_pages(prefect: Prefect) -> None:
    """An offset below 0, a page below 1 and an unknown order are 422."""
    assert prefect.status("POST", "/deployments/filter", {"offset": -1}) == 422
    assert prefect.status("POST", "/deployments/filter", {"sort": "X"}) == 422
    assert prefect.status("POST", "/deployments/paginate", {"page": 0}) == 422


def test_filter_by_offset(prefect: Prefect) -> None:
    """`limit` and `offset` walk through the list; a body can be left out."""
    flow = prefect.flow()
    for name in "abc":
        prefect.deployment(flow_id=flow, name=name)
    pages = [found(prefect, (flow,), limit=2, offset=offset) for offset in (0, 2, 4)]
    assert pages == [[(0, "a"), (0, "b")], [(0, "c")], []]
    assert found(prefect, (flow,), limit=0) == []
    assert prefect.status("POST", "/work_pools/filter") == 200


def test_paginate(prefect: Prefect) -> None:
    """paginate takes `limit` and `page`, ignores `offset`, and answers the results and four numbers."""
    flow = prefect.flow()
    made = [prefect.deployment(flow_id=flow, name=name) for name in "abc"]
    asked: Document = {"flows": {"id": {"any_": [flow]}}, "limit": 2}
    pages = [
        prefect.done("POST", "/deployments/paginate", {**asked, "page": page, "offset": 1})
        for page in (1, 2, 3)
    ]
    assert [[row["id"] for row in page.pop("results")] for page in pages] == [
        [made[0]["id"], made[1]["id"]],
        [made[2]["id"]],
        [],
    ]
    assert pages == [{"count": 3, "limit": 2, "pages": 2, "page": page} for page in (1, 2, 3)]


def test_paginate_by_default(prefect: Prefect) -> None:
    """Without `limit` and `page` the first 200 come."""
    flow = prefect.flow()
    answer = prefect.done("POST", "/deployments/paginate", {"flows": {"id": {"any_": [flow]}}})
    assert answer == {"results": [], "count": 0, "limit": 200, "pages": 0, "page": 1}


def test_paginate_of_nothing(prefect: Prefect) -> None:
    """`limit: 0` divides by zero before 3.8: 500."""
    assert prefect.status("POST", "/deployments/paginate", {"limit": 0}) == EMPTY_PAGE[prefect.version]


def test_count(prefect: Prefect) -> None:
    """POST /deployments/count answers the number that the filters select."""
    flow = prefect.flow()
    prefect.deployment(flow_id=flow)
    assert prefect.call("POST", "/deployments/count", {"flows": {"id": {"any_": [flow]}}}) == (200, 1)


@pytest.mark.parametrize("size", [200, 1000, 5000])
def test_a_filter_may_name_thousands(prefect: Prefect, size: int) -> None:
    """An `any_` list of 5,000 names or ids is taken."""
    flow = prefect.flow()
    live = prefect.deployment(flow_id=flow, name="x")
    names = {"name": {"any_": ["x", *(f"no-{number}" for number in range(size))]}}
    assert found(prefect, (flow,), deployments=names) == [(0, "x")]
    ids = {"id": {"any_": [live["id"], *(str(uuid4()) for _ in range(size))]}}
    assert found(prefect, (flow,), deployments=ids) == [(0, "x")]


def test_flows_by_name_and_id(prefect: Prefect) -> None:
    """Flows can be asked for by name and id, in the order of their names."""
    names = sorted(unique("flow") for _ in range(3))
    ids = [prefect.flow(name=name) for name in names]
    by_name = prefect.done(
        "POST", "/flows/filter", {"flows": {"name": {"any_": [*names, "nope"]}}, "sort": "NAME_ASC"}
    )
    by_id = prefect.done("POST", "/flows/filter", {"flows": {"id": {"any_": ids[:1]}}})
    none = prefect.done("POST", "/flows/filter", {"flows": {"name": {"any_": []}}})
    assert [row["id"] for row in by_name] == ids
    assert ([row["id"] for row in by_id], none) == (ids[:1], [])


def test_work_pools_by_name(prefect: Prefect) -> None:
    """Work pools can be asked for by name, in the order of their names; names are told apart by case."""
    names = sorted(prefect.pool() for _ in range(2))
    rows = prefect.done("POST", "/work_pools/filter", {"work_pools": {"name": {"any_": [*names, "nope"]}}})
    assert [row["name"] for row in rows] == names
    assert prefect.status("GET", f"/work_pools/{names[0].upper()}") == 404


def test_the_agent_pool_is_made_when_it_is_needed(prefect: Prefect) -> None:
    """`default-agent-pool` is made by the first deployment with a queue alone; until then it is 404."""
    there = prefect.status("GET", AGENT_POOL)
    body = prefect.creation(work_pool_name="default-agent-pool")
    assert prefect.status("POST", "/deployments/", body) == {404: 404, 200: 201}[there]
    prefect.deployment(work_queue_name=unique("queue"))
    pool = prefect.done("GET", AGENT_POOL)
    assert (pool["type"], pool["status"]) == ("prefect-agent", None)


def test_a_queue_alone_comes_first(prefect: Prefect) -> None:
    """A queue that is made in `default-agent-pool` gets priority 1 and moves the others back by one."""
    names = [unique("queue") for _ in range(2)]
    for name in names:
        prefect.deployment(work_queue_name=name)
    queues = prefect.done("POST", f"{AGENT_POOL}/queues/filter", {})
    assert {queue["name"]: queue["priority"] for queue in queues if queue["name"] in names} == {
        names[0]: 2,
        names[1]: 1,
    }


def test_work_pools_are_made_once(prefect: Prefect) -> None:
    """A work pool's name in use is 409, one that begins with `prefect` is 403, an empty one is 422."""
    bodies = [{"name": name, "type": "process"} for name in (prefect.pool(), "prefect-x", "", "a/b")]
    assert [prefect.status("POST", "/work_pools/", body) for body in bodies] == [409, 403, 422, 422]
