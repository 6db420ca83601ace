"""What holds for every repository and every server state."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from on_fake import KilledError, Prefect, desired
from strategies import manifests

from prefect_fake import FakePrefect

POOLS = ("pool", "other")

# Few names, so that the second repository meets what the first one made.
FEW = st.sampled_from(["a", "b"])


@st.composite
def repositories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Manifests with distinct identities, whose work pools exist."""
    drawn = draw(st.lists(manifests(), max_size=4))
    named = {}
    for manifest in drawn:
        identity = (draw(FEW), draw(FEW))
        pool = draw(st.none() | st.sampled_from(POOLS))
        if not pool:
            manifest.pop("work_queue_name", None)
        named[identity] = {**manifest, "flow": identity[0], "name": identity[1], "work_pool_name": pool}
    return list(named.values())


def server(version: str = "3.8.8") -> Prefect:
    """A fake Prefect that has the pools."""
    prefect = Prefect(FakePrefect(version))
    for pool in POOLS:
        prefect.fake.handle("POST", "/work_pools/", {"name": pool, "type": "process"})
    return prefect


@pytest.mark.parametrize("version", ["3.8.8", "3.6.29", "3.4.25", "3.2.15"])
@given(before=repositories(), after=repositories())
def test_apply_then_plan_is_empty(
    version: str, before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> None:
    """From any state that we made to any other: one pass gets there, and the next one sends no write."""
    prefect = server(version)
    assert prefect.converge(desired(*before)) == []
    assert prefect.converge(desired(*after)) == []
    prefect.calls.clear()
    assert (prefect.plan(desired(*after)).writes, prefect.writes) == ((), [])


@given(before=repositories(), after=repositories(), data=st.data())
def test_the_order_of_manifests_does_not_matter(
    before: list[dict[str, Any]], after: list[dict[str, Any]], data: st.DataObject
) -> None:
    """Any order of files gives the same plan and the same requests."""
    prefect, other = server(), server()
    prefect.converge(desired(*before))
    other.converge(desired(*before))
    wanted = desired(*after)
    shuffled = data.draw(st.permutations(wanted))
    plan, again = prefect.plan(wanted), other.plan(shuffled)
    assert (plan.fingerprint, plan.changes) == (again.fingerprint, again.changes)


@given(before=repositories(), after=repositories(), data=st.data())
def test_killed_after_any_request_and_run_again_it_converges(
    before: list[dict[str, Any]], after: list[dict[str, Any]], data: st.DataObject
) -> None:
    """No request leaves the server in a state from which the next run does not find home."""
    prefect = server()
    prefect.converge(desired(*before))
    wanted = desired(*after)
    prefect.calls.clear()
    prefect.survives = data.draw(st.integers(0, 12), label="requests before the end")
    try:
        prefect.converge(wanted)
    except KilledError:
        pass
    prefect.survives = None
    assert prefect.converge(wanted) == []
    assert prefect.plan(wanted).writes == ()


@given(repository=repositories())
def test_a_second_pass_costs_only_reads(repository: list[dict[str, Any]]) -> None:
    """And few of them: flows, deployments, pools and the version."""
    prefect = server()
    prefect.converge(desired(*repository))
    prefect.calls.clear()
    prefect.converge(desired(*repository))
    assert (prefect.writes, len(prefect.calls) <= 4) == ([], True)


def test_what_an_older_server_ignores_is_noted_and_not_tried_for_ever() -> None:
    """Before 3.8.7 job_variables cannot be emptied: the plan says so, and sends nothing."""
    prefect = server("3.6.29")
    prefect.converge(desired({"flow": "f", "name": "a", "job_variables": {"x": 1}}))
    prefect.calls.clear()
    plan = prefect.plan(desired({"flow": "f", "name": "a"}))
    assert plan.writes == ()
    assert [change.resolution.notes for change in plan.changes] == [
        (
            "job_variables stay as they are: Prefect 3.6.29 ignores their clearing, "
            "3.8.7 and later do not",
        )
    ]
