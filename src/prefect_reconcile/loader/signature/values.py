"""Defaults: expressions whose value is known without running them, and what pydantic makes of it as JSON."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from math import isfinite
from pathlib import PurePath, PurePosixPath
from typing import Protocol, TypeAlias
from uuid import UUID

from prefect_reconcile.loader.signature.scope import Class, External, Scope, Value
from prefect_reconcile.loader.signature.unknown import shown
from prefect_reconcile.model import Json

_INTEGERS = range(-(2**63), 2**63)
"""Integers beyond 64 bits are not portable JSON."""


@dataclass(frozen=True, slots=True)
class Made:
    """A member of an enum, or an instance of a class of the repository, as JSON."""

    json: Json


Known: TypeAlias = (
    "bool | int | float | str | bytes | datetime | date | time | timedelta | timezone | Decimal | UUID"
    " | PurePath | Made | list[Known] | tuple[Known, ...] | set[Known] | frozenset[Known]"
    " | dict[Known, Known] | None"
)


class Classes(Protocol):
    """Reads what only the classes of the repository know."""

    def member(self, node: ast.expr, owner: Class, attributes: tuple[str, ...], scope: Scope) -> Known:
        """`Color.RED` or `Color.RED.value`."""

    def instance(self, node: ast.Call, made: Class, scope: Scope) -> Known:
        """`Config(size=1)`."""


_CONSTRUCTORS: dict[str, Callable[..., Known]] = {
    "datetime.datetime": datetime,
    "datetime.date": date,
    "datetime.time": time,
    "datetime.timedelta": timedelta,
    "datetime.timezone": timezone,
    "decimal.Decimal": Decimal,
    "uuid.UUID": UUID,
    "pathlib.Path": PurePosixPath,
    "pathlib.PurePath": PurePosixPath,
    "pathlib.PosixPath": PurePosixPath,
    "pathlib.PurePosixPath": PurePosixPath,
    "builtins.list": list,
    "builtins.dict": dict,
    "builtins.set": set,
    "builtins.tuple": tuple,
    "builtins.frozenset": frozenset,
}
"""Calls that have the same value wherever they run."""

_CONSTANTS: dict[str, Known] = {
    "datetime.UTC": UTC,
    "datetime.timezone.utc": UTC,
}

_ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}


def value(node: ast.expr, scope: Scope, classes: Classes) -> Known:
    """The value of an expression. Raises NotStaticError where running the code would be needed."""
    with scope.step(node):
        match node:
            case ast.Constant(value=bool() as constant):
                return constant
            case ast.Constant(value=int() as constant):
                return _checked(node, constant, scope)
            case ast.Constant(value=None | float() | str() | bytes() as constant):
                return constant
            case ast.List() | ast.Tuple() | ast.Set() | ast.Dict():
                return _collection(node, scope, classes)
            case ast.UnaryOp() | ast.BinOp():
                return _number(node, scope, classes)
            case ast.Name() | ast.Attribute():
                return _named(node, scope, classes)
            case ast.Call():
                return _call(node, scope, classes)
            case _:
                raise scope.error(node, f"`{shown(node)}` is computed")


def _collection(node: ast.List | ast.Tuple | ast.Set | ast.Dict, scope: Scope, classes: Classes) -> Known:
    try:
        match node:
            case ast.List():
                return [value(item, scope, classes) for item in node.elts]
            case ast.Tuple():
                return tuple(value(item, scope, classes) for item in node.elts)
            case ast.Set():
                return {value(item, scope, classes) for item in node.elts}
            case _:
                keys = [value(key, scope, classes) if key else _spread(node, scope) for key in node.keys]
                return dict(zip(keys, [value(item, scope, classes) for item in node.values], strict=True))
    except TypeError:  # an unhashable item of a set or key of a dict
        raise scope.error(node, f"`{shown(node)}` is not a value") from None


def _spread(node: ast.Dict, scope: Scope) -> Known:
    raise scope.error(node, f"`{shown(node)}` is computed")


def _number(node: ast.UnaryOp | ast.BinOp, scope: Scope, classes: Classes) -> Known:
    """A negative number, or the likes of `24 * 60`."""
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            number = value(operand, scope, classes)
            if isinstance(number, int | float) and not isinstance(number, bool):
                return -number
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            a, b = value(left, scope, classes), value(right, scope, classes)
            if isinstance(a, int | float) and isinstance(b, int | float):
                return _checked(node, _ARITHMETIC[type(op)](a, b), scope)
    raise scope.error(node, f"`{shown(node)}` is computed")


def _checked(node: ast.expr, number: float, scope: Scope) -> Known:
    """The number, if the next operation on it cannot take long."""
    if isinstance(number, int) and number not in _INTEGERS:
        raise scope.error(node, f"`{shown(node)}` is too large")
    return number


def _named(node: ast.Name | ast.Attribute, scope: Scope, classes: Classes) -> Known:
    match scope.reach(node):
        case Class() as owner, attributes:
            return classes.member(node, owner, attributes, scope)
        case Value() as constant, ():
            return _constant(node, constant, scope, classes)
        case External(name=name), () if name in _CONSTANTS:
            return _CONSTANTS[name]
        case _:
            raise scope.error(node, f"`{shown(node)}` is known only when the code runs")


def _constant(node: ast.expr, constant: Value, scope: Scope, classes: Classes) -> Known:
    found = value(constant.value, scope.at(constant.module), classes)
    if isinstance(found, list | dict | set) and constant.module.uses[constant.name] > 1:
        raise scope.error(node, f"`{constant.name}` may be changed by the code that uses it")
    return found


def _call(node: ast.Call, scope: Scope, classes: Classes) -> Known:
    if any(keyword.arg is None for keyword in node.keywords):
        raise scope.error(node, f"`{shown(node)}` is computed")
    match scope.symbol(node.func):
        case Class() as made:
            return classes.instance(node, made, scope)
        case External(name=name) if name in _CONSTRUCTORS:
            return _constructed(node, _CONSTRUCTORS[name], scope, classes)
        case _:
            raise scope.error(node, f"`{shown(node)}` is computed")


def _constructed(node: ast.Call, make: Callable[..., Known], scope: Scope, classes: Classes) -> Known:
    positional = [value(argument, scope, classes) for argument in node.args]
    named = {keyword.arg or "": value(keyword.value, scope, classes) for keyword in node.keywords}
    if make in (list, tuple) and any(isinstance(argument, set | frozenset) for argument in positional):
        raise scope.error(node, f"the order of `{shown(node)}` is not known")
    try:
        return make(*positional, **named)
    except (TypeError, ValueError, ArithmeticError):
        raise scope.error(node, f"`{shown(node)}` is not a value") from None


def encoded(known: Known, node: ast.expr, scope: Scope) -> Json:
    """The JSON that pydantic writes for a default: sets sorted, dates in ISO 8601, decimals as text."""
    if isinstance(known, set | frozenset):
        return [encoded(item, node, scope) for item in _sorted(known, node, scope)]
    return _json(known, node, scope)


def _sorted(items: set[Known] | frozenset[Known], node: ast.expr, scope: Scope) -> list[Known]:
    if len({type(item) for item in items}) > 1 or not all(isinstance(i, int | float | str) for i in items):
        raise scope.error(node, f"the order of `{shown(node)}` is not known")
    return sorted(items, key=_order)


def _order(item: Known) -> float | str:
    return item if isinstance(item, int | float | str) else 0


def _json(known: Known, node: ast.expr, scope: Scope) -> Json:
    match known:
        case None | bool() | int() | float() if _is_portable(known):
            return known
        case str() | bytes() | PurePath() | UUID() | Decimal():
            return text(known, node, scope)
        case datetime() | date() | time():
            return re.sub(r"\+00:00$", "Z", known.isoformat())
        case timedelta() if known > timedelta.min:
            return _duration(known)
        case Made(json=json):
            return json
        case list() | tuple():
            return [_json(item, node, scope) for item in known]
        case set() | frozenset() if len(known) < 2:
            return [_json(item, node, scope) for item in known]
        case dict():
            return {_key(key, node, scope): _json(item, node, scope) for key, item in known.items()}
        case _:
            raise scope.error(node, f"`{shown(node)}` has no JSON that is sure")


def _is_portable(known: float | None) -> bool:
    """Whether JSON has such a number."""
    return known is None or (known in _INTEGERS if isinstance(known, int) else isfinite(known))


def _key(key: Known, node: ast.expr, scope: Scope) -> str:
    if isinstance(key, str):
        return text(key, node, scope)
    if isinstance(key, int) and not isinstance(key, bool) and key in _INTEGERS:
        return str(key)
    raise scope.error(node, f"a key of `{shown(node)}` is not text")


def text(known: str | bytes | PurePath | UUID | Decimal, node: ast.AST, scope: Scope) -> str:
    """Text that JSON can hold: not a lone surrogate, nor bytes that are not UTF-8."""
    try:
        found = known.decode() if isinstance(known, bytes) else str(known)
        found.encode()
    except UnicodeError:
        raise scope.error(node, "the text is not valid Unicode") from None
    return found


def _duration(known: timedelta) -> str:
    """ISO 8601 as pydantic writes it: years of 365 days, then days, then the time; `-` before all of it."""
    sign, known = ("-", -known) if known < timedelta(0) else ("", known)
    years, days = divmod(known.days, 365)
    hours, rest = divmod(known.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    fraction = f".{known.microseconds:06}".rstrip("0") if known.microseconds else ""
    day = "".join(f"{count}{unit}" for count, unit in ((years, "Y"), (days, "D")) if count)
    clock = "".join(f"{count}{unit}" for count, unit in ((hours, "H"), (minutes, "M")) if count)
    if seconds or fraction or not (day or clock):
        clock += f"{seconds}{fraction}S"
    return f"{sign}P{day}{'T' if clock else ''}{clock}"
