"""A server of the toy kind's variables, on the scripted network."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import httpx

from network import Network

Refusal: TypeAlias = "httpx.Response | type[httpx.RequestError]"


class Variables(Network):
    """What it has, by name as `space/a`; `refuse` answers the writes of some, by the last part of the name.

    `before` is called with each request before it is carried out, and may do anything, such as waiting.
    `ignores` are fields of which it takes none, and `date` is its clock in every answer.
    """

    def __init__(self, refuse: Mapping[str, Refusal] | None = None, **there: dict[str, Any]) -> None:
        super().__init__(lambda request: self.handle(request))
        self._refuse = refuse or {}
        self.rows: dict[str, dict[str, Any]] = {}
        self.before: Callable[[httpx.Request], Any] = lambda request: None
        self.ignores: frozenset[str] = frozenset()
        self.date = ""
        for name, fields in there.items():
            self.put(f"space/{name}", **fields)

    def put(self, name: str, **fields: Any) -> None:
        """Makes or changes one, as somebody else would."""
        row = self.rows.get(name, {"id": f"id-{name[6:]}", "name": name, "value": None, "tags": []})
        self.rows[name] = {**row, **fields}

    @property
    def made(self) -> list[str]:
        """The last parts of the names of what is there."""
        return [name[6:] for name in self.rows]

    async def respond(self, request: httpx.Request) -> httpx.Response:
        waiting = self.before(request)
        if waiting is not None:
            await waiting
        response = self.handle(request)
        if self.date:
            response.headers["date"] = self.date
        return response

    def handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api")
        body = json.loads(request.content) if request.content else {}
        if path == "/variables/filter":
            return httpx.Response(200, json=self._found(body))
        if path == "/namespaces/":
            return httpx.Response(201, json={"id": "n"})
        name = body["name"] if path == "/variables/" else path.rpartition("/id-")[2]
        answer = self._refuse.get(name)
        if isinstance(answer, type):
            raise answer("gone", request=request)
        return answer or self._write(request.method, f"space/{name}", body)

    def _found(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            row
            for row in self.rows.values()
            if row["name"] in asked.get("name", {}).get("any_", [row["name"]])
            and row["id"] in asked.get("id", {}).get("any_", [row["id"]])
        ]

    def _write(self, method: str, name: str, body: dict[str, Any]) -> httpx.Response:
        there = name in self.rows
        taken = {
            key: one for key, one in body.items() if key in ("value", "tags") and key not in self.ignores
        }
        if method == "DELETE":
            if "delete" not in self.ignores:
                self.rows.pop(name)
            return httpx.Response(204)
        self.put(name, **taken)
        return httpx.Response({"POST": 200 if there else 201, "PATCH": 204}[method], json=self.rows[name])
