"""The names of a flow's parameters, which are known in more cases than their schema is."""

from __future__ import annotations

from pathlib import Path

import pytest
from prefect import Flow
from prefect.utilities.callables import parameters_to_args_kwargs

from prefect_reconcile.loader.code import Code
from prefect_reconcile.model import FlowFacts


def parameters(root: Path, source: str) -> frozenset[str] | None:
    """The names that the code says for the flow `etl`."""
    (root / "a.py").write_text(source)
    found = Code(root).lookup(root)("a.py:etl")
    assert isinstance(found, FlowFacts)
    return found.parameters


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "a",
        "a, b=1",
        "a, /",
        "a, /, b, *, c",
        "a, *b, c=1",
        "self, a",
        "a, cls=1",
        "a: list[int] = max(1, 2)",
    ],
)
def test_as_prefect(signature: str, tmp_path: Path) -> None:
    """The names are those in Prefect's own schema, whatever the types and the defaults."""
    source = f"from prefect import flow\n@flow(validate_parameters=False)\ndef etl({signature}): ..."
    namespace: dict[str, object] = {"__name__": "flows_of_a_test"}
    exec(compile(source, "a.py", "exec"), namespace)
    flow = namespace["etl"]
    assert isinstance(flow, Flow)
    assert parameters(tmp_path, source) == frozenset(flow.parameters.properties)


def test_positional_only() -> None:
    """Prefect gives a positional-only parameter by its name."""

    def etl(a: int, /) -> None: ...

    assert parameters_to_args_kwargs(etl, {"a": 1}) == ((1,), {})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("@flow\ndef etl(a: Unknown = compute()): ...", frozenset({"a"})),
        ("@flow\ndef etl(return_state, wait_for): ...", frozenset({"return_state", "wait_for"})),
        ("@flow(name=compute())\ndef etl(a): ...", frozenset({"a"})),
        ("def run(a): ...\netl = flow(run)", frozenset({"a"})),
        ("@flow\ndef run(a): ...\netl = run", frozenset({"a"})),
        ("from b import etl", frozenset({"b"})),
        ("@flow\ndef etl(a, **options): ...", None),
        ("@other\n@flow\ndef etl(a): ...", None),
        ("@flow\n@other\ndef etl(a): ...", None),
        ("@flow\ndef etl(a): ...\n@flow\ndef etl(b): ...", None),
        ("@flow\ndef etl(a): ...\netl = other(etl)", None),
        ("from c import *\n@flow\ndef etl(a): ...", None),
        ("exec('')\n@flow\ndef etl(a): ...", None),
    ],
)
def test_known_or_not(source: str, expected: frozenset[str] | None, tmp_path: Path) -> None:
    """They are not known where the flow takes any, or may be another one once the code has run."""
    (tmp_path / "b.py").write_text("from prefect import flow\n@flow\ndef etl(b=len('')): ...")
    assert parameters(tmp_path, f"from prefect import flow\n{source}\n") == expected
