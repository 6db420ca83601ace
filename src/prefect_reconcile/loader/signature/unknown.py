"""Why a schema cannot be known without running the code."""

from __future__ import annotations

import ast
from dataclasses import dataclass

_SHOWN = 60
"""How many characters of an expression a reason quotes."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """What cannot be known statically. `line` counts from 1, in the flow's own file."""

    line: int
    reason: str


class NotStaticError(Exception):
    """Stops the reading of a signature: `reason` is for people, `line` is a line of the file `module`."""

    def __init__(self, node: ast.AST, reason: str, module: str) -> None:
        super().__init__(reason)
        self.line: int = getattr(node, "lineno", 0)
        self.reason = reason
        self.module = module


class NoSchemaError(Exception):
    """A type that pydantic has no JSON schema for: Prefect writes its parameter as one of any type."""


def shown(node: ast.AST) -> str:
    """The code of a node as a reason quotes it: one short line."""
    try:
        code = " ".join(ast.unparse(node).split())
    except (RecursionError, ValueError):
        return "this expression"
    return code if len(code) <= _SHOWN else code[: _SHOWN - 1] + "…"
