"""Values as text that cannot do harm, and secrets as none."""

from __future__ import annotations

import re
from json import dumps

from prefect_reconcile.model import ABSENT, Absent, Json, Key, Path, path_text
from prefect_reconcile.secrecy import MASK, beside, hide, masked, masked_identity

__all__ = ["MASK", "line", "masked", "path", "sides", "value"]

_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
"""Control characters, and those that hide or reorder what a person reads: Unicode's categories Cc, Cf,
Cs, Zl and Zp, and what its property Default_Ignorable_Code_Point holds beyond them."""


def line(text: str) -> str:
    """Text of which every character can be seen and stays on its line."""
    return _UNSEEN.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def value(one: Json) -> str:
    """JSON on one line, of which every character can be seen."""
    return line(dumps(one, ensure_ascii=False))


def path(steps: Path) -> str:
    """A path without the secrets that an identity can hold, as that of a schedule holds its parameters."""
    shown = (Key(masked_identity(step.text)) if isinstance(step, Key) else step for step in steps)
    return hide(path_text(tuple(shown)))


def sides(old: Json | Absent, new: Json | Absent, steps: Path) -> tuple[Json | Absent, Json | Absent]:
    """Both sides of a change, masked; what was live in the place of a secret is masked as that is."""
    before = old if old is ABSENT or new is ABSENT else beside(old, new)
    return (
        ABSENT if before is ABSENT else masked(before, steps),
        ABSENT if new is ABSENT else masked(new, steps),
    )
