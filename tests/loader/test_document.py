"""Positioned YAML: values, positions, problems, and what hostile texts cost."""

from __future__ import annotations

import codecs
import datetime
import gc
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic_core import to_jsonable_python

from prefect_reconcile.loader import document, nodes
from prefect_reconcile.loader.document import parse
from prefect_reconcile.model import Json, Key, Path, Problem, Source

if TYPE_CHECKING:
    from collections.abc import Iterator


def values(text: str) -> list[Json]:
    """The data of the documents of a text, which must have no problems."""
    documents, problems = parse("f.yaml", text.encode())
    assert problems == []
    return [found.value for found in documents]


def value(text: str) -> Json:
    """The data of a text of one document."""
    (found,) = values(text)
    return found


def problems(text: str | bytes) -> list[str]:
    """The problems of a text that has some, as people see them, without the name of the file."""
    data = text if isinstance(text, bytes) else text.encode()
    found = [str(problem) for problem in parse("f.yaml", data)[1]]
    assert found
    return [line.removeprefix("f.yaml:") for line in found]


def place(text: str, *path: str | int, key: bool = False) -> str:
    """`line:column` of a path in a text of one document."""
    (found,) = parse("f.yaml", text.encode())[0]
    source = found.locate(path, key=key)
    return f"{source.line}:{source.column}"


# Values


def test_a_manifest_is_plain_data() -> None:
    """Texts, numbers, booleans, null, lists and mappings, in block and in flow style."""
    text = """\
name: nightly
paused: no
limit: 3
ratio: 0.5
queue: ~
description: |
  Two
  lines
tags: [finance, "007"]
schedules:
  - {cron: "0 2 * * *", active: true}
"""
    assert value(text) == {
        "name": "nightly",
        "paused": False,
        "limit": 3,
        "ratio": 0.5,
        "queue": None,
        "description": "Two\nlines\n",
        "tags": ["finance", "007"],
        "schedules": [{"cron": "0 2 * * *", "active": True}],
    }


def test_documents_keep_their_order_and_their_file() -> None:
    """A file can hold several; each knows the name of the file as the user wrote it."""
    documents, _ = parse("d/f.yaml", b"a\n---\nb\n")
    assert [(found.file, found.value) for found in documents] == [("d/f.yaml", "a"), ("d/f.yaml", "b")]


@pytest.mark.parametrize("text", ["", "\n\n", "# a comment\n", "---\n", "---\n---\n# x\n...\n", "\ufeff"])
def test_an_empty_document_is_none(text: str) -> None:
    """It is no problem either: whether a set of manifests may be empty is not decided here."""
    assert values(text) == []


def test_a_written_null_is_a_document() -> None:
    """Someone wrote it, so someone can be told that it is not a manifest."""
    assert values("null\n---\n~\n---\n''\n") == [None, None, ""]


SCALARS = """\
y yes No on OFF true TRUE tRue null Null ~ nULL 0 -0 +1 1_000 010 08 0o17 0x1F 0b101 1:30 190:20:30 -1:30
1. .5 1e3 1.5e3 1.5e+3 1_0.5 1:30.5 -.5 6.02e-23 12345678901234567890123 '1' "yes" a.b 12:00 2024-1-1 1,5 -- +
"""
TAGGED = (
    "!!str 1",
    "!!int '3'",
    "!!float 1",
    "!!bool 'yes'",
    "!!null ''",
    "! 5",
    ">\n a\n b\n",
    "|-\n a\n",
    "",
)


@pytest.mark.parametrize("text", [*SCALARS.split(), *TAGGED])
def test_scalars_mean_what_they_mean_to_prefect(text: str) -> None:
    """Prefect reads `prefect.yaml` with PyYAML's safe loader, YAML 1.1 and all; types are the same too."""
    assert repr(value(f"v: {text}")) == repr(yaml.safe_load(f"v: {text}"))


@pytest.mark.parametrize("text", ["=", "<<"])
def test_signs_without_a_value_are_texts(text: str) -> None:
    """PyYAML fails on them, and nothing else can be meant."""
    assert value(f"v: {text}") == {"v": text}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-01", "2024-01-01"),
        ("2024-01-01T02:03:04Z", "2024-01-01T02:03:04Z"),
        ("2024-01-01T02:03:04+00:00", "2024-01-01T02:03:04Z"),
        ("2024-01-01 02:03:04", "2024-01-01T02:03:04"),
        ("2024-01-01 2:03:04.5 +5:30", "2024-01-01T02:03:04.500000+05:30"),
        ("2024-01-01t02:03:04.000001-00:30", "2024-01-01T02:03:04.000001-00:30"),
    ],
)
def test_moments_are_texts(text: str, expected: str) -> None:
    """In the spelling that Prefect's client gives them when it sends a deployment (pydantic's JSON mode)."""
    assert value(f"v: {text}") == {"v": expected}


# YAML writes the distance to UTC in minutes, which leaves out some zones of a hundred years ago.
ZONES = st.integers(-1439, 1439).map(lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes)))


@settings(deadline=None)
@given(st.datetimes() | st.datetimes(timezones=ZONES) | st.dates())
@example(datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC))
def test_moments_are_spelled_as_pydantic_spells_them(moment: datetime.date) -> None:
    """Prefect's client sends parameters in pydantic's JSON mode."""
    text = yaml.safe_dump({"v": moment})
    assert value(text) == to_jsonable_python(yaml.safe_load(text))


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    """Windows editors add one; positions do not count it."""
    assert place("\ufeffa: 1\n", "a", key=True) == "1:1"
    assert value("\ufeffa: 1\n") == {"a": 1}


# Anchors, aliases and merge keys


def test_an_alias_is_its_anchor_again() -> None:
    """For scalars, keys and collections."""
    text = "a: &a [1, 2]\nb: &b x\nc: [*a, *b]\n*b : *a\n"
    assert value(text) == {"a": [1, 2], "b": "x", "c": [[1, 2], "x"], "x": [1, 2]}


def test_merge_keys_take_in_mappings() -> None:
    """Own keys win, wherever they stand; of several mappings the first wins; merges can be chained."""
    text = """\
x: &x {a: x, b: x}
y: &y {b: y, c: y}
one: {<<: *x, b: own}
late: {b: own, <<: *x}
list: {<<: [*x, *y]}
chain: &chain {<<: *y, d: chain}
end: {<<: [*chain, *x], e: end}
inline: {<<: {a: 1}}
"""
    found = value(text)
    assert found == yaml.safe_load(text)
    assert isinstance(found, dict)
    assert found["list"] == {"b": "x", "c": "y", "a": "x"}
    assert found["end"] == {"a": "x", "b": "y", "c": "y", "d": "chain", "e": "end"}


def test_a_quoted_merge_key_is_a_key() -> None:
    """Quotes make a text of everything."""
    assert value('"<<": 1') == {"<<": 1}


@pytest.mark.parametrize("found", ["1", "[1, {}]", ""])
def test_a_merge_needs_mappings(found: str) -> None:
    """The problem is at the merge key."""
    shape = "a list" if found.startswith("[") else "a scalar"
    what = f"<< needs a mapping or a list of mappings, not {shape}"
    assert problems(f"a:\n  <<: {found}\n") == [
        f'2:3: a["<<"]: {what}; name an anchored mapping, as in <<: *common'
    ]


def test_an_alias_within_its_anchor_is_a_problem() -> None:
    """In a list, a mapping and a merge, all at once."""
    remedy = "an alias within its own anchor has no end; write the value out"
    assert problems("a: &a [1, *a]\nb: &b {c: *b}\nc: &c\n  <<: *c\n") == [
        f"1:4: a[1]: {remedy}",
        f"2:8: b.c: {remedy}",
        f'4:3: c["<<"]: {remedy}',
    ]


# Positions

PLACES = """\
# comment
name: nightly
schedules:
  - cron: "0 2 * * *"
    timezone: {name: é, zone: Paris}
empty:
base: &base
  tag: x
merged:
  <<: [*base, {more: 1}]
  own: 1
"again": *base
"""


@pytest.mark.parametrize(
    ("path", "of_value", "of_key"),
    [
        ((), "2:1", "2:1"),
        (("name",), "2:7", "2:1"),
        (("schedules",), "4:3", "3:1"),
        (("schedules", 0), "4:5", "4:5"),
        (("schedules", 0, "cron"), "4:11", "4:5"),
        (("schedules", 0, "timezone", "zone"), "5:31", "5:25"),
        (("empty",), "6:7", "6:1"),
        (("merged", "own"), "11:8", "11:3"),
        (("merged", "tag"), "8:8", "8:3"),
        (("merged", "more"), "10:22", "10:16"),
        (("again", "tag"), "8:8", "8:3"),
        (("again",), "7:7", "12:1"),
        (("none",), "2:1", "2:1"),
        (("schedules", 0, "corn", 3), "4:5", "4:5"),
        (("schedules", 1), "4:3", "4:3"),
        (("schedules", -1), "4:3", "4:3"),
        (("schedules", "x"), "4:3", "4:3"),
        (("name", 0), "2:7", "2:7"),
        (("merged", "none"), "10:3", "10:3"),
    ],
)
def test_a_path_is_located(path: tuple[str | int, ...], of_value: str, of_key: str) -> None:
    """The value or its key; what does not exist is at its nearest ancestor."""
    assert (place(PLACES, *path), place(PLACES, *path, key=True)) == (of_value, of_key)


def test_a_step_by_identity_ends_at_its_list() -> None:
    """Which entry has an identity is not known here."""
    (found,) = parse("f.yaml", PLACES.encode())[0]
    path: Path = ("schedules", Key("nightly"), "cron")
    assert found.locate(path) == Source("f.yaml", 4, 3)


def test_later_documents_count_lines_from_the_top_of_the_file() -> None:
    """As editors do."""
    _, second = parse("f.yaml", b"a: 1\n---\nb: 1\n")[0]
    assert second.locate(("b",)) == Source("f.yaml", 3, 4)


def test_the_merged_mapping_that_wins_is_located() -> None:
    """Its own entry, else the first of the list, and its merges before the next."""
    text = "a: &a\n  x: 1\nb: &b\n  <<: *a\nc: &c\n  x: 2\nd:\n  <<: [*b, *c]\n"
    assert place(text, "d", "x") == "2:6"


def test_a_chain_of_ten_thousand_merges_is_located() -> None:
    """Lookup does not recurse, and visits a mapping once even when each is merged twice."""
    links = [f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}\n" for i in range(1, 10_000)]
    assert place("a0: &a0 {}\n" + "".join(links), "a9999", "x") == "10000:8"


# Problems of values


def test_keys_must_be_texts() -> None:
    """YAML reads some words as something else; the remedy is to quote them."""
    text = "on: 1\nNo: 1\n1: 1\n~: 1\n1.5: 1\n2024-01-01: 1\n!!binary aGk=: 1\n"
    assert problems(text) == [
        '1:1: the key on is read as true or false; quote it: "on"',
        '2:1: the key No is read as true or false; quote it: "No"',
        '3:1: the key 1 is read as an integer; quote it: "1"',
        '4:1: the key ~ is read as null; quote it: "~"',
        '5:1: the key 1.5 is read as a finite number; quote it: "1.5"',
        '6:1: the key 2024-01-01 is read as a date or time; quote it: "2024-01-01"',
        "7:1: the tag !!binary is not supported; write plain YAML without the tag",
    ]


def test_a_key_cannot_be_empty() -> None:
    """A question mark alone has a null key."""
    assert problems("a:\n  ? \n  : 1\n") == ["2:4: a: the key is empty; write a key before the colon"]


def test_unquoted_braces_are_explained() -> None:
    """The commonest way to get a mapping as a key."""
    remedy = "write a text as the key; quote a value that begins with {{ or ["
    assert problems("image: {{ tag }}\n") == [f"1:9: image: a mapping cannot be a key; {remedy}"]


def test_duplicate_keys_name_the_first() -> None:
    """Each of them, in every mapping; a merged key is no duplicate."""
    text = "a: 1\nb:\n  c: &c {x: 1}\n  c: 2\na: 3\nd: {<<: *c, x: 2}\na: 4\n"
    assert problems(text) == [
        "4:3: b.c: duplicate key, the first is in line 3; remove one of the two",
        "5:1: a: duplicate key, the first is in line 1; remove one of the two",
        "7:1: a: duplicate key, the first is in line 1; remove one of the two",
    ]


def test_a_second_merge_key_is_a_duplicate() -> None:
    """PyYAML lets the last win, and a list of merges the first: a reader cannot know."""
    assert problems("a: &a {x: 1}\nb: {<<: *a, <<: *a}\n") == [
        '2:13: b["<<"]: duplicate key, the first is in line 2; merge a list: <<: [*a, *b]'
    ]


def test_duplicates_beside_other_bad_keys() -> None:
    """Neither hides the other."""
    assert problems("a: 1\n? [a]\n: 1\na: 2\n") == [
        "2:3: a list cannot be a key; write a text as the key; quote a value that begins with {{ or [",
        "4:1: a: duplicate key, the first is in line 1; remove one of the two",
    ]


@pytest.mark.parametrize(
    ("text", "shown", "name"),
    [
        (".nan", ".nan", "a finite number"),
        ("-.inf", "-.inf", "a finite number"),
        ("1.0e+999", "1.0e+999", "a finite number"),
        ("1" + ":00" * 300 + ".5", "1" + ":00" * 12 + ":0…", "a finite number"),
        ("1" * 1001, "1" * 39 + "…", "an integer"),
        ("0x" + "f" * 1001, "0x" + "f" * 37 + "…", "an integer"),
        ("0b_", "0b_", "an integer"),
        ("!!int abc", "abc", "an integer"),
        ("!!int ''", "", "an integer"),
        ("!!float x", "x", "a finite number"),
        ("!!bool maybe", "maybe", "true or false"),
        ("!!null x", "x", "null"),
        ("!!timestamp x", "x", "a date or time"),
        ("2024-02-30", "2024-02-30", "a date or time"),
        ("2024-01-01 00:00:00+99:00", "2024-01-01 00:00:00+99:00", "a date or time"),
    ],
)
def test_what_json_cannot_hold_is_a_problem(text: str, shown: str, name: str) -> None:
    """And so is what only looks like a value of its type."""
    assert problems(f"v: {text}\n") == [
        f"1:4: v: {shown} cannot be read as {name}; correct it, or write it as a quoted text"
    ]


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("!!binary aGk=", "!!binary"),
        ("!!set {x, y}", "!!set"),
        ("!!omap [a: 1]", "!!omap"),
        ("!!pairs [a: 1]", "!!pairs"),
        ("!!python/object/apply:os.system [id]", "!!python/object/apply:os.system"),
        ("!vault x", "!vault"),
        ("!<tag:example.com,2024:x> {}", "tag:example.com,2024:x"),
        ("!%1b%5b31m x", "!\\x1b[31m"),
    ],
)
def test_other_tags_are_refused(text: str, tag: str) -> None:
    """On scalars, lists and mappings; the name is made safe for a terminal."""
    assert problems(f"v: {text}\n") == [
        f"1:4: v: the tag {tag} is not supported; write plain YAML without the tag"
    ]


@pytest.mark.parametrize(
    ("text", "tag", "shape"),
    [
        ("!!str [a]", "!!str", "a list"),
        ("!!int {a: 1}", "!!int", "a mapping"),
        ("!!map [a]", "!!map", "a list"),
        ("!!seq {a: 1}", "!!seq", "a mapping"),
        ("!!map x", "!!map", "a scalar"),
    ],
)
def test_a_tag_must_fit(text: str, tag: str, shape: str) -> None:
    """PyYAML would raise an error without a place."""
    assert problems(f"v: {text}\n") == [f"1:4: v: the tag {tag} does not fit {shape}; remove the tag"]


def test_all_problems_of_a_file_come_at_once() -> None:
    """Of every document, of keys and of what is below a refused tag; whole documents are still there."""
    text = "a: .nan\n---\nb: 1\n---\nc: !x {d: .inf}\nyes: !y z\n---\ne: [\n"
    documents, found = parse("f.yaml", text.encode())
    assert [kept.value for kept in documents] == [{"b": 1}]
    assert [f"{problem.source.line}:{problem.source.column} {problem.path}" for problem in found] == [
        "1:4 a",
        "5:4 c",
        "5:11 c.d",
        "6:1 ",
        "6:6 yes",
        "8:5 ",
    ]


def test_places_follow_every_line_break_of_yaml() -> None:
    """A carriage return alone is one, and so are those of Unicode."""
    found = [parse("f.yaml", text)[1][0].source for text in (b"a: b\rc: \xff", "a: 1\x85b: 'x".encode())]
    assert [(one.line, one.column) for one in found] == [(2, 4), (2, 4)]


# Problems of the text

TAB = "a tab in the indentation; indent with spaces"
COLON = 'a colon is not expected here; quote a text that contains ": ", or correct the indentation'
MISFIT = "the text does not fit what is above; correct the indentation, or quote the whole value"
QUOTE = "a quoted text has no end; add the closing quote"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a:\n\tb: 1\n", f"2:1: {TAB}"),
        ("a:\n  b: 1\n\tc: 2\n", f"3:1: {TAB}"),
        ("a: b: c\n", f"1:5: {COLON}"),
        ("a: 1\n b: 2\n", f"2:3: {COLON}"),
        ("a:\n    b: 1\n  c: 2\n", f"3:3: {MISFIT}"),
        ("a: {{ x }} y\n", f"1:12: {MISFIT}"),
        ("a: 'x' y\n", f"1:8: {MISFIT}"),
        ("a: 'x\nb: 1\n", f"1:4: {QUOTE}"),
        ('a: "x\n---\nb: 1\n', f"1:4: {QUOTE}"),
        ("a: [1, 2\nb: 1\n", "1:4: a list in brackets lacks a comma or its ]; add what is missing"),
        ("a: {b: 1\nc: 2\n", "1:4: a mapping in braces lacks a comma or its }; add what is missing"),
        ("a: @x\n", "1:4: a value cannot begin with @; quote the value"),
        ("a: *x\n", "1:4: the alias has no anchor before it; quote a text that begins with *"),
        ("a: */5 * *\n", "1:4: an alias or anchor has no name; quote a text that begins with * or &"),
        ("a: !x!y z\n", "1:4: the tag is not supported; quote a text that begins with !"),
        ("a: &x 1\nb: &x 2\n", "2:4: the anchor is defined twice; rename one of the two"),
        ('a: "\\d"\n', "1:5: the escape is unknown; double the backslash, or use single quotes"),
        ('a: "\\ud83d\\ude00"\n', "1:7: the escape is not a character; write the character itself"),
        ("a: 1\nb\n", '2:1: a key has no colon; write "key: value", or correct the indentation'),
        (
            "a: - b\n",
            "1:4: a list item is not expected here; begin the list on the next line, or quote the text",
        ),
        ("- a\nb: 1\n", "2:1: the text is not an item of the list above; correct the indentation"),
        ("a\n...\nb\n", '3:1: a text follows the end of the document; begin the next document with "---"'),
        ("a: [", "1:5: a value is missing; write it, or remove what announces it"),
        ("%YAML 2.0\n---\na\n", "1:1: found incompatible YAML document; correct the YAML syntax"),
        (
            "é: a\nb: é\x07\n",
            "2:5: the character U+0007 is not allowed in YAML; remove it, or escape it in double quotes",
        ),
    ],
)
def test_syntax_errors_are_explained(text: str, expected: str) -> None:
    """Where it is, what it is and what to do, in words that do not come from a parser."""
    assert problems(text) == [expected]


def test_a_file_must_be_utf_8() -> None:
    """The place is that of the first wrong byte, in characters."""
    assert problems("é: 1\r\nö: ".encode() + b"\xe9\n") == [
        "2:4: the byte 0xe9 is not UTF-8; save the file as UTF-8"
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_other_encodings_are_refused(encoding: str) -> None:
    """YAML allows them, but Prefect would not read the same file."""
    assert parse("f.yaml", "a: 1".encode(encoding)) == (
        [],
        [Problem(Source("f.yaml"), "", "the file is encoded as UTF-16 or UTF-32", "save it as UTF-8")],
    )


WITHOUT_LIBYAML = """
import json, sys
sys.modules["yaml._yaml"] = None
from prefect_reconcile.loader.document import parse
documents, problems = parse("f.yaml", sys.stdin.buffer.read())
print(json.dumps([[found.value, str(found.locate(("schedules", 0, "cron")))] for found in documents]))
print(*problems, sep="\\n")
"""


def test_libyaml_is_not_necessary() -> None:
    """PyYAML's own parser gives the same data, positions and problems."""
    text = f"{PLACES}---\n[{'[' * 100}\n"
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_LIBYAML], input=text.encode(), capture_output=True, check=True
    )
    expected = json.dumps([[value(PLACES), "f.yaml:4:11"]])
    assert done.stdout.decode().splitlines() == [
        expected,
        "f.yaml:14:100: nested more than 100 levels deep; flatten the structure",
    ]


# Limits


def test_a_file_can_be_too_large() -> None:
    """It is refused unread."""
    assert parse("f.yaml", b" " * document.MAX_BYTES) == ([], [])
    assert parse("f.yaml", b" " * document.MAX_BYTES + b" ") == (
        [],
        [Problem(Source("f.yaml"), "", "the file is larger than 10 MiB", "split it into several files")],
    )


def test_nesting_has_a_limit() -> None:
    """A hundred levels, the innermost value among them; and so it is for aliases."""
    assert json.dumps(value("[" * 99 + "x" + "]" * 99)).count("[") == 99
    assert problems("[" * 100 + "x" + "]" * 100) == [
        "1:100: nested more than 100 levels deep; flatten the structure"
    ]


def test_aliases_cannot_nest_deeper() -> None:
    """The limit is the same as for text that is written out; the place is that of the anchor."""
    a = "- &a " + "[" * 60 + "x" + "]" * 60 + "\n"
    assert json.dumps(value(a + "- " + "[" * 38 + "*a" + "]" * 38)).count("[") == 1 + 60 + 38 + 60
    assert problems(a + "- " + "[" * 39 + "*a" + "]" * 39) == [
        "1:3: [1]" + "[0]" * 39 + ": aliases nest more than 100 levels deep; flatten the structure"
    ]


def test_the_number_of_problems_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last one says that there are more."""
    monkeypatch.setattr(nodes, "MAX_PROBLEMS", 2)
    assert problems("- .nan\n- .nan\n- .nan\n- .nan\n")[1:] == [
        "2:3: [1]: .nan cannot be read as a finite number; correct it, or write it as a quoted text",
        "3:3: [2]: the file has more than 2 problems; correct the first ones",
    ]


def test_the_number_of_values_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and collections count."""
    monkeypatch.setattr(nodes, "MAX_NODES", 6)
    assert value("a: [1, {}, 2]") == {"a": [1, {}, 2]}
    assert problems("a: [1, {b: 2}]") == ["1:8: more than 6 keys and values; split the file into several"]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("- &a [12345, 'abcd']\n- *a\n", 1 + 1 + 5),
        ("- &a 12345\n- &b abcd\n- [*a, *b]\n", 1 + 5),
        ("- &a {abc: x}\n- *a\n", 1 + 3 + 2),
        ("- &a [x]\n- &b [*a, *a]\n- *b\n", 3 + 3 + (1 + 3 + 3)),
        ("&a abc: 1\nb: {*a : 2}\n", 4),
        ("- &a {k: x}\n- {<<: *a}\n", 4 + 8),
        ("- {<<: {k: x, l: y}}\n", 8 + 8),
    ],
)
def test_what_aliases_add_has_a_limit(monkeypatch: pytest.MonkeyPatch, text: str, size: int) -> None:
    """Each alias adds its value, with all that aliases in it add; a merged entry adds eight."""
    monkeypatch.setattr(nodes, "MAX_EXPANSION", size)
    assert len(values(text)) == 1
    monkeypatch.setattr(nodes, "MAX_EXPANSION", size - 1)
    (found,) = problems(text)
    assert found.endswith(
        f"aliases and merge keys make the file larger by more than {size - 1} characters;"
        " use fewer aliases, or split the file into several"
    )


def test_what_aliases_add_is_counted_for_the_whole_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand documents cannot each hold a bomb; those before the limit are kept."""
    monkeypatch.setattr(nodes, "MAX_EXPANSION", 4)
    documents, found = parse("f.yaml", b"[&a x, *a]\n---\n[&a y, *a]\n---\n[&a z, *a]\n")
    assert ([kept.value for kept in documents], len(found)) == ([["x", "x"], ["y", "y"]], 1)


def chain(first: str, link: str, length: int) -> str:
    """Anchors `a0`, `a1`, …: each line is `link` with the number of its own anchor and of the one before."""
    return first + "".join(link.format(this=i, last=i - 1) for i in range(1, length))


BOMBS = {
    "billion laughs": chain("a0: &a0 [lol]\n", "a{this}: &a{this} [" + "*a{last}," * 9 + "]\n", 60),
    "of mappings": chain("a0: &a0 {{}}\n", "a{this}: &a{this} {{x: *a{last}, y: *a{last}}}\n", 60),
    "of one large text": "a: &a " + "x" * 1_000_000 + "\nb: [" + "*a," * 100_000 + "]\n",
    "of one large list": "a: &a [" + "x," * 100_000 + "]\nb: [" + "*a," * 100_000 + "]\n",
    "of merges in a chain": chain(
        "a0: &a0 {{k0: }}\n", "a{this}: &a{this} {{<<: *a{last}, k{this}: }}\n", 20_000
    ),
    "of one large merge": "a: &a {"
    + ",".join(f"k{i}: " for i in range(1_000))
    + "}\nb: {<<: ["
    + "*a," * 100_000
    + "]}\n",
    "of nested merges": "{<<: " * 90 + "{" + ",".join(f"k{i}: " for i in range(100_000)) + "}" + "}" * 90,
    "of nested aliases": chain("a0: &a0 [x]\n", "a{this}: &a{this} [*a{last}]\n", 20_000),
    "below bad keys": chain("0: &a0 [x]\n", "{this}: &a{this} [*a{last}]\n", 20_000),
    "as a bad key": chain("a0: &a0 [x]\n", "a{this}: &a{this} [" + "*a{last}," * 9 + "]\n", 6)
    + "? *a5\n: 1\n" * 2,
    "brackets": "[" * 1_000_000,
    "braces": "{a: " * 1_000_000,
    "dashes": "- " * 1_000_000,
    "question marks": "? " * 1_000_000,
    "indentation": "".join(" " * i + "a:\n" for i in range(2_000)),
}

# The address space that a process has left after it loaded the package.
MEASURED = """
import resource, sys
from prefect_reconcile.loader.document import parse
pages = int(open("/proc/self/statm").read().split()[0])
size = pages * resource.getpagesize() + 200 * 2**20
resource.setrlimit(resource.RLIMIT_AS, (size, size))
documents, problems = parse("f.yaml", sys.stdin.buffer.read())
print(len(documents), len(problems) > 0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of memory is Linux's")
@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_in_little_memory(name: str) -> None:
    """In a process of its own with 200 MB, for the worst of them kill the interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED], input=BOMBS[name].encode(), capture_output=True, check=False
    )
    assert (done.returncode, done.stdout.decode(), done.stderr.decode()) == (0, "0 True\n", "")


@pytest.mark.parametrize("enabled", [True, False])
def test_the_search_for_garbage_is_left_as_it_was(enabled: bool) -> None:
    """On or off, and after an error as well."""
    (gc.enable if enabled else gc.disable)()
    try:
        parse("f.yaml", b"a: 1\n---\nb: [\n")
        assert gc.isenabled() is enabled
    finally:
        gc.enable()


# Laws

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=20,
)


@settings(deadline=None)
@given(JSON, st.booleans())
@example(["=", "<<", {"<<": {"=": "0x1"}}], False)
def test_dumped_json_comes_back(data: Json, flow: bool) -> None:
    """Whatever PyYAML writes, with the same types; an empty list and an empty text are values too."""
    dumped = yaml.safe_dump(data, default_flow_style=flow, allow_unicode=True)
    assert json.dumps(value(dumped)) == json.dumps(yaml.safe_load(dumped))


def every_path(data: Json, path: Path = ()) -> Iterator[Path]:
    """The paths of all values in some data."""
    yield path
    entries = enumerate(data) if isinstance(data, list) else data.items() if isinstance(data, dict) else ()
    for step, part in entries:
        yield from every_path(part, (*path, step))


@settings(deadline=None)
@given(JSON)
def test_every_value_has_a_place(data: Json) -> None:
    """Within the text, and its key has one too."""
    dumped = yaml.safe_dump({"root": data})
    (found,) = parse("f.yaml", dumped.encode())[0]
    places = [found.locate(path, key=key) for path in every_path({"root": data}) for key in (False, True)]
    assert all(1 <= place.line <= dumped.count("\n") for place in places)
    assert all(1 <= place.column <= len(dumped) for place in places)


SIGNS = """\
a b: <<: *a &a &b *b [ ] { } , : ? - | > ! !!str !!int !!set !x 1 .nan 2024-01-01 yes ~ ' " # % @ ` = \\
"""
SPACES = ("\n", "\n  ", "\n- ", " ", "\t", "---\n", "...\n", "\ufeff", "\x00", "\x85", "é", "😀", "\\ud800")


def check(data: bytes) -> None:
    """Any input has documents that are JSON, or problems; the documents are what libyaml reads."""
    documents, found = parse("f.yaml", data)
    json.dumps([kept.value for kept in documents], allow_nan=False).encode()
    assert all(str(problem).isprintable() for problem in found)
    try:
        expected = list(yaml.load_all(data.removeprefix(codecs.BOM_UTF8), Loader=yaml.CSafeLoader))
    except Exception:  # noqa: BLE001 -- PyYAML raises nearly anything
        return
    if not found:
        assert [kept.value for kept in documents if kept.value is not None] == [
            to_jsonable_python(data) for data in expected if data is not None
        ]


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_are_answered(data: bytes) -> None:
    """Never with an exception."""
    check(data)


@settings(max_examples=200)
@given(st.binary(max_size=30))
def test_any_text_is_answered(choice: bytes) -> None:
    """Never with an exception: pieces of YAML get further than random bytes do."""
    pieces = [*SIGNS.split(), *SPACES]
    check("".join(pieces[byte % len(pieces)] for byte in choice).encode())
