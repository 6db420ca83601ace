"""What is said where an entrypoint leads to no flow that can be read, and whether it is surely wrong."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent

import pytest

from prefect_reconcile.loader.code import MAX_BYTES, Code
from prefect_reconcile.model import FlowFacts, NoFlow

FLOW = "from prefect import flow, task\n@flow\ndef etl(): ...\n"
FOUND = FlowFacts(
    "etl", "", {"title": "Parameters", "type": "object", "properties": {}}, parameters=frozenset()
)
VERSION = f"Python {sys.version_info.major}.{sys.version_info.minor}"

DECORATE = "decorate it with @flow"
DEFINE = "define it with @flow at the top of the file"
NAME = "name a function that is decorated with @flow"
NEWER = "correct the file, or use the Python that it is for"
NOWHERE = "correct it, or run where the code is"
SOURCE = "name the file that defines it"


def write(root: Path, path: str, source: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(dedent(source), encoding="utf-8")


def look(root: Path, entrypoint: str) -> FlowFacts | NoFlow:
    """What is found for a manifest in the folder `deployments` of the root."""
    return Code(root).lookup(root / "deployments")(entrypoint)


def unread(why: str, where: str = "a.py", name: str = "x") -> NoFlow:
    return NoFlow(f'the flow "{name}" is not read from the code, since {why} ({where})', DEFINE)


@pytest.mark.parametrize(
    "entrypoint",
    [
        *[
            "",
            ":",
            ".",
            "..",
            "etl",
            ":etl",
            ".etl",
            "a.py",
            "b.py",
            "a.py:",
            "a:",
            "flows/a.py",
            "flows/a:etl",
        ],
        *[
            "./a:etl",
            ".a:etl",
            "a.py:e-tl",
            "a.py:etl ",
            "a.py:etl.",
            "a.py:etl()",
            "a.py:b.py:etl\n",
            r"C:\a.py",
        ],
    ],
)
def test_no_entrypoint(entrypoint: str, tmp_path: Path) -> None:
    """What Prefect can never import is wrong wherever the code is."""
    write(tmp_path, "a.py", FLOW)
    write(tmp_path, "flows/a.py", FLOW)
    what = f"{entrypoint!r} is no entrypoint"
    assert look(tmp_path, entrypoint) == NoFlow(what, "write path.py:function", certain=True)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (FLOW, NoFlow('a.py has no flow "x"; the flows there are etl', "correct it", certain=True)),
        ("y = 1", NoFlow('a.py has no flow "x", nor any other', "correct it", certain=True)),
        (
            "from prefect import flow\nif __name__ == '__main__':\n    x = flow(print)",
            NoFlow('a.py has no flow "x", nor any other', "correct it", certain=True),
        ),
        (
            FLOW + "@flow\ndef xx(): ...\nz = etl\ndef y(): ...\ny2 = flow(y)",
            NoFlow(
                'a.py has no flow "x"; the flows there are etl, xx, z, y2', 'did you mean "xx"?', certain=True
            ),
        ),
        (
            "from prefect import flow\n" + "".join(f"@flow\ndef f{i}(): ...\n" for i in range(11)),
            NoFlow(
                'a.py has no flow "x"; the flows there are f0, f1, f2, f3, f4, f5, f6, f7, f8, f9 and 1 more',
                "correct it",
                certain=True,
            ),
        ),
    ],
)
def test_no_such_name(source: str, expected: NoFlow, tmp_path: Path) -> None:
    """A name that the file surely does not bind is wrong, and the flows that are there are told."""
    write(tmp_path, "a.py", source)
    assert look(tmp_path, "a.py:x") == expected


@pytest.mark.parametrize(
    "source",
    [
        "from elsewhere import *",
        "def __getattr__(name): ...",
        "exec('x = 1')",
        "def later():\n    globals()['x'] = 1",
        "def later():\n    global x\n    x = 1",
        "import sys\nsetattr(sys, 'x', 1)",
        "import sys\nsys.modules[__name__].x = 1",
    ],
)
def test_name_that_may_be_there(source: str, tmp_path: Path) -> None:
    """Where the file may bind names that its code does not show, a name that is not there may be right."""
    write(tmp_path, "a.py", f"{source}\n")
    write(tmp_path, "b.py", f"{source}\nfrom prefect import flow\n@flow\ndef xx(): ...\n")
    nothing = NoFlow('a.py has no flow "x" that is read from its code, nor any other', "correct it")
    what = 'b.py has no flow "x" that is read from its code; the flows there are xx'
    near = NoFlow(what, 'correct it, perhaps to "xx"')
    assert (look(tmp_path, "a.py:x"), look(tmp_path, "b.py:x")) == (nothing, near)


PREFECT_FLOW = unread("`@prefect.flow()` makes it", "a.py:3")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def x(): ...", NoFlow('"x" is a function but no flow (a.py:1)', DECORATE)),
        ("async def x(): ...", NoFlow('"x" is a function but no flow (a.py:1)', DECORATE)),
        ("\nclass x: ...", NoFlow('"x" is a class but no flow (a.py:2)', NAME)),
        (FLOW + "@task\ndef x(): ...", NoFlow('"x" is a task but no flow (a.py:5)', DECORATE)),
        (
            "import prefect\n@prefect.task(name='y')\ndef x(): ...",
            NoFlow('"x" is a task but no flow (a.py:3)', DECORATE),
        ),
        ("x = 5", NoFlow('"x" is a value but no flow (a.py:1)', NAME, certain=True)),
        ("x: dict = {}", NoFlow('"x" is a value but no flow (a.py:1)', NAME, certain=True)),
        ("x = 5\nexec('')", NoFlow('"x" is a value but no flow (a.py:1)', NAME)),
        ("import x", NoFlow('"x" is a module but no flow (a.py)', NAME, certain=True)),
        ("import x\nexec('')", NoFlow('"x" is a module but no flow (a.py)', NAME)),
        ("@flow\ndef x(): ...", unread("`@flow` makes it", "a.py:2")),
        ("from elsewhere import flow\n@flow(1)\ndef x(): ...", unread("`@flow(1)` makes it", "a.py:3")),
        ("from .prefect import flow\n@flow\ndef x(): ...", unread("`@flow` makes it", "a.py:3")),
        ("import prefect.flows as p\n@p.p.flow\ndef x(): ...", unread("`@p.p.flow` makes it", "a.py:3")),
        ("import prefect.flows as p\n@prefect.flow()\ndef x(): ...", PREFECT_FLOW),
        ("import prefect\n@prefect[0].flow\ndef x(): ...", unread("`@prefect[0].flow` makes it", "a.py:3")),
        (
            FLOW + "@flow.with_options()\ndef x(): ...",
            unread("`@flow.with_options()` makes it", "a.py:5"),
        ),
        (FLOW + "@y\n@task\ndef x(): ...", unread("`@y` makes it", "a.py:6")),
        (FLOW + "x = flow(lambda: None)", unread("`flow(lambda: None)` makes it", "a.py:4")),
        (FLOW + "x = etl.with_options(name='y')", unread("`etl.with_options(name='y')` makes it", "a.py:4")),
        (FLOW + "x = flow(etl)", unread("`flow(etl)` makes it", "a.py:4")),
        (FLOW + "x = flow(print)", unread("`flow(print)` makes it", "a.py:4")),
        (FLOW + "def y(): ...\nx = task(y)", unread("`task(y)` makes it", "a.py:5")),
        (FLOW + "def y(): ...\nx = flow(1)(y)", unread("`flow(1)(y)` makes it", "a.py:5")),
        (FLOW + "def y(): ...\nx = flow()(y, name='z')", unread("`flow()(y, name='z')` makes it", "a.py:5")),
        (FLOW + "etl.name = 'b'\nx = etl", unread("`etl` makes it", "a.py:5")),
        ("x = y", unread("`y` makes it", "a.py:1")),
        ("if y:\n    def x(): ...", unread("it is bound in a condition, a loop or the like")),
        ("x = 1\nx = 2", unread("it is bound more than once")),
        ("def x(): ...\nfrom y import *", unread("it may be bound again by an `import *`")),
        ("def x(): ...\nx.y = 1", unread("it is changed after it is bound")),
    ],
)  # fmt: skip
def test_no_flow_of_that_name(source: str, expected: NoFlow, tmp_path: Path) -> None:
    """It is surely wrong only if neither `prefect deploy` nor a worker would take it for a flow."""
    write(tmp_path, "a.py", source)
    assert look(tmp_path, "a.py:x") == expected


def test_many_and_long_names(tmp_path: Path) -> None:
    """What one file can hold makes no message long and no comparison slow."""
    names = ["long" * 21, *(f"f{number}" for number in range(1000)), "last"]
    write(tmp_path, "a.py", "from prefect import flow\n" + "".join(f"@flow\ndef {n}(): ...\n" for n in names))
    listed = "; the flows there are f0, f1, f2, f3, f4, f5, f6, f7, f8, f9 and 990 more"
    missing = [
        NoFlow(f'a.py has no flow "{n}"{listed}', "correct it", certain=True) for n in ("lasst", "x" * 80)
    ]
    assert [look(tmp_path, f"a.py:{name}") for name in ("lasst", "x" * 100)] == missing


def test_member_of_a_class(tmp_path: Path) -> None:
    """Prefect takes a flow that is a method; a name that no class has is wrong."""
    write(tmp_path, "a.py", f"{FLOW}class A:\n    @flow\n    def etl(self): ...\n")
    missing = NoFlow('a.py has no flow "B.etl"; the flows there are etl', 'did you mean "etl"?', certain=True)
    found = [look(tmp_path, entrypoint) for entrypoint in ("a.py:A.etl", "a:A.etl", "a.py:B.etl")]
    member = unread("it is a member of `A`", name="A.etl")
    assert found == [member, member, missing]


def test_member_of_what_a_function_binds(tmp_path: Path) -> None:
    """The owner counts."""
    write(tmp_path, "a.py", "def later():\n    global A")
    what = 'a.py has no flow "A.etl" that is read from its code, nor any other'
    assert look(tmp_path, "a.py:A.etl") == NoFlow(what, "correct it")


def test_percent_in_a_path(tmp_path: Path) -> None:
    """A path is no template."""
    write(tmp_path, "100%s.py", "def x(): ...")
    assert look(tmp_path, "100%s.py:x") == NoFlow('"x" is a function but no flow (100%s.py:1)', DECORATE)


@pytest.mark.parametrize(
    ("path", "source", "entrypoint"),
    [
        ("flows/__init__.py", "from .etl import etl", "flows:etl"),
        ("flows/main.py", "from .etl import etl", "flows/main.py:etl"),
        ("flows/main.py", "from etl import etl as x", "flows/main.py:x"),
        ("main.py", "from flows.etl import etl", "main:etl"),
        ("flows/deep/main.py", "from ..etl import etl", "flows.deep.main:etl"),
        ("main.py", "from flows.again import etl", "main.py:etl"),
    ],
)
def test_flow_of_another_module(path: str, source: str, entrypoint: str, tmp_path: Path) -> None:
    """A flow that is imported from a module of the repository is that of the module."""
    write(tmp_path, "flows/etl.py", FLOW)
    write(tmp_path, "flows/again.py", "from .etl import etl")
    write(tmp_path, path, source)
    assert look(tmp_path, entrypoint) == FOUND


def test_chain_of_modules(tmp_path: Path) -> None:
    """A flow is followed over ten imports, and no further."""
    for number in range(11):
        write(tmp_path, f"a{number}.py", f"from a{number + 1} import etl")
    write(tmp_path, "a11.py", FLOW)
    too_far = NoFlow('"etl" is imported from `a11` and not found there (a10.py)', SOURCE)
    assert [look(tmp_path, f"a{number}.py:etl") for number in (0, 1)] == [too_far, FOUND]


def test_types_of_a_flow_of_another_module(tmp_path: Path) -> None:
    """What the other module imports is found from the script's folder, as Python has it, and shown there."""
    write(tmp_path, "flows/main.py", "from lib.etl import etl")
    write(
        tmp_path,
        "flows/lib/etl.py",
        "from prefect import flow\nfrom ages import Age\n@flow\ndef etl(age: Age): ...",
    )
    write(tmp_path, "flows/ages.py", "Age = int")
    write(tmp_path, "flows/lib/ages.py", "Age = str")
    found = look(tmp_path, "flows/main.py:etl")
    assert isinstance(found, FlowFacts)
    assert found.schema == {
        "title": "Parameters",
        "type": "object",
        "properties": {"age": {"position": 0, "title": "age", "type": "integer"}},
        "required": ["age"],
    }
    write(tmp_path, "flows/ages.py", "Age = str(5)")
    found = look(tmp_path, "flows/main.py:etl")
    assert isinstance(found, FlowFacts)
    assert found.unknown is not None
    assert found.unknown.startswith("flows/lib/etl.py:4: ")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from gone import x", NoFlow('"x" is imported from `gone` and not found there (a.py)', SOURCE)),
        (
            "from ..gone import y as x",
            NoFlow('"x" is imported from `..gone` and not found there (a.py)', SOURCE),
        ),
        ("from a import x", NoFlow('"x" is imported from `a` and not found there (a.py)', SOURCE)),
        ("from b import x", NoFlow('b.py has no flow "x"; the flows there are y', SOURCE)),
        ("from b import z as x", NoFlow('"z" is a function but no flow (b.py:4)', DECORATE)),
        ("from c import x", NoFlow(f"c.py:1 is no {VERSION}: '(' was never closed", NEWER)),
    ],
)
def test_import_that_leads_nowhere(source: str, expected: NoFlow, tmp_path: Path) -> None:
    """It may be a module of that name, or be elsewhere, so it is not surely wrong."""
    write(tmp_path, "a.py", source)
    write(tmp_path, "b.py", "from prefect import flow\n@flow\ndef y(): ...\ndef z(): ...\n")
    write(tmp_path, "c.py", "(")
    assert look(tmp_path, "a.py:x") == expected


@pytest.mark.parametrize(
    ("source", "what", "remedy"),
    [
        (b"x = 1\n)", f"a.py:2 is no {VERSION}: unmatched ')'", NEWER),
        (b"# coding: no-such", f"a.py is no {VERSION}: unknown encoding: no-such", NEWER),
        (b"x = " + b"a." * 100_000 + b"b", "a.py is nested too deep to be read", "simplify it"),
        (b"\n" * (MAX_BYTES + 1), "a.py is larger than 1 MiB", "split it"),
    ],
    ids=["syntax", "encoding", "deep", "large"],
)
def test_file_that_cannot_be_read(source: bytes, what: str, remedy: str, tmp_path: Path) -> None:
    """The file may be right: our Python may be older than theirs."""
    (tmp_path / "a.py").write_bytes(source)
    assert look(tmp_path, "a.py:x") == NoFlow(what, remedy)


def test_null_bytes(tmp_path: Path) -> None:
    """Which Python cannot parse either; how it says so depends on its version."""
    (tmp_path / "a.py").write_bytes(FLOW.encode() + b"\0")
    found = look(tmp_path, "a.py:etl")
    assert isinstance(found, NoFlow)
    assert (found.what.endswith("source code string cannot contain null bytes"), found.certain) == (
        True,
        False,
    )


def test_largest_file(tmp_path: Path) -> None:
    """The limit itself is allowed."""
    (tmp_path / "a.py").write_bytes(FLOW.encode().ljust(MAX_BYTES, b"\n"))
    assert look(tmp_path, "a.py:etl") == FOUND


def test_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system says why."""
    write(tmp_path, "a.py", FLOW)

    def refuse(self: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # root may read any file
    assert look(tmp_path, "a.py:x") == NoFlow(
        "a.py cannot be read: Permission denied", "check its permissions"
    )


def test_folder_that_looks_like_code(tmp_path: Path) -> None:
    """Only a file is read: the one in the root, where there is one."""
    (tmp_path / "deployments/etl.py").mkdir(parents=True)
    assert look(tmp_path, "etl.py:etl") == NoFlow("deployments/etl.py is a folder", "name a file")
    write(tmp_path, "etl.py", FLOW)
    assert look(tmp_path, "etl.py:etl") == FOUND


@pytest.mark.parametrize(
    ("entrypoint", "near"),
    [
        ("flows/elt.py:x", None),
        ("flows/load.py:x", "flows/loads.py:x"),
        ("./flows//load.py:x", "./flows//loads.py:x"),
        ("flows.load:x", "flows.loads:x"),
        ("flows.load.x", "flows.loads.x"),
        ("flows/load.py:A.x", "flows/loads.py:A.x"),
        (r"flows\loads.py:x", "flows/loads.py:x"),
        ("loads.py:x", "load.py:x"),
        ("flow/loads.py:x", "flows/loads.py:x"),
        ("flow/nothing.py:x", None),
        ("flows/LOADS.py:x", "flows/loads.py:x"),
        ("loda.py:x", "load.py:x"),
        ("load.py.x", "load.py:x"),
        ("flows/link.py:x", None),
        ("flows/linkk.py:x", None),
        ("folder/secre.py:x", None),
        ("../secret/secre.py:x", None),
        (r"C:\flows\load.py:x", None),
        ("flows\0/load.py:x", None),
        ("flows/" + "x" * 300 + ".py:x", None),
        ("flows/loads.py/load.py:x", None),
        ("\udcff.py:x", None),
    ],
)
def test_no_such_file(entrypoint: str, near: str | None, tmp_path: Path) -> None:
    """The code may be elsewhere. A file of a similar name in the same folder is named; no other is seen."""
    root = tmp_path / "root"
    write(root, "flows/loads.py", FLOW)
    write(root, "deployments/load.py", FLOW)
    write(tmp_path, "secret/secret.py", FLOW)
    (root / "folder").symlink_to(tmp_path / "secret")
    (root / "flows/link.py").symlink_to(tmp_path / "secret/secret.py")
    what = f"no code is found here for {entrypoint!r:.80} (looked in deployments and the working directory)"
    remedy = NOWHERE if near is None else f"correct it, perhaps to {near!r}"
    assert look(root, entrypoint) == NoFlow(what, remedy, elsewhere=near is None)


def test_folder_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then no similar name is known."""
    write(tmp_path, "load.py", FLOW)

    def refuse(folder: Path) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr("prefect_reconcile.loader.entrypoints.scandir", refuse)  # root may list any folder
    what = "no code is found here for 'loda.py:x' (looked in deployments and the working directory)"
    assert look(tmp_path, "loda.py:x") == NoFlow(what, NOWHERE, elsewhere=True)
