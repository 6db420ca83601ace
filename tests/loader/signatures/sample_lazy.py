"""Annotations that are never evaluated by Python itself."""
# ruff: noqa - how people write flows is what is tested, not how they should.

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal, Optional

from prefect import flow
from pydantic import BaseModel, Field
from typing_extensions import NotRequired, TypedDict


@flow
def before(a: int, b: Settings, c: Optional[list[Mode]] = None, d: Literal["x"] | None = None): ...


class Mode(Enum):
    FAST = "fast"
    SLOW = "slow"


class Settings(BaseModel):
    mode: Mode = Mode.FAST
    next: Optional[Step] = None
    size: int = Field(1, gt=0)


class Step(BaseModel):
    settings: Settings | None = None
    names: list[str]


@dataclass
class Range:
    start: int
    end: int | None = None
    mode: Mode = Mode.SLOW


class Options(TypedDict, total=False):
    a: int
    b: NotRequired[Range]


@flow
async def after(a: Settings, b: Range, c: Options, d: dict[str, Step]): ...
