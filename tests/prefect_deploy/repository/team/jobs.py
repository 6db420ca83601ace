from prefect import flow


@flow
def job_of_team(size: float = 0.5) -> None:
    """Found from the manifest's folder."""
