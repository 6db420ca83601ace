"""Which Prefect to talk to, and with which credentials, by Prefect's own settings.

One rule is ours: what one source lends goes only where that source says. Otherwise a pull request that
edits `prefect.toml` could have the key of the CI sent to a server of its choice.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from prefect_reconcile.errors import InvalidSettingsError
from prefect_reconcile.settings.address import Origin, fault, origin
from prefect_reconcile.settings.sources import (
    ENVIRONMENT,
    Server,
    Setting,
    Source,
    find,
    read_sources,
    refuse,
    set_in_environment,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

_TRUE = ("true", "t", "yes", "y", "on", "1")
_FALSE = ("false", "f", "no", "n", "off", "0")

_AMBIENT_BUNDLE = "SSL_CERT_FILE"
_AUTHORIZATION = "authorization"
_BOTH = "set both in one place, or pass --trust-api-url"

# Prefect's client sets these itself and ignores them in the custom headers.
_OWN_HEADERS = {"user-agent", "prefect-csrf-token", "prefect-csrf-client"}
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HEADER_VALUE = re.compile(r"([!-~]([\t -~]*[!-~])?)?")


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach one Prefect API.

    At most one authorisation is set: a custom header `Authorization` beats `auth_string`, which beats `key`,
    as in Prefect's client. Plain http is allowed for every host, as there: servers behind a VPN are common.
    """

    url: str
    """Absolute, http or https, without a trailing slash, query or credentials."""
    source: str
    """Where the URL comes from, for people: "environment variable PREFECT_API_URL"."""
    key: str | None = field(default=None, repr=False)
    auth_string: str | None = field(default=None, repr=False)
    """`user:password`, for Basic."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Custom headers, each name once."""
    verify: bool | str = True
    """False: certificates are not checked; text: the path of the CA bundle; True: the default."""
    http2: bool = False
    origins: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Where each value that was set comes from, for people, by its name here, a header by `headers.NAME`:
    `{"url": "environment variable PREFECT_API_URL"}`."""
    hints: tuple[str, ...] = field(default=(), compare=False)

    @property
    def credential_source(self) -> str | None:
        """Where that comes from which authorises; None if nothing does."""
        header = next((name for name, _ in self.headers if name.lower() == _AUTHORIZATION), None)
        used = f"headers.{header}" if header else "auth_string" if self.auth_string else "key"
        return self.origins.get(used)


_Header: TypeAlias = tuple[str, str, Setting]
"""Name, value, and who lends it."""


def connection(
    environ: Mapping[str, str],
    directory: Path,
    *,
    api_url: str | None = None,
    profile: str | None = None,
    trust_api_url: bool = False,
    server: Server | None = None,
) -> Connection:
    """The connection that Prefect's settings describe in `directory`, which stands for the working directory.

    `profile` (`--profile`) makes that profile the only source; `api_url` (`--api-url`) replaces just the URL;
    `trust_api_url` (`--trust-api-url`) lets sources mix. `server` is what the configuration says: its profile
    counts as `--profile` does, and its URL beats the environment, for it was written for this target; but as
    it comes with the repository, it gets no credential that was not meant for that server.
    Raises `InvalidSettingsError` if there is no URL, or a source or value cannot be obeyed. No message quotes
    a value that may be secret.
    """
    sources = read_sources(environ, directory, (api_url, profile, server), trusted=trust_api_url)
    url = find(sources, "api.url")
    if url is None or url.value == "":
        raise _no_url(url, sources[-1])
    address = _address(url)
    headers = _headers(sources)
    authorisation = _authorisation(sources, headers)
    tls, http2 = _tls(sources), find(sources, "api.enable_http2")
    if not trust_api_url:
        _refuse_mixing(url, [header[2] for header in headers], authorisation, tls)
    return Connection(
        url=address,
        source=_place(url),
        key=_secret(authorisation, "api.key", _is_token),
        auth_string=_secret(authorisation, "api.auth_string", str.isprintable),
        headers=tuple((name, value) for name, value, _ in headers),
        verify=_verify(tls, directory, environ.get(_AMBIENT_BUNDLE, "")),
        http2=_boolean(http2),
        origins=_origins([url, authorisation, tls, http2], headers, environ),
        hints=_hints(environ, url, server if api_url is None and profile is None else None),
    )


def _place(setting: Setting) -> str:
    return f"{setting.source.item} {setting.name}" if setting.source.item else setting.source.name


_FIELDS = {
    "api.url": "url",
    "api.key": "key",
    "api.auth_string": "auth_string",
    "api.tls_insecure_skip_verify": "verify",
    "api.ssl_cert_file": "verify",
    "api.enable_http2": "http2",
}


def _origins(
    settings: Iterable[Setting | None], headers: list[_Header], environ: Mapping[str, str]
) -> dict[str, str]:
    """As in `Connection`."""
    ambient = {"verify": f"{ENVIRONMENT} {_AMBIENT_BUNDLE}"} if environ.get(_AMBIENT_BUNDLE) else {}
    used = {_FIELDS[one.key]: _place(one) for one in settings if one}
    return ambient | used | {f"headers.{name}": _place(setting) for name, _, setting in headers}


def _hints(environ: Mapping[str, str], url: Setting, server: Server | None) -> tuple[str, ...]:
    """That the environment, which people set for a run, does not decide here."""
    ambient = set_in_environment(environ, "api.url")
    decides = server is not None and (server.api_url is not None or server.profile is not None)
    if server is None or not decides or not ambient or ambient.rstrip("/") == _text(url).rstrip("/"):
        return ()
    what = f"{server.place}: {server.key}: counts, and not PREFECT_API_URL of the environment, which differs"
    return (f"{what}; unset that, or pass --api-url",)


def _no_url(empty: Setting | None, profile: Source) -> InvalidSettingsError:
    """Says which setting is empty, or which profile has none: the last place that was looked at."""
    reason = f"{empty.source.name} sets it to nothing" if empty else f"{profile.name} sets no PREFECT_API_URL"
    return InvalidSettingsError(
        f"no Prefect API URL: {reason}; set PREFECT_API_URL, choose a profile that has one (--profile NAME),"
        " or pass --api-url URL; --embedded starts a local server"
    )


def _refuse_mixing(
    url: Setting, headers: list[Setting], authorisation: Setting | None, tls: Setting | None
) -> None:
    """Raises `InvalidSettingsError` if a credential or a TLS option comes from the wrong source."""
    lent = [*headers, *([authorisation] if authorisation else [])]
    for setting in lent:
        if _origin(setting.source) != _origin(url.source):
            _refuse_foreign(setting, url, _remedy(setting, url))
    # The environment may name a CA bundle for all: `SSL_CERT_FILE`, which stands there, does as much.
    if tls is None or tls.value == "" or (tls.source.item == ENVIRONMENT and tls.key == "api.ssl_cert_file"):
        return
    # Who lends a credential decides how it is protected, even if another names a URL of the same server.
    for setting in lent or [url]:
        if setting.source is not tls.source:
            _refuse_foreign(tls, setting)


def _remedy(credential: Setting, url: Setting) -> str:
    if not url.source.is_configuration:
        return _BOTH
    there = Setting(credential.source, "api.url").name
    return f"set {there} beside it to the same server, or pass --trust-api-url"


def _refuse_foreign(setting: Setting, other: Setting, remedy: str = _BOTH) -> NoReturn:
    what = f"would be used with {other.name}, which comes from another source ({other.source.name})"
    setting.refuse(what, remedy)


def _origin(source: Source) -> Origin | None:
    """Where the URL that the source sets leads; None if it sets none."""
    return origin(source.values.get("api.url"))


def _text(setting: Setting) -> str:
    if not isinstance(setting.value, str):
        setting.refuse("is not a text", "put it in quotes")
    return setting.value


def _boolean(setting: Setting | None) -> bool:
    if setting is None:
        return False
    text = str(setting.value).lower()
    if text not in _TRUE + _FALSE:
        setting.refuse("is neither true nor false", "write true or false, or remove it")
    return text in _TRUE


def _address(setting: Setting) -> str:
    """The URL, checked, without trailing slashes."""
    url = _text(setting)
    if wrong := fault(url):
        setting.refuse(*wrong)
    return url.rstrip("/")


def _headers(sources: list[Source]) -> list[_Header]:
    """The custom headers of all sources. Prefect merges this setting where it overrides the others."""
    merged: dict[str, _Header] = {}
    for source in reversed(sources):
        if "client.custom_headers" in source.values:
            setting = Setting(source, "client.custom_headers")
            for name, value in _header_table(setting).items():
                merged[name] = (name, value, setting)
    once = {name.lower(): header for name, header in merged.items()}
    return [header for name, header in once.items() if name not in _OWN_HEADERS]


def _header_table(setting: Setting) -> dict[str, str]:
    """Names and values, checked; the setting is a table (TOML) or the text of a JSON object."""
    try:
        table = json.loads(setting.value) if isinstance(setting.value, str) else setting.value
    except (ValueError, RecursionError):
        table = None
    if not isinstance(table, dict):
        setting.refuse("is not a JSON object", 'write {"Name": "value"}')
    for number, (name, value) in enumerate(table.items(), start=1):
        if not _HEADER_NAME.fullmatch(name):
            setting.refuse(f"the name of header {number} is not one for HTTP", "remove colons and spaces")
        if not (isinstance(value, str) and _HEADER_VALUE.fullmatch(value)):
            setting.refuse(f"the value of header {name} is not one for HTTP", "write one line of ASCII")
    return table


def _authorisation(sources: list[Source], headers: list[_Header]) -> Setting | None:
    """The setting to authorise with, None if there is none or a header does it."""
    if any(name.lower() == _AUTHORIZATION for name, _, _ in headers):
        return None
    found = (find(sources, key) for key in ("api.auth_string", "api.key"))
    return next((setting for setting in found if setting and setting.value != ""), None)


def _secret(setting: Setting | None, key: str, allowed: Callable[[str], bool]) -> str | None:
    """The value if the setting is the one called `key`."""
    if setting is None or setting.key != key:
        return None
    if not allowed(_text(setting)):
        setting.refuse("has a space, a line break or another character that cannot be sent", "remove it")
    return _text(setting)


def _is_token(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def _tls(sources: list[Source]) -> Setting | None:
    """The setting that departs from the default way of checking certificates."""
    skip = find(sources, "api.tls_insecure_skip_verify")
    if _boolean(skip):
        return skip
    return find(sources, "api.ssl_cert_file")


def _verify(setting: Setting | None, directory: Path, ambient: str) -> bool | str:
    """As in `Connection`; `ambient` is `SSL_CERT_FILE`, Prefect's default for a bundle, or empty."""
    if setting and setting.key == "api.tls_insecure_skip_verify":
        return False
    name = _text(setting) if setting else ambient
    if not name:
        return True
    if not (directory / name).is_file():
        where = f"{setting.source.name}: {setting.name}" if setting else f"environment: {_AMBIENT_BUNDLE}"
        refuse(where, f"there is no file {name}", "name a file of CA certificates in PEM format")
    return str(directory / name)
