"""Credentials and CSRF tokens on the way to the server, and nowhere else."""

from __future__ import annotations

import asyncio
import re
import traceback
from collections import Counter

import httpx
import pytest

from driving import ADD, BODY, FLOW, READ, WRITE, answered, failed, tried, with_api
from network import OK, Network, Step, breaks, connection, says, sends
from prefect_reconcile.api.client import Api
from prefect_reconcile.errors import AnswerError, PrefectError, UnreachableError
from prefect_reconcile.model import Answer, Call, ask

# --- CSRF ---


class Csrf(Network):
    """A server with CSRF protection as Prefect 3.8.8 has it: one valid token per client."""

    def __init__(self, *endpoint: Step) -> None:
        super().__init__(*endpoint or [OK])
        self._own = not endpoint
        self.valid: dict[str, str] = {}

    async def respond(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(1)
        if request.url.path == "/api/csrf-token":
            return self._token(request.url.params["client"]) if self._own else await super().respond(request)
        client, token = (request.headers.get(f"prefect-csrf-{name}") for name in ("client", "token"))
        if request.method == "GET" or (token is not None and self.valid.get(client or "") == token):
            return OK(request)
        said = "Missing CSRF token." if token is None else "Invalid CSRF token or client identifier."
        return httpx.Response(403, json={"detail": said})

    def _token(self, client: str) -> httpx.Response:
        self.valid[client] = f"token {self.sent.count(f'GET /csrf-token?client={client}')}"
        return httpx.Response(200, json={"token": self.valid[client], "client": client, "expiration": "…"})

    @property
    def counted(self) -> Counter[str]:
        return Counter(line.split("?")[0] for line in self.sent)


def test_csrf_costs_nothing_where_it_is_off() -> None:
    """No request and no header."""
    network = Network(OK)
    assert answered(network, READ) == BODY
    assert network.sent == ["POST /flows/filter"]
    assert [name for name in network.requests[0].headers if "csrf" in name] == []


def test_one_csrf_token_is_for_all() -> None:
    """A second one would make the first invalid. Afterwards each request has it."""

    async def main(prefect: Api) -> list[Answer]:
        first = await asyncio.gather(*(tried(prefect, READ) for _ in range(8)))
        return [*first, await tried(prefect, WRITE), await tried(prefect, Call("GET", "/admin/version"))]

    network = Csrf()
    assert with_api(network, main) == [BODY] * 10
    assert network.counted == {
        "POST /flows/filter": 16,
        "GET /csrf-token": 1,
        "POST /deployments/": 1,
        "GET /admin/version": 1,
    }
    assert len(network.valid) == 1


@pytest.mark.parametrize("concurrency", [1, 4])
def test_an_expired_csrf_token_is_renewed_once(concurrency: int) -> None:
    """For all that meet its end, and under the same client; a full gate does not lock the renewal out."""

    async def main(prefect: Api) -> list[Answer]:
        first = await tried(prefect, WRITE)
        (client,) = network.valid
        network.valid[client] = "another"
        return [first, *await asyncio.gather(*(tried(prefect, READ) for _ in range(4)))]

    network = Csrf()
    assert with_api(network, main, concurrency=concurrency) == [BODY] * 5
    assert network.counted["GET /csrf-token"] == 2
    assert len(network.valid) == 1


@pytest.mark.parametrize("status", [404, 422])
def test_a_server_without_csrf_tokens(status: int) -> None:
    """Then the refusal has another reason, and is the answer."""
    network = Csrf(says(status, {"detail": "CSRF protection is disabled."}))
    kind, text = failed(network)
    assert (kind, network.counted) == (AnswerError, {"POST /deployments/": 1, "GET /csrf-token": 1})
    assert text.startswith("POST /deployments/ answered 403: Missing CSRF token.")


def test_a_csrf_token_is_asked_for_again() -> None:
    """SQLite can answer 503 here as well."""
    network = Csrf(says(503), says(200, {"token": "t"}))
    kind, _ = failed(network)
    # The token is not valid here, which is asked for no third time.
    assert (kind, network.counted) == (AnswerError, {"POST /deployments/": 2, "GET /csrf-token": 2})


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (says(200, {"tokens": 1}), "GET /csrf-token answered without a token; the URL has to be that of "),
        (says(200, ["token"]), "GET /csrf-token answered without a token; the URL has to be that of "),
        (sends(200, b"<html>", "text/html"), "GET /csrf-token?client="),
        (says(401, {"exception_message": "Unauthorized"}), "GET /csrf-token?client="),
    ],
)
def test_no_csrf_token_to_be_had(step: Step, text: str) -> None:
    """Something else answers in its place."""
    kind, found = failed(Csrf(step))
    assert issubclass(kind, PrefectError)
    assert found.startswith(text)


# --- Credentials ---

SECRETS = connection(
    key="key-secret", auth_string="user:auth-secret", headers=(("X-Gate", "header-secret"), ("X-Two", "h2"))
)


def test_credentials_are_sent() -> None:
    """With every request, the one for a token included; Basic beats the key."""
    network = Csrf()
    answered(network, to=SECRETS)
    sent = {
        (request.headers["authorization"], request.headers["x-gate"], request.headers["x-two"])
        for request in network.requests
    }
    assert sent == {("Basic dXNlcjphdXRoLXNlY3JldA==", "header-secret", "h2")}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_credentials_do_not_follow_a_redirect(status: int) -> None:
    """Nobody else is asked."""
    network = Network(says(status, location="https://elsewhere.test/api/deployments/"))
    kind, text = failed(network, to=SECRETS)
    assert kind is UnreachableError
    assert text.startswith("POST /deployments/ is redirected to https://elsewhere.test/api/deployments/; ")
    assert network.sent == ["POST /deployments/"]


@pytest.mark.parametrize(
    "step",
    [
        breaks(httpx.ConnectError, "refused"),
        breaks(httpx.LocalProtocolError, "Illegal header value b'Basic dXNlcjphdXRoLXNlY3JldA==\\n'"),
        breaks(httpx.ReadError, "reset"),
        says(401, {"detail": "no"}),
        says(403, {"detail": "no"}),
        says(429, retry_after="3600"),
        says(302, location="https://elsewhere.test"),
        sends(200, b"<html>", "text/html"),
        sends(500, b"oops", "text/plain"),
    ],
)
@pytest.mark.parametrize("call", [READ, ADD, FLOW])
def test_no_failure_shows_a_credential(call: Call, step: Step) -> None:
    """Nor leads to an exception of httpx, whose request holds them."""

    async def main(prefect: Api) -> PrefectError:
        with pytest.raises(PrefectError) as error:
            await prefect.converse(ask(call))
        return error.value

    error = with_api(Network(step), main, to=SECRETS)
    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
    assert not re.search("secret|dXNlcj", shown)
    while error is not None:
        assert not type(error).__module__.startswith("httpx")
        error = error.__cause__ or error.__context__


def test_a_path_that_is_none() -> None:
    """It could come of an id that the server invents."""
    network = Network(OK)
    assert failed(network, Call("GET", "/deployments/\n")) == (
        UnreachableError,
        "GET /deployments/\n cannot be sent: no valid URL",
    )
    assert network.sent == []
