"""Types of the standard library and of pydantic, and what they are put together to."""
# ruff: noqa - how people write flows is what is tested, not how they should.

import collections
import collections.abc
import datetime as dt
import decimal
import ipaddress
import os
import pathlib
import re
import typing as t
import uuid
import zoneinfo
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import (
    Any,
    Callable,
    Dict,
    FrozenSet,
    List,
    Literal,
    Mapping,
    Optional,
    Sequence,
    Set,
    Tuple,
    Union,
)
from typing import List as L
from typing import Literal as OneOf

import pydantic
import typing_extensions
from prefect import flow
from pydantic import AnyUrl, HttpUrl, NonNegativeFloat, PositiveInt, SecretBytes, SecretStr


@flow
def scalars(a: int, b: float, c: str, d: bool, e: bytes, f: complex, g: None, h: object): ...


@flow
def bare_containers(a: list, b: dict, c: set, d: frozenset, e: tuple, f: type): ...


@flow
def bare_typing(a: List, b: Dict, c: Set, d: FrozenSet, e: Tuple, f: Mapping, g: Sequence): ...


@flow
def lists(a: list[int], b: List[str], c: list[list[float]], d: L[bool], e: Sequence[int], f: list[Any]): ...


@flow
def sets(a: set[int], b: Set[str], c: frozenset[int], d: FrozenSet[str], e: collections.abc.Set[int]): ...


@flow
def dicts(a: dict[str, int], b: Dict[str, Any], c: dict[int, list[str]], d: Mapping[str, bool]): ...


@flow
def dict_keys(
    a: dict[uuid.UUID, int], b: dict[Literal["x", "y"], int], c: dict[date, None], d: dict[bool, str]
): ...


@flow
def tuples(a: tuple[int, str], b: tuple[int, ...], c: Tuple[int], d: tuple[()], e: Tuple[str, ...]): ...


@flow
def other_containers(
    a: collections.deque,
    b: t.Deque[int],
    c: collections.OrderedDict,
    d: t.OrderedDict[str, int],
    e: t.Iterable[int],
    f: collections.abc.MutableSequence[str],
    g: t.MutableMapping[str, float],
    h: t.AbstractSet[str],
    i: t.MutableSet[int],
    j: collections.abc.Sequence,
    k: collections.abc.Mapping[str, list[int]],
): ...


@flow
def optionals(a: Optional[int], b: Optional[str] = None, c: t.Optional[List[int]] = None): ...


@flow
def unions(a: Union[int, str], b: int | str, c: Union[int, None], d: None | int, e: int | str | None): ...


@flow
def nested_unions(
    a: Union[int, Union[str, None]],
    b: Optional[Union[int, str]],
    c: int | None | str,
    d: Union[int, int],
    e: Union[List[int], list[int]],
    f: list[int | None] | dict[str, int | str] | None = None,
    g: Optional[None] = None,
): ...


@flow
def literals(
    a: Literal["x"],
    b: Literal["x", "y"],
    c: Literal[1, 2],
    d: Literal[1, "x", None, True],
    e: Literal[True, False],
    f: Literal[-1, 1],
    g: Literal[None],
    h: OneOf["p", "q"] = "p",
    i: Literal["x", "x"] = "x",
    j: Literal[b"raw"] = b"raw",
    k: Literal[1, True] = 1,
): ...


@flow
def nested_literals(
    a: Literal["x"] | Literal["y"],
    b: Optional[Literal["x", "y"]],
    c: Literal[Literal["x"], "y"],
    d: list[Literal["x", "y"]],
): ...


@flow
def dates(a: datetime, b: date, c: time, d: timedelta, e: dt.datetime, f: dt.date | None = None): ...


@flow
def other_scalars(
    a: decimal.Decimal,
    b: uuid.UUID,
    c: pathlib.Path,
    d: pathlib.PurePosixPath,
    e: os.PathLike[str],
    f: ipaddress.IPv4Address,
    g: ipaddress.IPv6Network,
    h: re.Pattern[str],
    i: zoneinfo.ZoneInfo,
    j: t.Text,
    k: t.Hashable,
): ...


@flow
def of_pydantic(
    a: PositiveInt,
    b: NonNegativeFloat,
    c: SecretStr,
    d: SecretBytes,
    e: HttpUrl,
    f: AnyUrl,
    g: pydantic.UUID4,
    h: pydantic.StrictStr,
    i: pydantic.FilePath,
    j: pydantic.PastDate,
    k: pydantic.AwareDatetime,
    m: pydantic.DirectoryPath,
    n: pydantic.NegativeInt,
    o: pydantic.StrictBool,
    p: pydantic.FiniteFloat,
): ...


@flow
def callables(
    a: Callable,
    b: Callable[[int], str],
    c: collections.abc.Callable[..., int] | None,
    f: list[Callable],
    g: Optional[Callable[[], None]] = None,
): ...


os.environ.setdefault("A", "b")
os.environ["SAMPLE"] = os.environ["A"]


@flow
def module_of_which_something_changed(a: os.PathLike): ...


@flow
def quoted(a: "int", b: "list[str]", c: "Optional[dict[str, int]]" = None, d: "str" = "x"): ...


@flow
def extensions(a: typing_extensions.Literal["x"], b: typing_extensions.Optional[int]): ...
