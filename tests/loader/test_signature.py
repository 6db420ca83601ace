"""Schemas from syntax trees: equal to Prefect's own, or a reason why not, and never an exception."""

from __future__ import annotations

import ast
import importlib
import json
import sys
import warnings
from inspect import cleandoc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signature_samples import FILES, SAMPLES, flows_of, resolver, schema_of, tree_of

from prefect_reconcile.loader.signature import Unknown, parameter_schema
from prefect_reconcile.loader.signature.docstring import parameter_descriptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prefect_reconcile.model import JsonObject

CASES = [
    f"{'.'.join(path.with_suffix('').parts)}:{name}"
    for path in FILES
    for name in flows_of(tree_of(SAMPLES / path))
]


@pytest.fixture(scope="module")
def prefect() -> Iterator[Callable[[str], JsonObject]]:
    """`schema(entrypoint)` gives what `prefect deploy` sends for a flow, which it imports."""
    from prefect.utilities.callables import parameter_schema as by_prefect

    def schema(entrypoint: str) -> JsonObject:
        module, _, name = entrypoint.partition(":")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # samples use what is deprecated or shadows a name on purpose
            flow = getattr(importlib.import_module(module), name)
            written = by_prefect(flow).model_dump(exclude_unset=True)
        return dict(json.loads(json.dumps(written)))

    sys.path.insert(0, str(SAMPLES))
    yield schema
    sys.path.remove(str(SAMPLES))


def ours(entrypoint: str) -> JsonObject | Unknown:
    module, _, name = entrypoint.partition(":")
    path = SAMPLES.joinpath(*module.split(".")).with_suffix(".py")
    tree = tree_of(path)
    return parameter_schema(tree, flows_of(tree)[name], resolver(path.parent, SAMPLES))


@pytest.mark.parametrize("entrypoint", CASES)
def test_equals_what_prefect_writes(entrypoint: str, prefect: Callable[[str], JsonObject]) -> None:
    """The whole schema, exactly: only the order of the keys of an object is free."""
    assert ours(entrypoint) == prefect(entrypoint)


def test_there_are_many_signatures() -> None:
    """Emptying a sample by mistake shows."""
    assert len(CASES) >= 90


# --- strangers' code

BOMBS = {
    "deep type": "@flow\ndef f(x: " + "list[" * 80 + "int" + "]" * 80 + "): ...",
    "deep value": "@flow\ndef f(x=" + "[" * 80 + "]" * 80 + "): ...",
    "deep minus": "@flow\ndef f(x=" + "-" * 500 + "1): ...",
    "long sum": "@flow\ndef f(x=" + "+".join(["1"] * 900) + "): ...",
    "wide types": "\n".join(f"A{i} = tuple[A{i + 1}, A{i + 1}]" for i in range(25))
    + "\nA25 = int\n@flow\ndef f(x: A0): ...",
    "wide values": "\n".join(f"A{i} = (A{i + 1}, A{i + 1})" for i in range(25))
    + "\nA25 = 1\n@flow\ndef f(x=A0): ...",
    "own alias": "A = A | int\n@flow\ndef f(x: A): ...",
    "own base": "class A(A): ...\n@flow\ndef f(x: A): ...",
    "bases in a circle": "class A(B): ...\nclass B(A): ...\n@flow\ndef f(x: A): ...",
    "long quotes": "@flow\ndef f(x: '" + "a | " * 5000 + "a'): ...",
    "deep quotes": "@flow\ndef f(x: '" + "(" * 900 + ")" * 900 + "'): ...",
    "many parameters": "L = []\n@flow\ndef f(" + ", ".join(f"a{i}=L" for i in range(5000)) + "): ...",
    "many literals": "from typing import Literal\n@flow\ndef f(x: Literal["
    + ", ".join(map(str, range(10_000)))
    + "]): ...",
    "many members": "from enum import Enum\nclass A(Enum):\n"
    + "".join(f"  M{i} = {i}\n" for i in range(10_000))
    + "@flow\ndef f(x: A): ...",
    "deep constant": "@flow\ndef f(x=" + "(1," * 60 + ")" * 60 + "): ...",
    "null byte in quotes": "@flow\ndef f(x: 'a\\0'): ...",
    "doubled": "A0 = [1]\n"
    + "\n".join(f"A{i + 1} = A{i} * 99" for i in range(9))
    + "\n@flow\ndef f(x=A9): ...",
}


@pytest.mark.parametrize("source", BOMBS.values(), ids=BOMBS)
def test_gives_up_on_what_is_made_to_hurt(source: str) -> None:
    """Nesting, doubling and circles end soon, as a reason."""
    assert isinstance(schema_of("from prefect import flow\n" + source), Unknown)


def test_a_long_union_is_no_deep_one() -> None:
    source = f"from prefect import flow\n@flow\ndef f(x: {' | '.join(['int', 'str'] * 200)}): ...\n"
    assert schema_of(source) == {
        "title": "Parameters",
        "type": "object",
        "properties": {
            "x": {"title": "x", "position": 0, "anyOf": [{"type": "integer"}, {"type": "string"}]}
        },
        "required": ["x"],
    }


PIECES = st.sampled_from(
    sorted({line.strip() for path in FILES for line in (SAMPLES / path).read_text("utf-8").splitlines()})
)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A sample with some lines gone, doubled, swapped or replaced by those of another."""
    lines = (SAMPLES / draw(st.sampled_from(FILES))).read_text("utf-8").splitlines()
    for _ in range(draw(st.integers(1, 6))):
        at, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        indent = " " * (len(lines[at]) - len(lines[at].lstrip()))
        change = draw(st.sampled_from(["drop", "double", "swap", "replace"]))
        new = {
            "drop": [],
            "double": [lines[at]] * 2,
            "swap": [indent + lines[other].strip()],
            "replace": [indent + draw(PIECES)],
        }
        lines[at : at + 1] = new[change]
    return "\n".join(lines)


@given(mutated())
def test_never_raises(source: str) -> None:
    """Whatever parses has a schema that is JSON, or a reason with a line of the file."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return
    for function in flows_of(tree).values():
        found = parameter_schema(tree, function, resolver(SAMPLES, SAMPLES))
        if isinstance(found, Unknown):
            assert 1 <= found.line <= len(source.splitlines())
            assert found.reason
        else:
            json.dumps(found, allow_nan=False).encode()


# --- docstrings

DOCSTRING_LINES = st.sampled_from(
    [
        *(
            "Args:",
            "args: titled",
            "Parameters:",
            "Params:",
            "Parameters",
            "----------",
            "Returns:",
            "Raises:",
        ),
        *(
            "Keyword Args:",
            "Other Parameters:",
            "Examples:",
            "Note: hi",
            "Note:",
            "Summary.",
            "",
            "  ",
            "```",
        ),
        *("x: int", "x (int): foo", "x : int", ":param x: foo", "  y: bar", "    z (a, b): c", "   odd: k"),
        *(
            "        more",
            "            deep",
            "    int: foo",
            "    >>> x",
            "    ```",
            "    no colon",
            "\tq: tab",
        ),
    ]
)


@given(st.lists(DOCSTRING_LINES, max_size=10).map("\n".join), st.sampled_from(["", "Summary.\n\n", "\n    "]))
def test_descriptions_are_those_of_prefect(text: str, start: str) -> None:
    """Section by section, line by line, for docstrings that nobody would write."""
    from prefect.utilities.callables import parameter_docstrings

    assert parameter_descriptions(start + text) == parameter_docstrings(cleandoc(start + text))
