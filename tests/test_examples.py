"""The examples do what their READMEs say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from prefect_reconcile.cli import run

EXAMPLES = Path(__file__).parent.parent / "examples"
NAMES = sorted(path.name for path in EXAMPLES.iterdir())


def commands(name: str) -> list[str]:
    """The command lines of an example's README that need no server."""
    text = (EXAMPLES / name / "README.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if not re.search(r"--embedded|--dry-run|--api-url|^prefect ", line)]


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """A copy of one example, as the working directory."""
    copy = tmp_path / "copy"
    shutil.copytree(EXAMPLES / request.param, copy)
    monkeypatch.chdir(copy)
    return copy


@pytest.mark.parametrize(("example", "name"), [(name, name) for name in NAMES], indirect=["example"])
def test_the_commands_of_an_example(example: Path, name: str) -> None:
    """Each succeeds, in an environment that has nothing else."""
    lines = commands(name)
    if not lines:
        pytest.skip("every command of this example needs a server")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(example.parent)}
    # A login shell would look for settings, and `-e` makes one failure that of all.
    done = subprocess.run(
        ["sh", "-e"], input="\n".join(lines), env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done
    assert "error" not in done.stderr


@pytest.mark.parametrize("example", ["environments"], indirect=True)
def test_targets_on_a_server(
    example: Path,
    server_url: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both targets of one repository on one server, each with its names; again, nothing changes."""
    for target, made in (("dev", 2), ("prod", 2)):
        arguments = ["--target", target, "--api-url", server_url]
        assert run(arguments) == 0
        assert f"Done: {made} created, 0 updated, 0 unchanged." in capsys.readouterr().out
        assert run(arguments) == 0
        assert capsys.readouterr().out == "No changes. All 2 deployments are as declared.\n"
