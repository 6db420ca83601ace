"""The bodies of requests that write, as the server accepts them: unknown keys and wrong types are 422.

Source: prefect/server/schemas/actions.py of 3.8.8.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    TypeAdapter,
)

from fake.answers import invalid, parsed, parsed_list
from fake.behaviour import Behaviour
from fake.parameters import POST, BadSchemaError, violation
from fake.schedules import Schedule
from prefect_reconcile.model import Json, JsonObject

MOST_SCHEDULED_RUNS = 50
"""PREFECT_DEPLOYMENT_SCHEDULE_MAX_SCHEDULED_RUNS, of every version."""

NAME = r"^[^/%&><]+$"

# Keys of old clients that a deployment accepts and ignores.
_FORGOTTEN = ("worker_pool_queue_id", "worker_pool_name", "worker_pool_queue_name", "work_pool_queue_name")

Positive = Annotated[int, Field(gt=0)]
Label = StrictBool | StrictInt | StrictFloat | str
Labels = Annotated[
    dict[str, Label],
    BeforeValidator(lambda value: {} if value is None else value),
]


def _not_empty(name: str) -> str:
    if not name.strip("' \""):
        raise ValueError("name cannot be an empty string")
    return name


class Strict(BaseModel):
    """A body whose every key is known."""

    model_config = ConfigDict(extra="forbid")

    def sent(self, *without: str) -> JsonObject:
        """The values that were sent, as JSON, without some."""
        return self.model_dump(mode="json", exclude_unset=True, exclude={*without})


class FlowCreate(Strict):
    name: Annotated[str, Field(pattern=NAME)]
    tags: list[str] = []
    labels: dict[str, Label] | None = {}


def _whole_template(template: dict[str, Any]) -> dict[str, Any]:
    if template and not (template.get("job_configuration") and template.get("variables")):
        raise ValueError(
            "The `base_job_template` must contain both a `job_configuration` and a `variables` key."
        )
    return template


class WorkPoolCreate(Strict):
    name: Annotated[str, Field(pattern=NAME), AfterValidator(_not_empty)]
    type: str = "prefect-agent"
    description: str | None = None
    base_job_template: Annotated[dict[str, Any], AfterValidator(_whole_template)] = {}
    is_paused: bool = False
    concurrency_limit: Annotated[int, Field(ge=0)] | None = None


class LimitCreate(Strict):
    name: Annotated[str, Field(pattern=NAME)]
    limit: Annotated[int, Field(ge=0)]
    active: bool = True


class ScheduleCreate(Strict):
    schedule: Schedule
    active: bool = True
    max_scheduled_runs: Annotated[Positive, Field(le=MOST_SCHEDULED_RUNS)] | None = None
    parameters: dict[str, Any] = {}
    slug: str | None = None
    replaces: str | None = None


class ScheduleUpdate(Strict):
    schedule: Schedule | None = None
    active: bool | None = None
    max_scheduled_runs: Annotated[Positive, Field(le=MOST_SCHEDULED_RUNS)] | None = None
    parameters: dict[str, Any] = {}
    slug: str | None = None
    replaces: str | None = None


class ConcurrencyOptions(BaseModel):
    # Not strict: unknown keys are dropped in silence.
    collision_strategy: Literal["ENQUEUE", "CANCEL_NEW"]
    grace_period_seconds: Annotated[int, Field(ge=60, le=86400)] | None = None


class VersionInfo(BaseModel):
    model_config = ConfigDict(extra="allow")
    type: str
    version: str


class _Deployment(Strict):
    version: str | None = None
    description: str | None = None
    paused: bool = False
    concurrency_limit: Positive | None = None
    concurrency_options: ConcurrencyOptions | None = None
    global_concurrency_limit_id: UUID | None = None
    parameter_openapi_schema: dict[str, Any] | None = None
    tags: list[str] = []
    work_queue_name: str | None = None
    work_pool_name: str | None = None
    path: str | None = None
    pull_steps: list[dict[str, Any]] | None = None
    entrypoint: str | None = None
    storage_document_id: UUID | None = None
    infrastructure_document_id: UUID | None = None
    version_info: VersionInfo | None = None


class DeploymentCreate(_Deployment):
    name: str
    flow_id: UUID
    schedules: list[ScheduleCreate] = []
    parameters: dict[str, Any] = {}
    labels: Labels = {}
    job_variables: dict[str, Any] = {}
    enforce_parameter_schema: bool = True


class DeploymentUpdate(_Deployment):
    schedules: list[ScheduleUpdate] = []
    parameters: dict[str, Any] | None = None
    job_variables: dict[str, Any] | None = None
    enforce_parameter_schema: bool | None = None


class RunsToSchedule(BaseModel):
    """POST /deployments/{id}/schedule. The defaults are the scheduler's settings."""

    start_time: datetime | None = None
    end_time: datetime | None = None
    min_time: timedelta = timedelta(hours=1)
    min_runs: int = 3
    max_runs: int = 100


_SCHEDULES = TypeAdapter(list[ScheduleCreate])


def deployment_create(body: Json, behaviour: Behaviour) -> DeploymentCreate:
    """The body of POST /deployments/, or 422."""
    sent = _deployment(body, behaviour)
    if isinstance(sent, dict):
        # A validator sets them, so that an upsert that leaves them out resets them.
        sent.setdefault("parameters", {})
        if behaviour.schema_defaults_to_null:
            sent.setdefault("parameter_openapi_schema", None)
        if sent.get("enforce_parameter_schema"):
            _enforce(sent)
    return parsed(DeploymentCreate, sent, behaviour)


def deployment_update(body: Json, behaviour: Behaviour) -> DeploymentUpdate:
    """The body of PATCH /deployments/{id}, or 422."""
    return parsed(DeploymentUpdate, _deployment(body, behaviour), behaviour)


def schedule_creates(body: Json, behaviour: Behaviour) -> list[ScheduleCreate]:
    """The body of POST …/schedules, or 422."""
    if isinstance(body, list):
        for number, item in enumerate(body):
            _refuse_unknown_schedule_keys(item, [number], behaviour)
    return parsed_list(_SCHEDULES, body, behaviour)


def schedule_update(body: Json, behaviour: Behaviour) -> ScheduleUpdate:
    """The body of PATCH …/schedules/{id}, or 422."""
    _refuse_unknown_schedule_keys(body, [], behaviour)
    return parsed(ScheduleUpdate, body, behaviour)


def _deployment(body: Json, behaviour: Behaviour) -> Json:
    """The body as this version of the server begins to read it."""
    if not isinstance(body, dict):
        return body
    if not behaviour.shared_limits:
        _refuse_keys(body, ("global_concurrency_limit_id", "version_info"), [])
    if body.get("concurrency_limit") and body.get("global_concurrency_limit_id"):
        message = "A deployment cannot have both a concurrency limit and a global concurrency limit."
        invalid("value_error", [], message, body)
    _refuse_unknown_keys_of_schedules(body, behaviour)
    sent = {key: value for key, value in body.items() if key not in _FORGOTTEN}
    if behaviour.fills_empty_schema and sent.get("parameter_openapi_schema") == {}:
        sent["parameter_openapi_schema"] = {"type": "object", "properties": {}}
    if not behaviour.grace_period and isinstance(sent.get("concurrency_options"), dict):
        sent["concurrency_options"] = _without_grace(sent["concurrency_options"])
    return sent


def _without_grace(options: Json) -> Json:
    assert isinstance(options, dict)
    return {key: value for key, value in options.items() if key != "grace_period_seconds"}


def _refuse_unknown_keys_of_schedules(body: JsonObject, behaviour: Behaviour) -> None:
    schedules = body.get("schedules")
    if isinstance(schedules, list):
        for number, item in enumerate(schedules):
            _refuse_unknown_schedule_keys(item, ["schedules", number], behaviour)


def _refuse_unknown_schedule_keys(item: Json, place: list[Json], behaviour: Behaviour) -> None:
    if isinstance(item, dict) and not behaviour.renames_schedules:
        _refuse_keys(item, ("replaces",), place)


def _refuse_keys(body: JsonObject, keys: tuple[str, ...], place: list[Json]) -> None:
    for key in keys:
        if key in body:
            invalid("extra_forbidden", [*place, key], "Extra inputs are not permitted", body)


def _enforce(sent: JsonObject) -> None:
    """Only an `enforce_parameter_schema` that is written out is enforced on create; its default is not."""
    schema, parameters = sent.get("parameter_openapi_schema"), sent["parameters"]
    if not isinstance(schema, dict) or not isinstance(parameters, dict):
        return
    try:
        wrong = violation(parameters, schema, POST)
    except BadSchemaError as error:
        wrong = f"The provided schema is not a valid json schema. Schema error: {error}"
    if wrong:
        invalid("value_error", [], f"Value error, {wrong}", sent)
