"""Values in a prefect.yaml: scalars of another type than Prefect means, and placeholders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_prefect_yaml import fields, loaded, one, refused

from prefect_reconcile.model import Filled, Json

STEPS = "pull: []\nbuild: [{build_docker_image: {id: build_image}}]\n"
DEPLOYMENT = "deployments:\n- name: a\n  entrypoint: etl.py:etl\n  work_pool: {name: p}\n"


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("  paused: 'yes'\n", "paused", True),
        ("  paused: 0\n", "paused", False),
        ("  paused: 1.0\n", "paused", True),
        ("  enforce_parameter_schema: 'no'\n", "enforce_parameter_schema", False),
        ("  enforce_parameter_schema: null\n", "enforce_parameter_schema", ...),
        ("  concurrency_limit: '3'\n", "concurrency_limit", 3),
        ("  concurrency_limit: 3.0\n", "concurrency_limit", 3),
        ("  concurrency_limit: {limit: null}\n", "concurrency_limit", ...),
        ("  concurrency_limit: {limit: '3'}\n", "concurrency_limit", 3),
        ("  concurrency_limit: {limit: 3}\n", "concurrency_options", ...),
        ("  tags: null\n", "tags", []),
        ("  tags: [1, 2.5, true, '', ' ', b]\n", "tags", ["1", "2.5", "True", "b"]),
        ("  parameters: null\n", "parameters", {}),
        ("  version: null\n", "version", ...),
        ("  version: ''\n", "version", ...),
    ],
)
def test_scalars_as_prefect_takes_them(tmp_path: Path, text: str, name: str, value: Any) -> None:
    """Quoted numbers and booleans are what they say, and null is what left out is (`...`)."""
    assert fields(text, tmp_path).get(name, ...) == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("  version: 1.0\n", 'version: expected a string, found 1.0; put it in quotes: "1.0"'),
        ("  paused: maybe\n", 'paused: expected true or false, found "maybe"; write true or false'),
        (
            "  concurrency_limit: many\n",
            'concurrency_limit: expected a whole number, found "many"; write a whole number',
        ),
        (
            "  concurrency_limit: 0\n",
            "concurrency_limit: has to be more than 0, found 0; write a larger number",
        ),
        ("  tags: ab\n", 'tags: expected a list, found "ab"; write a list: ["ab"]'),
        ("  tags: [' ', null]\n", "tags[1]: expected a string, found nothing; write a string"),
        ("  work_pool: p\n", "work_pool: expected a mapping; write work_pool: {name: …}"),
        (
            "  concurrency_limit: {limit: 2, grace_period_seconds: 90}\n",
            "concurrency_limit.collision_strategy: required key is missing; add collision_strategy: …",
        ),
    ],
)
def test_scalars_that_prefect_refuses(tmp_path: Path, text: str, problem: str) -> None:
    """At their place; a text for tags Prefect takes for a list of its characters."""
    (line,) = refused(tmp_path, f"pull: []\ndeployments:\n- name: a\n  entrypoint: etl.py:etl\n{text}")
    assert line.partition(": deployments[0].")[2] == problem


def test_flags_of_schedules(tmp_path: Path) -> None:
    """As text, as Prefect's model allows them for templates; an empty slug is none."""
    text = "  schedules: [{cron: '0 1 * * *', active: 'no', day_or: 'false', slug: ''}]\n"
    (schedule,) = fields(text, tmp_path)["schedules"]
    assert (schedule["active"], schedule["day_or"], schedule["slug"]) == (False, False, None)


@pytest.mark.parametrize(
    ("written", "description"),
    [
        ("", "Load."),
        ("  description: ''\n", "Load."),
        ("  description:\n", "Load."),
        ("  description: x\n", "x"),
    ],
)
def test_descriptions(tmp_path: Path, written: str, description: str) -> None:
    """That of the code, unless there is another one."""
    assert one(tmp_path, f"pull: []\n{DEPLOYMENT}{written}").fields["description"] == description


def test_the_name_of_the_flow(tmp_path: Path) -> None:
    """The code names it; `flow_name` counts where the code is elsewhere, not where it has no such flow."""
    text = (
        "pull: []\ndeployments: [{name: a, flow_name: f, work_pool: {name: p}, entrypoint: 'etl.py:etl'}]\n"
    )
    found = loaded(tmp_path, text)
    assert found.desired[0].name == "etl/a"
    assert [hint.what for hint in found.hints] == ['Prefect ignores flow_name: the code names its flow "etl"']
    assert one(tmp_path, text.replace("etl.py:etl", "elsewhere.py:etl")).name == "f/a"
    (line,) = refused(tmp_path, text.replace("etl.py:etl", "etl.py:gone"))
    assert line.startswith("prefect.yaml:2:")
    assert "deployments[0].entrypoint: " in line


def test_a_schedule_that_replaces_another(tmp_path: Path) -> None:
    """Schedules of other slugs are made anew, so the key says nothing."""
    found = loaded(
        tmp_path, f"pull: []\n{DEPLOYMENT}  schedules: [{{cron: '@daily', slug: a, replaces: b}}]\n"
    )
    assert [(hint.path, hint.what) for hint in found.hints] == [
        ("deployments[0].schedules[0].replaces", "a schedule is not renamed but made anew")
    ]


@pytest.mark.parametrize(("outer", "zone"), [("", "Asia/Tokyo"), (", timezone: UTC", "UTC")])
def test_the_time_zone_of_an_rrule_as_json(tmp_path: Path, outer: str, zone: str) -> None:
    """One beside it wins."""
    rule = '{"rrule": "FREQ=DAILY", "timezone": "Asia/Tokyo"}'
    (schedule,) = fields(f"  schedules: [{{rrule: '{rule}'{outer}}}]\n", tmp_path)["schedules"]
    assert schedule["timezone"] == zone


def filled(folder: Path, text: str, supplied: dict[str, Json], **environ: str) -> object:
    """The job variable `x` of a deployment."""
    found = one(folder, f"{STEPS}{DEPLOYMENT.replace('{name: p}', text)}", supplied, **environ)
    variables = found.fields["job_variables"]
    assert isinstance(variables, dict)
    return variables["x"]


def test_outputs_keep_their_types_and_have_parts(tmp_path: Path) -> None:
    """From a JSON file they are what they are, and a placeholder may name what is in them."""
    supplied: dict[str, Json] = {"build_image": {"tags": ["a", {"b": 1}], "size": 3}}
    for placeholder, value in (
        ("build_image.size", 3),
        ("build_image.tags", ["a", {"b": 1}]),
        ("build_image.tags[0]", "a"),
        ("build_image.tags[1].b", 1),
    ):
        text = f"{{name: p, job_variables: {{x: '{{{{ {placeholder} }}}}'}}}}"
        assert filled(tmp_path, text, supplied) == value
    assert filled(tmp_path, "{name: p, job_variables: {x: 'v{{ build_image.size }}'}}", supplied) == "v3"


@pytest.mark.parametrize("missing", ["build_image.tags[2]", "build_image.other", "build_image.tags.x"])
def test_parts_that_are_not_there(tmp_path: Path, missing: str) -> None:
    """They are outputs that were not supplied."""
    text = f"{STEPS}{DEPLOYMENT}  version: '{{{{ {missing} }}}}'\n"
    with pytest.raises(Exception, match="comes from a build or push step") as error:
        loaded(tmp_path, text, {"build_image": {"tags": ["a"]}})
    assert f"pass --set {missing}=…" in str(error.value)


def test_supplied_text_may_be_a_number(tmp_path: Path) -> None:
    """`--set` knows only text."""
    text = f"{STEPS}{DEPLOYMENT}  concurrency_limit: '{{{{ build_image.limit }}}}'\n"
    found = one(tmp_path, text, {"build_image.limit": Filled("4")}).fields
    assert found["concurrency_limit"] == 4


def test_a_step_of_another_spelling(tmp_path: Path) -> None:
    """Prefect deletes the placeholder; the step that was meant is told."""
    push = "push: [{push_docker_image: {id: pushed}}]\n"
    (line,) = refused(tmp_path, f"{push}{STEPS}{DEPLOYMENT}  version: '{{{{ pushed.digest }}}}'\n")
    assert "{{ pushed.digest }} comes from a build or push step" in line
    (line,) = refused(tmp_path, f"{STEPS}{DEPLOYMENT}  version: '{{{{ build-image.tag }}}}'\n")
    assert line.endswith(
        "version: {{ build-image.tag }} is nothing that is known, and Prefect would delete it; "
        'did you mean "build_image.tag"?'
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("  name: '{{ prefect.variables.x }}'\n", "name"),
        ("  tags: ['{{ prefect.blocks.secret.x }}']\n", "tags[0]"),
        ("  parameters: {day: '{{ prefect.blocks.secret.x }}'}\n", "parameters.day"),
        ("  description: see {{ prefect.variables.x }}\n", "description"),
        ("  schedule: {cron: '{{ prefect.variables.x }}'}\n", "schedule.cron"),
        ("  work_pool: {name: '{{ prefect.variables.x }}'}\n", "work_pool.name"),
        (
            "  work_pool: {name: p, work_queue_name: '{{ prefect.variables.x }}'}\n",
            "work_pool.work_queue_name",
        ),
    ],
)
def test_no_worker_looks_it_up_here(tmp_path: Path, text: str, place: str) -> None:
    """Prefect would, while it deploys, and store what it found."""
    lines = refused(tmp_path, f"pull: []\ndeployments:\n- entrypoint: etl.py:etl\n{text}")
    (line,) = (line for line in lines if "looked up" in line)
    assert f": deployments[0].{place}: " in line


def test_references_to_the_run(tmp_path: Path) -> None:
    """They stay, as for Prefect, but in a schedule, from which it deletes them."""
    text = "  tags: ['{{ ctx.flow_run.name }}']\n"
    assert fields(text, tmp_path)["tags"] == ["{{ ctx.flow_run.name }}"]
    schedule = "{cron: '@daily', parameters: {day: '{{ ctx.flow.name }}'}}"
    (line,) = refused(tmp_path, f"pull: []\n{DEPLOYMENT}  schedule: {schedule}\n")
    assert "schedule.parameters.day: {{ ctx.flow.name }} is nothing that is known" in line


def test_what_was_meant_for_the_run(tmp_path: Path) -> None:
    """Prefect deletes `flow_run.name`, and the worker knows it by another name."""
    text = "pull: []\ndeployments: [{name: a, entrypoint: 'etl.py:etl', work_pool: {name: p, job_variables: "
    (line,) = refused(tmp_path, f"{text}{{x: '{{{{ flow_run.name }}}}'}}}}}}]\n")
    assert line.endswith("; write {{ ctx.flow_run.name }} for the worker to fill")


def test_bare_names(tmp_path: Path) -> None:
    """From the environment, with a hint how to say so; unless a value was given for the name."""
    text = f"pull: []\n{DEPLOYMENT}  version: '{{{{ TAG }}}}'\n"
    found = loaded(tmp_path, text, TAG="1")
    assert found.desired[0].fields["version"] == "1"
    assert [(hint.path, hint.what, hint.remedy) for hint in found.hints] == [
        ("deployments[0].version", "{{ TAG }} is taken from the environment", "write {{ $TAG }}")
    ]
    assert loaded(tmp_path, text, {"TAG": "2"}, TAG="1").desired[0].fields["version"] == "2"
    (line,) = refused(tmp_path, text)
    assert "version: {{ TAG }} is nothing that is known" in line


def test_values_are_not_filled_again(tmp_path: Path) -> None:
    """What the environment holds is no template, whoever wrote it."""
    text = "  version: '{{ $TAG }}'\n"
    assert fields(text, tmp_path, TAG="{{ $HOME }}")["version"] == "{{ $HOME }}"


def test_one_bad_deployment_hides_no_other(tmp_path: Path) -> None:
    """Each says all that is wrong with it."""
    text = (
        "pull: []\ndeployments:\n- {name: a, entrypoint: 'etl.py:etl', version: 1, paused: maybe}\n"
        "- {name: b/c, entrypoint: 'etl.py:etl', tagz: [], version: '{{ $UNSET }}'}\n- 7\n"
        "- {entrypoint: 'etl.py:etl', schedules: [{cron: never}]}\n"
    )
    places = [line.split(" ")[1].rstrip(":") for line in refused(tmp_path, text)]
    assert places == [
        "deployments[0].version",
        "deployments[0].paused",
        "deployments[1].name",
        "deployments[1].tagz",
        "deployments[1].version",
        "deployments[2]",
        "deployments[3].name",
        "deployments[3].schedules[0].cron",
    ]
