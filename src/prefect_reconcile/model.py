"""The values that everything passes on. Of the package imports only `errors`.

All are frozen and comparable, so that a plan can be sorted, fingerprinted and asserted whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from json import dumps
from typing import Final, TypeAlias, TypeVar

from prefect_reconcile.errors import PrefectError

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""What a JSON document can hold. Lists and dicts are never mutated once they are in a value of ours."""

JsonObject: TypeAlias = "dict[str, Json]"


class Filled(str):
    """Text in the place of a placeholder. The environment knows only text, so where a manifest needs a
    number or a boolean, this may stand for one."""

    __slots__ = ()


class Absent(Enum):
    """The type of `ABSENT`, which says that there is no value at all: null is a value."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


def same(old: Json | Absent, new: Json | Absent) -> bool:
    """Equality of JSON: numbers by value, so `1` is `1.0`, but never `1` and `true`, which Python equates."""
    if old != new:
        return False
    match old, new:
        case dict(), dict():
            return all(same(value, new[key]) for key, value in old.items())
        case list(), list():
            return all(same(a, b) for a, b in zip(old, new, strict=True))
        case _:
            return isinstance(old, bool) == isinstance(new, bool)


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """The identity of one entry of a keyed list, as a step of a path."""

    text: str


Path: TypeAlias = "tuple[str | int | Key, ...]"
"""Where a value stands: keys, list positions and keyed-list identities from the root."""

_PLAIN_STEP = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_PLAIN_KEY = re.compile(r"[^]\"0-9\x00-\x1f\x7f][^]\x00-\x1f\x7f]*")


def path_text(path: Path) -> str:
    """A path as people write it, unambiguously.

    `("schedules", Key("nightly"), "cron")` → `schedules[nightly].cron`; what would not read as one
    step is quoted: `("env", "a.b")` → `env["a.b"]`.
    """
    text = ""
    for step in path:
        match step:
            case int():
                text += f"[{step}]"
            case Key(text=name):
                text += f"[{name if _PLAIN_KEY.fullmatch(name) else _quoted(name)}]"
            case str() if _PLAIN_STEP.fullmatch(step):
                text += f".{step}" if text else step
            case str():
                text += f"[{_quoted(step)}]"
    return text


def _quoted(step: str) -> str:
    return dumps(step, ensure_ascii=False)


LINE_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What YAML counts as the end of a line."""


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A place in a file. `line` and `column` count from 1; both are 0 for the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Severity(StrEnum):
    """What a problem does to a run: an error ends it before anything is written, the others do not."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something in a manifest that cannot be obeyed, or is worth knowing.

    `path` is the key path for people (`schedules[0].corn`), empty for the whole document; `what` says
    what is wrong, `remedy` what to do about it.
    """

    source: Source
    path: str
    what: str
    remedy: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        where = f"{self.source}: {self.path}" if self.path else str(self.source)
        return f"{where}: {self.what}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem as a kind sees it, before the loader adds the place.

    `on_key` says that the key itself is wrong and not its value, `stray` that the key is not known, so
    that the manifest has a meaning without it. `warning` tells those among the hints that say what will
    not be as the author meant it.
    """

    path: Path
    what: str
    remedy: str
    on_key: bool = False
    stray: bool = False
    warning: bool = False


@dataclass(frozen=True, slots=True)
class FlowFacts:
    """What the syntax tree of a flow's code says; None is what it does not say literally.

    `schema` is that of the flow's parameters, and `unknown` says why there is none: `flows/etl.py:12: …`.
    `parameters` are the names that the flow takes, None where it takes any or that is not known.
    """

    name: str | None
    description: str | None
    schema: JsonObject | None = None
    unknown: str | None = None
    parameters: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class NoFlow:
    """Why the code at an entrypoint says nothing.

    `certain` says that the file is here and holds no such flow: the entrypoint is wrong wherever it is
    used. Otherwise the code may be elsewhere, or may make the flow in a way that cannot be read.
    `elsewhere` says that nothing like it is here, which is as it should be where the code has a repository
    of its own.
    """

    what: str
    remedy: str
    certain: bool = False
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Adjustments:
    """What an environment does to each resource: what is put around its name, tags that it gets beside
    its own, and whether all are paused (None: as each manifest says)."""

    name_prefix: str = ""
    name_suffix: str = ""
    tags: tuple[str, ...] = ()
    paused: bool | None = None


@dataclass(frozen=True, slots=True, order=True)
class Ignore:
    """A pattern of the paths whose differences are left alone, and where it is written: see `ignore`."""

    pattern: str
    source: Source


class Shape(Enum):
    """How two values of a field compare."""

    VALUE = "value"
    """Any JSON. Mappings compare key by key, lists in order."""
    SET = "set"
    """A list whose order and repetitions mean nothing; its canonical form is sorted."""
    KEYED = "keyed"
    """A list whose entries have identities; its canonical form maps each identity to its entry."""


@dataclass(frozen=True, slots=True)
class Desired:
    """A resource as a manifest wants it.

    `name` is its identity within its kind, `fields` what the manifest says in canonical form (a field
    that is left out is not in it), `refs` ids of the server that its requests need, once observed.
    `initial` are fields that a new resource gets and that are left alone on a live one. `ignore` are
    checked patterns of what is left alone if the resource is live. `locate` tells where in the file a path
    of the manifest stands.
    """

    kind: str
    name: str
    source: Source
    fields: JsonObject
    refs: Mapping[str, str] = field(default_factory=dict)
    initial: JsonObject = field(default_factory=dict)
    locate: Callable[[Path], Source] | None = field(default=None, compare=False, repr=False)
    ignore: tuple[Ignore, ...] = ()

    def place(self, *path: str) -> Source:
        """The place of a value of the manifest, or of the manifest where that is not known."""
        return self.locate(path) if self.locate else self.source


def repetitions(desired: Iterable[Desired]) -> list[Problem]:
    """A problem for each resource that one before it has declared already; two kinds may share a name."""
    first: dict[tuple[str, str], Desired] = {}
    problems = []
    for one in desired:
        before = first.setdefault((one.kind, one.name), one)
        if before is not one:
            what = f"{one.name} is already declared at {before.source}"
            problems.append(Problem(one.place("name"), "name", what, "rename one of them or remove it"))
    return problems


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a kind read in one manifest: its identity, its canonical fields, and what it refers to.

    `hints` are worth knowing and no reason to refuse the manifest; `ignore` are checked patterns, in the
    order in which the manifest has them.
    """

    name: str
    fields: JsonObject
    refs: Mapping[str, str] = field(default_factory=dict)
    hints: tuple[Finding, ...] = ()
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Live:
    """A resource as the server has it, in the same canonical form, with every field.

    `owner` is the owner whose mark it carries, and `protected` says that it is not to be deleted.
    """

    kind: str
    name: str
    id: str
    fields: JsonObject
    refs: Mapping[str, str] = field(default_factory=dict)
    owner: str | None = None
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Observation:
    """The live side of some desired resources, and what the server lacks that they need.

    `desired` are the same resources in the same order, with identities and refs as the server knows them.
    """

    desired: tuple[Desired, ...]
    live: Mapping[str, Live]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Resolution:
    """Both sides of one comparison: what is live, and what a manifest makes of it.

    What a manifest leaves alone is in `new` as it is in `old`, so that the comparison knows no exception.
    `notes` tell people what is not, or cannot be, carried out; `ids` are the server's ids of the parts
    that have one, by their identity.
    """

    old: JsonObject
    new: JsonObject
    notes: tuple[str, ...] = ()
    ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `path` is below the API's base URL and begins with `/`.

    `once` marks a request that several conversations of a run need in common, such as making a flow:
    it is sent once, and all of them get the one answer. `repeatable` is false where sending it again
    after a lost answer could do the work twice.
    """

    method: str
    path: str
    body: Json = None
    once: bool = False
    repeatable: bool = True

    @property
    def writes(self) -> bool:
        """Whether it changes the server. Prefect reads lists with POST, so the method alone does not tell."""
        reads = self.method == "POST" and self.path.endswith(("/filter", "/paginate", "/count"))
        return self.method != "GET" and not reads


_Result = TypeVar("_Result")

Answer: TypeAlias = "Json | PrefectError"
"""What came back for a call: the body (null for none), or why there is none."""

Conversation: TypeAlias = Generator[tuple[Call, ...], tuple[Answer, ...], _Result]
"""Requests decided by pure code: it yields calls that may be sent side by side, receives their answers
in the same order, and returns what it found out."""


def ask(call: Call) -> Conversation[Json]:
    """A conversation of one call, for `answer = yield from ask(call)`. Raises what came instead of a body."""
    (answer,) = yield (call,)
    if isinstance(answer, PrefectError):
        raise answer
    return answer


def together(conversations: Iterable[Conversation[_Result]]) -> Conversation[list[_Result]]:
    """Several conversations as one that asks all of their questions side by side, round by round."""
    running = dict(enumerate(conversations))
    results: dict[int, _Result] = {}
    answers: dict[int, tuple[Answer, ...] | None] = dict.fromkeys(running)
    while running:
        calls: dict[int, tuple[Call, ...]] = {}
        for index, conversation in list(running.items()):
            try:
                received = answers[index]
                calls[index] = next(conversation) if received is None else conversation.send(received)
            except StopIteration as stop:
                results[index] = stop.value
                del running[index]
        if calls:
            received_all = list((yield tuple(call for group in calls.values() for call in group)))
            for index, group in calls.items():
                answers[index] = tuple(received_all[: len(group)])
                del received_all[: len(group)]
    return [results[index] for index in sorted(results)]
