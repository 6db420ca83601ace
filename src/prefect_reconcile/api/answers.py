"""What came back means: a body, a failure for good, or nothing at all. Pure."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from os import strerror
from socket import gaierror
from typing import Any, TypeAlias

import httpx

from prefect_reconcile.errors import AnswerError, UnreachableError
from prefect_reconcile.model import Call, Json

LONGEST_DETAIL = 2000
"""Characters of a server's explanation that are passed on."""

API_URL = "the URL has to be that of Prefect's API, which usually ends in /api"
_HINTS = {
    (401, None): "set or correct PREFECT_API_KEY or PREFECT_API_AUTH_STRING",
    (403, None): "the credential lacks the permission, or belongs to another workspace",
    # What Prefect's web framework says where there is no such route (3.8.8).
    (404, "Not Found"): API_URL,
    (405, "Method Not Allowed"): API_URL,
}

# Failures before the first byte of the request: the server cannot have acted on it.
_UNSENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.LocalProtocolError,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer came. `reason` is for people.

    `maybe_done` says that the request may have been carried out all the same, `final` that it would fail
    the same way again.
    """

    reason: str
    maybe_done: bool = True
    final: bool = False


Outcome: TypeAlias = "httpx.Response | Lost"
"""What one sending of a request came to."""


def lost(error: httpx.RequestError) -> Lost:
    """What an exception of httpx says, without the request in it, which holds the credentials."""
    maybe_done = not isinstance(error, _UNSENT)
    if isinstance(error, httpx.LocalProtocolError):
        # Its text can quote a header.
        return Lost("the request cannot be sent as HTTP", maybe_done)
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Lost(f"its certificate is not trusted: {cause.verify_message}", maybe_done, final=True)
    # httpx says "All connection attempts failed"; the system's own word is deeper.
    words = [_system_word(cause) for cause in causes if isinstance(cause, OSError) and cause.errno]
    return Lost(words[-1] if words else str(error) or type(error).__name__, maybe_done)


def _system_word(error: OSError) -> str:
    """`Connection refused`, where asyncio says `Connect call failed ('::1', 4200, 0, 0)`."""
    # The numbers of these two are not the system's.
    if isinstance(error, (ssl.SSLError, gaierror)) or error.errno is None:
        return str(error.strerror)
    return strerror(error.errno)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The exception and what caused it, one after the other; of several causes the first."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        else:
            error = error.__cause__ or error.__context__


def body(call: Call, response: httpx.Response) -> Json:
    """The body of an answer: null for none. Raises `AnswerError` or `UnreachableError`."""
    request = f"{call.method} {call.path}"
    if response.is_redirect:
        # Without the query, in which a login page gets the way back and more.
        target = response.headers.get("location", "nowhere").split("?")[0]
        raise UnreachableError(f"{request} is redirected to {target:.300}; {API_URL}, without any redirect")
    if response.is_error:
        raise AnswerError(call.method, call.path, response.status_code, detail(response))
    if not response.content:
        return None
    try:
        answer: Json = response.json()
    except (ValueError, RecursionError):
        kind = _content_type(response)
        raise UnreachableError(f"{request} answered {kind} instead of JSON; {API_URL}") from None
    return answer


def detail(response: httpx.Response) -> str:
    """The server's own words, cut at `LONGEST_DETAIL`, and what they usually ask for.

    Prefect says `detail`, or `exception_message` with `exception_detail`, which is a list of faults.
    """
    words = _words(response)
    if len(words) > LONGEST_DETAIL:
        words = words[:LONGEST_DETAIL] + " …"
    status = response.status_code
    hint = _HINTS.get((status, None)) or _HINTS.get((status, words))
    return f"{words} ({hint})" if hint else words


def _words(response: httpx.Response) -> str:
    try:
        said: Any = response.json()
    except (ValueError, RecursionError):
        return f"{response.reason_phrase}, with {_content_type(response)} instead of JSON"
    if not isinstance(said, Mapping):
        return str(said)
    main = said.get("detail") or said.get("exception_message") or dict(said)
    words = _faults(main) if isinstance(main, list) else str(main)
    faults = said.get("exception_detail")
    return f"{words} {_faults(faults)}" if faults and isinstance(faults, list) else words


def _faults(faults: list[object]) -> str:
    return "; ".join(map(_fault, faults))


def _fault(fault: object) -> str:
    """`{"loc": ["body", "name"], "msg": "Field required"}` → `name: Field required`.

    The `input` beside them stays out, since it can be secret.
    """
    if not (isinstance(fault, Mapping) and isinstance(fault.get("loc"), list)):
        return str(fault)
    place = ".".join(str(step) for step in fault["loc"] if step != "body")
    return f"{place}: {fault.get('msg')}"


def _content_type(response: httpx.Response) -> str:
    return str(response.headers.get("content-type", "something")).split(";", maxsplit=1)[0]


def retry_after(response: httpx.Response, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or an HTTP date; None for anything else.

    A date is compared with the server's own `Date`, since clocks differ, and without one with `now`.
    """
    value = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
        return float(value)
    moment = _moment(value)
    if moment is None:
        return None
    sent = server_time(response) or now
    return max(0.0, (moment - sent).total_seconds())


def server_time(response: httpx.Response) -> datetime | None:
    """When the server answered by its own clock, in whole seconds; None where it does not tell."""
    return _moment(response.headers.get("date", ""))


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def wants_csrf_token(call: Call, response: httpx.Response) -> bool:
    """Whether a request was refused for want of a valid token; GET never needs one (3.8.8)."""
    return call.method != "GET" and response.status_code == 403 and "CSRF" in response.text
