"""What the server refuses of a deployment that is written, beyond the shape of the body."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake.answers import conflict, crash, refuse
from fake.parameters import (
    PATCH,
    PATCH_JOB,
    POST,
    POST_JOB,
    RUN_JOB,
    BadSchemaError,
    CircularSchemaError,
    Hydration,
    Reading,
    violation,
)
from fake.schedule_changes import check_slugs

if TYPE_CHECKING:
    from fake.bodies import DeploymentCreate, DeploymentUpdate
    from fake.rows import Deployment
    from fake.state import State
    from prefect_reconcile.model import JsonObject

_NOT_IN_NAMES = frozenset("/%&<>")


def check_create(state: State, sent: DeploymentCreate, known: Deployment | None) -> None:
    """Refuse what POST refuses."""
    if sent.work_pool_name:
        wrong = _job_variables_wrong(sent.job_variables, state.pool(sent.work_pool_name), POST_JOB)
        if wrong:
            refuse(422, f"Error creating deployment: {wrong}")
    _check_shared_limit(state, sent)
    if _NOT_IN_NAMES.intersection(sent.name + (sent.work_queue_name or "")):
        crash()
    _check_blocks(state, sent)
    if str(sent.flow_id) not in state.flows:
        conflict()
    check_slugs([schedule.slug for schedule in sent.schedules])
    if known:
        _check_own_limit(state, known, sent)


def check_update(state: State, live: Deployment, sent: DeploymentUpdate) -> JsonObject:
    """Refuse what PATCH refuses; returns the parameters as they will be."""
    if sent.work_pool_name:
        _check_pool(state, sent.work_pool_name, sent)
    parameters = live.columns["parameters"]
    if sent.parameters is not None:
        rendering = Hydration(state.variables, state.behaviour.takes_json_values)
        parameters = rendering.hydrated(sent.parameters)
    assert isinstance(parameters, dict)
    _check_parameters(live, sent, parameters)
    _check_shared_limit(state, sent)
    if _NOT_IN_NAMES.intersection(sent.work_queue_name or ""):
        crash()
    if _breaks_a_constraint(state, sent):
        conflict()
    _check_own_limit(state, live, sent)
    return parameters


def check_run(state: State, live: Deployment) -> None:
    """Refuse what POST …/create_flow_run refuses."""
    job_variables = live.columns["job_variables"]
    assert isinstance(job_variables, dict)
    if live.queue:
        wrong = _job_variables_wrong(job_variables, state.pools[str(live.queue["work_pool_name"])], RUN_JOB)
        if wrong:
            refuse(422, f"Error creating flow run: {wrong}")


def check_template(template: JsonObject) -> None:
    """Refuse what POST /work_pools/ refuses of a template."""
    variables = template.get("variables")
    if not isinstance(variables, dict):
        return
    try:
        violation({}, variables, POST)
        wrong = violation(_defaults(variables), variables, POST_JOB)
    except BadSchemaError as error:
        refuse(422, f"Invalid schema: {error}")
    except CircularSchemaError:
        crash()
    if wrong:
        refuse(422, f"Validation failed for work pool's job variable defaults: {wrong}")


def _job_variables_wrong(job_variables: JsonObject, pool: JsonObject, reading: Reading) -> str | None:
    """What the pool's template has against them, with its defaults beside them but on PATCH."""
    template = pool["base_job_template"]
    assert isinstance(template, dict)
    schema = template.get("variables")
    if not isinstance(schema, dict) or not job_variables:
        return None
    defaults = {} if reading == PATCH_JOB else _defaults(schema)
    try:
        return violation({**defaults, **job_variables}, schema, reading)
    except (BadSchemaError, CircularSchemaError):
        crash()


def _defaults(schema: JsonObject) -> JsonObject:
    properties = schema.get("properties", {})
    assert isinstance(properties, dict)
    return {
        name: one["default"] for name, one in properties.items() if isinstance(one, dict) and "default" in one
    }


def _check_shared_limit(state: State, sent: DeploymentCreate | DeploymentUpdate) -> None:
    asked = sent.global_concurrency_limit_id
    if asked and str(asked) not in state.limits:
        refuse(404, "Concurrency limit not found")


def _check_own_limit(state: State, live: Deployment, sent: DeploymentCreate | DeploymentUpdate) -> None:
    """A deployment's own limit is named after it: one that it was taken off is in the way of a new one."""
    attached = live.limit and "global_concurrency_limit_id" not in sent.model_fields_set
    if sent.concurrency_limit and not attached and state.has_limit_named(f"deployment:{live.id}"):
        conflict()


def _check_blocks(state: State, sent: DeploymentCreate) -> None:
    asked = (("infrastructure", sent.infrastructure_document_id), ("storage", sent.storage_document_id))
    for kind, block in asked:
        if block and str(block) not in state.blocks:
            refuse(
                409,
                f"Error creating deployment. Could not find {kind} block with id: {block}. This usually "
                "occurs when applying a deployment specification that was built against a different "
                "Prefect database / workspace.",
            )


def _check_pool(state: State, name: str, sent: DeploymentUpdate) -> None:
    if name not in state.pools:
        crash()
    wrong = _job_variables_wrong(sent.job_variables or {}, state.pools[name], PATCH_JOB)
    if wrong:
        refuse(409, f"Error creating deployment: {wrong}")


def _check_parameters(live: Deployment, sent: DeploymentUpdate, parameters: JsonObject) -> None:
    """The parameters as they will be against the schema as it will be, sent or stored."""
    enforced = sent.enforce_parameter_schema
    if not (live.columns["enforce_parameter_schema"] if enforced is None else enforced):
        return
    schema = sent.parameter_openapi_schema or live.columns["parameter_openapi_schema"]
    if not isinstance(schema, dict):
        refuse(
            409,
            "Error updating deployment: Cannot update parameters because parameter schema enforcement is "
            "enabled and the deployment does not have a valid parameter schema.",
        )
    try:
        wrong = violation(parameters, schema, PATCH)
    except BadSchemaError:
        crash()
    except CircularSchemaError:
        refuse(422, "Invalid schema: Unable to validate schema with circular references.")
    if wrong:
        refuse(409, f"Error updating deployment: {wrong}")


def _breaks_a_constraint(state: State, sent: DeploymentUpdate) -> bool:
    """A null where the database wants a value, or a block that does not exist."""
    given = sent.model_fields_set
    nulls = (sent.parameters is None and "parameters" in given) or (
        sent.enforce_parameter_schema is None and "enforce_parameter_schema" in given
    )
    blocks = (sent.storage_document_id, sent.infrastructure_document_id)
    return nulls or any(block and str(block) not in state.blocks for block in blocks)
