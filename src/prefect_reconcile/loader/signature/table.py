"""Types of the standard library and of pydantic, and what pydantic 2.14 writes for them."""

from __future__ import annotations

from collections.abc import Mapping

from prefect_reconcile.loader.signature.fields import Type
from prefect_reconcile.model import JsonObject


def _text(format_: str, **more: int | bool) -> Type:
    return Type({"type": "string", "format": format_, **more})


def _number(kind: str, **limits: int) -> Type:
    return Type({"type": kind, **limits}, kind="number")


ANY = Type({})
NULL = Type({"type": "null"})
_STRING = Type({"type": "string"}, kind="string")
_BYTES = Type({"type": "string", "format": "binary"}, kind="bytes")

NAMED: Mapping[str, Type] = {
    "None": NULL,
    "builtins.bool": Type({"type": "boolean"}),
    "builtins.bytes": _BYTES,
    "builtins.complex": Type({"type": "string"}),
    "builtins.float": _number("number"),
    "builtins.int": _number("integer"),
    "builtins.str": _STRING,
    "datetime.date": _text("date"),
    "datetime.datetime": _text("date-time"),
    "datetime.time": _text("time"),
    "datetime.timedelta": _text("duration"),
    "decimal.Decimal": Type({"anyOf": [{"type": "number"}, {"type": "string"}]}),
    "ipaddress.IPv4Address": _text("ipv4"),
    "ipaddress.IPv4Interface": _text("ipv4interface"),
    "ipaddress.IPv4Network": _text("ipv4network"),
    "ipaddress.IPv6Address": _text("ipv6"),
    "ipaddress.IPv6Interface": _text("ipv6interface"),
    "ipaddress.IPv6Network": _text("ipv6network"),
    "os.PathLike": _text("path"),
    "pathlib.Path": _text("path"),
    "pathlib.PosixPath": _text("path"),
    "pathlib.PurePath": _text("path"),
    "pathlib.PurePosixPath": _text("path"),
    "pydantic.AnyHttpUrl": _text("uri", minLength=1),
    "pydantic.AnyUrl": _text("uri", minLength=1),
    "pydantic.AwareDatetime": _text("date-time"),
    "pydantic.DirectoryPath": _text("directory-path"),
    "pydantic.EmailStr": _text("email"),
    "pydantic.FilePath": _text("file-path"),
    "pydantic.FiniteFloat": _number("number"),
    "pydantic.FutureDate": _text("date"),
    "pydantic.FutureDatetime": _text("date-time"),
    "pydantic.HttpUrl": _text("uri", minLength=1, maxLength=2083),
    "pydantic.NaiveDatetime": _text("date-time"),
    "pydantic.NegativeFloat": _number("number", exclusiveMaximum=0),
    "pydantic.NegativeInt": _number("integer", exclusiveMaximum=0),
    "pydantic.NewPath": _text("path"),
    "pydantic.NonNegativeFloat": _number("number", minimum=0),
    "pydantic.NonNegativeInt": _number("integer", minimum=0),
    "pydantic.NonPositiveFloat": _number("number", maximum=0),
    "pydantic.NonPositiveInt": _number("integer", maximum=0),
    "pydantic.PastDate": _text("date"),
    "pydantic.PastDatetime": _text("date-time"),
    "pydantic.PositiveFloat": _number("number", exclusiveMinimum=0),
    "pydantic.PositiveInt": _number("integer", exclusiveMinimum=0),
    "pydantic.SecretBytes": _text("password", writeOnly=True),
    "pydantic.SecretStr": _text("password", writeOnly=True),
    "pydantic.StrictBool": Type({"type": "boolean"}),
    "pydantic.StrictBytes": _BYTES,
    "pydantic.StrictFloat": _number("number"),
    "pydantic.StrictInt": _number("integer"),
    "pydantic.StrictStr": _STRING,
    "pydantic.UUID1": _text("uuid1"),
    "pydantic.UUID3": _text("uuid3"),
    "pydantic.UUID4": _text("uuid4"),
    "pydantic.UUID5": _text("uuid5"),
    "typing.Any": ANY,
    "typing.Hashable": ANY,
    "builtins.type": ANY,
    "typing.Pattern": _text("regex"),
    "uuid.UUID": _text("uuid"),
    "zoneinfo.ZoneInfo": _text("zoneinfo"),
}
"""Types that take no arguments, by their canonical names."""

WITHOUT_SCHEMA = frozenset({"typing.Callable"})
"""Types that pydantic has no JSON schema for."""


def _items(items: JsonObject) -> JsonObject:
    return {"type": "array", "items": items}


def _unique(items: JsonObject) -> JsonObject:
    return {"type": "array", "uniqueItems": True, "items": items}


ARRAYS: Mapping[str, Type] = {
    name: Type(schema, kind=kind)
    for schema, kind, names in (
        (_items({}), "array", ("builtins.list", "typing.List", "typing.Deque")),
        (_items({}), "", ("typing.Sequence", "typing.MutableSequence", "typing.Iterable")),
        (_items({}), "array", ("builtins.tuple", "typing.Tuple")),
        (
            _unique({}),
            "array",
            (
                "builtins.set",
                "builtins.frozenset",
                "typing.Set",
                "typing.FrozenSet",
                "typing.AbstractSet",
                "typing.MutableSet",
            ),
        ),
    )
    for name in names
}
"""Containers of one type, as they are without it: an argument becomes their `items`."""

MAPPINGS: Mapping[str, str] = {
    "builtins.dict": "object",
    "typing.Dict": "object",
    "typing.Mapping": "",
    "typing.MutableMapping": "",
    "typing.OrderedDict": "",
}
"""Containers of two types, with the kind of constraints that each takes."""
