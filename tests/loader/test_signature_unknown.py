"""Where a schema is not known: the reason and its line, never a guess."""

from __future__ import annotations

import ast
import inspect
import sys

import pytest
from signature_samples import flows_of, schema_of

from prefect_reconcile.loader.signature import Unknown, parameter_schema

IMPORTS = """\
import enum, os, typing
import pydantic
from dataclasses import KW_ONLY, dataclass, field
from typing_extensions import TypedDict
from enum import Enum, StrEnum, auto
from typing import Annotated, Callable, ClassVar, Final, Generic, Literal, NamedTuple, Optional, TypeVar
from prefect import flow
from pydantic import BaseModel, ConfigDict, Field, RootModel, field_validator
import pandas as pd
"""
LINES = IMPORTS.count("\n")


UNKNOWN = {
    "computed default": ("@flow\ndef f(x=os.getcwd()): ...", 2, "`os.getcwd()` is computed"),
    "environment": ("@flow\ndef f(\n  x=os.environ['A']\n): ...", 3, "`os.environ['A']` is computed"),
    "f-string": ("A = 'a'\n@flow\ndef f(x=f'{A}'): ...", 3, "`f'{A}'` is computed"),
    "lambda": ("@flow\ndef f(x=lambda: 1): ...", 2, "`lambda: 1` is computed"),
    "comprehension": ("@flow\ndef f(x=[i for i in 'ab']): ...", 2, "`[i for i in 'ab']` is computed"),
    "spread": ("@flow\ndef f(x={**{}}): ...", 2, "`{**{}}` is computed"),
    "function": ("@flow\ndef f(x=print): ...", 2, "`print` is known only when the code runs"),
    "infinity": ("@flow\ndef f(x=1e999): ...", 2, "`1e309` has no JSON that is sure"),
    "huge integer": (
        "@flow\ndef f(x=2 * 9223372036854775807): ...",
        2,
        "`2 * 9223372036854775807` is too large",
    ),
    "not Unicode": ("@flow\ndef f(x='\\ud800'): ...", 2, "the text is not valid Unicode"),
    "not UTF-8": ("@flow\ndef f(x=b'\\xff'): ...", 2, "the text is not valid Unicode"),
    "unordered set": ("@flow\ndef f(x={1, 'a'}): ...", 2, "the order of `{1, 'a'}` is not known"),
    "set in a list": ("@flow\ndef f(x=[{1, 2}]): ...", 2, "`[{1, 2}]` has no JSON that is sure"),
    "unhashable": ("@flow\ndef f(x={[]}): ...", 2, "`{[]}` is not a value"),
    "key": ("@flow\ndef f(x={1.5: 1}): ...", 2, "a key of `{1.5: 1}` is not text"),
    "changed constant": (
        "A = []\nA.append(1)\n@flow\ndef f(x=A): ...",
        4,
        "`A` may be changed by the code that uses it",
    ),
    "constant bound twice": ("A = 1\nA = 2\n@flow\ndef f(x=A): ...", 4, "`A` is bound more than once"),
    "global": (
        "A = 1\ndef g():\n  global A\n@flow\ndef f(x=A): ...",
        5,
        "`A` is changed after it is bound",
    ),
    "conditional": (
        "if os.name:\n  A = int\n@flow\ndef f(x: A): ...",
        4,
        "`A` is bound in a condition, a loop or the like",
    ),
    "only for type checkers": (
        "if typing.TYPE_CHECKING:\n  from m import A\n@flow\ndef f(x: 'A'): ...",
        4,
        "`A` is bound in a condition, a loop or the like",
    ),
    "undefined": ("@flow\ndef f(x: Nope): ...", 2, "`Nope` is not defined in the file"),
    "third party": (
        "@flow\ndef f(x: pd.DataFrame): ...",
        2,
        "the type `pd.DataFrame` is not from this repository",
    ),
    "third party default": ("@flow\ndef f(x=pd.NA): ...", 2, "`pd.NA` is known only when the code runs"),
    "block": (
        "from prefect.blocks.system import Secret\n@flow\ndef f(x: Secret): ...",
        3,
        "the type `Secret` is not from this repository",
    ),
    "computed type": ("@flow\ndef f(x: type(1)): ...", 2, "the type `type(1)` is computed"),
    "generic": (
        "T = TypeVar('T')\nclass A(BaseModel, Generic[T]):\n  x: T\n@flow\ndef f(x: A[int]): ...",
        5,
        "the type `A[int]` is not one that is known",
    ),
    "nested quotes": (
        "class A(BaseModel): ...\n@flow\ndef f(x: list['A']): ...",
        3,
        "what 'A' in quotes within a type means is not known to Prefect",
    ),
    "broken quotes": ("@flow\ndef f(x: 'a b'): ...", 2, "`'a b'` is not a type"),
    "constraint": (
        "@flow\ndef f(x: Annotated[bool, Field(gt=1)]): ...",
        2,
        "what the constraints do to such a type is not known",
    ),
    "argument of Field": (
        "@flow\ndef f(x: Annotated[int, Field(strict=True)]): ...",
        2,
        "`strict` of a field can change the schema in ways that are not known",
    ),
    "marker": (
        "class M: ...\n@flow\ndef f(x: Annotated[int, M()]): ...",
        3,
        "what `M()` does to a type is not known",
    ),
    "other decorator": (
        "def d(f): return f\n@flow\n@d\ndef f(x): ...",
        2,
        "`@flow` can change what `f` accepts",
    ),
    "unknown decorator": ("from m import d\n@d\ndef f(x): ...", 2, "`@d` can change what `f` accepts"),
    "defined twice": (
        "@flow\ndef f(x): ...\n@flow\ndef f(y): ...",
        4,
        "`f` is not bound once and for all at the top of the file",
    ),
    "rebound": (
        "@flow\ndef f(x): ...\nf = f.with_options(name='g')",
        2,
        "`f` is not bound once and for all at the top of the file",
    ),
    "name of Prefect": ("@flow\ndef f(wait_for): ...", 2, "Prefect may refuse a parameter named `wait_for`"),
    "underscore": ("@flow\ndef f(_x): ...", 2, "Prefect may refuse a parameter named `_x`"),
    "dynamic file": (
        "globals()['A'] = 1\n@flow\ndef f(x: int): ...",
        2,
        "`globals()` or the like may change `flow`",
    ),
    "RootModel": (
        "class A(RootModel[int]): ...\n@flow\ndef f(x: A): ...",
        1,
        "what the class `A` inherits from `RootModel[int]` is not known",
    ),
    "unknown base": (
        "class A(pd.Thing): ...\n@flow\ndef f(x: A): ...",
        1,
        "what the class `A` inherits is not known",
    ),
    "decorated class": (
        "@pd.register\nclass A(BaseModel): ...\n@flow\ndef f(x: A): ...",
        1,
        "what `@pd.register` does to the class is not known",
    ),
    "own schema": (
        "class A(BaseModel):\n  def __get_pydantic_core_schema__(cls, a, b): ...\n@flow\ndef f(x: A): ...",
        1,
        "the class `A` makes its own schema",
    ),
    "plain validator": (
        "class A(BaseModel):\n  @field_validator('x', mode='plain')\n  def v(): ...\n@flow\ndef f(x: A): ...",
        2,
        "what `@field_validator('x', mode='plain')` does to the class is not known",
    ),
    "configuration": (
        "class A(BaseModel):\n  model_config = ConfigDict(alias_generator=g)\n@flow\ndef f(x: A): ...",
        2,
        "what `alias_generator` of the configuration does to the schema is not known",
    ),
    "statement in a class": (
        "class A(BaseModel):\n  if os.name:\n    x: int\n@flow\ndef f(x: A): ...",
        2,
        "what `if os.name: x: int` does in a class is not known",
    ),
    "name of a field": (
        "import datetime\nclass A(BaseModel):\n  int: int = 1\n@flow\ndef f(x: A): ...",
        3,
        "`int` is also a name in the class",
    ),
    "plain class in a model": (
        "class P: ...\nclass A(BaseModel):\n  p: P\n@flow\ndef f(x: A): ...",
        3,
        "pydantic has no schema for `P` within a class",
    ),
    "instance with a factory": (
        "class A(BaseModel):\n  x: list = Field(default_factory=list)\n@flow\ndef f(x: A = A()): ...",
        4,
        "what `A()` makes of `x` is not known",
    ),
    "instance that is converted": (
        "class A(BaseModel):\n  x: int\n@flow\ndef f(x: A = A(x='1')): ...",
        4,
        "what `A(x='1')` makes of `x` is not known",
    ),
    "half a dataclass": (
        "@dataclass\nclass A:\n  x: int\nclass B(A): ...\n@flow\ndef f(x: B): ...",
        4,
        "the class `B` is half a dataclass",
    ),
    "enum with its own values": (
        "class A(Enum):\n  X = 1\n  def __new__(cls, v): ...\n@flow\ndef f(x: A): ...",
        1,
        "the enum `A` makes its own values",
    ),
    "enum that converts": (
        "class A(StrEnum):\n  X = 1\n@flow\ndef f(x: A): ...",
        2,
        "the value of `A.X` is converted when the code runs",
    ),
    "flag": (
        "class A(enum.Flag):\n  X = 1\n@flow\ndef f(x: A): ...",
        1,
        "what the class `A` inherits is not known",
    ),
    "function as a type": ("def g(): ...\n@flow\ndef f(x: g): ...", 3, "`g` is not a type"),
    "two in an Optional": ("@flow\ndef f(x: Optional[int, str]): ...", 2, "`Optional` is of one type"),
    "nothing in a Literal": (
        "@flow\ndef f(x: Literal[()]): ...",
        2,
        "the type `Literal[()]` is not one that is known",
    ),
    "name in a Literal": ("A = 1\n@flow\ndef f(x: Literal[A]): ...", 3, "`A` in a `Literal` is computed"),
    "number in a Literal": ("@flow\ndef f(x: Literal[1.5]): ...", 2, "`1.5` cannot be in a `Literal`"),
    "nothing but callables": (
        "@flow\ndef f(x: Callable | list[Callable]): ...",
        2,
        "pydantic has no schema for `Callable`",
    ),
    "model without a schema in a union": (
        "class A(BaseModel):\n  x: Callable\n@flow\ndef f(x: A | int): ...",
        4,
        "pydantic has no schema for `A`",
    ),
    "callable in a union": (
        "@flow\ndef f(x: Callable | int): ...",
        2,
        "pydantic has no schema for `Callable`",
    ),
    "field that becomes a class variable": (
        "class A(BaseModel):\n  x: int\nclass B(A):\n  x: ClassVar[int] = 1\n@flow\ndef f(x: B): ...",
        4,
        "what the field `x` becomes is not known",
    ),
    "attribute of a value": ("@flow\ndef f(x: 'a'.upper): ...", 2, "`'a'.upper` is computed"),
    "call of a call": ("@flow\ndef f(x=g()()): ...", 2, "`g()` is computed"),
    "two defaults in a type": (
        "@flow\ndef f(x: Annotated[int, Field(default=1), Field(2)]): ...",
        2,
        "`Field(2)` is the second default of a type",
    ),
    "enum of lists": (
        "class A(Enum):\n  X = []\n@flow\ndef f(x: A): ...",
        2,
        "the value of `A.X` can change when the code runs",
    ),
    "changed class": (
        "class A(BaseModel): ...\nA.model_config['title'] = 'x'\n@flow\ndef f(x: A): ...",
        4,
        "`A` is changed after it is bound",
    ),
    "changed module": (
        "os.PathLike = int\n@flow\ndef f(x: os.PathLike): ...",
        3,
        "`os` is changed after it is bound",
    ),
    "marker by name": (
        "@flow\ndef f(x: Annotated[int, pd.M]): ...",
        2,
        "what `pd.M` does to a type is not known",
    ),
    "type that is too long to show": (
        "@flow\ndef f(x: int" + " + int" * 900 + "): ...",
        2,
        "the type `this expression` is computed",
    ),
    "bound by a function in a condition": (
        "if os.name:\n  def A(): ...\n@flow\ndef f(x=A): ...",
        4,
        "`A` is bound in a condition, a loop or the like",
    ),
    "unknown decorator of a method": (
        "class A(BaseModel):\n  @pd.setter\n  def x(self): ...\n@flow\ndef f(x: A): ...",
        2,
        "what `@pd.setter` does to the class is not known",
    ),
    "attribute of a constant": (
        "A = 1\n@flow\ndef f(x: A.real): ...",
        3,
        "`A.real` is computed",
    ),
    "bound by an except": (
        "try:\n  pass\nexcept OSError as A:\n  pass\n@flow\ndef f(x=A): ...",
        6,
        "`A` is bound in a condition, a loop or the like",
    ),
    "bound by a match": (
        "match os.name:\n  case [*A]: ...\n  case {**B}: ...\n@flow\ndef f(x=(A, B)): ...",
        5,
        "`A` is bound in a condition, a loop or the like",
    ),
    "bound by an import in a try": (
        "try:\n  import a.b\nexcept ImportError:\n  a = None\n@flow\ndef f(x: a): ...",
        6,
        "`a` is bound in a condition, a loop or the like",
    ),
    "negative text": ("@flow\ndef f(x=-'a'): ...", 2, "`-'a'` is computed"),
    "power": ("@flow\ndef f(x=2 ** 9): ...", 2, "`2 ** 9` is computed"),
    "call with a spread": ("@flow\ndef f(x=dict(**os.environ)): ...", 2, "`dict(**os.environ)` is computed"),
    "list of a set": ("@flow\ndef f(x=list({'a'})): ...", 2, "the order of `list({'a'})` is not known"),
    "wrong call": (
        "import datetime\n@flow\ndef f(x=datetime.date(2020, 13, 1)): ...",
        3,
        "`datetime.date(2020, 13, 1)` is not a value",
    ),
    "shortest duration": (
        "import datetime as d\n@flow\ndef f(x=d.timedelta(days=-999999999)): ...",
        3,
        "`d.timedelta(days=-999999999)` has no JSON that is sure",
    ),
    "two positional arguments of Field": (
        "@flow\ndef f(x=Field(1, 2)): ...",
        2,
        "`Field(1, 2)` has arguments that are not known",
    ),
    "two bases": (
        "class A(BaseModel): ...\nclass B(A, pd.M): ...\n@flow\ndef f(x: B): ...",
        2,
        "what the class `B` inherits is not known",
    ),
    "configuration that is computed": (
        "class A(BaseModel):\n  model_config = dict(A.x)\n@flow\ndef f(x: A): ...",
        2,
        "the configuration is computed",
    ),
    "configuration with a spread": (
        "class A(BaseModel):\n  model_config = {**{}, 'title': 'x'}\n@flow\ndef f(x: A): ...",
        2,
        "what `**` of the configuration does to the schema is not known",
    ),
    "configuration that is none": (
        "class A(BaseModel):\n  model_config = {'extra': 'x'}\n@flow\ndef f(x: A): ...",
        2,
        "the configuration is not known",
    ),
    "dataclass in a model with extra keys": (
        "@dataclass\nclass D: ...\nclass A(BaseModel, extra='forbid'):\n  d: D\n@flow\ndef f(x: A): ...",
        4,
        "`D` takes over the configuration of the model that uses it",
    ),
    "attribute of a model": (
        "class A(BaseModel):\n  x: int = 1\n@flow\ndef f(x=A.x): ...",
        4,
        "`A.x` is known only when the code runs",
    ),
    "member that is none": (
        "class A(Enum):\n  X = 1\n@flow\ndef f(x=A.Y): ...",
        4,
        "`A.Y` is known only when the code runs",
    ),
    "instance without a schema": (
        "class A(BaseModel):\n  x: Callable = None\n@flow\ndef f(x=A()): ...",
        4,
        "what `A()` makes is not known",
    ),
    "instance of an enum": (
        "class A(Enum):\n  X = 1\n@flow\ndef f(x=A(1)): ...",
        4,
        "what `A(1)` makes is not known",
    ),
    "instance with a constructor": (
        "class A(BaseModel):\n  def __init__(self): ...\n@flow\ndef f(x=A()): ...",
        4,
        "what `A()` makes is not known",
    ),
    "instance of a dataclass after a plain class": (
        "class P:\n  def __post_init__(self): ...\n@dataclass\nclass A(P): ...\n@flow\ndef f(x=A()): ...",
        6,
        "what `A()` makes is not known",
    ),
    "instance with a date": (
        "import datetime\nclass A(BaseModel):\n  x: datetime.date\n@flow\ndef f(x=A(x='2020-01-01')): ...",
        5,
        "what `A(x='2020-01-01')` makes of `x` is not known",
    ),
    "generated docstring": (
        "@pydantic.dataclasses.dataclass\nclass A:\n  'A(x)'\n  x: int\n@flow\ndef f(x: A): ...",
        2,
        "whether the docstring becomes a description is not known",
    ),
    "enum without members": (
        "class A(Enum):\n  ...\n@flow\ndef f(x: A): ...",
        1,
        "the enum `A` has no members",
    ),
    "statement in an enum": (
        "class A(Enum):\n  X, Y = 1, 2\n@flow\ndef f(x: A): ...",
        2,
        "what `X, Y = (1, 2)` does in an enum is not known",
    ),
    "auto after text": (
        "class A(Enum):\n  X = 'a'\n  Y = auto()\n@flow\ndef f(x: A): ...",
        3,
        "what `auto()` gives after a value that is not an integer is not known",
    ),
    "field twice": (
        "class A(BaseModel):\n  x: int\n  x: str\n@flow\ndef f(x: A): ...",
        3,
        "`x` is bound more than once in the class",
    ),
    "field and method": (
        "class A(BaseModel):\n  x: int\n  def x(self): ...\n@flow\ndef f(x: A): ...",
        3,
        "`x` is bound more than once in the class",
    ),
    "attribute without type": (
        "class A(BaseModel):\n  x = 1\n@flow\ndef f(x: A): ...",
        2,
        "what `x = 1` does in a class is not known",
    ),
    "argument of a dataclass": (
        "@dataclass(init=False)\nclass A:\n  x: int\n@flow\ndef f(x: A): ...",
        2,
        "what `init` does to the class `A` is not known",
    ),
    "final field": (
        "class A(BaseModel):\n  x: Final[int] = 1\n@flow\ndef f(x: A): ...",
        2,
        "what `Final[int]` means here is not known",
    ),
    "underscore in a dataclass": (
        "@dataclass\nclass A:\n  _x: int\n@flow\ndef f(x: A): ...",
        3,
        "what the field `_x` becomes is not known",
    ),
    "notes in a named tuple": (
        "class A(NamedTuple):\n  x: Annotated[int, Field(title='X')]\n@flow\ndef f(x: A): ...",
        2,
        "what `Annotated` says in a named tuple is not known",
    ),
    "value in a typed dict": (
        "class A(TypedDict):\n  x: int = 1\n@flow\ndef f(x: A): ...",
        2,
        "what `1` means here is not known",
    ),
    "ellipsis in a dataclass": (
        "@dataclass\nclass A:\n  x: int = ...\n@flow\ndef f(x: A): ...",
        3,
        "what `...` means here is not known",
    ),
    "argument of field": (
        "@dataclass\nclass A:\n  x: int = field(metadata={'title': 'X'})\n@flow\ndef f(x: A): ...",
        3,
        "what `metadata` does to a field is not known",
    ),
    "positional argument of field": (
        "@dataclass\nclass A:\n  x: int = field(1)\n@flow\ndef f(x: A): ...",
        3,
        "`field(1)` has arguments that are not known",
    ),
}


@pytest.mark.parametrize(("source", "line", "reason"), UNKNOWN.values(), ids=UNKNOWN)
def test_says_what_is_not_known(source: str, line: int, reason: str) -> None:
    """The line of the file and a reason that names what stands there."""
    assert schema_of(IMPORTS + source) == Unknown(LINES + line, reason)


FLOW = "from prefect import flow\nfrom lib import A\n\n@flow\ndef f(\n    x: A,\n): ...\n"

OTHER_FILES = {
    "reason in another file": (
        {("lib", 0): "import numpy as np\nA = np.ndarray"},
        Unknown(6, "the type `np.ndarray` is not from this repository (line 2 of the module `lib`)"),
    ),
    "not in that file": ({("lib", 0): "B = int"}, Unknown(6, "`lib.A` is not in the repository")),
    "star in that file": (
        {("lib", 0): "from b import *"},
        Unknown(6, "`A` may come from an `import *` in the module `lib`"),
    ),
    "imports in a circle": (
        {("lib", 0): "from b import A", ("b", 0): "from lib import A"},
        Unknown(6, "the signature is too large or nested too deep"),
    ),
    "named like a library": (
        {("prefect", 0): "flow = 1", ("lib", 0): "A = int"},
        Unknown(4, "the repository has a module named `prefect`, like the library"),
    ),
    "relative beyond the top": (
        {("lib", 0): "from ...x import A"},
        Unknown(6, "the import of `A` in the module `lib` has no one meaning"),
    ),
    "two classes of one name": (
        {
            ("lib", 0): "from pydantic import BaseModel\nimport b\nclass A(BaseModel):\n  x: b.A",
            ("b", 0): "from pydantic import BaseModel\nclass A(BaseModel): ...",
        },
        Unknown(6, "several classes are named `A` (line 4 of the module `lib`)"),
    ),
}


@pytest.mark.parametrize(("modules", "unknown"), OTHER_FILES.values(), ids=OTHER_FILES)
def test_reads_other_files_of_the_repository(modules: dict[tuple[str, int], str], unknown: Unknown) -> None:
    """A reason in another file is told at the parameter that leads there."""
    assert schema_of(FLOW, modules) == unknown


def test_relative_imports_may_climb() -> None:
    """Beside the flow's file, `..b` is above it."""
    source = FLOW.replace("from lib", "from .a.deep")
    modules = {("a.deep", 1): "from ...b import A", ("b", 2): "A = int"}
    assert schema_of(source, modules) == {
        "title": "Parameters",
        "type": "object",
        "properties": {"x": {"title": "x", "position": 0, "type": "integer"}},
        "required": ["x"],
    }


def test_type_parameters_are_not_known() -> None:
    """`def f[T](x: T)` and `class A[T]` parse on Python 3.12 and later only."""
    tree = ast.parse("from prefect import flow\n@flow\ndef f(x): ...")
    function = flows_of(tree)["f"]
    setattr(function, "type_params", [ast.Name("T")])  # noqa: B010
    assert parameter_schema(tree, function, lambda *_: None) == Unknown(3, "`f` has type parameters")


def test_a_caller_deep_in_the_stack_gets_a_reason() -> None:
    """However little of the stack is left."""
    tree = ast.parse("from prefect import flow\n@flow\ndef f(x: list[list[int]]): ...")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 20)
    try:
        found = parameter_schema(tree, flows_of(tree)["f"], lambda *_: None)
    finally:
        sys.setrecursionlimit(limit)
    assert found == Unknown(3, "the signature is nested too deep")


def test_star_import_spares_what_is_bound_after_it() -> None:
    """What stands before an `import *` may be something else after it; a built-in may be, too."""
    source = "A = int\nfrom lib import *\nfrom prefect import flow\nB = 1\n@flow\ndef f(x={}, y={}): ...\n"
    assert schema_of(source.format("B", "B")) == {
        "title": "Parameters",
        "type": "object",
        "properties": {
            "x": {"title": "x", "position": 0, "default": 1},
            "y": {"title": "y", "position": 1, "default": 1},
        },
    }
    assert schema_of(source.format("B", "A")) == Unknown(6, "`A` may be bound again by an `import *`")
    assert schema_of(source.format("int", "B")) == Unknown(6, "`int` may come from an `import *`")
