"""What `Field(…)` and `Annotated` say about parameters."""
# ruff: noqa - how people write flows is what is tested, not how they should.

from typing import Annotated, Literal, Optional

import annotated_types
from annotated_types import Gt, MaxLen
from prefect import flow
from pydantic import Field, StringConstraints
from pydantic import Field as F


@flow
def constraints(
    a: Annotated[int, Field(gt=0, le=10)],
    b: Annotated[float, Field(ge=0.5, lt=1, multiple_of=0.25)],
    c: Annotated[str, Field(min_length=1, max_length=3, pattern="^a+$")],
    d: Annotated[list[int], Field(min_length=1)],
    e: Annotated[dict[str, int], Field(max_length=3)],
    f: Annotated[set[int], F(max_length=2)],
    g: Annotated[bytes, Field(max_length=2)],
    h: Annotated[tuple[int, ...], Field(min_length=2)] = (1, 2),
): ...


@flow
def places(
    a: Annotated[int | None, Field(gt=0)],
    b: Optional[Annotated[int, Field(gt=0)]],
    c: list[Annotated[int, Field(gt=0, title="Item", description="An item.", examples=[1], default=3)]],
    d: dict[Annotated[str, Field(pattern="^k")], Annotated[int, Field(description="Value.")]],
    e: dict[Annotated[str, Field(max_length=3)], int],
    f: Annotated[Annotated[int, Field(gt=0)], Field(lt=9)],
    g: Annotated[int | str, Field(description="Gone.")] = 1,
): ...


@flow
def said(
    a: Annotated[int, Field(title="T", description="D", examples=[1], deprecated=True, alias="other")],
    b: Annotated[int, Field(json_schema_extra={"unit": "s"})],
    c: Annotated[int, Field(default=4)],
    d: Annotated[list[int], Field(default_factory=list)],
    e: Annotated[int, Field(default=4)] = 5,
):
    """Do it.

    Args:
        a: From the docstring.
    """


@flow
def field_defaults(
    a: int = Field(default=1, gt=0, description="Kept.", title="Gone", alias="gone", examples=[1]),
    b: int = Field(gt=0),
    c: int = Field(...),
    d: int = Field(2),
    e: list[int] = Field(default_factory=list),
    f: int = Field(3, json_schema_extra={"unit": "s", "position": 9}),
    g: Annotated[int, Field(default=4)] = Field(description="Both."),
    h: int = Field(5),
):
    """Do it.

    Args:
        a: Overruled.
        h: From the docstring.
    """


@flow
def other_metadata(
    a: Annotated[int, "a note"],
    b: Annotated[int, Gt(0), annotated_types.Le(9)],
    c: Annotated[str, MaxLen(3)],
    d: Annotated[str, StringConstraints(min_length=2, pattern="x")],
    e: Annotated[Literal["x"], Field(description="Gone.")] = "x",
): ...
