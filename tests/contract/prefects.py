"""One interface to a fake and to a real Prefect server, and the steps that most contract tests begin with."""

from abc import ABC, abstractmethod
from typing import Any, Final, TypeVar
from uuid import uuid4

import httpx

from prefect_fake import FakePrefect

Document = dict[str, Any]
"""A JSON object. Answers are looked into everywhere, so that their parts are not typed."""

_Value = TypeVar("_Value")

VERSIONS: Final = ("3.2.15", "3.4.25", "3.6.29", "3.8.8")
"""The versions whose behaviour the suite states."""

ANY_OBJECT: Final[Document] = {"type": "object", "properties": {}}
"""The schema that most deployments here have: without one, 3.2.15 refuses every PATCH."""

FAR: Final[Document] = {"interval": 3650 * 86400, "anchor_date": "2060-01-01T00:00:00Z"}
"""A schedule that the server's own scheduler, which looks 100 days ahead, makes no run of."""

FAR_ENOUGH: Final[Document] = {"end_time": "2100-01-01T00:00:00Z", "min_runs": 2, "max_runs": 2}
"""Makes two runs of each active FAR schedule, `POST /deployments/{id}/schedule`."""

CONFLICT: Final[Document] = {
    "detail": "Data integrity conflict. This usually means a unique or foreign key constraint was violated. "
    "See server logs for details."
}
"""What a violated constraint of the database answers."""

CRASH: Final = (500, {"exception_message": "Internal Server Error"})
"""What an exception that the server does not handle answers."""

# SQLite is locked now and then while the services of the server write.
_TRIES = 50


def per_version(*values: _Value) -> dict[str, _Value]:
    """What holds on each of VERSIONS, in their order."""
    return dict(zip(VERSIONS, values, strict=True))


def unique(prefix: str = "x") -> str:
    """A name that no other test uses."""
    return f"{prefix}-{uuid4().hex[:12]}"


class Prefect(ABC):
    """A server of one version."""

    version: str
    keeps_iso_8601: bool
    """Whether it runs on Python 3.13 or later, where Prefect reads dates with another library."""
    _flow: str = ""

    @abstractmethod
    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """The status and the JSON that answer a request; `path` is below the API's base URL."""

    @abstractmethod
    def block(self) -> str:
        """The id of a new block document that can be a deployment's storage or infrastructure."""

    @abstractmethod
    def variable(self, value: str) -> str:
        """The name of a new Prefect variable."""

    def status(self, method: str, path: str, body: Any = None) -> int:
        """The status that answers a request."""
        return self.call(method, path, body)[0]

    def done(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON that answers a request that must succeed."""
        status, answer = self.call(method, path, body)
        assert status < 300, (status, answer)
        return answer

    def made(self, path: str, body: Any) -> Document:
        """What a POST that must succeed made."""
        made: Document = self.done("POST", path, body)
        return made

    def flow(self, **fields: Any) -> str:
        """The id of a new flow."""
        return str(self.made("/flows/", {"name": unique("flow"), **fields})["id"])

    def pool(self, **fields: Any) -> str:
        """The name of a new work pool."""
        return str(self.made("/work_pools/", {"name": unique("pool"), "type": "process", **fields})["name"])

    def deployment(self, **fields: Any) -> Document:
        """A new deployment, with a name and a schema when none are given, of a flow that many share."""
        return self.made("/deployments/", self.creation(**fields))

    def creation(self, **fields: Any) -> Document:
        """A body for POST /deployments/."""
        basis: Document = {"name": unique("deployment"), "parameter_openapi_schema": ANY_OBJECT}
        return {**basis, "flow_id": fields.get("flow_id") or self._shared_flow(), **fields}

    def _shared_flow(self) -> str:
        self._flow = self._flow or self.flow()
        return self._flow

    def read(self, deployment: Document | str) -> Document:
        """A deployment as it reads now."""
        key = deployment if isinstance(deployment, str) else deployment["id"]
        live: Document = self.done("GET", f"/deployments/{key}")
        return live

    def patch(self, deployment: Document, body: Any) -> tuple[int, Any]:
        """The answer to a PATCH of the deployment."""
        return self.call("PATCH", f"/deployments/{deployment['id']}", body)

    def patched(self, deployment: Document, body: Document) -> Document:
        """The deployment after a PATCH that must succeed."""
        self.done("PATCH", f"/deployments/{deployment['id']}", body)
        return self.read(deployment)

    def runs(self, deployment: Document) -> list[Document]:
        """The runs of the deployment."""
        asked = {"deployments": {"id": {"any_": [deployment["id"]]}}}
        found: list[Document] = self.done("POST", "/flow_runs/filter", asked)
        return found

    def schedule_runs(self, deployment: Document) -> int:
        """Make the runs of its FAR schedules; returns how many there are."""
        self.done("POST", f"/deployments/{deployment['id']}/schedule", FAR_ENOUGH)
        return len(self.runs(deployment))


class Fake(Prefect):
    """The fake."""

    def __init__(self, version: str, python: tuple[int, int]) -> None:
        self.version = version
        self.keeps_iso_8601 = python >= (3, 13)
        self._server = FakePrefect(version, python=python)

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        return self._server.handle(method, path, body)

    def block(self) -> str:
        key = str(uuid4())
        self._server.blocks.add(key)
        return key

    def variable(self, value: str) -> str:
        name = unique("variable").replace("-", "_")
        self._server.variables[name] = value
        return name


class Real(Prefect):
    """A real server."""

    def __init__(self, url: str, python: tuple[int, int]) -> None:
        self.keeps_iso_8601 = python >= (3, 13)
        self._url = url
        self._client = self._connected()
        self.version = str(self.done("GET", "/admin/version"))

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def _connected(self) -> httpx.Client:
        return httpx.Client(base_url=self._url, timeout=60, trust_env=False)

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        for _ in range(_TRIES):
            response = self._client.request(method, path, json=body)
            if response.status_code >= 500:
                # The server drops the connection after an exception that it did not handle.
                self._client.close()
                self._client = self._connected()
            if response.status_code != 503:
                break
        return response.status_code, response.json() if response.content else None

    def block(self) -> str:
        types = self.done("POST", "/block_types/filter", {})
        kind = next(row["id"] for row in types if row["slug"] == "local-file-system")
        schemas = self.done(
            "POST", "/block_schemas/filter", {"block_schemas": {"block_type_id": {"any_": [kind]}}}
        )
        schema = schemas[0]["id"]
        body: Document = {
            "name": unique("block"),
            "data": {},
            "block_type_id": kind,
            "block_schema_id": schema,
        }
        return str(self.made("/block_documents/", body)["id"])

    def variable(self, value: str) -> str:
        name = unique("variable").replace("-", "_")
        return str(self.made("/variables/", {"name": name, "value": value})["name"])
