"""Flows that import from beside them."""
# ruff: noqa - how people write flows is what is tested, not how they should.

from prefect import flow

from . import colours
from .models import Config
from .models import Limits as Bounds


@flow
def relative(a: Config, b: Bounds, c: colours.Shade = colours.Shade.LIGHT): ...
