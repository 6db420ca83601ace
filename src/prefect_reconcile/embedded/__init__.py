"""A real Prefect server of our own, for as long as a `with` block lasts (`--embedded`).

Two processes share the work. This module is the parent's half and never imports Prefect; `__main__`
is the child's half, the server itself. The parent holds the write end of the child's stdin: however
the parent ends, SIGKILL included, the pipe ends with it, and that ends the server.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from threading import Timer
from typing import TYPE_CHECKING

import platformdirs

from prefect_reconcile.errors import InvalidSettingsError, PrefectError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INSTALL = "pip install 'prefect-reconcile[embedded]'"
LOG_NAME = "server.log"

_STOP_SECONDS = 15.0  # More than the child gives itself before it ends the hard way.
_LOG_LINES = 20


class MissingExtraError(InvalidSettingsError):
    """An embedded server was asked for, and Prefect is not installed beside us."""


class DataDirectoryError(InvalidSettingsError):
    """The server's data cannot be kept in this directory."""


class ServerStartError(PrefectError):
    """The embedded server ended, or was ended, before it could serve."""


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A server that answers.

    `url` is the API's base, `http://127.0.0.1:PORT/api`; `ui_url` the web page, None when it is off;
    `log` is what the server has to say; `pid` its process.
    """

    url: str
    ui_url: str | None
    log: Path
    pid: int


def default_data_dir() -> Path:
    """Where the data goes unless the user says otherwise, such as `~/.local/share/reconcile/embedded`."""
    return platformdirs.user_data_path("reconcile") / "embedded"


@contextmanager
def embedded_server(
    data_dir: Path, *, startup_timeout: float = 120.0, ui: bool = False
) -> Iterator[EmbeddedServer]:
    """Run a server on a free loopback port until the block ends, keeping its data in `data_dir`.

    The directory is made if missing. Nothing of the user's own Prefect settings reaches the server.

    Raises `MissingExtraError` without Prefect, `DataDirectoryError` for a directory that cannot be
    written or that another embedded server uses, and `ServerStartError` for a server that does not
    answer after `startup_timeout` seconds.
    """
    _require_prefect()
    home = _made(data_dir)
    child = _spawn(home, ui=ui)
    try:
        port = _started(child, home, startup_timeout)
        origin = f"http://127.0.0.1:{port}"
        yield EmbeddedServer(f"{origin}/api", origin if ui else None, home / LOG_NAME, child.pid)
    finally:
        _stop(child)


def _require_prefect() -> None:
    # Asking for the distribution loads nothing, and a mere folder called "prefect" does not pass for it.
    try:
        metadata.version("prefect")
    except metadata.PackageNotFoundError:
        raise MissingExtraError(f"an embedded server needs Prefect installed: {INSTALL}") from None


def _made(data_dir: Path) -> Path:
    """The directory's absolute path; it exists afterwards, readable by its owner only if it is new."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(data_dir, error.strerror) from error
    return data_dir.absolute()


def _unusable(data_dir: Path, why: str | None) -> DataDirectoryError:
    return DataDirectoryError(
        f"{data_dir}: the embedded server cannot keep its data here: {why}; "
        "choose a directory that you can write to"
    )


def _spawn(home: Path, *, ui: bool) -> subprocess.Popen[str]:
    # -P: nothing in the working directory may pass for a module.
    # A session or group of its own: a terminal sends Ctrl-C to its whole foreground group, and the
    # server is still needed while we finish.
    return subprocess.Popen(  # noqa: S603 - a list, so no shell reads it
        [sys.executable, "-P", "-m", __name__, str(home), str(ui)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )


def _started(child: subprocess.Popen[str], home: Path, timeout: float) -> int:
    """Wait until the child serves; returns its port. The errors are those of `embedded_server`."""
    word, _, rest = _first_line(child, timeout).rstrip().partition(" ")
    match word:
        case "ready":
            return int(rest)
        case "busy":
            raise DataDirectoryError(
                f"{home}: another embedded server is using this directory; let it end, or choose another one"
            )
        case "unusable":
            raise _unusable(home, rest)
        case _:
            raise ServerStartError(_failure(home / LOG_NAME, child.wait(), timeout))


def _first_line(child: subprocess.Popen[str], timeout: float) -> str:
    """What the child says about itself, empty if it ended, or had to be ended, before it said anything."""
    # Killing the child is what ends a long read on every platform: select() knows no pipes on Windows.
    timer = Timer(timeout, child.kill)
    timer.start()
    try:
        return next(iter(child.stdout or ()), "")
    except BaseException:
        # A server that has not started has nothing to finish: Ctrl-C need not wait for it.
        child.kill()
        raise
    finally:
        timer.cancel()


def _failure(log: Path, status: int, timeout: float) -> str:
    """Everything of use about a start that failed. A negative status is the signal that ended the server."""
    lines = log.read_text("utf-8", "replace").splitlines()[-_LOG_LINES:] if log.is_file() else []
    what = f"the embedded Prefect server did not start within {timeout:g} s and ended with status {status}"
    remedy = f"versions known to start come with {INSTALL}"
    return "\n    ".join([f"{what}; {remedy}; the last lines of {log}:", *(lines or ["(none)"])])


def _stop(child: subprocess.Popen[str]) -> None:
    """End the server: by closing its stdin, and by force where that takes too long."""
    try:
        child.communicate(timeout=_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
