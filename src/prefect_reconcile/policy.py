"""Whether a plan may be carried out: ownership, limits, and the plan that was reviewed.

Pure: a plan goes in, and reasons not to carry it out come out. They hold for a dry run as well, so that a
pull request fails and not its merge. May import `plan`, `model` and `spelling`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from prefect_reconcile.model import Desired, Json, Live
from prefect_reconcile.plan import Create, Delete, Identity, Plan, Unchanged, Update
from prefect_reconcile.spelling import listed

FEW = 10
"""As long as an owner has fewer resources than this, the default limit of deletions does not count."""
_FINGERPRINT = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Limit:
    """How many resources may go at most: a number, or a percentage of those the owner has."""

    amount: int
    percent: bool = False

    def of(self, owned: int) -> int:
        """The number that may go of so many."""
        return owned * self.amount // 100 if self.percent else self.amount

    def __str__(self) -> str:
        return f"{self.amount}%" if self.percent else str(self.amount)


DEFAULT_LIMIT = Limit(30, percent=True)


@dataclass(frozen=True, slots=True)
class Policy:
    """What a run may do. `max_deletes` None is `DEFAULT_LIMIT` for all but `FEW`; `expect` is the fingerprint
    of the plan that was reviewed, None where none was."""

    owner: str | None = None
    prune: bool = False
    max_deletes: Limit | None = None
    max_changes: int | None = None
    allow_empty: bool = False
    force_running: bool = False
    expect: str | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """Which resources a run is about: those whose name matches one of the patterns, if there are any, and
    that have one of the tags, if there are any."""

    patterns: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def takes(self, one: Desired | Live) -> bool:
        """Whether a resource is meant."""
        named = not self.patterns or any(fnmatchcase(one.name, pattern) for pattern in self.patterns)
        return named and (not self.tags or _has_one(one.fields.get("tags"), self.tags))


def _has_one(tags: Json, wanted: Sequence[str]) -> bool:
    return isinstance(tags, list) and any(tag in tags for tag in wanted)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason not to carry a plan out: what is wrong, with which resources, and what would lift it."""

    what: str
    resources: tuple[str, ...]
    remedy: str

    def __str__(self) -> str:
        names = f" ({listed(self.resources)})" if self.resources else ""
        return f"{self.what}{names}; {self.remedy}"


def refusals(plan: Plan, policy: Policy, busy: Mapping[Identity, int]) -> tuple[Refusal, ...]:
    """Every reason not to carry a plan out. `busy` says what is in progress of resources that would go."""
    return (
        *_foreign(plan, policy),
        *_protected(plan),
        *_busy(plan, policy, busy),
        *_everything(plan, policy),
        *_too_many_deletes(plan, policy),
        *_too_many_changes(plan, policy),
        *_unexpected(plan, policy),
    )


def _foreign(plan: Plan, policy: Policy) -> Iterator[Refusal]:
    theirs: dict[str, list[str]] = {}
    for change in plan.changes:
        owner = change.live.owner if isinstance(change, Update) else None
        if owner is not None and owner != policy.owner:
            theirs.setdefault(owner, []).append(change.identity[1])
    for owner, names in sorted(theirs.items()):
        if policy.owner is None:
            what = f"{owner} owns what this run, which has no owner, would change"
            remedy = f"pass --owner {owner} if it is you"
        else:
            what = f"{owner} owns what this run would change for {policy.owner}"
            remedy = f"rename it here, or let {owner} give it up: its tag reconcile:{owner} says so"
        yield Refusal(what, tuple(names), remedy)


def _protected(plan: Plan) -> Iterator[Refusal]:
    names = tuple(change.live.name for change in plan.deletes if change.live.protected)
    if names:
        what = f"{_count(names)} would be deleted that prevent_delete protects"
        yield Refusal(what, names, "let a run with prevent_delete: false in the manifest come first")


def _busy(plan: Plan, policy: Policy, busy: Mapping[Identity, int]) -> Iterator[Refusal]:
    counts = [(change.live.name, busy.get(change.identity)) for change in plan.deletes]
    names = tuple(f"{name}: {count}" for name, count in counts if count)
    if names and not policy.force_running:
        what = f"{_count(names)} would be deleted with runs in progress"
        yield Refusal(what, names, "wait for them, or pass --force-running")


def _everything(plan: Plan, policy: Policy) -> Iterator[Refusal]:
    if plan.deletes and len(plan.deletes) == plan.owned and not policy.allow_empty:
        what = f"all that {policy.owner} owns would be deleted: {plan.owned} of {plan.owned}"
        yield Refusal(what, _names(plan.deletes), "check the paths and the target, or pass --allow-empty")


def _too_many_deletes(plan: Plan, policy: Policy) -> Iterator[Refusal]:
    if policy.max_deletes is None and plan.owned < FEW:
        return
    limit = policy.max_deletes or DEFAULT_LIMIT
    count = len(plan.deletes)
    if count > limit.of(plan.owned):
        what = f"{count} of {plan.owned} would be deleted, and --max-deletes is {limit}"
        yield Refusal(what, _names(plan.deletes), f"pass --max-deletes {count} if that is meant")


def _too_many_changes(plan: Plan, policy: Policy) -> Iterator[Refusal]:
    count = len(plan.writes)
    if policy.max_changes is not None and count > policy.max_changes:
        what = f"{count} would be changed, and --max-changes is {policy.max_changes}"
        yield Refusal(what, _names(plan.writes), f"pass --max-changes {count} if that is meant")


def _unexpected(plan: Plan, policy: Policy) -> Iterator[Refusal]:
    expected = policy.expect
    if expected is None or expected == plan.fingerprint:
        return
    if not _FINGERPRINT.fullmatch(expected):
        what = f"--expect {expected!r:.80} is no fingerprint, which has 32 hexadecimal digits"
        yield Refusal(what, (), "copy that of the plan that was reviewed")
        return
    what = f"the plan is not the one that was reviewed: its fingerprint is {plan.fingerprint}, not {expected}"
    yield Refusal(f"{what}; it would {_summary(plan)}", (), "review it anew")


def _summary(plan: Plan) -> str:
    words = {Create: "create", Update: "update", Delete: "delete"}
    parts = []
    for kind, word in words.items():
        names = _names([change for change in plan.writes if isinstance(change, kind)])
        parts += [f"{word} {listed(names)}"] if names else []
    return ", ".join(parts) or "change nothing"


def _names(changes: Sequence[Create | Update | Delete | Unchanged]) -> tuple[str, ...]:
    return tuple(change.identity[1] for change in changes)


def _count(names: Sequence[str]) -> str:
    return "1 resource" if len(names) == 1 else f"{len(names)} resources"
