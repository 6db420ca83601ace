"""One repository for all faults: three deployments to create, two to update, and one as declared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from faulty_proxy import Clock, Proxy

from prefect_reconcile.api.client import Api
from prefect_reconcile.cli import run

Manifest = dict[str, Any]

# Once a year or less, so that the scheduler of a server that others use has little to do.
_STAYS = {"slug": "stays", "cron": "0 1 1 1 *"}
_LIVE_BEFORE: list[Manifest] = [
    {
        "name": "moved",
        "tags": ["old"],
        "schedules": [_STAYS, {"slug": "changes", "cron": "0 2 1 1 *"}, {"cron": "0 3 1 1 *"}],
    },
    {"name": "same", "schedules": [{"interval": 31536000}, {"cron": "0 4 1 1 *"}]},
    {"name": "tagged", "schedules": [{"cron": "0 5 1 1 *"}]},
]
_UPDATED: list[Manifest] = [
    {
        "name": "moved",
        "tags": ["new"],
        "schedules": [_STAYS, {"slug": "changes", "cron": "0 20 1 1 *"}, {"interval": 94608000}],
    },
    _LIVE_BEFORE[1],
    {**_LIVE_BEFORE[2], "tags": ["new"]},
]
_CREATED: list[Manifest] = [
    {
        "name": "limited",
        "schedules": [{"interval": 126144000}, {"cron": "0 6 1 1 *", "max_scheduled_runs": 3}],
    },
    {"name": "pooled", "tags": ["new"], "parameters": {"day": "monday"}},
    {"name": "twice", "schedules": [{"cron": "0 7 1 1 *"}, {"interval": 63072000}]},
]


def before(change: str) -> list[Manifest]:
    """What was declared before: `change` is the flow's name."""
    return [{"flow": change, **one} for one in _LIVE_BEFORE]


def declared(make: str, change: str, pool: str) -> list[Manifest]:
    """What is declared now, with the names of both flows and of a work pool."""
    made = [{"flow": make, **one} for one in _CREATED]
    made[1]["work_pool_name"] = pool
    return [*made, *({"flow": change, **one} for one in _UPDATED)]


@dataclass(frozen=True)
class Outcome:
    """What the command came to, and the requests that arrived meanwhile."""

    code: int
    out: str
    err: str
    writes: int


@dataclass
class Mixed:
    """The repository in a folder, before a Prefect behind the proxy. `make` and `change` are the names of
    its flows, in the order in which a plan has them."""

    folder: Path
    proxy: Proxy
    capfd: pytest.CaptureFixture[str]
    pool: str
    make: str = field(default_factory=lambda: f"a-{uuid4().hex[:8]}")
    change: str = field(default_factory=lambda: f"b-{uuid4().hex[:8]}")

    def begin(self) -> None:
        """Puts the live side where the run begins, and the files where it should end."""
        self._write(before(self.change))
        assert self.reconcile().code == 0
        self._write(declared(self.make, self.change, self.pool))
        self.proxy.clear()

    def end(self) -> None:
        """Takes the load off a server that others use after this."""
        for one in self._answer():
            self.proxy.ask("DELETE", f"/deployments/{one['id']}")

    def reconcile(self, *options: str) -> Outcome:
        """One run of the command, one request after the other unless the options say more."""
        arguments = [*self.arguments, *options]
        before = len(self.proxy.writes)
        code = run(arguments)
        out, err = self.capfd.readouterr()
        return Outcome(code, out, err, len(self.proxy.writes) - before)

    @property
    def arguments(self) -> list[str]:
        """Of the command."""
        return ["-f", str(self.folder), "--api-url", self.proxy.url, "--concurrency", "1"]

    def _write(self, manifests: list[Manifest]) -> None:
        (self.folder / "m.yaml").write_text("---\n".join(map(yaml.safe_dump, manifests)))

    def live(self) -> dict[str, Manifest]:
        """By name what the server has, past all faults."""
        return essence(self._answer())

    def _answer(self) -> list[Manifest]:
        where = {"flows": {"name": {"any_": [self.make, self.change]}}}
        answer: list[Manifest] = self.proxy.ask("POST", "/deployments/filter", where)
        return answer

    def ids(self) -> dict[tuple[str, str], str]:
        """The ids of the schedules that no change touches, by deployment and definition."""
        found = {
            (one["name"], _definition(schedule)): schedule["id"]
            for one in self._answer()
            for schedule in one["schedules"]
        }
        return {key: found[key] for key in UNTOUCHED if key in found}


def essence(answer: list[Manifest]) -> dict[str, Manifest]:
    """What the manifests say of deployments, by name; of a schedule what tells it from the others here."""
    return {
        one["name"]: _state(
            one["tags"], *((_definition(each), each["max_scheduled_runs"]) for each in one["schedules"])
        )
        for one in answer
    }


def _definition(schedule: Manifest) -> str:
    told = schedule["schedule"]
    return str(told.get("cron") or told["interval"])


UNTOUCHED = [("moved", "0 1 1 1 *"), ("same", "0 4 1 1 *"), ("same", "31536000.0"), ("tagged", "0 5 1 1 *")]


def _state(tags: Iterable[str], *schedules: tuple[str, int | None]) -> Manifest:
    return {"tags": list(tags), "schedules": sorted(schedules, key=str)}


def _plain(*schedules: str) -> list[tuple[str, int | None]]:
    return [(one, None) for one in schedules]


WANTED: dict[str, Manifest] = {
    "limited": _state([], ("0 6 1 1 *", 3), ("126144000.0", None)),
    "pooled": _state(["new"]),
    "twice": _state([], *_plain("0 7 1 1 *", "63072000.0")),
    "moved": _state(["new"], *_plain("0 1 1 1 *", "0 20 1 1 *", "94608000.0")),
    "same": _state([], *_plain("0 4 1 1 *", "31536000.0")),
    "tagged": _state(["new"], *_plain("0 5 1 1 *")),
}
"""What the server has once all is done."""

_OF_MOVED = [
    _state(["old"], *_plain("0 1 1 1 *", "0 2 1 1 *", "0 3 1 1 *")),
    _state(["new"], *_plain("0 1 1 1 *", "0 2 1 1 *", "0 3 1 1 *")),
    _state(["new"], *_plain("0 1 1 1 *", "0 2 1 1 *")),
    _state(["new"], *_plain("0 1 1 1 *", "0 20 1 1 *")),
]
ON_THE_WAY: dict[str, list[Manifest | None]] = {
    "limited": [None, _state([], ("126144000.0", None)), WANTED["limited"]],
    "pooled": [None, WANTED["pooled"]],
    "twice": [None, WANTED["twice"]],
    "moved": [*_OF_MOVED, WANTED["moved"]],
    "same": [WANTED["same"]],
    "tagged": [_state([], *_plain("0 5 1 1 *")), WANTED["tagged"]],
}
"""For each deployment every state in which a run may leave it, from the first to the last; None is that it is
not there."""


def astray(live: dict[str, Manifest]) -> dict[str, Manifest | None]:
    """What is in a state in which no run may leave it."""
    return {name: live.get(name) for name, states in ON_THE_WAY.items() if live.get(name) not in states}


def without_waiting(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command waits on that clock, as long as chance can make it."""

    class Hasty(Api):
        async def _request(self, *arguments: Any) -> Any:
            clock.unanswered += 1
            try:
                return await super()._request(*arguments)
            finally:
                clock.unanswered -= 1

    patient = partial(Hasty, sleep=clock.sleep, chance=lambda: 1.0)
    monkeypatch.setattr("prefect_reconcile.api.client.Api", patient)
    monkeypatch.setattr("asyncio.events.new_event_loop", clock.new_loop)


def make_pool(proxy: Proxy) -> str:
    """The name of a new work pool."""
    name = f"pool-{uuid4().hex[:8]}"
    proxy.ask("POST", "/work_pools/", {"name": name, "type": "process"})
    return name
