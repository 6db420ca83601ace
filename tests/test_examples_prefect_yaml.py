"""The example of a `prefect.yaml`: what it wants, and what it is refused for."""

from __future__ import annotations

from pathlib import Path

import pytest

from prefect_reconcile.errors import InvalidManifestsError
from prefect_reconcile.loader.manifests import Inputs, load
from prefect_reconcile.loader.placeholders import Values
from prefect_reconcile.model import Severity

EXAMPLE = Path(__file__).parent.parent / "examples" / "prefect-yaml"
BUILT = Values({"build_image.image": "registry.example.com/shop:1.4", "build_image.tag": "1.4"})


def test_what_it_wants() -> None:
    """Three deployments of two flows, with the image that was built and what a worker looks up."""
    loaded = load([], Inputs(EXAMPLE, BUILT))
    assert [one.name for one in loaded.desired] == [
        "load-orders/nightly",
        "load-orders/backfill",
        "weekly-report/weekly",
    ]
    nightly, backfill, weekly = (one.fields for one in loaded.desired)
    variables = {
        "image": "registry.example.com/shop:1.4",
        "env": {"DATABASE_URL": "{{ prefect.variables.shop_database }}"},
    }
    assert nightly["job_variables"] == weekly["job_variables"] == variables
    assert backfill["job_variables"] == {**variables, "memory": "4Gi"}
    assert (weekly["version"], weekly["parameters"]) == ("1.4", {"recipients": ["team@example.com"]})
    assert nightly["pull_steps"] == backfill["pull_steps"] == weekly["pull_steps"]


def test_what_it_warns_of() -> None:
    """Once, for all three, that the build step is not run; nothing else is worth a word."""
    hints = load([], Inputs(EXAMPLE, BUILT)).hints
    assert [(one.severity, one.source.line, one.what) for one in hints] == [
        (Severity.WARNING, 4, "build steps are not carried out")
    ]


def test_without_the_image() -> None:
    """Each place where the build step's outputs are used is an error."""
    with pytest.raises(InvalidManifestsError) as error:
        load([], Inputs(EXAMPLE))
    assert {str(one).partition(";")[0] for one in error.value.problems} == {
        f"prefect.yaml:{place} comes from a build or push step, which is not carried out"
        for place in (
            "27:16: deployments[0].work_pool.job_variables.image: {{ build_image.image }}",
            "27:16: deployments[1].work_pool.job_variables.image: {{ build_image.image }}",
            "27:16: deployments[2].work_pool.job_variables.image: {{ build_image.image }}",
            "51:14: deployments[2].version: {{ build_image.tag }}",
        )
    }
