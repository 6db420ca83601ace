"""Changes of schedules: which ones a PATCH of the deployment means, and how each is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake import rows
from fake.answers import conflict, refuse
from fake.bodies import ScheduleCreate
from fake.rows import copied

if TYPE_CHECKING:
    from fake.bodies import DeploymentUpdate, ScheduleUpdate
    from fake.rows import Deployment
    from fake.state import State
    from prefect_reconcile.model import Json, JsonObject


def check_slugs(slugs: list[str | None]) -> None:
    """A slug is used once in a deployment, the empty one too: else 409."""
    used = [slug for slug in slugs if slug is not None]
    if len(set(used)) < len(used):
        conflict()


def is_slugged(live: Deployment) -> bool:
    """Whether there are schedules and all have slugs: then PATCH matches them by slug."""
    return bool(live.schedules) and len(live.slugs) == len(live.schedules)


def changes(
    live: Deployment, sent: DeploymentUpdate
) -> tuple[list[tuple[str, ScheduleUpdate]], list[ScheduleCreate]]:
    """Which schedules a PATCH of the deployment changes, by id, and which it makes."""
    if not is_slugged(live):
        made = [_as_create(schedule) for schedule in sent.schedules if schedule.schedule]
        check_slugs([schedule.slug for schedule in made])
        return [], made
    if any(schedule.slug is None for schedule in sent.schedules):
        refuse(
            422,
            "Please provide a slug for each schedule in your request to ensure schedules are updated "
            "correctly.",
        )
    _check_renames(live, sent.schedules)
    slugs = live.slugs
    patches = [(slugs[_target(one)], one) for one in sent.schedules if _target(one) in slugs]
    new = [one for one in sent.schedules if _target(one) not in slugs]
    if any(schedule.schedule is None for schedule in new):
        refuse(422, "Unable to create new deployment schedules without a schedule configuration.")
    renamed = {key: schedule.slug for key, schedule in patches}
    check_slugs([renamed.get(key, slug) for slug, key in slugs.items()] + [schedule.slug for schedule in new])
    return patches, [_as_create(schedule) for schedule in new]


def _target(sent: ScheduleUpdate) -> str:
    """The slug of the live schedule that is meant."""
    return sent.replaces or sent.slug or ""


def _check_renames(live: Deployment, sent: list[ScheduleUpdate]) -> None:
    renames = [schedule for schedule in sent if schedule.replaces]
    replaced = [schedule.replaces for schedule in renames]
    for old in replaced:
        if replaced.count(old) > 1:
            refuse(422, f"Multiple schedules have 'replaces' targeting the same slug: {old}")
    for schedule in renames:
        if schedule.slug in live.slugs and schedule.slug not in replaced:
            refuse(
                422,
                f"Cannot rename schedule from '{schedule.replaces}' to '{schedule.slug}': "
                f"a schedule with slug '{schedule.slug}' already exists.",
            )


def _as_create(sent: ScheduleUpdate) -> ScheduleCreate:
    """A schedule that a PATCH makes: without `max_scheduled_runs`, which it drops."""
    assert sent.schedule
    active = True if sent.active is None else sent.active
    return ScheduleCreate.model_construct(
        schedule=sent.schedule, active=active, parameters=sent.parameters, slug=sent.slug
    )


def without_most_runs(sent: ScheduleCreate) -> ScheduleCreate:
    """A schedule inside a deployment loses its `max_scheduled_runs` without a word."""
    return sent.model_copy(update={"max_scheduled_runs": None})


def new_schedules(state: State, live: Deployment, sent: list[ScheduleCreate]) -> dict[str, JsonObject]:
    """The rows of new schedules by id, not yet added."""
    made = [rows.schedule(state.new_id(), state.now, live.id, _values(state, one)) for one in sent]
    return {str(row["id"]): row for row in made}


def _values(state: State, sent: ScheduleCreate) -> JsonObject:
    return {
        "schedule": sent.schedule.stored(state.moment, state.behaviour),
        "active": sent.active,
        "max_scheduled_runs": sent.max_scheduled_runs,
        "parameters": copied(sent.parameters),
        "slug": sent.slug,
    }


def patch_schedule(state: State, row: JsonObject, sent: ScheduleUpdate) -> None:
    """Set what is not null, and the parameters in any case."""
    row.update(parameters=copied(sent.parameters), updated=state.now)
    if sent.schedule:
        row["schedule"] = sent.schedule.stored(state.moment, state.behaviour)
    found: dict[str, Json] = {
        "active": sent.active,
        "max_scheduled_runs": sent.max_scheduled_runs,
        "slug": sent.slug,
    }
    row.update({key: value for key, value in found.items() if value is not None})
