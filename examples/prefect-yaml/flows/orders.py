from prefect import flow


@flow
def load_orders(day: str = "yesterday", limit: int = 1000) -> int:
    """Load one day of orders into the warehouse."""
    print(f"loading at most {limit} orders of {day}")
    return limit
