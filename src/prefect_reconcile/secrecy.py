"""What is secret, by the name of a key or by the text itself, and values without it.

Imports nothing of the package, so that every text on its way out can pass here. What people declared as
secret, and what the connection authorises with, is known for one run, and this module knows it: a secret that
had to be handed to each function that makes a text would be missing in the one that was forgotten.
"""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import translate
from json import JSONDecodeError, JSONDecoder, dumps, loads
from typing import Any, Final
from urllib.parse import quote, quote_plus

MASK: Final = "********"

SHORTEST: Final = 4
"""Characters of a secret that is looked for within texts. A shorter one would be found all over, so it is
masked only where it is the whole value."""

SHORTEST_LINE: Final = 8
"""The same for one line of a secret that has several."""

_LONGEST_CUT = 100
"""Characters of a secret that are looked for beside an ellipsis; what is cut off is cut shorter than that."""

_WORD_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")

_SECRET = re.compile(
    r"(password|passwd|passphrase|passcode|secret|token|credential|api_?key)s?\d*(_|$)"
    r"|(^|_)(pwd|creds?|jwt|dsn|authorization|bearer|cookie|basic_auth|auth_?string|connection_(string|url)|conn_str)(_|$)"
    r"|(^|_)(access|account|encryption|master|private|shared|signing|ssh|storage)_?keys?\d*(_|$)"
    r"|(^|_)pass$"
)
_NOT_SECRET = re.compile(
    # What is said about a secret is none: `token_limit`, `password_file`, `secret_name`.
    r"_(arn|budget|count|endpoint|expiry|file|length|limit|name|path|policy|ref|rotation|size|ttl|type|window)s?$"
    r"|tokens_per_[a-z]+$"
    r"|(^|_)(max|min|num|n|total|input|output|prompt|completion|context)_([a-z]+_)*tokens?$"
    r"|(^|_)token_ur[il]$"
    r"|^image_pull_secrets?$"
)

_SCHEMA = "parameter_openapi_schema"
_NAMING = frozenset({"properties", "patternProperties", "definitions", "$defs"})
"""The keywords of a JSON Schema whose keys are names, and no keywords."""
_DATA = frozenset({"default", "const", "enum", "example", "examples"})
"""Those that hold values of what the schema describes."""

_REFERENCE = re.compile(r"\{\{\s*prefect\.[^{}]*\}\}")
"""What Prefect puts in at run time: it names a block or a variable and holds no secret."""

_USER_OF_URL = re.compile(r"((?<=http://)|(?<=https://)|(?<=://)(?=[^\s/@:]*:))[^\s/@]+(?=@)")
"""Who logs in at a URL: the password with its user, or over HTTP the token that stands for both."""


# --- What a run knows ---


@dataclass(slots=True, eq=False)
class _Run:
    """The secrets of a run. `declared` are those of the project, `lent` those of its connection."""

    names: re.Pattern[str] | None = None
    declared: set[str] = field(default_factory=set)
    lent: set[str] = field(default_factory=set)
    declared_forms: _Forms | None = None
    forms: _Forms | None = None

    @property
    def secrets(self) -> set[str]:
        """All of them."""
        return self.declared | self.lent


class _Forms:
    """The texts in which some secrets can appear, ready to be found."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self.texts = {form for one in secrets for form in _written(one)}
        self._whole = re.compile(_trie(self.texts))
        self._beginning = re.compile(_trie({one[:SHORTEST] for one in self.texts}))
        self._end = re.compile(_trie({one[-SHORTEST:] for one in self.texts}))

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where they are, those that overlap each by itself, in the order of their beginnings."""
        whole = _overlapping(self._whole, text, 0, len(text)) if self.texts else ()
        found = [(start, stop) for start, stop in whole if not _is_within_number(text, start, stop)]
        at = text.find("…") if self.texts else -1
        while at >= 0:
            found += self._cut_off(text, at)
            at = text.find("…", at + 1)
        return sorted(found)

    def _cut_off(self, text: str, at: int) -> Iterator[tuple[int, int]]:
        """What is left of a secret before and behind the mark of what was left out."""
        for start, _ in _overlapping(self._beginning, text, max(0, at - _LONGEST_CUT), at):
            if any(one.startswith(text[start:at]) for one in self.texts):
                yield start, at
        for _, stop in _overlapping(self._end, text, at + 1, at + 1 + _LONGEST_CUT):
            if any(one.endswith(text[at + 1 : stop]) for one in self.texts):
                yield at + 1, stop


def _is_within_number(text: str, start: int, stop: int) -> bool:
    """Whether only some digits of a longer number are those of a secret."""
    around = text[max(0, start - 1) : start] + text[stop : stop + 1]
    return text[start:stop].isdigit() and any(map(str.isdigit, around))


def _overlapping(pattern: re.Pattern[str], text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    match = pattern.search(text, start, stop)
    while match:
        yield match.span()
        match = pattern.search(text, match.start() + 1, stop)


def _written(secret: str) -> set[str]:
    """A secret as it stands in text, JSON, YAML, Python, a URL, a workflow command and a header."""
    parts = {secret, secret.strip()}
    if "\n" in secret:
        parts |= {one.strip() for one in secret.splitlines() if len(one.strip()) >= SHORTEST_LINE}
    return {
        form for part in parts if len(part) >= SHORTEST for form in _spelled(part) if len(form) >= SHORTEST
    }


def _spelled(text: str) -> Iterator[str]:
    raw = text.encode("utf-8", "surrogatepass")
    quoted = [quote(raw), quote(raw, safe=""), quote_plus(raw)]
    yield from (text, dumps(text)[1:-1], dumps(text, ensure_ascii=False)[1:-1], repr(text)[1:-1])
    yield from (*quoted, *(re.sub("%..", lambda found: found[0].lower(), one) for one in quoted))
    yield text.replace("'", "''")
    yield text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    for encode in (b64encode, urlsafe_b64encode):
        encoded = encode(raw).decode()
        yield from (encoded, encoded.rstrip("="))


def _trie(texts: Collection[str]) -> str:
    """A pattern that finds the longest of some texts. It looks at each character of what it searches once for
    each first character that they have, and not for each of them."""
    groups: dict[str, list[str]] = {}
    for one in texts:
        if one:
            groups.setdefault(one[0], []).append(one)
    branches = []
    for ones in groups.values():
        shared = _shared_beginning(ones)
        branches.append(re.escape(shared) + _trie([one[len(shared) :] for one in ones]))
    if not branches:
        return ""
    return f"(?:{'|'.join(branches)})" + ("?" if "" in texts else "")


def _shared_beginning(texts: Collection[str]) -> str:
    first, last = min(texts), max(texts)
    length = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return first[:length]


_run = _Run()


def begin(names: Iterable[str] = (), values: Iterable[object] = ()) -> None:
    """Begins a run, and forgets those before it.

    `names` are patterns as for file names, of keys whose values are secret, beyond those that are known;
    `values` are secret themselves, and what is in them, wherever they come up.
    """
    global _run
    patterns = [translate(one.lower()) for one in names]
    _run = _Run(re.compile("|".join(patterns)) if patterns else None)
    _run.declared = {text for value in values for text in _texts(value)}
    _run.declared_forms = _run.forms = _Forms(_run.declared)


def lend(*texts: str | None) -> None:
    """Adds what the connection authorises with to what is secret in this run."""
    _run.lent |= {one for one in texts if one}
    _run.forms = _Forms(_run.secrets)


def known() -> object:
    """What stands for all that is known of secrets, so that what is remembered of texts goes with it."""
    return _run.forms, _run.names


def _texts(value: object) -> Iterator[str]:
    match value:
        case dict():
            for one in value.values():
                yield from _texts(one)
        case list():
            for one in value:
                yield from _texts(one)
        case bool() | None | "":
            return
        case str():
            yield str(value)
        case _:
            yield dumps(value)


# --- Names ---


def is_secret(steps: Iterable[object]) -> bool:
    """Whether a key of the path looks like that of a secret: `password`, `apiToken`, `AWS_SECRET_KEY`.

    A schema says of a parameter that is secret what everybody may read, but for its default and examples.
    """
    names = [step for step in steps if isinstance(step, str)]
    if names[:1] == [_SCHEMA] and not _tells_values(names[1:]):
        return False
    return any(map(_is_secret_name, names))


def _tells_values(steps: list[str]) -> bool:
    """Whether a path in a schema leads to a value, and not to what is said of values."""
    rest = iter(steps)
    for step in rest:
        if step in _DATA:
            return True
        if step in _NAMING:
            next(rest, None)
    return False


def _is_secret_name(name: str) -> bool:
    if _run.names and _run.names.match(name.lower()):
        return True
    words = _WORD_BOUNDARY.sub("_", name).strip("_").lower()
    return bool(_SECRET.search(words)) and not _NOT_SECRET.search(words)


# --- Texts ---


def hide(text: str) -> str:
    """A text with a mask in place of each secret of the run, however it is spelled there."""
    return _hide(text, _run.forms)


def _hide(text: str, forms: _Forms | None) -> str:
    spans = forms.spans(text) if forms else []
    if not spans:
        return text
    parts: list[str] = []
    end = 0
    for start, stop in spans:
        if start > end or not parts:
            parts += [text[end:start], MASK]
        end = max(end, stop)
    return "".join([*parts, text[end:]])


_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|-?\d[\d.eE+-]*')


def hide_json(text: str) -> str:
    """The same for text that is JSON, and stays so.

    Its keys stay too, or a secret that is called as one of ours would break every reader: keys that are not
    ours are masked where the values are.
    """

    def hidden(found: re.Match[str]) -> str:
        text, is_key = found[1], found[2]
        if is_key:
            return found[0]
        if text is None:
            return dumps(MASK) if found[0] in _run.secrets else found[0]
        plain = loads(text)
        shown = hide(plain)
        return text if shown == plain else dumps(shown)

    return _TOKEN.sub(hidden, text) if _run.secrets else text


# --- Values ---


def masked(one: Any, steps: tuple[object, ...] = (), *, lent: bool = True) -> Any:
    """JSON with a mask in place of each text or number whose key looks like that of a secret, or that is one.

    `{"name": "DB_PASSWORD", "value": …}` has the key of its value in `name`. A reference that Prefect
    resolves at run time, `{{ prefect.… }}`, is shown. In a URL only its user and password are masked.
    Without `lent`, what the connection authorises with does not count.
    """
    match one:
        case dict():
            return _masked_mapping(one, steps, lent=lent)
        case list():
            return [masked(inner, steps, lent=lent) for inner in one]
        case None | bool():
            return one
        case str() if _REFERENCE.fullmatch(one):
            return one
        case _ if is_secret(steps):
            return MASK
        case _:
            return _masked_leaf(one, lent=lent)


def _masked_mapping(mapping: dict[str, Any], steps: tuple[object, ...], *, lent: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for key, inner in mapping.items():
        name = hide(key)
        while name in shown:
            name += "*"  # two keys that only their secrets tell apart
        shown[name] = masked(inner, (*steps, *_keys(mapping, key)), lent=lent)
    return shown


def _keys(mapping: dict[str, Any], key: str) -> tuple[str, ...]:
    """The keys that say what a value of a mapping is: its own, and the name beside it."""
    name = mapping.get("name")
    return (key, name) if key == "value" and isinstance(name, str) else (key,)


def _masked_leaf(one: str | float, *, lent: bool) -> str | float:
    text = one if isinstance(one, str) else dumps(one)
    if text in (_run.secrets if lent else _run.declared):
        return MASK
    if not isinstance(one, str):
        return one
    return _USER_OF_URL.sub(MASK, _hide(one, _run.forms if lent else _run.declared_forms))


def without_user(text: str) -> str:
    """A text in which nobody logs in at a URL."""
    return _USER_OF_URL.sub(MASK, text)


def masked_identity(text: str, *, lent: bool = True) -> str:
    """A text without the secrets of a JSON object in it: the identity of a schedule holds its parameters."""
    start = text.find("{")
    try:
        found, end = JSONDecoder().raw_decode(text, start) if start >= 0 else (None, 0)
    except JSONDecodeError:
        found, end = None, 0
    if isinstance(found, dict):
        inner = masked(found, lent=lent)
        text = text if inner == found else text[:start] + dumps(inner, ensure_ascii=False) + text[end:]
    return _hide(text, _run.forms if lent else _run.declared_forms)


def beside(old: Any, new: Any) -> Any:
    """The old value, masked where the new one is a secret: what was live in the place of one is one too."""
    if not _holds(new):
        return old
    match old, new:
        case dict(), dict():
            return {key: beside(one, new.get(key)) for key, one in old.items()}
        case list(), list():
            return [one if one in new else _veiled(one) for one in old]
        case _:
            return _veiled(old)


def _holds(value: Any) -> bool:
    match value:
        case dict():
            return any(map(_holds, value.values()))
        case list():
            return any(map(_holds, value))
        case None | bool():
            return False
        case _:
            text = value if isinstance(value, str) else dumps(value)
            return text in _run.secrets or hide(text) != text


def _veiled(value: Any) -> Any:
    match value:
        case dict():
            return {key: _veiled(one) for key, one in value.items()}
        case list():
            return [*map(_veiled, value)]
        case str() | int() | float() if not isinstance(value, bool):
            return MASK
        case _:
            return value
