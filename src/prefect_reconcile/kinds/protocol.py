"""What a kind has to offer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeAlias

from prefect_reconcile.model import (
    Adjustments,
    Conversation,
    Desired,
    Finding,
    FlowFacts,
    JsonObject,
    Live,
    Manifest,
    NoFlow,
    Observation,
    Resolution,
    Shape,
)

if TYPE_CHECKING:
    from prefect_reconcile.kinds.forms import Form

CodeLookup: TypeAlias = Callable[[str], FlowFacts | NoFlow]
"""Finds what the code at an entrypoint says, or why it says nothing."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """A resource as it is now, for comparing: what only `observe` finds out is not in it.

    `updated` is when it was last written and `updated_by` by whom, as far as the server tells.
    """

    live: Live
    updated: datetime | None = None
    updated_by: str | None = None


class Kind(Protocol):
    """A module or object that describes one kind of resource."""

    @property
    def NAME(self) -> str:  # noqa: N802 - a module satisfies this with a constant
        """The value of `kind:` in a manifest, and of `kind` in a report."""

    @property
    def SHAPES(self) -> Mapping[str, Shape]:  # noqa: N802
        """Every field that is compared, in the order in which a plan shows them, with its shape."""

    @property
    def KEYED_BY(self) -> Mapping[str, str]:  # noqa: N802
        """The lists that overlays merge entry by entry, each with the key that tells its entries apart."""

    @property
    def REASONS(self) -> Mapping[str, str]:  # noqa: N802
        """Why a field can read back otherwise than it went in, of those where that is known."""

    def form(self) -> Form:
        """How a manifest is written, for editors."""

    def identify(self, value: JsonObject, code: CodeLookup) -> str | None:
        """The identity of a manifest that need not be valid otherwise; None if it does not tell one."""

    def adjust(self, value: JsonObject, by: Adjustments) -> JsonObject:
        """A manifest with what an environment does to it. What has the wrong type is left alone."""

    def read(self, value: JsonObject, code: CodeLookup) -> tuple[Manifest | None, tuple[Finding, ...]]:
        """Checks a whole manifest without a server. No manifest without findings, and none with them."""

    def write(self, desired: Desired) -> JsonObject:
        """The manifest, without its `kind`, that reads as the same resource."""

    def observe(self, desired: Sequence[Desired]) -> Conversation[Observation]:
        """Reads the live side in bulk, and no more of it than the desired resources need."""

    def resolve(self, desired: Desired, live: Live | None) -> Resolution:
        """Says what a manifest makes of what is live, or of nothing."""

    def create(self, desired: Desired, to: Resolution) -> Conversation[None]:
        """Makes a resource that is not there."""

    def delete(self, live: Live) -> Conversation[None]:
        """Takes a resource away, with what would be left behind of it. Gone already is as good."""

    def owned(self, owner: str) -> Conversation[tuple[Live, ...]]:
        """Reads all live resources that carry an owner's mark."""

    def busy(self, live: Sequence[Live]) -> Conversation[Mapping[str, int]]:
        """Counts what is in progress of each resource that has any, by its name."""

    def reread(self, live: Sequence[Live]) -> Conversation[Mapping[str, Fresh]]:
        """Reads resources again in bulk, by their ids: each by its name, but for those that are gone."""

    def update(self, live: Live, to: Resolution) -> Conversation[None]:
        """Turns `to.old` into `to.new` with the fewest requests; called only when they differ."""
