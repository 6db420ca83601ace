"""Models that others share."""
# ruff: noqa - how people write flows is what is tested, not how they should.

from pydantic import BaseModel, PositiveInt

from . import colours
from .colours import Shade

DEFAULT_SIZE = 10
NAME = "shared"
Size = PositiveInt


class Limits(BaseModel):
    shade: Shade = Shade.LIGHT
    other: colours.Shade | None = None
    size: Size = DEFAULT_SIZE


class Config(BaseModel):
    """Shared configuration."""

    limits: list[Limits] = []
    size: int = DEFAULT_SIZE
