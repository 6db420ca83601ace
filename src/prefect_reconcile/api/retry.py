"""Whether and when a request is sent again, and what to say when it is not. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from prefect_reconcile.api.answers import Lost, Outcome
from prefect_reconcile.errors import PrefectError, UnreachableError
from prefect_reconcile.model import Call
from prefect_reconcile.settings import Connection

NOT_NOW = frozenset({408, 429, 502, 503})
"""Statuses that say to try again; Prefect's own client retries these (3.8.8)."""

STRANGER_TRIES = 3
"""How often a server that has not answered yet is tried: a wrong URL should not take the whole time-out."""

FIRST_SECONDS, LONGEST_SECONDS = 0.5, 10.0
"""The longest wait before the second sending, and before any. It doubles from one to the other."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sending of a request that got no final answer.

    `tries` counts this one, `asked` is what Retry-After says in seconds, `left` the seconds of the time-out.
    """

    call: Call
    outcome: Outcome
    tries: int
    asked: float | None
    left: float

    @property
    def maybe_done(self) -> bool:
        """Whether the request may have been carried out; 502 is a gateway that lost the server's answer."""
        return self.outcome.maybe_done if isinstance(self.outcome, Lost) else self.outcome.status_code == 502

    def wait(self, chance: float) -> float:
        """Seconds until the next sending; `chance` is from 0 to 1.

        At least what the server asks for. The jitter on top keeps the requests that it asked the same from
        coming back together.
        """
        # 2.0 ** 1024 is more than a float can hold.
        backoff = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(self.tries - 1, 32))
        return (self.asked or 0.0) + chance * backoff

    def failure(self, connection: Connection, met: bool, timeout: float, wait: float) -> PrefectError | None:
        """Why not to send it again after `wait` seconds; None to do it. `met` says the server ever answered.

        Only a failure that other requests would share is an `UnreachableError`.
        """
        what, lost = self._what(connection), isinstance(self.outcome, Lost)
        if isinstance(self.outcome, Lost) and self.outcome.final:
            return UnreachableError(
                f"{what}; name the CA's file in PREFECT_API_SSL_CERT_FILE if you trust it"
            )
        if self.maybe_done and not self.call.repeatable:
            why = "it may have been carried out, and is not sent again because that could do it twice"
            return PrefectError(f"{what}; {why}: run again, which looks first")
        if lost and not met and self.tries >= STRANGER_TRIES:
            remedy = "check that the URL is right, that the server runs and that it can be reached from here"
            return UnreachableError(f"{what} ({self._tried()}); {remedy}")
        if wait <= self.left:
            return None
        if self.asked is not None and self.asked > self.left:
            span = f"{self.asked:.0f} s, more than is left of the {timeout:g} s of --timeout"
            return UnreachableError(f"{what} and asks to wait {span}; run again later, or allow more")
        return UnreachableError(
            f"{what} ({self._tried()} within {timeout:g} s); run again later, or allow more with --timeout"
        )

    def _tried(self) -> str:
        return "tried once" if self.tries == 1 else f"tried {self.tries} times"

    def _what(self, connection: Connection) -> str:
        request = f"{self.call.method} {self.call.path}"
        if isinstance(self.outcome, Lost):
            return (
                f"no answer from {connection.url} ({connection.source}) to {request}: {self.outcome.reason}"
            )
        return f"{request} answered {self.outcome.status_code} {self.outcome.reason_phrase}".rstrip()
