"""The HTTP client for a connection: credentials, headers, certificates, limits."""

from __future__ import annotations

import ssl
from base64 import b64encode
from importlib.util import find_spec
from ipaddress import ip_address

import httpx

from prefect_reconcile import __version__
from prefect_reconcile.errors import InvalidSettingsError
from prefect_reconcile.settings import Connection

API_VERSION = "0.8.4"
"""What Prefect 3 clients send as x-prefect-api-version; a malformed or older one answers 400 (3.8.8)."""

CONNECT_SECONDS = 10.0
"""How long a connection may take to be made: a host that drops packets should not take the whole time-out."""

IDLE_SECONDS = 3.0
"""How long an idle connection is used again. Prefect's server closes it after 5 s (3.8.8), and a request
that meets the closing is lost."""


def http_client(
    connection: Connection, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """A client whose base URL is the API's. It does not follow redirects, and waits for answers for ever.

    Raises `InvalidSettingsError` for a URL, a proxy or certificates that cannot be used.
    """
    try:
        return httpx.AsyncClient(
            base_url=connection.url,
            headers=_headers(connection),
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
            verify=_verification(connection),
            http2=connection.http2 and find_spec("h2") is not None,
            limits=httpx.Limits(max_connections=None, keepalive_expiry=IDLE_SECONDS),
            # A proxy, which the environment may name, does not reach this machine's own loopback.
            trust_env=not _is_loopback(connection.url),
            transport=transport,
        )
    except (httpx.InvalidURL, ValueError, ImportError):
        # The reason may quote a proxy with its password.
        raise InvalidSettingsError(
            f"cannot connect to {connection.url} ({connection.source}); "
            "check the URL, and HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY of the environment"
        ) from None


def _is_loopback(url: str) -> bool:
    host = httpx.URL(url).host
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _headers(connection: Connection) -> httpx.Headers:
    """As Prefect's own client sends them: Basic wins over the key, and a custom header over both."""
    headers = httpx.Headers({"x-prefect-api-version": API_VERSION})
    if connection.auth_string is not None:
        headers["authorization"] = "Basic " + b64encode(connection.auth_string.encode()).decode()
    elif connection.key is not None:
        headers["authorization"] = f"Bearer {connection.key}"
    headers.update(connection.headers)
    headers.update({"content-type": "application/json", "user-agent": f"reconcile/{__version__}"})
    return headers


def _verification(connection: Connection) -> ssl.SSLContext | bool:
    if connection.url.startswith("http://"):
        # Nothing to verify, and loading the certificates takes longer than all else of a start.
        return False
    if isinstance(connection.verify, bool):
        return connection.verify
    try:
        return ssl.create_default_context(cafile=connection.verify)
    except OSError as error:
        raise InvalidSettingsError(
            f"{connection.verify} is not a file of certificates ({error.strerror or type(error).__name__}); "
            "check PREFECT_API_SSL_CERT_FILE and SSL_CERT_FILE"
        ) from None
