"""Which Prefect to talk to, by Prefect's own settings.

`sources` reads the places where a setting may stand, `connection` decides. May import
`errors` and `spelling` only.
"""

from prefect_reconcile.settings.connection import Connection, connection

__all__ = ["Connection", "connection"]
