"""What an answer means: a body, a failure for good, or one to try again, and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from json import JSONDecodeError
from typing import Any

import httpx

from prefect_reconcile.errors import AnswerError, PrefectError, UnreachableError
from prefect_reconcile.model import Call, Json

NOT_NOW = frozenset({408, 429, 502, 503})
"""Statuses that say to try again; Prefect's own client retries these (3.8.8)."""

MAYBE_DONE = frozenset({502})
"""Those of `NOT_NOW` after which the request may have been carried out all the same."""

SENT = (httpx.ReadError, httpx.ReadTimeout, httpx.WriteError, httpx.WriteTimeout, httpx.RemoteProtocolError)
"""Failures after which the request may have been carried out."""


def body(call: Call, response: httpx.Response) -> Json:
    """The body of an answer: null for none. Raises `AnswerError` or `UnreachableError`."""
    if response.is_redirect:
        target = response.headers.get("location", "nowhere")
        raise UnreachableError(
            f"{call.method} {call.path} is redirected to {target}; set that API's URL instead"
        )
    if response.is_error:
        raise AnswerError(call.method, call.path, response.status_code, detail(response))
    if not response.content:
        return None
    try:
        answer: Json = response.json()
    except (JSONDecodeError, UnicodeDecodeError):
        raise UnreachableError(
            f"{call.method} {call.path} answered {_kind(response)} instead of JSON; "
            "the URL has to be that of Prefect's API, which usually ends in /api"
        ) from None
    return answer


def detail(response: httpx.Response) -> str:
    """The server's own words. Prefect says `detail`, or `exception_message` with `exception_detail`."""
    try:
        said: Any = response.json()
    except (JSONDecodeError, UnicodeDecodeError):
        return f"{response.reason_phrase} ({_kind(response)})"
    if not isinstance(said, Mapping):
        return f"{said!r:.300}"
    words = str(said.get("detail") or said.get("exception_message") or said)
    faults = said.get("exception_detail")
    if isinstance(faults, list):
        words += " " + "; ".join(map(_fault, faults))
    return words[:2000]


def _fault(fault: object) -> str:
    if not isinstance(fault, Mapping):
        return str(fault)
    place = ".".join(str(step) for step in fault.get("loc", ()) if step != "body")
    return f"{place}: {fault.get('msg')}"


def _kind(response: httpx.Response) -> str:
    return str(response.headers.get("content-type", "nothing")).split(";", maxsplit=1)[0]


def retry_after(response: httpx.Response, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, which gives seconds or an HTTP date."""
    value = response.headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds())


def lost(call: Call, url: str, error: httpx.RequestError) -> PrefectError:
    """The failure for people when no answer came."""
    reason = str(error) or type(error).__name__
    return UnreachableError(f"no answer from {url} to {call.method} {call.path}: {reason}")
