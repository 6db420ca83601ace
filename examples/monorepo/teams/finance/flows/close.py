"""The flows of the finance team."""

from prefect import flow


@flow(name="close-books")
def close(month: str) -> None:
    """Close the books of a month."""
    print(f"closing {month}")
