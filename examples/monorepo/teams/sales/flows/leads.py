"""The flows of the sales team."""

from prefect import flow


@flow
def score_leads(model: str = "small", limit: int = 1000) -> None:
    """Score the newest leads."""
    print(f"scoring at most {limit} leads with the {model} model")
