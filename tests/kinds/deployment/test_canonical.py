"""Every field of a deployment: its one spelling, and what leaving it out means."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from prefect.server.schemas.actions import DeploymentCreate, DeploymentUpdate

from conversations import FLOW_ID, answered, desired, live, resolved, schedule_answered
from prefect_reconcile.differ import differences
from prefect_reconcile.kinds.deployment import marks
from prefect_reconcile.kinds.deployment.canonical import FIELDS, SHAPES, from_answer, from_manifest, resolve
from prefect_reconcile.kinds.deployment.models import Deployment
from prefect_reconcile.kinds.deployment.schedules import body
from prefect_reconcile.model import JsonObject, Live, Shape
from strategies import manifests

NEVER = {
    "name": "identity",
    "flow_id": "identity",
    "global_concurrency_limit_id": "a limit that others share is not a deployment's own",
    "version_info": "belongs to Prefect Cloud",
}


IN_TAGS = {"owner", "prevent_delete"}
"""Fields of ours that the server has as tags."""


def test_fields_are_those_of_the_create_call() -> None:
    """Nothing of Prefect's create call is missing in the catalogue or in the manifest."""
    assert {*SHAPES, *NEVER} - IN_TAGS == DeploymentCreate.model_fields.keys()
    assert {*SHAPES, "name", "flow", "flow_id", "ignore"} - {"owner"} == Deployment.model_fields.keys()


def test_defaults_are_prefects() -> None:
    """What is not sent to Prefect's create call becomes the default of the catalogue."""
    made = DeploymentCreate(name="d", flow_id=UUID(FLOW_ID)).model_dump(mode="json")
    assert from_answer(made) == {field.name: field.default for field in FIELDS}


def test_reasons_are_seen() -> None:
    """Whoever says why a spelling is needed says on which Prefect it was seen."""
    assert [field.name for field in FIELDS if bool(field.reason) != bool(field.seen)] == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("description", "", None),
        ("description", "None", None),
        ("description", "x", "x"),
        ("version", "", None),
        ("tags", ["b", "a", "b"], ["a", "b"]),
        ("tags", None, []),
        ("labels", {"prefect.flow.id": "f", "a": 1}, {"a": 1}),
        ("labels", None, {}),
        ("entrypoint", "", None),
        ("path", "", None),
        ("pull_steps", None, []),
        ("parameters", {}, {}),
        ("enforce_parameter_schema", False, False),
        ("parameter_openapi_schema", None, {}),
        ("parameter_openapi_schema", {}, {}),
        ("parameter_openapi_schema", {"type": "object", "properties": {}}, {}),
        ("parameter_openapi_schema", {"type": "object"}, {"type": "object"}),
        ("work_pool_name", "k8s", "k8s"),
        ("work_queue_name", "default", "default"),
        ("job_variables", None, {}),
        (
            "concurrency_options",
            {"collision_strategy": "E", "grace_period_seconds": None},
            {"collision_strategy": "E"},
        ),
        ("paused", True, True),
        ("tags", ["b", "reconcile:me", "reconcile-prevent-delete"], ["b"]),
        ("owner", "is no field of an answer", None),
        ("prevent_delete", True, False),
        ("storage_document_id", FLOW_ID, FLOW_ID),
        ("infrastructure_document_id", None, None),
    ],
)
def test_field_of_an_answer(name: str, value: object, expected: object) -> None:
    """Each spelling that an answer may have becomes the one."""
    assert from_answer(answered(**{name: value}))[name] == expected


def test_concurrency_limit_of_an_answer() -> None:
    """The limit is in an object of its own; the field that has its name is always null."""
    limit = {"id": "l", "name": "deployment:x", "limit": 7}
    assert from_answer(answered(global_concurrency_limit=limit))["concurrency_limit"] == 7


def test_schedules_of_an_answer() -> None:
    """Schedules are records by the server's ids."""
    definition: JsonObject = {"cron": "0 2 * * *", "timezone": None, "day_or": True}
    assert from_answer(answered(schedules=[schedule_answered("s1", definition)]))["schedules"] == {
        "s1": {
            "cron": "0 2 * * *",
            "timezone": "UTC",
            "day_or": True,
            "parameters": {},
            "max_scheduled_runs": None,
            "slug": None,
            "active": True,
        }
    }


def test_what_an_answer_has_beyond_is_ignored() -> None:
    """A newer Prefect may tell more."""
    assert from_answer(answered(shiny=1)) == from_answer(answered())


def test_manifest_has_only_what_it_says() -> None:
    """A field that is not written is not in the canonical form, a null one has its default."""
    assert from_manifest({"tags": ["b", "a"], "parameters": None}) == {"tags": ["a", "b"], "parameters": {}}


def as_made(manifest: JsonObject) -> JsonObject:
    """The answer of Prefect to what makes a deployment of a manifest, by Prefect's own models."""
    wanted = resolve(desired(manifest), None).new
    sent = {**wanted, "schedules": [body(one) for one in wanted["schedules"].values()]}  # type: ignore[union-attr,arg-type]
    sent["tags"] = marks.join(sent["tags"], sent.pop("owner"), sent.pop("prevent_delete"))  # type: ignore[arg-type]
    fields = DeploymentCreate.model_validate({"name": "d", "flow_id": FLOW_ID, **sent}).model_dump(
        mode="json"
    )
    limit = fields.pop("concurrency_limit")
    fields["concurrency_limit"] = None
    fields["global_concurrency_limit"] = {"name": "deployment:d", "limit": limit} if limit else None
    fields["schedules"] = [{"id": f"s{n}", **one} for n, one in enumerate(fields["schedules"])]
    fields["labels"] = {**(fields["labels"] or {}), "prefect.flow.id": FLOW_ID}
    return {"id": "d", **fields}


def as_live(answer: JsonObject) -> Live:
    return Live("Deployment", "etl/nightly", "d", from_answer(answer), {"server": "3.8.8"})


@given(manifests())
def test_made_means_done(manifest: JsonObject) -> None:
    """What Prefect makes of a manifest does not differ from it."""
    resolution = resolve(desired(manifest), as_live(as_made(manifest)))
    assert differences(resolution.old, resolution.new, SHAPES) == ()
    assert resolution.notes == ()


@given(manifests(), manifests())
def test_what_a_change_leads_to_is_stable(before: JsonObject, after: JsonObject) -> None:
    """Once the fields are what a manifest makes of the live ones, it makes the same of them again."""
    there = as_live(as_made(before))
    first = resolve(desired(after), there)
    schedules = {f"n{n}": one for n, one in enumerate(first.new["schedules"].values())}  # type: ignore[union-attr]
    # An anchor that Prefect gives to a new schedule is not known before.
    assume(all("interval" not in one or "anchor_date" in one for one in schedules.values()))  # type: ignore[operator]
    again = resolve(
        desired(after), Live("Deployment", "n", "d", {**first.new, "schedules": schedules}, there.refs)
    )
    assert again.old == again.new == {**first.new, "schedules": again.new["schedules"]}


@given(manifests(), st.randoms(use_true_random=False))
def test_order_means_nothing(manifest: JsonObject, random: Any) -> None:
    """Keys, tags and schedules may stand in any order."""
    items = list(manifest.items())
    random.shuffle(items)
    shuffled = {
        key: random.sample(value, len(value)) if key in ("tags", "schedules") and value else value
        for key, value in items
    }
    there = as_live(as_made(manifest))
    assert resolve(desired(shuffled), there) == resolve(desired(manifest), there)


LEFT_ALONE = ["version", "labels", "parameter_openapi_schema", "paused", "owner"]


def test_left_out_fields() -> None:
    """A field that is left out means its default, but for those that people and machines turn."""
    there = live(
        **dict.fromkeys(
            ["description", "version", "entrypoint", "path", "work_pool_name", "work_queue_name"], "x"
        ),
        tags=["x", "reconcile:me", "reconcile-prevent-delete"],
        labels={"x": 1},
        pull_steps=[{"x": 1}],
        parameters={"x": 1},
        enforce_parameter_schema=False,
        parameter_openapi_schema={"type": "object"},
        job_variables={"x": 1},
        global_concurrency_limit={"name": "deployment:x", "limit": 1},
        concurrency_options={"collision_strategy": "ENQUEUE"},
        paused=True,
        schedules=[schedule_answered("s1", {"cron": "@daily"})],
        storage_document_id=FLOW_ID,
        infrastructure_document_id=FLOW_ID,
    )
    resolution = resolved({}, there)
    changed = [name for name in SHAPES if resolution.old[name] != resolution.new[name]]
    assert changed == [name for name in SHAPES if name not in LEFT_ALONE]
    assert {name: resolution.new[name] for name in changed} == {
        field.name: field.default for field in FIELDS if field.name in changed
    }


@pytest.mark.parametrize(
    ("written", "there", "expected"),
    [
        ({}, None, None),
        ({"work_pool_name": "k8s"}, None, "default"),
        ({"work_pool_name": "k8s", "work_queue_name": "high"}, None, "high"),
        ({"work_pool_name": "k8s"}, live(work_pool_name="k8s", work_queue_name="high"), "default"),
        (
            {"work_pool_name": "k8s"},
            live({"default_queue": "main"}, work_pool_name="k8s", work_queue_name="main"),
            "main",
        ),
        (
            {"work_pool_name": "vm"},
            live({"default_queue": "main"}, work_pool_name="k8s", work_queue_name="main"),
            "default",
        ),
        ({}, live({"default_queue": "main"}, work_pool_name="k8s", work_queue_name="main"), None),
    ],
)
def test_queue_of_a_pool(written: JsonObject, there: Live | None, expected: str | None) -> None:
    """A pool alone means its default queue, by whichever name it has."""
    assert resolved(written, there).new["work_queue_name"] == expected


def test_a_new_deployment_differs_from_the_defaults() -> None:
    """What is not there is compared with what Prefect makes without being told anything."""
    resolution = resolved({"tags": ["a"], "schedules": [{"cron": "@daily"}]}, None)
    assert resolution.old == {field.name: field.default for field in FIELDS}
    assert [name for name in SHAPES if resolution.old[name] != resolution.new[name]] == ["tags", "schedules"]


def test_only_schedules_and_tags_have_shapes_of_their_own() -> None:
    """The other fields compare as plain values."""
    assert {name: shape for name, shape in SHAPES.items() if shape is not Shape.VALUE} == {
        "tags": Shape.SET,
        "schedules": Shape.KEYED,
    }


def test_updates_take_what_the_catalogue_has() -> None:
    """All fields but the labels can be sent to Prefect's update call, under the same name."""
    assert SHAPES.keys() - DeploymentUpdate.model_fields.keys() == {"labels", *IN_TAGS}
