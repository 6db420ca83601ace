"""`reconcile validate`: what it finds, in which form, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from saying import said

CONFIG = """\
[values]
pool = "k8s"
[targets.dev]
[targets.prod]
overlays = ["prod"]
[targets.prod.values]
limit = 2
"""


@pytest.fixture
def repository(elsewhere: Path) -> Path:
    """A manifest with a flow, and two targets of which only one has all values."""
    (elsewhere / "etl.py").write_text("from prefect import flow\n@flow\ndef etl(day: str = 'x'): ...\n")
    (elsewhere / "deployments").mkdir()
    (elsewhere / "deployments" / "a.yaml").write_text(
        "name: a\nentrypoint: etl.py:etl\nwork_pool_name: '{{ $pool }}'\nconcurrency_limit: '{{ $limit }}'\n"
    )
    (elsewhere / "prod").mkdir()
    (elsewhere / "prod" / "a.yaml").write_text("flow: etl\nname: a\ntags: [prod]\n")
    (elsewhere / "reconcile.toml").write_text(CONFIG)
    return elsewhere


UNSET = "limit is set neither as a value nor in the environment"


def test_valid(capsys: pytest.CaptureFixture[str], repository: Path) -> None:
    """One line, and 0."""
    assert said(capsys, "validate", "--target", "prod") == (0, "1 manifest is valid.\n", "")


def test_the_target_of_the_environment(
    capsys: pytest.CaptureFixture[str], repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the option were given."""
    monkeypatch.setenv("RECONCILE_TARGET", "prod")
    assert said(capsys, "validate") == (0, "1 manifest is valid.\n", "")
    monkeypatch.setenv("RECONCILE_TARGET", "prd")
    code, _, err = said(capsys, "validate")
    assert (code, "environment variable RECONCILE_TARGET" in err, 'did you mean "prod"?' in err) == (
        4,
        True,
        True,
    )


def test_invalid(capsys: pytest.CaptureFixture[str], repository: Path) -> None:
    """What is found goes to stdout, with the line; 4."""
    assert said(capsys, "validate", "--target", "dev") == (
        4,
        (
            f"error: deployments/a.yaml:4:20: concurrency_limit: {UNSET}; "
            "set it, or give a default: {{ $limit:-… }}\n"
            "    4 | concurrency_limit: '{{ $limit }}'\n"
            "      |                    ^\n"
            "1 error.\n"
        ),
        "",
    )


def test_the_command_line_beats_the_target(capsys: pytest.CaptureFixture[str], repository: Path) -> None:
    """A value that is given there."""
    assert said(capsys, "validate", "--target", "dev", "--set", "limit=3")[0] == 0


def test_all_targets(capsys: pytest.CaptureFixture[str], repository: Path) -> None:
    """A problem of some targets names them, one of all does not; each is told once."""
    (repository / "deployments" / "b.yaml").write_text("name: b\nflow: f\ntag: [x]\n")
    code, out, err = said(capsys, "validate", "--all-targets")
    assert (code, err) == (4, "")
    assert [line for line in out.splitlines() if line[:1] != " "] == [
        (
            f"error: deployments/a.yaml:4:20: concurrency_limit: {UNSET}; "
            "set it, or give a default: {{ $limit:-… }} [dev]"
        ),
        'error: deployments/b.yaml:3:1: tag: unknown key; did you mean "tags"?',
        "2 errors.",
    ]


@pytest.mark.parametrize("form", ["json", "github", "sarif"])
def test_forms(capsys: pytest.CaptureFixture[str], repository: Path, form: str) -> None:
    """They hold for valid and for invalid manifests, with the same exit codes."""
    code, out, err = said(capsys, "validate", "--target", "prod", "--format", form)
    assert (code, err, "error" in out.replace('"errors": 0', "").replace('"level": "error"', "")) == (
        0,
        "",
        False,
    )
    code, out, err = said(capsys, "validate", "--target", "dev", "--format", form)
    assert (code, err, UNSET in out) == (4, "", True)


def test_json(capsys: pytest.CaptureFixture[str], repository: Path) -> None:
    """The object of `render.problems.json`."""
    _, out, _ = said(capsys, "validate", "--target", "prod", "--format", "json")
    summary = {"manifests": 1, "errors": 0, "warnings": 0, "hints": 0}
    assert json.loads(out) == {"format_version": "1", "valid": True, "summary": summary, "problems": []}


def test_lenient(capsys: pytest.CaptureFixture[str], repository: Path) -> None:
    """An unknown key is a warning with its line, and the code 0."""
    (repository / "b.yaml").write_text("name: b\nflow: f\ntag: [x]\n")
    assert said(capsys, "validate", "-f", "b.yaml", "--lenient", "-t", "dev") == (
        0,
        (
            'warning: b.yaml:3:1: tag: unknown key; did you mean "tags"?\n'
            "    3 | tag: [x]\n"
            "      | ^\n"
            "1 manifest is valid; 1 warning.\n"
        ),
        "",
    )


def test_no_target_is_a_hint(capsys: pytest.CaptureFixture[str], repository: Path) -> None:
    """What counts for all of them is seldom meant to be a target of its own."""
    (repository / "reconcile.toml").write_text("[values]\npool = 'k8s'\nlimit = 1\n[targets.dev]\n")
    assert said(capsys, "validate") == (
        0,
        (
            "hint: reconcile.toml:4:2: no target is chosen, so only what counts for all of them does; "
            "choose one with --target: dev\n1 manifest is valid; 1 hint.\n"
        ),
        "",
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("paths", '["deployments", "../secret"]'),
        ("overlays", '["/etc"]'),
        ("entrypoint_root", '".."'),
        ("paths", '["link"]'),
        ("paths", '["../*"]'),
    ],
)
def test_a_configuration_names_only_what_is_below_it(
    capsys: pytest.CaptureFixture[str], repository: Path, key: str, value: str
) -> None:
    """Otherwise a pull request could have any file of the machine quoted."""
    (repository / "link").symlink_to("/etc")
    (repository / "reconcile.toml").write_text(f"{key} = {value}\n")
    code, out, _ = said(capsys, "validate", "--set", "pool=x", "--set", "limit=1")
    assert (code, out.count("error: ")) == (4, 1)
    assert f": {key}: leads out of the folder of reconcile.toml; name what is below it" in out


def test_online_needs_a_server(capsys: pytest.CaptureFixture[str], repository: Path) -> None:
    """Without one it fails; what can be told without it is told first."""
    options = ["--online", "--api-url", "http://127.0.0.1:9/api"]
    code, out, err = said(capsys, "validate", "--target", "prod", *options)
    assert (code, out, "Connection refused" in err) == (1, "", True)
    assert said(capsys, "validate", "--target", "dev", *options)[0] == 4


def test_a_broken_configuration(capsys: pytest.CaptureFixture[str], repository: Path) -> None:
    """Told at its line, before any manifest is read."""
    (repository / "reconcile.toml").write_text("[targets.prod]\ntagz = []\n")
    code, out, err = said(capsys, "validate", "--target", "prod")
    assert (code, err) == (4, "")
    assert out == (
        'error: reconcile.toml:2:1: targets.prod.tagz: unknown key; did you mean "tags"?\n'
        "    2 | tagz = []\n"
        "      | ^\n"
        "1 error.\n"
    )
    assert said(capsys, "validate", "--all-targets") == (4, out, "")
    assert said(capsys, "show") == (4, "", out.removesuffix("1 error.\n"))
