"""The parts of the fake Prefect: what it accepts, how schedules and parameters behave, what filters mean."""
