"""The settings of a run, each with where it comes from, and no secret among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from json import dumps

from prefect_reconcile.model import Json, JsonObject, Path, Source, path_text
from prefect_reconcile.render import safe
from prefect_reconcile.render.text import Style
from prefect_reconcile.secrecy import hide
from prefect_reconcile.settings import Connection, Effective

DEFAULT = "default"
"""Where a setting comes from that nobody made."""

_NAMES, _VALUES = 26, 26
"""The widest columns, so that most sources end before column 80; what is longer has a line of its own."""

_LONGEST = 52
"""Characters of a value that are shown, for the same reason; JSON has all of it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A setting; null is one that is not made. `source` is for people: `option --target`."""

    name: str
    value: Json
    source: str


def text(
    effective: Effective,
    connection: Connection | str,
    options: Sequence[Row] = (),
    style: Style | None = None,
) -> str:
    """The settings for people, in columns; `connection` may be the reason why there is none.

    An option takes the place of the setting with its name.
    """
    style = style or Style()
    rows = [(safe.line(row.name), _shown(row.value), row) for row in _rows(effective, connection, options)]
    names = min(_NAMES, max(len(name) for name, _, _ in rows))
    values = min(_VALUES, max(len(value) for _, value, _ in rows))
    lines = []
    for name, value, row in rows:
        line = _column("", name, 0, names)
        line = _column(line, value, names + 2, values)
        lines.append(line + style.faint(safe.line(row.source)))
    if isinstance(connection, str):
        lines += ["", f"{style.red('No connection:')} {safe.line(hide(connection))}"]
    return "\n".join(lines) + "\n"


def json(effective: Effective, connection: Connection | str, options: Sequence[Row] = ()) -> str:
    """The same for machines: ASCII only, ending with a line break."""
    rows = _rows(effective, connection, options)
    document: JsonObject = {
        "settings": [{"name": row.name, "value": row.value, "source": row.source} for row in rows]
    }
    if isinstance(connection, str):
        document["connection_error"] = hide(connection)
    return dumps(document, indent=2) + "\n"


def _column(line: str, cell: str, start: int, width: int) -> str:
    """The line with one more cell, and a new line begun if that leaves no room for the next."""
    line += cell
    end = start + width
    return f"{line}\n{'':{end + 2}}" if len(cell) > width else f"{line}{'':{width - len(cell) + 2}}"


def _shown(value: Json) -> str:
    if value is None:
        return "not set"
    shown = safe.MASK if value == safe.MASK else safe.value(value)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def _rows(effective: Effective, connection: Connection | str, options: Sequence[Row]) -> list[Row]:
    rows = {row.name: row for row in (*_settings(effective, connection), *options)}
    return [Row(hide(row.name), _masked(row), hide(row.source)) for row in rows.values()]


def _masked(row: Row) -> Json:
    """Its value, masked if the name says so, but for the settings that say which names do."""
    names = () if row.name in ("secret_keys", "secret_values") else (row.name,)
    value: Json = safe.masked(row.value, names)
    return value


def _settings(effective: Effective, connection: Connection | str) -> Iterator[Row]:
    file = effective.file
    found = "option --config" if file and file.is_named else "working directory" if file else DEFAULT
    yield Row("config", file.file if file else None, found)
    yield Row("target", effective.target, effective.target_source or DEFAULT)
    yield from _connection(effective, connection)
    paths: Json = list(effective.paths) if effective.paths else None
    yield _setting(effective, "paths", paths)
    yield _setting(effective, "entrypoint_root", effective.entrypoint_root)
    yield _setting(effective, "overlays", list(effective.overlays))
    yield _setting(effective, "owner", effective.owner)
    yield _setting(effective, "name_prefix", effective.name_prefix)
    yield _setting(effective, "name_suffix", effective.name_suffix)
    yield _setting(effective, "tags", list(effective.tags))
    yield _setting(effective, "paused", effective.paused)
    yield _setting(effective, "ignore", list(effective.ignore))
    yield _setting(effective, "secret_keys", list(effective.secret_keys))
    yield _setting(effective, "secret_values", list(effective.secret_values))
    yield from _leaves("values", safe.masked(effective.values), (), effective.locate_value)
    yield from _leaves("defaults", safe.masked(effective.defaults), (), effective.locate_default)


def _setting(effective: Effective, name: str, value: Json) -> Row:
    places = dict.fromkeys(map(_place, effective.sources.get(name, ())))
    return Row(name, value, ", ".join(places) or DEFAULT)


def _place(source: Source) -> str:
    return f"{source.file}:{source.line}" if source.line else source.file


def _connection(effective: Effective, connection: Connection | str) -> Iterator[Row]:
    if isinstance(connection, str):
        yield _setting(effective, "api_url", effective.api_url)
        yield _setting(effective, "profile", effective.profile)
        return
    origins = connection.origins
    yield Row("api_url", connection.url, connection.source)
    yield _setting(effective, "profile", effective.profile)
    for name, field, secret in (
        ("api_key", "key", connection.key),
        ("auth_string", "auth_string", connection.auth_string),
    ):
        yield Row(name, safe.MASK if secret else None, origins.get(field, DEFAULT))
    for header, _ in connection.headers:
        field = f"headers.{header}"
        yield Row(field, safe.MASK, origins.get(field, DEFAULT))
    yield Row("verify", connection.verify, origins.get("verify", DEFAULT))
    yield Row("http2", connection.http2, origins.get("http2", DEFAULT))


def _leaves(name: str, value: Json, path: Path, locate: Callable[[Path], Source]) -> Iterator[Row]:
    """Each value in a table, which has one place."""
    if isinstance(value, dict) and value:
        for key, one in value.items():
            yield from _leaves(name, one, (*path, key), locate)
    elif path:
        yield Row(path_text((name, *path)), value, _place(locate(path)))
