"""The command line without a server: usage, exit codes and what goes where."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from prefect_reconcile import __version__
from saying import said

NOBODY = "http://127.0.0.1:9/api"
"""Nothing listens on the discard port."""


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """One line on stdout."""
    assert said(capsys, "--version") == (0, f"reconcile {__version__}\n", "")


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_import_nothing_heavy(option: str) -> None:
    """They answer at once, since httpx, deepdiff and pydantic are not loaded."""
    code = (
        "import sys; from prefect_reconcile.cli import run; code = run([sys.argv[1]]);"
        "print(code, sorted({'httpx', 'deepdiff', 'pydantic', 'yaml', 'asyncio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, option], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--bogus"], "No such option: --bogus"),
        (["--detailed-exitcode"], "--detailed-exitcode goes with --dry-run"),
        (["--show-requests"], "--show-requests goes with --dry-run"),
        (["--data-dir", "x"], "--data-dir goes with --embedded"),
        (["--embedded", "--api-url", NOBODY], "--embedded does not go with --api-url"),
        (["--format", "xml"], "Invalid value for '--format'"),
        (["--concurrency", "0"], "Invalid value for '--concurrency'"),
        (["--timeout", "soon"], "Invalid value for '--timeout'"),
        (["surplus"], "No such command 'surplus'"),
        (["--dry-run", "validate"], "--dry-run does not go with validate"),
        (["-f", "x", "config"], "--file does not go with config"),
        (["validate", "--all-targets", "--target", "x"], "--all-targets does not go with --target"),
        (["validate", "--all-targets"], "--all-targets needs a configuration with targets"),
        (["validate", "--profile", "x"], "--profile goes with --online"),
        (["-t", "x", "validate"], "--target goes after validate"),
        (["--prune"], "--prune needs an owner"),
        (["--max-deletes", "many"], "'many' is neither a number nor a percentage"),
        (["--max-deletes", "101%"], "'101%' is neither a number nor a percentage"),
        (["validate", "--dry-run"], "No such option: --dry-run"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_usage_is_64(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    """The message is on stderr, and nothing on stdout."""
    code, out, err = said(capsys, *arguments)
    assert (code, out, message in err) == (64, "", True), err


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("novalue", "'novalue' is not NAME=VALUE"),
        ("=x", "'=x' is not NAME=VALUE"),
        ("@gone.json", "gone.json cannot be read as JSON"),
        ("@list.json", "list.json holds no JSON object"),
        ("$D=x", "'$D' cannot be the name of a placeholder"),
        ("@nan.json", "nan.json cannot be read as JSON: NaN is no number of JSON"),
        ("@large.json", "large.json cannot be read as JSON: 1e999 is no number of JSON"),
        ("@twice.json", "twice.json cannot be read as JSON: the key 'a' is there twice"),
        ("@half.json", "half.json cannot be read as JSON: "),
        ("@deep.json", "deep.json is nested more than 100 levels deep"),
        ("@deeper.json", "deeper.json is nested too deeply"),
    ],
)
def test_values_that_cannot_be_set(
    capsys: pytest.CaptureFixture[str], elsewhere: Path, value: str, message: str
) -> None:
    """`--set` takes NAME=VALUE, or a file with one JSON object."""
    texts = {
        "list": "[1]",
        "nan": '{"a": NaN}',
        "large": '{"a": 1e999}',
        "twice": '{"a": 1, "a": 2}',
        "half": '{"a": "\\ud800"}',
        "deep": '{"a": ' + "[" * 101 + "]" * 101 + "}",
        "deeper": '{"a": ' + "[" * 9999 + "]" * 9999 + "}",
    }
    for name, text in texts.items():
        (elsewhere / f"{name}.json").write_text(text)
    code, out, err = said(capsys, "--set", value)
    assert (code, out, message in " ".join(err.split())) == (64, "", True), err


@pytest.mark.parametrize("options", [["--set", "image.tag=1"], ["--set", "@values.json"]])
def test_values_that_are_set(capsys: pytest.CaptureFixture[str], elsewhere: Path, options: list[str]) -> None:
    """What a build step would have said is no longer missing: now the run lacks only a server."""
    (elsewhere / "values.json").write_text('{"image": {"tag": "1"}}')
    (elsewhere / "prefect.yaml").write_text(
        "build: [{b: {id: image}}]\ndeployments:\n"
        "- {name: a, entrypoint: 'x.py:f', flow_name: f, version: '{{ image.tag }}'}\n"
    )
    assert "{{ image.tag }} comes from a build or push step" in said(capsys)[2]
    assert "error: no Prefect API URL" in said(capsys, *options)[2]


@pytest.mark.parametrize("output", ["text", "json"])
def test_invalid_manifests_are_4_and_all_told(
    capsys: pytest.CaptureFixture[str], elsewhere: Path, output: str
) -> None:
    """Every problem of every file on stderr, each with the line that it is about."""
    folder = elsewhere / "deployments"
    folder.mkdir()
    (folder / "a.yaml").write_text("name: a\nflow: f\nschedules:\n  - corn: 0 2 * * *\ntag: [x]\n")
    (folder / "b.yaml").write_text("name: b\nflow: f\nname: c\ntags: d\n")
    (folder / "c.yaml").write_bytes(b"name: \xff\n")
    (folder / "d.yaml").write_text("name: a\nflow: f\n---\nname: a\nflow: f\n")
    code, out, err = said(capsys, "--format", output, "--api-url", NOBODY)
    assert (code, out) == (4, "")
    assert [line for line in err.splitlines() if line[:1] != " "] == [
        'error: deployments/a.yaml:4:5: schedules[0].corn: unknown key; did you mean "cron"?',
        'error: deployments/a.yaml:5:1: tag: unknown key; did you mean "tags"?',
        "error: deployments/b.yaml:3:1: name: duplicate key, the first is in line 1; remove one of the two",
        'error: deployments/b.yaml:4:7: tags: expected a list, found "d"; write a list: ["d"]',
        "error: deployments/c.yaml:1:7: the byte 0xff is not UTF-8; save the file as UTF-8",
        (
            "error: deployments/d.yaml:4:7: name: f/a is already declared at deployments/d.yaml:1:1; "
            "rename one of them or remove it"
        ),
    ]
    assert err.splitlines()[1:3] == ["    4 |   - corn: 0 2 * * *", "      |     ^"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (None, "error: .: no manifests were named, and there is no deployments or prefect.yaml here; n"),
        ("deploymets", "error: deploymets: "),
        ("empty", "error: empty: "),
        ("none.yaml", "error: none.yaml: there is no manifest here; check the path, or add a manifest"),
    ],
)
def test_no_manifests_are_4_and_never_obeyed(
    capsys: pytest.CaptureFixture[str], elsewhere: Path, path: str | None, message: str
) -> None:
    """A path that is not there, an empty folder, an empty file: never a wish for no deployments."""
    (elsewhere / "empty").mkdir()
    (elsewhere / "none.yaml").write_text("# nothing yet\n")
    arguments = ["-f", path] if path else []
    code, out, err = said(capsys, *arguments, "--api-url", NOBODY)
    assert (code, out, err.startswith(message)) == (4, "", True), err


@pytest.fixture
def manifest(elsewhere: Path) -> str:
    """A valid manifest."""
    (elsewhere / "m.yaml").write_text("name: a\nflow: f\n")
    return "m.yaml"


def test_no_url_is_4_and_says_what_to_set(capsys: pytest.CaptureFixture[str], manifest: str) -> None:
    """Never a silent local server."""
    code, out, err = said(capsys, "-f", manifest)
    assert (code, out) == (4, "")
    assert "set PREFECT_API_URL" in err
    assert "--embedded starts a local server" in err


def test_no_server_is_1(capsys: pytest.CaptureFixture[str], manifest: str) -> None:
    """The URL and the reason are on stderr, and stdout holds no half of a report."""
    code, out, err = said(capsys, "-f", manifest, "--api-url", NOBODY, "--format", "json")
    assert (code, out) == (1, "")
    assert NOBODY in err
    assert "Connection refused" in err


def test_a_value_cannot_forge_a_line_of_the_errors(
    capsys: pytest.CaptureFixture[str], elsewhere: Path
) -> None:
    """What came from a file is shown escaped."""
    (elsewhere / "m.yaml").write_text('name: a\nflow: f\n"x\\nerror: forged\\e[31m": 1\n')
    code, _, err = said(capsys, "-f", "m.yaml")
    assert (code, len(err.splitlines()), "\x1b" in err) == (4, 3, False)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_output_that_lacks_a_character(elsewhere: Path, encoding: str) -> None:
    """A question mark takes its place; what was done has to be told in any encoding."""
    (elsewhere / "m.yaml").write_text("name: é名\nflow: f\ntag: 1\n")
    done = subprocess.run(
        [sys.executable, "-m", "prefect_reconcile", "show", "--lenient", "-f", "m.yaml"],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, b"?" in done.stdout, b"Traceback" in done.stderr) == (0, True, False)


@pytest.mark.parametrize("to", [">&-", ">/dev/full"])
def test_output_that_cannot_be_written_is_1(to: str) -> None:
    """One line on stderr, and no traceback."""
    command = f"{sys.executable} -m prefect_reconcile --version {to}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    assert done.stderr.startswith("error: ")


def test_a_missing_extra_is_4_and_says_how_to_get_it(manifest: str) -> None:
    """Where Prefect is not installed, --embedded names the extra that brings it."""
    code = (
        "import sys; from importlib import metadata; version = metadata.version\n"
        "def without(name):\n"
        "    if name == 'prefect': raise metadata.PackageNotFoundError(name)\n"
        "    return version(name)\n"
        "metadata.version = without\n"
        "from prefect_reconcile.cli import main; main(['--embedded', '-f', 'm.yaml'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (4, "")
    assert "pip install 'prefect-reconcile[embedded]'" in done.stderr
