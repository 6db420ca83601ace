"""Job variables against the work pool's template."""

from __future__ import annotations

from typing import Any

import pytest

from prefect_reconcile.kinds.deployment.job_variables import check, of_pool
from prefect_reconcile.model import JsonObject, path_text

VARIABLES: JsonObject = {
    "type": "object",
    "properties": {
        "image": {"type": "string"},
        "cpu": {"type": "integer", "default": 1},
        "memory": {"type": "integer"},
        "env": {"type": "object", "additionalProperties": {"type": "string"}},
        "password": {"type": "integer"},
    },
    "required": ["image"],
}


TEMPLATE = "Prefect checks it before it puts in what {{ }} stands for: write the value itself"


def wrong(job_variables: JsonObject, variables: Any = VARIABLES, *, live: bool = False) -> list[str]:
    """What is wrong with job variables in a pool with these variables, as people read it."""
    pool: JsonObject = {"name": "k8s", "base_job_template": {"variables": variables, "job_configuration": {}}}
    found = check(job_variables, of_pool(pool), live=live)
    return [f"{path_text(one.path)}: {one.what}; {one.remedy}" for one in found]


@pytest.mark.parametrize(
    "right",
    [
        {"memory": 3},
        {"memory": None},
        {"cpu": None},
        {"unknown": 1},
        {"env.A": 1},
        {"image": "{{ prefect.variables.image }}"},
    ],
    ids=str,
)
def test_what_prefect_takes(right: JsonObject) -> None:
    """Null for what is optional, unknown names and templates in texts pass, and what is required may lack."""
    assert wrong(right) == []


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (
            {"memory": "3"},
            'job_variables.memory: expected an integer, found "3"; remove the quotes: 3',
        ),
        ({"env": {"A": 1}}, 'job_variables.env.A: expected a string, found 1; put it in quotes: "1"'),
        ({"image": None}, "job_variables.image: expected a string, found nothing; write a string"),
        (
            {"memory": "{{ $MEMORY }}"},
            f'job_variables.memory: expected an integer, found "{{{{ $MEMORY }}}}"; {TEMPLATE}',
        ),
        (
            {"password": "hunter2"},
            "job_variables.password: expected an integer, found a value that is not shown; write an integer",
        ),
    ],
    ids=str,
)
def test_what_prefect_refuses(written: JsonObject, text: str) -> None:
    """A wrong value is told at its place, of a live deployment too."""
    assert wrong(written) == wrong(written, live=True) == [text]


ODD: list[Any] = [
    None,
    {},
    {"variables": None},
    {"variables": {}},
    {"variables": []},
    {"variables": 3},
    [],
    "x",
]


@pytest.mark.parametrize("template", ODD, ids=str)
def test_a_pool_without_variables(template: Any) -> None:
    """It takes anything."""
    assert check({"memory": []}, of_pool({"name": "k8s", "base_job_template": template}), live=False) == ()
    assert check({"memory": []}, of_pool({"name": "k8s"}), live=False) == ()


UNUSABLE: list[tuple[JsonObject, str]] = [
    ({"type": "nope"}, '"nope" is not possible here in a JSON schema'),
    ({"properties": []}, "[] is not possible here in a JSON schema"),
    ({"properties": {"a": True}}, "Prefect wants a mapping here, even where JSON schema does not"),
    ({"properties": {"a": {"$ref": "#/x"}}}, 'it refers to "#/x", which is not in it'),
    ({"properties": {"a": {"$ref": "#/x", "default": 1}}}, 'it refers to "#/x", which is not in it'),
]


@pytest.mark.parametrize(("variables", "why"), UNUSABLE, ids=str)
def test_variables_that_cannot_be_used(variables: JsonObject, why: str) -> None:
    """No deployment can be made with them; one that is live can be changed."""
    what = f"job_variables: the variables of the work pool cannot be used: {why.replace('[]', 'a list')}"
    assert wrong({"a": 1}, variables) == [f"{what}; correct the pool's base job template"]
    assert wrong({"a": 1}, variables, live=True) == []


def test_a_default_that_cannot_be_checked() -> None:
    """Prefect then refuses whatever else is given."""
    variables: JsonObject = {"properties": {"a": {"$ref": "#/x", "default": 1}}}
    assert len(wrong({"b": 1}, variables)) == 1


def test_defaults() -> None:
    """The pool's right defaults stand beside the deployment's values; its wrong ones and blocks do not."""
    pair: JsonObject = {"b": {"properties": {"a": {"type": "string"}}}}
    for default, number in ((1, 1), ("x", 0)):
        one: JsonObject = {"properties": {"a": {"default": default}, "b": {}}, "dependentSchemas": pair}
        assert len(wrong({"b": 1}, one)) == number
    block: JsonObject = {"properties": {"a": {"default": {"$ref": {}}}, "b": {}}, "dependentSchemas": pair}
    assert wrong({"b": 1}, block) == []
    assert wrong({"b": 1}, {"properties": {"a": {"type": "integer", "default": "x"}}}) == []


def test_what_would_take_too_long_is_left_to_the_server() -> None:
    """It is no reason to refuse anything."""
    slow = "a" * 40 + "!"
    assert wrong({"a": slow}, {"properties": {"a": {"pattern": "^(a+)+$"}}}) == []
    assert wrong({"b": 1}, {"properties": {"a": {"pattern": "^(a+)+$", "default": slow}}}) == []
