"""Job variables against the variables of their work pool.

Prefect 3.8.8 checks them when a deployment is made and when a run of it is, before anything is put in for
`{{ … }}`. It lets every null pass that an optional variable can have, unknown names, and what is missing. A
PATCH that leaves the pool alone is not checked, but from then on no run can be made but by a schedule.
Source: `_validate_work_pool_job_variables` in `prefect.server.api.validation`.
"""

from __future__ import annotations

from dataclasses import dataclass

from prefect_reconcile.kinds import values, verdict
from prefect_reconcile.kinds.deployment.parameters import CREATED
from prefect_reconcile.kinds.verdict import Checker, Rules, TooMuchError, UnusableSchemaError
from prefect_reconcile.model import Finding, Json, JsonObject, Path

_RULES = Rules(null_beside_default=True)
_UNCHECKED = "default-agent-pool"
_PATH: Path = ("job_variables",)
_KEY_BY_KEY = frozenset(
    ("title", "description", "type", "properties", "required", "additionalProperties", "definitions", "$defs")
)
"""Keywords by which no variable depends on another, so that right defaults need not be checked each time."""


@dataclass(frozen=True, slots=True)
class Variables:
    """What a work pool takes. `defaults` are its own values, `unusable` is what is wrong with its schema."""

    by: Checker | None = None
    defaults: JsonObject | None = None
    unusable: str = ""


def of_pool(pool: JsonObject) -> Variables:
    """The variables of a work pool as the API answers it; a pool without template takes anything."""
    template = pool.get("base_job_template")
    schema = template.get("variables") if isinstance(template, dict) else None
    if not schema or not isinstance(schema, dict) or pool.get("name") == _UNCHECKED:
        return Variables()
    try:
        verdict.check(schema, CREATED)
        defaults = _defaults(schema)
        by = verdict.checker(schema, _RULES)
        return Variables(by, {} if _KEY_BY_KEY.issuperset(schema) else defaults)
    except UnusableSchemaError as error:
        return Variables(unusable=error.what)
    except TooMuchError:
        return Variables()


def _defaults(schema: JsonObject) -> JsonObject:
    """The defaults that are put beside a deployment's own; wrong ones are left out, as are blocks."""
    by = verdict.checker(schema, CREATED)
    properties = schema.get("properties", {})
    found: JsonObject = {
        name: one["default"]
        for name, one in (properties.items() if isinstance(properties, dict) else ())
        if isinstance(one, dict) and "default" in one and not _is_block(one["default"])
    }
    return {name: one for name, one in found.items() if not verdict.violations({name: one}, by)}


def _is_block(default: Json) -> bool:
    return isinstance(default, dict) and "$ref" in default


def check(job_variables: JsonObject, variables: Variables, *, live: bool) -> tuple[Finding, ...]:
    """What is wrong with the job variables of a deployment; a live one need not be made."""
    try:
        if variables.by is None or variables.defaults is None:
            return () if live or not variables.unusable else (_unusable(variables.unusable),)
        return values.check({**variables.defaults, **job_variables}, variables.by, _PATH)
    except UnusableSchemaError as error:
        return () if live else (_unusable(error.what),)
    except TooMuchError:
        return ()


def _unusable(why: str) -> Finding:
    what = f"the variables of the work pool cannot be used: {why}"
    return Finding(_PATH, what, "correct the pool's base job template")
