"""Filling placeholders in native manifests, and what is wrong with some."""

from __future__ import annotations

import pytest

from prefect_reconcile.loader.drafts import fill
from prefect_reconcile.loader.placeholders import Values, unfilled
from prefect_reconcile.model import Filled, Json

VALUES = Values(
    {"n": 3, "yes": True, "none": None, "list": [1], "text": "t", "empty": ""},
    {"ENV": "e", "NOTHING": "", "n": "9"},
)


def filled(text: Json) -> Json:
    """A value with its placeholders filled, of which nothing may be wrong."""
    found = fill({"x": text}, VALUES)["x"]
    assert list(unfilled(found)) == []
    return found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ $n }}", 3),
        ("{{$yes}}", True),
        ("{{ $none }}", None),
        ("{{ $list }}", [1]),
        ("{{ $ENV }}", "e"),
        ("a-{{ $ENV }}-{{ $text }}", "a-e-t"),
        ("{{ $n }}{{ $n }}", "33"),
        ("debug={{ $yes }}", "debug=true"),
        ("x={{ $none }}", "x=null"),
        ("{{ $GONE:-d }}", "d"),
        ("{{ $GONE:- a b }}", " a b"),
        ("{{ $GONE:-a}b }}", "a}b"),
        ("{{ $GONE:-}}", ""),
        ("{{ $ENV:-d }}", "e"),
        ("{{ $NOTHING }}", ""),
        ("{{ $NOTHING:-d }}", "d"),
        ("{{ $empty:-d }}", "d"),
        ("{{ $none:-d }}", None),
        ("{{ prefect.blocks.secret.x }}", "{{ prefect.blocks.secret.x }}"),
        ("{{ n }}", "{{ n }}"),
        ("{{ x", "{{ x"),
        ("{{ $text }} and {{ n }}", "t and {{ n }}"),
        (["{{ $n }}", {"a": "{{ $text }}"}], [3, {"a": "t"}]),
    ],
)
def test_what_is_put_in(text: Json, value: Json) -> None:
    """A whole value keeps its type; within text it is spelled as in JSON; what is none of ours stays."""
    assert filled(text) == value


def test_what_has_no_type() -> None:
    """The environment, and defaults, know only text: that may stand for a number or a boolean."""
    texts = ["{{ $ENV }}", "{{ $GONE:-3 }}", "{{ $text }}", "{{ $ENV }}x"]
    assert [isinstance(filled(text), Filled) for text in texts] == [True, True, False, False]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{{ $GONE }}", "GONE is set neither as a value nor in the environment"),
        ("a {{ $list }}", "{{ $list }} is more than one value, and stands within text"),
        ("{{ $n | upper }}", "'{{ $n | upper ' begins a placeholder that is malformed"),
        ("{{ $n:= 3 }}", "'{{ $n:= 3 ' begins a placeholder that is malformed"),
        ("{{ $n", "'{{ $n' begins a placeholder that is malformed"),
        ("{{ $ }}", "'{{ $ ' begins a placeholder that is malformed"),
        ("{{ $text }} {{ $ a }}", "'{{ $ a ' begins a placeholder that is malformed"),
    ],
)
def test_what_cannot_be_filled(text: str, what: str) -> None:
    """Never left as it is, and never deleted."""
    (finding,) = unfilled(fill({"x": text}, VALUES)["x"], ("x",))
    assert (finding.path, finding.what) == (("x",), what)


def test_a_long_text_of_openings_takes_no_time() -> None:
    """A pattern that looked for the end of each would take hours."""
    (finding,) = unfilled(fill({"x": "{{ $a:-" * 100_000}, VALUES)["x"])
    assert finding.what.endswith("begins a placeholder that is malformed")
    assert filled("{{a:-" + " " * 100_000) == "{{a:-" + " " * 100_000


def test_who_was_asked_for_is_known() -> None:
    """So that a name that is given and never used can be told."""
    values = Values({"a": 1, "b": 2})
    fill({"x": "{{ $a }}", "y": "{{ $c:-d }}"}, values)
    assert values.used == {"a", "c"}
