"""What the orders of a shop go through."""

from prefect import flow


@flow
def load_orders(region: str, full: bool = False) -> None:
    """Load the orders of one region.

    Args:
        region: Which shop's orders to load.
        full: Load everything, and not only what is new.
    """
    print(f"loading {'all' if full else 'new'} orders of {region}")
