"""Printing what manifests say, and reading it again, is the identity."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prefect_reconcile.kinds.registry import KINDS
from prefect_reconcile.loader.document import parse
from prefect_reconcile.loader.manifests import Inputs, load
from prefect_reconcile.loader.placeholders import Values
from prefect_reconcile.model import Desired
from prefect_reconcile.render import yaml
from strategies import manifests


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the manifests are written, with one flow."""
    made = tmp_path_factory.mktemp("printing")
    (made / "etl.py").write_text(
        "from prefect import flow\n@flow\ndef etl(day: str = 'x'):\n    '''Load.'''\n"
    )
    return made


def read(folder: Path, text: str, **given_: Any) -> Sequence[Desired]:
    """What a text means, without where it stands."""
    (folder / "m.yaml").write_text(text)
    return load(["m.yaml"], Inputs(folder, Values(given_))).desired


def printed(desired: Sequence[Desired]) -> str:
    """The manifests that say the same."""
    return yaml.render(KINDS[one.kind].write(one) for one in desired)


def meaning(desired: Sequence[Desired]) -> list[Any]:
    """What resources are to be, whatever the lines are."""
    return [(one.kind, one.name, one.fields, one.refs) for one in desired]


@given(st.lists(manifests(), min_size=1, max_size=3, unique_by=lambda one: (one["flow"], one["name"])))
def test_printing_is_the_inverse_of_reading(folder: Path, drawn: list[dict[str, Any]]) -> None:
    """For every field, every spelling of a schedule, and every null."""
    first = read(folder, yaml.render(drawn))
    text = printed(first)
    second = read(folder, text)
    assert meaning(second) == meaning(first)
    assert printed(second) == text


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=20), max_size=6))
@example(
    [
        "a\nb",
        "a \nb",
        "\na\n\n",
        " a\nb",
        "a\tb\n",
        "\x85\n",
        "\u2028",
        "<<",
        "=",
        "1:30",
        "on",
        "~",
        "\x00",
        "a\u202eb",
        "\u115f",
        "x\n\u200b",
    ]
)
def test_every_text_reads_back(texts: list[str]) -> None:
    """Also one that YAML could take for something else, or whose lines are shown as a block."""
    (document,), problems = parse("x", yaml.render([{"texts": [*texts]}]).encode())
    assert (document.value, problems) == ({"texts": texts}, [])


def test_a_whole_text(folder: Path) -> None:
    """What the code and the environment say is written out; what need not be said is not."""
    text = (
        "name: nightly\nentrypoint: etl.py:etl\nversion: '{{ $V }}'\ntags: [b, a]\n"
        "schedules:\n- schedule: {cron: 0 2 * * *, day_or: true}\n  active: false\n"
        "- {slug: n, interval: PT1H, timezone: Asia/Tokyo, anchor_date: 2024-01-01T00:00:00Z}\n"
    )
    assert printed(read(folder, text, V="1.0")) == (
        "name: nightly\n"
        "flow: etl\n"
        "entrypoint: etl.py:etl\n"
        "description: Load.\n"
        "version: '1.0'\n"
        "tags:\n"
        "- a\n"
        "- b\n"
        "schedules:\n"
        "- cron: 0 2 * * *\n"
        "  active: false\n"
        "- slug: n\n"
        "  interval: 3600\n"
        "  timezone: Asia/Tokyo\n"
        "  anchor_date: '2024-01-01T00:00:00+00:00'\n"
        "parameter_openapi_schema:\n"
        "  title: Parameters\n"
        "  type: object\n"
        "  properties:\n"
        "    day:\n"
        "      type: string\n"
        "      default: x\n"
        "      title: day\n"
        "      position: 0\n"
    )
