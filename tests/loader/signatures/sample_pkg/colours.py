"""An enum that others share."""
# ruff: noqa - how people write flows is what is tested, not how they should.

from enum import Enum


class Shade(Enum):
    LIGHT = "light"
    DARK = "dark"
