"""The native manifest of a deployment as models: its keys are those of the API's create call.

Source of the fields and their bounds: `DeploymentCreate` of Prefect 3.8.8. The JSON Schemas for editors are
made of these models: beside a validator stands what a schema can say of it, from `patterns`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    WithJsonSchema,
)

from prefect_reconcile.ignore import PatternError, check
from prefect_reconcile.kinds import findings, timing
from prefect_reconcile.kinds.deployment import patterns
from prefect_reconcile.kinds.findings import wrong

FORBIDDEN = re.compile(f"[{patterns.FORBIDDEN}]")
"""What no name of a flow or deployment can hold."""


def _not_blank(value: str) -> str:
    if not value.strip():
        raise wrong("is empty", "write a name")
    return value


def _name(value: str) -> str:
    if found := FORBIDDEN.search(value):
        # Prefect 3.8.8 answers 500 to / % & < > in the name of a deployment, and refuses them in a flow's.
        raise wrong(f"a name cannot hold {found.group()!r}", "use letters, digits, spaces, - _ and .")
    return value


def _uuid(value: str) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        raise wrong(f"{findings.shown(value)} is not a UUID", "write an id as the API gives it") from None


def _label(value: object) -> object:
    if not isinstance(value, (bool, int, float, str)):
        raise wrong("a label is a string, a number or true or false", "write one of them")
    return value


_IDENTITY = ("name", "flow", "flow_id")


def _ignored(pattern: str) -> str:
    try:
        steps = check(pattern, Deployment.model_fields.keys() - {*_IDENTITY, "ignore"}, _IDENTITY)
    except PatternError as error:
        raise wrong(error.what, error.remedy) from None
    match steps:
        case ("tags", _, *_):
            raise wrong("tags are compared as a whole", "write tags")
        case ("schedules", int(), *_):
            raise wrong("schedules are told apart by their slugs", "write schedules[SLUG]")
        case ("schedules", _, "slug", *_):
            raise wrong("a slug tells which schedule is meant", "write schedules[SLUG] for all of it")
        case ("concurrency_options", step, *_) if step != "grace_period_seconds":
            raise wrong("concurrency_options need their collision_strategy", "write concurrency_options")
    return pattern


def _pool_with_queue(ignored: list[str]) -> list[str]:
    # A queue is one of its pool's: with the queue of one and the pool of the other side, Prefect would make a
    # new queue, or move the deployment to default-agent-pool (3.8.8).
    both = ("work_pool_name", "work_queue_name")
    for one, other in (both, both[::-1]):
        if one in ignored and other not in ignored:
            raise wrong(f"{one} cannot be ignored alone", f"add {other}: a queue belongs to its pool")
    return ignored


Text = Annotated[str, StringConstraints(strict=True)]
Ignored = Annotated[
    Text, AfterValidator(_ignored), WithJsonSchema({"type": "string", "pattern": r"^[A-Za-z_]+([.\[]|$)"})
]
Ignoring = Annotated[list[Ignored], AfterValidator(_pool_with_queue)]
Slug = Annotated[Text, AfterValidator(_not_blank), patterns.SLUG]
Name = Annotated[Text, AfterValidator(_not_blank), AfterValidator(_name), patterns.NAME]
Id = Annotated[Text, AfterValidator(_uuid), patterns.UUID]
Mapping = Annotated[dict[str, JsonValue], WithJsonSchema({"type": "object"})]
Label = Annotated[Any, AfterValidator(_label), WithJsonSchema({"type": ["string", "number", "boolean"]})]
Positive = Annotated[int, Field(gt=0)]


MOST_RUNS = 50
"""Of one schedule: `PREFECT_DEPLOYMENT_SCHEDULE_MAX_SCHEDULED_RUNS` of a server with default settings. More
would be refused by the request that adds the schedule, when the deployment is already there (3.8.8)."""


def _key(description: str, **hints: Any) -> Any:
    """A key that may be left out. `hints` are other keywords of its JSON Schema."""
    return Field(None, description=description, json_schema_extra=hints or None)


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    REMEDIES: ClassVar[dict[str, str]] = {}
    """What to do about keys that people know from elsewhere."""


class Schedule(_Closed):
    """When runs start: a cron, an interval or an rrule, and what these runs get."""

    REMEDIES: ClassVar[dict[str, str]] = dict.fromkeys(
        ("catchup", "max_active_runs", "late_runs", "flow_run_name"),
        "Prefect 3 no longer knows it: remove it",
    )

    slug: Slug | None = _key(
        "A name for this schedule, unique in the deployment. With it, the schedule stays the same one when "
        "its times change, and overlays can refer to it."
    )
    active: bool | None = _key(
        "Whether it starts runs. Left out: a live schedule stays as people switched it, a new one is active."
    )
    parameters: Mapping | None = _key(
        "Parameters of its runs, laid over those of the deployment. Left out: none."
    )
    max_scheduled_runs: Annotated[int, Field(gt=0, le=MOST_RUNS)] | None = _key(
        f"How many runs are scheduled ahead, at most {MOST_RUNS}. Left out: as many as the server is set to."
    )
    cron: Annotated[Text, AfterValidator(timing.cron), patterns.CRON] | None = _key(
        "Runs by a cron expression: five fields (minute, hour, day, month, weekday), or @daily and so on. "
        "A schedule has one of cron, interval and rrule."
    )
    interval: Annotated[Any, BeforeValidator(timing.interval), patterns.INTERVAL] = _key(
        "Runs at a fixed distance: seconds, a duration in ISO 8601 such as PT1H, or 01:30:00. At least a "
        "second. A schedule has one of cron, interval and rrule."
    )
    rrule: Annotated[Text, AfterValidator(timing.rrule), patterns.RRULE] | None = _key(
        "Runs by a recurrence rule of RFC 5545. Without DTSTART, that of a live schedule is left alone. "
        "A schedule has one of cron, interval and rrule."
    )
    timezone: Annotated[Text, AfterValidator(timing.timezone), patterns.TIMEZONE] | None = _key(
        "The IANA name of the time zone that the times are in. Left out: UTC.", default="UTC"
    )
    day_or: bool | None = _key(
        "Beside cron only: whether a day is meant if its date or its weekday matches (true), or only if both "
        "do (false). Left out: true.",
        default=True,
    )
    anchor_date: Annotated[Text, AfterValidator(timing.moment), patterns.MOMENT] | None = _key(
        "Beside interval only: a moment in ISO 8601 that the interval counts from; without offset it is UTC. "
        "Left out: that of a live schedule is left alone."
    )


class ConcurrencyOptions(_Closed):
    """What happens to a run above the limit."""

    collision_strategy: Literal["ENQUEUE", "CANCEL_NEW"] = Field(
        description="What a run above the limit does: it waits (ENQUEUE), or is cancelled (CANCEL_NEW)."
    )
    grace_period_seconds: Annotated[int, Field(ge=60, le=86400)] | None = _key(
        "How many seconds a run may take to start before its place goes to another, from 60 to 86400. "
        "Left out: the server's own."
    )


class Deployment(_Closed):
    """A deployment. A key that is left out means its default, or that a live value is left alone."""

    REMEDIES: ClassVar[dict[str, str]] = {
        "work_pool": "write work_pool_name: …, with work_queue_name and job_variables beside it",
        "schedule": "write a list of one: schedules: [{cron: …}]",
        "is_schedule_active": "write active: false in the schedule, or paused: true",
        "infra_overrides": "it is called job_variables",
        **dict.fromkeys(("build", "push"), "remove it, and build in CI before the run"),
        **dict.fromkeys(("triggers", "sla"), "keep it with prefect deploy, or make an automation"),
    }

    name: Name = Field(description="The deployment's name. With the flow's it identifies it: flow/name.")
    flow: Name | None = _key(
        "The name of its flow, which is made if the server does not have it. Left out: the name in the code "
        "at the entrypoint."
    )
    flow_id: Id | None = _key("The id of its flow on the server, instead of the flow's name.")
    description: Text | None = _key(
        "What people read about it, in Markdown. Left out: the docstring of the flow, if its code is here, "
        "else none. Null or empty: none."
    )
    version: Text | None = _key("A version, for people. Left out: a live one is left alone.")
    tags: list[Text] | None = _key(
        "Tags that its runs get too. Left out: none, so that live ones are removed.", examples=[["finance"]]
    )
    labels: dict[str, Label] | None = _key(
        "Names with a text, a number or a truth value each. Left out: live ones are left alone. "
        "Those that begin with prefect. belong to Prefect.",
        examples=[{"team": "data"}],
    )
    entrypoint: Text | None = _key(
        "Where the flow's code is: path/to/file.py:function or module:function. If it is here, the flow's "
        "name, description and parameters are read from it; it is not run.",
        examples=["flows/etl.py:etl"],
    )
    path: Text | None = _key("The folder that the entrypoint starts at, where the flow runs. Left out: none.")
    pull_steps: list[Mapping] | None = _key(
        "The steps that fetch the code before a run, as in prefect.yaml's pull. Left out: none."
    )
    parameters: Mapping | None = _key(
        "Parameters that each run gets unless it is given others. Left out: none.",
        examples=[{"day": "yesterday"}],
    )
    enforce_parameter_schema: bool | None = _key(
        "Whether the server refuses runs whose parameters do not fit the schema. Left out: true.",
        default=True,
    )
    parameter_openapi_schema: Mapping | None = _key(
        "The JSON Schema of the flow's parameters. Left out: that of the flow's code, if it is here; if that "
        "does not tell it, a live one is left alone."
    )
    work_pool_name: Text | None = _key("The work pool that runs it; it has to exist. Left out: none.")
    work_queue_name: Text | None = _key(
        "A queue of that work pool, which is made if it is not there. Left out: the pool's default queue."
    )
    job_variables: Mapping | None = _key(
        "What its runs change of the work pool's job template, such as the image. Left out: nothing.",
        examples=[{"image": "registry.example.com/etl:1.4"}],
    )
    concurrency_limit: Positive | None = _key("How many of its runs may run at once. Left out: any number.")
    concurrency_options: ConcurrencyOptions | None = _key(
        "What happens to a run above concurrency_limit. Left out: it waits."
    )
    paused: bool | None = _key(
        "Whether its schedules stand still. Left out: a live deployment stays as people switched it, a new "
        "one is not paused."
    )
    prevent_delete: bool | None = _key(
        "Whether it is never deleted, whatever the options say. It holds until a run has taken it back, also "
        "where the manifest is gone. Left out: it may be deleted."
    )
    schedules: list[Schedule] | None = _key(
        "When it runs by itself. Left out: never, so that live schedules are removed.",
        examples=[[{"slug": "nightly", "cron": "0 2 * * *", "timezone": "Europe/Paris"}]],
    )
    ignore: Ignoring | None = _key(
        "What is left alone where it is live: paths as plans show them, with * for any one key or entry. "
        "Differences there are counted and not corrected. Left out: nothing, beside what the configuration "
        "ignores.",
        examples=[["parameters.debug", "job_variables.env.*", "schedules[nightly].active"]],
    )
    storage_document_id: Id | None = _key(
        "The id of the storage block that holds the code, as Prefect 2 used them. Left out: none."
    )
    infrastructure_document_id: Id | None = _key(
        "The id of the infrastructure block that runs it, as Prefect 2 used them. Left out: none."
    )
