"""`reconcile show`, `config` and `schema`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prefect_reconcile.schema import schema_text
from saying import said

CONFIG = """\
[values]
api_token = "t0ken"
[targets.prod]
api_url = "http://127.0.0.1:9/api"
name_suffix = "-prod"
overlays = ["prod"]
"""


@pytest.fixture
def repository(elsewhere: Path) -> Path:
    """A manifest whose value is secret, with an overlay."""
    (elsewhere / "deployments").mkdir()
    (elsewhere / "deployments" / "a.yaml").write_text(
        "name: a\nflow: f\nparameters: {password: '{{ $api_token }}', day: x}\n"
    )
    (elsewhere / "prod").mkdir()
    (elsewhere / "prod" / "a.yaml").write_text("flow: f\nname: a\nparameters: {day: y}\n")
    (elsewhere / "reconcile.toml").write_text(CONFIG)
    return elsewhere


def test_manifests_as_they_count(capsys: pytest.CaptureFixture[str], repository: Path) -> None:
    """Filled, overlaid and named for the target, in the native format; secrets masked."""
    assert said(capsys, "show", "-t", "prod") == (
        0,
        "name: a-prod\nflow: f\nparameters:\n  password: '********'\n  day: y\n",
        "",
    )


def test_invalid_manifests_are_not_shown(capsys: pytest.CaptureFixture[str], repository: Path) -> None:
    """They have no meaning."""
    (repository / "prod" / "a.yaml").write_text("flow: f\nname: b\n")
    code, out, err = said(capsys, "show", "-t", "prod")
    assert (code, out, "no manifest declares f/b" in err) == (4, "", True)


def test_settings(
    capsys: pytest.CaptureFixture[str], repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with its place, whether file, option or environment; the secret ones masked."""
    monkeypatch.setenv("RECONCILE_TIMEOUT", "30")
    monkeypatch.setenv("PREFECT_API_KEY", "s3cret")
    options = ["--lenient", "--entrypoint-root", "src", "--trust-api-url"]
    code, out, err = said(capsys, "config", "--target", "prod", "--format", "json", *options)
    assert (code, err, "s3cret" in out, "t0ken" in out) == (0, "", False, False)
    settings = {row["name"]: (row["value"], row["source"]) for row in json.loads(out)["settings"]}
    assert {name: settings[name] for name in sorted(settings) if settings[name][1] != "default"} == {
        "api_key": ("********", "environment variable PREFECT_API_KEY"),
        "api_url": ("http://127.0.0.1:9/api", "reconcile.toml:4"),
        "config": ("reconcile.toml", "working directory"),
        "entrypoint_root": ("src", "option --entrypoint-root"),
        "lenient": (True, "option --lenient"),
        "name_suffix": ("-prod", "reconcile.toml:5"),
        "overlays": (["prod"], "reconcile.toml:6"),
        "target": ("prod", "option --target"),
        "timeout": (30.0, "environment variable RECONCILE_TIMEOUT"),
        "trust_api_url": (True, "option --trust-api-url"),
        "values.api_token": ("********", "reconcile.toml:2"),
    } | ({"verify": settings["verify"]} if settings["verify"][1] != "default" else {})


def test_settings_without_a_server(capsys: pytest.CaptureFixture[str], repository: Path) -> None:
    """They can be shown, with the reason why there is no connection."""
    code, out, err = said(capsys, "config")
    assert (code, err) == (0, "")
    assert "No connection: no Prefect API URL" in out


@pytest.mark.parametrize("which", ["manifest", "overlay", "config"])
def test_schema(capsys: pytest.CaptureFixture[str], which: str) -> None:
    """The text of the module that makes them; that of manifests needs no argument."""
    assert said(capsys, "schema", which) == (0, schema_text(which), "")  # type: ignore[arg-type]
    assert said(capsys, "schema")[1] == schema_text("manifest")


def test_what_is_ignored_is_shown(capsys: pytest.CaptureFixture[str], repository: Path) -> None:
    """That of the manifest, and behind it that of the configuration for the target, each once."""
    (repository / "deployments" / "a.yaml").write_text("name: a\nflow: f\nignore: [tags, version]\n")
    (repository / "prod" / "a.yaml").write_text("flow: f\nname: a\npath: /opt\n")
    text = 'ignore = ["tags", "paused"]\n' + CONFIG + 'ignore = ["description"]\n'
    (repository / "reconcile.toml").write_text(text)
    assert said(capsys, "show", "-t", "prod") == (
        0,
        "name: a-prod\nflow: f\npath: /opt\nignore:\n- tags\n- version\n- paused\n- description\n",
        "",
    )


DECLARED = """\
secret_keys = ["licence"]
secret_values = ["conn", "CONN_FROM_ENV", "given", "step.pin", "unset"]
[values]
conn = "value-of-conn"
step.pin = 1234
"""


def test_declared_secrets_are_masked(
    capsys: pytest.CaptureFixture[str], repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether they are values of the configuration, of the environment or of an option."""
    monkeypatch.setenv("CONN_FROM_ENV", "value-of-env")
    (repository / "reconcile.toml").write_text(DECLARED)
    (repository / "deployments" / "a.yaml").write_text(
        'name: a\nflow: f\ndescription: "{{ $conn }} {{ $CONN_FROM_ENV }} {{ $given }}"\n'
        "parameters: {pin: '{{ $step.pin }}', licence: x, n: 12345, value-of-conn: 1}\n"
    )
    assert said(capsys, "show", "--set", "given=value-of-option") == (
        0,
        (
            "name: a\nflow: f\ndescription: '******** ******** ********'\n"
            "parameters:\n  pin: '********'\n  licence: '********'\n  n: 12345\n  '********': 1\n"
        ),
        (
            "warning: reconcile.toml:2:64: secret_values: unset is neither a value nor set in the "
            "environment; correct it, or leave it out\n"
        ),
    )


def test_a_value_that_an_error_quotes_is_masked(
    capsys: pytest.CaptureFixture[str], repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the message cuts it off."""
    monkeypatch.setenv("CONN_FROM_ENV", "value-of-env" * 10)
    (repository / "reconcile.toml").write_text(DECLARED)
    (repository / "deployments" / "a.yaml").write_text(
        "name: a\nflow: f\nconcurrency_limit: '{{ $CONN_FROM_ENV }}'\n"
    )
    code, out, err = said(capsys, "show")
    assert (code, out, "value-of" in err, 'found "********…' in err) == (4, "", False, True)
