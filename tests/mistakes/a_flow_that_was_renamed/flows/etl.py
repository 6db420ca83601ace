from prefect import flow


@flow
def load(day: str = "today", limit: int = 100) -> None:
    """Load one day."""


@flow
def report(month: str) -> None:
    """Report a month."""
