"""A package of the repository."""
# ruff: noqa - how people write flows is what is tested, not how they should.

from .colours import Shade
from .models import Size

__all__ = ["Shade", "Size"]
