"""What a flow's code says, without running it."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prefect import Flow

from prefect_reconcile.loader.code import Code
from prefect_reconcile.model import FlowFacts, JsonObject, NoFlow


def write(root: Path, path: str, source: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(dedent(source), encoding="utf-8")


def known(name: str | None, description: str | None) -> FlowFacts:
    """What the code of a flow without parameters says."""
    schema: JsonObject = {"title": "Parameters", "type": "object", "properties": {}}
    return FlowFacts(name, description, schema, parameters=frozenset())


NOWHERE = "correct it, or run where the code is"


def not_found(entrypoint: str) -> NoFlow:
    """The answer for a manifest in the root."""
    what = f"no code is found here for {entrypoint!r:.80} (looked in the working directory)"
    return NoFlow(what, NOWHERE, elsewhere=True)


def facts(root: Path, source: str, name: str = "my_flow") -> FlowFacts | NoFlow:
    """What the code says about one of its names."""
    write(root, "flow.py", source)
    return Code(root).lookup(root)(f"flow.py:{name}")


FLOW = "from prefect import flow\n@flow\ndef my_flow(): ...\n"
FOUND = known("my-flow", "")

IMPORTS = "import prefect, prefect.flows\nimport prefect as p\nfrom prefect import flow, flow as f, task\n"

PREFECT_DOES = [
    "@flow\ndef my_flow(): ...",
    "@flow()\ndef my_flow(): ...",
    "@flow\nasync def my_flow(): ...",
    "@prefect.flow\ndef my_flow(): ...",
    "@prefect.flows.flow\ndef my_flow(): ...",
    "@p.flow(log_prints=True)\ndef my_flow(): ...",
    "@f\ndef my_flow(): ...",
    "@flow(name='My Flow')\ndef my_flow(): ...",
    "@flow(name=None)\ndef my_flow(): ...",
    "@flow(name='')\ndef my_flow(): ...",
    "@flow(name='a' 'b')\ndef my_flow(): ...",
    "@flow(description='Short')\ndef my_flow():\n    '''Long'''",
    "@flow(description='')\ndef my_flow():\n    '''Long'''",
    "@flow(description=None)\ndef my_flow():\n    '''Long'''",
    "@flow\ndef my_flow():\n    '''First\n\n      indented\n    last\n    '''",
    "@flow\ndef my_flow():\n    '''  '''",
    "@flow\ndef my_flow():\n    '''\ttab\n\ttab'''",
    "@flow\ndef my_flow():\n    b'bytes'",
    "@flow\ndef my_flow():\n    f'formatted'",
    "@flow\ndef my_flow():\n    1\n    'late'",
    "@flow(name='first')\ndef my_flow(): ...\n@flow(name='last')\ndef my_flow(): ...",
    "def _run():\n    'Doc'\nmy_flow = flow(_run)",
    "def _run():\n    'Doc'\nmy_flow = flow(_run, name='mine', description='Short')",
    "def _run():\n    'Doc'\nmy_flow = prefect.flow(name='mine')(_run)",
    "@flow(name='mine')\ndef run():\n    'Doc'\nmy_flow = run",
    "from prefect.flows import *\n@flow(name='mine')\ndef my_flow(): ...",
]


@pytest.mark.parametrize("source", PREFECT_DOES)
def test_as_prefect(source: str, tmp_path: Path) -> None:
    """The syntax tree tells the name and the description that Prefect has when it runs the code."""
    source = IMPORTS + source
    namespace: dict[str, object] = {"__name__": "flows_of_a_test"}
    exec(compile(source, "flow.py", "exec"), namespace)
    flow = namespace["my_flow"]
    assert isinstance(flow, Flow)
    found = facts(tmp_path, source)
    assert isinstance(found, FlowFacts)
    assert (found.name, found.description) == (flow.name, flow.description or "")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("name=NAME", known(None, "Doc")),
        ("name=f'{NAME}'", known(None, "Doc")),
        ("name='a' + 'b'", known(None, "Doc")),
        ("name=5", known(None, "Doc")),
        ("description=TEXT", known("my-flow", None)),
        ("**options", known(None, None)),
        ("**options, name='a', description='b'", known("a", "b")),
    ],
)
def test_not_literal(arguments: str, expected: FlowFacts, tmp_path: Path) -> None:
    """What only running the code would tell is not known."""
    assert (
        facts(tmp_path, f"from prefect import flow\n@flow({arguments})\ndef my_flow():\n    'Doc'")
        == expected
    )


@pytest.mark.parametrize("module", ["prefect", "prefect.flows", "prefect.tasks"])
def test_any_import_of_prefect(module: str, tmp_path: Path) -> None:
    """Python binds the package by an import of any of its modules."""
    assert facts(tmp_path, f"import {module}\n@prefect.flow\ndef my_flow(): ...") == FOUND


@pytest.mark.parametrize(
    "change",
    [
        "my_flow = my_flow.with_options(name='other')",
        "my_flow.name = 'other'",
        "from elsewhere import *",
        "if 1:\n    my_flow = other",
        "def later():\n    global my_flow",
    ],
)
def test_changed_afterwards(change: str, tmp_path: Path) -> None:
    """A flow that the file changes once it is defined is one of which nothing is known."""
    found = facts(tmp_path, f"{FLOW}{change}\n")
    assert isinstance(found, FlowFacts)
    assert (found.name, found.description, found.schema, found.parameters) == (None, None, None, None)


@pytest.mark.parametrize(
    "entrypoint",
    [
        "flows/etl.py:my_flow",
        "./flows/etl.py:my_flow",
        "flows/../flows/etl.py:my_flow",
        "flows.etl:my_flow",
        "flows.etl.my_flow",
        "flows.pkg:my_flow",
        "flows.pkg.my_flow",
        "flows/pkg/__init__.py:my_flow",
    ],
)
def test_forms_of_an_entrypoint(entrypoint: str, tmp_path: Path) -> None:
    """A file, a module or a package, from the root."""
    write(tmp_path, "flows/etl.py", FLOW)
    write(tmp_path, "flows/pkg/__init__.py", FLOW)
    write(tmp_path, "flows/pkg.py", "")
    assert Code(tmp_path).lookup(tmp_path / "deployments")(entrypoint) == FOUND


def test_file_name_that_is_a_module(tmp_path: Path) -> None:
    """`etl.py` is the function `py` of the module `etl`, where there is one."""
    write(tmp_path, "etl.py", FLOW.replace("my_flow", "py"))
    assert Code(tmp_path).lookup(tmp_path)("etl.py") == known("py", "")


def test_folder_of_the_manifest_comes_first(tmp_path: Path) -> None:
    """Beside the manifest, then from the root."""
    write(tmp_path, "etl.py", FLOW.replace("@flow", "@flow(name='root')"))
    write(tmp_path, "team/etl.py", FLOW.replace("@flow", "@flow(name='team')"))
    code = Code(tmp_path)
    names = [code.lookup(tmp_path / folder)("etl.py:my_flow") for folder in ("team", "other", "")]
    assert names == [known("team", ""), known("root", ""), known("root", "")]


def test_one_folder_for_all_entrypoints(outside: Path) -> None:
    """With a folder of their own, entrypoints are looked up there and nowhere else, wherever it is."""
    root = outside.parent / "root"
    write(root, "near.py", FLOW)
    write(root, "team/etl.py", "")
    looks = [Code(root, only).lookup(root / "team") for only in (outside, Path("../secret"))]
    assert [look("etl.py:my_flow") for look in looks] == [FOUND, FOUND]
    what = f"no code is found here for 'near.py:my_flow' (looked in {outside})"
    assert [look("near.py:my_flow") for look in looks] == [NoFlow(what, NOWHERE, elsewhere=True)] * 2


def test_imports_from_the_one_folder(tmp_path: Path) -> None:
    """The modules of the code are found from the folder that it is run in."""
    write(tmp_path, "code/flows/etl.py", "from shared.flows import my_flow")
    write(tmp_path, "code/shared/flows.py", FLOW)
    write(tmp_path, "shared/flows.py", "")
    assert Code(tmp_path, Path("code")).lookup(tmp_path)("flows/etl.py:my_flow") == FOUND


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A flow beside the root, which is `root`."""
    write(tmp_path, "secret/etl.py", FLOW)
    (tmp_path / "root").mkdir()
    return tmp_path / "secret"


def test_outside_of_the_root(outside: Path) -> None:
    """No path leads out of the repository: relative, absolute, by a link to a file or to a folder."""
    root = outside.parent / "root"
    (root / "link.py").symlink_to(outside / "etl.py")
    (root / "folder").symlink_to(outside)
    look = Code(root).lookup(root)
    entrypoints = [
        "../secret/etl.py",
        str(outside / "etl.py"),
        "link.py",
        "folder/etl.py",
        "folder/../etl.py",
    ]
    assert [look(f"{entrypoint}:my_flow") for entrypoint in entrypoints] == [
        not_found(f"{entrypoint}:my_flow") for entrypoint in entrypoints
    ]


def test_manifest_outside_of_the_root(outside: Path) -> None:
    """A manifest that was named from elsewhere finds the code below its own folder, and no other."""
    root = outside.parent / "root"
    write(outside.parent, "other/etl.py", FLOW)
    look = Code(root).lookup(outside)
    where = f"looked in {outside} and the working directory"
    what = f"no code is found here for '../other/etl.py:my_flow' ({where})"
    assert look("etl.py:my_flow") == FOUND
    assert look("../other/etl.py:my_flow") == NoFlow(what, NOWHERE, elsewhere=True)


def test_links_inside_of_the_root(tmp_path: Path) -> None:
    """A root that is a link itself, and links within it, are followed."""
    write(tmp_path, "real/etl.py", FLOW)
    (tmp_path / "root").symlink_to(tmp_path / "real")
    (tmp_path / "real/link.py").symlink_to("etl.py")
    look = Code(tmp_path / "root").lookup(tmp_path / "root")
    assert [look("etl.py:my_flow"), look("link.py:my_flow")] == [FOUND, FOUND]


def test_link_to_itself(tmp_path: Path) -> None:
    """A loop of links leads nowhere."""
    (tmp_path / "loop.py").symlink_to("loop.py")
    assert Code(tmp_path).lookup(tmp_path)("loop.py:my_flow") == not_found("loop.py:my_flow")


@pytest.mark.parametrize(
    "rest",
    [
        "x = " + "(" * 1000 + ")" * 1000,
        "x = " + "-" * 100_000 + "1",
        "x = " + "a." * 100_000 + "b",
        "x = " + "1 + " * 100_000 + "1",
        "@" + "a." * 5_000 + "b\ndef y(): ...",
    ],
    ids=["brackets", "signs", "attributes", "sums", "decorator"],
)
def test_deep_code(rest: str, tmp_path: Path) -> None:
    """Code that Python itself cannot parse, or only just, ends in no answer or in the right one."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    too_many = f"flow.py:4 is no Python {version}: too many nested parentheses"
    assert facts(tmp_path, FLOW + rest) in (
        FOUND,
        NoFlow("flow.py is nested too deep to be read", "simplify it"),
        NoFlow(too_many, "correct the file, or use the Python that it is for"),
    )


def test_deep_decorator(tmp_path: Path) -> None:
    """A decorator of any depth is read to its end."""
    found = facts(tmp_path, f"from prefect import flow\n@{'a.' * 200}b\n@flow\ndef my_flow(): ...")
    assert isinstance(found, FlowFacts)
    assert (found.name, found.description, found.schema, found.parameters) == ("my-flow", "", None, None)


def test_schema_over_files(tmp_path: Path) -> None:
    """The types of the parameters are found in the files that the flow imports, as a script finds them."""
    write(tmp_path, "flows/colours.py", "from enum import Enum\nclass Colour(Enum):\n    RED = 'red'\n")
    source = (
        "from prefect import flow\nfrom colours import Colour\nfrom shared.ages import Age\n"
        "@flow\ndef my_flow(colour: Colour, age: Age = 3): ...\n"
    )
    write(tmp_path, "flows/etl.py", source)
    write(tmp_path, "shared/ages.py", "Age = int\n")
    found = Code(tmp_path).lookup(tmp_path)("flows/etl.py:my_flow")
    assert isinstance(found, FlowFacts)
    assert found.schema == {
        "title": "Parameters",
        "type": "object",
        "properties": {
            "colour": {"$ref": "#/definitions/Colour", "position": 0, "title": "colour"},
            "age": {"default": 3, "position": 1, "title": "age", "type": "integer"},
        },
        "required": ["colour"],
        "definitions": {"Colour": {"enum": ["red"], "title": "Colour", "type": "string"}},
    }


def test_schema_that_is_not_known(tmp_path: Path) -> None:
    """Where the code has to be run to know the parameters, the file and the line of the reason are told."""
    found = facts(tmp_path, "from prefect import flow\n@flow\ndef my_flow(\n    day=str(5),\n): ...")
    assert isinstance(found, FlowFacts)
    assert (found.schema, found.unknown) == (None, "flow.py:4: `str(5)` is computed")


def test_encodings(tmp_path: Path) -> None:
    """A file is read as Python reads it: with its byte order mark, or in the encoding it declares."""
    (tmp_path / "bom.py").write_bytes(b"\xef\xbb\xbf" + FLOW.encode())
    (tmp_path / "latin.py").write_bytes(
        b"# coding: latin-1\n" + FLOW.replace("...", "'\xe9'").encode("latin-1")
    )
    look = Code(tmp_path).lookup(tmp_path)
    assert look("bom.py:my_flow") == FOUND
    assert look("latin.py:my_flow") == known("my-flow", "é")


def test_warnings_of_python_are_the_authors(tmp_path: Path) -> None:
    """Code that Python warns about is read without a word."""
    assert facts(tmp_path, FLOW + "x = '\\d'\ny = 1 is 1\n") == FOUND


def test_file_that_changes(tmp_path: Path) -> None:
    """Each file is read once; what it says does not change within a run."""
    write(tmp_path, "etl.py", FLOW + "other = my_flow\n")
    look = Code(tmp_path).lookup(tmp_path)
    first = look("etl.py:my_flow")
    write(tmp_path, "etl.py", "")
    assert [first, look("etl.py:my_flow"), look("etl.py:other")] == [FOUND, FOUND, FOUND]


@settings(deadline=None)
@given(
    st.text(max_size=40)
    | st.lists(st.sampled_from(["..", "a", "/", ":", ".py", "\0", "~", "\\"])).map("".join)
)
def test_any_entrypoint(entrypoint: str) -> None:
    """No text makes a lookup fail."""
    found = Code(Path(__file__).parent / "nowhere").lookup(Path("/nowhere"))(entrypoint)
    assert isinstance(found, NoFlow)
    assert not (found.what + found.remedy).count("\n")
