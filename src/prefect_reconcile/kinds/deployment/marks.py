"""What we keep in a deployment's tags beside its own: whose it is, and that it is not to be deleted.

Labels would be the natural place, but can be set only when a deployment is made, and cannot be filtered
(Prefect 3.8.8).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

OWNER = "reconcile:"
"""What begins the tag that names the owner."""
PROTECTED = "reconcile-prevent-delete"


@dataclass(frozen=True, slots=True)
class Marked:
    """Tags taken apart. `owner` names all owners, with commas between them, where there are several."""

    tags: tuple[str, ...]
    owner: str | None
    protected: bool


def is_mark(tag: str) -> bool:
    """Whether a tag is one of ours."""
    return tag.startswith(OWNER) or tag == PROTECTED


def split(tags: Iterable[str]) -> Marked:
    """The deployment's own tags, sorted and each once, and what our marks say."""
    found = sorted(set(tags))
    owners = [tag.removeprefix(OWNER) for tag in found if tag.startswith(OWNER)]
    own = tuple(tag for tag in found if not is_mark(tag))
    return Marked(own, ", ".join(owners) or None, PROTECTED in found)


def join(tags: Iterable[str], owner: str | None, protected: bool) -> list[str]:
    """The tags as the server has them."""
    owners = [OWNER + name for name in owner.split(", ")] if owner else []
    return [*tags, *owners, *([PROTECTED] if protected else [])]
