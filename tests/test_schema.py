"""The schemas for editors, compared whole with golden files, and tried on what people write."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from json import loads
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from pydantic import BaseModel, ConfigDict

from prefect_reconcile.kinds.deployment.models import ConcurrencyOptions, Deployment, Schedule
from prefect_reconcile.kinds.forms import PLACEHOLDER, Form, of_model
from prefect_reconcile.kinds.registry import KINDS
from prefect_reconcile.loader.document import parse
from prefect_reconcile.loader.placeholders import Filling, Placeholder, Put
from prefect_reconcile.model import JsonObject
from prefect_reconcile.schema import FORMS, Which, manifest_schema, overlay_schema, schema_text

ROOT = Path(__file__).parent.parent
GOLDEN = Path(__file__).parent / "schema"
WHICH: tuple[Which, ...] = ("manifest", "overlay")


def validator(which: Which) -> Draft7Validator:
    """What takes or refuses values by one of the schemas."""
    return Draft7Validator(loads(schema_text(which)))


MANIFEST, OVERLAY = map(validator, WHICH)


def expect(which: Which) -> None:
    """Compares a schema with its golden file."""
    file, text = GOLDEN / f"{which}.json", schema_text(which)
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_bytes(text.encode())
    assert text == file.read_bytes().decode()


@pytest.mark.parametrize("which", WHICH)
def test_a_schema_is_as_its_golden_file(which: Which) -> None:
    """So that each change of what editors are told is seen."""
    expect(which)


@pytest.mark.parametrize("which", WHICH)
def test_a_schema_is_a_schema(which: Which) -> None:
    """Of the draft that it names."""
    check(loads(schema_text(which)))


def check(schema: Any) -> None:
    """Whether a schema is one of its draft."""
    assert schema["$schema"] == Draft7Validator.META_SCHEMA["$schema"]
    Draft7Validator.check_schema(schema)


def described(schema: Any) -> dict[str, bool]:
    """The keys of a mapping's schema, and whether each says what it is for."""
    return {
        name: bool(one.get("description") or one.get("$ref")) for name, one in schema["properties"].items()
    }


@pytest.mark.parametrize(
    ("schema", "model", "beside"),
    [
        (MANIFEST.schema, Deployment, {"kind"}),
        (MANIFEST.schema["definitions"]["Schedule"], Schedule, {"schedule"}),
        (MANIFEST.schema["definitions"]["ScheduleTimes"], Schedule, set()),
        (MANIFEST.schema["definitions"]["ConcurrencyOptions"], ConcurrencyOptions, set()),
        (OVERLAY.schema, Deployment, {"kind"}),
    ],
)
def test_every_key_of_a_model_is_described(schema: Any, model: type[BaseModel], beside: set[str]) -> None:
    """No key of a model is missing, and no other one is there."""
    assert described(schema) == dict.fromkeys(model.model_fields.keys() | beside, True)
    assert schema["additionalProperties"] is False


def test_overlays_are_merged_as_their_schema_says() -> None:
    """Entries that a schema wants a key of are found by it."""
    assert {name: form.keyed_by for name, form in FORMS.items()} == {
        name: kind.KEYED_BY for name, kind in KINDS.items()
    }


def manifests_of_examples() -> Iterator[Any]:
    """Every document of a native manifest in the examples."""
    for file in sorted((ROOT / "examples").rglob("*.yaml")):
        documents, problems = parse(file.name, file.read_bytes())
        assert not problems
        for number, one in enumerate(documents):
            if isinstance(one.value, dict) and "deployments" not in one.value:
                yield pytest.param(file, one.value, id=f"{file.relative_to(ROOT)}-{number}")


@pytest.mark.parametrize(("file", "value"), list(manifests_of_examples()))
def test_an_example_is_valid(file: Path, value: Any) -> None:
    """As a manifest, or as an overlay where it is one."""
    overlay = any("overlay" in part for part in file.parts)
    assert list((OVERLAY if overlay else MANIFEST).iter_errors(value)) == []


BASE: JsonObject = {"flow": "etl", "name": "nightly"}
CRON: JsonObject = {"cron": "0 2 * * *", "slug": "s"}
INTERVAL: JsonObject = {"interval": 60, "slug": "s"}
KEYS_WITH_PLACEHOLDERS = [
    *({key: "{{ $X }}"} for key in Deployment.model_fields),
    *({"schedules": [{**CRON, key: "{{ $X:-1 }}"}]} for key in Schedule.model_fields),
    *(
        {"schedules": [{"slug": "s", "schedule": {"cron": "0 2 * * *", key: "{{$X}}"}}]}
        for key in list(Schedule.model_fields)[1:]
    ),
    {"schedules": ["{{ $X }}"]},
    {"schedules": [{"slug": "s", "schedule": "{{ $X }}"}]},
    {"concurrency_options": {"collision_strategy": "{{ $X }}", "grace_period_seconds": "{{ $X }}"}},
    {"pull_steps": ["{{ $X }}"]},
    {"labels": {"team": "{{ $X }}"}},
    {"kind": "{{ $X }}"},
    {"flow_id": "{{ $X }}", "flow": "{{ $Y }}"},
]
PARTS_WITH_PLACEHOLDERS = [
    {"name": "a/{{ $X }}"},
    {"flow": "{{ $X }}<"},
    {"infrastructure_document_id": "{{ $X }}-4000"},
    {"storage_document_id": "{{ prefect.x }}"},
    *(
        {"schedules": [{"slug": "s", **beside, key: "a {{ $X }}"}]}
        for key, beside in (
            *(("cron", {}), ("rrule", {}), ("interval", {}), ("slug", CRON), ("timezone", CRON)),
            ("anchor_date", INTERVAL),
        )
    ),
]


@pytest.mark.parametrize("written", [*KEYS_WITH_PLACEHOLDERS, *PARTS_WITH_PLACEHOLDERS], ids=str)
@pytest.mark.parametrize("which", [MANIFEST, OVERLAY], ids=WHICH)
def test_a_placeholder_may_stand_for_any_value(which: Draft7Validator, written: JsonObject) -> None:
    """As a whole for one of any type, and within text for the rest of it."""
    assert list(which.iter_errors({**BASE, "work_pool_name": "k8s", **written})) == []


@pytest.mark.parametrize(
    "written",
    [
        {"paused": "{{ x }}"},
        {"paused": "{{ $X }} or not"},
        {"tags": "a {{ $X }}"},
        {"concurrency_limit": "1{{ $X }}"},
        {"concurrency_options": {"collision_strategy": "CANCEL_{{ $X }}"}},
        {"labels": {"prefect.x": "{{ $X }}"}},
    ],
    ids=str,
)
def test_text_with_a_placeholder_stays_text(written: JsonObject) -> None:
    """What is filled within text, or not at all, is no value of another type."""
    assert not MANIFEST.is_valid({**BASE, **written})


@given(
    st.from_regex(r"\{\{ ?\$[\w.\-\[\]$]{1,3}(:-.{0,4})? ?\}\}", fullmatch=True)
    | st.text("{$}A:- .", max_size=12)
)
def test_a_placeholder_is_what_the_loader_fills(text: str) -> None:
    """What becomes a value of a type of its own is one placeholder to the schema."""

    def decide(path: object, placeholder: Placeholder) -> Put:
        return Put(1 if placeholder.variable else "text")

    if Filling(decide).fill(text) == 1:
        assert re.search(PLACEHOLDER["pattern"], text)


OVERLAYS: list[JsonObject] = [
    {},
    dict.fromkeys(Deployment.model_fields.keys() - BASE.keys()),
    {"parameters": {"day": None}, "labels": {"team": None}},
    {"labels": {"prefect.x": None}},
    {"concurrency_options": {"grace_period_seconds": 60}},
    {"concurrency_options": {"collision_strategy": None}},
    {"schedules": [{"slug": "s"}]},
    {"schedules": [{"slug": "s", "cron": None, "interval": 60, "active": False}]},
    {"schedules": [{"slug": "s", "schedule": {"cron": None, "timezone": "UTC"}}]},
    {"work_queue_name": "high"},
    {"kind": "Deployment"},
]
NOT_OVERLAYS: list[JsonObject] = [
    {"flow": None},
    {"name": None},
    {"corn": None},
    {"kind": None},
    {"tags": [None]},
    {"paused": "yes"},
    {"labels": {"prefect.x": 1}},
    {"concurrency_options": {"grace_period_seconds": 59}},
    {"concurrency_options": {"strategy": None}},
    {"schedules": [{"active": False}]},
    {"schedules": [{"slug": None}]},
    {"schedules": [None]},
    {"schedules": [{"slug": "s", "corn": None}]},
    {"schedules": [{"slug": "s", "schedule": {"corn": None}}]},
]


@pytest.mark.parametrize("written", OVERLAYS, ids=str)
def test_an_overlay_is_any_part_of_a_manifest(written: JsonObject) -> None:
    """It names what it changes; null removes; a schedule needs no more than its slug."""
    assert list(OVERLAY.iter_errors({**BASE, **written})) == []


@pytest.mark.parametrize("written", NOT_OVERLAYS, ids=str)
def test_an_overlay_is_closed(written: JsonObject) -> None:
    """What is wrong in a manifest is wrong here, except for what is missing."""
    assert not OVERLAY.is_valid({**BASE, **written})


@pytest.mark.parametrize("missing", ["flow", "name"])
def test_an_overlay_names_its_deployment(missing: str) -> None:
    """By flow and name."""
    assert not OVERLAY.is_valid({key: one for key, one in BASE.items() if key != missing})


class Variable(BaseModel):
    """A kind of one key."""

    model_config = ConfigDict(extra="forbid")

    value: int


def test_several_kinds_are_told_apart_by_their_key() -> None:
    """A manifest that names none is of the first."""
    form = Form(of_model(Variable), whole=lambda shape: shape, identity=("value",), own=frozenset())
    both = {**FORMS, "Variable": form}
    variable: JsonObject = {"kind": "Variable", "value": 1}
    values = [BASE, {**BASE, "kind": "Deployment"}, variable, {"value": 1}, {**BASE, "kind": "Variable"}]
    values += [{**variable, "value": "x"}, {**BASE, "kind": "Other"}]
    for schema in (manifest_schema(both), overlay_schema(both)):
        checks = Draft7Validator(schema)
        assert [checks.is_valid(one) for one in values] == [True, True, True, False, False, False, False]


def test_a_schema_is_made_without_much() -> None:
    """No HTTP, no terminal and no YAML is needed for one."""
    made = "from prefect_reconcile.schema import schema_text; schema_text('manifest')"
    program = f"import sys; {made}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {"httpx", "rich", "typer", "yaml", "croniter", "jsonschema", "deepdiff"}
    assert heavy & set(done.stdout.split()) == set()
