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


@pytest.mark.parametrize(
    ("given", "unused"),
    [
        (["limit=1"], []),
        (["limit=1", "limmit=2"], ["limmit"]),
        (["limit=1", "a.b=2"], ["a.b"]),
        (["@values.json"], ["step"]),
    ],
)
def test_a_name_that_is_never_used_is_a_warning(
    capsys: pytest.CaptureFixture[str], repository: Path, given: list[str], unused: list[str]
) -> None:
    """A misspelt one would deploy the default; a file counts as used if any part of it is."""
    (repository / "values.json").write_text('{"limit": 1, "step": {"image": "x", "tag": "y"}}')
    options = [word for one in given for word in ("--set", one)]
    code, out, _ = said(capsys, "validate", "-t", "dev", *options)
    what = "no manifest has a placeholder of this name; correct it, or leave it out"
    assert (code, out.splitlines()[:-1]) == (0, [f"warning: option --set: {name}: {what}" for name in unused])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('paths = ["deploymets"]', "1:10: paths: there is no deploymets; correct it"),
        ('overlays = ["x/*"]', "1:13: overlays: there is no x/*; correct it"),
        ('entrypoint_root = "nope"', "1:19: entrypoint_root: there is no nope; correct it"),
        ('tags = ["{{ $X }}"]', "1:9: tags[0]: X is set neither"),
        ('name_suffix = "{{ $X }}"', "1:15: name_suffix: X is set neither"),
    ],
)
def test_a_configuration_that_names_what_is_not_there(
    capsys: pytest.CaptureFixture[str], repository: Path, text: str, problem: str
) -> None:
    """At its line in the configuration."""
    (repository / "reconcile.toml").write_text(text + "\n")
    code, out, _ = said(capsys, "validate", "--set", "pool=x", "--set", "limit=1")
    assert (code, out.startswith(f"error: reconcile.toml:{problem}"), "    1 | " in out) == (4, True, True), (
        out
    )


def test_the_suffix_of_a_target_is_filled(capsys: pytest.CaptureFixture[str], repository: Path) -> None:
    """As everything is that a target says of its deployments."""
    (repository / "reconcile.toml").write_text('name_suffix = "-{{ $who }}"\ntags = ["{{ $who }}"]\n')
    options = ["--set", "pool=x", "--set", "limit=1", "--set", "who=me"]
    assert "name: a-me\n" in said(capsys, "show", *options)[1]


def test_an_entrypoint_root_that_is_not_there(capsys: pytest.CaptureFixture[str], repository: Path) -> None:
    """Otherwise all that the code says would silently be left out."""
    code, _, err = said(capsys, "validate", "-t", "prod", "--entrypoint-root", "nope")
    assert (code, err) == (4, "error: entrypoint root: there is no folder 'nope'; correct it\n")


def test_one_server_of_several_is_down(capsys: pytest.CaptureFixture[str], repository: Path) -> None:
    """What is found elsewhere is told all the same, and which it is."""
    (repository / "reconcile.toml").write_text(
        'values = { pool = "k", limit = 1 }\n'
        '[targets.a]\napi_url = "http://127.0.0.1:9/api"\n[targets.b]\napi_url = "http://127.0.0.1:9/api"\n'
    )
    code, out, err = said(capsys, "validate", "--all-targets", "--online", "--format", "json")
    assert (code, json.loads(out)["valid"]) == (1, True)
    assert [line[:11] for line in err.splitlines()] == ["error: [a] ", "error: [b] "]


@pytest.mark.parametrize("target", ["../x.toml", "nowhere.toml"])
def test_a_configuration_that_is_elsewhere(
    capsys: pytest.CaptureFixture[str], repository: Path, target: str
) -> None:
    """A link could have any file of the machine quoted; one that leads nowhere is no wish for no settings."""
    (repository.parent / "x.toml").write_text('secret = "s3cr3t"\n')
    (repository / "reconcile.toml").unlink()
    (repository / "reconcile.toml").symlink_to(target)
    code, out, err = said(capsys, "validate")
    assert (code, out, "s3cr3t" in err) == (4, "", False)
    assert "is a link that leads out of its folder, or nowhere" in err


def test_a_broken_text_of_the_configuration_is_quoted(
    capsys: pytest.CaptureFixture[str], repository: Path
) -> None:
    """As everything else is."""
    (repository / "reconcile.toml").write_text("a = \n")
    assert "    1 | a = \n" in said(capsys, "validate")[1].replace("a =\n", "a = \n")


def test_who_logs_in_is_not_told(capsys: pytest.CaptureFixture[str], repository: Path) -> None:
    """Neither by the message nor by the line."""
    (repository / "m.yaml").write_text("name: a\nflow: f\npaused: postgres://user:hunter2@host/db\n")
    code, out, _ = said(capsys, "validate", "-f", "m.yaml", "-t", "dev")
    assert (code, "hunter2" in out, out.count("postgres://********@host/db")) == (4, False, 2)


def test_a_value_whose_name_is_a_secrets_is_masked(
    capsys: pytest.CaptureFixture[str], repository: Path
) -> None:
    """Wherever it fills a placeholder."""
    (repository / "m.yaml").write_text("name: a\nflow: f\ntags: ['t:{{ $db_password }}']\n")
    options = ["-f", "m.yaml", "-t", "dev", "--set", "db_password=hunter2"]
    assert "- t:********\n" in said(capsys, "show", *options)[1].replace("'", "")


def test_a_line_with_many_mistakes(capsys: pytest.CaptureFixture[str], repository: Path) -> None:
    """The whole line is not looked at for each of them."""
    keys = ", ".join(f"key{n}: 1" for n in range(1000))
    (repository / "m.yaml").write_text(f"{{name: a, flow: f, {keys}}}\n")
    code, out, _ = said(capsys, "validate", "-f", "m.yaml", "-t", "dev")
    assert (code, out.splitlines()[-1]) == (4, "1000 errors.")


def test_online_needs_a_server(capsys: pytest.CaptureFixture[str], repository: Path) -> None:
    """Without one it fails; what can be told without it is told first."""
    options = ["--online", "--api-url", "http://127.0.0.1:9/api"]
    code, out, err = said(capsys, "validate", "--target", "prod", *options)
    assert (code, out, "Connection refused" in err) == (1, "1 manifest is valid.\n", True)
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
