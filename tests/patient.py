"""Requests of the tests themselves to a real Prefect."""

from __future__ import annotations

from typing import Any

import httpx

TRIES = 100
"""SQLite answers 503 while the scheduler writes (3.8.8), and takes some time for it: that is the pause."""


def send(method: str, url: str, body: Any = None) -> Any:
    """The JSON that Prefect answers; None for nothing. Raises for every failure that lasts."""
    for _ in range(TRIES):
        response = httpx.request(method, url, json=body, timeout=60)
        if response.status_code != 503:
            break
    response.raise_for_status()
    return response.json() if response.content else None
