"""From files to desired resources of any kind, or to all problems at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

import toy_kind
from prefect_reconcile.errors import InvalidManifestsError
from prefect_reconcile.kinds import deployment
from prefect_reconcile.kinds.protocol import Kind
from prefect_reconcile.loader.manifests import Inputs, load
from prefect_reconcile.model import Desired, Source

KINDS: Mapping[str, Kind] = {deployment.NAME: deployment, toy_kind.NAME: toy_kind}


def problems(folder: Path, *paths: str) -> list[str]:
    """The lines with which the manifests are refused."""
    with pytest.raises(InvalidManifestsError) as error:
        load(paths, Inputs(folder), KINDS)
    return str(error.value).splitlines()


def test_documents_files_and_kinds(tmp_path: Path) -> None:
    """Several documents in a file, several files, two kinds; the default kind needs no `kind`."""
    (tmp_path / "a.yaml").write_text("name: x\nflow: f\n---\nkind: Variable\nname: space/v\nvalue: 1\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.yml").write_text("kind: Deployment\nname: y\nflow: f\n")
    (tmp_path / "ignored.txt").write_text("not: a manifest")
    assert load(["."], Inputs(tmp_path), KINDS).desired == (
        Desired("Deployment", "f/x", Source("a.yaml", 1, 1), {}, {"name": "x", "flow": "f"}),
        Desired("Variable", "space/v", Source("a.yaml", 4, 1), {"value": 1, "tags": []}),
        Desired("Deployment", "f/y", Source("sub/b.yml", 1, 1), {}, {"name": "y", "flow": "f"}),
    )


def test_values_know_where_they_stand(tmp_path: Path) -> None:
    """Also through an anchor and a merge key, for what only the server finds wrong."""
    text = "name: x\nflow: f\n<<: &common\n  work_pool_name: k8s\n"
    (tmp_path / "a.yaml").write_text(text)
    (one,) = load(["a.yaml"], Inputs(tmp_path)).desired
    assert one.place("work_pool_name") == Source("a.yaml", 4, 19)


def test_all_problems_of_all_files(tmp_path: Path) -> None:
    """YAML, documents, kinds and fields: sorted by file and place."""
    (tmp_path / "a.yaml").write_text("- name: x\n---\nkind: Deploymnt\nname: x\n---\nkind: [1]\nname: x\n")
    (tmp_path / "b.yaml").write_text("name: 'x\n")
    (tmp_path / "c.yaml").write_text("kind: Variable\nname: v\n")
    assert problems(tmp_path, ".") == [
        "a.yaml:1:1: expected a manifest, which is a mapping; begin with name: …",
        "a.yaml:3:7: kind: unknown kind 'Deploymnt'; did you mean \"Deployment\"?",
        "a.yaml:6:7: kind: unknown kind [1]; write one of Deployment, Variable",
        "b.yaml:1:7: a quoted text has no end; add the closing quote",
        "c.yaml:2:7: name: expected namespace/name; write both",
    ]


def test_one_name_in_two_files(tmp_path: Path) -> None:
    """The second is refused, and the first named; two kinds may share a name."""
    for file in ("a.yaml", "b.yaml"):
        (tmp_path / file).write_text("name: x\nflow: space\n")
    (tmp_path / "c.yaml").write_text("kind: Variable\nname: space/x\n")
    assert problems(tmp_path, "c.yaml", "b.yaml", "a.yaml") == [
        "b.yaml:1:7: name: space/x is already declared at a.yaml:1:1; rename one of them or remove it"
    ]


def test_the_default_folder(tmp_path: Path) -> None:
    """Without paths, `deployments/` of the working directory."""
    (tmp_path / "deployments").mkdir()
    (tmp_path / "deployments" / "a.yaml").write_text("name: x\nflow: f\n")
    assert [one.name for one in load([], Inputs(tmp_path)).desired] == ["f/x"]


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    """A problem like any other."""
    (tmp_path / "a.yaml").write_text("name: x\nflow: f\n")
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere.yaml")
    assert [line.partition(":")[0] for line in problems(tmp_path, ".")] == ["gone.yaml"]


def test_hints_do_not_stop_a_load(tmp_path: Path) -> None:
    """What cannot be known from the code is told at the entrypoint."""
    source = "from prefect import flow\n@flow\ndef f(x=len('a')): ...\n"
    (tmp_path / "flow.py").write_text(source)
    (tmp_path / "a.yaml").write_text("name: x\nentrypoint: flow.py:f\n")
    loaded = load(["a.yaml"], Inputs(tmp_path))
    assert [one.name for one in loaded.desired] == ["f/x"]
    (hint,) = loaded.hints
    assert str(hint) == (
        "a.yaml:2:13: entrypoint: the flow's parameters are not known without running its code "
        "(flow.py:3: `len('a')` is computed); a live schema is left alone; parameter_openapi_schema sets one"
    )
