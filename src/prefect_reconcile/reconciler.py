"""One pass: observe and plan; `carrying` carries the plan out.

May import everything but `cli` and `watcher`. It decides nothing about a kind and nothing about HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from prefect_reconcile.api.client import Api
from prefect_reconcile.errors import InvalidManifestsError
from prefect_reconcile.kinds.protocol import Kind
from prefect_reconcile.kinds.registry import KINDS
from prefect_reconcile.model import Desired, Live, Observation
from prefect_reconcile.plan import Identity, Plan, make_plan
from prefect_reconcile.policy import Policy, Refusal, Selection
from prefect_reconcile.policy import refusals as judged


async def plan_pass(
    api: Api,
    desired: Sequence[Desired],
    policy: Policy = Policy(),  # noqa: B008 - it is frozen
    selection: Selection = Selection(),  # noqa: B008
    kinds: Mapping[str, Kind] = KINDS,
) -> Plan:
    """Reads the live side of some manifests and compares. With a policy that prunes, what its owner has and
    no manifest names will be deleted, within the selection.

    Raises `InvalidManifestsError` where the server lacks what a manifest needs, and `PrefectError`.
    """
    # What a manifest names is not to be deleted, whatever is selected: so a run that prunes looks at all.
    looked_at = desired if policy.prune else [one for one in desired if selection.takes(one)]
    wanted = [_claimed(one, policy.owner, kinds) for one in looked_at]
    observations, owned = await asyncio.gather(
        observe(api, wanted, kinds), _owned(api, policy.owner if policy.prune else None, kinds)
    )
    return make_plan(observations, owned, selection.takes)


def _claimed(desired: Desired, owner: str | None, kinds: Mapping[str, Kind]) -> Desired:
    """A resource that is to carry the owner's mark, if its kind has one."""
    if owner is None or "owner" not in kinds[desired.kind].SHAPES:
        return desired
    return replace(desired, fields={**desired.fields, "owner": owner})


async def _owned(api: Api, owner: str | None, kinds: Mapping[str, Kind]) -> list[Live]:
    if owner is None:
        return []
    found = await asyncio.gather(*(api.converse(kind.owned(owner)) for kind in kinds.values()))
    return [one for lives in found for one in lives]


async def refusals(
    api: Api, plan: Plan, policy: Policy, kinds: Mapping[str, Kind] = KINDS
) -> tuple[Refusal, ...]:
    """Every reason not to carry a plan out; asks the server what is in progress of that which would go."""
    busy: dict[Identity, int] = {}
    for name, kind in kinds.items():
        live = [change.live for change in plan.deletes if change.live.kind == name]
        if live and not policy.force_running:
            counts = await api.converse(kind.busy(live))
            busy |= {(name, resource): count for resource, count in counts.items()}
    return judged(plan, policy, busy)


async def observe(
    api: Api, desired: Sequence[Desired], kinds: Mapping[str, Kind] = KINDS
) -> list[tuple[Kind, Observation]]:
    """Reads the live side of some manifests. Raises as `plan_pass` does."""
    used = [kind for name, kind in kinds.items() if any(one.kind == name for one in desired)]
    observations = await asyncio.gather(*(_observe(api, kind, desired) for kind in used))
    problems = [problem for observation in observations for problem in observation.problems]
    if problems:
        raise InvalidManifestsError(sorted(problems))
    return list(zip(used, observations, strict=True))


async def _observe(api: Api, kind: Kind, desired: Sequence[Desired]) -> Observation:
    return await api.converse(kind.observe([one for one in desired if one.kind == kind.NAME]))
