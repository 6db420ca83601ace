"""Schedules one by one, and those inside a PATCH of the deployment."""

from typing import Any

import pytest
from prefects import CONFLICT, Document, Prefect, per_version

FIRST: Document = {"cron": "0 0 1 1 *", "timezone": "Europe/Paris", "day_or": False}
SECOND: Document = {"cron": "0 0 2 1 *", "timezone": None, "day_or": True}

# Whether `replaces` renames a slug. Before, it is 422.
RENAMES = per_version(False, False, True, True)


def schedules_of(live: Document) -> list[Document]:
    """The schedules of a deployment, by slug."""
    return sorted(live["schedules"], key=lambda row: str(row["slug"]))


def slugs(live: Document) -> list[Any]:
    """The slugs of a deployment."""
    return [row["slug"] for row in schedules_of(live)]


def ids(live: Document) -> dict[Any, Any]:
    """The ids of the schedules by slug."""
    return {row["slug"]: row["id"] for row in schedules_of(live)}


def content(row: Document) -> Document:
    """What a schedule says, without ids and times."""
    return {key: row[key] for key in ("schedule", "active", "max_scheduled_runs", "parameters", "slug")}


def one(prefect: Prefect, **fields: Any) -> tuple[Document, str]:
    """A deployment with one schedule, and the path of that schedule."""
    live = prefect.deployment()
    place = f"/deployments/{live['id']}/schedules"
    (made,) = prefect.done("POST", place, [{"schedule": FIRST, **fields}])
    return live, f"{place}/{made['id']}"


# ---- POST …/schedules

FULL: Document = {
    "schedule": FIRST,
    "active": False,
    "max_scheduled_runs": 7,
    "parameters": {"a": 1},
    "slug": "full",
}


def test_post_of_schedules_honours_everything(prefect: Prefect) -> None:
    """POST …/schedules takes a list, with and without slugs, and answers 201 with all that was sent."""
    live = prefect.deployment()
    status, made = prefect.call("POST", f"/deployments/{live['id']}/schedules", [FULL, {"schedule": SECOND}])
    default: Document = {"active": True, "max_scheduled_runs": None, "parameters": {}, "slug": None}
    assert (status, [content(row) for row in made]) == (201, [FULL, {"schedule": SECOND, **default}])
    assert {str(row["id"]) for row in made} == {str(row["id"]) for row in schedules_of(prefect.read(live))}


def test_post_of_a_schedule_leaves_the_others_alone(prefect: Prefect) -> None:
    """POST …/schedules changes neither the other schedules nor the deployment's `updated`."""
    before = prefect.deployment(schedules=[FULL])
    prefect.done("POST", f"/deployments/{before['id']}/schedules", [{"schedule": SECOND}])
    after = prefect.read(before)
    assert {key for key in after if after[key] != before[key]} == {"schedules"}
    assert schedules_of(before)[0] in schedules_of(after)


def test_a_slug_in_use_is_409(prefect: Prefect) -> None:
    """POST …/schedules with a slug in use, or one twice, is 409, and adds none of the list."""
    live = prefect.deployment(schedules=[{"schedule": FIRST, "slug": "used"}])
    place = f"/deployments/{live['id']}/schedules"
    used: list[Any] = [{"schedule": SECOND}, {"schedule": SECOND, "slug": "used"}]
    twice: list[Any] = [{"schedule": SECOND, "slug": "new"}] * 2
    assert prefect.call("POST", place, used) == (409, CONFLICT)
    assert prefect.call("POST", place, twice) == (409, CONFLICT)
    assert slugs(prefect.read(live)) == ["used"]


def test_post_of_no_schedules(prefect: Prefect) -> None:
    """POST …/schedules of [] is 201 with []; of one object it is 422."""
    place = f"/deployments/{prefect.deployment()['id']}/schedules"
    assert prefect.call("POST", place, []) == (201, [])
    assert prefect.status("POST", place, {"schedule": FIRST}) == 422


@pytest.mark.parametrize("slug", ["", "A b", "é/%", "x" * 500])
def test_a_slug_is_any_text(prefect: Prefect, slug: str) -> None:
    """A slug may be empty, long or have any character."""
    live, _ = one(prefect, slug=slug)
    assert slugs(prefect.read(live)) == [slug]


@pytest.mark.parametrize(
    "fields",
    [{"slug": 5}, {"active": None}, {"parameters": None}, {"zz": 1}, {"schedule": None}, {"schedule": {}}],
)
def test_schedules_that_are_refused(prefect: Prefect, fields: Document) -> None:
    """A schedule needs a definition, booleans and objects are not null, slugs are texts: else 422."""
    place = f"/deployments/{prefect.deployment()['id']}/schedules"
    assert prefect.status("POST", place, [{"schedule": FIRST, **fields}]) == 422


@pytest.mark.parametrize(("most", "status"), [(0, 422), (-1, 422), (1, 201), (50, 201), (51, 422)])
def test_max_scheduled_runs_is_from_1_to_50(prefect: Prefect, most: int, status: int) -> None:
    """`max_scheduled_runs` is from 1 to 50 on every version, wherever it is sent."""
    sent: Document = {"schedule": FIRST, "max_scheduled_runs": most}
    live = prefect.deployment()
    assert prefect.status("POST", f"/deployments/{live['id']}/schedules", [sent]) == status
    assert prefect.status("POST", "/deployments/", prefect.creation(schedules=[sent])) == status
    assert prefect.patch(live, {"schedules": [sent]})[0] == {201: 204}.get(status, status)


def test_max_scheduled_runs_is_lost_inside_a_deployment(prefect: Prefect) -> None:
    """POST /deployments/ drops `max_scheduled_runs` of its schedules without a word."""
    live = prefect.deployment(schedules=[FULL])
    assert [content(row) for row in schedules_of(live)] == [{**FULL, "max_scheduled_runs": None}]


# ---- PATCH …/schedules/{id}

WHOLE = {"schedule": FIRST, "active": False, "max_scheduled_runs": 7, "parameters": {"a": 1}, "slug": "s"}

# What is sent, and what it changes of WHOLE.
PATCHES: list[tuple[Document, Document]] = [
    ({}, {"parameters": {}}),
    ({"active": True}, {"active": True, "parameters": {}}),
    ({"parameters": {"b": 2}}, {"parameters": {"b": 2}}),
    ({"schedule": SECOND, "parameters": {"a": 1}}, {"schedule": SECOND}),
    ({"schedule": {"cron": "0 0 2 1 *"}, "parameters": {"a": 1}}, {"schedule": SECOND}),
    ({"slug": "t", "parameters": {"a": 1}}, {"slug": "t"}),
    ({"slug": "", "parameters": {"a": 1}}, {"slug": ""}),
    (
        {"slug": None, "max_scheduled_runs": None, "active": None, "schedule": None, "parameters": {"a": 1}},
        {},
    ),
    ({"max_scheduled_runs": 9, "parameters": {"a": 1}}, {"max_scheduled_runs": 9}),
]


@pytest.mark.parametrize(
    ("sent", "changed"), PATCHES, ids=[", ".join(sent) or "nothing" for sent, _ in PATCHES]
)
def test_patch_of_one_schedule(prefect: Prefect, sent: Document, changed: Document) -> None:
    """Parameters that are left out are reset, a definition is replaced whole, and null is ignored."""
    live, place = one(prefect, **{key: value for key, value in WHOLE.items() if key != "schedule"})
    assert prefect.call("PATCH", place, sent) == (204, None)
    assert [content(row) for row in schedules_of(prefect.read(live))] == [{**WHOLE, **changed}]


def test_a_patched_schedule_keeps_its_id(prefect: Prefect) -> None:
    """PATCH of a schedule keeps its id, and those of the others."""
    before = prefect.deployment(
        schedules=[{"schedule": FIRST, "slug": "a"}, {"schedule": FIRST, "slug": "b"}]
    )
    place = f"/deployments/{before['id']}/schedules/{ids(before)['a']}"
    prefect.done("PATCH", place, {"schedule": SECOND})
    assert ids(prefect.read(before)) == ids(before)


@pytest.mark.parametrize(
    "sent", [{"zz": 1}, {"parameters": None}, {"max_scheduled_runs": 0}, {"schedule": {}}]
)
def test_patches_of_a_schedule_that_are_refused(prefect: Prefect, sent: Document) -> None:
    """Unknown keys, null parameters and bad definitions are 422."""
    _, place = one(prefect)
    assert prefect.status("PATCH", place, sent) == 422


def test_a_patch_to_a_slug_in_use_is_409(prefect: Prefect) -> None:
    """PATCH of a schedule to another's slug is 409; to its own it is 204."""
    live = prefect.deployment(schedules=[{"schedule": FIRST, "slug": "a"}, {"schedule": FIRST, "slug": "b"}])
    place = f"/deployments/{live['id']}/schedules/{ids(live)['a']}"
    assert prefect.call("PATCH", place, {"slug": "b"}) == (409, CONFLICT)
    assert prefect.call("PATCH", place, {"slug": "a"}) == (204, None)


def test_delete_of_one_schedule(prefect: Prefect) -> None:
    """DELETE of a schedule is 204 and leaves the others; the schedule of another deployment is 404."""
    live = prefect.deployment(schedules=[{"schedule": FIRST, "slug": "a"}, {"schedule": FIRST, "slug": "b"}])
    other = prefect.deployment()
    gone = ids(live)["a"]
    assert prefect.status("DELETE", f"/deployments/{other['id']}/schedules/{gone}") == 404
    assert prefect.call("DELETE", f"/deployments/{live['id']}/schedules/{gone}") == (204, None)
    assert ids(prefect.read(live)) == {"b": ids(live)["b"]}


# ---- schedules inside PATCH /deployments/{id}


def test_unslugged_schedules_are_recreated(prefect: Prefect) -> None:
    """When some live schedule has no slug, a PATCH with schedules deletes all and makes the sent ones."""
    before = prefect.deployment(schedules=[{"schedule": FIRST, "slug": "a"}, {"schedule": FIRST}])
    after = prefect.patched(before, {"schedules": [{"schedule": FIRST, "slug": "a"}, {"schedule": SECOND}]})
    assert slugs(after) == [None, "a"]
    assert set(ids(before).values()).isdisjoint(ids(after).values())


def test_an_empty_list_deletes_unslugged_schedules(prefect: Prefect) -> None:
    """`schedules: []` deletes all when some live schedule has no slug."""
    live = prefect.deployment(schedules=[{"schedule": FIRST, "slug": "a"}, {"schedule": FIRST}])
    assert prefect.patched(live, {"schedules": []})["schedules"] == []


def test_slugged_schedules_are_matched(prefect: Prefect) -> None:
    """When all have slugs, a PATCH changes and adds by slug, keeps ids, and never removes."""
    before = prefect.deployment(
        schedules=[{"schedule": FIRST, "slug": "a"}, {"schedule": FIRST, "slug": "b"}]
    )
    after = prefect.patched(
        before, {"schedules": [{"schedule": SECOND, "slug": "a"}, {"schedule": SECOND, "slug": "c"}]}
    )
    assert [(row["slug"], row["schedule"]) for row in schedules_of(after)] == [
        ("a", SECOND),
        ("b", FIRST),
        ("c", SECOND),
    ]
    assert {slug: ids(after)[slug] for slug in ("a", "b")} == ids(before)


def test_an_empty_list_leaves_slugged_schedules(prefect: Prefect) -> None:
    """`schedules: []` is 204 and removes nothing when all live schedules have slugs."""
    before = prefect.deployment(schedules=[{"schedule": FIRST, "slug": "a"}])
    assert prefect.patched(before, {"schedules": []})["schedules"] == before["schedules"]


def test_a_slug_is_needed_where_all_have_one(prefect: Prefect) -> None:
    """A schedule without a slug is 422 when all live schedules have slugs."""
    live = prefect.deployment(schedules=[{"schedule": FIRST, "slug": "a"}])
    status, answer = prefect.patch(
        live, {"schedules": [{"schedule": FIRST}, {"schedule": FIRST, "slug": "a"}]}
    )
    detail = (
        "Please provide a slug for each schedule in your request to ensure schedules are updated correctly."
    )
    assert (status, answer) == (422, {"detail": detail})


def test_the_first_schedules_may_have_slugs_or_not(prefect: Prefect) -> None:
    """A deployment without schedules takes any list; those without a definition are left out."""
    sent: list[Any] = [{"schedule": FIRST, "slug": "a"}, {"schedule": SECOND}, {"active": True}]
    live = prefect.patched(prefect.deployment(), {"schedules": sent})
    assert [(row["slug"], row["schedule"]) for row in schedules_of(live)] == [(None, SECOND), ("a", FIRST)]


def test_max_scheduled_runs_in_a_patch_of_the_deployment(prefect: Prefect) -> None:
    """A PATCH sets `max_scheduled_runs` of a schedule that it matches, not of one that it makes."""
    live = prefect.deployment(schedules=[{"schedule": FIRST, "slug": "a"}])
    more: Document = {"schedule": FIRST, "max_scheduled_runs": 5}
    after = prefect.patched(live, {"schedules": [{**more, "slug": "a"}, {**more, "slug": "b"}]})
    anew = prefect.patched(prefect.deployment(), {"schedules": [more]})
    assert [row["max_scheduled_runs"] for row in (*schedules_of(after), *schedules_of(anew))] == [
        5,
        None,
        None,
    ]


def test_a_matched_schedule_loses_its_parameters(prefect: Prefect) -> None:
    """A schedule that a PATCH matches by slug is patched as by itself: parameters left out are reset."""
    live = prefect.deployment(schedules=[{**FULL, "slug": "a"}])
    (row,) = schedules_of(prefect.patched(live, {"schedules": [{"slug": "a", "active": True}]}))
    assert content(row) == {**FULL, "slug": "a", "active": True, "max_scheduled_runs": None, "parameters": {}}


def test_a_new_slug_needs_a_definition(prefect: Prefect) -> None:
    """A slug that is not live, without a definition, is 422."""
    live = prefect.deployment(schedules=[{"schedule": FIRST, "slug": "a"}])
    detail = "Unable to create new deployment schedules without a schedule configuration."
    assert prefect.patch(live, {"schedules": [{"slug": "b"}]}) == (422, {"detail": detail})


def test_two_new_schedules_with_one_slug(prefect: Prefect) -> None:
    """One slug twice is 409 when it is new; when it is live, the last one wins."""
    live = prefect.deployment(schedules=[{"schedule": FIRST, "slug": "a"}])
    new: Document = {"schedule": FIRST, "slug": "b"}
    assert prefect.patch(live, {"schedules": [new, new]}) == (409, CONFLICT)
    after = prefect.patched(
        live, {"schedules": [{"schedule": FIRST, "slug": "a"}, {"schedule": SECOND, "slug": "a"}]}
    )
    assert [row["schedule"] for row in schedules_of(after)] == [SECOND]


def test_replaces_renames_a_slug(prefect: Prefect) -> None:
    """`replaces` gives a live schedule another slug and keeps its id, since 3.6; before, 422."""
    before = prefect.deployment(
        schedules=[{"schedule": FIRST, "slug": "a"}, {"schedule": FIRST, "slug": "b"}]
    )
    status, _ = prefect.patch(before, {"schedules": [{"schedule": SECOND, "slug": "c", "replaces": "a"}]})
    after = prefect.read(before)
    if RENAMES[prefect.version]:
        assert (status, ids(after)) == (204, {"b": ids(before)["b"], "c": ids(before)["a"]})
    else:
        assert (status, after) == (422, before)


def test_replaces_does_not_take_anothers_slug(prefect: Prefect) -> None:
    """`replaces` with a slug that another schedule has is 422."""
    live = prefect.deployment(schedules=[{"schedule": FIRST, "slug": "a"}, {"schedule": FIRST, "slug": "b"}])
    assert prefect.patch(live, {"schedules": [{"slug": "b", "replaces": "a"}]})[0] == 422
    assert slugs(prefect.read(live)) == ["a", "b"]
