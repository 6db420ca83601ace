"""What a newcomer gets wrong, and what is said about it, word for word.

`UPDATE_GOLDEN=1` writes what is said now; read it aloud before you keep it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from saying import said

MISTAKES = Path(__file__).parent / "mistakes"


@pytest.mark.parametrize("name", sorted(path.name for path in MISTAKES.iterdir()))
def test_what_is_said(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By `reconcile validate`, which refuses it."""
    copy = tmp_path / name
    shutil.copytree(MISTAKES / name, copy, ignore=shutil.ignore_patterns("said.txt"))
    monkeypatch.chdir(copy)
    monkeypatch.delenv("GIT_SHA", raising=False)
    code, out, err = said(capsys, "validate")
    golden = MISTAKES / name / "said.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(out)
    assert (code, err, out) == (4, "", golden.read_text())
