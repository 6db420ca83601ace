"""Whatever a file holds, it is read, or refused with words at a place: never a traceback, nor a warning.

`--hypothesis-profile=thorough` tries 10,000 of each family.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging import CHOSEN, agrees, judged
from mangling import OF_PYTHON, OF_TOML, OF_YAML, Mangle, mangled

from prefect_reconcile.cli.options import Chosen

EXAMPLES = Path(__file__).parents[2] / "examples"
INPUTS = 10_000 if settings.default.max_examples >= 1000 else 70
"""Of each family; 70 take about two seconds."""


@dataclass(frozen=True)
class Victim:
    """A file of an example, and the command line that reads it."""

    example: str
    file: str
    chosen: Chosen = CHOSEN

    @property
    def arguments(self) -> list[str]:
        """The same as options."""
        chosen = self.chosen
        found = [part for file in chosen.files for part in ("-f", file)]
        found += ["--target", chosen.target] if chosen.target else []
        found += ["--lenient"] if chosen.lenient else []
        for name, value in chosen.values.items():
            found += ["--set", f"{name}={value}"]
        return found


HERE = replace(CHOSEN, files=["."])
PROD = replace(CHOSEN, target="prod")
BUILT = replace(CHOSEN, values={"build_image.image": "shop:1", "build_image.tag": "1"})

FAMILIES: dict[str, tuple[list[Victim], tuple[Mangle, ...]]] = {
    "native": (
        [
            Victim("quickstart", "etl.yaml", HERE),
            Victim("quickstart", "report.yaml", HERE),
            Victim("environments", "deployments/orders.yaml"),
            Victim("environments", "deployments/orders.yaml", replace(PROD, lenient=True)),
            Victim("monorepo", "teams/sales/deployments/leads.yaml"),
        ],
        OF_YAML,
    ),
    "prefect.yaml": (
        [
            Victim("prefect-yaml", "prefect.yaml", BUILT),
            Victim("prefect-yaml", "prefect.yaml", replace(BUILT, lenient=True)),
            Victim("monorepo", "teams/finance/prefect.yaml"),
        ],
        OF_YAML,
    ),
    "overlay": ([Victim("environments", "overlays/prod/orders.yaml", PROD)], OF_YAML),
    "configuration": (
        [
            Victim("environments", "reconcile.toml"),
            Victim("environments", "reconcile.toml", PROD),
            Victim("monorepo", "reconcile.toml"),
            Victim("environments", "pyproject.toml", PROD),
        ],
        OF_TOML,
    ),
    "code": (
        [
            Victim("quickstart", "flows/etl.py", HERE),
            Victim("environments", "flows/orders.py"),
            Victim("prefect-yaml", "flows/report.py", BUILT),
            Victim("monorepo", "teams/finance/flows/close.py"),
        ],
        OF_PYTHON,
    ),
}


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the examples, with a configuration in each of both forms, and no setting of the user's."""
    copy = tmp_path_factory.mktemp("fuzz") / "examples"
    shutil.copytree(EXAMPLES, copy)
    own = (copy / "environments" / "reconcile.toml").read_text()
    tools = "[tool.reconcile]\n" + own.replace("[defaults]", "[tool.reconcile.defaults]").replace(
        "[values]", "[tool.reconcile.values]"
    ).replace("[targets.", "[tool.reconcile.targets.")
    (copy / "environments" / "pyproject.toml").write_text(tools)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SET", "set")
        patch.setenv("HOME", str(copy.parent))
        for name in ("UNSET", "RECONCILE_TARGET", "RECONCILE_CONFIG", "RECONCILE_LENIENT", "PREFECT_API_URL"):
            patch.delenv(name, raising=False)
        yield copy


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=INPUTS)
@given(data=st.data())
def test_it_is_read_or_refused(family: str, examples: Path, data: st.DataObject) -> None:
    """One file of an example is mangled, and all is read that the command reads."""
    victims, ways = FAMILIES[family]
    victim = data.draw(st.sampled_from(victims))
    file = examples / victim.example / victim.file
    whole = file.read_bytes()
    own = file.with_name("reconcile.toml")
    hidden = own.rename(own.with_suffix(".hidden")) if file.name == "pyproject.toml" else None
    try:
        file.write_bytes(data.draw(mangled(whole.decode(), ways)))
        with chdir(examples / victim.example):
            found = judged(victim.chosen)
            if data.draw(st.integers(0, 9)) == 9:
                form = data.draw(st.sampled_from(["text", "json", "github", "sarif"]))
                agrees(found, form, victim.arguments)
    finally:
        file.write_bytes(whole)
        if hidden:
            hidden.rename(own)
