"""What a flow's code says, without running it."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prefect import Flow

from prefect_reconcile.loader.code import Code
from prefect_reconcile.model import FlowFacts


def write(root: Path, path: str, source: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(dedent(source), encoding="utf-8")


def known(name: str | None, description: str | None) -> FlowFacts:
    """What the code of a flow without parameters says."""
    return FlowFacts(name, description, {"title": "Parameters", "type": "object", "properties": {}})


def facts(root: Path, source: str, name: str = "my_flow") -> FlowFacts | None:
    """What the code says about one of its functions."""
    write(root, "flow.py", source)
    return Code(root).lookup(root)(f"flow.py:{name}")


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
    assert found is not None
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


@pytest.mark.parametrize(
    "source",
    [
        "",
        "def my_flow(): ...",
        "from prefect import task\n@task\ndef my_flow(): ...",
        "from prefect import flow\n@flow\ndef other(): ...",
        "from elsewhere import flow\n@flow\ndef my_flow(): ...",
        "from .prefect import flow\n@flow\ndef my_flow(): ...",
        "@flow\ndef my_flow(): ...",
        "import prefect.flows as p\n@prefect.flow\ndef my_flow(): ...",
        "import prefect\n@prefect.task\ndef my_flow(): ...",
        "import prefect\n@prefect[0].flow\ndef my_flow(): ...",
        "from prefect import flow\n@flow.with_options()\ndef my_flow(): ...",
        "from prefect import flow\nclass A:\n    @flow\n    def my_flow(self): ...",
        "from prefect import flow\ndef outer():\n    @flow\n    def my_flow(): ...",
        "from prefect import flow\nmy_flow = flow(lambda: None)",
        "from prefect import flow\n@flow\ndef my_flow(): ...\n)",
        "from prefect import flow\n@flow\ndef my_flow(): ...\n\0",
        "# coding: no-such-codec\nfrom prefect import flow\n@flow\ndef my_flow(): ...",
    ],
)
def test_not_found(source: str, tmp_path: Path) -> None:
    """What is not a flow of Prefect at the top of a file that parses tells nothing."""
    assert facts(tmp_path, source) is None


FLOW = "from prefect import flow\n@flow\ndef my_flow(): ...\n"
FOUND = known("my-flow", "")


@pytest.mark.parametrize(
    "entrypoint",
    [
        "flows/etl.py:my_flow",
        "./flows/etl.py:my_flow",
        "flows/../flows/etl.py:my_flow",
        "flows.etl:my_flow",
        "flows.etl.my_flow",
    ],
)
def test_forms_of_an_entrypoint(entrypoint: str, tmp_path: Path) -> None:
    """A file or a module, from the root."""
    write(tmp_path, "flows/etl.py", FLOW)
    assert Code(tmp_path).lookup(tmp_path / "deployments")(entrypoint) == FOUND


@pytest.mark.parametrize(
    "entrypoint",
    [
        *["", ":", ".", "my_flow", ":my_flow", "flows/etl.py", "flows/etl.py:", "flows/etl.py:other"],
        *["flows/none.py:my_flow", "flows:my_flow", "flows/etl.py:Class.my_flow", "flows\0.py:my_flow"],
        *["flows/" + "x" * 300 + ".py:my_flow", "flows/etl.py/x.py:my_flow", "\udcff.py:my_flow"],
    ],
)
def test_entrypoint_without_code(entrypoint: str, tmp_path: Path) -> None:
    """An entrypoint that leads nowhere in the repository tells nothing."""
    write(tmp_path, "flows/etl.py", FLOW)
    assert Code(tmp_path).lookup(tmp_path)(entrypoint) is None


def test_folder_of_the_manifest_comes_first(tmp_path: Path) -> None:
    """Beside the manifest, then from the root."""
    write(tmp_path, "etl.py", FLOW.replace("@flow", "@flow(name='root')"))
    write(tmp_path, "team/etl.py", FLOW.replace("@flow", "@flow(name='team')"))
    code = Code(tmp_path)
    names = [code.lookup(tmp_path / folder)("etl.py:my_flow") for folder in ("team", "other", "")]
    assert names == [known("team", ""), known("root", ""), known("root", "")]


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
    assert [look(f"{entrypoint}:my_flow") for entrypoint in entrypoints] == [None] * 5


def test_manifest_outside_of_the_root(outside: Path) -> None:
    """A manifest that was named from elsewhere finds the code below its own folder, and no other."""
    root = outside.parent / "root"
    write(outside.parent, "other/etl.py", FLOW)
    look = Code(root).lookup(outside)
    assert [look("etl.py:my_flow"), look("../other/etl.py:my_flow")] == [FOUND, None]


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
    assert Code(tmp_path).lookup(tmp_path)("loop.py:my_flow") is None


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
    assert facts(tmp_path, FLOW + rest) in (None, FOUND)


def test_deep_decorator(tmp_path: Path) -> None:
    """A decorator of any depth is read to its end."""
    found = facts(tmp_path, f"from prefect import flow\n@{'a.' * 200}b\n@flow\ndef my_flow(): ...")
    assert found is not None
    assert (found.name, found.description, found.schema) == ("my-flow", "", None)


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
    assert found is not None
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
    assert found is not None
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


def test_directory_that_looks_like_code(tmp_path: Path) -> None:
    """Only a file is read."""
    (tmp_path / "etl.py").mkdir()
    assert Code(tmp_path).lookup(tmp_path)("etl.py:my_flow") is None


def test_file_that_changes(tmp_path: Path) -> None:
    """Each file is read once; what it says does not change within a run."""
    write(tmp_path, "etl.py", FLOW)
    look = Code(tmp_path).lookup(tmp_path)
    first = look("etl.py:my_flow")
    write(tmp_path, "etl.py", "")
    assert (first, look("etl.py:my_flow")) == (FOUND, FOUND)


@settings(deadline=None)
@given(
    st.text(max_size=40)
    | st.lists(st.sampled_from(["..", "a", "/", ":", ".py", "\0", "~", "\\"])).map("".join)
)
def test_any_entrypoint(entrypoint: str) -> None:
    """No text makes a lookup fail."""
    Code(Path(__file__).parent / "nowhere").lookup(Path("/nowhere"))(entrypoint)
