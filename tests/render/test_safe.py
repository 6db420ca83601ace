"""No character that hides or acts, and no secret, gets out."""

from __future__ import annotations

import sys
from json import dumps
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_reconcile.model import Json, Key, Path
from prefect_reconcile.render.safe import MASK, line, masked, path, value
from prefect_reconcile.secrecy import is_secret

UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of control, format and surrogate characters, and of line breaks."""

INVISIBLE = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u2065\u3164\ufe00\ufe0f\uffa0\ufff0\U000e0100\U000e01ef"
"""Some of the characters of other categories that are drawn as nothing at all."""

ALL = st.text(st.characters(exclude_categories=()))
"""Any text that Python can hold, surrogates included."""


def test_of_all_characters_none_unseen_passes() -> None:
    """Whatever this Python knows of Unicode."""
    everything = map(chr, range(sys.maxunicode + 1))
    assert [one for one in everything if category(one) in UNSEEN and line(one) == one] == []


@pytest.mark.parametrize("character", INVISIBLE, ids=ascii)
def test_what_is_drawn_as_nothing_is_spelled_out(character: str) -> None:
    """Two names that look alike are alike."""
    assert line(f"a{character}b") == f"a{ascii(character)[1:-1]}b"


def test_what_can_be_seen_stays_as_it_is() -> None:
    """Every script, accents by themselves, symbols, and spaces that are not ours."""
    text = "größe 日本語 עברית العربية हिन्दी e\u0301 ✓ → 🚀 a\u00a0b \\x1b"
    assert line(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x9b2J", "\\x9b2J"),
        ("one\ntwo\r\nthree\ttabbed", "one\\ntwo\\r\\nthree\\ttabbed"),
        ("a\u2028b\u2029c\x85d\x0be\x0cf", "a\\u2028b\\u2029c\\x85d\\x0be\\x0cf"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("ze\u200bro\ufeff", "ze\\u200bro\\ufeff"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("\x00\x07\x7f", "\\x00\\x07\\x7f"),
    ],
    ids=["escape", "C1 escape", "lines", "other lines", "bidi", "zero width", "surrogate", "tag", "control"],
)
def test_what_would_act_is_spelled_out(text: str, shown: str) -> None:
    """As Python writes it."""
    assert line(text) == shown


@given(ALL)
def test_a_line_is_one_line_that_can_be_written_and_seen(text: str) -> None:
    """In UTF-8, whatever the text."""
    shown = line(text)
    assert shown.encode().decode() == shown
    assert (len(shown.splitlines()) <= 1, UNSEEN & set(map(category, shown))) == (True, set())


@given(ALL)
def test_a_safe_line_stays_as_it_is(text: str) -> None:
    """Made safe twice, it is the same."""
    assert line(line(text)) == line(text)


@given(st.recursive(ALL, lambda inner: st.lists(inner) | st.dictionaries(ALL, inner), max_leaves=5))
def test_a_value_is_one_line_that_can_be_written_and_seen(one: Json) -> None:
    """Keys and texts at every depth."""
    shown = value(one)
    assert shown.encode().decode() == shown
    assert (len(shown.splitlines()), UNSEEN & set(map(category, shown))) == (1, set())


@given(st.lists(ALL | ALL.map(Key), min_size=1))
def test_a_path_can_be_made_safe_too(steps: list[str | Key]) -> None:
    """Identities and keys come from people as values do."""
    assert UNSEEN & set(map(category, line(path(tuple(steps))))) == set()


def words(*lines: str) -> list[str]:
    return [word for line in lines for word in line.split()]


SECRETS = words(
    "password Password DB_PASSWORD PGPASSWORD db-password userPassword passwords password2 pwd passphrase",
    "passwd pass DB_PASS secret secrets client-secret clientSecret SECRET_KEY secret_id",
    "token tokens API_TOKEN accessToken authtoken OAuthToken GITHUB_TOKEN_PROD token2",
    "api_key api_keys apikey apiKey APIKey X-API-Key aws_secret_access_key AWS_ACCESS_KEY_ID",
    "private_key privateKey ssh_key signing_key encryption_key storage_account_key",
    "credential credentials AZURE_CREDENTIALS gcp.credentials creds",
    "auth_string PREFECT_API_AUTH_STRING basic_auth authorization Proxy-Authorization bearer",
    "jwt cookie connection_string AzureWebJobsConnectionString connection_url dsn SENTRY_DSN",
)

NO_SECRETS = words(
    "max_tokens max_new_tokens maxOutputTokens num_tokens total_tokens prompt_tokens",
    "token_limit token_count tokens_per_minute tokenizer tokenize token_url tokenType",
    "author authors authority secretary passport passenger compass bypass pass_through",
    "key keys primary_key partition_key sort_key foreign_key monkey keyboard",
    "secretName secret_name secretKeyRef image_pull_secrets imagePullSecrets",
    "password_file private_key_path credentials_file connection connection_limit",
    "url name value image user username description",
)


@pytest.mark.parametrize("key", SECRETS)
def test_a_key_of_a_secret_is_known(key: str) -> None:
    """In every spelling that is customary."""
    assert is_secret(("job_variables", "env", key))


@pytest.mark.parametrize("key", NO_SECRETS)
def test_a_key_that_only_resembles_one_is_not(key: str) -> None:
    """A mask would hide what has to be reviewed."""
    assert not is_secret(("job_variables", "env", key))


def test_only_keys_say_what_is_secret() -> None:
    """A schedule may be called after a token and still be read; a position says nothing."""
    steps: Path = ("schedules", Key("refresh-token"), 0, "cron")
    assert not is_secret(steps)


MASKED: dict[str, tuple[Json, Json]] = {
    "text": ({"password": "x"}, {"password": MASK}),
    "empty text": ({"password": ""}, {"password": MASK}),
    "number": ({"pin_password": 1234}, {"pin_password": MASK}),
    "true, false and null": ({"token": [True, False, None]}, {"token": [True, False, None]}),
    "list": ({"tokens": ["x", ["y"]]}, {"tokens": [MASK, [MASK]]}),
    "all below": ({"secrets": {"a": "x", "b": [{"c": 1}]}}, {"secrets": {"a": MASK, "b": [{"c": MASK}]}}),
    "at any depth": ([{"env": {"A": "x", "API_KEY": "y"}}], [{"env": {"A": "x", "API_KEY": MASK}}]),
    "reference": (
        {"access_token": "{{ prefect.blocks.secret.github }}", "password": "{{prefect.variables.p}}"},
        {"access_token": "{{ prefect.blocks.secret.github }}", "password": "{{prefect.variables.p}}"},
    ),
    "reference and more": ({"token": "{{ prefect.blocks.secret.a }}x"}, {"token": MASK}),
    "reference that ends later": ({"token": "{{ prefect.x }} s {{ y }}"}, {"token": MASK}),
    "named": (
        [{"name": "DB_PASSWORD", "value": "x"}, {"name": "DB_HOST", "value": "y"}],
        [{"name": "DB_PASSWORD", "value": MASK}, {"name": "DB_HOST", "value": "y"}],
    ),
    "named, with its source": (
        [{"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "pw"}}}],
        [{"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "pw"}}}],
    ),
    "named by no text": ({"name": ["token"], "value": "x"}, {"name": ["token"], "value": "x"}),
    "URL with password": ("postgresql+asyncpg://me:x@db/etl", f"postgresql+asyncpg://{MASK}@db/etl"),
    "URL with token": ("clone https://ghp_x@github.com/a.git", f"clone https://{MASK}@github.com/a.git"),
    "URL with user": ("ssh://git@github.com/a.git", "ssh://git@github.com/a.git"),
    "URL with reference": (
        "https://{{ prefect.blocks.secret.a }}@github.com/a",
        "https://{{ prefect.blocks.secret.a }}@github.com/a",
    ),
    "URL with @ in its path": ("https://github.com/a@v1", "https://github.com/a@v1"),
}


@pytest.mark.parametrize(("one", "shown"), MASKED.values(), ids=MASKED.keys())
def test_secrets_are_masked(one: Json, shown: Json) -> None:
    """And nothing else."""
    assert masked(one) == shown


def test_the_keys_above_a_value_count() -> None:
    """A single changed value is masked as it is within its mapping."""
    assert [masked("x", steps) for steps in [("env", "DB_PASSWORD"), ("secrets", 0, "a"), ("env", "A")]] == [
        MASK,
        MASK,
        "x",
    ]


def test_a_value_is_not_changed_by_masking_it() -> None:
    """The plan that was shown is still to be carried out."""
    one: Json = {"password": ["x"]}
    masked(one)
    assert one == {"password": ["x"]}


@pytest.mark.parametrize(
    ("identity", "shown"),
    [
        ('cron 0 2 * * * {"a": 1, "password": "x"}', 'cron 0 2 * * * {"a": 1, "password": "********"}'),
        ('cron 0 2 * * * {"token": {"a": "x"}} #2', 'cron 0 2 * * * {"token": {"a": "********"}} #2'),
        ("nightly", "nightly"),
        ("{nightly}", "{nightly}"),
        ("", ""),
    ],
)
def test_an_identity_is_masked(identity: str, shown: str) -> None:
    """That of a schedule without slug holds its parameters."""
    assert path((Key(identity),)) == path((Key(shown),))


@given(st.dictionaries(st.sampled_from(SECRETS), st.text("xyz", min_size=9, max_size=9), min_size=1))
def test_no_secret_is_in_any_masked_mapping(secrets: dict[str, str]) -> None:
    """As keys, and as names beside their values."""
    named: Json = [{"name": key, "value": one} for key, one in secrets.items()]
    shown = dumps(masked([dict(secrets), named]))
    assert [one for one in secrets.values() if one in shown] == []
