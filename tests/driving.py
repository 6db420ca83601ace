"""Driving an Api over a scripted network, in virtual time."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import pytest

from network import Network, api
from prefect_reconcile.api.client import Api
from prefect_reconcile.errors import PrefectError
from prefect_reconcile.model import Answer, Call, Conversation, Json, ask
from prefect_reconcile.settings import Connection
from virtual_time import run

READ = Call("POST", "/flows/filter", {"limit": 1})
WRITE = Call("POST", "/deployments/", {"name": "d"})
FLOW = Call("POST", "/flows/", {"name": "f"}, once=True)
ADD = Call("POST", "/deployments/1/schedules", [], repeatable=False)

BODY = {"ok": True}
"""What `network.OK` says."""


def answered(network: Network, call: Call = WRITE, to: Connection | None = None) -> Json:
    """The answer to one call."""

    async def main() -> Json:
        async with api(network, to=to) as prefect:
            return await prefect.converse(ask(call))

    return run(main())


def failed(
    network: Network, call: Call = WRITE, to: Connection | None = None
) -> tuple[type[PrefectError], str]:
    """Type and text of the failure of one call."""
    with pytest.raises(PrefectError) as error:
        answered(network, call, to)
    return type(error.value), str(error.value)


def tried(prefect: Api, call: Call) -> Coroutine[Any, Any, Answer]:
    """A conversation of one call that returns the failure, if it is one."""

    def conversation() -> Conversation[Answer]:
        (answer,) = yield (call,)
        return answer

    return prefect.converse(conversation())


def with_api(network: Network, use: Any, **options: Any) -> Any:
    """What `await use(api)` returns."""

    async def main() -> Any:
        async with api(network, **options) as prefect:
            return await use(prefect)

    return run(main())
