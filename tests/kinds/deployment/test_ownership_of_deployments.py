"""The marks in a deployment's tags, and the requests that read, write and delete by them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations import FLOW_ID, ID, answered, desired, hold, live, resolved
from prefect_reconcile.errors import AnswerError, PrefectError
from prefect_reconcile.kinds.deployment import busy, create, delete, marks, owned, resolve, update
from prefect_reconcile.kinds.deployment.marks import Marked
from prefect_reconcile.model import Answer, Call, JsonObject, Live


@pytest.mark.parametrize(
    ("tags", "marked"),
    [
        ([], Marked((), None, False)),
        (["b", "a", "b"], Marked(("a", "b"), None, False)),
        (["a", "reconcile:me"], Marked(("a",), "me", False)),
        (["reconcile-prevent-delete", "reconcile:me"], Marked((), "me", True)),
        (["reconcile:b", "reconcile:a"], Marked((), "a, b", False)),
        (
            ["reconcile", "reconcile-", "Reconcile:x"],
            Marked(("Reconcile:x", "reconcile", "reconcile-"), None, False),
        ),
    ],
)
def test_marks_are_taken_apart(tags: list[str], marked: Marked) -> None:
    """The deployment's own tags are what is left."""
    assert marks.split(tags) == marked
    assert marks.split(marks.join(marked.tags, marked.owner, marked.protected)) == marked


@given(st.lists(st.text(max_size=5)), st.none() | st.from_regex(r"[a-z]+", fullmatch=True), st.booleans())
def test_joining_is_the_inverse_of_splitting(tags: list[str], owner: str | None, protected: bool) -> None:
    """Whatever the deployment's own tags are."""
    own = sorted({tag for tag in tags if not marks.is_mark(tag)})
    assert marks.split(marks.join(own, owner, protected)) == Marked(tuple(own), owner, protected)


def there(*tags: str) -> Live:
    return live(tags=[*tags])


def claimed(owner: str | None, **written: Any) -> JsonObject:
    """The fields of a manifest in a run with an owner."""
    fields = desired({"name": "nightly", "flow": "etl", **written}).fields
    return fields if owner is None else {**fields, "owner": owner}


def tags_sent(owner: str | None, before: Live, **written: Any) -> list[JsonObject]:
    """The bodies of the requests that a run sends."""
    wanted = desired({"name": "nightly", "flow": "etl"})
    to = resolve(type(wanted)(wanted.kind, wanted.name, wanted.source, claimed(owner, **written)), before)
    rounds, _ = hold(update(before, to), lambda call: None)
    return [call.body for calls in rounds for call in calls if isinstance(call.body, dict)]


@pytest.mark.parametrize(
    ("owner", "tags", "written", "sent"),
    [
        (None, ["reconcile:me"], {}, []),
        ("me", ["reconcile:me"], {}, []),
        ("me", [], {}, [{"tags": ["reconcile:me"]}]),
        ("me", ["x"], {"tags": ["x"]}, [{"tags": ["x", "reconcile:me"]}]),
        (None, ["x", "reconcile:me"], {"tags": ["y"]}, [{"tags": ["y", "reconcile:me"]}]),
        (None, ["reconcile-prevent-delete"], {}, [{"tags": []}]),
        (
            "me",
            ["reconcile:me"],
            {"prevent_delete": True},
            [{"tags": ["reconcile:me", "reconcile-prevent-delete"]}],
        ),
        (None, ["reconcile-prevent-delete"], {"prevent_delete": True}, []),
    ],
)
def test_marks_are_written_with_the_tags(
    owner: str | None, tags: list[str], written: dict[str, Any], sent: list[JsonObject]
) -> None:
    """All tags go in one field; a run without owner keeps the mark that is there."""
    assert tags_sent(owner, there(*tags), **written) == sent


def test_a_new_deployment_is_marked() -> None:
    """By the request that makes it."""
    wanted = desired({"name": "nightly", "flow": "etl", "tags": ["x"], "prevent_delete": True})
    wanted = type(wanted)(
        wanted.kind,
        wanted.name,
        wanted.source,
        {**wanted.fields, "owner": "me"},
        {**wanted.refs, "flow_id": FLOW_ID},
    )
    rounds, _ = hold(create(wanted, resolve(wanted, None)), lambda call: {"id": ID})
    assert rounds == [
        [
            Call(
                "POST",
                "/deployments/",
                {
                    "name": "nightly",
                    "flow_id": FLOW_ID,
                    "tags": ["x", "reconcile:me", "reconcile-prevent-delete"],
                    "schedules": [],
                },
            )
        ]
    ]


def test_who_is_adopted_is_told() -> None:
    """Once: it is somebody's then."""
    wanted = desired({"name": "nightly", "flow": "etl"})
    ours = type(wanted)(wanted.kind, wanted.name, wanted.source, {"owner": "me"})
    assert resolve(ours, there()).notes == ("is adopted by me: it is live, and nobody's yet",)
    assert resolve(ours, there("reconcile:me")).notes == ()
    assert resolve(ours, None).notes == ()
    assert resolved({}, there()).notes == ()


def page(owner: str) -> Call:
    body: JsonObject = {"limit": 200, "page": 1, "sort": "NAME_ASC"}
    return Call(
        "POST", "/deployments/paginate", {**body, "deployments": {"tags": {"all_": [f"reconcile:{owner}"]}}}
    )


def test_what_an_owner_has() -> None:
    """Found by its mark, named by its flow; what lost its flow meanwhile is gone with it."""
    other = "a" * 8 + FLOW_ID[8:]
    results: list[Any] = [
        answered(id="1", tags=["x", "reconcile:me", "reconcile-prevent-delete"]),
        answered(id="2", name="lost", flow_id=other, tags=["reconcile:me"]),
    ]
    answers: dict[str, Any] = {
        "/deployments/paginate": {"results": results, "count": 2, "pages": 1},
        "/flows/filter": [{"id": FLOW_ID, "name": "etl"}],
    }
    rounds, found = hold(owned("me"), lambda call: answers[call.path])
    asked = Call("POST", "/flows/filter", {"limit": 200, "flows": {"id": {"any_": [other, FLOW_ID]}}})
    assert rounds == [[page("me")], [asked]]
    assert [(one.name, one.id, one.owner, one.protected, one.fields["tags"]) for one in found] == [
        ("etl/nightly", "1", "me", True, ["x"])
    ]


def test_an_owner_of_nothing() -> None:
    """No flow is asked for."""
    answer = {"results": [], "count": 0, "pages": 0}
    rounds, found = hold(owned("me"), lambda call: answer)
    assert (rounds, found) == ([[page("me")]], ())


def counts(ids: list[str]) -> Call:
    states = {"state": {"type": {"any_": ["PENDING", "RUNNING", "PAUSED", "CANCELLING"]}}}
    return Call("POST", "/flow_runs/count", {"deployments": {"id": {"any_": ids}}, "flow_runs": states})


def lives(count: int) -> list[Live]:
    return [Live("Deployment", f"f/{n}", f"{n:04}", {}) for n in range(count)]


def test_nothing_in_progress_is_one_question() -> None:
    """For two hundred at once."""
    rounds, found = hold(busy(lives(201)), lambda call: 0)
    ids = [f"{n:04}" for n in range(201)]
    assert (rounds, found) == ([[counts(ids[:200]), counts(ids[200:])]], {})


def test_what_is_in_progress_is_found_one_by_one() -> None:
    """Only among those where there is anything."""
    running = {"0001": 2}

    def answer(call: Call) -> Answer:
        (ids,) = (where["id"]["any_"] for where in [call.body["deployments"]])  # type: ignore[index,call-overload]
        return sum(running.get(str(one), 0) for one in ids)  # type: ignore[union-attr]

    rounds, found = hold(busy(lives(3)), answer)
    assert rounds == [
        [counts(["0000", "0001", "0002"])],
        [counts(["0000"]), counts(["0001"]), counts(["0002"])],
    ]
    assert found == {"f/1": 2}


def test_a_count_that_is_none() -> None:
    """Never taken for zero."""
    with pytest.raises(PrefectError, match="answered a count of runs with 'many'"):
        hold(busy(lives(1)), lambda call: "many")


AUTOMATIONS = Call("DELETE", f"/automations/owned-by/prefect.deployment.{ID}")
DEPLOYMENT = Call("DELETE", f"/deployments/{ID}")


def test_deleting_takes_the_automations_first() -> None:
    """What is interrupted in between is found again; what is gone already is as good."""
    for answer in (None, AnswerError("DELETE", "/x", 404, "not found")):
        rounds, _ = hold(delete(live()), lambda call, answer=answer: answer)  # type: ignore[misc]
        assert rounds == [[AUTOMATIONS], [DEPLOYMENT]]


def test_a_delete_that_is_refused() -> None:
    """The deployment stays where its automations do."""
    error = AnswerError("DELETE", "/x", 500, "oops")
    with pytest.raises(AnswerError, match="oops"):
        hold(delete(live()), lambda call: error)
