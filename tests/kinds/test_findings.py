"""What a model refuses, in words for people."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from prefect_reconcile.kinds.findings import shown, translate, wrong
from prefect_reconcile.model import Finding


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Wheel(Closed):
    size_inches: int | None = None
    spokes: int | None = Field(default=None, ge=10, le=40)


def refuse_green(value: object) -> object:
    if value == "green":
        raise wrong("green is sold out", "choose blue")
    return value


class Bicycle(Closed):
    name: str
    colour: Annotated[str | None, BeforeValidator(refuse_green)] = None
    gears: int | None = Field(default=None, gt=0)
    weight: float | None = None
    lights: bool | None = None
    bags: list[str] | None = None
    notes: dict[str, str] | None = None
    brakes: Literal["disc", "rim"] | None = None
    wheels: list[Wheel] | None = None
    front_wheel: Wheel | None = None


def findings(value: dict[str, object]) -> tuple[Finding, ...]:
    with pytest.raises(ValidationError) as caught:
        Bicycle.model_validate(value)
    return translate(caught.value, Bicycle)


@pytest.mark.parametrize(
    ("key", "value", "what", "remedy"),
    [
        ("name", 1.0, "expected a string, found 1.0", 'put it in quotes: "1.0"'),
        ("name", True, "expected a string, found true", 'put it in quotes: "true"'),
        ("name", None, "expected a string, found nothing", "write a string"),
        ("name", ["x"], "expected a string, found a list", "write a string"),
        ("colour", "green", "green is sold out", "choose blue"),
        ("gears", 0, "has to be more than 0, found 0", "write a larger number"),
        ("gears", True, "expected a whole number, found true", "write a whole number"),
        ("gears", 3.0, "expected a whole number, found 3.0", "write a whole number"),
        ("gears", "3", 'expected a whole number, found "3"', "remove the quotes: 3"),
        ("gears", "three", 'expected a whole number, found "three"', "write a whole number"),
        ("weight", "light", 'expected a number, found "light"', "write a number"),
        ("lights", "yes", 'expected true or false, found "yes"', "write true or false"),
        ("lights", "true", 'expected true or false, found "true"', "remove the quotes: true"),
        ("bags", "left", 'expected a list, found "left"', 'write a list: ["left"]'),
        ("bags", {"left": "x"}, "expected a list, found a mapping", "write a list"),
        ("notes", [], "expected a mapping, found a list", "write a mapping, as in key: value"),
        ("brakes", "coaster", '"coaster" is not possible here', "write disc or rim"),
        ("front_wheel", "x", 'expected a mapping, found "x"', "write a mapping, as in key: value"),
    ],
)
def test_value(key: str, value: object, what: str, remedy: str) -> None:
    """A value that does not fit says what was expected, what was found, and what to write."""
    assert findings({"name": "b", key: value}) == (Finding((key,), what, remedy),)


def test_bounds_of_an_inner_value() -> None:
    """The path leads through lists and models."""
    assert findings({"name": "b", "wheels": [{"spokes": 5}, {"spokes": 99}]}) == (
        Finding(("wheels", 0, "spokes"), "has to be at least 10, found 5", "write a larger number"),
        Finding(("wheels", 1, "spokes"), "has to be at most 40, found 99", "write a smaller number"),
    )


def test_entry_of_a_list_and_of_a_mapping() -> None:
    """A wrong entry is named, not its list."""
    assert findings({"name": "b", "bags": ["x", 2], "notes": {"a": None}}) == (
        Finding(("bags", 1), "expected a string, found 2", 'put it in quotes: "2"'),
        Finding(("notes", "a"), "expected a string, found nothing", "write a string"),
    )


def test_missing_key() -> None:
    """A missing key is told as the last step of the path."""
    assert findings({}) == (Finding(("name",), "required key is missing", "add name: …"),)


INNER = "remove it; the keys here are size_inches, spokes"
OUTER = (
    "remove it; the keys here are"
    " bags, brakes, colour, front_wheel, gears, lights, name, notes, weight, wheels"
)


@pytest.mark.parametrize(
    ("path", "value", "remedy"),
    [
        (("colur",), {"colur": 1}, 'did you mean "colour"?'),
        (("front",), {"front": 1}, 'did you mean "front_wheel"?'),
        (("bicycle_name",), {"bicycle_name": 1}, 'did you mean "name"?'),
        (("spokes",), {"spokes": 1}, "move it into wheels"),
        (("zzz",), {"zzz": 1}, OUTER),
        (("wheels", 0, "spoke"), {"wheels": [{"spoke": 1}]}, 'did you mean "spokes"?'),
        (("wheels", 0, "name"), {"wheels": [{"name": 1}]}, INNER),
        (("front_wheel", "zzz"), {"front_wheel": {"zzz": 1}}, INNER),
    ],
)
def test_unknown_key(path: tuple[str | int, ...], value: dict[str, object], remedy: str) -> None:
    """A key that is not known is told with the likeliest one, with its place, or with all there are."""
    assert findings({"name": "b", **value}) == (
        Finding(path, "unknown key", remedy, on_key=True, stray=True),
    )


def test_error_without_words_of_ours() -> None:
    """What nobody has met yet is told in pydantic's words."""

    class Model(BaseModel):
        value: Annotated[str, Field(pattern="^a")]

    with pytest.raises(ValidationError) as caught:
        Model.model_validate({"value": "b"})
    assert translate(caught.value, Model) == (
        Finding(("value",), "string should match pattern '^a', found \"b\"", "correct it"),
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        ("é", '"é"'),
        (0.5, "0.5"),
        ([], "a list"),
        ({}, "a mapping"),
        ("x" * 99, '"' + "x" * 59 + "…"),
    ],
)
def test_shown(value: object, text: str) -> None:
    """A value in a message is short, and reads as in a file."""
    assert shown(value) == text


def test_a_secret_is_not_shown() -> None:
    """A value under a key that looks like that of a secret is in no message."""
    place = ("notes", "api_token")
    what = "expected a string, found a value that is not shown"
    assert findings({"name": "b", "notes": {"api_token": 4711}}) == (Finding(place, what, "write a string"),)
    assert shown(True, place) == "true"
