"""Against Prefect's own reading, over documents that nobody wrote."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from hypothesis import given

from prefect_deploy import documents, oracle, stubs
from prefect_reconcile.loader.manifests import Inputs, load
from prefect_reconcile.loader.placeholders import Values
from prefect_reconcile.model import Json

GIVEN: dict[str, Json] = {
    **documents.OUTPUTS,
    **{f"image.{name}": value for name, value in documents.OUTPUTS["image"].items()},
}
"""As `--set @outputs.json` gives them."""


@given(documents.documents())
def test_we_make_what_prefect_makes(document: dict[str, Any]) -> None:
    """Every field of every deployment, but for what is left out so that people can switch it."""
    with TemporaryDirectory() as name:
        folder = Path(name).resolve()
        stubs.write_code(folder, document)
        file = folder / "prefect.yaml"
        file.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
        theirs = oracle.makes(file, documents.OUTPUTS, documents.ENVIRON, folder)
        ours = load([], Inputs(folder, Values(GIVEN, documents.ENVIRON))).desired
    assert [oracle.fields(one) for one in ours] == theirs
