"""The schema of a native manifest against the reading of it: it refuses nothing that is read."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from json import dumps
from typing import Any
from uuid import UUID

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from jsonschema import Draft7Validator

from invalid.native import BEYOND, IDENTITY, examples, refused, valid
from prefect_reconcile.kinds.deployment import NAME, read
from prefect_reconcile.kinds.deployment.canonical import FIELDS
from prefect_reconcile.kinds.deployment.models import ConcurrencyOptions, Deployment, Schedule
from prefect_reconcile.model import Json, JsonObject, NoFlow
from prefect_reconcile.schema import manifest_schema
from strategies import (
    CONCURRENCY_OPTIONS,
    CRONS,
    IGNORED,
    JSON,
    LABELS,
    NAMES,
    OBJECTS,
    RRULES,
    TEXT,
    TIMEZONES,
    UUIDS,
)

SCHEMA = manifest_schema()
VALIDATOR = Draft7Validator(SCHEMA)

FORMS_OF_AN_ID = ["{}", "{{{}}}", "urn:uuid:{}"]
FORMS_OF_A_MOMENT = ["2024-W05", "2024-W05-3", "2024W053", "20240131T2359", "2024-01-31x080000,5-01"]
FORMS_OF_AN_INTERVAL = [1, 1.0, 86399999999999, "+PT1H", "P1WT3H5,5S", "1D", "+2 Days, 01:30:00.5", "100:00"]
MORE_FORMS: list[JsonObject] = [
    *({**IDENTITY, "storage_document_id": one.format(UUID(int=10))} for one in FORMS_OF_AN_ID),
    {**IDENTITY, "storage_document_id": UUID(int=10).hex.upper()},
    *({**IDENTITY, "schedules": [{"interval": 60, "anchor_date": one}]} for one in FORMS_OF_A_MOMENT),
    *({**IDENTITY, "schedules": [{"interval": one}]} for one in FORMS_OF_AN_INTERVAL),
    {**IDENTITY, "schedules": [{"rrule": "EXDATE:20240101T000000"}]},
    {**IDENTITY, "schedules": [{"cron": " @DAILY "}]},
]
UNREFUSED = [one for schemas in BEYOND.values() for one in schemas]


@pytest.mark.parametrize("value", examples(), ids=lambda value: dumps(value)[:100])
def test_an_invalid_example_is_refused_or_beyond_a_schema(value: JsonObject) -> None:
    """Each by exactly one of the two, so that the list tells what an editor cannot find."""
    assert VALIDATOR.is_valid(value) == (value in UNREFUSED)


@pytest.mark.parametrize("value", [*valid(), *MORE_FORMS], ids=lambda value: dumps(value)[:100])
def test_a_valid_example_is_valid(value: JsonObject) -> None:
    """Those of the tests, and forms that Python's own readers take."""
    assert not refused(value)
    assert list(VALIDATOR.iter_errors(value)) == []


def test_what_is_beyond_a_schema_is_invalid() -> None:
    """The list has no example that would be read, and none that the tests do not have."""
    assert [one for one in UNREFUSED if not refused(one) or one not in examples()] == []


def with_null(**keys: SearchStrategy[Any]) -> SearchStrategy[dict[str, Any]]:
    """A mapping with any of the keys, each a value or null."""
    return st.fixed_dictionaries({}, optional={key: st.none() | one for key, one in keys.items()})


OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
DATETIMES = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 28), timezones=st.none() | OFFSETS)  # noqa: DTZ001
MOMENTS = (
    st.builds(
        lambda moment, separator, spec: moment.isoformat(separator, spec),
        DATETIMES,
        st.sampled_from("T t_"),
        st.sampled_from(["hours", "minutes", "seconds", "milliseconds", "microseconds"]),
    )
    | DATETIMES.map(lambda moment: moment.strftime("%Y%m%dT%H%M%SZ").rjust(16, "0"))
    | st.dates().map(lambda day: day.isoformat())
    | st.dates().map(lambda day: "{:04}-W{:02}-{}".format(*day.isocalendar()))
)
DURATIONS = st.lists(
    st.tuples(st.integers(1, 99), st.sampled_from("WD")), min_size=1, max_size=2, unique_by=lambda one: one[1]
).map(lambda parts: "P" + "".join(f"{n}{unit}" for n, unit in parts))
INTERVALS = (
    st.integers(1, 10**12)
    | st.floats(1, 1e9)
    | DURATIONS
    | st.builds("{}T{}H{}M{}.5S".format, DURATIONS | st.just("P"), *[st.integers(0, 59)] * 3)
    | st.builds("{}{} {}{}".format, st.sampled_from(["", "+"]), st.integers(1, 99), st.just("d"), st.just(""))
    | st.builds("{} days, {:02}:{:02}".format, st.integers(1, 99), st.integers(0, 23), st.integers(0, 59))
    | st.builds("{:02}:{:02}".format, st.integers(1, 99), st.integers(0, 59))
)
IDS = st.uuids().flatmap(
    lambda one: st.sampled_from([str(one), str(one).upper(), one.hex, one.urn, f"{{{one}}}"])
)
DEFINITIONS = (
    st.builds(lambda a, b: {"cron": a, **b}, CRONS, with_null(timezone=TIMEZONES, day_or=st.booleans()))
    | st.builds(
        lambda a, b: {"interval": a, **b}, INTERVALS, with_null(timezone=TIMEZONES, anchor_date=MOMENTS)
    )
    | st.builds(lambda a, b: {"rrule": a, **b}, RRULES, with_null(timezone=TIMEZONES))
)


@st.composite
def schedules(draw: st.DrawFn) -> dict[str, Any]:
    """A valid schedule with a slug of its own, with its keys on one level or on any of two."""
    rest = with_null(active=st.booleans(), parameters=OBJECTS, max_scheduled_runs=st.integers(1, 50))
    others = st.sampled_from(["cron", "interval", "rrule"]).map(lambda key: {key: None})
    whole = {**draw(st.just({}) | others), **draw(DEFINITIONS), **draw(rest), "slug": str(draw(st.uuids()))}
    inner = draw(st.none() | st.sets(st.sampled_from(sorted(whole))))
    if inner is None:
        return whole
    nested = {key: one for key, one in whole.items() if key in inner}
    return {"schedule": nested, **{key: one for key, one in whole.items() if key not in inner}}


NAMING = (
    st.fixed_dictionaries({"flow": NAMES}, optional={"flow_id": st.none()})
    | st.fixed_dictionaries({"flow_id": IDS}, optional={"flow": st.none()})
    | st.fixed_dictionaries({"flow": NAMES, "entrypoint": TEXT})
)
FIELDS_OF_A_MANIFEST = with_null(
    description=TEXT,
    version=TEXT,
    tags=st.lists(TEXT, max_size=2),
    labels=st.dictionaries(LABELS, st.booleans() | st.integers() | st.floats(-1, 1) | TEXT, max_size=2),
    path=TEXT,
    pull_steps=st.lists(OBJECTS, max_size=2),
    parameters=OBJECTS,
    enforce_parameter_schema=st.booleans(),
    prevent_delete=st.booleans(),
    parameter_openapi_schema=st.sampled_from(
        [{}, {"type": "object", "properties": {"a": {"type": "string"}}}]
    ),
    job_variables=OBJECTS,
    concurrency_limit=st.integers(1),
    concurrency_options=CONCURRENCY_OPTIONS,
    paused=st.booleans(),
    schedules=st.lists(schedules(), max_size=2),
    ignore=st.lists(IGNORED, max_size=2),
    storage_document_id=IDS,
    infrastructure_document_id=UUIDS,
)
POOLS = st.fixed_dictionaries({"work_pool_name": TEXT}) | st.fixed_dictionaries(
    {"work_pool_name": NAMES, "work_queue_name": st.none() | NAMES}
)
MANIFESTS = st.builds(
    lambda *parts: {key: one for part in parts for key, one in part.items()},
    NAMES.map(lambda name: {"name": name}),
    NAMING,
    FIELDS_OF_A_MANIFEST,
    st.just({}) | POOLS,
)


def test_the_strategy_has_every_key() -> None:
    """So that what is drawn is worth drawing."""
    keys = {"name", "flow", "flow_id", "entrypoint", "work_pool_name", "work_queue_name"}
    drawn = keys | FIELDS_OF_A_MANIFEST.wrapped_strategy.optional.keys()  # type: ignore[attr-defined]
    assert drawn == Deployment.model_fields.keys()


def no_code(entrypoint: str) -> NoFlow:
    """The code is elsewhere."""
    return NoFlow("there is no code here", "add it")


@given(MANIFESTS)
def test_a_valid_manifest_is_valid(value: JsonObject) -> None:
    """Whatever it says, in whichever spelling."""
    assert read(value, no_code)[1] == ()
    assert list(VALIDATOR.iter_errors(value)) == []


KEYS = st.sampled_from(
    [
        *Deployment.model_fields,
        *Schedule.model_fields,
        *ConcurrencyOptions.model_fields,
        *("schedule", "corn", "prefect.x", "__prefect_kind"),
    ]
)
WORDS = st.sampled_from(
    [
        *(
            "",
            " ",
            "60",
            "1d",
            "0 2 * * *",
            "@daily",
            "2024-01-01",
            "UTC",
            "a/b",
            "{{ x }}",
            "PT1H",
            "FREQ=DAILY",
        )
    ]
)
VALUES = (
    JSON | WORDS | st.integers(-1, 60) | INTERVALS | MOMENTS | IDS | CRONS | CONCURRENCY_OPTIONS | schedules()
)


@st.composite
def mutated(draw: st.DrawFn) -> JsonObject:
    """A manifest that was valid before a value in it was replaced, removed or added."""
    value: Json = draw(MANIFESTS)
    for _ in range(draw(st.integers(1, 2))):
        value = draw(_changed(value))
    assert isinstance(value, dict)
    return value


@st.composite
def _changed(draw: st.DrawFn, value: Json, depth: int = 0) -> Json:
    if isinstance(value, list) and value:
        index = draw(st.integers(0, len(value) - 1))
        return [draw(_changed(one, depth + 1)) if n == index else one for n, one in enumerate(value)]
    if not isinstance(value, dict) or (depth and draw(st.integers(0, 3)) == 0):
        return draw(VALUES)
    key = draw(st.sampled_from(sorted(value)) if value and draw(st.booleans()) else KEYS)
    others = {name: one for name, one in value.items() if name != key}
    if key in value and draw(st.booleans()):
        return others
    return {**others, key: draw(_changed(value.get(key), depth + 1))}


@given(mutated())
def test_what_is_refused_is_not_read(value: JsonObject) -> None:
    """The schema refuses a manifest only if reading does."""
    accepted = read(value, no_code)[0] is not None
    valid = VALIDATOR.is_valid(value)
    event(f"read: {accepted}, valid: {valid}")
    assert valid or not accepted, list(VALIDATOR.iter_errors(value))


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_a_default_is_the_one_that_a_plan_assumes(field: Any) -> None:
    """What an editor offers for a key that is left out."""
    offered = SCHEMA["properties"].get(field.name, {}).get("default", ...)
    assert offered is ... or (offered == field.default and not field.kept)


def test_the_default_is_this_kind() -> None:
    """`kind` may be left out, and is this one otherwise."""
    base = {"name": "nightly", "flow": "etl"}
    values = [{}, {"kind": NAME}, {"kind": "{{ $KIND }}"}, {"kind": "Variable"}, {"kind": None}]
    assert [VALIDATOR.is_valid({**base, **one}) for one in values] == [True, True, True, False, False]
