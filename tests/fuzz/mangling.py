"""What can be done to a text: to its bytes, to its lines, and to what it is made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import yaml
from hypothesis import strategies as st
from snippets import BYTES, CHARACTERS, KEYS, PYTHON, SCALARS, TOML

Span: TypeAlias = tuple[int, int]
Mangle: TypeAlias = Callable[[str, Callable[[int], int]], str]
"""What becomes of a text; the second argument draws a number below the one that it gets."""


def _replaced(text: str, span: Span, by: str) -> str:
    return text[: span[0]] + by + text[span[1] :]


def _pick(ones: Sequence[str], draw: Callable[[int], int]) -> str:
    return ones[draw(len(ones))]


def _chars(text: str, draw: Callable[[int], int]) -> str:
    start = draw(len(text) + 1)
    return _replaced(text, (start, start + draw(6)), _pick(CHARACTERS, draw))


def _cut(text: str, draw: Callable[[int], int]) -> str:
    return text[: draw(len(text) + 1)]


def _lines(text: str, draw: Callable[[int], int]) -> str:
    lines = text.splitlines(keepends=True) or [""]
    one, other = draw(len(lines)), draw(len(lines))
    done: list[Callable[[], list[str]]] = [
        lambda: lines[:one] + lines[one + 1 :],
        lambda: [*lines[:one], lines[other], *lines[one:]],
        lambda: [*lines[:one], "  " + lines[one], *lines[one + 1 :]],
        lambda: [*lines[:one], lines[one].removeprefix("  "), *lines[one + 1 :]],
        lambda: [*lines[:one], "\t" + lines[one], *lines[one + 1 :]],
        lambda: [*lines[:one], _pick(CHARACTERS, draw) + "\n", *lines[one:]],
        lambda: [line.replace("\n", "\r\n") for line in lines],
        lambda: [line.replace("\n", "\r") for line in lines],
        lambda: [*lines, "---\n", *lines],
        lambda: [*lines, *lines],
    ]
    return "".join(done[draw(len(done))]())


def _nodes(node: yaml.Node | None) -> Iterator[tuple[Span, Span, bool]]:
    """Of each node its place, that of its whole entry, and whether it is a key."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            entry = (key.start_mark.index, value.end_mark.index)
            yield (key.start_mark.index, key.end_mark.index), entry, True
            yield (value.start_mark.index, value.end_mark.index), entry, False
            yield from _nodes(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            place = (item.start_mark.index, item.end_mark.index)
            yield place, place, False
            yield from _nodes(item)


def _yaml(text: str, draw: Callable[[int], int]) -> str:
    """A node replaced, removed, doubled, renamed, nested, swapped, anchored or tagged."""
    try:
        nodes = [one for root in yaml.compose_all(text, yaml.SafeLoader) for one in _nodes(root)]
    except (yaml.YAMLError, ValueError, RecursionError):
        nodes = []
    if not nodes:
        return _chars(text, draw)
    place, entry, is_key = nodes[draw(len(nodes))]
    other = nodes[draw(len(nodes))][0]
    here, there = text[slice(*place)], text[slice(*other)]
    ways: list[Callable[[], str]] = [
        lambda: _replaced(text, place, _pick(KEYS if is_key else SCALARS, draw)),
        lambda: _replaced(text, place, _pick(SCALARS, draw)),
        lambda: _replaced(text, entry, ""),
        lambda: _replaced(text, entry, text[slice(*entry)] + _below(text, entry)),
        lambda: _replaced(text, place, there),
        lambda: _replaced(text, place, "[" * (depth := 1 + draw(120)) + here.strip() + "]" * depth),
        lambda: _replaced(text, place, "{a: " * (depth := 1 + draw(120)) + here.strip() + "}" * depth),
        lambda: _replaced(text, (place[0], place[0]), "&a " if draw(2) else "*a "),
        lambda: _replaced(text, (place[0], place[0]), _pick(("!!int ", "!!map ", "!x ", "!!binary "), draw)),
        lambda: _replaced(text, (place[0], place[0]), _pick(KEYS, draw) + ": " + _pick(SCALARS, draw) + "\n"),
        lambda: _replaced(text, place, f'"{here}"'),
    ]
    return ways[draw(len(ways))]()


def _below(text: str, entry: Span) -> str:
    """An entry again, on the next line."""
    column = entry[0] - text.rfind("\n", 0, entry[0]) - 1
    return "\n" + " " * column + text[slice(*entry)]


def _parts(pattern: str, snippets: Sequence[str]) -> Mangle:
    """Replaces, removes or doubles what a pattern finds."""
    compiled = re.compile(pattern, re.MULTILINE)

    def mangle(text: str, draw: Callable[[int], int]) -> str:
        found = [one.span() for one in compiled.finditer(text)]
        if not found:
            return _chars(text, draw)
        place, other = found[draw(len(found))], found[draw(len(found))]
        way = draw(4)
        by = (_pick(snippets, draw), text[slice(*other)], "", text[slice(*place)] * 2)[way]
        return _replaced(text, place, by)

    return mangle


_ANY: tuple[Mangle, ...] = (_chars, _chars, _cut, _lines, _lines)
OF_YAML = (*_ANY, *[_yaml] * 8)
OF_TOML = (
    *_ANY,
    *[_parts(r"(?<== )[^\n]+$", TOML)] * 3,
    *[_parts(r"^\w[\w.]*(?= =)", KEYS)] * 2,
    _parts(r"^\[.*\]$", [f"[{key}]" for key in KEYS] + [f"[[{key}]]" for key in KEYS]),
    _parts(r'"[^"\n]*"', TOML),
)
OF_PYTHON = (*_ANY, *[_parts(r"[A-Za-z_][\w.]*|\d+|'[^']*'|\"[^\"\n]*\"|[():=,\[\]@]", PYTHON)] * 6)


@st.composite
def mangled(draw: st.DrawFn, text: str, ways: tuple[Mangle, ...]) -> bytes:
    """The text after one to three manglings, and seldom with bytes that are no text."""

    def number(below: int) -> int:
        return draw(st.integers(0, below - 1)) if below > 1 else 0

    for _ in range(draw(st.integers(1, 3))):
        text = ways[number(len(ways))](text, number)
    data = text.encode("utf-8", "surrogatepass")
    if number(12) == 11:
        at = number(len(data) + 1)
        data = data[:at] + BYTES[number(len(BYTES))] + data[at:]
    return data
