"""Which Prefect to talk to, and with which credentials, by Prefect's own settings.

One rule is ours: what one source lends goes only where that source says. Otherwise a pull request that
edits `prefect.toml` could have the key of the CI sent to a server of its choice.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn, TypeAlias
from urllib.parse import SplitResult, urlsplit

from prefect_reconcile.errors import InvalidSettingsError
from prefect_reconcile.settings.sources import ENVIRONMENT, Setting, Source, find, read_sources, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_TRUE = ("true", "t", "yes", "y", "on", "1")
_FALSE = ("false", "f", "no", "n", "off", "0")

# Prefect's client sets these itself and ignores them in the custom headers.
_OWN_HEADERS = {"user-agent", "prefect-csrf-token", "prefect-csrf-client"}
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HEADER_VALUE = re.compile(r"([!-~]([\t -~]*[!-~])?)?")

_CLOUD_PAGE = re.compile(r"/accounts?/([^/]+)/workspaces?/([^/]+)")
_PAGE = re.compile(r"/(dashboard|runs|flows|deployments|work-pools|settings)/*$")


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


_Header: TypeAlias = tuple[str, str, Setting]
"""Name, value, and who lends it."""


def connection(
    environ: Mapping[str, str],
    directory: Path,
    *,
    api_url: str | None = None,
    profile: str | None = None,
    trust_api_url: bool = False,
) -> Connection:
    """The connection that Prefect's settings describe in `directory`, which stands for the working directory.

    `profile` (`--profile`) makes that profile the only source; `api_url` (`--api-url`) replaces just the URL;
    `trust_api_url` (`--trust-api-url`) lets sources mix.
    Raises `InvalidSettingsError` if there is no URL, or a source or value cannot be obeyed. No message quotes
    a value that may be secret.
    """
    sources = read_sources(environ, directory, api_url, profile, trusted=trust_api_url)
    url = find(sources, "api.url")
    if url is None or url.value == "":
        raise _no_url(url, sources[-1])
    address = _address(url)
    headers = _headers(sources)
    authorisation = _authorisation(sources, headers)
    tls = _tls(sources)
    if not trust_api_url:
        _refuse_mixing(url, [header[2] for header in headers], authorisation, tls)
    return Connection(
        url=address,
        source=f"{url.source.item} {url.name}" if url.source.item else url.source.name,
        key=_secret(authorisation, "api.key", _is_token),
        auth_string=_secret(authorisation, "api.auth_string", str.isprintable),
        headers=tuple((name, value) for name, value, _ in headers),
        verify=_verify(tls, directory, environ.get("SSL_CERT_FILE", "")),
        http2=_boolean(find(sources, "api.enable_http2")),
    )


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
            _refuse_foreign(setting, url)
    # The environment may name a CA bundle for all: `SSL_CERT_FILE`, which stands there, does as much.
    if tls is None or tls.value == "" or (tls.source.item == ENVIRONMENT and tls.key == "api.ssl_cert_file"):
        return
    # Who lends a credential decides how it is protected, even if another names a URL of the same server.
    for setting in lent or [url]:
        if setting.source is not tls.source:
            _refuse_foreign(tls, setting)


def _refuse_foreign(setting: Setting, other: Setting) -> NoReturn:
    what = f"would be used with {other.name}, which comes from another source ({other.source.name})"
    setting.refuse(what, "set both in one place, or pass --trust-api-url")


def _origin(source: Source) -> tuple[str, str, int] | None:
    """Scheme, host and port of the URL that the source sets; None if it sets none."""
    parts = _split(source.values.get("api.url"))
    if parts is None:
        return None
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}[parts.scheme]


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


def _split(url: object) -> SplitResult | None:
    """The parts of an http(s) URL with a host; None for everything else."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        # Asking for the port is what checks it.
        whole = parts is not None and parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if whole else None


def _address(setting: Setting) -> str:
    """The URL, checked, without trailing slashes."""
    url = _text(setting)
    # `urlsplit` drops tabs and line breaks and browsers read `\` as `/`: two parsers could see two hosts.
    if not (url.isascii() and url.isprintable()) or " " in url or "\\" in url:
        setting.refuse("has a space, a line break, a backslash or a letter outside ASCII", "remove it")
    parts = _split(url)
    if parts is None:
        setting.refuse("is not an http or https URL with a host", "write it like http://127.0.0.1:4200/api")
    if "@" in parts.netloc:
        setting.refuse("has credentials in it", "move them to PREFECT_API_AUTH_STRING (user:password)")
    if "?" in url or "#" in url:
        setting.refuse("has a query or a fragment", "end it after the path, which is usually /api")
    if api := _api_of_page(parts):
        setting.refuse("is a page of the web interface, not the API", f"set it to {api}")
    return url.rstrip("/")


def _api_of_page(parts: SplitResult) -> str | None:
    """The API that belongs to a page of Prefect's web interface; None if it is no such page."""
    singular = "/account/" in parts.path or "/workspace/" in parts.path
    if parts.hostname == "app.prefect.cloud" or (parts.hostname == "api.prefect.cloud" and singular):
        found = _CLOUD_PAGE.search(parts.path)
        account, workspace = found.groups() if found else ("ACCOUNT-ID", "WORKSPACE-ID")
        return f"https://api.prefect.cloud/api/accounts/{account}/workspaces/{workspace}"
    if _PAGE.search(parts.path) and "/api/" not in parts.path:
        return f"{parts.scheme}://{parts.netloc}{_PAGE.sub('/api', parts.path)}"
    return None


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
    if any(name.lower() == "authorization" for name, _, _ in headers):
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
        where = f"{setting.source.name}: {setting.name}" if setting else "environment: SSL_CERT_FILE"
        refuse(where, f"there is no file {name}", "name a file of CA certificates in PEM format")
    return str(directory / name)
