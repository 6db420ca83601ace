"""Values to draw in property tests: JSON, and valid native manifests as the loader hands them on."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
"""Short text without what a YAML file cannot hold as it is: control characters and surrogates."""

NAMES = st.text(
    st.characters(categories=("L", "N"), include_characters=" -_."), min_size=1, max_size=12
).filter(str.strip)
"""What may name a flow, a deployment, a tag, a pool or a queue."""

LABELS = NAMES.filter(lambda name: not name.startswith("prefect."))
"""What may name a label; the others are Prefect's own."""

SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | TEXT

JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
"""Any JSON value of a modest size."""

OBJECTS = st.dictionaries(TEXT, JSON, max_size=3)
"""Any JSON object of a modest size."""

CRONS = st.sampled_from(["0 2 * * *", "*/5 * * * *", "0 9 1 * mon", "@daily", "30 8 * * 1-5", "0 0 29 2 *"])
RRULES = st.sampled_from(
    [
        "FREQ=DAILY",
        "RRULE:FREQ=WEEKLY;BYDAY=MO,WE",
        "DTSTART:20240101T080000\nRRULE:FREQ=MONTHLY;BYMONTHDAY=-1",
        "FREQ=HOURLY;INTERVAL=6;COUNT=40",
        "FREQ=MINUTELY;INTERVAL=30",
    ]
)
IGNORED = st.sampled_from(
    [
        "description",
        "parameters.*",
        "job_variables",
        'job_variables["a.b"].x[0]',
        "pull_steps[*]",
        "pull_steps[1].x",
        "schedules[s0].active",
        "schedules[*].parameters",
        "schedules[s1]",
    ]
)
"""What may be ignored: whole fields, keys, entries, and what may or may not be there."""

INTERVALS = st.sampled_from([1, 60, 900.5, 86400, "PT1H", "P1DT12H", "01:30:00"])
TIMEZONES = st.sampled_from(["UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata"])
ANCHORS = st.sampled_from(
    ["2024-01-01", "2024-02-29T06:00:00Z", "2024-06-01T06:00:00+05:30", "2024-06-01T08:00:00"]
)
UUIDS = st.uuids(version=4).map(str)

CONCURRENCY_OPTIONS = st.fixed_dictionaries(
    {"collision_strategy": st.sampled_from(["ENQUEUE", "CANCEL_NEW"])},
    optional={"grace_period_seconds": st.none() | st.integers(60, 86400)},
)


def definitions() -> SearchStrategy[dict[str, Any]]:
    """What a schedule says about its times: one of the API's three types, keys in any combination."""
    timezone = st.none() | TIMEZONES
    return (
        st.fixed_dictionaries(
            {"cron": CRONS}, optional={"timezone": timezone, "day_or": st.none() | st.booleans()}
        )
        | st.fixed_dictionaries(
            {"interval": INTERVALS}, optional={"timezone": timezone, "anchor_date": st.none() | ANCHORS}
        )
        | st.fixed_dictionaries({"rrule": RRULES}, optional={"timezone": timezone})
    )


@st.composite
def schedules(draw: st.DrawFn) -> dict[str, Any]:
    """One valid schedule, flat or in the API's nested shape."""
    definition = draw(definitions())
    rest = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "slug": st.none() | NAMES,
                "active": st.none() | st.booleans(),
                "parameters": st.none() | OBJECTS,
                "max_scheduled_runs": st.none() | st.integers(1, 50),
            },
        )
    )
    return {"schedule": definition, **rest} if draw(st.booleans()) else {**definition, **rest}


def schedule_lists() -> SearchStrategy[list[dict[str, Any]]]:
    """Schedules that a deployment can have at once: no two of them are the same to Prefect or to us."""
    return st.lists(schedules(), max_size=4, unique_by=(_slug, _definition))


def _slug(schedule: dict[str, Any]) -> object:
    return schedule.get("slug") or object()


def _definition(schedule: dict[str, Any]) -> object:
    """The times alone: what differs in less, such as a time zone, is not drawn side by side."""
    if schedule.get("slug"):
        return object()
    definition = schedule.get("schedule", schedule)
    return definition.get("cron") or definition.get("rrule") or definition["interval"]


@st.composite
def manifests(draw: st.DrawFn, **fixed: Any) -> dict[str, Any]:
    """A valid native manifest of a deployment, as the loader hands it to the kind.

    It names its flow, and any of the other fields may be left out or null. `fixed` are fields to have in
    each, as they are given.
    """
    manifest = draw(
        st.fixed_dictionaries(
            {"name": NAMES, "flow": NAMES},
            optional={
                "description": st.none() | TEXT,
                "version": st.none() | TEXT,
                "tags": st.none() | st.lists(NAMES, max_size=3),
                "labels": st.none()
                | st.dictionaries(LABELS, st.booleans() | st.integers(0, 9) | TEXT, max_size=2),
                "entrypoint": st.none() | st.sampled_from(["flows/etl.py:etl", "flows.etl:etl", ""]),
                "path": st.none() | TEXT,
                "pull_steps": st.none() | st.lists(OBJECTS, max_size=2),
                "parameters": st.none() | OBJECTS,
                "enforce_parameter_schema": st.none() | st.booleans(),
                "parameter_openapi_schema": st.none()
                | st.sampled_from([{}, {"type": "object", "properties": {}}, {"type": "object"}]),
                "job_variables": st.none() | OBJECTS,
                "concurrency_limit": st.none() | st.integers(1, 1000),
                "concurrency_options": st.none() | CONCURRENCY_OPTIONS,
                "paused": st.none() | st.booleans(),
                "prevent_delete": st.none() | st.booleans(),
                "ignore": st.none() | st.lists(IGNORED, max_size=2, unique=True),
                "schedules": st.none() | schedule_lists(),
                "work_pool_name": st.none() | NAMES,
            },
        )
    )
    if manifest.get("work_pool_name"):
        manifest |= draw(st.fixed_dictionaries({}, optional={"work_queue_name": st.none() | NAMES}))
    return {**manifest, **fixed}
