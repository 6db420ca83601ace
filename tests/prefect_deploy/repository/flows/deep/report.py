from prefect import flow


@flow(name="weekly report", description=None, log_prints=True)
def report(recipients: list[str], *, settings: dict[str, int] | None = None) -> None:
    """Mail the figures.

    The second paragraph, with a colon: here.

    Args:
        recipients: who gets it
    """
