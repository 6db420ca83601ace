"""The schema of `reconcile.toml`: its model's, with the schema of a manifest's parts for the defaults."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from prefect_reconcile.kinds.deployment.models import Deployment
from prefect_reconcile.model import JsonObject
from prefect_reconcile.schema import config_schema
from prefect_reconcile.settings.config_keys import Config, Target
from test_schema import CRON, ROOT, Variable, check, described, expect, validator

CONFIG = validator("config")


def test_the_schema_is_as_its_golden_file() -> None:
    """So that each change of what editors are told is seen."""
    expect("config")


def test_the_schema_is_a_schema() -> None:
    """Of the draft that it names."""
    check(CONFIG.schema)


@pytest.mark.parametrize(
    ("schema", "model"), [(CONFIG.schema, Config), (CONFIG.schema["definitions"]["Target"], Target)]
)
def test_every_key_of_a_model_is_described(schema: JsonObject, model: type[BaseModel]) -> None:
    """No key of a model is missing, and no other one is there."""
    assert described(schema) == dict.fromkeys(model.model_fields, True)
    assert schema["additionalProperties"] is False


def test_defaults_are_a_manifest_without_its_own_keys() -> None:
    """What lies under several manifests cannot name one of them."""
    defaults = CONFIG.schema["definitions"]["Defaults"]
    assert described(defaults) == dict.fromkeys(Deployment.model_fields.keys() - {"name"}, True)


@pytest.mark.parametrize(
    ("written", "valid"),
    [
        ({}, True),
        ({"flow": "etl", "schedules": [{"active": True}, CRON]}, True),
        ({"work_queue_name": "high", "concurrency_options": {"grace_period_seconds": 60}}, True),
        ({"name": "nightly"}, False),
        ({"kind": "Deployment"}, False),
        ({"corn": 1}, False),
        ({"tags": "finance"}, False),
        ({"schedules": [{"cron": "daily"}]}, False),
    ],
    ids=str,
)
def test_defaults_in_the_configuration(written: JsonObject, valid: bool) -> None:
    """They are any part of any manifest, for all targets and for one."""
    assert CONFIG.is_valid({"defaults": written}) == valid
    assert CONFIG.is_valid({"targets": {"dev": {"defaults": written}}}) == valid


@pytest.mark.parametrize("file", sorted((ROOT / "examples").rglob("reconcile.toml")), ids=str)
def test_an_example_is_valid(file: Path) -> None:
    """As what the language server for TOML checks."""
    assert list(CONFIG.iter_errors(tomllib.loads(file.read_text()))) == []


@pytest.mark.parametrize("written", [{"nme": 1}, {"paused": 1}, {"targets": {"a b": {}}}], ids=str)
def test_the_configuration_is_closed(written: JsonObject) -> None:
    """Its own keys, and the names that have a form."""
    assert not CONFIG.is_valid(written)


def test_a_configuration_may_have_no_defaults() -> None:
    """Then it is as its model says."""
    assert config_schema(Variable)["properties"] == {"value": {"type": "integer"}}
