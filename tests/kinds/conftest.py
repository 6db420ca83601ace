"""What the tests of the kinds share."""

from __future__ import annotations

from functools import cache

import pytest
from prefect._internal.schemas import validators


@pytest.fixture(autouse=True, scope="session")
def _zones_are_read_once() -> None:
    """Prefect's own models list the time zones of the disk for each schedule, which takes 10 ms (3.8.8)."""
    validators.get_timezones = cache(validators.get_timezones)
