"""POST /flows/ and POST /deployments/."""

from uuid import uuid4

import pytest
from prefects import ANY_OBJECT, CONFLICT, CRASH, FAR, Prefect, per_version, unique

# What `job_variables: {}` leaves of {"a": 1} in an upsert.
EMPTY_JOB_VARIABLES = per_version({"a": 1}, {"a": 1}, {"a": 1}, {})
# What an upsert without a schema leaves of one.
SCHEMA_LEFT_OUT = per_version(None, ANY_OBJECT, ANY_OBJECT, ANY_OBJECT)
# How `parameter_openapi_schema: {}` reads back.
EMPTY_SCHEMA = per_version({}, ANY_OBJECT, ANY_OBJECT, ANY_OBJECT)


def test_a_flow_is_made_once(prefect: Prefect) -> None:
    """POST /flows/ is 201 when new, then 200 with the same flow; tags and labels stay as they were."""
    name = unique()
    first = prefect.call("POST", "/flows/", {"name": name, "tags": ["a"], "labels": {"team": "x"}})
    second = prefect.call("POST", "/flows/", {"name": name, "tags": ["b"], "labels": {"team": "y"}})
    assert (first[0], second) == (201, (200, first[1]))


@pytest.mark.parametrize("name", ["", "a/b", "a%b", "a&b", "a<b", "a>b"])
def test_a_flow_name_is_checked(prefect: Prefect, name: str) -> None:
    """A flow's name is not empty and has none of `/ % & < >`: else 422."""
    assert prefect.status("POST", "/flows/", {"name": name}) == 422


def test_create_is_an_upsert(prefect: Prefect) -> None:
    """POST /deployments/ on a known (flow_id, name) answers 200 and keeps the id and the creation time."""
    body = prefect.creation()
    first_status, first = prefect.call("POST", "/deployments/", body)
    second_status, second = prefect.call("POST", "/deployments/", {**body, "description": "new"})
    kept = ("id", "created", "name", "flow_id")
    assert (first_status, second_status) == (201, 200)
    assert [first[key] for key in kept] == [second[key] for key in kept]
    assert second["description"] == "new"


def test_one_name_can_be_used_by_many_flows(prefect: Prefect) -> None:
    """A deployment's identity is (flow_id, name)."""
    first, second = (prefect.deployment(flow_id=prefect.flow(), name="same") for _ in range(2))
    assert first["id"] != second["id"]


def test_an_upsert_recreates_all_schedules(prefect: Prefect) -> None:
    """An identical POST gives every schedule a new id, slug or not; left out, all are deleted."""
    body = prefect.creation(schedules=[{"schedule": FAR, "slug": "a"}, {"schedule": FAR}])
    before, after = prefect.made("/deployments/", body), prefect.made("/deployments/", body)
    without = prefect.made("/deployments/", {key: body[key] for key in body if key != "schedules"})
    ids = [{schedule["id"] for schedule in live["schedules"]} for live in (before, after, without)]
    assert [len(found) for found in ids] == [2, 2, 0]
    assert ids[0].isdisjoint(ids[1])


def test_an_upsert_resets_parameters_and_labels_and_keeps_the_rest(prefect: Prefect) -> None:
    """A POST keeps the fields that it leaves out, but resets `parameters` to {} and loses `labels`."""
    fields = {
        "description": "d",
        "tags": ["a"],
        "job_variables": {"a": 1},
        "paused": True,
        "version": "1",
        "concurrency_limit": 2,
        "pull_steps": [{"step": {}}],
        "entrypoint": "a.py:f",
        "path": "/p",
        "work_pool_name": prefect.pool(),
        "enforce_parameter_schema": False,
    }
    before = prefect.deployment(**fields, parameters={"x": 1}, labels={"l": 1})
    body = {"flow_id": before["flow_id"], "name": before["name"]}
    after = prefect.made("/deployments/", body)
    changed = {key: after[key] for key in after if after[key] != before[key] and key != "updated"}
    expected = {"parameters": {}, "labels": {"prefect.flow.id": before["flow_id"]}}
    schema = SCHEMA_LEFT_OUT[prefect.version]
    assert changed == (expected if schema == ANY_OBJECT else {**expected, "parameter_openapi_schema": schema})


def test_an_upsert_with_empty_job_variables(prefect: Prefect) -> None:
    """`job_variables: {}` in an upsert clears since 3.8.7; before, it is ignored."""
    body = prefect.creation(job_variables={"a": 1})
    prefect.made("/deployments/", body)
    after = prefect.made("/deployments/", {**body, "job_variables": {}})
    assert after["job_variables"] == EMPTY_JOB_VARIABLES[prefect.version]


def test_labels_come_from_flow_system_and_request(prefect: Prefect) -> None:
    """Labels are the flow's, then `prefect.flow.id`, then the sent ones; null sends none."""
    flow = prefect.flow(labels={"team": "a", "n": 1})
    sent = prefect.deployment(flow_id=flow, labels={"n": 2, "mine": True})
    null = prefect.deployment(flow_id=flow, labels=None)
    system = prefect.deployment(flow_id=flow, labels={"prefect.flow.id": "mine"})
    assert sent["labels"] == {"team": "a", "n": 2, "prefect.flow.id": flow, "mine": True}
    assert null["labels"] == {"team": "a", "n": 1, "prefect.flow.id": flow}
    assert system["labels"] == {"team": "a", "n": 1, "prefect.flow.id": "mine"}


@pytest.mark.parametrize("labels", [{"a": None}, {"a": [1]}, {"a": {}}, []])
def test_labels_are_scalars(prefect: Prefect, labels: object) -> None:
    """A label is a string, number or boolean: else 422."""
    assert prefect.status("POST", "/deployments/", {**prefect.creation(), "labels": labels}) == 422


def test_unknown_keys_are_refused(prefect: Prefect) -> None:
    """An extra key is 422 on POST, in a schedule too; keys of very old clients are ignored."""
    body = prefect.creation()
    assert prefect.status("POST", "/deployments/", {**body, "zz": 1}) == 422
    assert prefect.status("POST", "/deployments/", {**body, "schedule": {"cron": "0 0 * * *"}}) == 422
    assert prefect.status("POST", "/deployments/", {**body, "schedules": [{"schedule": FAR, "zz": 1}]}) == 422
    assert prefect.status("POST", "/deployments/", {**body, "worker_pool_name": "x"}) == 201


def test_the_concurrency_limit_is_positive(prefect: Prefect) -> None:
    """`concurrency_limit` 0 and -1 are 422; null is no limit."""
    body = prefect.creation()
    answers = [
        prefect.status("POST", "/deployments/", {**body, "concurrency_limit": n}) for n in (0, -1, None)
    ]
    assert answers == [422, 422, 201]


def test_an_unknown_pool_is_404_on_create(prefect: Prefect) -> None:
    """POST with a work pool that does not exist is 404, and nothing is made."""
    body = prefect.creation(flow_id=prefect.flow(), work_pool_name="nope")
    assert prefect.call("POST", "/deployments/", body) == (404, {"detail": 'Work pool "nope" not found.'})
    assert prefect.done("POST", "/deployments/filter", {"flows": {"id": {"any_": [body["flow_id"]]}}}) == []


def test_an_unknown_flow_is_409(prefect: Prefect) -> None:
    """POST with a `flow_id` that does not exist is 409."""
    assert prefect.call("POST", "/deployments/", prefect.creation(flow_id=str(uuid4()))) == (409, CONFLICT)


def test_an_unknown_block_is_409_on_create(prefect: Prefect) -> None:
    """POST with a storage or infrastructure block that does not exist is 409."""
    answers = [
        prefect.status("POST", "/deployments/", prefect.creation(**{key: str(uuid4())}))
        for key in ("storage_document_id", "infrastructure_document_id")
    ]
    assert answers == [409, 409]


def test_two_schedules_with_one_slug_are_409(prefect: Prefect) -> None:
    """A slug is unique in its deployment; the empty slug is one, too."""
    for slug in ("same", ""):
        schedules = [{"schedule": FAR, "slug": slug}] * 2
        answer = prefect.call("POST", "/deployments/", prefect.creation(schedules=schedules))
        assert answer == (409, CONFLICT)


@pytest.mark.parametrize("name", ["a/b", "a%b", "a&b", "a<b", "a>b"])
def test_a_banned_character_in_a_name_crashes_the_server(prefect: Prefect, name: str) -> None:
    """A deployment's name with one of `/ % & < >` is 500, not 422."""
    assert prefect.call("POST", "/deployments/", prefect.creation(name=name)) == CRASH


def test_a_banned_character_in_a_queue_crashes_the_server(prefect: Prefect) -> None:
    """A work queue's name with one of `/ % & < >` is 500, on POST and on PATCH."""
    pool = prefect.pool()
    live = prefect.deployment(work_pool_name=pool)
    sent = {"work_pool_name": pool, "work_queue_name": "a/b"}
    assert prefect.call("POST", "/deployments/", prefect.creation(**sent)) == CRASH
    assert prefect.patch(live, sent) == CRASH


@pytest.mark.parametrize(
    "name", ["", "  ", " lead", "a\nb", "a\tb", "a\x00b", "a\x07b", "é😀", "a\\b", "a?b#c", "x" * 5000]
)
def test_every_other_name_is_taken_as_it_is(prefect: Prefect, name: str) -> None:
    """Empty, blank, control characters, emoji, 5,000 letters: a deployment's name is stored as sent."""
    assert prefect.read(prefect.deployment(name=name))["name"] == name


@pytest.mark.parametrize("text", ["a\nb\r\nc", "a\x00b", "\x1b[0m", "é😀"])
def test_texts_are_stored_as_sent(prefect: Prefect, text: str) -> None:
    """Newlines, control characters and emoji come back as sent, from POST and PATCH, in every text."""
    texts = {"description": text, "tags": [text], "version": text, "parameters": {"p": text}}
    fields = {**texts, "job_variables": {text: text}, "entrypoint": text, "path": text}
    made = prefect.read(prefect.deployment(**fields))
    patched = prefect.patched(prefect.deployment(), fields)
    assert [{key: live[key] for key in fields} for live in (made, patched)] == [fields, fields]


def test_numbers_are_stored_as_sent(prefect: Prefect) -> None:
    """Large integers, floats and null in parameters come back as they were, 1.0 as 1.0."""
    numbers = {"large": 10**20, "float": 1.0, "small": 1e-300, "null": None, "negative": -5}
    live = prefect.read(prefect.deployment(parameters=numbers, job_variables=numbers))
    for found in (live["parameters"], live["job_variables"]):
        assert found == numbers
        assert {key: type(value) for key, value in found.items()} == {k: type(v) for k, v in numbers.items()}


def test_tags_are_stored_as_sent(prefect: Prefect) -> None:
    """Tags keep their order and duplicates, and may be empty."""
    live = prefect.deployment(tags=["b", "a", "b", ""])
    assert live["tags"] == ["b", "a", "b", ""]
    assert prefect.patched(live, {"tags": ["z", "y", "z"]})["tags"] == ["z", "y", "z"]


def test_an_empty_schema_is_filled(prefect: Prefect) -> None:
    """`parameter_openapi_schema: {}` reads back with type and properties since 3.4, on POST and PATCH."""
    made = prefect.deployment(parameter_openapi_schema={})
    patched = prefect.patched(
        prefect.deployment(enforce_parameter_schema=False), {"parameter_openapi_schema": {}}
    )
    expected = EMPTY_SCHEMA[prefect.version]
    assert (made["parameter_openapi_schema"], patched["parameter_openapi_schema"]) == (expected, expected)


def test_a_null_schema_stays_null(prefect: Prefect) -> None:
    """`parameter_openapi_schema: null` on POST is stored as null on every version."""
    assert prefect.deployment(parameter_openapi_schema=None)["parameter_openapi_schema"] is None


def test_job_variables_are_checked_on_create(prefect: Prefect) -> None:
    """POST checks job variables against the pool's template: a wrong type is 422, not a missing one."""
    variables = {
        "type": "object",
        "properties": {"image": {"type": "string"}, "cpu": {}},
        "required": ["cpu"],
    }
    pool = prefect.pool(
        base_job_template={"variables": variables, "job_configuration": {"image": "{{ image }}"}}
    )
    sent = ({"image": 3}, {"other": 3}, {"image": "x"})
    bodies = [prefect.creation(work_pool_name=pool, job_variables=job_variables) for job_variables in sent]
    assert [prefect.status("POST", "/deployments/", body) for body in bodies] == [422, 201, 201]
