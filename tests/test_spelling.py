"""Names in messages."""

from __future__ import annotations

import pytest

from prefect_reconcile.spelling import did_you_mean, listed


@pytest.mark.parametrize(
    ("written", "remedy"),
    [("prd", 'did you mean "prod"?'), ("x", "choose one"), ("prod", 'did you mean "prod"?')],
)
def test_the_closest_name(written: str, remedy: str) -> None:
    """If one is close at all."""
    assert did_you_mean(written, ["dev", "prod"], "choose one") == remedy


def test_many_names_are_cut() -> None:
    """With the number of those that are left out."""
    assert (listed(["a", "b"], 2), listed(["a", "b", "c", "d"], 2)) == ("a, b", "a, b and 2 more")
