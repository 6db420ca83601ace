"""The kinds there are, by the name that manifests use. The first is the default."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from prefect_reconcile.kinds import deployment
from prefect_reconcile.kinds.protocol import Kind

KINDS: Mapping[str, Kind] = MappingProxyType({deployment.NAME: deployment})
