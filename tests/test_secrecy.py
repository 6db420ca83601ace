"""What is secret, by the name of a key or by the text itself. The names that are known are in `test_safe`."""

from __future__ import annotations

import base64
import logging
import sys
import threading
from collections.abc import Iterator
from json import dumps, loads
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote, quote_plus

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from prefect_reconcile.cli import output
from prefect_reconcile.secrecy import (
    MASK,
    begin,
    beside,
    hide,
    hide_json,
    is_secret,
    known,
    lend,
    masked,
    masked_identity,
)
from strategies import JSON


@pytest.fixture(autouse=True)
def _run() -> Iterator[None]:
    begin()
    yield
    begin()


# --- Names ---


def test_more_names_can_be_secret() -> None:
    """By patterns as for files, whatever the case."""
    names = ["DB_DSN_1", "licence", "LICENCE", "licences", "db_dsn", "x_DSN"]
    before = [is_secret((name,)) for name in names]
    begin(["*_dsn_[12]", "Licence"])
    assert before == [True, False, False, False, True, True]
    assert [is_secret((name,)) for name in names] == [True, True, True, False, True, True]
    begin()
    assert [is_secret((name,)) for name in names] == before


def test_a_name_that_only_resembles_one_can_be_secret() -> None:
    """What was declared counts more than what we know."""
    begin(["token_limit"])
    assert is_secret(("token_limit",))


P = "parameter_openapi_schema"


@pytest.mark.parametrize(
    ("steps", "secret"),
    [
        ((P, "properties", "password", "type"), False),
        ((P, "properties", "password", "title"), False),
        ((P, "properties", "password", "allOf", 0, "$ref"), False),
        ((P, "properties", "password", "default"), True),
        ((P, "properties", "password", "default", "a"), True),
        ((P, "properties", "password", "examples", 0), True),
        ((P, "properties", "password", "enum", 0), True),
        ((P, "properties", "password", "const"), True),
        ((P, "properties", "db", "default", "password"), True),
        ((P, "properties", "db", "properties", "password", "type"), False),
        ((P, "properties", "db", "properties", "password", "default"), True),
        ((P, "definitions", "Token", "properties", "a", "default"), True),
        ((P, "definitions", "Token", "title"), False),
        ((P, "$defs", "Token", "type"), False),
        ((P, "$defs", "Token", "properties", "default", "type"), False),
        ((P, "properties", "default", "type"), False),
        ((P, "properties", "day", "default"), False),
        ((P, "required", 0), False),
        (("parameters", P, "password"), True),
        (("parameters", "properties", "password"), True),
    ],
)
def test_a_schema_says_of_a_secret_what_everybody_may_read(steps: tuple[Any, ...], secret: bool) -> None:
    """But for its default, its examples and what it may be."""
    assert is_secret(steps) == secret


def test_a_schema_is_masked_as_that_in_a_whole_manifest() -> None:
    """Its defaults only."""
    schema: Any = {"properties": {"password": {"type": "string", "default": "x"}}, "required": ["password"]}
    assert masked({P: schema}) == {
        P: {"properties": {"password": {"type": "string", "default": MASK}}, "required": ["password"]}
    }


# --- Texts ---

SECRETS = [
    "p4ss w/rd%+'\"\\é",
    "ends with a break\n",
    "-----BEGIN KEY-----\nMIIEowIBAAKC\nAQEA7bqQ\n-----END KEY-----",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "spelled",
    [
        str,
        dumps,
        lambda text: dumps(text, ensure_ascii=False),
        repr,
        quote,
        lambda text: quote(text, safe=""),
        quote_plus,
        lambda text: quote(text).lower() if text.islower() else quote(text),
        lambda text: yaml.safe_dump({"a": text}, allow_unicode=True, width=999),
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
        lambda text: text.replace("%", "%25").replace("\n", "%0A"),
        lambda text: f"x{text.strip()}y",
    ],
)
def test_a_secret_is_hidden_however_it_is_spelled(secret: str, spelled: Any) -> None:
    """In JSON, Python, YAML, a URL, a header and a workflow command."""
    begin([], [secret])
    shown = hide(f"<{spelled(secret)}>")
    assert MASK in shown
    assert [word for word in ("p4ss", "w/rd", "é", "ends", "MIIE", "BEGIN", "AQEA") if word in shown] == []


def test_the_header_of_basic_auth_is_hidden() -> None:
    """It holds user and password in base64."""
    lend("me:hunter2", "hunter2")
    header = base64.b64encode(b"me:hunter2").decode()
    assert hide(f"Authorization: Basic {header}; me:hunter2, hunter2") == (
        f"Authorization: Basic {MASK}; {MASK}, {MASK}"
    )


@pytest.mark.parametrize(
    ("secrets", "text", "shown"),
    [
        (["abcd", "cdef"], "xabcdefx", f"x{MASK}x"),
        (["abcd", "abcdef"], "abcdef abcd", f"{MASK} {MASK}"),
        (["abab"], "ababab", MASK),
        (["abcdef", "bcde"], "abcdef.", f"{MASK}."),
        (["abcd "], "abcd.", f"{MASK}."),
        (["it's"], "'it''s'", f"'{MASK}'"),
        (["abc"], "YWJj", "YWJj"),
        (["abcd"], "abcdabcd", MASK),
        (["abcd", "xbcd", "bc"], "abcd bc", f"{MASK} bc"),
        (["default"], "the default", f"the {MASK}"),
        (["****"], MASK, MASK),
        (["abc", "", " "], "abc", "abc"),
        (["1234"], "1234, x1234y 12345 01234", f"{MASK}, x{MASK}y 12345 01234"),
        ([["abcd", {"a": 12345, "b": None, "c": True}]], "abcd 12345 true null", f"{MASK} {MASK} true null"),
        (["abcdefghij"], "abcdefg… abcd…, …fghij …hij …defgh", f"{MASK}… {MASK}…, …{MASK} …hij …defgh"),
        (["abcdefghij"], "abcdefg abcd.", "abcdefg abcd."),
        ([], "abcd…", "abcd…"),
    ],
)
def test_what_is_hidden_and_what_is_not(secrets: list[Any], text: str, shown: str) -> None:
    """All that overlaps goes; what is short, or only begins as a secret and was not cut there, stays."""
    begin([], secrets)
    assert hide(text) == shown


@given(st.lists(st.text("abc*", min_size=4, max_size=9), max_size=8), st.text("abc*\\ …", max_size=60))
def test_no_secret_is_left(secrets: list[str], text: str) -> None:
    """Wherever they are, and what is between them stays."""
    begin([], secrets)
    shown = hide(text)
    assert [one for one in secrets if one in shown.replace(MASK, "|")] == []
    if not any(one[:4] in text or one[-4:] in text for one in secrets):
        assert shown == text


def test_long_texts_take_their_time_only() -> None:
    """A hundred thousand times the same beginning, and a secret of which it is a part of."""
    begin([], ["a" * 500 + "b", *(f"{n:04}secret" for n in range(100))])
    assert hide("a" * 100_000) == "a" * 100_000


@given(JSON, st.lists(JSON, max_size=3))
def test_json_stays_json_of_the_same_shape(document: Any, secrets: list[Any]) -> None:
    """Whatever is secret, keys and numbers included."""
    begin([], secrets)

    def shape(one: Any) -> Any:
        match one:
            case dict():
                return {key: shape(inner) for key, inner in one.items()}
            case list():
                return [*map(shape, one)]
            case _:
                return 0

    for text in (dumps(document), dumps(document, ensure_ascii=False, indent=1)):
        assert shape(loads(hide_json(text))) == shape(document)


def test_values_of_json_are_hidden_and_its_keys_are_not() -> None:
    """A secret that is called as one of our keys breaks no reader."""
    begin([], ["hunter2", "fields", 1234, 'a"b\\c'])
    document = {"fields": ["fields", "is hunter2", 1234, -1234, 12345, 'a"b\\c', True, None], "hunter2": {}}
    assert loads(hide_json(dumps(document))) == {
        "fields": [MASK, f"is {MASK}", MASK, -1234, 12345, MASK, True, None],
        "hunter2": {},
    }
    begin()
    assert loads(hide_json(dumps(document))) == document


# --- Values ---


def test_values_that_are_secret_are_masked() -> None:
    """As a whole whatever their length, in parts from four characters on, and in keys."""
    begin([], ["hunter2", 7, "on", "x\ny", "", None, True])
    lend(None, "")
    one: Any = {
        "a": ["hunter2", "is hunter2", 7, "7", 7.0, 77, "on", "only", True, None, ""],
        "hunter2": 1,
        "hunter2 ": "x\ny",
        "on": {},
    }
    assert masked(one) == {
        "a": [MASK, f"is {MASK}", MASK, MASK, 7.0, 77, MASK, "only", True, None, ""],
        MASK: 1,
        f"{MASK} ": MASK,
        "on": {},
    }
    assert masked({"hunter2": 1, MASK: 2}) == {MASK: 1, f"{MASK}*": 2}


def test_what_authorises_can_be_left_out() -> None:
    """Where a value must not depend on it."""
    begin([], ["hunter2"])
    lend("pnu_123")
    one = {"a": ["hunter2", "pnu_123", "x pnu_123"]}
    assert (masked(one), masked(one, lent=False)) == (
        {"a": [MASK, MASK, f"x {MASK}"]},
        {"a": [MASK, "pnu_123", "x pnu_123"]},
    )
    assert masked_identity("a pnu_123") == f"a {MASK}"
    assert masked_identity('a pnu_123 {"b": "hunter2"}', lent=False) == f'a pnu_123 {{"b": "{MASK}"}}'


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("a", "hunter2", MASK),
        ("a", "b", "a"),
        (1, "hunter2", MASK),
        (None, "hunter2", None),
        (True, "is hunter2", True),
        ({"x": "a", "y": "b", "z": "c"}, {"x": "hunter2", "y": "b"}, {"x": MASK, "y": "b", "z": "c"}),
        (["a", "b", {"c": ["d", 1]}], ["a", "hunter2"], ["a", MASK, {"c": [MASK, MASK]}]),
        ("a", {"x": ["hunter2"]}, MASK),
        ("a", 1234, MASK),
    ],
)
def test_what_was_in_the_place_of_a_secret_is_masked(old: Any, new: Any, shown: Any) -> None:
    """Its predecessor is one too."""
    begin([], ["hunter2", 1234])
    assert beside(old, new) == shown


def test_what_is_remembered_of_texts_goes_with_what_is_known() -> None:
    """Something else stands for it after each change."""
    states = [known()]
    begin(["x"])
    states.append(known())
    lend("abcd")
    states.append(known())
    begin(["x"])
    states.append(known())
    assert len(set(states)) == 4


# --- On the way out ---


def test_all_that_is_written_is_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    """On stdout as text and as JSON, and on stderr, where nothing acts either."""
    begin([], ["hunter2", "two\nlines"])
    output.write("is hunter2\n", flush=True)
    output.write_json('{"hunter2": "hunter2"}\n')
    output.say("is hunter2\x1b\nand two\nlines\n")
    assert capsys.readouterr() == (
        f'is {MASK}\n{{"hunter2": "{MASK}"}}\n',
        f"is {MASK}\\x1b\nand {MASK}\n",
    )


def test_a_defect_is_told_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    """Its traceback, its causes, and what is logged without a handler."""
    begin([], ["hunter2"])
    hooks = (sys.excepthook, sys.unraisablehook, threading.excepthook)
    last = cast("Any", logging.lastResort)
    emit = last.emit
    try:
        output.guard()
        try:
            try:
                raise KeyError("hunter2")
            except KeyError as error:
                raise ValueError("not hunter2") from error
        except ValueError as error:
            sys.excepthook(ValueError, error, None)
            sys.unraisablehook(cast("Any", SimpleNamespace(exc_value=error)))
            threading.excepthook(cast("Any", SimpleNamespace(exc_value=error)))
            output.say_defect(error)
            last.handle(
                logging.LogRecord("x", 40, "", 1, "logged %s", ("hunter2",), (ValueError, error, None))
            )
    finally:
        sys.excepthook, sys.unraisablehook, threading.excepthook = hooks
        last.emit = emit
    out, err = capsys.readouterr()
    told = [line for line in err.splitlines() if MASK in line and not line.startswith(" ")]
    assert (out, "hunter2" in err) == ("", False)
    assert told == [
        *(f"KeyError: '{MASK}'", f"ValueError: not {MASK}") * 4,
        f"logged {MASK}",
        *(f"KeyError: '{MASK}'", f"ValueError: not {MASK}"),
    ]
