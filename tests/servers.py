"""Real Prefect servers for the tests: install a version, start it on loopback, end it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import Final

import httpx

OLDER: Final[Mapping[str, str]] = MappingProxyType(
    {"3.2.15": "2025-04-01", "3.4.25": "2025-11-15", "3.6.29": "2026-06-01"}
)
"""The older servers of the contract suite, each with the day whose package index it is installed from.

The day gives a version the dependencies of its own time: with today's, none of them starts."""

START_SECONDS: Final = 180
"""How long a server may take until it answers. It takes 12 to 33 s on two cores, more beside other work."""

_POLL_SECONDS: Final = 0.1
_END_SECONDS: Final = 20
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class ServerStartError(RuntimeError):
    """The server process ended, or did not answer in time. The message holds the end of its log."""


@contextmanager
def prefect_server(python: Path, home: Path, env: Mapping[str, str] = _NOTHING) -> Iterator[str]:
    """Run the Prefect server installed beside `python`; yields its API URL, `http://127.0.0.1:PORT/api`.

    `home` becomes its PREFECT_HOME: database, settings and `server.log` are there. `env` is added to the
    server's environment. Raises ServerStartError.
    """
    home.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    url = f"http://127.0.0.1:{port}/api"
    log = home / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                python,
                "-m",
                "prefect",
                "server",
                "start",
                "--no-ui",
                "--host",
                "127.0.0.1",
                "--port",
                str(port),
            ],
            env={**_environment(home), **env},
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_healthy(process, url, log)
        yield url
    finally:
        _end(process)


def installed(version: str, cache: Path) -> Path:
    """The Python of a virtual environment that holds Prefect `version`, one of OLDER.

    It is made in `cache` with uv when it is not there yet. Raises subprocess.CalledProcessError.
    """
    folder = cache / f"prefect-{version}"
    python = folder / "bin" / "python"
    # The marker is written last, so that an installation that was interrupted is made again.
    marker = folder / "installed"
    if not marker.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _uv("venv", "--clear", "--python", "3.11", str(folder))
        _uv(
            "pip",
            "install",
            "--python",
            str(python),
            "--exclude-newer",
            OLDER[version],
            f"prefect=={version}",
        )
        marker.touch()
    return python


def _uv(*arguments: str) -> None:
    subprocess.run(["uv", *arguments], check=True, stdin=subprocess.DEVNULL)


def _environment(home: Path) -> dict[str, str]:
    """This process's environment without its own Prefect settings, which must not reach the server."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return {
        **inherited,
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "NO_PROXY": "127.0.0.1,localhost",
    }


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def _wait_until_healthy(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = monotonic() + START_SECONDS
    while not _healthy(url):
        # Waiting on the process is the pause between two polls, and notices a server that died.
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_POLL_SECONDS)
        if process.returncode is not None or monotonic() > deadline:
            raise ServerStartError(log.read_text(errors="replace")[-4000:])


def _healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole process group that the server leads, politely first."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_END_SECONDS)
            return
