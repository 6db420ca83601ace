"""The embedded server, and it is the real one: what it serves, to whom, how long, and what it refuses."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import platformdirs
import pytest

import prefect_reconcile
from prefect_reconcile.embedded import (
    DataDirectoryError,
    EmbeddedServer,
    ServerStartError,
    default_data_dir,
    embedded_server,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEADLINE = 60.0

KEEPS_A_SERVER = """
import sys
from pathlib import Path
from prefect_reconcile.embedded import embedded_server

with embedded_server(Path(sys.argv[1])) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""

ASKS_FOR_A_SERVER = """
from pathlib import Path
from prefect_reconcile.embedded import embedded_server
from prefect_reconcile.errors import InvalidSettingsError

try:
    with embedded_server(Path("data")):
        pass
except InvalidSettingsError as error:
    print(error)
"""

# Each of these would show: as a 401, a 404, another database, another page, or a silent scheduler.
SETTINGS_OF_THE_USER = {
    "PREFECT_API_URL": "https://api.prefect.cloud/api/accounts/1/workspaces/2",
    "PREFECT_HOME": "/nowhere/home",
    "PREFECT_PROFILE": "production",
    "PREFECT_SERVER_API_BASE_PATH": "/elsewhere",
    "PREFECT_SERVER_DATABASE_CONNECTION_URL": "postgresql+asyncpg://production/prefect",
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    "PREFECT_SERVER_UI_API_URL": "https://example.com/api",
    "PREFECT__SERVER_EPHEMERAL": "1",
    "prefect_server_api_auth_string": "user:password",
}


@dataclass(frozen=True)
class Killed:
    """What a run leaves behind that was killed after it had made one flow."""

    data_dir: Path
    port: int
    flow_id: str


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Killed:
    """A run of its own process, ended by SIGKILL while its server was running."""
    data_dir = tmp_path_factory.mktemp("killed") / "new" / "data"
    with subprocess.Popen(
        [sys.executable, "-c", KEEPS_A_SERVER, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        url = httpx.URL(run.stdout.readline().strip())
        answer = httpx.post(f"{url}/flows/", json={"name": "made before the kill"})
        run.kill()
    assert url.port is not None
    return Killed(data_dir, url.port, answer.json()["id"])


@dataclass(frozen=True)
class Ended:
    """What a run saw that came after a killed one, and has ended too."""

    server: EmbeddedServer
    flow_name: str


@pytest.fixture(scope="module")
def ended(killed: Killed) -> Ended:
    """The next run on the directory of the killed one."""
    with ExitStack() as stack:
        server = start_when_free(killed.data_dir, stack)
        flow = httpx.get(f"{server.url}/flows/{killed.flow_id}").json()
    return Ended(server, flow["name"])


@pytest.fixture(scope="module")
def data_dir(killed: Killed, ended: Ended) -> Path:
    """A directory that is free and has its database made already, which halves the time to start."""
    return killed.data_dir


@pytest.fixture(scope="module")
def server(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A running server with its web page, started by someone whose Prefect is set up for somewhere else."""
    project = tmp_path_factory.mktemp("project")
    (project / ".env").write_text("PREFECT_SERVER_API_AUTH_STRING=user:password\n")
    (data_dir / "prefect.toml").write_text('[server.api]\nauth_string = "user:password"\n')
    (data_dir / "profiles.toml").write_text(
        'active = "mine"\n[profiles.mine]\nPREFECT_SERVER_API_AUTH_STRING = "user:password"\n'
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        for name, value in SETTINGS_OF_THE_USER.items():
            patch.setenv(name, value)
        with embedded_server(data_dir, ui=True) as running:
            yield running


def is_open(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def start_when_free(data_dir: Path, stack: ExitStack) -> EmbeddedServer:
    """A server on a directory whose last one may be about to end."""
    end = time.monotonic() + DEADLINE
    while True:
        try:
            return stack.enter_context(embedded_server(data_dir))
        except DataDirectoryError:
            assert time.monotonic() < end, f"{data_dir} is still in use"


def wait_until_closed(port: int) -> None:
    end = time.monotonic() + DEADLINE
    while is_open("127.0.0.1", port):
        assert time.monotonic() < end, f"port {port} still takes connections"


@pytest.mark.server
def test_it_is_the_pinned_prefect_and_it_answers(server: EmbeddedServer) -> None:
    assert httpx.get(f"{server.url}/health").json() is True
    assert httpx.get(f"{server.url}/admin/version").json() == "3.8.8"


@pytest.mark.server
@pytest.mark.parametrize("address", ["::1", "127.0.0.2"])
def test_only_this_machine_reaches_it(server: EmbeddedServer, address: str) -> None:
    """A server on all addresses would answer at these too: Linux takes the whole of 127/8 for itself."""
    port = httpx.URL(server.url).port
    assert port is not None
    assert is_open("127.0.0.1", port)
    assert not is_open(address, port)


@pytest.mark.server
def test_the_users_prefect_settings_do_not_reach_it(server: EmbeddedServer, data_dir: Path) -> None:
    """Neither variables nor a profile nor files of the working or the data directory count."""
    settings = httpx.get(f"{server.url}/admin/settings").json()
    assert settings["home"] == str(data_dir)
    assert settings["api"]["url"] == server.url
    assert settings["server"]["api"]["auth_string"] is None
    assert settings["server"]["services"]["scheduler"]["enabled"] is True
    assert settings["server"]["services"]["late_runs"]["enabled"] is True
    assert settings["server"]["analytics_enabled"] is False


@pytest.mark.server
def test_it_schedules_runs(server: EmbeddedServer) -> None:
    """The services run, not just the API: the scheduler makes the runs of a new deployment."""
    flow = httpx.post(f"{server.url}/flows/", json={"name": "scheduled"}).json()["id"]
    schedule = {"schedule": {"interval": 3600}, "active": True}
    body = {"name": "hourly", "flow_id": flow, "schedules": [schedule]}
    httpx.post(f"{server.url}/deployments/", json=body).raise_for_status()
    end = time.monotonic() + DEADLINE
    while httpx.post(f"{server.url}/flow_runs/count", json={"flows": {"id": {"any_": [flow]}}}).json() == 0:
        assert time.monotonic() < end, "no run was scheduled"


@pytest.mark.server
def test_it_shows_its_web_page(server: EmbeddedServer) -> None:
    assert server.ui_url == server.url.removesuffix("/api")
    assert "<!DOCTYPE html>" in httpx.get(f"{server.ui_url}/", follow_redirects=True).text
    assert httpx.get(f"{server.ui_url}/ui-settings").json()["api_url"] == server.url


@pytest.mark.server
@pytest.mark.skipif(sys.platform == "win32", reason="process groups")
def test_ctrl_c_in_the_terminal_is_not_for_it(server: EmbeddedServer) -> None:
    assert os.getpgid(server.pid) != os.getpgrp()


@pytest.mark.server
def test_a_second_run_on_the_same_directory_is_refused(server: EmbeddedServer, data_dir: Path) -> None:
    with (
        pytest.raises(DataDirectoryError, match="another embedded server is using this directory"),
        embedded_server(data_dir),
    ):
        pass
    assert httpx.get(f"{server.url}/health").json() is True


@pytest.mark.server
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_run_that_is_killed_takes_its_server_along(killed: Killed) -> None:
    wait_until_closed(killed.port)


@pytest.mark.server
def test_data_outlive_even_a_run_that_was_killed(ended: Ended) -> None:
    assert ended.flow_name == "made before the kill"


@pytest.mark.server
def test_a_run_that_is_over_leaves_neither_port_nor_process(ended: Ended) -> None:
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{ended.server.url}/health")
    with pytest.raises(ProcessLookupError):
        os.kill(ended.server.pid, 0)


@pytest.mark.server
def test_without_a_web_page_there_is_no_address_of_one(ended: Ended) -> None:
    assert ended.server.ui_url is None


@pytest.mark.server
@pytest.mark.skipif(sys.platform == "win32", reason="modes")
def test_a_new_directory_is_its_owners_alone(killed: Killed) -> None:
    assert stat.S_IMODE(killed.data_dir.stat().st_mode) == 0o700


@pytest.mark.server
def test_a_start_that_fails_shows_the_log(tmp_path: Path) -> None:
    (tmp_path / "prefect.db").write_text("not a database" * 100)
    with pytest.raises(ServerStartError) as caught, embedded_server(tmp_path):
        pass
    assert "file is not a database" in str(caught.value)
    assert str(tmp_path / "server.log") in str(caught.value)


def test_a_start_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    with (
        pytest.raises(ServerStartError, match=r"did not start within 0\.01 s"),
        embedded_server(tmp_path, startup_timeout=0.01),
    ):
        pass


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    """In an interpreter that has our package and platformdirs, and no site-packages."""
    for module in (prefect_reconcile, platformdirs):
        package = Path(module.__file__ or "").parent
        shutil.copytree(package, tmp_path / package.name)
    run = subprocess.run(
        [sys.executable, "-S", "-c", ASKS_FOR_A_SERVER],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (
        run.stdout
        == "an embedded server needs Prefect installed: pip install 'prefect-reconcile[embedded]'\n"
    )
    assert not (tmp_path / "data").exists()


def a_file(path: Path) -> Path:
    path.write_text("")
    return path


def below_a_file(path: Path) -> Path:
    return a_file(path) / "data"


def without_room_for_the_lock(path: Path) -> Path:
    (path / "server.lock").mkdir(parents=True)
    return path


def without_room_for_the_log(path: Path) -> Path:
    (path / "server.log").mkdir(parents=True)
    return path


def read_only(path: Path) -> Path:
    if sys.platform == "win32" or os.geteuid() == 0:
        pytest.skip("nothing is read-only to this user")
    path.mkdir(mode=0o500)
    return path


@pytest.mark.parametrize(
    "made", [a_file, below_a_file, without_room_for_the_lock, without_room_for_the_log, read_only]
)
def test_a_directory_that_cannot_hold_the_data_is_refused(
    tmp_path: Path, made: Callable[[Path], Path]
) -> None:
    data_dir = made(tmp_path / "place")
    with pytest.raises(DataDirectoryError) as caught, embedded_server(data_dir):
        pass
    assert str(caught.value).startswith(f"{data_dir}: the embedded server cannot keep its data here: ")


def test_the_default_directory_is_below_the_users_data() -> None:
    assert default_data_dir() == platformdirs.user_data_path("reconcile") / "embedded"
