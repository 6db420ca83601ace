"""Manifests as YAML that reads back as the same values."""

from __future__ import annotations

from collections.abc import Iterable

import yaml

from prefect_reconcile.model import Json


class _Dumper(yaml.SafeDumper):
    """Writes every value out: an alias for what happens to be the same would only puzzle."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - so PyYAML calls it
        return True


# A text may be of a subclass that remembers where it came from.
_Dumper.add_multi_representer(str, _Dumper.represent_str)


def render(documents: Iterable[Json]) -> str:
    """One text of all documents, keys in their order; it ends with a line break."""
    return yaml.dump_all(
        documents, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**31 - 1, explicit_start=False
    )
