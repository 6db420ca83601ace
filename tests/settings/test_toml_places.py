"""Where the keys of a TOML text stand: by example, against `tomllib`, and of texts that are no TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from prefect_reconcile.settings.toml_places import MAX_DEPTH, Places, TooDeepError

TEXT = """\
top = 1 # a comment = [
"quoted key" . 'other' = [1,  # a list over several lines, with "]" in it
  { inner.one = "x]" },
]
[table]
lines = \"\"\"
[no.table]
key = 1\"\"\"\"
[[items]]
n = 1
[[ items ]]
n = 1979-05-27 07:32:00
[items.sub.'a.b']
[table.later]
e\u0301 = 1
"""

# Path → line and column of its key and of its value.
PLACES: dict[tuple[str | int, ...], tuple[tuple[int, int], tuple[int, int]]] = {
    ("top",): ((1, 1), (1, 7)),
    ("quoted key",): ((2, 1), (2, 1)),
    ("quoted key", "other"): ((2, 16), (2, 26)),
    ("quoted key", "other", 0): ((2, 27), (2, 27)),
    ("quoted key", "other", 1): ((3, 3), (3, 3)),
    ("quoted key", "other", 1, "inner", "one"): ((3, 11), (3, 17)),
    ("table",): ((5, 2), (5, 2)),
    ("table", "lines"): ((6, 1), (6, 9)),
    ("items",): ((9, 3), (9, 3)),
    ("items", 0): ((9, 3), (9, 3)),
    ("items", 0, "n"): ((10, 1), (10, 5)),
    ("items", 1): ((11, 4), (11, 4)),
    ("items", 1, "n"): ((12, 1), (12, 5)),
    ("items", 1, "sub"): ((13, 8), (13, 8)),
    ("items", 1, "sub", "a.b"): ((13, 12), (13, 12)),
    ("table", "later"): ((14, 8), (14, 8)),
}


@pytest.mark.parametrize("path", PLACES)
def test_places(path: tuple[str | int, ...]) -> None:
    """Headers, dotted and quoted keys, lists over lines, texts over lines, tables in braces."""
    places = Places(TEXT)
    assert (places.find(path, key=True), places.find(path)) == PLACES[path]


def test_carriage_returns() -> None:
    """They move nothing."""
    places = Places(TEXT.replace("\n", "\r\n"))
    assert Places("a = [\r\n  1]\r\n").find(("a", 0)) == (2, 3)
    assert {path: (places.find(path, key=True), places.find(path)) for path in PLACES} == PLACES


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        (("table", "none"), (5, 2)),
        (("items", 1, "none"), (11, 4)),
        (("items", 2), (9, 3)),
        (("top", "none", 1), (1, 7)),
        (("no",), None),
        ((), None),
    ],
)
def test_what_is_missing(path: tuple[str | int, ...], nearest: tuple[int, int] | None) -> None:
    """It has the place of its nearest ancestor; the text as a whole has none."""
    places = Places(TEXT)
    assert places.nearest(path) == nearest
    assert places.find(path) is None or path == ()


def test_the_own_header_is_the_place() -> None:
    """Not that of a table below it, though that comes first."""
    assert Places("[a.b]\nc = 1\n[a]\nd = 1\n").find(("a",)) == (3, 2)


def test_braces_over_lines() -> None:
    """TOML 1.1 allows what 1.0 did not."""
    assert Places("a = {\n b = 1\n, c = 2,\n}").find(("a", "c"), key=True) == (3, 3)


def test_the_end() -> None:
    """Behind the last character."""
    assert (Places("a = 1\nb").end, Places("").end) == ((2, 2), (1, 1))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a = " + "[" * 10**6, (1, 5 + MAX_DEPTH)),
        ("\n[" + "a." * MAX_DEPTH + "a]", (2, 2 + 2 * MAX_DEPTH)),
        ("a." * 500_000 + "a = 1", (1, 1 + 2 * MAX_DEPTH)),
        ("a = " + "{a = " * 1000, (1, 5 * MAX_DEPTH + 1)),
    ],
)
def test_too_deep(text: str, place: tuple[int, int]) -> None:
    """Told at the step that is too much."""
    with pytest.raises(TooDeepError) as caught:
        Places(text)
    assert (caught.value.line, caught.value.column) == place


def test_deep_enough() -> None:
    """One less is read."""
    lists = MAX_DEPTH - 1
    places = Places("a = " + "[" * lists + "1" + "]" * lists)
    assert places.find(("a", *[0] * lists)) == (1, 5 + lists)


# --- Against tomllib ---

LITERALS: dict[str, Any] = {
    "1": 1,
    "-2.5": -2.5,
    "true": True,
    '"a # [b] = {"': "a # [b] = {",
    r'"q \" \\"': 'q " \\',
    "'it\"s'": 'it"s',
    '""': "",
    "''": "",
    '"""\n[x]\ny = 1 """': "[x]\ny = 1 ",
    r'''"""a""b\""" """''': 'a""b""" ',
    '"""end""\\\n  """': 'end""',
    '"""quote""""': 'quote"',
    "'''\nx = ]\n'''": "x = ]\n",
    "'''it''s''''": "it''s'",
}

KEYS = {"a": "a", "b-1": "b-1", "1": "1", '"c d"': "c d", "'e.f'": "e.f", r'"\u0067"': "g", '""': ""}

_KEY = st.lists(st.sampled_from(sorted(KEYS)), min_size=1, max_size=3).map(" . ".join)
_LINE_ENDS = st.sampled_from(["", " ", "\n", " # ]\n", "\n\n\t"])


def _list(items: list[str], end: str) -> str:
    return "[" + end + f"{end},{end}".join(items) + end + "]"


def _braces(pairs: list[tuple[str, str]]) -> str:
    return "{ " + ", ".join(f"{key} = {value}" for key, value in pairs) + " }"


_VALUE = st.recursive(
    st.sampled_from(sorted(LITERALS)),
    lambda inner: (
        st.builds(_list, st.lists(inner, max_size=3), _LINE_ENDS)
        | st.lists(st.tuples(_KEY, inner), max_size=2).map(_braces)
    ),
    max_leaves=5,
)
_STATEMENT = (
    st.builds("{} = {}".format, _KEY, _VALUE)
    | _KEY.map("[ {} ] # x".format)
    | _KEY.map("[[{}]]".format)
    | st.sampled_from(["", "# [a]", "\t"])
)


def _document(statements: list[str]) -> str:
    """The statements, without those that do not fit those before them."""
    text = ""
    for statement in statements:
        try:
            tomllib.loads(f"{text}{statement}\n")
        except tomllib.TOMLDecodeError:
            continue
        text += f"{statement}\n"
    return text


def _paths(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], object]]:
    if path:
        yield path, value
    match value:
        case dict():
            for key, one in value.items():
                yield from _paths(one, (*path, key))
        case list():
            for index, one in enumerate(value):
                yield from _paths(one, (*path, index))


def test_literals_and_keys() -> None:
    """They are TOML and mean what is said, or the next test would leave them out."""
    for literal, value in LITERALS.items():
        assert tomllib.loads(f"a = {literal}") == {"a": value}
    for key, name in KEYS.items():
        assert tomllib.loads(f"{key} = 1") == {name: 1}


@given(st.lists(_STATEMENT, max_size=8).map(_document))
def test_as_tomllib(text: str) -> None:
    """Each path that it finds stands where its key, and if it is a scalar its value, is written."""
    places, lines = Places(text), text.split("\n")
    assume(text)

    def at(place: tuple[int, int] | None) -> str:
        assert place is not None
        line, column = place
        return "\n".join(lines[line - 1 :])[column - 1 :]

    for path, value in _paths(tomllib.loads(text)):
        key, written = at(places.find(path, key=True)), at(places.find(path))
        if isinstance(path[-1], str):
            assert any(key.startswith(one) for one, name in KEYS.items() if name == path[-1])
        if not isinstance(value, (dict, list)):
            assert any(written.startswith(one) for one, meant in LITERALS.items() if meant == value)


def test_key_with_an_escape_that_is_none() -> None:
    """It has a name all the same, for `tomllib` to refuse."""
    assert Places('"\\q" = 1').find(('"\\q"',)) == (1, 8)


@given(st.text("a.=[]{}\"'\\#, \t\r\n1", max_size=60))
def test_any_text(text: str) -> None:
    """No text is too much, and of one that happens to be TOML every path is found."""
    places = Places(text)
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert all(places.find(path) for path, _ in _paths(value))
