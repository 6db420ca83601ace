"""The requests that an apply would send, told without sending any; with the toy kind."""

from __future__ import annotations

import toy_kind
from prefect_reconcile.changing import rehearse
from prefect_reconcile.kinds.protocol import Kind
from prefect_reconcile.model import Call, Desired, Live, Observation, Source
from prefect_reconcile.plan import make_plan
from prefect_reconcile.report import Identity

KINDS: dict[str, Kind] = {toy_kind.NAME: toy_kind}


def rehearsed(live: tuple[Live, ...], **values: int) -> dict[Identity, tuple[Call, ...]]:
    """The requests that give each variable, named `a__x` for `a/x`, its value."""
    wanted = {name.replace("__", "/"): value for name, value in values.items()}
    desired = tuple(
        Desired("Variable", name, Source("a.yaml", 1, 1), {"value": value}) for name, value in wanted.items()
    )
    observation = Observation(desired, {one.name: one for one in live})
    return rehearse(make_plan([(toy_kind, observation)]), KINDS)


def namespace(name: str) -> Call:
    return Call("POST", "/namespaces/", {"name": name}, once=True)


def variable(name: str, value: int) -> Call:
    namespace_id = "<id from POST /namespaces/>"
    return Call(
        "POST", "/variables/", {"namespace_id": namespace_id, "name": name, "value": value, "tags": []}
    )


def test_ids_that_only_the_server_can_give_say_where_they_come_from() -> None:
    """In the requests that follow."""
    assert rehearsed((), a__x=1) == {("Variable", "a/x"): (namespace("a"), variable("x", 1))}


def test_a_request_that_changes_share_is_told_once() -> None:
    """With the first of them; another namespace is another request."""
    assert rehearsed((), a__x=1, a__y=2, b__x=3) == {
        ("Variable", "a/x"): (namespace("a"), variable("x", 1)),
        ("Variable", "a/y"): (variable("y", 2),),
        ("Variable", "b/x"): (namespace("b"), variable("x", 3)),
    }


def test_an_update_sends_what_differs() -> None:
    """And what does not differ needs no request at all."""
    live = (
        Live("Variable", "a/x", "1", {"value": 1, "tags": ["t"]}),
        Live("Variable", "a/y", "2", {"value": 2, "tags": []}),
    )
    assert rehearsed(live, a__x=1, a__y=2) == {
        ("Variable", "a/x"): (Call("PATCH", "/variables/1", {"tags": []}),)
    }
