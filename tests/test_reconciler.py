"""A pass over HTTP with the toy kind: what is observed and carried out, and what becomes of failures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import cast

import httpx
import pytest

import toy_kind
from driving import with_api
from network import Network
from prefect_reconcile.api.client import Api
from prefect_reconcile.carrying import apply
from prefect_reconcile.errors import AnswerError, InvalidManifestsError
from prefect_reconcile.kinds.protocol import Kind
from prefect_reconcile.model import Conversation, Desired, Observation, Problem, Source
from prefect_reconcile.plan import Plan
from prefect_reconcile.reconciler import plan_pass
from prefect_reconcile.report import Outcome, Report, Result
from toy_server import Variables

KINDS: Mapping[str, Kind] = {toy_kind.NAME: toy_kind}


def wanted(*names: str) -> list[Desired]:
    return [Desired(toy_kind.NAME, f"space/{name}", Source("m.yaml", 1, 1), {}) for name in names]


def applied(network: Network, *names: str, workers: int = 1) -> dict[str, Outcome]:
    """The outcomes of one pass, by name."""

    async def one_pass(api: Api) -> Report:
        return await apply(api, await plan_pass(api, wanted(*names), kinds=KINDS), workers, KINDS)

    report: Report = with_api(network, one_pass)
    return {name: outcome for (_, name), outcome in (report.outcomes or {}).items()}


DONE = Outcome(Result.DONE)
NOT_ATTEMPTED = Outcome(Result.NOT_ATTEMPTED, "not attempted: the run ended before it")


def test_what_is_missing_is_made_and_shared_requests_are_sent_once() -> None:
    """Two variables of one namespace: it is made for both at once, and both are read back at once."""
    network = Variables()
    assert applied(network, "a", "b", workers=2) == {"space/a": DONE, "space/b": DONE}
    assert network.sent == [
        "POST /variables/filter",
        "POST /namespaces/",
        "POST /variables/",
        "POST /variables/",
        "POST /variables/filter",
    ]


def test_one_failure_does_not_stop_the_others() -> None:
    """A refused change is told with the server's words, and the rest is carried out."""
    network = Variables({"b": httpx.Response(409, json={"detail": "no such luck"})})
    outcomes = applied(network, "a", "b", "c")
    failed = Outcome(Result.FAILED, "POST /variables/ answered 409: no such luck")
    assert (outcomes, network.made) == (
        {"space/a": DONE, "space/b": failed, "space/c": DONE},
        ["a", "c"],
    )


@pytest.mark.parametrize(
    "answer", [httpx.Response(401, json={"detail": "who?"}), httpx.Response(403, json={"detail": "no"})]
)
def test_without_permission_the_rest_is_not_attempted(answer: httpx.Response) -> None:
    """What all would be refused is asked once."""
    network = Variables({"a": answer})
    outcomes = applied(network, "a", "b", "c")
    assert outcomes["space/a"].result is Result.FAILED
    assert (outcomes["space/b"], outcomes["space/c"], network.made) == (NOT_ATTEMPTED, NOT_ATTEMPTED, [])


def test_a_server_that_is_gone_ends_the_run() -> None:
    """After the time-out of the first, nobody waits for the others' too."""
    network = Variables({"b": httpx.ConnectError})
    outcomes = applied(network, "a", "b", "c")
    assert [outcomes[f"space/{name}"].result for name in "abc"] == [
        Result.DONE,
        Result.FAILED,
        Result.NOT_ATTEMPTED,
    ]


def test_a_list_that_cannot_be_read_is_no_empty_list() -> None:
    """A failed reading fails the pass: it must not look as if nothing were there."""
    network = Network(lambda request: httpx.Response(500, json={"detail": "broken"}))

    async def planned(api: Api) -> Plan:
        return await plan_pass(api, wanted("a"), kinds=KINDS)

    with pytest.raises(AnswerError, match="answered 500: broken"):
        with_api(network, planned)


def test_what_the_server_lacks_stops_before_the_first_write() -> None:
    """Problems that only the server knows are problems of the manifests, told all at once and in order."""
    problems = tuple(Problem(Source("m.yaml", line, 1), "x", "is missing", "make it") for line in (2, 1))

    def lacking(desired: Sequence[Desired]) -> Conversation[Observation]:
        yield ()
        return Observation((), {}, problems)

    kind = SimpleNamespace(**{**vars(toy_kind), "observe": lacking})

    async def planned(api: Api) -> Plan:
        return await plan_pass(api, wanted("a"), kinds={toy_kind.NAME: cast("Kind", kind)})

    network = Variables()
    with pytest.raises(InvalidManifestsError) as error:
        with_api(network, planned)
    assert error.value.problems == tuple(sorted(problems))
    assert network.sent == []
