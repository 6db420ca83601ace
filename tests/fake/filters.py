"""The bodies of requests that read lists, and what they select.

Sources: prefect/server/schemas/filters.py and sorting.py of 3.8.8. A filter that exists there and not here
raises NotImplementedError, so that no test passes because the fake looked away.
"""

from collections.abc import Callable
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from fake.answers import parsed, refuse
from prefect_reconcile.model import Json, JsonObject

LARGEST_PAGE = 200
"""PREFECT_SERVER_API_DEFAULT_LIMIT."""

_UNKNOWN_HERE = {
    "deployments": {"flow_or_deployment_name", "paused", "work_queue_name", "concurrency_limit", "operator"},
    "flows": {"deployment", "tags", "operator"},
    "work_pools": {"type", "operator"},
    "flow_runs": {"id"},
    "task_runs": {"id"},
    "work_pool_queues": {"id", "name", "operator"},
}

Sort = Literal["CREATED_DESC", "UPDATED_DESC", "NAME_ASC", "NAME_DESC"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Ids(_Strict):
    any_: list[UUID] | None = None

    def select(self, value: str) -> bool:
        """Whether the id is asked for; an empty list asks for none."""
        return self.any_ is None or UUID(value) in self.any_


class Names(_Strict):
    any_: list[str] | None = None
    like_: str | None = None

    def select(self, value: str) -> bool:
        """Whether the name is asked for; an empty list asks for none, `like_` ignores case."""
        return (self.any_ is None or value in self.any_) and (
            self.like_ is None or self.like_.lower() in value.lower()
        )


class Tags(_Strict):
    all_: list[str] | None = None
    any_: list[str] | None = None
    is_null_: bool | None = None

    def select(self, tags: list[str]) -> bool:
        """Whether all conditions hold; an empty `all_` selects every deployment, an empty `any_` none."""
        return (
            (self.all_ is None or set(self.all_) <= set(tags))
            and (self.any_ is None or not set(self.any_).isdisjoint(tags))
            and (self.is_null_ is None or self.is_null_ == (not tags))
        )


class ByIdAndName(_Strict):
    id: Ids = Ids()
    name: Names = Names()

    def select(self, row: JsonObject) -> bool:
        """Whether a flow or work pool is asked for."""
        return self.id.select(str(row["id"])) and self.name.select(str(row["name"]))


class DeploymentFilter(ByIdAndName):
    tags: Tags = Tags()

    def select(self, row: JsonObject) -> bool:
        """Whether a deployment is asked for."""
        tags = row["tags"]
        assert isinstance(tags, list)
        return super().select(row) and self.tags.select([str(tag) for tag in tags])


class States(_Strict):
    any_: list[str] | None = None

    def select(self, state: str) -> bool:
        """Whether a type of states is asked for."""
        return self.any_ is None or state in self.any_


class RunState(_Strict):
    type: States = States()


class RunFilter(_Strict):
    state: RunState = RunState()


class Query(BaseModel):
    """A request for a list. Unknown keys beside the filters are ignored, as FastAPI ignores them."""

    limit: int | None = None
    offset: int = Field(0, ge=0)
    page: int = Field(1, ge=1)
    sort: Sort = "NAME_ASC"
    deployments: DeploymentFilter | None = None
    flows: ByIdAndName | None = None
    work_pools: ByIdAndName | None = None
    flow_runs: RunFilter | None = None

    @property
    def size(self) -> int:
        """How many rows may come back."""
        return LARGEST_PAGE if self.limit is None else self.limit


def query(body: Json) -> Query:
    """The body of a `/filter` or `/paginate`, or 422."""
    found = parsed(Query, {} if body is None else _answerable(body))
    if found.size < 0:
        refuse(422, "Invalid limit: must be greater than or equal to 0.")
    if found.size > LARGEST_PAGE:
        refuse(422, f"Invalid limit: must be less than or equal to {LARGEST_PAGE}.")
    return found


def _answerable(body: Json) -> Json:
    if isinstance(body, dict):
        for name, keys in _UNKNOWN_HERE.items():
            part = body.get(name)
            if isinstance(part, dict) and keys.intersection(part):
                raise NotImplementedError(
                    f"the fake Prefect has no filter {name}: {sorted(keys & part.keys())}"
                )
    return body


def page(found: list[JsonObject], asked: Query) -> list[JsonObject]:
    """The rows that `offset` and `limit` ask for."""
    return found[asked.offset : asked.offset + asked.size]


_BY: dict[str, tuple[Callable[[JsonObject], str], bool]] = {
    "NAME_ASC": (lambda row: str(row["name"]), False),
    "NAME_DESC": (lambda row: str(row["name"]), True),
    "CREATED_DESC": (lambda row: str(row["created"]), True),
    "UPDATED_DESC": (lambda row: str(row["updated"]), True),
}


def ordered(rows: list[JsonObject], sort: Sort) -> list[JsonObject]:
    """The rows in this order. Names compare by code point, and rows that tie are in no order to rely on."""
    key, backwards = _BY[sort]
    return sorted(rows, key=key, reverse=backwards)
