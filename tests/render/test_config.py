"""The settings of a run and where they come from, compared whole with golden files: see `samples`."""

from __future__ import annotations

from json import loads
from pathlib import Path

import pytest
from samples import expect

from prefect_reconcile import secrecy
from prefect_reconcile.render.config import Row, json, text
from prefect_reconcile.render.text import Style
from prefect_reconcile.settings import Connection, Effective, effective, read_config

TEXT = """\
default_target = "prod"
overlays = ["overlays/common"]
tags = ["managed"]
[values]
region = "eu"
secrets = { db_password = "secret-1", pin = 1234 }
build_image.image = "registry.example.com/a/rather/long/name/of/an/image/that/does/not/end/soon:1.4"
escape = "\\u001b[31m"
empty = {}
pair = { name = "API_TOKEN", value = "secret-8" }
[defaults]
work_pool_name = "k8s"
job_variables.env = [{ name = "API_TOKEN", value = "secret-2" }]
parameters = { a = { name = "API_TOKEN", value = "secret-3" } }
[targets.prod]
api_url = "https://prefect.example.com/api"
name_suffix = "-prod"
tags = ["prod"]
overlays = ["overlays/prod"]
paused = true
defaults.job_variables.image = "x"
"""
CONNECTION = Connection(
    "https://prefect.example.com/api",
    "reconcile.toml:16",
    key="secret-4",
    headers=(("X-Proxy", "secret-5"),),
    verify="/etc/ca.pem",
    origins={
        "url": "reconcile.toml:16",
        "key": "environment variable PREFECT_API_KEY",
        "headers.X-Proxy": "environment variable PREFECT_CLIENT_CUSTOM_HEADERS",
        "verify": "environment variable SSL_CERT_FILE",
    },
)
BASIC = Connection(
    CONNECTION.url, CONNECTION.source, auth_string="u:secret-6", origins={"auth_string": "x\n"}
)
OPTIONS = (
    Row("target", "prod", "environment variable RECONCILE_TARGET"),
    Row("values.region", "us", "option --set"),
    Row("values.API_KEY", "secret-7", "option --set"),
    Row("concurrency", 16, "default"),
)
REASON = "no Prefect API URL: \x1b; pass --api-url"


@pytest.fixture
def settings(tmp_path: Path) -> Effective:
    """Those of a target that says something of everything."""
    (tmp_path / "reconcile.toml").write_text(TEXT)
    return effective(read_config(tmp_path))


def test_text(settings: Effective) -> None:
    """For people: an option takes the place of the setting with its name, others come last."""
    expect("config.txt", text(settings, CONNECTION, OPTIONS))


def test_text_without_connection(settings: Effective) -> None:
    """The settings that there are, and the reason."""
    expect("config_without_connection.txt", text(settings, REASON))


def test_text_of_nothing() -> None:
    """Everything is at its default."""
    expect("config_empty.txt", text(Effective(), BASIC))


def test_colour(settings: Effective) -> None:
    """Sources are read last."""
    plain, coloured = text(settings, REASON), text(settings, REASON, style=Style(colour=True))
    assert coloured.replace("\x1b[2m", "").replace("\x1b[31m", "").replace("\x1b[0m", "") == plain
    assert coloured.count("\x1b[2m") == len(loads(json(settings, REASON))["settings"])


def test_json(settings: Effective) -> None:
    """For machines: the same with whole values."""
    expect("config.json", json(settings, CONNECTION, OPTIONS))


def test_json_without_connection(settings: Effective) -> None:
    """It has one key more."""
    document = loads(json(settings, REASON))
    assert ([*document], document["connection_error"]) == (["settings", "connection_error"], REASON)
    assert [*loads(json(settings, CONNECTION))] == ["settings"]


@pytest.mark.parametrize("connection", [CONNECTION, BASIC, REASON])
def test_no_secret_is_shown(settings: Effective, connection: Connection | str) -> None:
    """All secrets here say so."""
    shown = text(settings, connection, OPTIONS) + json(settings, connection, OPTIONS)
    assert ("secret-" in shown, "\x1b" in shown, "********" in shown) == (False, False, True)


def test_file_that_was_named(tmp_path: Path) -> None:
    """It says who named it."""
    (tmp_path / "x.toml").write_text("")
    found = loads(json(effective(read_config(tmp_path, Path("x.toml"))), REASON))["settings"][0]
    assert found == {"name": "config", "value": "x.toml", "source": "option --config"}


def test_what_is_declared_secret(tmp_path: Path) -> None:
    """Names of secrets are shown, and no secret, whatever it is called and wherever it stands."""
    (tmp_path / "reconcile.toml").write_text(
        'secret_keys = ["*_dsn"]\nsecret_values = ["conn"]\nignore = ["tags"]\n'
        '[values]\nconn = "hunter2"\ndb_dsn = "x"\n[defaults]\ndescription = "of hunter2"\n'
    )
    made = effective(read_config(tmp_path))
    secrecy.begin(made.secret_keys, ["hunter2"])
    found = {row["name"]: row["value"] for row in loads(json(made, "not hunter2"))["settings"]}
    assert {name: one for name, one in found.items() if one not in (None, [], "")} == {
        "config": "reconcile.toml",
        "ignore": ["tags"],
        "secret_keys": ["*_dsn"],
        "secret_values": ["conn"],
        "values.conn": "********",
        "values.db_dsn": "********",
        "defaults.description": "of ********",
    }
    assert ("hunter2" in json(made, "not hunter2"), "hunter2" in text(made, "not hunter2")) == (False, False)
