"""The kind `Deployment`: a Prefect deployment, `flow/name`.

`models` say what people may write, `manifest` reads it and `printing` writes it, `environments` fits it to
one environment, `canonical` knows every field and the one spelling of its values, `schedules` the same for
the schedules, `observe` reads the live side, `requests` carries changes out, and `limitations` says what
older servers cannot do. Pure, as every kind is.
"""

from prefect_reconcile.kinds.deployment.canonical import NAME, SHAPES, resolve
from prefect_reconcile.kinds.deployment.environments import KEYED_BY, adjust, identify
from prefect_reconcile.kinds.deployment.manifest import read
from prefect_reconcile.kinds.deployment.observe import observe
from prefect_reconcile.kinds.deployment.printing import write
from prefect_reconcile.kinds.deployment.requests import create, update

__all__ = [
    "KEYED_BY",
    "NAME",
    "SHAPES",
    "adjust",
    "create",
    "identify",
    "observe",
    "read",
    "resolve",
    "update",
    "write",
]
