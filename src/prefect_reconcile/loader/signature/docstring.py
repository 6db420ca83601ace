"""What a docstring says about parameters, as Prefect reads it.

Prefect 3.8.8 has griffe (2.4) read every docstring as Google style, and takes the last section on
parameters. The NumPy and Sphinx styles have no section that is one there, so Prefect writes no
descriptions for them, and neither does this module. The rules are those of griffe's `parse_google`.
"""

from __future__ import annotations

import re
from inspect import cleandoc

_PARAMETERS = frozenset({"args", "arguments", "params", "parameters"})
_ITEMIZED = frozenset(
    f"{kind}{word}"
    for kind in ("keyword ", "other ", "type ")
    for word in ("args", "arguments", "params", "parameters")
) - {"keyword params", "keyword parameters"} | {
    "attributes", "classes", "exceptions", "functions", "methods", "modules", "raises", "receives",
    "returns", "type aliases", "warnings", "warns", "yields",
}  # fmt: skip
"""Titles of sections that are lists of items, as that of the parameters is, on something else."""

_TITLE = re.compile(r"^([\w][\s\w-]*):(\s+([^\s].*))?\s*$")


def parameter_descriptions(docstring: str) -> dict[str, str]:
    """Descriptions by the parameter's name. `docstring` is as the source has it, not cleaned."""
    # Prefect cleans the docstring (`inspect.getdoc`), and griffe once more: a docstring that begins
    # with its section loses the indentation that makes it one.
    lines = cleandoc(cleandoc(docstring).rstrip()).split("\n")
    found: dict[str, str] = {}
    at, fenced = 0, False
    while at < len(lines):
        fence = lines[at].lstrip(" ").startswith("```")
        title = None if fence or fenced else _title(lines, at)
        fenced = fenced != fence
        if title in _PARAMETERS or title in _ITEMIZED:
            items, at = _items(lines, at + 1)
            if title in _PARAMETERS and items:
                found = dict(pair for pair in map(_described, items) if pair) or found
        elif title is not None:
            at = _block_end(lines, at + 1)
        at += 1
    return found


def _title(lines: list[str], at: int) -> str | None:
    """The title in lower case if a section begins here: a blank line above it, indented lines below."""
    match = _TITLE.match(lines[at])
    if not match or (at and lines[at - 1].strip()):
        return None
    first, second = (lines[i] if i < len(lines) else "" for i in (at + 1, at + 2))
    first_indented = bool(first.strip()) and first.startswith(" ")
    second_indented = bool(second.strip()) and second.startswith(" ")
    is_section = first_indented or (second_indented and bool(first.strip()))
    return match[1].lower() if is_section else None


def _items(lines: list[str], at: int) -> tuple[list[list[str]], int]:
    """The items of a section, each as its lines without indentation, and its last line."""
    indent = _indent(lines[at])
    if indent == 0:
        return [], at - 1
    items = [[lines[at][indent:]]]
    at += 1
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            items[-1].append("")
        elif line.startswith(" " * (2 * indent)):
            items[-1].append(line[2 * indent :])
        elif line.startswith(" " * (indent + 1)):
            items[-1].append(line.lstrip())
        elif line.startswith(" " * indent):
            items.append([line[indent:]])
        else:
            break
        at += 1
    return items, at - 1


def _block_end(lines: list[str], at: int) -> int:
    """The last line of an indented block."""
    indent = _indent(lines[at])
    if indent == 0:
        return at - 1
    at += 1
    while at < len(lines) and (lines[at].startswith(" " * indent) or not lines[at].strip()):
        at += 1
    return at - 1


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _described(item: list[str]) -> tuple[str, str] | None:
    """`name (type): text` → (name, text); the text may go on in further lines."""
    named, colon, text = item[0].partition(":")
    if not colon:
        return None
    if "(" in named and named.endswith(")"):
        named = named.partition("(")[0].strip()
    return named, "\n".join([text.lstrip(), *item[1:]]).rstrip("\n")
