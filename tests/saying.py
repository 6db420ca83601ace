"""Runs the command line in this process."""

from __future__ import annotations

import pytest

from prefect_reconcile.cli import run


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """The exit code, stdout and stderr."""
    code = run(arguments)
    out, err = capsys.readouterr()
    return code, out, err
