"""The kind `Deployment`: a Prefect deployment, `flow/name`.

`models` say what people may write, `manifest` reads it and `printing` writes it, `environments` fits it to
one environment, `canonical` knows every field and the one spelling of its values, `schedules` the same for
the schedules, `observe` reads the live side, `requests` carries changes out, and `limitations` says what
older servers cannot do. Pure, as every kind is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect_reconcile.kinds.deployment.canonical import NAME, REASONS, SHAPES, resolve
from prefect_reconcile.kinds.deployment.environments import KEYED_BY, adjust, identify
from prefect_reconcile.kinds.deployment.manifest import read
from prefect_reconcile.kinds.deployment.observe import busy, observe, owned, reread
from prefect_reconcile.kinds.deployment.printing import write
from prefect_reconcile.kinds.deployment.requests import create, delete, update

if TYPE_CHECKING:
    from prefect_reconcile.kinds.forms import Form


def form() -> Form:
    """See `Kind.form`."""
    from prefect_reconcile.kinds.deployment.schema import FORM  # takes its time, and few runs need it

    return FORM


__all__ = [
    "KEYED_BY",
    "NAME",
    "REASONS",
    "SHAPES",
    "adjust",
    "busy",
    "create",
    "delete",
    "form",
    "identify",
    "observe",
    "owned",
    "read",
    "reread",
    "resolve",
    "update",
    "write",
]
