"""YAML's nodes: read within limits, turned into plain data, and found again by their paths. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

import yaml
from yaml.constructor import SafeConstructor

from prefect_reconcile.loader.syntax import excerpt, source_at
from prefect_reconcile.model import Json, Path, Problem, path_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from yaml import SafeLoader as _SafeLoader
else:
    # PyYAML can be built without libyaml. Its own parser understands the same and takes 15 times as long.
    _SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_NODES: Final = 1_000_000
"""Of one file: keys, values and collections. 10,000 deployments have about 500,000. Each takes about
400 bytes of memory, so that 10 MiB of nothing but `- ` would take 2 GB."""

MAX_DEPTH: Final = 100
"""Of nested collections, aliases followed. libyaml's composer recurses in C and kills the process somewhere
between 20,000 and 50,000 levels, Python's JSON gives up near 1,000. Manifests nest about ten deep."""

MAX_EXPANSION: Final = 10_000_000
"""What aliases and merge keys may add to one file, in characters and nodes. Shared values are small in
memory, but whoever prints, compares or sends them pays in full. 10,000 deployments can take in 1,000 each."""

MAX_PROBLEMS: Final = 100
"""Of one file: nobody corrects more at once, and a hostile text could have a million."""

# Python refuses to print an integer of more than 4,300 digits, and one written 1:1:1:… takes quadratic time.
_LONGEST_NUMBER: Final = 1_000

# A merged entry takes the memory of about eight characters, and time even when another entry hides it.
_ENTRY_WEIGHT: Final = 8

_TAGS: Final = "tag:yaml.org,2002:"
_STR, _SEQ, _MAP, _NULL, _MERGE = (_TAGS + name for name in ("str", "seq", "map", "null", "merge"))

_Trail: TypeAlias = "tuple[_Trail, str | int] | None"
"""A path under construction, last step outermost: cheap to extend; only a problem makes a `Path` of it."""


class LimitError(yaml.MarkedYAMLError):
    """The file exceeds one of our limits, and is not read any further."""

    def __init__(self, what: str, remedy: str, mark: yaml.Mark | None, path: str = "") -> None:
        super().__init__(problem=what, problem_mark=mark)
        self.what, self.remedy, self.path = what, remedy, path


class Loader(_SafeLoader):
    """PyYAML's loader, of which only the parser and the composer are used, with limits.

    Both composers call `descend_resolver` before each node and `ascend_resolver` after it.
    """

    # A lone `=` has a meaning in YAML 1.1 that no one uses and PyYAML fails on: it is a text.
    yaml_implicit_resolvers = {  # noqa: RUF012 -- so it is in PyYAML
        first: tests for first, tests in _SafeLoader.yaml_implicit_resolvers.items() if first != "="
    }

    def __init__(self, stream: bytes) -> None:
        super().__init__(stream)
        self._depth = self._nodes = 0

    def descend_resolver(self, current_node: yaml.Node | None, current_index: object) -> None:  # noqa: ARG002
        """Count the node that comes, and refuse it beyond the limits."""
        self._depth += 1
        self._nodes += 1
        if self._depth > MAX_DEPTH or self._nodes > MAX_NODES:
            self._refuse(current_node.start_mark if current_node else None)

    def ascend_resolver(self) -> None:
        """Note that a node is complete."""
        self._depth -= 1

    def _refuse(self, mark: yaml.Mark | None) -> NoReturn:
        if self._depth > MAX_DEPTH:
            raise LimitError(f"nested more than {MAX_DEPTH} levels deep", "flatten the structure", mark)
        raise LimitError(f"more than {MAX_NODES:,} keys and values", "split the file into several", mark)


class _Unfinished:
    """Stands for the value of a node that is being built."""


_UNFINISHED: Final = _Unfinished()


class Reader:
    """Turns the node trees of one file into data, and collects what cannot be turned."""

    def __init__(self, file: str, *, aliases: bool) -> None:
        self.trees: list[tuple[Json, yaml.Node]] = []
        """The data of each document that has any, and its root node."""
        self.problems: list[Problem] = []
        self._file = file
        self._expansion = 0
        # Remembering every node takes time, and few files have an anchor.
        self._build: Callable[[yaml.Node, _Trail], Json] = self._once if aliases else self._fresh

    def read(self, root: yaml.Node) -> None:
        """Add a document or its problems; raises `LimitError`."""
        if isinstance(root, yaml.ScalarNode) and root.tag == _NULL and not root.value:
            return
        known, self._harmless = len(self.problems), 0
        self._root = root
        self._built: dict[int, Json | _Unfinished] = {}
        self._measured: dict[int, tuple[int, int]] = {}
        value = self._build(root, None)
        # One with a duplicate key has its data all the same, in which more may be wrong to tell at once.
        if len(self.problems) - self._harmless == known:
            self.trees.append((value, root))

    def _once(self, node: yaml.Node, trail: _Trail) -> Json:
        """The value of a node. An alias is the same node met again, and gets the same value again.

        An anchor stands before its aliases, so the recursion is never deeper than the text is nested.
        """
        if id(node) not in self._built:
            self._built[id(node)] = _UNFINISHED
            value = self._built[id(node)] = self._fresh(node, trail)
            return value
        known = self._built[id(node)]
        if isinstance(known, _Unfinished):
            self._report(trail, None, "an alias within its own anchor has no end", "write the value out")
            return None
        self._charge(known, trail)
        return known

    def _fresh(self, node: yaml.Node, trail: _Trail) -> Json:
        tag = node.tag
        if isinstance(node, yaml.ScalarNode):
            text: str = node.value
            return text if tag == _STR else self._scalar(node, trail)
        is_mapping = isinstance(node, yaml.MappingNode)
        if tag != (_MAP if is_mapping else _SEQ):
            self._refuse_tag(node, trail)
        # What a refused tag holds is still read: it may have problems, and anchors for what follows.
        return self._mapping(node, trail) if is_mapping else self._sequence(node, trail)

    def _sequence(self, node: yaml.Node, trail: _Trail) -> list[Json]:
        build = self._build
        return [build(item, (trail, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: yaml.Node, trail: _Trail) -> dict[str, Json]:
        build = self._build
        own: dict[str, Json] = {}
        merged: list[dict[str, Json]] = []
        merges = refused = 0
        for key_node, item in node.value:
            key = build(key_node, trail)
            if key_node.tag == _STR and isinstance(key, str):
                own[key] = build(item, (trail, key))
            elif _is_merge(key_node):
                merges = 1
                merged += self._merged(item, (trail, "<<"))
            else:
                refused += 1
                self._refuse_key(key_node, trail)
                build(item, (trail, str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"))
        if len(own) + merges + refused < len(node.value):
            self._report_duplicates(node, trail)
        return self._merge(own, merged, trail) if merged else own

    def _merged(self, node: yaml.Node, trail: _Trail) -> list[dict[str, Json]]:
        """The mappings that a merge key takes in, the one that wins first."""
        known = len(self.problems)
        value = self._build(node, trail)
        parts = value if isinstance(value, list) else [value]
        mappings = [part for part in parts if isinstance(part, dict)]
        if len(mappings) < len(parts) and len(self.problems) == known:
            what = f"<< needs a mapping or a list of mappings, not {_shape(node)}"
            self._report(trail, None, what, "name an anchored mapping, as in <<: *common")
        return mappings

    def _merge(self, own: dict[str, Json], merged: list[dict[str, Json]], trail: _Trail) -> dict[str, Json]:
        whole: dict[str, Json] = {}
        for part in reversed(merged):
            self._spend(_ENTRY_WEIGHT * len(part), trail)
            whole.update(part)
        whole.update(own)
        return whole

    def _scalar(self, node: yaml.ScalarNode, trail: _Trail) -> Json:
        """The value of a scalar that is not a text."""
        if node.tag not in _SCALARS:
            self._refuse_tag(node, trail)
            return None
        name, read = _SCALARS[node.tag]
        try:
            return read(node)
        # PyYAML answers with any of these to a text that has the look or the tag of a type, but no value.
        except (ValueError, LookupError, ArithmeticError, AttributeError):
            what = f"{excerpt(node.value)} cannot be read as {name}"
            self._report(trail, node, what, "correct it, or write it as a quoted text")
            return None

    def _refuse_tag(self, node: yaml.Node, trail: _Trail) -> None:
        tag = excerpt(node.tag.replace(_TAGS, "!!", 1))
        if node.tag in _SCALARS or node.tag in (_STR, _SEQ, _MAP):
            self._report(trail, node, f"the tag {tag} does not fit {_shape(node)}", "remove the tag")
        else:
            self._report(trail, node, f"the tag {tag} is not supported", "write plain YAML without the tag")

    def _refuse_key(self, node: yaml.Node, trail: _Trail) -> None:
        if not isinstance(node, yaml.ScalarNode):
            remedy = "write a text as the key; quote a value that begins with {{ or ["
            self._report(trail, node, f"{_shape(node)} cannot be a key", remedy)
        elif not node.value:
            self._report(trail, node, "the key is empty", "write a key before the colon")
        elif node.tag in _SCALARS:
            text = excerpt(node.value)
            self._report(
                trail, node, f"the key {text} is read as {_SCALARS[node.tag][0]}", f'quote it: "{text}"'
            )

    def _report_duplicates(self, node: yaml.Node, trail: _Trail) -> None:
        lines: dict[str, int] = {}
        for key_node, _ in node.value:
            if not _is_key(key_node):
                continue
            key = _MERGE if _is_merge(key_node) else key_node.value
            if key in lines:
                what = f"duplicate key, the first is in line {lines[key]}"
                remedy = "merge a list: <<: [*a, *b]" if _is_merge(key_node) else "remove one of the two"
                self._report((trail, key_node.value), key_node, what, remedy)
                self._harmless += 1
            lines.setdefault(key, key_node.start_mark.line + 1)

    def _charge(self, value: Json, trail: _Trail) -> None:
        """Count what one more alias of a value adds."""
        size, levels = self._measure(value)
        self._spend(size, trail)
        if levels + len(_path(trail)) > MAX_DEPTH:
            what = f"aliases nest more than {MAX_DEPTH} levels deep"
            self._stop(trail, what, "flatten the structure")

    def _spend(self, size: int, trail: _Trail) -> None:
        self._expansion += size
        if self._expansion > MAX_EXPANSION:
            what = f"aliases and merge keys make the file larger by more than {MAX_EXPANSION:,} characters"
            self._stop(trail, what, "use fewer aliases, or split the file into several")

    def _measure(self, value: Json) -> tuple[int, int]:
        """The size of a value in characters and nodes, and how many levels it has.

        The recursion is never deeper than the text is nested: what an alias in it names is measured already.
        """
        if not isinstance(value, (dict, list)):
            return (1 + len(value) if isinstance(value, str) else 1), 1
        if id(value) not in self._measured:
            keys = sum(map(len, value)) if isinstance(value, dict) else 0
            parts = [self._measure(part) for part in (value.values() if isinstance(value, dict) else value)]
            size = 1 + keys + sum(part[0] for part in parts)
            self._measured[id(value)] = size, 1 + max((part[1] for part in parts), default=0)
        return self._measured[id(value)]

    def _report(self, trail: _Trail, node: yaml.Node | None, what: str, remedy: str) -> None:
        """Note a problem: of `node`, or where the last step of the trail is written."""
        if len(self.problems) == MAX_PROBLEMS:
            self._stop(trail, f"the file has more than {MAX_PROBLEMS} problems", "correct the first ones")
        path = _path(trail)
        mark = node.start_mark if node is not None else mark_of(self._root, path, key=True)
        self.problems.append(Problem(source_at(self._file, mark), _path_text(path), what, remedy))

    def _stop(self, trail: _Trail, what: str, remedy: str) -> NoReturn:
        path = _path(trail)
        raise LimitError(what, remedy, mark_of(self._root, path, key=True), _path_text(path))


def _read_int(node: yaml.ScalarNode) -> int:
    _check_length(node)
    return _VALUES.construct_yaml_int(node)


def _read_float(node: yaml.ScalarNode) -> float:
    _check_length(node)
    value = _VALUES.construct_yaml_float(node)
    if not math.isfinite(value):
        raise ValueError(value)
    return value


def _check_length(node: yaml.ScalarNode) -> None:
    if len(node.value) > _LONGEST_NUMBER:
        raise ValueError(len(node.value))


def _read_moment(node: yaml.ScalarNode) -> str:
    """A date or time as Prefect's client sends it: ISO 8601 with `Z` for UTC, for pydantic writes it so."""
    text = _VALUES.construct_yaml_timestamp(node).isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def _read_null(node: yaml.ScalarNode) -> None:
    if node.value not in ("", "~", "null", "Null", "NULL"):
        raise ValueError(node.value)


def _read_text(node: yaml.ScalarNode) -> str:
    return str(node.value)


_VALUES: Final = SafeConstructor()

_SCALARS: Final[dict[str, tuple[str, Callable[[yaml.ScalarNode], Json]]]] = {
    _TAGS + "bool": ("true or false", _VALUES.construct_yaml_bool),
    _TAGS + "int": ("an integer", _read_int),
    _TAGS + "float": ("a finite number", _read_float),
    _TAGS + "timestamp": ("a date or time", _read_moment),
    _NULL: ("null", _read_null),
    _MERGE: ("a merge key", _read_text),
}
"""By tag: the name of the type, and what makes a value of a node or raises one of several errors."""


def mark_of(root: yaml.Node, path: Path, *, key: bool) -> yaml.Mark | None:
    """The mark of the value at `path`, or of its key; of its nearest ancestor if there is none."""
    named = found = root
    for step in path:
        entry = _entry(found, step)
        if entry is None:
            return found.start_mark
        named, found = entry
    return (named if key else found).start_mark


def _entry(node: yaml.Node, step: object) -> tuple[yaml.Node, yaml.Node] | None:
    """The key and the value that a step leads to; an item of a list is its own key."""
    if isinstance(node, yaml.MappingNode) and isinstance(step, str):
        return _pair(node, step)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step in range(len(node.value)):
        return node.value[step], node.value[step]
    return None


def _pair(mapping: yaml.MappingNode, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    """The entry that wins: the mapping's own, else that of the first merged mapping that has one.

    Without recursion and without visiting a mapping twice, for merges can be chained by the thousand.
    """
    waiting: list[yaml.Node] = [mapping]
    seen: set[int] = set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen or not isinstance(node, yaml.CollectionNode):
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += reversed(node.value)
            continue
        for key_node, item in node.value:
            if _is_key(key_node) and key_node.value == key:
                return key_node, item
        waiting += [item for key_node, item in node.value if _is_merge(key_node)]
    return None


def _is_key(node: yaml.Node) -> bool:
    return node.tag in (_STR, _MERGE) and isinstance(node, yaml.ScalarNode)


def _is_merge(node: yaml.Node) -> bool:
    return node.tag == _MERGE and isinstance(node, yaml.ScalarNode)


def _shape(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    return "a list" if isinstance(node, yaml.SequenceNode) else "a scalar"


def _path(trail: _Trail) -> Path:
    steps: list[str | int] = []
    while trail is not None:
        trail, step = trail
        steps.append(step)
    return tuple(reversed(steps))


def _path_text(path: Path) -> str:
    return excerpt(path_text(path), 200)  # a key can be a megabyte long
