"""What the configuration says for a target: what counts for all, and what that lays over it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from prefect_reconcile.model import Json, JsonObject, Source, path_text
from prefect_reconcile.settings.config_keys import Target
from prefect_reconcile.settings.sources import Server, refuse
from prefect_reconcile.spelling import did_you_mean

if TYPE_CHECKING:
    from prefect_reconcile.model import Path as KeyPath
    from prefect_reconcile.settings.config import ConfigFile

_Layer: TypeAlias = "tuple[KeyPath, Target]"
"""A table that settings stand in, and what leads to it."""


@dataclass(frozen=True, slots=True)
class Effective:
    """The settings of a run, without the options of the command line. Paths start at the working directory.

    `sources` has the place of each setting that was made, by its name: `sources["paused"][0]`; for a list
    that of each of its items: `sources["tags"][1]`.
    """

    file: ConfigFile | None = field(default=None, repr=False)
    target: str | None = None
    target_source: str | None = None
    """Who chose the target, for people: `option --target`, or `reconcile.toml:3`."""
    api_url: str | None = None
    profile: str | None = None
    """Of these two at most one is set."""
    paths: tuple[str, ...] | None = None
    """None where nothing is said, which is for the loader to decide."""
    entrypoint_root: str | None = None
    values: JsonObject = field(default_factory=dict, repr=False)
    defaults: JsonObject = field(default_factory=dict, repr=False)
    overlays: tuple[str, ...] = ()
    owner: str | None = None
    name_prefix: str = ""
    name_suffix: str = ""
    tags: tuple[str, ...] = ()
    paused: bool | None = None
    ignore: tuple[str, ...] = ()
    secret_keys: tuple[str, ...] = ()
    secret_values: tuple[str, ...] = ()
    sources: Mapping[str, tuple[Source, ...]] = field(default_factory=dict, repr=False)
    server: Server | None = None
    """The URL or the profile, for `connection`."""
    _layers: tuple[_Layer, ...] = field(default=(), repr=False)

    def locate_value(self, path: KeyPath, *, key: bool = False) -> Source:
        """Where a value of `values` is written, or with `key` its key; else its nearest ancestor."""
        # One of a target replaces the whole one, so of a mapping no part comes from elsewhere.
        return self._locate(("values", *path), self._owner(("values", *path[:1])), key)

    def locate_default(self, path: KeyPath, *, key: bool = False) -> Source:
        """The same for `defaults`."""
        return self._locate(("defaults", *path), self._owner(("defaults", *path)), key)

    def spell_default(self, path: KeyPath) -> KeyPath:
        """The whole path of a default in the file: `targets.prod.defaults.tags`."""
        whole = (*self._owner(("defaults", *path)), "defaults", *path)
        return self.file.spell(whole) if self.file else whole

    def _locate(self, path: KeyPath, owner: KeyPath, key: bool) -> Source:
        return self.file.locate((*owner, *path), key=key) if self.file else Source("")

    def _owner(self, path: KeyPath) -> KeyPath:
        """The layer that says what is at a path, or else the most of what leads there."""
        owner: KeyPath = ()
        most = -1
        for prefix, table in reversed(self._layers):
            reached, ends = _reach(_said(table), path)
            if ends:
                return prefix
            if reached > most:
                owner, most = prefix, reached
        return owner


def effective(
    file: ConfigFile | None, target: str | None = None, chosen_by: str = "option --target"
) -> Effective:
    """The settings for a target, or where none is named, for that which the file takes by default, if any.

    Raises `InvalidSettingsError` if there is no such target; `chosen_by` tells who named it.
    """
    if file is None:
        if target is not None:
            what = f"there is no configuration here that has a target {target!r}"
            refuse(chosen_by, what, "write reconcile.toml, or name a file with --config")
        return Effective()
    name = target if target is not None else file.config.default_target or None
    if name is None:
        return _Merge(file, (((), file.config),)).effective(None, None)
    if name not in file.config.targets:
        _refuse_target(file, name, chosen_by)
    if target is None:
        chosen_by = line_of(file.locate(("default_target",)))
    layers = (((), file.config), (("targets", name), file.config.targets[name]))
    return _Merge(file, layers).effective(name, chosen_by)


def line_of(source: Source) -> str:
    """A place without its column: `reconcile.toml:14`."""
    return f"{source.file}:{source.line}" if source.line else source.file


def _refuse_target(file: ConfigFile, name: str, chosen_by: str) -> NoReturn:
    names = sorted(file.config.targets)
    if not names:
        remedy = f"add [{path_text(file.spell(('targets', name)))}]"
        refuse(chosen_by, f"there is no target {name!r}, for {file.file} has none", remedy)
    what = f"there is no target {name!r} in {file.file}, only {', '.join(names)}"
    refuse(chosen_by, what, did_you_mean(name, names, "choose one of them"))


def _said(table: Target) -> JsonObject:
    return {key: getattr(table, key) for key in table.model_fields_set}


def _reach(value: Json, path: KeyPath) -> tuple[int, bool]:
    """How many steps of a path are there, and whether it ends: in a value, or where there can be no more."""
    for reached, step in enumerate(path):
        if not isinstance(value, dict):
            return reached, True
        if step not in value:
            return reached, False
        value = value[str(step)]
    return len(path), True


@dataclass(frozen=True, slots=True)
class _Merge:
    """The tables that are laid over each other, the lowest first."""

    file: ConfigFile
    layers: tuple[_Layer, ...]

    def effective(self, target: str | None, chosen_by: str | None) -> Effective:
        items = {key: self._items(key) for key in _LISTS}
        root = self._last("entrypoint_root", None)
        server = self._server()
        return Effective(
            file=self.file,
            target=target,
            target_source=chosen_by,
            api_url=server.api_url if server else None,
            profile=server.profile if server else None,
            paths=self._seen(items["paths"]) or None,
            entrypoint_root=None if root is None else self._seen([root])[0],
            values={name: one for _, table in self.layers for name, one in table.values.items()},
            defaults=self._defaults(),
            overlays=self._seen(items["overlays"]),
            owner=self._last("owner", None),
            name_prefix=self._last("name_prefix", ""),
            name_suffix=self._last("name_suffix", ""),
            tags=tuple(items["tags"]),
            paused=self._last("paused", None),
            ignore=tuple(items["ignore"]),
            secret_keys=tuple(items["secret_keys"]),
            secret_values=tuple(items["secret_values"]),
            sources=self._sources() | {key: tuple(one.values()) for key, one in items.items() if one},
            server=server,
            _layers=self.layers,
        )

    def _saying(self, key: str) -> list[_Layer]:
        return [layer for layer in self.layers if key in layer[1].model_fields_set]

    def _last(self, key: str, otherwise: Any) -> Any:
        saying = self._saying(key)
        return getattr(saying[-1][1], key) if saying else otherwise

    def _items(self, key: str) -> dict[str, Source]:
        """What the lists of all layers have, once each, with its place."""
        items: dict[str, Source] = {}
        for prefix, table in self._saying(key):
            for index, item in enumerate(getattr(table, key)):
                items.setdefault(item, self.file.locate((*prefix, key, index)))
        return items

    def _seen(self, paths: Iterable[str]) -> tuple[str, ...]:
        return tuple(str(PurePath(self.file.folder, path)) for path in paths)

    def _defaults(self) -> JsonObject:
        merged: JsonObject = {}
        for _, table in self.layers:
            merged = _laid_over(merged, table.defaults)
        return merged

    def _server(self) -> Server | None:
        """The URL or the profile of the last layer that has either."""
        for prefix, table in reversed(self.layers):
            for key in table.model_fields_set & _SERVER:
                place, name = self.file.locate((*prefix, key)), path_text(self.file.spell((*prefix, key)))
                return Server(line_of(place), name, **{key: getattr(table, key)})
        return None

    def _sources(self) -> dict[str, tuple[Source, ...]]:
        """The places of what is no list; of a table all that it is made of."""
        sources: dict[str, tuple[Source, ...]] = {}
        for prefix, table in self.layers:
            said = table.model_fields_set
            if said & _SERVER:
                sources = {key: one for key, one in sources.items() if key not in _SERVER}
            for key in said & _NO_LISTS:
                before = sources.get(key, ()) if key in _TABLES else ()
                sources[key] = (*before, self.file.locate((*prefix, key)))
        return sources


_SERVER = frozenset({"api_url", "profile"})
_TABLES = frozenset({"values", "defaults"})
_LISTS = ("paths", "overlays", "tags", "ignore", "secret_keys", "secret_values")
_NO_LISTS = _SERVER | _TABLES | {"entrypoint_root", "owner", "name_prefix", "name_suffix", "paused"}


def _laid_over(below: JsonObject, above: JsonObject) -> JsonObject:
    merged = dict(below)
    for key, one in above.items():
        old = merged.get(key)
        merged[key] = _laid_over(old, one) if isinstance(old, dict) and isinstance(one, dict) else one
    return merged
