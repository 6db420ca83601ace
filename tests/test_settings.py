"""Which Prefect to talk to: the sources, the rule that they do not mix, and Prefect's own answer."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_reconcile.errors import InvalidSettingsError
from prefect_reconcile.settings import Connection, connection

URL = "http://prefect.test/api"
OTHER = "http://other.test/api"


def plain(url: str, source: str, **changes: Any) -> Connection:
    """A connection without credentials, but for `changes`."""
    rest = {"key": None, "auth_string": None, "headers": (), "verify": True, "http2": False}
    return Connection(url, source, **(rest | changes))


def write(directory: Path, **files: str) -> Path:
    """Writes `.env`, `prefect.toml`, `pyproject.toml` and, in the home directory, the profiles."""
    places = {"env": ".env", "prefect": "prefect.toml", "project": "pyproject.toml"}
    for name, content in files.items():
        path = directory / places.get(name, ".prefect/profiles.toml")
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return directory


def connect(directory: Path, options: dict[str, Any] | None = None, /, **environ: str) -> Connection:
    return connection({"HOME": str(directory), **environ}, directory, **(options or {}))


def refusal(directory: Path, options: dict[str, Any] | None = None, /, **environ: str) -> str:
    """The message that the settings are refused with, the directory written as `DIR`."""
    with pytest.raises(InvalidSettingsError) as caught:
        connect(directory, options, **environ)
    return str(caught.value).replace(str(directory), "DIR")


NO_URL = (
    "no Prefect API URL: {}; set PREFECT_API_URL, choose a profile that has one (--profile NAME),"
    " or pass --api-url URL; --embedded starts a local server"
)
MIXED = (
    "{}: would be used with {}, which comes from another source ({});"
    " set both in one place, or pass --trust-api-url"
)


# --- Sources ---


def test_environment(tmp_path: Path) -> None:
    """Everything can come from the environment."""
    found = connect(
        tmp_path,
        PREFECT_API_URL=URL + "/",
        PREFECT_API_KEY="k",
        PREFECT_CLIENT_CUSTOM_HEADERS='{"X-A": "1"}',
        PREFECT_API_TLS_INSECURE_SKIP_VERIFY="on",
        PREFECT_API_ENABLE_HTTP2="Yes",
    )
    source = "environment variable PREFECT_API_URL"
    assert found == plain(URL, source, key="k", headers=(("X-A", "1"),), verify=False, http2=True)


def test_dotenv(tmp_path: Path) -> None:
    """`.env` of the working directory is a source."""
    write(tmp_path, env=f"export PREFECT_API_URL='{URL}' # ours\nPREFECT_API_KEY=k\nOTHER\n")
    assert connect(tmp_path) == plain(URL, f"{tmp_path}/.env", key="k")


def test_prefect_toml(tmp_path: Path) -> None:
    """`prefect.toml` has tables, and headers as a table of their own."""
    text = f'[api]\nurl = "{URL}"\nkey = "k"\nenable_http2 = true\n[client.custom_headers]\nX-A = "1"\n'
    write(tmp_path, prefect=text)
    found = plain(URL, f"{tmp_path}/prefect.toml", key="k", headers=(("X-A", "1"),), http2=True)
    assert connect(tmp_path) == found


def test_pyproject(tmp_path: Path) -> None:
    """`pyproject.toml` has the same tables below `tool.prefect`."""
    write(tmp_path, project=f'[tool.prefect.api]\nurl = "{URL}"\nauth_string = "u:p"\n')
    assert connect(tmp_path) == plain(URL, f"{tmp_path}/pyproject.toml", auth_string="u:p")


def test_active_profile(tmp_path: Path) -> None:
    """The active profile is the last source."""
    write(tmp_path, profiles=f'active = "prod"\n[profiles.prod]\nPREFECT_API_URL = "{URL}"\n')
    assert connect(tmp_path) == plain(URL, f"profile 'prod' in {tmp_path}/.prefect/profiles.toml")


def test_profile_of_the_environment(tmp_path: Path) -> None:
    """`PREFECT_PROFILE` beats `active`."""
    write(tmp_path, profiles=f'active = "a"\n[profiles.a]\n[profiles.b]\nPREFECT_API_URL = "{URL}"\n')
    found = plain(URL, f"profile 'b' in {tmp_path}/.prefect/profiles.toml")
    assert connect(tmp_path, PREFECT_PROFILE="b") == found


def test_named_profile_alone(tmp_path: Path) -> None:
    """`--profile` hides the environment and the files, for the URL and for credentials."""
    write(
        tmp_path, profiles=f'[profiles.b]\nPREFECT_API_URL = "{URL}"\n', prefect=f'[api]\nurl = "{OTHER}"\n'
    )
    found = plain(URL, f"profile 'b' in {tmp_path}/.prefect/profiles.toml")
    assert connect(tmp_path, {"profile": "b"}, PREFECT_API_URL=OTHER, PREFECT_API_KEY="k") == found


def test_built_in_profile(tmp_path: Path) -> None:
    """`--profile local` works without a profiles file, as in Prefect."""
    found = plain("http://127.0.0.1:4200/api", "profile 'local' in Prefect's built-in profiles")
    assert connect(tmp_path, {"profile": "local"}) == found


def test_unknown_profile(tmp_path: Path) -> None:
    """An unknown `--profile` names those that exist and the nearest of them."""
    write(tmp_path, profiles="[profiles.prod]\n")
    assert refusal(tmp_path, {"profile": "prd"}) == (
        "option --profile: there is no profile 'prd' in DIR/.prefect/profiles.toml,"
        ' only cloud, ephemeral, local, prod, test; did you mean "prod"?'
    )


def test_api_url_option(tmp_path: Path) -> None:
    """`--api-url` beats every source."""
    found = connect(tmp_path, {"api_url": URL}, PREFECT_API_URL=OTHER)
    assert found == plain(URL, "option --api-url")


def test_both_options(tmp_path: Path) -> None:
    """With both options the URL is the one given and the key the profile's, here for the same server."""
    profile = f'[profiles.b]\nPREFECT_API_URL = "{URL}"\nPREFECT_API_KEY = "k"\n'
    write(tmp_path, profiles=profile)
    found = connect(tmp_path, {"api_url": "http://prefect.test:80/x", "profile": "b"}, PREFECT_API_KEY="no")
    assert found == plain("http://prefect.test:80/x", "option --api-url", key="k")


def test_authorisation_precedence(tmp_path: Path) -> None:
    """Basic beats the key, and a header `Authorization` beats both, as in Prefect's client."""
    environ = {"PREFECT_API_URL": URL, "PREFECT_API_KEY": "not\nsent", "PREFECT_API_AUTH_STRING": "u:p"}
    source = "environment variable PREFECT_API_URL"
    assert connect(tmp_path, **environ) == plain(URL, source, auth_string="u:p")
    environ["PREFECT_CLIENT_CUSTOM_HEADERS"] = '{"authorization": "x", "User-Agent": "y"}'
    assert connect(tmp_path, **environ) == plain(URL, source, headers=(("authorization", "x"),))


def test_certificates(tmp_path: Path) -> None:
    """A CA bundle is relative to the working directory; `SSL_CERT_FILE` is the default for it."""
    (tmp_path / "ca.pem").touch()
    source, bundle = "environment variable PREFECT_API_URL", str(tmp_path / "ca.pem")
    own = connect(tmp_path, PREFECT_API_URL=URL, PREFECT_API_SSL_CERT_FILE="ca.pem", SSL_CERT_FILE="no")
    assert own == plain(URL, source, verify=bundle)
    assert connect(tmp_path, PREFECT_API_URL=URL, SSL_CERT_FILE=bundle) == own
    assert connect(tmp_path, PREFECT_API_URL=URL, PREFECT_API_SSL_CERT_FILE="") == plain(URL, source)


def test_directory_called_env(tmp_path: Path) -> None:
    """A virtual environment called `.env` is no source."""
    (tmp_path / ".env").mkdir()
    assert connect(tmp_path, {"api_url": URL}) == plain(URL, "option --api-url")


def test_pipe_called_env(tmp_path: Path) -> None:
    """A named pipe `.env`, as password managers make, is a source and read once."""
    os.mkfifo(tmp_path / ".env")
    Thread(target=(tmp_path / ".env").write_text, args=[f"PREFECT_API_URL={URL}"], daemon=True).start()
    assert connect(tmp_path) == plain(URL, f"{tmp_path}/.env")


def test_no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without a home directory has no profiles file."""

    def home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", home)
    assert connection({}, tmp_path, api_url=URL) == plain(URL, "option --api-url")


# --- No URL ---


def test_no_url_by_default(tmp_path: Path) -> None:
    """Without any source it is Prefect's default profile that has no URL; the exit code is 4."""
    assert refusal(tmp_path) == NO_URL.format(
        "profile 'ephemeral', Prefect's default, sets no PREFECT_API_URL"
    )
    assert InvalidSettingsError.exit_code == 4


def test_no_url_in_the_profile(tmp_path: Path) -> None:
    """The profile without a URL is named."""
    write(tmp_path, profiles='active = "prod"\n[profiles.prod]\n')
    reason = "profile 'prod' in DIR/.prefect/profiles.toml sets no PREFECT_API_URL"
    assert refusal(tmp_path) == NO_URL.format(reason)


def test_no_url_for_want_of_the_profile(tmp_path: Path) -> None:
    """A profile that does not exist is named; Prefect would use its default instead."""
    reason = (
        "profile 'ephemeral', Prefect's default (there is no profile 'prod' in DIR/x.toml),"
        " sets no PREFECT_API_URL"
    )
    assert refusal(tmp_path, PREFECT_PROFILES_PATH="x.toml", PREFECT_PROFILE="prod") == NO_URL.format(reason)


def test_empty_url_hides(tmp_path: Path) -> None:
    """An empty variable hides the sources below it, as in Prefect."""
    write(tmp_path, prefect=f'[api]\nurl = "{URL}"\n')
    assert refusal(tmp_path, PREFECT_API_URL="") == NO_URL.format("environment sets it to nothing")


# --- Sources do not mix ---


FOREIGN = {
    "PREFECT_API_KEY": "s3cr3t",
    "PREFECT_API_AUTH_STRING": "u:s3cr3t",
    "PREFECT_CLIENT_CUSTOM_HEADERS": '{"X": "s3cr3t"}',
}


@pytest.mark.parametrize("name", sorted(FOREIGN))
def test_credential_of_another_source(tmp_path: Path, name: str) -> None:
    """A credential of the environment is not sent to a URL of `prefect.toml`."""
    write(tmp_path, prefect=f'[api]\nurl = "{URL}"\n')
    where = ("environment: " + name, "api.url", "DIR/prefect.toml")
    assert refusal(tmp_path, **{name: FOREIGN[name]}) == MIXED.format(*where)


def test_credential_and_option(tmp_path: Path) -> None:
    """`--api-url` is a source of its own."""
    where = ("environment: PREFECT_API_KEY", "--api-url", "command line")
    assert refusal(tmp_path, {"api_url": URL}, PREFECT_API_KEY="k") == MIXED.format(*where)


def test_trust(tmp_path: Path) -> None:
    """`--trust-api-url` lets sources mix."""
    options = {"api_url": URL, "trust_api_url": True}
    write(tmp_path, prefect="[api]\ntls_insecure_skip_verify = true\n")
    found = connect(tmp_path, options, PREFECT_API_KEY="k")
    assert found == plain(URL, "option --api-url", key="k", verify=False)


@pytest.mark.parametrize(
    "other", ["https://prefect.test:80/api", "http://prefect.test:81/api", "http://prefect.test.x"]
)
def test_other_origin(tmp_path: Path, other: str) -> None:
    """Scheme, host and port must be those of the URL that the credential belongs to."""
    where = ("environment: PREFECT_API_KEY", "--api-url", "command line")
    found = refusal(tmp_path, {"api_url": other}, PREFECT_API_URL=URL, PREFECT_API_KEY="k")
    assert found == MIXED.format(*where)


def test_unused_credential(tmp_path: Path) -> None:
    """A credential that would not be sent may come from anywhere."""
    write(tmp_path, prefect=f'[api]\nurl = "{URL}"\nauth_string = "u:p"\n')
    assert connect(tmp_path, PREFECT_API_KEY="k") == plain(URL, f"{tmp_path}/prefect.toml", auth_string="u:p")


@pytest.mark.parametrize("option", ["tls_insecure_skip_verify = true", 'ssl_cert_file = "prefect.toml"'])
def test_weakened_connection(tmp_path: Path, option: str) -> None:
    """A file cannot weaken the connection of the environment, not even by naming the same server."""
    write(tmp_path, prefect=f'[api]\nurl = "{URL}"\n{option}\n')
    setting = option.split()[0]
    where = (f"DIR/prefect.toml: api.{setting}", "PREFECT_API_KEY", "environment")
    assert refusal(tmp_path, PREFECT_API_URL=URL, PREFECT_API_KEY="k") == MIXED.format(*where)


def test_weakened_connection_without_credential(tmp_path: Path) -> None:
    """Without a credential it is the URL's source that decides, and the environment is no exception."""
    write(tmp_path, prefect=f'[api]\nurl = "{URL}"\n')
    where = ("environment: PREFECT_API_TLS_INSECURE_SKIP_VERIFY", "api.url", "DIR/prefect.toml")
    assert refusal(tmp_path, PREFECT_API_TLS_INSECURE_SKIP_VERIFY="1") == MIXED.format(*where)


def test_default_certificates(tmp_path: Path) -> None:
    """Asking for the default certificates weakens nothing."""
    write(tmp_path, prefect='[api]\nssl_cert_file = ""\ntls_insecure_skip_verify = "no"\n')
    assert connect(tmp_path, {"api_url": URL}) == plain(URL, "option --api-url")


def test_weakened_connection_of_the_url(tmp_path: Path) -> None:
    """The URL's own source cannot weaken the connection that the key of a profile goes over."""
    write(tmp_path, prefect=f'[api]\nurl = "{URL}"\ntls_insecure_skip_verify = true\n')
    write(
        tmp_path, profiles=f'active = "p"\n[profiles.p]\nPREFECT_API_URL = "{URL}"\nPREFECT_API_KEY = "k"\n'
    )
    where = ("DIR/prefect.toml: api.tls_insecure_skip_verify", "PREFECT_API_KEY")
    assert refusal(tmp_path) == MIXED.format(*where, "profile 'p' in DIR/.prefect/profiles.toml")


def test_certificates_of_the_environment(tmp_path: Path) -> None:
    """The environment names a CA bundle for every source, as `SSL_CERT_FILE` does."""
    write(tmp_path, prefect=f'[api]\nurl = "{URL}"\n')
    bundle = f"{tmp_path}/prefect.toml"
    assert connect(tmp_path, PREFECT_API_SSL_CERT_FILE=bundle) == plain(URL, bundle, verify=bundle)


@pytest.mark.parametrize(
    "text",
    [
        "PREFECT_API_KEY=${TOKEN}",
        "A=${TOKEN:-x}\nPREFECT_API_KEY=${A}",
        "HOME=${TOKEN}\nPREFECT_API_KEY=${HOME}",
    ],
)
def test_dotenv_does_not_borrow(tmp_path: Path, text: str) -> None:
    """A `.env` cannot make a variable of the environment its own key, not even by a detour."""
    write(tmp_path, env=f"{text}\nPREFECT_API_URL={OTHER}\n")
    message = refusal(tmp_path, TOKEN="s3cr3t")
    assert message.partition(" is made with ")[0] == f"DIR/.env:{text.count(chr(10)) + 1}: PREFECT_API_KEY"
    assert connect(tmp_path, {"trust_api_url": True}, TOKEN="s3cr3t").key == "s3cr3t"


def test_dotenv_composes(tmp_path: Path) -> None:
    """A `.env` may compose values of its own variables, defaults, and the home directory."""
    write(tmp_path, env="NAME=prefect.test\nPREFECT_API_URL=http://${NAME}/${PART:-api}\n")
    assert connect(tmp_path, NAME="hidden") == plain(URL, f"{tmp_path}/.env")
    write(tmp_path, env="PREFECT_PROFILES_PATH=${HOME}/x.toml\n")
    (tmp_path / "x.toml").write_text(f'active = "p"\n[profiles.p]\nPREFECT_API_URL = "{URL}"\n')
    assert connect(tmp_path) == plain(URL, f"profile 'p' in {tmp_path}/x.toml")


# --- Values and files that cannot be obeyed ---

NO_ADDRESS = "is not an http or https URL with a host; write it like http://127.0.0.1:4200/api"
PAGE = "is a page of the web interface, not the API; set it to "
CHARACTERS = "has a space, a line break, a backslash or a letter outside ASCII; remove it"
URLS = {
    "prefect.test/api": NO_ADDRESS,
    "ftp://prefect.test": NO_ADDRESS,
    "http:///api": NO_ADDRESS,
    "http://prefect.test:x/api": NO_ADDRESS,
    "http://[::1/api": NO_ADDRESS,
    "http://u:s3cr3t@prefect.test/api": (
        "has credentials in it; move them to PREFECT_API_AUTH_STRING (user:password)"
    ),
    "http://prefect.test/api?": "has a query or a fragment; end it after the path, which is usually /api",
    "http://prefect.test/api\n": CHARACTERS,
    "http://prefect.test\\@other.test/api": CHARACTERS,
    "http://prefect.test/dashboard": PAGE + "http://prefect.test/api",
    "http://prefect.test/base/runs/": PAGE + "http://prefect.test/base/api",
    "https://app.prefect.cloud/account/a/workspace/w/dashboard": (
        PAGE + "https://api.prefect.cloud/api/accounts/a/workspaces/w"
    ),
    "https://app.prefect.cloud": PAGE
    + "https://api.prefect.cloud/api/accounts/ACCOUNT-ID/workspaces/WORKSPACE-ID",
}


@pytest.mark.parametrize("url", sorted(URLS))
def test_url_refused(tmp_path: Path, url: str) -> None:
    """A URL that cannot be the API's is refused with what to do, and never quoted."""
    assert refusal(tmp_path, {"api_url": url}) == f"command line: --api-url: {URLS[url]}"


@pytest.mark.parametrize(
    "url", ["HTTPS://Prefect.Test:8443/base/api", "http://[::1]:4200/api", "http://prefect.test"]
)
def test_url_accepted(tmp_path: Path, url: str) -> None:
    """A port, a path, an IPv6 address or no path at all are fine."""
    assert connect(tmp_path, {"api_url": url}) == plain(url, "option --api-url")


VALUES = {
    (
        "PREFECT_API_KEY",
        "s3cr3t\n",
    ): "has a space, a line break or another character that cannot be sent; remove it",
    (
        "PREFECT_API_KEY",
        "s3crét",
    ): "has a space, a line break or another character that cannot be sent; remove it",
    ("PREFECT_API_AUTH_STRING", "u:s3cr3t\n"): (
        "has a space, a line break or another character that cannot be sent; remove it"
    ),
    (
        "PREFECT_API_TLS_INSECURE_SKIP_VERIFY",
        "",
    ): "is neither true nor false; write true or false, or remove it",
    (
        "PREFECT_API_SSL_CERT_FILE",
        "no.pem",
    ): "there is no file no.pem; name a file of CA certificates in PEM format",
    ("PREFECT_CLIENT_CUSTOM_HEADERS", "X: s3cr3t"): 'is not a JSON object; write {"Name": "value"}',
    ("PREFECT_CLIENT_CUSTOM_HEADERS", "[]"): 'is not a JSON object; write {"Name": "value"}',
    ("PREFECT_CLIENT_CUSTOM_HEADERS", '{"X: s3cr3t": ""}'): (
        "the name of header 1 is not one for HTTP; remove colons and spaces"
    ),
    ("PREFECT_CLIENT_CUSTOM_HEADERS", '{"X": 1}'): (
        "the value of header X is not one for HTTP; write one line of ASCII"
    ),
    ("PREFECT_CLIENT_CUSTOM_HEADERS", '{"X": "s3cr3t\\n"}'): (
        "the value of header X is not one for HTTP; write one line of ASCII"
    ),
}


@pytest.mark.parametrize(("name", "value"), sorted(VALUES))
def test_value_refused(tmp_path: Path, name: str, value: str) -> None:
    """A value that cannot be obeyed is refused by the name of its setting."""
    expected = f"environment: {name}: {VALUES[name, value]}"
    assert refusal(tmp_path, PREFECT_API_URL=URL, **{name: value}) == expected


def test_missing_ambient_bundle(tmp_path: Path) -> None:
    """`SSL_CERT_FILE` is named if it names nothing."""
    expected = "environment: SSL_CERT_FILE: there is no file x; name a file of CA certificates in PEM format"
    assert refusal(tmp_path, PREFECT_API_URL=URL, SSL_CERT_FILE="x") == expected


FILES = {
    ("prefect", "[api]\nurl = x\n"): "DIR/prefect.toml:2:7: is not TOML (Invalid value); correct the file",
    ("prefect", "api = 1\n"): "DIR/prefect.toml: api is not a table; write [api]",
    (
        "prefect",
        "[api]\nkey = 1\nurl = 'http://x'\n",
    ): "DIR/prefect.toml: api.key: is not a text; put it in quotes",
    (
        "project",
        "[tool]\nprefect = 1\n",
    ): "DIR/pyproject.toml: tool.prefect is not a table; write [tool.prefect]",
    (
        "project",
        "x = '",
    ): 'DIR/pyproject.toml: is not TOML (Expected "\'"); correct the file',
    ("profiles", "profiles.p = 1\nactive = 'p'"): (
        "DIR/.prefect/profiles.toml: profiles.p is not a table; write [profiles.p]"
    ),
    (
        "env",
        "\n\nPREFECT_API_KEY='s3cr3t\n",
    ): "DIR/.env:3: is not NAME=value; correct the line; perhaps a quote is open",
}


@pytest.mark.parametrize(("name", "content"), sorted(FILES))
def test_file_refused(tmp_path: Path, name: str, content: str) -> None:
    """A file that cannot be obeyed is refused by its place."""
    assert refusal(write(tmp_path, **{name: content})) == FILES[name, content]


def test_foreign_line_of_dotenv(tmp_path: Path) -> None:
    """A line that python-dotenv cannot read is not our business unless it is about Prefect."""
    write(tmp_path, env=f"X='open\nPREFECT_API_URL={URL}\n")
    assert connect(tmp_path) == plain(URL, f"{tmp_path}/.env")


def test_undecodable_file(tmp_path: Path) -> None:
    """A file that is not UTF-8 is refused by its line."""
    (tmp_path / ".env").write_bytes(b"A=1\nB=\xff\n")
    assert refusal(tmp_path) == "DIR/.env:2: is not UTF-8 text; save the file as UTF-8"


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be read is refused."""

    def read_bytes(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    write(tmp_path, env="")
    assert refusal(tmp_path) == "DIR/.env: cannot be read (Permission denied); check its permissions"


# --- Secrets ---

SECRETS = st.text(st.characters(codec="utf-8"), max_size=4).map(lambda text: f"s3{text}cr3t")
SHAPES = st.sampled_from(
    ["{}", "http://{}@x.test", "http://x.test/{}?", "u:{}", '{{"X": "{}"}}', '{{"X {}": ""}}', "[{}"]
)
NAMES = st.sampled_from(
    ["API_URL", "API_KEY", "API_AUTH_STRING", "CLIENT_CUSTOM_HEADERS", "API_ENABLE_HTTP2"]
)


@given(st.dictionaries(NAMES, st.tuples(SHAPES, SECRETS), min_size=1), st.booleans())
def test_no_secret_is_shown(tmp_path_factory: Any, chosen: dict[str, tuple[str, str]], trusted: bool) -> None:
    """Neither the connection's repr nor a message has a secret in it."""
    directory = tmp_path_factory.getbasetemp()
    environ = {"PREFECT_" + name: shape.format(secret) for name, (shape, secret) in chosen.items()}
    try:
        shown = repr(connect(directory, {"api_url": URL, "trust_api_url": trusted}, **environ))
        shown += repr(connect(directory, **environ))
    except InvalidSettingsError as error:
        shown = str(error)
    assert not [secret for _, secret in chosen.values() if secret in shown]


# --- The same files, read by Prefect ---

PROFILES = f"""
active = "a"
[profiles.a]
PREFECT_API_URL = "{URL}"
PREFECT_API_KEY = "profile-a"
[profiles.b]
PREFECT_API_URL = "{OTHER}"
PREFECT_CLIENT_CUSTOM_HEADERS = '{{"X-B": "b"}}'
[profiles.c]
PREFECT_API_KEY = "profile-c"
"""
PREFECT = f'[api]\nurl = "{URL}"\nkey = "toml"\n[client]\ncustom_headers = {{ X-A = "toml", x-b = "toml" }}\n'
PROJECT = f'[tool.prefect.api]\nurl = "{OTHER}"\nauth_string = "u:project"\n'

PLACE = ".prefect/profiles.toml"
ELSEWHERE = {"PREFECT_HOME": "x"}

# Name → environment and files. All that Prefect and we must understand alike.
SCENARIOS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "nothing": ({}, {}),
    "environment": ({"PREFECT_API_URL": URL + "/", "PREFECT_API_KEY": "k"}, {"profiles": PROFILES}),
    "lower case": ({"prefect_api_url": URL, "Prefect_Api_Key": "k"}, {}),
    "empty hides": ({"PREFECT_API_URL": "", "PREFECT_API_KEY": "k"}, {"prefect": PREFECT}),
    "empty key hides": ({"PREFECT_API_KEY": ""}, {"prefect": PREFECT}),
    "dotenv over toml": ({}, {"env": f"PREFECT_API_URL={OTHER}", "prefect": PREFECT, "project": PROJECT}),
    "dotenv syntax": (
        {"HOST": "prefect.test"},
        {"env": "export PREFECT_API_URL='http://${HOST}/${P:-a}' # x\nHOST=no\nprefect_api_key=\"a$b\"\nX\n"},
    ),
    "environment over dotenv": (
        {"PREFECT_API_URL": URL},
        {"env": f"PREFECT_API_URL={OTHER}\nPREFECT_API_KEY=k"},
    ),
    "toml over pyproject": ({}, {"prefect": PREFECT, "project": PROJECT}),
    "pyproject over profile": ({}, {"project": PROJECT, "profiles": PROFILES}),
    "active profile": ({}, {"profiles": PROFILES}),
    "chosen profile": ({"PREFECT_PROFILE": "b"}, {"profiles": PROFILES}),
    "profile without URL": ({"PREFECT_PROFILE": "c", "PREFECT_API_URL": URL}, {"profiles": PROFILES}),
    "unknown profile": ({"PREFECT_PROFILE": "x"}, {"profiles": PROFILES}),
    "empty profile name": ({"PREFECT_PROFILE": ""}, {"profiles": PROFILES}),
    "built-in profile": ({"PREFECT_PROFILE": "local"}, {}),
    "built-in profile, other home": ({"PREFECT_PROFILE": "local", "PREFECT_HOME": "x"}, {}),
    "built-in profile, own file": ({"PREFECT_PROFILE": "local"}, {"profiles": PROFILES}),
    "home": ({"PREFECT_HOME": ".prefect"}, {"profiles": PROFILES}),
    "profiles path": (ELSEWHERE | {"PREFECT_PROFILES_PATH": PLACE}, {"profiles": PROFILES}),
    "profiles path of dotenv": (ELSEWHERE, {"profiles": PROFILES, "env": f"PREFECT_PROFILES_PATH={PLACE}"}),
    "profiles path of toml": (ELSEWHERE, {"profiles": PROFILES, "prefect": f"profiles_path = '{PLACE}'"}),
    "headers merge": (
        {"PREFECT_CLIENT_CUSTOM_HEADERS": '{"X-B": "env", "User-Agent": "no"}', "PREFECT_PROFILE": "b"},
        {"prefect": PREFECT, "profiles": PROFILES},
    ),
    "header authorises": (
        {"PREFECT_CLIENT_CUSTOM_HEADERS": '{"Authorization": "x"}', "PREFECT_API_AUTH_STRING": "u:p"},
        {"prefect": PREFECT},
    ),
    "basic over key": (
        {"PREFECT_API_URL": URL, "PREFECT_API_KEY": "k", "PREFECT_API_AUTH_STRING": "ü:p"},
        {},
    ),
    "TLS": ({"PREFECT_API_SSL_CERT_FILE": "ca.pem", "PREFECT_API_ENABLE_HTTP2": "T"}, {"prefect": PREFECT}),
    "no TLS": ({"PREFECT_API_TLS_INSECURE_SKIP_VERIFY": "On"}, {"prefect": PREFECT}),
}

ASK_PREFECT = """
import json, os, pathlib, ssl, sys
import prefect.context, prefect.settings.sources as sources
from prefect.client.orchestration import get_client
from prefect.settings import Profile, Settings

# Reading CA certificates again and again is what takes time here.
context = ssl.create_default_context()
ssl.create_default_context = lambda **_: context

answers = {}
for name, (directory, environ) in json.load(sys.stdin).items():
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environ)
    sources._file_cache.clear()
    sources.DEFAULT_PREFECT_HOME = pathlib.Path(directory, ".prefect")
    found = Settings()
    if found.api.url:
        with prefect.context.SettingsContext(profile=Profile(name="x"), settings=found):
            client = get_client(sync_client=True)._client
        custom = [name.lower() for name in found.client.custom_headers if name.lower() != "user-agent"]
        answers[name] = {
            "url": str(client.base_url).rstrip("/"),
            "authorization": client.headers.get("Authorization"),
            "headers": {name: client.headers[name] for name in custom},
            "verify": not found.api.tls_insecure_skip_verify and (found.api.ssl_cert_file or True),
            "http2": found.api.enable_http2,
        }
print("ANSWERS" + json.dumps(answers))
"""


@pytest.fixture(scope="module")
def prefect_answers(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, tuple[Path, dict[str, Any] | None]]:
    """Scenario → its directory, and what Prefect's client would send where; None without a URL."""
    directories = {name: tmp_path_factory.mktemp("scenario") for name in SCENARIOS}
    for name, directory in directories.items():
        (write(directory, **SCENARIOS[name][1]) / "ca.pem").touch()
    question = {name: (str(directories[name]), environ) for name, (environ, _) in SCENARIOS.items()}
    home = tmp_path_factory.mktemp("home")
    environ = {"HOME": str(home), "PREFECT_HOME": str(home), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASK_PREFECT],
        input=json.dumps(question), cwd=home, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout.partition("ANSWERS")[2])
    return {name: (directories[name], answers.get(name)) for name in SCENARIOS}


def sent(found: Connection, directory: Path) -> dict[str, Any]:
    """A connection in the words of `ASK_PREFECT`."""
    headers = {name.lower(): value for name, value in found.headers}
    authorization = headers.get("authorization") or (found.key and f"Bearer {found.key}")
    if found.auth_string:
        authorization = "Basic " + base64.b64encode(found.auth_string.encode()).decode()
    verify = (
        str(found.verify).removeprefix(f"{directory}/") if isinstance(found.verify, str) else found.verify
    )
    return {
        "url": found.url,
        "authorization": authorization,
        "headers": headers,
        "verify": verify,
        "http2": found.http2,
    }


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_as_prefect(name: str, prefect_answers: dict[str, tuple[Path, dict[str, Any] | None]]) -> None:
    """Apart from the refusal to mix sources, we find what Prefect finds."""
    directory, expected = prefect_answers[name]
    options = {"trust_api_url": True}
    if expected is None:
        assert refusal(directory, options, **SCENARIOS[name][0]).startswith("no Prefect API URL")
    else:
        assert sent(connect(directory, options, **SCENARIOS[name][0]), directory) == expected
