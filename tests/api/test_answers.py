"""What answers mean."""

from __future__ import annotations

import json
import socket
import ssl
from datetime import UTC, datetime

import httpx
import pytest

from prefect_reconcile.api import answers
from prefect_reconcile.api.answers import Lost
from prefect_reconcile.errors import AnswerError, UnreachableError
from prefect_reconcile.model import Call

CALL = Call("POST", "/flows/filter", {})
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", None),
        (b"null", None),
        (b"[]", []),
        (b'{"a": 1.5}', {"a": 1.5}),
        (b'"3.8.8"', "3.8.8"),
        ('"é"'.encode(), "é"),
    ],
)
def test_a_body_is_json_or_nothing(content: bytes, expected: object) -> None:
    """An answer without content is null."""
    assert answers.body(CALL, httpx.Response(200, content=content)) == expected


@pytest.mark.parametrize("content", [b"<html>", b"\xff\xfe\xfa", b'{"a": ', b"[" * 100_000])
def test_what_is_not_json_names_the_url_that_it_should_be(content: bytes) -> None:
    """The web interface answers every GET with its page, so 200 and HTML means that /api is missing."""
    response = httpx.Response(200, content=content, headers={"content-type": "text/html; charset=utf-8"})
    with pytest.raises(UnreachableError) as error:
        answers.body(CALL, response)
    assert str(error.value) == (
        "POST /flows/filter answered text/html instead of JSON; "
        "the URL has to be that of Prefect's API, which usually ends in /api"
    )


@pytest.mark.parametrize(
    ("headers", "target"),
    [
        ({"location": "https://new.test/api/flows/filter?back=secret"}, "https://new.test/api/flows/filter"),
        ({"location": "/" + "x" * 1000}, "/" + "x" * 299),
        ({}, "nowhere"),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_error(status: int, headers: dict[str, str], target: str) -> None:
    """Whoever is redirected to gets no credentials from us."""
    with pytest.raises(UnreachableError) as error:
        answers.body(CALL, httpx.Response(status, headers=headers))
    assert str(error.value) == (
        f"POST /flows/filter is redirected to {target}; "
        "the URL has to be that of Prefect's API, which usually ends in /api, without any redirect"
    )


INVALID = [
    {"type": "missing", "loc": ["body", "name"], "msg": "Field required", "input": {"token": "secret"}},
    {"type": "extra_forbidden", "loc": ["body", "schedules", 0, "corn"], "msg": "Extra inputs", "input": 1},
]


@pytest.mark.parametrize(
    ("status", "said", "words"),
    [
        (409, {"detail": "Data conflict."}, "Data conflict."),
        (404, {"detail": "Deployment not found"}, "Deployment not found"),
        (
            404,
            {"detail": "Not Found"},
            "Not Found (the URL has to be that of Prefect's API, which usually ends in /api)",
        ),
        (
            401,
            {"exception_message": "Unauthorized"},
            "Unauthorized (set or correct PREFECT_API_KEY or PREFECT_API_AUTH_STRING)",
        ),
        (
            403,
            {"detail": "Forbidden"},
            "Forbidden (the credential lacks the permission, or belongs to another workspace)",
        ),
        (
            422,
            {
                "exception_message": "Invalid request received.",
                "exception_detail": INVALID,
                "request_body": {},
            },
            "Invalid request received. name: Field required; schedules.0.corn: Extra inputs",
        ),
        (422, {"detail": INVALID}, "name: Field required; schedules.0.corn: Extra inputs"),
        (422, {"exception_message": "No.", "exception_detail": "text"}, "No."),
        (422, {"exception_message": "No.", "exception_detail": ["a", {"loc": None}]}, "No. a; {'loc': None}"),
        (400, {"other": 1}, "{'other': 1}"),
        (400, {"detail": None}, "{'detail': None}"),
        (400, ["a"], "['a']"),
        (400, None, "None"),
    ],
)
def test_an_error_has_the_servers_own_words(status: int, said: object, words: str) -> None:
    """All shapes in which Prefect, its framework and others explain themselves."""
    with pytest.raises(AnswerError) as error:
        answers.body(CALL, httpx.Response(status, text=json.dumps(said)))
    found = error.value
    assert (str(found), found.status, found.detail) == (
        f"POST /flows/filter answered {status}: {words}",
        status,
        words,
    )


@pytest.mark.parametrize(
    ("headers", "kind"), [({"content-type": "text/plain; charset=utf-8"}, "text/plain"), ({}, "something")]
)
def test_an_error_in_plain_text(headers: dict[str, str], kind: str) -> None:
    """A 500 of the web framework is no JSON."""
    response = httpx.Response(500, content=b"Internal Server Error", headers=headers)
    assert answers.detail(response) == f"Internal Server Error, with {kind} instead of JSON"


def test_a_huge_explanation_is_cut() -> None:
    """A server can answer megabytes."""
    assert answers.detail(httpx.Response(409, json={"detail": "x" * 10_000})) == "x" * 2000 + " …"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("9" * 400, float("inf")),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Mar 2026 12:00:30", 30.0),
        ("Sun, 01 Mar 2026 13:00:30 +0100", 30.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        (
            "Fri, 31 Dec 9999 23:59:59 GMT",
            (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) - NOW).total_seconds(),
        ),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("nan", None),
        ("1e9", None),
        ("Wed, 21 Oct 99999 07:28:00 GMT", None),
        ("Wed, 21 Oct 2015 07:28:00 +9999", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    """Both forms of RFC 9110; what is neither says nothing."""
    assert answers.retry_after(httpx.Response(429, headers={"retry-after": value}), NOW) == seconds


def test_a_date_is_compared_with_the_servers_clock() -> None:
    """Ours may be wrong."""
    headers = {"retry-after": "Sun, 01 Mar 2026 13:00:30 GMT", "date": "Sun, 01 Mar 2026 13:00:00 GMT"}
    assert answers.retry_after(httpx.Response(429, headers=headers), NOW) == 30.0


def test_no_retry_after() -> None:
    """SQLite's 503 has none."""
    assert answers.retry_after(httpx.Response(503), NOW) is None


UNSENT = [
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
]
SENT = [
    httpx.CloseError,
    httpx.DecodingError,
    httpx.ReadError,
    httpx.ReadTimeout,
    httpx.RemoteProtocolError,
    httpx.WriteError,
    httpx.WriteTimeout,
]


@pytest.mark.parametrize("error", [*UNSENT, *SENT])
def test_what_got_lost_may_have_been_done(error: type[httpx.RequestError]) -> None:
    """Only where the request cannot have left is it certain that it was not."""
    assert answers.lost(error("why")) == Lost("why", maybe_done=error in SENT)
    assert answers.lost(error("")) == Lost(error.__name__, maybe_done=error in SENT)


def test_a_header_is_not_quoted() -> None:
    """h11 quotes the value of a header that it refuses, which may be a credential."""
    error = httpx.LocalProtocolError("Illegal header value b'Bearer secret\\n'")
    assert answers.lost(error) == Lost("the request cannot be sent as HTTP", maybe_done=False)


@pytest.mark.parametrize(
    ("cause", "lost"),
    [
        (
            ConnectionRefusedError(111, "Connect call failed ('::1', 1, 0, 0)"),
            Lost("Connection refused", False),
        ),
        (
            ExceptionGroup("several", [OSError(113, "Connect call failed"), OSError(101, "")]),
            Lost("No route to host", False),
        ),
        (socket.gaierror(-2, "Name or service not known"), Lost("Name or service not known", False)),
        (ssl.SSLError(1, "wrong version number"), Lost("wrong version number", False)),
        (OSError("All connection attempts failed"), Lost("All connection attempts failed", False)),
    ],
)
def test_the_systems_own_word_is_given(cause: Exception, lost: Lost) -> None:
    """httpx hides it under "All connection attempts failed"."""
    error = httpx.ConnectError("All connection attempts failed")
    error.__cause__ = OSError("All connection attempts failed")
    error.__cause__.__cause__ = cause
    assert answers.lost(error) == lost


def test_a_certificate_that_is_not_trusted_will_not_be_trusted_later() -> None:
    """So there is no sense in another try."""
    cause = ssl.SSLCertVerificationError(1, "certificate verify failed")
    cause.verify_message = "self-signed certificate"
    error = httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED]")
    error.__context__ = cause
    expected = Lost("its certificate is not trusted: self-signed certificate", maybe_done=False, final=True)
    assert answers.lost(error) == expected


@pytest.mark.parametrize(
    ("method", "status", "said", "wants"),
    [
        ("POST", 403, "Missing CSRF token.", True),
        ("DELETE", 403, "Invalid CSRF token or client identifier.", True),
        ("POST", 403, "Forbidden", False),
        ("POST", 409, "Missing CSRF token.", False),
        ("GET", 403, "Missing CSRF token.", False),
    ],
)
def test_a_csrf_token_is_wanted(method: str, status: int, said: str, wants: bool) -> None:
    """Prefect 3.8.8 says so in words."""
    response = httpx.Response(status, json={"detail": said})
    assert answers.wants_csrf_token(Call(method, "/flows/"), response) is wants
