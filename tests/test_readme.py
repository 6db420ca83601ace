"""What the README promises."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from prefect_reconcile.cli import run

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def test_the_first_two_commands_are_one_line_each() -> None:
    """The first runs the main job on the embedded server, the second the tests."""
    job, tests = (block.removesuffix("\n") for block in BLOCKS[:2])
    assert job.split(" && ")[1:] == [
        ".venv/bin/pip install --quiet '.[embedded]'",
        ".venv/bin/reconcile --embedded -f examples/quickstart",
    ]
    assert tests.split(" && ")[1:] == [".venv/bin/pip install --quiet -e '.[dev]'", ".venv/bin/pytest"]


def test_every_option_in_the_readme_exists(capsys: pytest.CaptureFixture[str]) -> None:
    """No option or command of ours is promised that `--help` does not know, and no command is left out."""
    run(["--help"])
    commands = re.findall(r"^  ([a-z]+) ", capsys.readouterr().out.partition("Commands:")[2], re.MULTILINE)
    assert set(re.findall(r"`reconcile ([a-z]+)", README)) == set(commands)
    known = set()
    for command in ([], *([one] for one in commands)):
        run([*command, "--help"])
        known |= set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out))
    told = set(re.findall(r"--[a-z][a-z-]+", README))
    others = {"--quiet", "--all"}  # of pip and of prefect
    assert told - others - known == set()


@pytest.mark.server
def test_the_first_command_converges_and_then_finds_no_changes(tmp_path: Path) -> None:
    """On a server of its own, with nothing of the user's: their key would be refused elsewhere."""
    command = BLOCKS[0].removesuffix("\n").split(" && ")[-1].split()
    profiles = tmp_path / ".prefect" / "profiles.toml"
    profiles.parent.mkdir()
    profiles.write_text('active = "mine"\n[profiles.mine]\nPREFECT_API_KEY = "pnu_secret"\n')
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PREFECT", "XDG"))},
        "HOME": str(tmp_path),
        "PREFECT_API_KEY": "pnu_other",
        "NO_COLOR": "1",
    }
    program = [sys.executable, "-m", "prefect_reconcile", *command[1:]]
    runs = [
        subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        for _ in range(2)
    ]
    assert [one.returncode for one in runs] == [0, 0], runs
    assert "Plan: 3 to create, 0 to update, 0 unchanged." in runs[0].stdout
    assert runs[0].stdout.endswith("Done: 3 created, 0 updated, 0 unchanged.\n")
    assert runs[1].stdout == "No changes. All 3 deployments are as declared.\n"
    assert re.search(r"^Prefect runs at http://127\.0\.0\.1:\d+/api$", runs[0].stderr, flags=re.MULTILINE)
