"""What the YAML parser refuses, and where, in words for people. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

import yaml

from prefect_reconcile.model import LINE_BREAK, Problem, Source
from prefect_reconcile.spelling import visible


def source_at(file: str, mark: yaml.Mark | None) -> Source:
    return Source(file, mark.line + 1, mark.column + 1) if mark else Source(file)


def position(file: str, before: str) -> Source:
    """The place that follows the text `before`."""
    lines = LINE_BREAK.split(before)
    return Source(file, len(lines), len(lines[-1]) + 1)


def excerpt(text: str, longest: int = 40) -> str:
    """A text fit to stand in a message: one short line, without characters that a terminal would obey."""
    return visible(text if len(text) <= longest else text[: longest - 1] + "…")


def character_problem(file: str, char: str, text: str) -> Problem:
    """A character that YAML forbids, at its first occurrence."""
    before = text[: text.find(char)]
    what = f"the character U+{ord(char):04X} is not allowed in YAML"
    return Problem(position(file, before), "", what, "remove it, or escape it in double quotes")


def syntax_problem(file: str, error: yaml.MarkedYAMLError, text: str) -> Problem:
    """What the parser refuses, in words for people."""
    words, mark = error.problem or "", error.problem_mark
    if "cannot start any token" in words and mark is not None:
        return Problem(source_at(file, mark), "", *_bad_start(text[mark.index : mark.index + 1]))
    for syntax in _SYNTAX:
        if syntax.words in words:
            place = error.context_mark if syntax.at_start and error.context_mark else mark
            return Problem(_within(file, place, text), "", syntax.what, syntax.remedy)
    return Problem(_within(file, mark, text), "", excerpt(words, 200), "correct the YAML syntax")


def _within(file: str, mark: yaml.Mark | None, text: str) -> Source:
    """The place of a mark; that of the end of the text for one behind it, where there is no line to show."""
    place, end = source_at(file, mark), position(file, text.rstrip())
    return end if place.line > end.line else place


def _bad_start(char: str) -> tuple[str, str]:
    if char == "\t":
        return "a tab in the indentation", "indent with spaces"
    return f"a value cannot begin with {excerpt(char)}", "quote the value"


_ALIGN: Final = "correct the indentation, or quote the whole value"


class _Syntax(NamedTuple):
    """Our words for an error of the parser."""

    words: str
    """Part of PyYAML's `problem`, such that it is in both libyaml's words and those of its own parser."""
    what: str
    remedy: str
    at_start: bool = False
    """Whether to show where the unfinished construct began, instead of where the parser gave up."""


_SYNTAX: Final = (
    _Syntax("violates indentation", "a tab in the indentation", "indent with spaces"),
    _Syntax(
        "mapping values are not allowed",
        "a colon is not expected here",
        'quote a text that contains ": ", or correct the indentation',
    ),
    _Syntax(
        "sequence entries are not allowed",
        "a list item is not expected here",
        "begin the list on the next line, or quote the text",
    ),
    _Syntax("unexpected end of stream", "a quoted text has no end", "add the closing quote", at_start=True),
    _Syntax("unexpected document", "a quoted text has no end", "add the closing quote", at_start=True),
    _Syntax(
        "could not find expected ':'",
        "a key has no colon",
        'write "key: value", or correct the indentation',
        at_start=True,
    ),
    _Syntax("',' or ']'", "a list in brackets lacks a comma or its ]", "add what is missing", at_start=True),
    _Syntax("',' or '}'", "a mapping in braces lacks a comma or its }", "add what is missing", at_start=True),
    _Syntax(
        "alphabetic or numeric",
        "an alias or anchor has no name",
        "quote a text that begins with * or &",
        at_start=True,
    ),
    _Syntax("node content", "a value is missing", "write it, or remove what announces it"),
    _Syntax("undefined alias", "the alias has no anchor before it", "quote a text that begins with *"),
    _Syntax("second occurrence", "the anchor is defined twice", "rename one of the two"),
    _Syntax("undefined tag handle", "the tag is not supported", "quote a text that begins with !"),
    _Syntax("unknown escape", "the escape is unknown", "double the backslash, or use single quotes"),
    _Syntax("escape code", "the escape is not a character", "write the character itself"),
    _Syntax("document start", "a text follows the end of the document", 'begin the next document with "---"'),
    _Syntax("'-' indicator", "the text is not an item of the list above", "correct the indentation"),
    _Syntax("expected key", "the text does not fit what is above", _ALIGN),
    _Syntax("<block end>", "the text does not fit what is above", _ALIGN),
)
