from prefect import flow


@flow(name="daily-report")
def report(recipients: list[str]) -> None:
    """Mail the figures of the last day."""
    for recipient in recipients:
        print(f"mailing {recipient}")
