"""Manifests fitted to an environment: defaults, overlays, names, tags, and keys that are let pass."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from prefect_reconcile.errors import InvalidManifestsError
from prefect_reconcile.loader.layers import Layer
from prefect_reconcile.loader.manifests import Inputs, Loaded, load
from prefect_reconcile.loader.placeholders import Values
from prefect_reconcile.model import Adjustments, Ignore, JsonObject, Source
from prefect_reconcile.model import Path as KeyPath

NOWHERE = "neither as a value nor in the environment"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two deployments: a native one whose flow the code names, and one of a prefect.yaml."""
    (tmp_path / "other.py").write_text("from prefect import flow\n@flow\ndef other(**day): ...\n")
    (tmp_path / "etl.py").write_text("from prefect import flow\n@flow(name='ETL')\ndef etl(**day): ...\n")
    (tmp_path / "deployments").mkdir()
    (tmp_path / "deployments" / "a.yaml").write_text(
        "name: a\nentrypoint: etl.py:etl\nparameters: {x: 1, y: 2}\n"
        "schedules:\n- {slug: night, cron: 0 2 * * *}\n- {cron: 0 3 * * *}\n"
    )
    (tmp_path / "prefect.yaml").write_text(
        "pull: []\ndeployments:\n- {name: b, entrypoint: 'etl.py:etl', work_pool: {name: k8s}}\n"
    )
    (tmp_path / "prod").mkdir()
    return tmp_path


def overlay(repository: Path, text: str, name: str = "prod/a.yaml") -> Inputs:
    """The inputs with one overlay."""
    (repository / name).parent.mkdir(exist_ok=True)
    (repository / name).write_text(text)
    return Inputs(repository, overlays=["prod"])


def one(inputs: Inputs, path: str = "deployments") -> dict[str, Any]:
    """The fields of the only deployment, without those of the code."""
    (desired,) = load([path], inputs).desired
    return {key: value for key, value in desired.fields.items() if key not in ("description", "entrypoint")}


def refused(inputs: Inputs, *paths: str) -> list[str]:
    """The lines with which a load is refused."""
    with pytest.raises(InvalidManifestsError) as error:
        load(paths or ["deployments"], inputs)
    return str(error.value).splitlines()


def test_an_overlay_over_a_native_manifest(repository: Path) -> None:
    """It names flow and name; mappings deep, schedules by slug, lists replaced, null removes."""
    inputs = overlay(
        repository,
        "flow: ETL\nname: a\nparameters: {y: null, z: 3}\ntags: [prod]\n"
        "schedules:\n- {slug: night, timezone: Asia/Tokyo}\n- {slug: noon, cron: 0 12 * * *}\n",
    )
    found = one(inputs)
    schedules = found.pop("schedules")
    found.pop("parameter_openapi_schema")
    assert found == {"parameters": {"x": 1, "z": 3}, "tags": ["prod"]}
    assert [{key: each[key] for key in ("slug", "cron", "timezone")} for each in schedules] == [
        {"slug": "night", "cron": "0 2 * * *", "timezone": "Asia/Tokyo"},
        {"slug": None, "cron": "0 3 * * *", "timezone": "UTC"},
        {"slug": "noon", "cron": "0 12 * * *", "timezone": "UTC"},
    ]


def test_an_overlay_over_a_prefect_yaml(repository: Path) -> None:
    """Its keys are the native ones, and it tells its own place."""
    inputs = overlay(repository, "flow: ETL\nname: b\nwork_pool_name: big\njob_variables: {cpu: 2}\n")
    found = load(["prefect.yaml"], inputs)
    (desired,) = found.desired
    assert (desired.fields["work_pool_name"], desired.fields["job_variables"]) == ("big", {"cpu": 2})
    assert desired.place("work_pool_name") == Source("prod/a.yaml", 3, 17)
    assert desired.place("entrypoint") == Source("prefect.yaml", 3, 25)
    assert sorted(found.texts) == ["prefect.yaml", "prod/a.yaml"]


def test_an_empty_list_of_schedules_clears(repository: Path) -> None:
    """As an empty list does elsewhere; it is no list of nothing to merge."""
    assert one(overlay(repository, "flow: ETL\nname: a\nschedules: []\n"))["schedules"] == []


def test_a_misspelt_slug_is_a_warning(repository: Path) -> None:
    """It adds a schedule, where it was meant to change one."""
    loaded = load(
        ["deployments"],
        overlay(repository, "flow: ETL\nname: a\nschedules:\n- {slug: nigt, cron: '@daily'}\n"),
    )
    assert [str(each) for each in loaded.hints] == [
        "prod/a.yaml:4:10: schedules[0].slug: there is no 'nigt' among the schedules; did you mean \"night\"?"
    ]


def test_overlays_apply_in_order(repository: Path) -> None:
    """The later directory wins."""
    overlay(repository, "flow: ETL\nname: a\nversion: '1'\ntags: [x]\n", "common/a.yaml")
    inputs = overlay(repository, "flow: ETL\nname: a\nversion: '2'\n")
    found = one(replace(inputs, overlays=["common", "prod"]))
    assert (found["version"], found["tags"]) == ("2", ["x"])


def test_overlays_apart_are_no_manifests(repository: Path) -> None:
    """Also those of another environment, below the folder of the manifests."""
    nested = repository / "deployments" / "overlays" / "prod"
    nested.mkdir(parents=True)
    (nested / "a.yaml").write_text("flow: ETL\nname: a\nversion: '2'\n")
    apart = Inputs(repository, apart=["deployments/overlays/prod"])
    assert "version" not in one(apart)
    assert one(replace(apart, overlays=["deployments/overlays/prod"]))["version"] == "2"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("name: a\n", ["1:1: an overlay names the flow and the name of a manifest; add flow: … and name: …"]),
        ("flow: ETl\nname: a\n", ['2:7: name: no manifest declares ETl/a; did you mean "ETL/a"?']),
        (
            "flow: ETL\nname: a\ntag: [x]\nparameters: 1\n",
            [
                '3:1: tag: unknown key; did you mean "tags"?',
                "4:13: parameters: expected a mapping, found 1; write a mapping, as in key: value",
            ],
        ),
        (
            "flow: ETL\nname: a\nschedules: [{cron: 0 1 * * *}, {slug: x, cron: 0 1 * * *}, {slug: x}]\n",
            [
                "3:13: schedules[0]: an overlay finds schedules by their slug, and here is none; add slug: …",
                "3:67: schedules[2].slug: the slug 'x' is there twice; write one entry for both",
            ],
        ),
        (
            "flow: ETL\nname: a\nschedules: [{slug: night, interval: 3600}]\n",
            ["3:27: schedules[0].interval: cron and interval are given at once; write a schedule for each"],
        ),
        (
            "flow: ETL\nname: a\n---\nflow: ETL\nname: a\n",
            ["5:7: name: ETL/a has an overlay already, at prod/a.yaml:1:1; write one for both"],
        ),
        (
            "flow: ETL\nflow_id: f0000000-0000-4000-8000-000000000000\nname: a\n",
            ["2:1: flow_id: flow and flow_id are both given; keep one of them"],
        ),
        (
            "flow: ETL\nname: a\nentrypoint: other.py:other\n",
            ["3:13: entrypoint: the overlay is for ETL/a, and makes it other/a; write a manifest of its own"],
        ),
        (
            "flow: ETL\nname: a\nschedules: [{slug: [x]}, {slug: {y: 1}}]\n",
            [
                "3:13: schedules[0]: an overlay finds schedules by their slug, and here is none; add slug: …",
                "3:26: schedules[1]: an overlay finds schedules by their slug, and here is none; add slug: …",
            ],
        ),
        (
            "deployments: []\n",
            ["1:1: an overlay is a native manifest, not a prefect.yaml; write one for each deployment"],
        ),
        (
            "flow: ETL\nname: a\nversion: '{{ $V }}'\n",
            [f"3:10: version: V is set {NOWHERE}; set it, or give a default: {{{{ $V:-… }}}}"],
        ),
    ],
)
def test_overlays_that_are_refused(repository: Path, text: str, problems: list[str]) -> None:
    """At their own place, in their own keys."""
    assert [line.removeprefix("prod/a.yaml:") for line in refused(overlay(repository, text))] == problems


def test_an_overlay_directory_that_is_not_there(repository: Path) -> None:
    """Never read as no overlays."""
    assert refused(Inputs(repository, overlays=["prd"])) == [
        'prd: there is no such file or folder; did you mean "prod"?'
    ]


def test_a_value_that_an_overlay_replaces_need_not_be_set(repository: Path) -> None:
    """Otherwise each environment would need the values of all."""
    (repository / "deployments" / "a.yaml").write_text("flow: f\nname: a\nversion: '{{ $V }}'\n")
    assert one(overlay(repository, "flow: f\nname: a\nversion: '2'\n")) == {"version": "2"}
    assert len(refused(Inputs(repository))) == 1


def defaults(value: JsonObject) -> Layer:
    """Defaults as a configuration gives them."""

    def place(path: KeyPath, *, key: bool = False) -> Source:
        return Source("reconcile.toml", 10 + len(path), 1)

    return Layer(value, place, lambda path: ("defaults", *path))


def test_defaults(repository: Path) -> None:
    """Under both dialects; what a manifest says counts; placeholders are filled."""
    laid = defaults({"work_pool_name": "{{ $POOL }}", "parameters": {"x": 0, "w": 4}})
    inputs = Inputs(repository, Values({"POOL": "p"}), defaults=laid)
    native, other = load(["deployments", "prefect.yaml"], inputs).desired
    assert (native.fields["work_pool_name"], native.fields["parameters"]) == ("p", {"w": 4, "x": 1, "y": 2})
    assert (other.fields["work_pool_name"], other.fields["parameters"]) == ("k8s", {"w": 4, "x": 0})
    assert native.place("work_pool_name") == Source("reconcile.toml", 11, 1)


def test_wrong_defaults_are_told_once(repository: Path) -> None:
    """At their place, however many deployments they are laid under."""
    inputs = Inputs(repository, defaults=defaults({"work_pool": "k8s"}))
    remedy = "write work_pool_name: …, with work_queue_name and job_variables beside it"
    assert refused(inputs, "deployments", "prefect.yaml") == [
        f"reconcile.toml:11:1: defaults.work_pool: unknown key; {remedy}"
    ]


def test_a_default_pull_replaces_the_working_directory(repository: Path) -> None:
    """What a prefect.yaml leaves out is not made up where the defaults say it."""
    (repository / "prefect.yaml").write_text("deployments:\n- {name: b, entrypoint: 'etl.py:etl'}\n")
    steps: JsonObject = {"pull_steps": [{"a": {}}], "work_pool_name": "k8s"}
    loaded = load(["prefect.yaml"], Inputs(repository, defaults=defaults(steps)))
    (desired,) = loaded.desired
    assert (desired.initial, loaded.hints) == ({}, ())
    assert desired.fields["pull_steps"] == [{"a": {}}]


def test_names_tags_and_paused(repository: Path) -> None:
    """For all deployments; an overlay names them as the files do."""
    inputs = replace(
        overlay(repository, "flow: ETL\nname: a\ntags: [own]\n"),
        adjustments=Adjustments("x-", "-prod", ("prod",), paused=True),
    )
    found = load(["deployments", "prefect.yaml"], inputs).desired
    assert [(each.name, each.fields["tags"], each.fields["paused"]) for each in found] == [
        ("ETL/x-a-prod", ["own", "prod"], True),
        ("ETL/x-b-prod", ["prod"], True),
    ]
    assert found[0].refs["name"] == "x-a-prod"


def lenient(repository: Path) -> Loaded:
    """A load that lets unknown keys pass."""
    return load(["deployments", "prefect.yaml"], Inputs(repository, lenient=True))


def test_unknown_keys_can_be_warnings(repository: Path) -> None:
    """In both dialects, at any depth; the rest counts as if they were not there."""
    (repository / "deployments" / "a.yaml").write_text(
        "name: a\nflow: f\ntag: [x]\nschedules:\n- {cron: 0 2 * * *, catchup: true}\n"
        "- {schedule: {cron: 0 3 * * *, tz: UTC}, slug: n}\n"
    )
    (repository / "prefect.yaml").write_text(
        "pull: []\nown: 1\ndeployments:\n- {name: b, entrypoint: 'etl.py:etl', job_variables: {x: 1}}\n"
    )
    loaded = lenient(repository)
    assert [each.name for each in loaded.desired] == ["f/a", "ETL/b"]
    assert [
        (str(each.severity), str(each.source), each.path) for each in loaded.hints if each.severity != "hint"
    ] == [
        ("warning", "deployments/a.yaml:3:1", "tag"),
        ("warning", "deployments/a.yaml:5:21", "schedules[0].catchup"),
        ("warning", "deployments/a.yaml:6:32", "schedules[1].schedule.tz"),
        ("warning", "prefect.yaml:2:1", "own"),
        ("warning", "prefect.yaml:4:39", "deployments[0].job_variables"),
    ]


def test_leniency_forgives_nothing_else(repository: Path) -> None:
    """What is wrong beside an unknown key is an error, and the key is told too."""
    (repository / "deployments" / "a.yaml").write_text("name: a\nflow: f\ntag: [x]\nparameters: 1\n")
    with pytest.raises(InvalidManifestsError) as error:
        lenient(repository)
    assert [str(each) for each in error.value.problems] == [
        "deployments/a.yaml:4:13: parameters: expected a mapping, found 1; write a mapping, as in key: value"
    ]
    assert [str(each).partition(";")[0] for each in error.value.hints] == [
        "deployments/a.yaml:3:1: tag: unknown key"
    ]


def test_entrypoint_root(repository: Path) -> None:
    """Decides where the code is."""
    (repository / "code").mkdir()
    (repository / "code" / "etl.py").write_text(
        "from prefect import flow\n@flow(name='Other')\ndef etl(**day): ...\n"
    )
    inputs = Inputs(repository, entrypoint_root=repository / "code")
    assert [each.name for each in load(["deployments"], inputs).desired] == ["Other/a"]


def test_what_is_ignored_comes_from_the_manifest_and_from_all(repository: Path) -> None:
    """Each pattern with its place; that of an overlay replaces the manifest's, as lists do."""
    (repository / "deployments" / "a.yaml").write_text(
        "name: a\nentrypoint: etl.py:etl\nignore:\n- tags\n- '{{ $FIELD }}'\n"
    )
    shared = Ignore("paused", Source("reconcile.toml", 1, 11))
    inputs = Inputs(repository, Values({"FIELD": "version"}), ignore=(shared,))
    (desired,) = load(["deployments"], inputs).desired
    assert desired.ignore == (
        Ignore("tags", Source("deployments/a.yaml", 4, 3)),
        Ignore("version", Source("deployments/a.yaml", 5, 3)),
        shared,
    )
    inputs = replace(inputs, overlays=overlay(repository, "flow: ETL\nname: a\nignore: [path]\n").overlays)
    (desired,) = load(["deployments"], inputs).desired
    assert desired.ignore == (Ignore("path", Source("prod/a.yaml", 3, 10)), shared)


def test_defaults_can_ignore(repository: Path) -> None:
    """In each manifest that ignores nothing itself, also in one of the other dialect."""

    def place(path: KeyPath, *, key: bool = False) -> Source:
        return Source("reconcile.toml", len(path))

    inputs = Inputs(repository, defaults=Layer({"ignore": ["tags"]}, place))
    found = [one.ignore for one in load(["deployments", "prefect.yaml"], inputs).desired]
    assert found == [(Ignore("tags", Source("reconcile.toml", 2)),)] * 2


def test_a_pattern_that_cannot_be_obeyed_is_told_at_its_place(repository: Path) -> None:
    """In the overlay that wrote it."""
    inputs = overlay(repository, "flow: ETL\nname: a\nignore: [tags, nmae]\n")
    (line,) = refused(inputs)
    assert line.startswith('prod/a.yaml:3:16: ignore[1]: "nmae" is no field that is compared; ')
