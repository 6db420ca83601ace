"""What the tests of the renderers share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from prefect_reconcile import secrecy


@pytest.fixture(autouse=True)
def _run() -> Iterator[None]:
    """Each test begins a run, and none leaves its secrets to another."""
    secrecy.begin()
    yield
    secrecy.begin()
