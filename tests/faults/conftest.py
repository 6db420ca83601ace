"""What the tests of faults share. `-m exhaustive` tries each fault at each place, on both servers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from faulty_proxy import Proxy, faulty, of_fake, of_server
from mixed import Mixed, make_pool, without_waiting

from prefect_fake import FakePrefect


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


@pytest.fixture(scope="module")
def real(server_url: str) -> Iterator[Proxy]:
    with faulty(Proxy(of_server(server_url))) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def fake() -> Iterator[Proxy]:
    with faulty(Proxy(of_fake(FakePrefect()))) as proxy:
        yield proxy


@pytest.fixture
def begun(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[str], Mixed]]:
    """Begins the run on the server that a fixture of that name has."""

    def begin(name: str) -> Mixed:
        proxy: Proxy = request.getfixturevalue(name)
        proxy.clear()
        without_waiting(proxy.clock, monkeypatch)
        mixed = Mixed(tmp_path, proxy, capfd, make_pool(proxy))
        mixed.begin()
        made.append(mixed)
        return mixed

    made: list[Mixed] = []

    for name in os.environ:
        if name.startswith(("PREFECT_", "RECONCILE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield begin
    for mixed in made:
        mixed.proxy.clear()
        mixed.end()
