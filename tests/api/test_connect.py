"""The HTTP client for a connection."""

from __future__ import annotations

import base64
from pathlib import Path

import httpx
import pytest

from network import connection
from prefect_reconcile import __version__
from prefect_reconcile.api.connect import http_client
from prefect_reconcile.errors import InvalidSettingsError
from prefect_reconcile.settings import Connection

ALWAYS = {
    "accept": "*/*",
    "accept-encoding": "gzip, deflate",
    "connection": "keep-alive",
    "content-type": "application/json",
    "user-agent": f"reconcile/{__version__}",
    "x-prefect-api-version": "0.8.4",
}


def headers(to: Connection) -> dict[str, str]:
    found = dict(http_client(to).headers)
    # Further encodings depend on what else is installed.
    found["accept-encoding"] = ", ".join(found["accept-encoding"].split(", ")[:2])
    return found


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        (connection(), {}),
        (connection(key="k"), {"authorization": "Bearer k"}),
        (
            connection(auth_string="admin:pä:ss"),
            {"authorization": f"Basic {base64.b64encode('admin:pä:ss'.encode()).decode()}"},
        ),
        (
            connection(key="k", auth_string="a:b"),
            {"authorization": f"Basic {base64.b64encode(b'a:b').decode()}"},
        ),
        (
            connection(key="k", headers=(("Authorization", "Own x"), ("X-Gate", "g"))),
            {"authorization": "Own x", "x-gate": "g"},
        ),
        (
            connection(headers=(("Content-Type", "text/x"), ("X-Prefect-Api-Version", "0.8.5"))),
            {"x-prefect-api-version": "0.8.5"},
        ),
    ],
)
def test_headers(to: Connection, expected: dict[str, str]) -> None:
    """A custom header beats Basic, which beats the key; none is sent twice, and what we send stays JSON."""
    assert headers(to) == {**ALWAYS, **expected}


@pytest.mark.parametrize(
    "url",
    ["http://[::1/api", "http://exa\u0301mple/api"],
)
def test_a_url_that_httpx_refuses_is_a_setting_to_correct(url: str) -> None:
    """The settings check URLs too, with another parser."""
    with pytest.raises(InvalidSettingsError) as error:
        http_client(connection(url))
    assert str(error.value) == (
        f"cannot connect to {url} (option --api-url); "
        "check the URL, and HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY of the environment"
    )


@pytest.mark.parametrize("proxy", ["gopher://user:secret@proxy.test", "socks5://user:secret@proxy.test"])
def test_a_proxy_that_cannot_be_used_is_a_setting_to_correct(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its password."""
    monkeypatch.setenv("HTTP_PROXY", proxy)
    with pytest.raises(InvalidSettingsError, match=r"^cannot connect to .*HTTP_PROXY") as error:
        http_client(connection())
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("content", [None, b"", b"not a certificate"])
def test_a_file_without_certificates_is_a_setting_to_correct(tmp_path: Path, content: bytes | None) -> None:
    """Missing, empty or something else."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InvalidSettingsError) as error:
        http_client(connection("https://prefect.test/api", verify=str(file)))
    assert str(error.value).startswith(f"{file} is not a file of certificates (")
    assert str(error.value).endswith("); check PREFECT_API_SSL_CERT_FILE and SSL_CERT_FILE")


def test_certificates_do_not_matter_without_tls(tmp_path: Path) -> None:
    """They are not even read."""
    assert http_client(connection(verify=str(tmp_path / "none"))).base_url == httpx.URL(
        "http://prefect.test/api/"
    )
