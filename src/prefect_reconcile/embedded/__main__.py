"""The embedded server's own process: `python -m prefect_reconcile.embedded DATA_DIR True|False`.

The one module that imports Prefect, and only after it has shut out the user's settings. It tells its
parent one line on stdout: `ready PORT`, `busy` or `unusable REASON`. Whatever else it or Prefect has
to say goes to the log. It ends when its stdin does.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from prefect_reconcile.embedded import LOG_NAME

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Callable

_DRAIN_SECONDS = 1  # For requests that are still being answered; without it an open web page holds us up.
_END_SECONDS = 10  # For the whole end, Prefect's services included. It takes about one second.


def main(home: Path, ui: str) -> None:
    """Serve from the directory `home` until stdin ends, with the web page if `ui` is "True"."""
    parent = os.dup(1)
    try:
        # The system drops the lock with the process, so none stays behind a kill.
        lock = _lock(home / "server.lock")
        _log_to(home / LOG_NAME)
        _enter(home / "cwd")
    except BlockingIOError:
        _tell(parent, "busy")
        return
    except OSError as error:
        _tell(parent, f"unusable {error.strerror}")
        return
    # Bound here and never given up, so nobody can take the port in between.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        _isolate(home, port, ui)
        serving = threading.Event()
        ended = _watch_stdin(serving)

        def ready() -> None:
            serving.set()
            _tell(parent, f"ready {port}")

        _serve(listener, ready, ended)
    os.close(lock)


def _lock(path: Path) -> int:
    """Take the lock; closing the returned handle gives it up. Raises `BlockingIOError` if another has it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    if sys.platform == "win32":
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError from error
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return handle


def _log_to(path: Path) -> None:
    """Send stdout and stderr to a log that begins anew."""
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)


def _enter(directory: Path) -> None:
    # Prefect takes settings from .env, prefect.toml and pyproject.toml of the working directory
    # (prefect/settings/sources.py, 3.8.8), and the data directory may well be someone's project.
    directory.mkdir(exist_ok=True)
    os.chdir(directory)


def _tell(parent: int, line: str) -> None:
    # A parent that is gone no longer listens; its end reaches us through stdin.
    with suppress(BrokenPipeError):
        os.write(parent, f"{line}\n".encode())
    os.close(parent)


def _isolate(home: Path, port: int, ui: str) -> None:
    """Replace the user's Prefect settings, whatever their spelling, by ours."""
    # Prefect reads its settings' names case-insensitively.
    for name in [name for name in os.environ if name.upper().startswith("PREFECT")]:
        del os.environ[name]
    api = f"http://127.0.0.1:{port}/api"
    os.environ.update(
        # Of Prefect's two kinds of analytics one asks only for this (prefect/_internal/analytics, 3.8.8).
        DO_NOT_TRACK="1",
        PREFECT_HOME=str(home),
        # There is no such file. The default, profiles.toml in the home, may be the user's own.
        PREFECT_PROFILES_PATH="none.toml",
        PREFECT_API_URL=api,
        PREFECT_LOGGING_COLORS="false",
        PREFECT_SERVER_ANALYTICS_ENABLED="false",
        PREFECT_SERVER_API_PORT=str(port),
        # The profile in use without a file has it true, and this server should never start another.
        PREFECT_SERVER_EPHEMERAL_ENABLED="false",
        PREFECT_SERVER_UI_ENABLED=ui,
        # Prefect would otherwise copy the web page's files beside its own code.
        PREFECT_SERVER_UI_STATIC_DIRECTORY=str(home / "ui"),
    )


def _watch_stdin(serving: threading.Event) -> threading.Event:
    """An event that is set when stdin ends.

    The process has `_END_SECONDS` from then to end by itself; none at all while it does not serve yet.
    """
    ended = threading.Event()

    def watch() -> None:
        os.read(0, 1)
        ended.set()
        # A start has nothing to finish: SQLite undoes a migration that was cut off.
        if serving.is_set():
            time.sleep(_END_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    return ended


def _serve(listener: socket.socket, ready: Callable[[], None], ended: threading.Event) -> None:
    """Run the server with all its services until `ended`, and call `ready` when it answers."""
    # What `prefect server start` does itself (prefect/cli/_server_utils.py, 3.8.8), but on a socket of ours.
    import uvicorn
    from prefect.server.api.server import create_app

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()

        async def on_tick(self, counter: int) -> bool:
            return await super().on_tick(counter) or ended.is_set()

    app = create_app(final=True)
    # No log_config: create_app() has already set up Prefect's own, with times, for uvicorn too.
    Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=_DRAIN_SECONDS)).run([listener])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
