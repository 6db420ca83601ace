"""Which names are those of secrets. Imports nothing of the package."""

from __future__ import annotations

import re
from collections.abc import Iterable

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


def is_secret(steps: Iterable[object]) -> bool:
    """Whether a key of the path looks like that of a secret: `password`, `apiToken`, `AWS_SECRET_KEY`."""
    return any(isinstance(step, str) and _is_secret_name(step) for step in steps)


def _is_secret_name(name: str) -> bool:
    words = _WORD_BOUNDARY.sub("_", name).strip("_").lower()
    return bool(_SECRET.search(words)) and not _NOT_SECRET.search(words)
