"""Which fields PATCH can clear, with what, and how each reads back: one table."""

from typing import Any

import pytest
from prefects import ANY_OBJECT, Document, Prefect, per_version

SCHEMA: Document = {"type": "object", "properties": {"x": {"type": "integer"}}}
OPTIONS: Document = {"collision_strategy": "ENQUEUE"}

FULL: Document = {
    "description": "d",
    "path": "/p",
    "entrypoint": "a.py:f",
    "version": "1",
    "pull_steps": [{"step": {}}],
    "tags": ["a"],
    "parameters": {"x": 1},
    "job_variables": {"a": 1},
    "parameter_openapi_schema": SCHEMA,
    "concurrency_limit": 2,
    "concurrency_options": OPTIONS,
    "work_queue_name": "queue",
    "paused": True,
    "enforce_parameter_schema": True,
}

Outcome = tuple[int, Any]
KEPT = "what it was"


def everywhere(status: int, value: Any = KEPT) -> dict[str, Outcome]:
    """One outcome on every version."""
    return per_version(*[(status, value)] * 4)


def cleared(value: Any) -> dict[str, Outcome]:
    """204 and this value on every version."""
    return everywhere(204, value)


REFUSED = everywhere(422)
VIOLATES = everywhere(409)
IGNORED = everywhere(204)

# What PATCH {field: sent} answers, and how the field reads back.
TABLE: list[tuple[str, Any, dict[str, Outcome]]] = [
    ("description", None, cleared(None)),
    ("description", "", cleared("")),
    ("path", None, cleared(None)),
    ("path", "", cleared("")),
    ("entrypoint", None, cleared(None)),
    ("entrypoint", "", cleared("")),
    ("version", None, cleared(None)),
    ("version", "", cleared("")),
    ("pull_steps", None, cleared(None)),
    ("pull_steps", [], cleared([])),
    ("tags", None, REFUSED),
    ("tags", [], cleared([])),
    ("parameters", None, VIOLATES),
    ("parameters", {}, cleared({})),
    ("job_variables", None, IGNORED),
    ("job_variables", {}, per_version((204, KEPT), (204, KEPT), (204, KEPT), (204, {}))),
    ("parameter_openapi_schema", None, cleared(None)),
    (
        "parameter_openapi_schema",
        {},
        per_version((204, {}), (204, ANY_OBJECT), (204, ANY_OBJECT), (204, ANY_OBJECT)),
    ),
    ("concurrency_limit", None, cleared(None)),
    ("concurrency_limit", 0, REFUSED),
    ("concurrency_options", None, cleared(None)),
    ("concurrency_options", {}, REFUSED),
    ("work_pool_name", None, per_version((204, KEPT), (204, KEPT), (204, None), (204, None))),
    ("work_pool_name", "", IGNORED),
    ("work_queue_name", None, IGNORED),
    ("work_queue_name", "", IGNORED),
    ("storage_document_id", None, cleared(None)),
    ("storage_document_id", "", REFUSED),
    ("infrastructure_document_id", None, cleared(None)),
    ("infrastructure_document_id", "", REFUSED),
    ("paused", None, REFUSED),
    ("paused", False, cleared(False)),
    ("enforce_parameter_schema", None, VIOLATES),
    ("enforce_parameter_schema", False, cleared(False)),
]


def full(prefect: Prefect, field: str) -> Document:
    """A deployment in which `field` and nearly every other are set."""
    fields: Document = {**FULL, "work_pool_name": prefect.pool()}
    if field.endswith("_document_id"):
        fields[field] = prefect.block()
    return prefect.deployment(**fields)


def value(live: Document, field: str) -> Any:
    """How a field reads: the limit is in another place than it is written to."""
    if field != "concurrency_limit":
        return live[field]
    limit = live["global_concurrency_limit"]
    return limit and limit["limit"]


@pytest.mark.parametrize(("field", "sent", "outcomes"), TABLE, ids=[f"{row[0]}={row[1]}" for row in TABLE])
def test_clearing(prefect: Prefect, field: str, sent: Any, outcomes: dict[str, Outcome]) -> None:
    """PATCH of one field with null or empty clears it, does nothing or is refused, as the table says."""
    before = full(prefect, field)
    status, expected = outcomes[prefect.version]
    assert prefect.patch(before, {field: sent})[0] == status
    after = prefect.read(before)
    assert value(after, field) == (value(before, field) if expected == KEPT else expected)


def test_clearing_leaves_the_rest_alone(prefect: Prefect) -> None:
    """All that can be cleared on every version can be cleared in one PATCH, and nothing else changes."""
    before = full(prefect, "storage_document_id")
    nulls = (
        "description",
        "path",
        "entrypoint",
        "version",
        "pull_steps",
        "concurrency_options",
        "concurrency_limit",
    )
    body: Document = {**dict.fromkeys(nulls), "storage_document_id": None, "tags": [], "parameters": {}}
    after = prefect.patched(before, body)
    shown = (body.keys() - {"concurrency_limit"}) | {"global_concurrency_limit", "updated"}
    assert {key for key in after if after[key] != before[key]} == shown


def test_clearing_the_limit_leaves_its_options(prefect: Prefect) -> None:
    """`concurrency_limit: null` leaves `concurrency_options` behind."""
    before = prefect.deployment(concurrency_limit=1, concurrency_options=OPTIONS)
    after = prefect.patched(before, {"concurrency_limit": None})
    assert (after["global_concurrency_limit"], after["concurrency_options"]) == (
        None,
        before["concurrency_options"],
    )
