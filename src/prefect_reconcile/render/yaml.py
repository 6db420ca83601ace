"""Manifests as YAML that reads back as the same values."""

from __future__ import annotations

from collections.abc import Iterable

import yaml

from prefect_reconcile.model import Json
from prefect_reconcile.render import safe


class _Dumper(yaml.SafeDumper):
    """Writes every value out: an alias for what happens to be the same would only puzzle."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - so PyYAML calls it
        return True


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    """Several lines as a block. The text may be of a subclass of ours."""
    lines = text.split("\n")
    # Outside of double quotes, other line breaks would become ordinary ones, and what is unseen stays so.
    seen = all(line.isprintable() and safe.line(line) == line for line in lines)
    style = '"' if not seen else "|" if len(lines) > 1 else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style=style)


_Dumper.add_multi_representer(str, _text)
_Dumper.add_representer(str, _text)


def render(documents: Iterable[Json]) -> str:
    """One text of all documents, keys in their order; it ends with a line break.

    What cannot be seen is escaped, and stands in double quotes, where YAML knows the same escapes.
    """
    text = yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**31 - 1)
    return "\n".join(map(safe.line, text.split("\n")))
