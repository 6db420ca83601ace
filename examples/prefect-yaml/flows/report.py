from prefect import flow


@flow(name="weekly-report")
def report(recipients: list[str]) -> None:
    """Mail the figures of the last week."""
    for recipient in recipients:
        print(f"mailing {recipient}")
