"""Enums, models, dataclasses, typed dicts and named tuples in the flow's own file."""
# ruff: noqa - how people write flows is what is tested, not how they should.

import dataclasses
import datetime as dt
import enum
from abc import ABC
from dataclasses import dataclass, field
from enum import Enum, IntEnum, StrEnum, auto, unique
from typing import (
    Annotated,
    Any,
    Callable,
    ClassVar,
    List,
    Literal,
    NamedTuple,
    NewType,
    Optional,
    TypeAlias,
    Union,
)

from prefect import flow
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic.dataclasses import dataclass as model_dataclass
from typing_extensions import NotRequired, Required, TypedDict


class Colour(Enum):
    """What it looks like.

    In a few words.
    """

    RED = "red"
    BLUE = "blue"
    CRIMSON = "red"


@unique
class Number(Enum):
    ONE = 1
    TWO = 2

    def half(self) -> float:
        return self.value / 2

    @property
    def double(self) -> int:
        return self.value * 2


class Mixed(Enum):
    INT = 1
    TEXT = "x"
    PAIR = (1, 2)
    NOTHING = None
    HALF = 0.5


class Auto(Enum):
    A = auto()
    B = auto()
    C = 7
    D = auto()


class Text(str, Enum):
    A = "a"
    B = "b"


class Strings(StrEnum):
    LOUD = auto()
    QUIET = "hush"


class Ints(IntEnum):
    A = 1
    B = enum.auto()


class Floats(float, Enum):
    A = 0.5


class Flags(Enum):
    YES = True
    NO = False


@flow
def enums(a: Colour, b: Number, c: Mixed, d: Auto, e: Text, f: Strings, g: Ints, h: Floats, i: Flags): ...


@flow
def enum_defaults(
    a: Colour = Colour.RED,
    b: Colour | None = None,
    c: Colour = Colour.CRIMSON,
    d: Text = Text.A,
    e: Number = Number.TWO.value,
    f: List[Colour] = [Colour.RED, Colour.BLUE],
    g: dict[Colour, int] = {},
    h: Literal[Colour.RED, "x"] = "x",
    i: Mixed = Mixed.PAIR,
): ...


@flow
def titles_that_repeat(Colour: Colour, Text: Text | None = None): ...


class Inner(BaseModel):
    size: int = 3
    max_size_in_mb: float = 1.5
    name: Optional[str] = None


class Later(BaseModel):
    """Refers to what comes later."""

    target: "Target"
    targets: list["Target"] = []


class Target(BaseModel):
    """A target.

    Of two lines.
    """

    host: str
    port: int = Field(5432, gt=0, lt=65536, description="Where it listens.", title="Port number")


class Outer(BaseModel):
    inner: Inner
    maybe: Optional[Inner] = None
    many: list[Inner] = []
    by_name: dict[str, Inner] = Field(default_factory=dict, description="By name.")
    either: Union[Inner, Target, None] = None
    colour: Colour = Colour.RED
    when: dt.date = dt.date(2020, 1, 1)
    password: SecretStr
    KIND: ClassVar[str] = "outer"
    _cache: dict[str, Any] = {}

    def method(self) -> int:
        return 1

    @property
    def prop(self) -> int:
        return 2


class Configured(BaseModel):
    model_config = ConfigDict(
        extra="forbid", title="A title", frozen=True, json_schema_extra={"examples": [{"x": 1}]}
    )

    x: int = Field(alias="theX", examples=[1, 2], ge=1, multiple_of=2)
    y: str = Field("a", min_length=1, max_length=9, pattern="^a", validation_alias="why", deprecated=True)
    z: list[int] = Field([1], min_length=1, repr=False)
    w: Annotated[int, Field(gt=0, description="Annotated.")] = 4
    v: Annotated[Optional[int], Field(gt=0)] = Field(None, description="Assigned.")
    u: int = Field(..., json_schema_extra={"unit": "s"})
    t: int = ...
    s: None = Field(None, title="Nothing")


class Open(BaseModel, extra="allow"):
    x: int


class ByDict(BaseModel):
    model_config = {"extra": "ignore", "title": "By dict"}
    secret: int = Field(1, exclude=True, deprecated=False)
    _private = 1

    @property
    def half(self) -> float:
        return self.secret / 2

    @half.setter
    def half(self, value: float) -> None:
        self.secret = int(value * 2)


class Base(BaseModel, ABC):
    """A base."""

    a: int
    b: str = "x"


class Derived(Base):
    c: int
    a: str


class Unwritable(BaseModel):
    first: Callable[[], int]
    second: int


class Overriding(Unwritable):
    """Only what it does not replace counts."""

    third: int
    first: str


@flow
def overriding(a: Overriding): ...


class Validated(BaseModel):
    x: int
    y: str = "a"

    @field_validator("x")
    @classmethod
    def check_x(cls, value: int) -> int:
        return value

    @field_validator("y", mode="before")
    @classmethod
    def check_y(cls, value: Any) -> Any:
        return value

    @model_validator(mode="after")
    def check(self) -> "Validated":
        return self


class Tree(BaseModel):
    value: int
    children: list["Tree"] = []
    parent: Optional["Tree"] = None


class Chicken(BaseModel):
    egg: Optional["Egg"] = None


class Egg(BaseModel):
    chicken: Chicken


@flow
def models(a: Inner, b: Outer, c: Target | None = None, d: list[Inner] = [], e: dict[str, Target] = {}): ...


@flow
def later(a: Later): ...


@flow
def configured(a: Configured, b: Open, c: ByDict): ...


@flow
def derived(a: Derived, b: Base): ...


@flow
def validated(a: Validated): ...


@flow
def recursive(a: Tree, b: Chicken, c: list[Egg]): ...


@flow
def model_defaults(
    a: Inner = Inner(),
    b: Inner = Inner(size=4, name="x"),
    c: Inner | None = Inner(max_size_in_mb=2.5),
    d: list[Inner] = [Inner(), Inner(size=1)],
): ...


@dataclass
class Point:
    """A point."""

    x: int
    y: int = 2
    tags: list[str] = field(default_factory=list)
    label: str = field(default="p", repr=False)
    hidden: int = field(default=0, init=False)
    unset: int = field(init=False)


@dataclass(frozen=True, slots=True)
class Line:
    start: Point
    end: Point | None = None
    _: dataclasses.KW_ONLY
    width: float
    KIND: ClassVar[str] = "line"


@dataclass(kw_only=True)
class Styled:
    colour: Colour = Colour.BLUE
    scale: dataclasses.InitVar[int] = 1


@dataclass
class Dashed(Styled):
    """Styled(and dashed)."""

    gap: int = 1


@model_dataclass
class Checked:
    """Checked by pydantic."""

    x: int = Field(gt=3)
    y: int = Field(3, description="why")
    z: int = 4


class Mixin:
    """Not a dataclass, so its annotation is no field."""

    ignored: int


@dataclass(eq=True, init=True)
class Mixed2(Mixin):
    """Mixed2(x) looks like a docstring that Python made."""

    x: int
    y: int = field(default=1, kw_only=True)
    other = 3

    class Nested: ...


@flow
def dataclass_mixin(a: Mixed2): ...


@flow
def dataclass_parameters(a: Point, b: Line, c: Styled, d: Dashed, e: Checked): ...


@flow
def dataclass_defaults(a: Dashed | None = None, b: Checked = Checked(x=5)): ...


class Options(TypedDict):
    """Some options."""

    a: int
    b: NotRequired[str]


class MoreOptions(Options, total=False):
    c: float
    d: Required[list[Options]]


class Pair(NamedTuple):
    """A pair."""

    first_one: int
    second: Optional[Colour] = None


@flow
def typed(a: Options, b: MoreOptions, c: Pair, d: list[Pair]): ...


class Opaque:
    """Pydantic knows nothing about it."""

    def __init__(self, x: int) -> None:
        self.x = x


class MoreOpaque(Opaque): ...


@flow
def opaque(a: Opaque, b: list[Opaque], c: MoreOpaque | None = None, d: dict[str, Opaque] = {}): ...


class WithCallable(BaseModel):
    hook: Callable[[], None]
    size: int = 1


@flow
def without_schema(a: WithCallable, b: list[WithCallable], c: int, d: WithCallable | None = None): ...


UserId = NewType("UserId", int)
Names: TypeAlias = list[str]
Maybe = Optional[int]
Positive = Annotated[int, Field(gt=0, description="More than nothing.")]
Wide = Union[Maybe, str]


@flow
def aliases(
    a: UserId, b: Names, c: Maybe, d: Positive, e: list[Positive], f: Wide, g: Names | None = None
): ...
