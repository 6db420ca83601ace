"""What ownership and pruning rely on: tags that can be filtered, and runs that can be counted by state."""

from __future__ import annotations

from uuid import uuid4

from prefects import Prefect


def test_deployments_are_found_by_a_tag(prefect: Prefect) -> None:
    """POST /deployments/paginate with tags.all_ finds those that have the tag, whatever else they have."""
    mark = f"reconcile:{uuid4().hex}"
    ours = prefect.deployment(tags=["x", mark])
    prefect.deployment(tags=[f"{mark}-2", "x"])
    found = prefect.done(
        "POST", "/deployments/paginate", {"limit": 200, "deployments": {"tags": {"all_": [mark]}}}
    )
    assert ([one["id"] for one in found["results"]], found["count"]) == ([ours["id"]], 1)


def test_runs_are_counted_by_state(prefect: Prefect) -> None:
    """POST /flow_runs/count takes deployments and state types; what is only scheduled is another type."""
    first, second = prefect.deployment(), prefect.deployment()
    for live, state in ((first, "RUNNING"), (first, "PENDING"), (first, "SCHEDULED"), (second, "COMPLETED")):
        prefect.made(f"/deployments/{live['id']}/create_flow_run", {"state": {"type": state}})

    def count(*ids: str) -> object:
        types = ["PENDING", "RUNNING", "PAUSED", "CANCELLING"]
        where = {"deployments": {"id": {"any_": [*ids]}}, "flow_runs": {"state": {"type": {"any_": types}}}}
        return prefect.done("POST", "/flow_runs/count", where)

    assert (count(first["id"], second["id"]), count(second["id"])) == (2, 0)
