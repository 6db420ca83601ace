"""What may be the URL of a Prefect API. Pure."""

from __future__ import annotations

import re
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

_CLOUD_PAGE = re.compile(r"/accounts?/([^/]+)/workspaces?/([^/]+)")
_PAGE = re.compile(r"/(dashboard|runs|flows|deployments|work-pools|settings)/*$")

Origin: TypeAlias = "tuple[str, str, int]"
"""Scheme, host and port."""


def fault(url: str) -> tuple[str, str] | None:
    """What is wrong with the URL and what to do about it, without quoting it; None if it is fine."""
    # `urlsplit` drops tabs and line breaks and browsers read `\` as `/`: two parsers could see two hosts.
    if not (url.isascii() and url.isprintable()) or " " in url or "\\" in url:
        return "has a space, a line break, a backslash or a letter outside ASCII", "remove it"
    parts = _split(url)
    if parts is None:
        return "is not an http or https URL with a host", "write it like http://127.0.0.1:4200/api"
    if "@" in parts.netloc:
        return "has credentials in it", "move them to PREFECT_API_AUTH_STRING (user:password)"
    if "?" in url or "#" in url:
        return "has a query or a fragment", "end it after the path, which is usually /api"
    if api := _api_of_page(parts):
        return "is a page of the web interface, not the API", f"set it to {api}"
    return None


def origin(url: object) -> Origin | None:
    """Where requests to the URL go; None if it is none."""
    parts = _split(url)
    if parts is None:
        return None
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}[parts.scheme]


def _split(url: object) -> SplitResult | None:
    """The parts of an http(s) URL with a host; None for everything else."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        # Asking for the port is what checks it.
        whole = parts is not None and parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if whole else None


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
