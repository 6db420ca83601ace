"""Values as text that cannot do harm, and secrets as none."""

from __future__ import annotations

import re
from json import JSONDecodeError, JSONDecoder, dumps

from prefect_reconcile.model import Json, Key, Path, path_text
from prefect_reconcile.secrecy import is_secret

MASK = "********"

_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
"""Control characters, and those that hide or reorder what a person reads: Unicode's categories Cc, Cf,
Cs, Zl and Zp, and what its property Default_Ignorable_Code_Point holds beyond them."""

_REFERENCE = re.compile(r"\{\{\s*prefect\.[^{}]*\}\}")
"""What Prefect puts in at run time: it names a block or a variable and holds no secret."""

_USER_OF_URL = re.compile(r"((?<=http://)|(?<=https://)|(?<=://)(?=[^\s/@:]*:))[^\s/@]+(?=@)")
"""Who logs in at a URL: the password with its user, or over HTTP the token that stands for both."""


def line(text: str) -> str:
    """Text of which every character can be seen and stays on its line."""
    return _UNSEEN.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def value(one: Json) -> str:
    """JSON on one line, of which every character can be seen."""
    return line(dumps(one, ensure_ascii=False))


def path(steps: Path) -> str:
    """A path without the secrets that an identity can hold, as that of a schedule holds its parameters."""
    return path_text(tuple(_masked_key(step) if isinstance(step, Key) else step for step in steps))


def _masked_key(key: Key) -> Key:
    start = key.text.find("{")
    if start < 0:
        return key
    try:
        found, end = JSONDecoder().raw_decode(key.text, start)
    except JSONDecodeError:
        return key
    return Key(key.text[:start] + dumps(masked(found), ensure_ascii=False) + key.text[end:])


def masked(one: Json, steps: Path = ()) -> Json:
    """The value with a mask in place of each text or number whose key looks like that of a secret.

    `{"name": "DB_PASSWORD", "value": …}` has the key of its value in `name`. A reference that Prefect
    resolves at run time, `{{ prefect.… }}`, is shown. In a URL only its user and password are masked.
    """
    match one:
        case dict():
            return {key: masked(inner, (*steps, *_keys(one, key))) for key, inner in one.items()}
        case list():
            return [masked(inner, steps) for inner in one]
        case None | bool():
            return one
        case str() if _REFERENCE.fullmatch(one):
            return one
        case _ if is_secret(steps):
            return MASK
        case str():
            return _USER_OF_URL.sub(MASK, one)
        case _:
            return one


def _keys(mapping: dict[str, Json], key: str) -> tuple[str, ...]:
    """The keys that say what a value of a mapping is: its own, and the name beside it."""
    name = mapping.get("name")
    return (key, name) if key == "value" and isinstance(name, str) else (key,)
