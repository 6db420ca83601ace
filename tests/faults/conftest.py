"""What is left out unless it is asked for: `-m exhaustive` tries each fault at each place."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """The marker, which only this folder knows."""
    config.addinivalue_line(
        "markers", "exhaustive: every fault at every place, and every end (left out by default)"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves the exhaustive ones out of a run that does not ask for them."""
    if "exhaustive" in config.getoption("markexpr"):
        return
    left_out = [item for item in items if item.get_closest_marker("exhaustive")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("exhaustive")]
