"""A repository before a real, recorded Prefect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from recorder import Recorder, recording
from repository import Repository


@pytest.fixture(scope="module")
def prefect(server_url: str) -> Iterator[Recorder]:
    with recording(server_url) as recorder:
        yield recorder


@pytest.fixture
def repository(
    tmp_path: Path, prefect: Recorder, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Repository:
    for name in (
        "PREFECT_API_URL",
        "PREFECT_API_KEY",
        "PREFECT_API_AUTH_STRING",
        "PREFECT_CLIENT_CUSTOM_HEADERS",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "manifests").mkdir()
    return Repository(tmp_path / "manifests", prefect, capfd)
