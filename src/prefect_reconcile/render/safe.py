"""Values as text that cannot do harm, and secrets as none."""

from __future__ import annotations

import re
from json import dumps

from prefect_reconcile.model import Json, Path

MASK = "********"

_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\ufff9-\ufffb]"
)
"""Control characters, and those that hide or reorder what a person reads (Unicode Cc, Cf, Zl, Zp, Cs)."""

_SECRET = re.compile(
    r"pass(word|wd|phrase)?$|secret|token|api_?key|access_?key|private_?key|credential|auth_?string"
    r"|authorization|connection_?(string|url)|dsn$",
    re.IGNORECASE,
)


def line(text: str) -> str:
    """Text of which every character is visible and stays on its line."""
    return _CONTROLS.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def value(one: Json) -> str:
    """JSON on one line, with every character visible."""
    return line(dumps(one, ensure_ascii=False))


def is_secret(path: Path) -> bool:
    """Whether a key of the path looks like that of a secret: `password`, `token`, `api_key` and their like."""
    return any(isinstance(step, str) and _SECRET.search(step.replace("-", "_")) for step in path)


def masked(one: Json, path: Path = ()) -> Json:
    """The value with a mask in place of each text or number whose key looks like that of a secret.

    A reference that Prefect resolves at run time, `{{ prefect.… }}`, holds no secret and is shown.
    """
    if isinstance(one, dict):
        return {key: masked(inner, (*path, key)) for key, inner in one.items()}
    if isinstance(one, list):
        return [masked(inner, path) for inner in one]
    if one is None or isinstance(one, bool) or not is_secret(path):
        return one
    return one if isinstance(one, str) and one.startswith("{{ prefect.") else MASK
