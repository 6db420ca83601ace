"""What holds for every repository and every server state."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from on_fake import KilledError, Prefect, desired
from prefect_fake import FakePrefect
from strategies import manifests

POOLS = ("pool", "other")

# Few names, so that the second repository meets what the first one made.
FEW = st.sampled_from(["a", "b"])


@st.composite
def repositories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Manifests with distinct identities, whose work pools exist."""
    named = {(draw(FEW), draw(FEW)): one for one in draw(st.lists(manifests(), max_size=4))}
    return [_at_home({**one, "flow": flow, "name": name}) for (flow, name), one in named.items()]


@st.composite
def edits(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A repository, and what an edit made of it: other manifests, or the same with other or fewer fields."""
    before = draw(repositories())
    after = {(one["flow"], one["name"]): one for one in draw(repositories())}
    for one in before:
        after[one["flow"], one["name"]] = _at_home(draw(_edited(one)))
    return before, list(after.values())


@st.composite
def _edited(draw: st.DrawFn, manifest: dict[str, Any]) -> dict[str, Any]:
    keys = draw(st.sets(st.sampled_from(sorted(manifest.keys() - {"flow", "name"}) or ["tags"]), max_size=3))
    other = draw(manifests())
    edited = {key: one for key, one in manifest.items() if key not in keys}
    edited |= {key: other[key] for key in keys & other.keys()}
    schedules = [_without(one, draw(st.sampled_from(_OPTIONAL))) for one in edited.get("schedules") or []]
    return {**edited, "schedules": schedules}


_OPTIONAL = ("max_scheduled_runs", "active", "parameters", "timezone", "nothing")


def _without(schedule: dict[str, Any], name: str) -> dict[str, Any]:
    # Only where a slug tells it from its siblings: else it could become the same as one of them.
    return {key: one for key, one in schedule.items() if key != name or not schedule.get("slug")}


def _at_home(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest with a work pool that exists, and slugs by position, so that edits meet."""
    pool = manifest.get("work_pool_name")
    placed = {**manifest, "work_pool_name": POOLS[len(pool) % 2] if pool else None}
    if not pool:
        placed.pop("work_queue_name", None)
    schedules = placed.get("schedules") or []
    named = [{**one, **({"slug": f"s{n}"} if one.get("slug") else {})} for n, one in enumerate(schedules)]
    return {**placed, "schedules": named}


def server(version: str = "3.8.8") -> Prefect:
    """A fake Prefect that has the pools."""
    prefect = Prefect(FakePrefect(version))
    for pool in POOLS:
        prefect.fake.handle("POST", "/work_pools/", {"name": pool, "type": "process"})
    return prefect


@pytest.mark.parametrize("version", ["3.8.8", "3.2.15"])
@given(edit=edits())
def test_apply_then_plan_is_empty(
    version: str, edit: tuple[list[dict[str, Any]], list[dict[str, Any]]]
) -> None:
    """From any state that we made to any other: one pass gets there, and the next one sends no write."""
    before, after = edit
    prefect = server(version)
    assert prefect.converge(desired(*before)) == []
    assert prefect.converge(desired(*after)) == []
    prefect.calls.clear()
    assert (prefect.plan(desired(*after)).writes, prefect.writes) == ((), [])


@given(edit=edits(), data=st.data())
def test_the_order_of_manifests_does_not_matter(
    edit: tuple[list[dict[str, Any]], list[dict[str, Any]]], data: st.DataObject
) -> None:
    """Any order of files gives the same plan."""
    before, after = edit
    prefect, other = server(), server()
    prefect.converge(desired(*before))
    other.converge(desired(*before))
    wanted = desired(*after)
    shuffled = data.draw(st.permutations(wanted))
    plan, again = prefect.plan(wanted), other.plan(shuffled)
    assert (plan.fingerprint, plan.changes) == (again.fingerprint, again.changes)


@given(edit=edits(), data=st.data())
def test_killed_after_any_request_and_run_again_it_converges(
    edit: tuple[list[dict[str, Any]], list[dict[str, Any]]], data: st.DataObject
) -> None:
    """No request leaves the server in a state from which the next run does not find home."""
    before, after = edit
    prefect = server()
    prefect.converge(desired(*before))
    wanted = desired(*after)
    prefect.calls.clear()
    prefect.survives = data.draw(st.integers(0, 12), label="requests before the end")
    with contextlib.suppress(KilledError):
        prefect.converge(wanted)
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
        ("job_variables stay as they are: Prefect 3.6.29 ignores their clearing, 3.8.7 and later do not",)
    ]
