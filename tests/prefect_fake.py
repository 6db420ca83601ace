"""A Prefect server in memory, for tests: stateful, deterministic, fast, and wrong where the real one is.

The contract suite in `contract/` runs against it and against real servers, so that it cannot lie about what
that suite covers. What it does not know raises NotImplementedError. What it models loosely: the bodies of 422
(the first problem only, without `ctx` and `input`), automations (as sent), runs that are made by hand (not
kept, and their parameters not checked), and clock changes and calendar months in an interval's runs.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Final
from uuid import UUID

from fake import deployments, others, scheduling
from fake.answers import Refused
from fake.behaviour import behaviour_of
from fake.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prefect_reconcile.model import Json

    Handler = Callable[..., tuple[int, Json]]

_ID: Final = "([0-9a-fA-F-]{36})"

_ROUTES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("GET", "/health", others.health),
    ("GET", "/version", others.api_version),
    ("GET", "/admin/version", others.package_version),
    ("GET", r"/csrf-token(?:\?.*)?", others.csrf_token),
    ("POST", "/flows/", others.create_flow),
    ("POST", "/flows/filter", others.filter_flows),
    ("GET", f"/flows/{_ID}", others.read_flow),
    ("POST", "/deployments/", deployments.create_deployment),
    ("POST", "/deployments/filter", deployments.filter_deployments),
    ("POST", "/deployments/paginate", deployments.paginate_deployments),
    ("POST", "/deployments/count", deployments.count_deployments),
    ("GET", f"/deployments/{_ID}", deployments.read_deployment),
    ("PATCH", f"/deployments/{_ID}", deployments.update_deployment),
    ("DELETE", f"/deployments/{_ID}", deployments.delete_deployment),
    ("POST", f"/deployments/{_ID}/pause_deployment", deployments.pause),
    ("POST", f"/deployments/{_ID}/resume_deployment", deployments.resume),
    ("POST", f"/deployments/{_ID}/schedule", scheduling.schedule_runs),
    ("POST", f"/deployments/{_ID}/create_flow_run", scheduling.create_run),
    ("GET", f"/deployments/{_ID}/schedules", scheduling.read_schedules),
    ("POST", f"/deployments/{_ID}/schedules", scheduling.create_schedules),
    ("PATCH", f"/deployments/{_ID}/schedules/{_ID}", scheduling.update_schedule),
    ("DELETE", f"/deployments/{_ID}/schedules/{_ID}", scheduling.delete_schedule),
    ("POST", "/flow_runs/filter", scheduling.filter_runs),
    ("POST", "/flow_runs/count", scheduling.count_runs),
    ("POST", "/work_pools/", others.create_pool),
    ("POST", "/work_pools/filter", others.filter_pools),
    ("POST", "/work_pools/([^/]+)/queues/filter", others.filter_queues),
    ("GET", "/work_pools/([^/]+)", others.read_pool),
    ("POST", "/v2/concurrency_limits/", others.create_limit),
    ("GET", f"/v2/concurrency_limits/{_ID}", others.read_limit),
    ("POST", "/automations/", others.create_automation),
    ("GET", f"/automations/{_ID}", others.read_automation),
    ("DELETE", "/automations/owned-by/([^/]+)", others.delete_automations),
)
_COMPILED: Final = tuple((method, re.compile(pattern), handler) for method, pattern, handler in _ROUTES)


def every_second(start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> Iterator[datetime]:
    """A clock that says one second more each time it is asked."""
    for seconds in count():
        yield start + timedelta(seconds=seconds)


def numbered_ids() -> Iterator[str]:
    """UUIDs that count from 1."""
    for number in count(1):
        yield str(UUID(int=number))


class FakePrefect:
    """A server of one version on one version of Python; `handle` is its whole interface.

    `clock` is asked once for each request, and `ids` for each new id.
    """

    def __init__(
        self,
        version: str = "3.8.8",
        *,
        python: tuple[int, int] = (3, 12),
        clock: Callable[[], datetime] | None = None,
        ids: Callable[[], str] | None = None,
    ) -> None:
        self._clock = clock or every_second().__next__
        new_id = ids or numbered_ids().__next__
        self._state = State(version, behaviour_of(version, python), new_id, self._clock())

    @property
    def version(self) -> str:
        """The version of Prefect that it behaves as."""
        return self._state.version

    @property
    def blocks(self) -> set[str]:
        """The block documents that exist, for `storage_document_id` and `infrastructure_document_id`."""
        return self._state.blocks

    @property
    def variables(self) -> dict[str, Json]:
        """The Prefect variables that exist, for parameters of the kind `workspace_variable`."""
        return self._state.variables

    def handle(self, method: str, path: str, body: Json = None) -> tuple[int, Json]:
        """The status and the JSON that answer a request; `path` is below the API's base URL. 204 has None."""
        self._state.moment = self._clock()
        elsewhere = False
        for known, pattern, handler in _COMPILED:
            if found := pattern.fullmatch(path):
                if known == method:
                    return self._answer(handler, body, found.groups())
                elsewhere = True
        return (405, {"detail": "Method Not Allowed"}) if elsewhere else (404, {"detail": "Not Found"})

    def _answer(self, handler: Handler, body: Json, parts: tuple[str, ...]) -> tuple[int, Json]:
        try:
            return handler(self._state, body, *parts)
        except Refused as refused:
            return refused.status, refused.body
