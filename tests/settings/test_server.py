"""What a configuration says of the server, among Prefect's own settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prefect_reconcile.errors import InvalidSettingsError
from prefect_reconcile.settings import Connection, Server, connection

URL = "https://prefect.test/api"
OTHER = "https://other.test/api"
BY_URL = Server("reconcile.toml:3", "targets.prod.api_url", api_url=URL)
BY_PROFILE = Server("reconcile.toml:3", "targets.prod.profile", profile="p")
PROFILES = f'[profiles.p]\nPREFECT_API_URL = "{OTHER}"\nPREFECT_API_KEY = "profile"\n'


def connect(directory: Path, server: Server, /, environ: dict[str, str], **options: Any) -> Connection:
    return connection({"HOME": str(directory), **environ}, directory, server=server, **options)


def refusal(directory: Path, server: Server, /, environ: dict[str, str], **options: Any) -> str:
    with pytest.raises(InvalidSettingsError) as caught:
        connect(directory, server, environ, **options)
    return str(caught.value).replace(str(directory), "DIR")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A directory that is also the home directory, with the profile `p`."""
    (tmp_path / ".prefect").mkdir()
    (tmp_path / ".prefect" / "profiles.toml").write_text(PROFILES)
    return tmp_path


def test_url_beats_the_environment_and_files(home: Path) -> None:
    """It was written for this target."""
    (home / "prefect.toml").write_text(f'[api]\nurl = "{OTHER}"\n')
    found = connect(home, BY_URL, {"PREFECT_API_URL": OTHER})
    assert found == Connection(URL, "reconcile.toml:3")
    (hint,) = found.hints
    assert hint == (
        "reconcile.toml:3: targets.prod.api_url: counts, and not PREFECT_API_URL of the environment,"
        " which differs; unset that, or pass --api-url"
    )


@pytest.mark.parametrize("environ", [{}, {"PREFECT_API_URL": URL + "/"}, {"PREFECT_API_URL": ""}])
def test_no_hint_without_a_difference(home: Path, environ: dict[str, str]) -> None:
    """Nor where nothing is said, by either."""
    assert connect(home, BY_URL, environ).hints == ()
    assert connect(home, Server("x", "y"), {"PREFECT_API_URL": OTHER}).hints == ()


CREDENTIALS = {
    "PREFECT_API_KEY": "s3cr3t",
    "PREFECT_API_AUTH_STRING": "u:s3cr3t",
    "PREFECT_CLIENT_CUSTOM_HEADERS": '{"X": "s3cr3t"}',
}


@pytest.mark.parametrize("name", CREDENTIALS)
@pytest.mark.parametrize("url", [None, OTHER, "http://prefect.test/api", "https://prefect.test:444/api"])
def test_credential_that_is_not_for_it(home: Path, name: str, url: str | None) -> None:
    """The URL comes from the repository: a pull request could name any server."""
    environ = {name: CREDENTIALS[name]} | ({"PREFECT_API_URL": url} if url else {})
    assert refusal(home, BY_URL, environ) == (
        f"environment: {name}: would be used with targets.prod.api_url, which comes from another source"
        " (reconcile.toml:3); set PREFECT_API_URL beside it to the same server, or pass --trust-api-url"
    )
    assert connect(home, BY_URL, environ, trust_api_url=True).url == URL


def test_credential_of_a_file_that_is_not_for_it(home: Path) -> None:
    """It is told in the words of that file."""
    (home / "prefect.toml").write_text(f'[api]\nurl = "{OTHER}"\nkey = "k"\n')
    assert refusal(home, BY_URL, {}) == (
        "DIR/prefect.toml: api.key: would be used with targets.prod.api_url, which comes from another source"
        " (reconcile.toml:3); set api.url beside it to the same server, or pass --trust-api-url"
    )


def test_credential_of_the_active_profile_that_is_not_for_it(home: Path) -> None:
    """A profile is a source like others."""
    found = refusal(home, BY_URL, {"PREFECT_PROFILE": "p"})
    assert found.startswith("profile 'p' in DIR/.prefect/profiles.toml: PREFECT_API_KEY: would be used with")


def test_credential_that_is_for_it(home: Path) -> None:
    """The source of the credential names the same server."""
    found = connect(home, BY_URL, {"PREFECT_API_URL": "https://prefect.test:443/x", "PREFECT_API_KEY": "k"})
    assert found == Connection(URL, "reconcile.toml:3", key="k")


def test_weakened_connection(home: Path) -> None:
    """TLS options of another source count as little as for `prefect.toml`."""
    found = refusal(home, BY_URL, {"PREFECT_API_TLS_INSECURE_SKIP_VERIFY": "1"})
    assert found == (
        "environment: PREFECT_API_TLS_INSECURE_SKIP_VERIFY: would be used with targets.prod.api_url, which"
        " comes from another source (reconcile.toml:3); set both in one place, or pass --trust-api-url"
    )


def test_profile_is_the_only_source(home: Path) -> None:
    """As with `--profile`: neither the environment nor a file adds anything."""
    (home / "prefect.toml").write_text('[client.custom_headers]\nX = "y"\n')
    found = connect(home, BY_PROFILE, {"PREFECT_API_URL": URL, "PREFECT_API_KEY": "k"})
    assert found == Connection(OTHER, f"profile 'p' in {home}/.prefect/profiles.toml", key="profile")
    assert [hint.partition(":")[0] for hint in found.hints] == ["reconcile.toml"]


def test_unknown_profile(home: Path) -> None:
    """It is told where it is named."""
    server = Server("reconcile.toml:3", "targets.prod.profile", profile="pp")
    assert refusal(home, server, {}) == (
        "reconcile.toml:3: targets.prod.profile: there is no profile 'pp' in DIR/.prefect/profiles.toml, only"
        ' cloud, ephemeral, local, p, test; did you mean "p"?'
    )


@pytest.mark.parametrize("server", [BY_URL, BY_PROFILE])
def test_profile_option_beats_it(home: Path, server: Server) -> None:
    """The command line is nearest."""
    found = connect(home, server, {"PREFECT_API_URL": URL}, profile="local")
    assert found == Connection("http://127.0.0.1:4200/api", "profile 'local' in Prefect's built-in profiles")
    assert found.hints == ()


def test_url_option_beats_the_url(home: Path) -> None:
    """Then the environment may lend what it has for that server."""
    environ = {"PREFECT_API_URL": OTHER, "PREFECT_API_KEY": "k"}
    found = connect(home, BY_URL, environ, api_url=OTHER)
    assert (found, found.hints) == (Connection(OTHER, "option --api-url", key="k"), ())


def test_url_option_replaces_the_url_of_the_profile(home: Path) -> None:
    """As with `--profile`."""
    found = connect(home, BY_PROFILE, {"PREFECT_API_KEY": "no"}, api_url=OTHER + "/x")
    assert found == Connection(OTHER + "/x", "option --api-url", key="profile")


def test_origins(home: Path) -> None:
    """Each value that was set, and by whom."""
    environ = {
        "PREFECT_API_URL": URL,
        "PREFECT_API_AUTH_STRING": "u:p",
        "PREFECT_CLIENT_CUSTOM_HEADERS": '{"X-A": "a"}',
        "PREFECT_API_ENABLE_HTTP2": "1",
        "SSL_CERT_FILE": str(home / ".prefect" / "profiles.toml"),
    }
    found = connect(home, BY_URL, environ)
    assert found.origins == {
        "url": "reconcile.toml:3",
        "auth_string": "environment variable PREFECT_API_AUTH_STRING",
        "headers.X-A": "environment variable PREFECT_CLIENT_CUSTOM_HEADERS",
        "http2": "environment variable PREFECT_API_ENABLE_HTTP2",
        "verify": "environment variable SSL_CERT_FILE",
    }
    found = connect(home, BY_URL, {**environ, "PREFECT_API_TLS_INSECURE_SKIP_VERIFY": "1"})
    assert found.origins["verify"] == "environment variable PREFECT_API_TLS_INSECURE_SKIP_VERIFY"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"PREFECT_API_KEY": "k"}, "environment variable PREFECT_API_KEY"),
        (
            {"PREFECT_API_KEY": "k", "PREFECT_API_AUTH_STRING": "u:p"},
            "environment variable PREFECT_API_AUTH_STRING",
        ),
        (
            {"PREFECT_API_KEY": "k", "PREFECT_CLIENT_CUSTOM_HEADERS": '{"X": "1", "authorization": "z"}'},
            "environment variable PREFECT_CLIENT_CUSTOM_HEADERS",
        ),
        ({"PREFECT_CLIENT_CUSTOM_HEADERS": '{"X": "1"}'}, None),
    ],
)
def test_source_of_the_credential(home: Path, environ: dict[str, str], expected: str | None) -> None:
    """Of that which authorises."""
    assert connect(home, BY_URL, {"PREFECT_API_URL": URL, **environ}).credential_source == expected
