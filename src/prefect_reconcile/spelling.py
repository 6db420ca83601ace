"""Names in messages: what a misspelt one was probably meant to be, and which there are.

Imports nothing of the package.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


def did_you_mean(written: str, known: Iterable[str], otherwise: str) -> str:
    """The remedy for a name that is not known: the closest one that is, or `otherwise` where none is close.

    Of equally close names the first one counts, so `known` has to have an order.
    """
    close = get_close_matches(written, list(known), n=1)
    return f'did you mean "{close[0]}"?' if close else otherwise


def visible(text: str) -> str:
    """A name on one line: what cannot be printed, and could forge a line or stop a log, is escaped."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def listed(names: Sequence[str], most: int = 10) -> str:
    """`a, b and 3 more`: at most so many names, and how many are left out."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"
