"""What all tests share: one real Prefect server for the run, and which tests are left out when."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from servers import prefect_server

if TYPE_CHECKING:
    from collections.abc import Iterator

# No deadline: a busy machine is no failure. `--hypothesis-profile=thorough` looks further.
settings.register_profile(
    "quick", deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=1000)
settings.load_profile("quick")

SERVER_FIXTURES = frozenset({"server_url"})


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--corpus DIR`: prefect.yaml files of other people, which every `*.yaml` there is one of."""
    parser.addoption("--corpus", metavar="DIR", help="folder of prefect.yaml files that are to be readable")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs a real server; leave the older versions out of a run that does not ask for them."""
    for item in items:
        if SERVER_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.server)
    if "versions" in config.getoption("markexpr"):
        return
    older = [item for item in items if item.get_closest_marker("versions")]
    if older:
        config.hook.pytest_deselected(items=older)
        items[:] = [item for item in items if not item.get_closest_marker("versions")]


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The API URL of one real Prefect server, the one installed beside this Python, for the whole run.

    All tests share it: each uses flow and pool names of its own.
    """
    with prefect_server(Path(sys.executable), tmp_path_factory.mktemp("prefect")) as url:
        yield url
