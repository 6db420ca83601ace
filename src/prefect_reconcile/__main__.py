"""`python -m prefect_reconcile` is `reconcile`."""

from prefect_reconcile.cli import main

main()
