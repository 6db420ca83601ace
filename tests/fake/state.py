"""What the fake server remembers, and the changes that several endpoints make to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fake import rows
from fake.answers import refuse
from fake.schedules import spelled

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from fake.behaviour import Behaviour
    from fake.filters import Query
    from fake.rows import Deployment
    from prefect_reconcile.model import Json, JsonObject

AGENT_POOL = "default-agent-pool"
"""The pool that takes a deployment with a queue but no pool; the first of these makes it."""


@dataclass(slots=True)
class State:
    """The tables of the server, and the moment of the request that it answers."""

    version: str
    behaviour: Behaviour
    new_id: Callable[[], str]
    moment: datetime
    flows: dict[str, JsonObject] = field(default_factory=dict)
    flow_ids: dict[str, str] = field(default_factory=dict)
    """The ids of the flows by name."""
    pools: dict[str, JsonObject] = field(default_factory=dict)
    """By name."""
    queues: dict[tuple[str, str], JsonObject] = field(default_factory=dict)
    """By the names of pool and queue."""
    limits: dict[str, JsonObject] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)
    deployment_ids: dict[tuple[str, str], str] = field(default_factory=dict)
    """The ids of the deployments by the flow's id and the name."""
    automations: dict[str, tuple[str, JsonObject]] = field(default_factory=dict)
    """Each with the resource that owns it."""
    blocks: set[str] = field(default_factory=set)
    variables: dict[str, Json] = field(default_factory=dict)

    @property
    def now(self) -> str:
        """The moment as the server writes it."""
        return spelled(self.moment)

    def deployment(self, key: str, otherwise: str) -> Deployment:
        """The deployment, or 404 in these words: some end with a full stop and some do not."""
        if key not in self.deployments:
            refuse(404, otherwise)
        return self.deployments[key]

    def pool(self, name: str) -> JsonObject:
        """The work pool, or 404."""
        if name not in self.pools:
            refuse(404, f'Work pool "{name}" not found.')
        return self.pools[name]

    def add_pool(self, sent: JsonObject) -> JsonObject:
        """Make a work pool and its default queue."""
        name, queue = str(sent["name"]), self.new_id()
        self.pools[name] = rows.work_pool(self.new_id(), self.now, sent, queue, self.behaviour)
        self._add_queue(name, "default", queue)
        return self.pools[name]

    def queue(self, pool: str, name: str) -> JsonObject:
        """The queue of that name, made when it is not there with the last priority."""
        return self.queues.get((pool, name)) or self._add_queue(pool, name, self.new_id())

    def agent_queue(self, name: str) -> JsonObject:
        """The queue of that name in AGENT_POOL, made when it is not there with the first priority."""
        if AGENT_POOL not in self.pools:
            self.add_pool({"name": AGENT_POOL})
        if (AGENT_POOL, name) not in self.queues:
            for row in self.queues_of(AGENT_POOL):
                row["priority"] = int(str(row["priority"])) + 1
            self._add_queue(AGENT_POOL, name, self.new_id())["priority"] = 1
        return self.queues[AGENT_POOL, name]

    def queues_of(self, pool: str) -> list[JsonObject]:
        """The queues of a pool."""
        return [row for (of, _), row in self.queues.items() if of == pool]

    def _add_queue(self, pool: str, name: str, key: str) -> JsonObject:
        priority = 1 + len(self.queues_of(pool))
        row = rows.work_queue(key, self.now, name, self.pools[pool], priority, self.behaviour)
        self.queues[pool, name] = row
        return row

    def add_limit(self, name: str, number: int) -> JsonObject:
        """Make a global concurrency limit."""
        row = rows.limit(self.new_id(), self.now, name, number)
        self.limits[str(row["id"])] = row
        return row

    def has_limit_named(self, name: str) -> bool:
        """Whether a limit has this name."""
        return any(row["name"] == name for row in self.limits.values())

    def drop_limit(self, live: Deployment) -> None:
        """Delete the limit that the deployment points to, from every other deployment, too."""
        if live.limit is None:
            return
        gone = self.limits.pop(str(live.limit["id"]))
        for other in self.deployments.values():
            if other.limit is gone:
                other.limit = None

    def drop_runs(self, live: Deployment) -> None:
        """Delete the scheduled runs, as a write does: on most versions those that are still to come."""
        if self.behaviour.deletes_only_future_runs:
            live.runs = {key: run for key, run in live.runs.items() if run[0] <= self.moment}
        else:
            live.runs = {}

    def selected(self, asked: Query) -> list[Deployment]:
        """The deployments that every given filter selects."""
        return [live for live in self.deployments.values() if self._selects(asked, live)]

    def _selects(self, asked: Query, live: Deployment) -> bool:
        if asked.flows and not asked.flows.select(self.flows[str(live.columns["flow_id"])]):
            return False
        if asked.work_pools:
            pool = self.pools[str(live.queue["work_pool_name"])] if live.queue else None
            if pool is None or not asked.work_pools.select(pool):
                return False
        return asked.deployments is None or asked.deployments.select(live.columns)
