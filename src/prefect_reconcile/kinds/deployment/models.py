"""The native manifest of a deployment as models: its keys are those of the API's create call.

Source of the fields and their bounds: `DeploymentCreate` of Prefect 3.8.8.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
)

from prefect_reconcile.kinds import findings, timing
from prefect_reconcile.kinds.findings import wrong

FORBIDDEN = re.compile(r"[/%&<>\x00-\x1f\x7f]")
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


Text = Annotated[str, StringConstraints(strict=True)]
Slug = Annotated[Text, AfterValidator(_not_blank)]
Name = Annotated[Slug, AfterValidator(_name)]
Id = Annotated[Text, AfterValidator(_uuid)]
Mapping = dict[str, JsonValue]
Positive = Annotated[int, Field(gt=0)]


MOST_RUNS = 50
"""Of one schedule: `PREFECT_DEPLOYMENT_SCHEDULE_MAX_SCHEDULED_RUNS` of a server with default settings. More
would be refused by the request that adds the schedule, when the deployment is already there (3.8.8)."""


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Schedule(_Closed):
    """A schedule, flat: the API's keys of the schedule and of its definition side by side."""

    slug: Slug | None = None
    active: bool | None = None
    parameters: Mapping | None = None
    max_scheduled_runs: Annotated[int, Field(gt=0, le=MOST_RUNS)] | None = None
    cron: Annotated[Text, AfterValidator(timing.cron)] | None = None
    interval: Annotated[Any, BeforeValidator(timing.interval)] = None
    rrule: Annotated[Text, AfterValidator(timing.rrule)] | None = None
    timezone: Annotated[Text, AfterValidator(timing.timezone)] | None = None
    day_or: bool | None = None
    anchor_date: Annotated[Text, AfterValidator(timing.moment)] | None = None


class ConcurrencyOptions(_Closed):
    """What happens to a run above the limit."""

    collision_strategy: Literal["ENQUEUE", "CANCEL_NEW"]
    grace_period_seconds: Annotated[int, Field(ge=60, le=86400)] | None = None


class Deployment(_Closed):
    """A deployment. A key that is left out means its default, or that a live value is left alone."""

    name: Name
    flow: Name | None = None
    flow_id: Id | None = None
    description: Text | None = None
    version: Text | None = None
    tags: list[Text] | None = None
    labels: dict[str, Annotated[Any, AfterValidator(_label)]] | None = None
    entrypoint: Text | None = None
    path: Text | None = None
    pull_steps: list[Mapping] | None = None
    parameters: Mapping | None = None
    enforce_parameter_schema: bool | None = None
    parameter_openapi_schema: Mapping | None = None
    work_pool_name: Text | None = None
    work_queue_name: Text | None = None
    job_variables: Mapping | None = None
    concurrency_limit: Positive | None = None
    concurrency_options: ConcurrencyOptions | None = None
    paused: bool | None = None
    schedules: list[Schedule] | None = None
    storage_document_id: Id | None = None
    infrastructure_document_id: Id | None = None
