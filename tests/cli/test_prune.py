"""Pruning one target of several: never what another one declares."""

from __future__ import annotations

from pathlib import Path

import pytest

from saying import said

NOBODY = "http://127.0.0.1:9/api"
"""Nothing listens on the discard port."""


@pytest.mark.parametrize(
    ("config", "options", "refused"),
    [
        ("owner = 'a'\n[targets.x]\n[targets.y]\n", ["-t", "x"], True),
        ("owner = 'a'\n[targets.x]\n[targets.y]\nowner = 'b'\n", ["-t", "x"], False),
        ("owner = 'a'\n[targets.x]\n[targets.y]\nowner = 'b'\n", ["-t", "x", "--owner", "c"], True),
        ("owner = 'a'\n[targets.x]\n", ["-t", "x"], False),
        ("owner = 'a'\n[targets.x]\n", [], True),
        ("owner = 'a'\n[targets.x]\napi_url = 'http://x/api'\n[targets.y]\n", ["-t", "x"], True),
        ("[targets.x]\nprofile = 'p'\n[targets.y]\nprofile = 'p'\n", ["-t", "x", "--owner", "a"], True),
        (
            f"owner = 'a'\n[targets.x]\napi_url = '{NOBODY}'\n[targets.y]\napi_url = 'http://y/api'\n",
            ["-t", "x"],
            False,
        ),
        ("owner = 'a'\n", [], False),
    ],
)
def test_targets_of_one_owner(
    elsewhere: Path, capsys: pytest.CaptureFixture[str], config: str, options: list[str], refused: bool
) -> None:
    """Unless each says a server of its own; otherwise it goes as far as to ask the server."""
    (elsewhere / "m.yaml").write_text("name: a\nflow: f\n")
    (elsewhere / "reconcile.toml").write_text(config)
    code, out, err = said(capsys, "-f", "m.yaml", "--prune", "--api-url", NOBODY, *options)
    assert (code, out) == (4 if refused else 1, "")
    assert ("option --prune: it could delete what target" in err) == refused


@pytest.mark.parametrize(
    ("config", "files", "refused"),
    [
        ("owner = 'a'\n", ["deployments/a.yaml"], True),
        ("owner = 'a'\n", ["deployments"], False),
        ("owner = 'a'\n", ["."], False),
        ("owner = 'a'\npaths = ['other', 'deployments']\n", ["deployments"], True),
        ("owner = 'a'\npaths = ['other', 'deployments']\n", ["deployments", "other"], False),
    ],
)
def test_files_that_leave_others_out(
    elsewhere: Path, capsys: pytest.CaptureFixture[str], config: str, files: list[str], refused: bool
) -> None:
    """What is not read is not named, and would go."""
    for folder in ("deployments", "other"):
        (elsewhere / folder).mkdir()
        (elsewhere / folder / "a.yaml").write_text(f"name: a\nflow: {folder}\n")
    (elsewhere / "reconcile.toml").write_text(config)
    options = [word for file in files for word in ("-f", file)]
    code, _, err = said(capsys, "--prune", "--api-url", NOBODY, *options)
    assert (code, "which -f leaves out; leave -f out, or select with --select" in " ".join(err.split())) == (
        64 if refused else 1,
        refused,
    )
