"""What the driver tells of the requests of a conversation beside their answers, in virtual time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import httpx
import pytest

from driving import FLOW, READ, WRITE, with_api
from network import Network, Step, breaks, says
from prefect_reconcile.api.client import Api, Track
from prefect_reconcile.model import Answer, Call, Conversation

NEW_YEAR = "Thu, 01 Jan 2026 00:00:00 GMT"
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
PATCH = Call("PATCH", "/deployments/1", {})
NEW, FOUND = says(201, {"id": "x"}), says(200, {"id": "x"})
DATED = says(200, {}, date=NEW_YEAR)


def all_of(*calls: Call) -> Conversation[list[Answer]]:
    """One after the other."""
    found = []
    for call in calls:
        (answer,) = yield (call,)
        found.append(answer)
    return found


def tracked(calls: list[Call], *script: Step) -> Track:
    async def main(api: Api) -> Track:
        track = Track()
        await api.converse(all_of(*calls), track)
        return track

    found: Track = with_api(Network(*script), main)
    return found


@pytest.mark.parametrize(
    ("calls", "script", "track"),
    [
        ([READ], [DATED], Track()),
        ([WRITE], [NEW], Track(begun=True)),
        ([WRITE], [FOUND], Track(begun=True, found=True)),
        ([PATCH], [DATED], Track(begun=True, written=MOMENT)),
        ([PATCH], [says(204, None, date="soon")], Track(begun=True)),
        ([PATCH, READ], [DATED, says(200, {})], Track(begun=True, written=MOMENT)),
        ([PATCH, PATCH], [DATED, says(204)], Track(begun=True)),
        ([FLOW], [DATED], Track(begun=True)),
        ([FLOW, WRITE], [FOUND, NEW], Track(begun=True)),
        ([WRITE], [says(503), FOUND], Track(begun=True)),
        ([WRITE], [breaks(httpx.ReadError), FOUND], Track(begun=True)),
    ],
    ids=[
        "a read",
        "something new",
        "something that was there",
        "when it was written",
        "no time",
        "the last write counts",
        "of the last write no time",
        "a shared request",
        "a flow that was there",
        "sent twice",
        "sent twice after a lost answer",
    ],
)
def test_what_is_told(calls: list[Call], script: list[Step], track: Track) -> None:
    """As far as it can be."""
    assert tracked(calls, *script) == track


def test_what_waits_for_its_turn_has_not_begun() -> None:
    """Only what has been sent has, and a shared request counts for the one that came first."""

    class Slow(Network):
        async def respond(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    async def begun(api: Api, calls: list[Call]) -> list[bool]:
        tracks = [Track() for _ in calls]
        talks = [api.converse(all_of(call), track) for call, track in zip(calls, tracks, strict=True)]
        tasks = [asyncio.create_task(talk) for talk in talks]
        await asyncio.sleep(1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return [track.begun for track in tracks]

    async def main(api: Api) -> list[list[bool]]:
        return [await begun(api, [WRITE, WRITE, WRITE]), await begun(api, [FLOW, FLOW])]

    assert with_api(Slow(), main) == [[True, False, False], [True, False]]
