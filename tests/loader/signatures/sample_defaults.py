"""Defaults, as code writes them and as JSON has them."""
# ruff: noqa - how people write flows is what is tested, not how they should.

import datetime as dt
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import flow

RETRIES = 3
NAME: str = "etl"
DAY = 24 * 60 * 60
TAGS = ["a", "b"]
PAIR = (1, 2)
NESTED = {"limit": RETRIES, "names": [NAME]}


class Level(str, Enum):
    LOW = "low"
    HIGH = "high"


LEVEL = Level.HIGH


@flow
def scalars(a=1, b=-1, c=1.5, d="x", e=True, f=None, g=b"raw", h=-0.5, i=1e300, j="é\u2028", k=""): ...


@flow
def containers(
    a: list = [1, "x", None],
    b: dict = {"k": [1, {"n": 2}], 3: None},
    c: tuple = (1, 2),
    d: set = {3, 1, 2},
    e: frozenset = frozenset({"b", "a"}),
    f: list = [],
    g: Any = set(),
    h: dict = dict(),
    i: list = [{1}, frozenset(), (), set([2])],
): ...


@flow
def arithmetic(a: int = 60 * 60, b: float = 1.5 * 2, c: int = 10 - 3 + 1, d: int = -(2 * 3)): ...


@flow
def constants(a: int = RETRIES, b: str = NAME, c: int = DAY, e: tuple = PAIR, f: Level = LEVEL): ...


@flow
def mutable_constants(tags: list[str] = TAGS, nested: dict = NESTED): ...


@flow
def other_than_the_type(a: int = "x", b: int = None, c: str = 1, d: bool = 0): ...


@flow
def ellipsis(a: int = ..., b: str = "x"): ...


@flow
def moments(
    a: datetime = datetime(2020, 1, 2),
    b: datetime = datetime(2020, 1, 2, 3, 4, 5, 60),
    c: datetime = datetime(2020, 1, 2, tzinfo=timezone.utc),
    d: datetime = datetime(2020, 1, 2, tzinfo=timezone(timedelta(hours=-2))),
    e: date = date(2020, 1, 2),
    f: time = time(1, 2, 3),
    g: dt.date = dt.date(2024, 2, 29),
    h: datetime = datetime(2020, 1, 2, tzinfo=UTC),
): ...


@flow
def durations(
    a: timedelta = timedelta(days=1),
    b: timedelta = timedelta(hours=36, minutes=1),
    c: timedelta = timedelta(seconds=1.5),
    d: timedelta = timedelta(0),
    e: timedelta = timedelta(days=-1),
    f: timedelta = timedelta(days=800, microseconds=5),
): ...


@flow
def made(
    a: Decimal = Decimal("1.50"),
    b: Path = Path("data//raw/../x"),
    c: UUID = UUID("12345678123456781234567812345678"),
    d: Decimal | None = Decimal(3),
): ...
