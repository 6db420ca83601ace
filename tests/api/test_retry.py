"""Whether and when a request is sent again."""

from __future__ import annotations

import httpx
import pytest

from network import connection
from prefect_reconcile.api.answers import Lost, Outcome
from prefect_reconcile.api.retry import Attempt
from prefect_reconcile.errors import PrefectError, UnreachableError
from prefect_reconcile.model import Call

CALL = Call("POST", "/deployments/", {})
ONCE_ONLY = Call("POST", "/deployments/1/schedules", [], repeatable=False)
BUSY = httpx.Response(503)
RESET = Lost("Connection reset by peer")
REFUSED = Lost("Connection refused", maybe_done=False)
NO_ANSWER = "no answer from http://prefect.test/api (option --api-url)"
LATER = "run again later, or allow more with --timeout"


def attempt(
    outcome: Outcome, call: Call = CALL, tries: int = 1, asked: float | None = None, left: float = 50.0
) -> Attempt:
    return Attempt(call, outcome, tries, asked, left)


def failure(attempt: Attempt, met: bool = True, wait: float = 1.0) -> tuple[type[PrefectError], str] | None:
    error = attempt.failure(connection(), met, 60.0, wait)
    return (type(error), str(error)) if error else None


@pytest.mark.parametrize(
    ("tries", "longest"),
    [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (5, 8.0), (6, 10.0), (7, 10.0), (5000, 10.0)],
)
def test_the_wait_grows_to_a_bound(tries: int, longest: float) -> None:
    """Full jitter: anything from nothing to the longest."""
    one = attempt(BUSY, tries=tries)
    assert (one.wait(0.0), one.wait(0.5), one.wait(1.0)) == (0.0, longest / 2, longest)


@pytest.mark.parametrize("asked", [0.0, 3.0])
def test_the_wait_is_at_least_what_the_server_asks_for(asked: float) -> None:
    """With jitter on top, so that a "0" does not become a flood."""
    one = attempt(BUSY, tries=2, asked=asked)
    assert (one.wait(0.0), one.wait(1.0)) == (asked, asked + 1.0)


@pytest.mark.parametrize("outcome", [BUSY, RESET, REFUSED, httpx.Response(502)])
def test_another_try_is_worth_it(outcome: Outcome) -> None:
    """As long as there is time and the server has answered before."""
    assert failure(attempt(outcome, tries=100)) is None


@pytest.mark.parametrize("outcome", [REFUSED, BUSY, httpx.Response(429), httpx.Response(408)])
def test_what_was_not_done_can_be_repeated_always(outcome: Outcome) -> None:
    """A refusal is not a lost answer."""
    assert failure(attempt(outcome, ONCE_ONLY)) is None


@pytest.mark.parametrize(
    ("outcome", "what"),
    [
        (
            RESET,
            f"{NO_ANSWER} to POST /deployments/1/schedules: Connection reset by peer",
        ),
        (httpx.Response(502), "POST /deployments/1/schedules answered 502 Bad Gateway"),
    ],
)
def test_what_could_be_done_twice_is_not_repeated(outcome: Outcome, what: str) -> None:
    """It fails alone: nothing says that the server is gone."""
    why = "it may have been carried out, and is not sent again because that could do it twice"
    assert failure(attempt(outcome, ONCE_ONLY)) == (
        PrefectError,
        f"{what}; {why}: run again, which looks first",
    )


def test_a_stranger_is_given_up_early() -> None:
    """A wrong URL should not take a minute."""
    assert failure(attempt(REFUSED, tries=2), met=False) is None
    check = "check that the URL is right, that the server runs and that it can be reached from here"
    assert failure(attempt(REFUSED, tries=3), met=False) == (
        UnreachableError,
        f"{NO_ANSWER} to POST /deployments/: Connection refused (tried 3 times); {check}",
    )


def test_a_certificate_is_given_up_at_once() -> None:
    """Even of a server that answered before."""
    outcome = Lost("its certificate is not trusted: expired", maybe_done=False, final=True)
    remedy = "name the CA's file in PREFECT_API_SSL_CERT_FILE if you trust it"
    assert failure(attempt(outcome)) == (
        UnreachableError,
        f"{NO_ANSWER} to POST /deployments/: its certificate is not trusted: expired; {remedy}",
    )


def test_time_is_up() -> None:
    """When the next try would come too late."""
    one = attempt(BUSY, tries=9, left=2.0)
    assert failure(one, wait=2.0) is None
    assert failure(one, wait=2.1) == (
        UnreachableError,
        f"POST /deployments/ answered 503 Service Unavailable (tried 9 times within 60 s); {LATER}",
    )


def test_the_server_asks_for_more_than_there_is() -> None:
    """Then there is no sense in waiting at all."""
    one = attempt(httpx.Response(429), asked=3600.0)
    asks = "asks to wait 3600 s, more than is left of the 60 s of --timeout"
    assert failure(one, wait=3600.0) == (
        UnreachableError,
        f"POST /deployments/ answered 429 Too Many Requests and {asks}; run again later, or allow more",
    )


def test_a_status_without_a_name() -> None:
    """HTTP/2 has no reason phrases, and a proxy can invent a status."""
    one = attempt(httpx.Response(599), left=0.0)
    assert failure(one) == (
        UnreachableError,
        f"POST /deployments/ answered 599 (tried once within 60 s); {LATER}",
    )
