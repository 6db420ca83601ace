from enum import Enum

from prefect import flow


class Mode(Enum):
    FULL = "full"
    DELTA = "delta"


@flow
def load_orders(
    day: str = "yesterday", mode: Mode = Mode.FULL, tags: list[str] | None = None, limit: int = 3
):
    """Load orders.

    Args:
        day: which day
        limit: how many
    """


@flow(name="Other Flow")
def other():
    pass
