"""Reading the configuration: which file, what is wrong with it and where, and what it says for a target."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_reconcile.errors import InvalidConfigError, InvalidSettingsError
from prefect_reconcile.kinds.deployment.manifest import Deployment
from prefect_reconcile.model import Severity, Source, path_text
from prefect_reconcile.settings import Config, ConfigFile, Effective, effective, read_config
from prefect_reconcile.settings.config import MAX_PROBLEMS
from prefect_reconcile.settings.toml_file import MAX_BYTES

EXAMPLE = """\
paths = ["deployments"]
entrypoint_root = "src"
default_target = "dev"
profile = "local"
overlays = ["overlays/common"]
name_prefix = "p-"
tags = ["managed", "both"]
[values]
region = "eu"
build_image.image = "x"
build_image.tag = 1
[defaults]
work_pool_name = "k8s"
job_variables = {image = "a", env = {A = "1", B = "1"}}
schedules = [{cron = "a", slug = "b"}]
[targets.dev]
[targets.prod]
api_url = "https://prefect.example.com/api"
overlays = [
  "overlays/prod",
]
name_suffix = "-prod"
tags = ["prod", "both"]
paused = true
[targets.prod.values]
build_image.image = "y"
[targets.prod.defaults]
job_variables.env.B = "2"
schedules = [{cron = "c"}]
"""


def read(directory: Path, text: str = "", name: str = "reconcile.toml") -> ConfigFile:
    """What is read from a file with this text."""
    (directory / name).write_text(text, encoding="utf-8")
    found = read_config(directory)
    assert found is not None
    return found


def refusal(directory: Path, text: str | bytes, name: str = "reconcile.toml") -> str:
    """What is said of a file with this text."""
    (directory / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InvalidConfigError) as caught:
        read_config(directory)
    return str(caught.value)


# --- Which file ---


def test_there_is_none(tmp_path: Path) -> None:
    """A project needs no configuration, and its `pyproject.toml` is not ours."""
    assert read_config(tmp_path) is None
    (tmp_path / "pyproject.toml").write_text("no TOML [")
    assert read_config(tmp_path) is None
    (tmp_path / "pyproject.toml").write_text("[tool.other]\nname = 'reconcile'\n")
    assert read_config(tmp_path) is None


def test_own_file(tmp_path: Path) -> None:
    """Its paths start at the working directory."""
    found = read(tmp_path, "\ufefftags = ['a']")
    assert (found.file, found.folder, found.config.tags) == ("reconcile.toml", Path(), ["a"])
    assert (found.text[:3], found.is_named, found.hints) == (b"\xef\xbb\xbf", False, ())
    assert found.locate(("tags", 0)) == Source("reconcile.toml", 1, 9)


def test_pyproject(tmp_path: Path) -> None:
    """Only its own table counts, and paths of keys begin with that."""
    found = read(tmp_path, "[tool.other]\na = 1\n[tool.reconcile]\ntags = ['a']\n", "pyproject.toml")
    assert (found.file, found.config.tags) == ("pyproject.toml", ["a"])
    assert found.locate(("tags",)) == Source("pyproject.toml", 4, 8)
    assert found.spell(("tags",)) == ("tool", "reconcile", "tags")


def test_both(tmp_path: Path) -> None:
    """The file of our own counts, and that the other does not is worth knowing."""
    (tmp_path / "pyproject.toml").write_text("[tool.reconcile]\ntags = 1\n")
    found = read(tmp_path, "tags = ['own']")
    assert (found.config.tags, [hint.severity for hint in found.hints]) == (["own"], [Severity.HINT])
    assert [str(hint) for hint in found.hints] == [
        "pyproject.toml:1:7: tool.reconcile: is not read, for there is a reconcile.toml; keep one of the two"
    ]
    (tmp_path / "pyproject.toml").write_text("[tool.reconcile")
    assert read(tmp_path, "").hints == ()


@pytest.mark.parametrize("absolute", [False, True])
def test_named(tmp_path: Path, absolute: bool) -> None:
    """Any name will do; paths in it start at its folder."""
    (tmp_path / "reconcile.toml").write_text("broken")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "x.conf").write_text(
        "paths = ['a']\noverlays = ['../b', '/c']\nentrypoint_root = '.'"
    )
    name = Path("sub", "x.conf")
    found = read_config(tmp_path, tmp_path / name if absolute else name)
    assert found
    assert (found.file, found.folder, found.is_named) == ("sub/x.conf", Path("sub"), True)
    merged = effective(found)
    assert (merged.paths, merged.overlays, merged.entrypoint_root) == (("sub/a",), ("sub/../b", "/c"), "sub")


def test_named_elsewhere(tmp_path: Path) -> None:
    """A file outside of the working directory has its whole name."""
    (tmp_path / "x.toml").write_text("paths = ['a']")
    found = read_config(tmp_path / "sub", tmp_path / "x.toml")
    assert found
    assert (found.file, effective(found).paths) == (f"{tmp_path}/x.toml", (f"{tmp_path}/a",))


def test_named_pyproject(tmp_path: Path) -> None:
    """It is read as one."""
    (tmp_path / "pyproject.toml").write_text("[tool.reconcile]\ntags = ['a']\n")
    found = read_config(tmp_path, Path("pyproject.toml"))
    assert found
    assert (found.config.tags, found.spell(())) == (["a"], ("tool", "reconcile"))


def test_named_but_missing(tmp_path: Path) -> None:
    """What is named has to be there."""
    with pytest.raises(
        InvalidSettingsError, match=r"option --config: there is no file 'x\\n.toml'; correct the path"
    ):
        read_config(tmp_path, Path("x\n.toml"))
    (tmp_path / "pyproject.toml").write_text("[tool.other]\n")
    with pytest.raises(InvalidSettingsError) as caught:
        read_config(tmp_path, Path("pyproject.toml"))
    expected = "option --config: pyproject.toml has no [tool.reconcile]; add it, or name another file"
    assert str(caught.value) == expected


# --- What is no TOML ---

FILES: dict[str, tuple[str | bytes, str]] = {
    "key twice": ("a = 1\n  a = [\n2]\n", "3:1: this key is there already; remove one of the two"),
    "indented key twice": ("a = 1\n  a = 2\n", "2:3: this key is there already; remove one of the two"),
    "table twice": ("[a]\n[b]\n [a]\n", "3:2: this table is there already; put the keys of both together"),
    "no quotes": ("a = x\n", "1:5: there is no value of TOML here; put a text in quotes"),
    "open text": ("\na = '''\n", "3:1: this is not TOML: expected \"'''\"; correct it"),
    "open line": ('a = "\n', "1:6: a quoted text has no end on its line; add the closing quote"),
    "end of text": ('a = "', "1:6: a quoted text has no end; add the closing quote"),
    "open list": ("a = [1\nb = 2", "2:1: a list in brackets lacks a comma or its ]; add what is missing"),
    "no value": ("a\n", "1:2: a key has no value; write key = value"),
    "two values": (
        "a = 1 2\n",
        "1:7: something follows the value; put a text in quotes, or begin a new line",
    ),
    "added": (
        "a = {}\n[b]\n[[a.b]]\n",
        "3:1: a value in braces or brackets cannot be added to; put all of it together",
    ),
    "braces twice": ("a = {b = 1, b = 2}", "1:18: a key is there twice; remove one of the two"),
    "defined": (
        "[a.b.c]\n[a]\n b.c.d = 1",
        "3:2: this table is there already; put the keys of both together",
    ),
    "not UTF-8": (b"a = 1\nb = '\xc3\xa9\xff'\n", "2:7: the byte 0xff is not UTF-8; save the file as UTF-8"),
    "not UTF-8 behind a mark": (
        b"\xef\xbb\xbfa\xff",
        "1:2: the byte 0xff is not UTF-8; save the file as UTF-8",
    ),
    "UTF-16": ("a = 1".encode("utf-16"), "1:1: the byte 0xff is not UTF-8; save the file as UTF-8"),
    "deep": (
        "a = " + "[" * 1000,
        "1:105: tables and lists are nested more than 100 levels deep; flatten them",
    ),
    "long number": ("a = 1\nb = 1" + "0" * 9999, "2:5: a number has too many digits; put it in quotes"),
    "no character": ("a = '\0'", "1:6: this is not TOML: found invalid character '\\x00'; correct it"),
    "large": (b"#" * (MAX_BYTES + 1), " the file is larger than 1 MiB; shorten it"),
}


@pytest.mark.parametrize("name", FILES)
def test_file_refused(tmp_path: Path, name: str) -> None:
    """At its place, in words for people."""
    text, expected = FILES[name]
    assert refusal(tmp_path, text) == f"reconcile.toml:{expected}"


def test_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder, a pipe, a path that is none, and what may not be read."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe"):
        with pytest.raises(InvalidConfigError, match=f"^{name}: it is not a file; name a TOML file$"):
            read_config(tmp_path, Path(name))
    with pytest.raises(InvalidConfigError, match=r"^a\\x00: it is not a path; name a TOML file$"):
        read_config(tmp_path, Path("a\0"))
    (tmp_path / "reconcile.toml").touch()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    expected = "^reconcile.toml: it cannot be read: permission denied; correct the path or the permissions$"
    with pytest.raises(InvalidConfigError, match=expected):
        read_config(tmp_path)


def test_name_of_a_file_is_no_line_of_a_log(tmp_path: Path) -> None:
    """Whatever the name."""
    (tmp_path / "a\nb").mkdir()
    with pytest.raises(InvalidConfigError, match=r"^a\\nb: it is not a file"):
        read_config(tmp_path, Path("a\nb"))


@given(st.text("a.=[]{}\"'#, \n1", max_size=60))
def test_any_text(tmp_path_factory: Any, text: str) -> None:
    """It is read, or it is refused."""
    directory = tmp_path_factory.getbasetemp()
    (directory / "any.toml").write_text(text)
    with suppress(InvalidConfigError):
        assert read_config(directory, Path("any.toml"))


# --- What keys cannot say ---

AT_THE_TOP = "counts for all targets; move it to the top, before any [table]"
KEYS: dict[str, tuple[str, str]] = {
    "unknown": ("[targets.prod]\ntagz = 1", '2:1: targets.prod.tagz: unknown key; did you mean "tags"?'),
    "unknown at the top": ("a.b = 1\n", "1:1: a: unknown key"),
    "not for a target": ("[targets.x]\npaths = ['x']", f"2:1: targets.x.paths: {AT_THE_TOP}"),
    "type": ("tags = 'x'", '1:8: tags: expected a list, found "x"; write a list: ["x"]'),
    "strict": ("paused = 1", "1:10: paused: expected true or false, found 1; write true or false"),
    "item": ("tags = [\n'x',\n 1]", '3:2: tags[1]: expected a string, found 1; put it in quotes: "1"'),
    "no table": ("targets.x = 1", "1:13: targets.x: expected a table, found 1; write [targets.x]"),
    "no tables": ("[[values]]", "1:3: values: expected a table, found a list; write [values]"),
    "found a table": ("[tags.x]", "1:2: tags: expected a list, found a table; write a list"),
    "target name": (
        "[targets.'a b']",
        '1:10: targets["a b"]: the name of a target cannot be "a b"; use the letters a-z ',
    ),
    "target of no name": ("targets.'' = {}", '1:9: targets[""]: the name of a target cannot be ""'),
    "value name": (
        "[values]\n'a b' = 1",
        '2:1: values["a b"]: "a b" cannot stand in a placeholder; use letters, digits, - _ and .',
    ),
    "URL": (
        "[targets.x]\napi_url = 'https://u:s3cr3t@x/api'",
        "2:11: targets.x.api_url: has credentials in it; move them to PREFECT_API_AUTH_STRING (",
    ),
    "no URL": (
        "api_url = ''",
        "1:11: api_url: is not an http or https URL with a host; write it like http://127.0.0.1:4200/api",
    ),
    "no profile": ("profile = ' '", "1:11: profile: is empty; write a value, or remove the key"),
    "two servers": (
        "[targets.x]\napi_url = 'http://x'\nprofile = 'y'",
        "3:1: targets.x.profile: api_url and profile are both given; keep one of them",
    ),
    "two servers at the top": (
        "profile = 'y'\napi_url = 'http://x'",
        "1:1: profile: api_url and profile are both given; keep one of them",
    ),
    "prefix": (
        "name_prefix = 'a/'",
        '1:15: name_prefix: the name of a deployment cannot hold "/"; use letters, digits, spaces, - _ and .',
    ),
    "no paths": ("paths = []", "1:9: paths: has no entry; name a file or a folder, or remove the key"),
    "no path": ('overlays = ["a\\u0000"]', "1:13: overlays[0]: is not a path; name a file or a folder"),
    "empty path": (
        'entrypoint_root = ""',
        "1:19: entrypoint_root: is empty; write a value, or remove the key",
    ),
    "name in defaults": (
        "targets.x.defaults.name = 'a'",
        "1:20: targets.x.defaults.name: all deployments would have one name; write it in each manifest",
    ),
    "not finite": (
        "[values]\na = [1, {b = -inf}]",
        "2:14: values.a[1].b: -inf is no number of JSON; write a finite number",
    ),
    "too large": ("defaults.a = 1e999", "1:14: defaults.a: inf is no number of JSON; write a finite number"),
    "default target": (
        "default_target = 'prd'\n[targets.prod]",
        '1:18: default_target: there is no target "prd"; did you mean "prod"?',
    ),
    "default target far off": (
        "default_target = 'x'\n[targets.prod]\n[targets.dev]",
        '1:18: default_target: there is no target "x"; choose one of dev, prod',
    ),
    "default target of none": (
        "default_target = 'x'",
        '1:18: default_target: there is no target "x"; add [targets.x]',
    ),
}


@pytest.mark.parametrize("name", KEYS)
def test_key_refused(tmp_path: Path, name: str) -> None:
    """At its place, with what to do."""
    text, expected = KEYS[name]
    assert refusal(tmp_path, text).startswith(f"reconcile.toml:{expected}")
    assert "\n" not in refusal(tmp_path, text)


def test_key_of_pyproject_refused(tmp_path: Path) -> None:
    """With the whole path; a table that is none as well."""
    text = "[tool.reconcile.targets.x]\ntagz = []\n"
    expected = 'pyproject.toml:2:1: tool.reconcile.targets.x.tagz: unknown key; did you mean "tags"?'
    assert refusal(tmp_path, text, "pyproject.toml") == expected
    expected = "pyproject.toml:2:13: tool.reconcile: expected a table, found 1; write [tool.reconcile]"
    assert refusal(tmp_path, "[tool]\nreconcile = 1", "pyproject.toml") == expected


def test_all_problems_at_once(tmp_path: Path) -> None:
    """In the order of the file, with the file to show their lines."""
    (tmp_path / "reconcile.toml").write_text(
        "paused = 2\ntagz = 1\nprofile = ''\nname_prefix='%'\nvalues.x=nan\n"
    )
    with pytest.raises(InvalidConfigError) as caught:
        read_config(tmp_path)
    assert [problem.source.line for problem in caught.value.problems] == [1, 2, 3, 4, 5]
    assert caught.value.texts == {"reconcile.toml": (tmp_path / "reconcile.toml").read_bytes()}
    assert caught.value.exit_code == 4


def test_not_too_many_problems(tmp_path: Path) -> None:
    """Of a hostile file."""
    assert refusal(tmp_path, "".join(f"a{n} = 1\n" for n in range(9999))).count("\n") == MAX_PROBLEMS - 1


def test_times(tmp_path: Path) -> None:
    """As the loader of manifests reads those of YAML."""
    text = (
        "[values]\na = 2024-02-01\nb = 07:32:00\nc = 2024-02-01 07:32:00\n"
        "d = [2024-02-01T07:32:00Z]\ne = 2024-02-01T07:32:00+02:00\n"
    )
    assert read(tmp_path, text).config.values == {
        "a": "2024-02-01",
        "b": "07:32:00",
        "c": "2024-02-01T07:32:00",
        "d": ["2024-02-01T07:32:00Z"],
        "e": "2024-02-01T07:32:00+02:00",
    }


@pytest.mark.parametrize("character", [chr(code) for code in range(256)])
def test_parts_of_names(tmp_path: Path, character: str) -> None:
    """What may stand in the name of a deployment may stand in its prefix."""
    try:
        Deployment(name=f"a{character}", flow="x")
        expected = True
    except ValueError:
        expected = False
    try:
        Config(name_prefix=character)
        found = True
    except ValueError:
        found = False
    assert found == expected


def test_schema() -> None:
    """Each key is described, and what may not be left empty has no empty default."""
    schema = Config.model_json_schema()
    target = schema["$defs"]["Target"]["properties"]
    assert {**schema["properties"], **target}.keys() == Config.model_fields.keys()
    for name, key in {**schema["properties"], **target}.items():
        assert key["description"], name
        assert (key.get("default", None) in ("", [])) == (
            name
            in {
                "name_prefix",
                "name_suffix",
                "overlays",
                "tags",
                "ignore",
                "secret_keys",
                "secret_values",
            }
        )
    pattern = schema["properties"]["name_prefix"]["pattern"]
    assert (re.search(pattern, "a-"), re.search(pattern, "a/")) != (None, None)
    assert [*schema["properties"]["targets"]["patternProperties"]] == ["^[A-Za-z0-9_.-]+$"]


# --- For a target ---


def test_target(tmp_path: Path) -> None:
    """Lists are added to, values replaced by name, defaults by key, and the server is one choice."""
    found = effective(read(tmp_path, EXAMPLE), "prod", "environment variable RECONCILE_TARGET")
    assert (found.target, found.target_source) == ("prod", "environment variable RECONCILE_TARGET")
    assert (found.api_url, found.profile) == ("https://prefect.example.com/api", None)
    assert (found.paths, found.entrypoint_root) == (("deployments",), "src")
    assert found.values == {"region": "eu", "build_image": {"image": "y"}}
    assert found.defaults == {
        "work_pool_name": "k8s",
        "job_variables": {"image": "a", "env": {"A": "1", "B": "2"}},
        "schedules": [{"cron": "c"}],
    }
    assert found.overlays == ("overlays/common", "overlays/prod")
    assert (found.name_prefix, found.name_suffix, found.paused) == ("p-", "-prod", True)
    assert found.tags == ("managed", "both", "prod")


def lines(found: Effective) -> dict[str, list[int]]:
    return {name: [one.line for one in places] for name, places in sorted(found.sources.items())}


def test_sources(tmp_path: Path) -> None:
    """Each setting has its place, each item of a list its own, and a table all that it is made of."""
    file = read(tmp_path, EXAMPLE)
    common = {"entrypoint_root": [2], "name_prefix": [6], "overlays": [5], "paths": [1], "tags": [7, 7]}
    assert lines(effective(file, "dev")) == {**common, "defaults": [12], "profile": [4], "values": [8]}
    assert lines(effective(file, "prod")) == {
        **common,
        "api_url": [18],
        "defaults": [12, 27],
        "name_suffix": [22],
        "overlays": [5, 20],
        "paused": [24],
        "tags": [7, 7, 23],
        "values": [8, 25],
    }
    assert effective(file, "prod").sources["overlays"][1] == Source("reconcile.toml", 20, 3)


DEFAULTS: dict[tuple[str | int, ...], tuple[int, str]] = {
    ("work_pool_name",): (13, "defaults.work_pool_name"),
    ("job_variables", "image"): (14, "defaults.job_variables.image"),
    ("job_variables", "env", "A"): (14, "defaults.job_variables.env.A"),
    ("job_variables", "env", "B"): (28, "targets.prod.defaults.job_variables.env.B"),
    ("job_variables", "env", "none"): (28, "targets.prod.defaults.job_variables.env.none"),
    ("schedules", 0, "cron"): (29, "targets.prod.defaults.schedules[0].cron"),
    # The list at the top is hidden, though it has one.
    ("schedules", 0, "slug"): (29, "targets.prod.defaults.schedules[0].slug"),
    ("none",): (27, "targets.prod.defaults.none"),
}


@pytest.mark.parametrize("path", DEFAULTS)
def test_place_of_a_default(tmp_path: Path, path: tuple[str | int, ...]) -> None:
    """It is where the layer that counts says it; what is missing is at its nearest ancestor."""
    found = effective(read(tmp_path, EXAMPLE), "prod")
    where = (found.locate_default(path).line, path_text(found.spell_default(path)))
    assert where == DEFAULTS[path]


def test_place_of_a_key_of_a_default(tmp_path: Path) -> None:
    """As a layer of the loader asks for it."""
    found = effective(read(tmp_path, EXAMPLE), "prod")
    assert found.locate_default(("work_pool_name",), key=True) == Source("reconcile.toml", 13, 1)
    assert found.locate_default(("work_pool_name",)) == Source("reconcile.toml", 13, 18)


def test_place_below_a_default_that_ends_sooner(tmp_path: Path) -> None:
    """What it hides is not there."""
    found = effective(read(tmp_path, "defaults.a.b.c = 1\n[targets.x]\ndefaults.a.b = 2\n"), "x")
    assert found.locate_default(("a", "b", "c")) == Source("reconcile.toml", 3, 16)


def test_what_a_target_replaces(tmp_path: Path) -> None:
    """Only its own counts, and only that has a place."""
    found = effective(read(tmp_path, "name_suffix = 'a'\n[targets.x]\nname_suffix = 'b'\n"), "x")
    assert (found.name_suffix, lines(found)) == ("b", {"name_suffix": [3]})


def test_place_of_a_value(tmp_path: Path) -> None:
    """A target's value hides all of the other."""
    found = effective(read(tmp_path, EXAMPLE), "prod")
    paths = [("region",), ("build_image", "image"), ("build_image", "tag"), ("none",)]
    assert [found.locate_value(path).line for path in paths] == [9, 26, 26, 25]


def test_default_target(tmp_path: Path) -> None:
    """It counts when none is named, and where it stands is who chose it."""
    found = effective(read(tmp_path, EXAMPLE))
    assert (found.target, found.target_source) == ("dev", "reconcile.toml:3")
    assert (found.profile, found.api_url, found.paused) == ("local", None, None)


def test_no_target(tmp_path: Path) -> None:
    """What is said for all counts alone."""
    found = effective(read(tmp_path, "tags = ['a']\n[targets.x]\ntags = ['b']"))
    assert (found.target, found.target_source, found.tags, found.server) == (None, None, ("a",), None)


def test_nothing_is_said(tmp_path: Path) -> None:
    """An empty file says as much as none, and paths are for the loader to decide."""
    empty = effective(read(tmp_path, ""))
    nothing = effective(None)
    assert (empty.paths, empty.entrypoint_root, empty.paused) == (None, None, None)
    assert (empty.values, empty.overlays, empty.name_prefix, empty.sources) == ({}, (), "", {})
    assert (nothing.paths, nothing.sources, nothing.server, nothing.file) == (None, {}, None, None)
    assert (nothing.locate_default(("a",)), nothing.spell_default(("a",))) == (Source(""), ("defaults", "a"))


@pytest.mark.parametrize("target", ["profile = 'b'", "paused = false"])
def test_server(tmp_path: Path, target: str) -> None:
    """A target's profile beats a URL for all, which otherwise counts."""
    found = effective(read(tmp_path, f"api_url = 'http://x'\n[targets.x]\n{target}"), "x")
    if "profile" in target:
        assert (found.server.place, found.server.key) == ("reconcile.toml:3", "targets.x.profile")  # type: ignore[union-attr]
        assert (found.api_url, found.profile, lines(found)) == (None, "b", {"profile": [3]})
    else:
        assert (found.server.place, found.server.key) == ("reconcile.toml:1", "api_url")  # type: ignore[union-attr]
        assert (found.api_url, found.paused, lines(found)["api_url"]) == ("http://x", False, [1])


UNKNOWN = {
    ("", "prod"): "there is no target 'prod', for reconcile.toml has none; add [targets.prod]",
    (EXAMPLE, "prd"): "there is no target 'prd' in reconcile.toml, only dev, prod; did you mean \"prod\"?",
    (EXAMPLE, ""): "there is no target '' in reconcile.toml, only dev, prod; choose one of them",
    (EXAMPLE, "a\n"): "there is no target 'a\\n' in reconcile.toml, only dev, prod; choose one of them",
}


@pytest.mark.parametrize(("text", "target"), UNKNOWN)
def test_unknown_target(tmp_path: Path, text: str, target: str) -> None:
    """It is told with those that there are."""
    with pytest.raises(InvalidSettingsError) as caught:
        effective(read(tmp_path, text), target)
    assert str(caught.value) == f"option --target: {UNKNOWN[text, target]}"


def test_target_without_configuration() -> None:
    """It cannot be known."""
    with pytest.raises(InvalidSettingsError) as caught:
        effective(None, "prod", "environment variable RECONCILE_TARGET")
    assert str(caught.value) == (
        "environment variable RECONCILE_TARGET: there is no configuration here that has a target 'prod';"
        " write reconcile.toml, or name a file with --config"
    )


IGNORING = """\
ignore = ["tags", "paused"]
secret_keys = ["*_dsn"]
secret_values = ["DB_PASSWORD"]
[targets.prod]
ignore = ["tags", "version"]
secret_keys = ["licence"]
secret_values = ["DB_PASSWORD", "step.pin"]
"""


def test_what_is_ignored_and_secret_is_added_up(tmp_path: Path) -> None:
    """What a target says comes behind what counts for all, each once, with its place."""
    found = effective(read(tmp_path, IGNORING), "prod")
    assert (found.ignore, found.secret_keys, found.secret_values) == (
        ("tags", "paused", "version"),
        ("*_dsn", "licence"),
        ("DB_PASSWORD", "step.pin"),
    )
    assert found.sources["ignore"] == (
        Source("reconcile.toml", 1, 11),
        Source("reconcile.toml", 1, 19),
        Source("reconcile.toml", 5, 19),
    )
    without = effective(read(tmp_path, IGNORING))
    assert (without.ignore, without.secret_keys, without.secret_values) == (
        ("tags", "paused"),
        ("*_dsn",),
        ("DB_PASSWORD",),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'ignore = ["tgas"]',
            'reconcile.toml:1:11: ignore[0]: "tgas" is no field that is compared; did you mean "tags"?',
        ),
        (
            '[targets.prod]\nignore = ["tags", "env.A*"]',
            (
                'reconcile.toml:2:19: targets.prod.ignore[1]: "env.A*" is no path:'
                ' a * stands for a whole step; write it as plans do: parameters.day, env["a.b"],'
                " schedules[nightly].active, env.*"
            ),
        ),
        (
            'ignore = ["work_pool_name"]',
            (
                "reconcile.toml:1:10: ignore: work_pool_name cannot be ignored alone;"
                " add work_queue_name: a queue belongs to its pool"
            ),
        ),
        (
            'secret_values = ["A B"]',
            (
                'reconcile.toml:1:18: secret_values[0]: "A B" cannot stand in a placeholder;'
                " use letters, digits, - _ and ."
            ),
        ),
        (
            'secret_keys = [""]',
            "reconcile.toml:1:16: secret_keys[0]: is empty; write a value, or remove the key",
        ),
    ],
)
def test_a_wrong_pattern_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """At its place."""
    assert refusal(tmp_path, text) == message
