"""The servers that the contract suite runs against, one after the other."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prefects import VERSIONS, Fake, Prefect, Real

from servers import OLDER, installed, prefect_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CACHE = Path(__file__).parents[2] / ".test-servers"

# What `installed` makes its environments with.
OLD_PYTHON = (3, 11)

_OLDER_SERVER = [pytest.mark.server, pytest.mark.versions]

# The suite waits for no scheduler, and SQLite is locked less often without one.
_QUIET = {
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
}

# An older fake is not an older server, so it is held against the suite where that one is.
_BACKENDS = [
    pytest.param(("fake", VERSIONS[-1]), id=f"fake-{VERSIONS[-1]}"),
    *(pytest.param(("fake", version), id=f"fake-{version}", marks=pytest.mark.versions) for version in OLDER),
    pytest.param(("fake on Python 3.13", VERSIONS[-1]), id="fake-python-3.13"),
    pytest.param(("real", VERSIONS[-1]), id="real", marks=pytest.mark.server),
    *(pytest.param(("real", version), id=f"real-{version}", marks=_OLDER_SERVER) for version in OLDER),
]


@pytest.fixture(scope="session", params=_BACKENDS)
def backend(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Prefect]]:
    """Gives a Prefect of one kind and version: a new fake for each test, one real server for all."""
    kind, version = request.param
    if kind == "fake":
        yield lambda: Fake(version, OLD_PYTHON)
    elif kind == "fake on Python 3.13":
        yield lambda: Fake(version, (3, 13))
    elif version in OLDER:
        home = tmp_path_factory.mktemp(f"prefect-{version}")
        with prefect_server(installed(version, CACHE), home, _QUIET) as url, _real(url, OLD_PYTHON) as real:
            yield lambda: real
    else:
        with _real(request.getfixturevalue("server_url"), sys.version_info[:2]) as real:
            yield lambda: real


@contextmanager
def _real(url: str, python: tuple[int, int]) -> Iterator[Real]:
    real = Real(url, python)
    try:
        yield real
    finally:
        real.close()


@pytest.fixture
def prefect(backend: Callable[[], Prefect]) -> Prefect:
    """A Prefect server, fake or real. A real one is shared: every name that a test uses is its own."""
    return backend()
