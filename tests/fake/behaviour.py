"""What differs between the servers that the contract suite runs against: by version, and by their Python."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Where versions differ. Each was observed on 3.2.15, 3.4.25, 3.6.29 and 3.8.8.

    A change between two of these is dated to the later one, except `empty_job_variables_clear`, whose
    release is known from the source.
    """

    fills_empty_schema: bool
    """A parameter schema `{}` is stored as `{"type": "object", "properties": {}}`; before, as sent."""

    schema_defaults_to_null: bool
    """A schema left out on create is stored as null, so that every PATCH answers 409 until it has one."""

    shared_limits: bool
    """`global_concurrency_limit_id` and `version_info` are known; before, 422."""

    null_clears_pool: bool
    """PATCH `work_pool_name: null` takes the deployment out of its pool; before, nothing changes."""

    renames_schedules: bool
    """`replaces` in a schedule is known; before, 422."""

    grace_period: bool
    """`concurrency_options.grace_period_seconds` is kept; before, silently dropped."""

    shows_queue_id: bool
    """A deployment has the key `work_queue_id`."""

    labels_runs: bool
    """A run that a schedule makes has labels; before, none."""

    takes_json_values: bool
    """A parameter of the kind `json` may hold a value that is no text; before, 400."""

    keeps_iso_8601: bool
    """An interval such as `"PT1H"`, and an anchor without an offset, read back as sent, and such an anchor is
    in the schedule's time zone. So it is on Python 3.13 and later (observed on 3.8.8), where Prefect has
    another date library; before, an interval is seconds and an anchor without an offset is UTC."""

    anchors_rrules: bool
    """An rrule without DTSTART is given one; before, it is kept as sent."""

    deletes_only_future_runs: bool
    """A write keeps auto-scheduled runs whose time has passed; before, those are deleted too."""

    empty_job_variables_clear: bool
    """`job_variables: {}` clears; before 3.8.7, `if job_variables:` ignored it."""

    empty_pages: bool
    """paginate with `limit: 0` answers with no results; before, it divides by zero: 500."""

    counts_slots: bool
    """A work pool and a work queue have `active_slots`."""

    stores_results: bool
    """A work pool's `storage_configuration` has `default_result_storage_block_id`."""


def behaviour_of(version: str, python: tuple[int, int]) -> Behaviour:
    """How a server of this version behaves, `3.8.8`, on this Python, `(3, 12)`."""
    number = tuple(int(part) for part in version.split(".")[:3])
    return Behaviour(
        fills_empty_schema=number >= (3, 4),
        schema_defaults_to_null=number < (3, 4),
        shared_limits=number >= (3, 4),
        null_clears_pool=number >= (3, 6),
        renames_schedules=number >= (3, 6),
        grace_period=number >= (3, 6),
        shows_queue_id=number >= (3, 6),
        labels_runs=number >= (3, 4),
        takes_json_values=number >= (3, 6),
        keeps_iso_8601=python >= (3, 13),
        anchors_rrules=number >= (3, 6),
        deletes_only_future_runs=number >= (3, 4),
        empty_job_variables_clear=number >= (3, 8, 7),
        empty_pages=number >= (3, 8),
        counts_slots=number >= (3, 6),
        stores_results=number >= (3, 4),
    )
