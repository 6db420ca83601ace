"""The keys of a `prefect.yaml`, and how Prefect reads scalars of another type than it means. Pure.

Source: `prefect.cli.deploy._models` of Prefect 3.8.8. It ignores every key that it does not know, except in a
schedule, where one such key makes it pass over the whole file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from prefect_reconcile.model import Filled, Finding, Json, JsonObject, Path
from prefect_reconcile.spelling import did_you_mean

_GONE = "remove it"
"""The remedy for keys of an older Prefect."""
_INTO_POOL = "move it into work_pool"
_INTO_SCHEDULES = "move it into schedules"
_INTO_VARIABLES = "move it into job_variables"


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one mapping; `misplaced` tells the remedy for keys that their authors meant elsewhere."""

    known: tuple[str, ...]
    misplaced: Mapping[str, str] = field(default_factory=dict)

    def strays(self, value: JsonObject, path: Path) -> Iterator[Finding]:
        """The keys that mean nothing here, and are not marked as free with a dot or `x-` before them."""
        for key in value:
            if key in self.known or key.startswith((".", "x-")):
                continue
            what, remedy = "Prefect ignores this key here", self.misplaced.get(key)
            if remedy is None:
                otherwise = f"remove it; the keys here are {', '.join(self.known)}"
                what, remedy = "unknown key", did_you_mean(key, self.known, otherwise)
            elif remedy == _GONE:
                what = "Prefect 3 no longer knows this key"
            yield Finding((*path, key), what, remedy, on_key=True, stray=True)


FILE = Keys(
    ("name", "prefect-version", "prefect_version", "build", "push", "pull", "deployments", "definitions")
)
DEPLOYMENT = Keys(
    (
        "name", "version", "version_type", "description", "tags", "concurrency_limit", "flow_name",
        "entrypoint", "parameters", "enforce_parameter_schema", "work_pool", "schedule", "schedules",
        "paused", "triggers", "sla", "build", "push", "pull",
    ),
    {
        "job_variables": _INTO_POOL,
        "work_queue_name": _INTO_POOL,
        "work_pool_name": "write work_pool: {name: …}",
        "infra_overrides": "it is called job_variables now, in work_pool",
        "is_schedule_active": "write active: false in the schedule, or paused: true",
        "concurrency": "write concurrency_limit: …",
        "collision_strategy": "write concurrency_limit: {limit: …, collision_strategy: …}",
        "grace_period_seconds": "write concurrency_limit: {limit: …, grace_period_seconds: …}",
        "pull_steps": "it is called pull here",
        "flow": "leave it out: the code names the flow",
        **dict.fromkeys(
            ("cron", "interval", "rrule", "timezone", "day_or", "anchor_date", "active"), _INTO_SCHEDULES
        ),
        **dict.fromkeys(
            (
                "infrastructure", "infra_type", "storage", "manifest_path", "catchup", "max_active_runs",
                "late_runs", "timestamp",
            ),
            _GONE,
        ),
    },
)  # fmt: skip
WORK_POOL = Keys(
    ("name", "work_queue_name", "job_variables"),
    {
        "concurrency_limit": "move it out of work_pool, beside it",
        "queue_name": "it is called work_queue_name",
        "queue": "it is called work_queue_name",
        "infra_overrides": "it is called job_variables now",
        "type": "it belongs to the pool itself: remove it",
        "base_job_template": "it belongs to the pool itself: remove it",
        **dict.fromkeys(("command", "env", "image", "labels", "working_dir"), _INTO_VARIABLES),
    },
)
LIMIT = Keys(("limit", "collision_strategy", "grace_period_seconds"))
SCHEDULE = Keys(
    (
        "cron", "interval", "rrule", "timezone", "anchor_date", "day_or", "active", "parameters", "slug",
        "replaces",
    ),
    {
        "schedule": "write its keys directly: {cron: …, slug: …}",
        **dict.fromkeys(("catchup", "max_active_runs", "late_runs", "flow_run_name"), _GONE),
    },
)  # fmt: skip

_BOOLEANS: Mapping[str, bool] = {
    **dict.fromkeys(("1", "on", "t", "true", "y", "yes"), True),
    **dict.fromkeys(("0", "off", "f", "false", "n", "no"), False),
}


def boolean(value: Json) -> Json:
    """A value where Prefect wants true or false, as pydantic reads it; what it refuses stays as it is."""
    plain = isinstance(value, (int, float)) or type(value) in (str, Filled)
    return _BOOLEANS.get(str(value).lower().removesuffix(".0"), value) if plain else value


def number(value: Json) -> Json:
    """A value where Prefect wants a whole number, as pydantic reads it; what it refuses stays as it is."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    # Text may stand for a number as it may where it filled a placeholder.
    return Filled(value) if type(value) is str else value


def tags(value: list[Json]) -> list[tuple[int, Json]]:
    """The tags as Prefect stores them, text without blanks, each with its place in the list."""
    texts = [str(one) if isinstance(one, (bool, int, float)) else one for one in value]
    return [(index, one) for index, one in enumerate(texts) if not (isinstance(one, str) and not one.strip())]
