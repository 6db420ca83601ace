"""Names from other files of the repository, under any name."""
# ruff: noqa - how people write flows is what is tested, not how they should.

import sample_pkg
import sample_pkg.models
import sample_pkg.models as shared
from sample_pkg import colours, models
from sample_pkg.models import Config, Limits
from sample_pkg.models import Config as Renamed

from prefect import flow

Alias = shared.Config


@flow
def direct(a: Config, b: Renamed, c: Limits | None = None): ...


@flow
def attributes(a: models.Config, b: shared.Limits, c: sample_pkg.models.Config, d: Alias): ...


@flow
def reexported(a: sample_pkg.Shade, b: colours.Shade = colours.Shade.DARK, c: sample_pkg.Size = 3): ...


@flow
def constants(a: int = models.DEFAULT_SIZE, b: str = shared.NAME, c: Config = Config(size=2)): ...
