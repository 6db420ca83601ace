"""Documents over the whole grammar of a `prefect.yaml`, of which Prefect can deploy each."""

from __future__ import annotations

import datetime
import json
from functools import cache
from typing import Any

from hypothesis import strategies as st

ENVIRON = {"TAG": "t1", "NAME": "night", "POOL": "pool", "ON": "true", "CRON": "0 5 * * *", "BARE": "bare"}
OUTPUTS: dict[str, Any] = {"image": {"tag": "9", "image": "registry/x:9", "size": 3, "tags": ["a", "b"]}}

NOON = datetime.datetime(2024, 1, 1, 12)  # noqa: DTZ001 - as YAML reads a moment without offset
_TEXTS = (
    "",
    "plain",
    "two\nlines\n",
    "a: b # c",
    "é ☃",
    "0o7",
    "yes",
    "null",
    "{{ half",
    "{{ event['x'] }}",
    "1.0",
)
_EMBEDDED = (
    "v-{{ $TAG }}",
    "{{$TAG}}/{{ $NAME }}",
    "at {{ BARE }}",
    "x{{ $ON }}",
    "of {{ ctx.flow.name }}",
)
_OF_STEPS = ("v-{{ image.tag }}", "{{ image.image }}:{{ $TAG }}", "{{ image.size }} MB")
_WHOLE = ("{{ BARE }}", "{{ ctx.flow_run.name }}")
_WHOLE_OF_STEPS = ("{{ image.tag }}", "{{ image.size }}", "{{image.tags}}", "{{ image.tags[1] }}")
_LOOKED_UP = ("{{ prefect.blocks.secret.x }}", "a {{ prefect.variables.v }} {{ $TAG }}", "{{ $TAG }}")
_KEYS = st.sampled_from(["a", "b", "key_c", "d"])
_OTHER_KEYS = st.sampled_from(["a", "B", "x.y", "with space", "env"])
_ZONES = st.sampled_from([None, "UTC", "Europe/Paris", "America/New_York"])
_BOOLEANS = st.sampled_from([None, True, False, "true", "no", "{{ $ON }}"])
_MOMENTS = st.sampled_from(
    ["2024-01-01", "2024-01-01T10:00:00", "2024-06-01T10:00:00+02:00", "2024-01-01T00:00:00Z"]
)


class _Texts:
    """What may stand in a place of text, with or without steps whose outputs are known."""

    def __init__(self, steps: bool, workers: bool = False) -> None:
        kinds = (_TEXTS, _EMBEDDED, _OF_STEPS * steps, _LOOKED_UP * workers)
        self.within = st.one_of([st.sampled_from(texts) for texts in kinds if texts])
        # In a list, Prefect deletes a placeholder that is a whole entry, unless it is looked up or `$NAME`.
        self.alone = self.within | st.sampled_from(_WHOLE + _WHOLE_OF_STEPS * steps)

    def values(self) -> st.SearchStrategy[Any]:
        scalars = st.sampled_from([None, True, 0, -1, 2.5, 10**12, datetime.date(2024, 1, 1), NOON])
        nested = st.recursive(
            self.within | scalars,
            lambda inner: st.lists(inner, max_size=2) | self._mappings(_OTHER_KEYS, inner),
            max_leaves=4,
        )
        return nested | self.alone

    def _mappings(
        self, keys: st.SearchStrategy[str], inner: st.SearchStrategy[Any]
    ) -> st.SearchStrategy[Any]:
        return st.dictionaries(keys, inner | self.alone, max_size=2)

    def mappings(self, keys: st.SearchStrategy[str] = _KEYS) -> st.SearchStrategy[Any]:
        return st.dictionaries(keys, self.values(), max_size=3)


def _some(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A mapping that has each optional key as often as not, which Hypothesis' own optional keys are not."""
    perhaps = {key: st.just(...) | value for key, value in optional.items()}
    every = st.fixed_dictionaries({**required, **perhaps})
    return every.map(lambda one: {key: value for key, value in one.items() if value is not ...})


def _schedules(texts: _Texts, index: int) -> st.SearchStrategy[dict[str, Any]]:
    """Each differs from those of other indexes in more than what one may leave out."""
    common = {
        "timezone": _ZONES,
        "active": _BOOLEANS,
        "parameters": texts.mappings().filter(lambda value: "ctx." not in json.dumps(value, default=str)),
        "slug": st.sampled_from([None, "", f"slug-{index}"]),
    }
    cron = st.sampled_from([f"{index} 2 * * *", f"*/{index + 7} * * * 1-5"])
    interval = st.sampled_from([3600 + index, 60.5 + index, f"PT{index + 1}H", f"0{index + 1}:00:00"])
    rule = f"FREQ=DAILY;INTERVAL={index + 1}"
    rrule = st.sampled_from(
        [rule, json.dumps({"rrule": rule}), json.dumps({"rrule": rule, "timezone": "Asia/Tokyo"})]
    )
    moments = st.sampled_from([NOON, datetime.date(2024, 2, 1)])
    return st.one_of(
        _some({"cron": cron}, {**common, "day_or": _BOOLEANS, "anchor_date": st.none()}),
        _some({"interval": interval}, {**common, "anchor_date": st.none() | _MOMENTS}),
        # A date that is not quoted is accepted without keys that are not of the schedule's own type.
        _some({"interval": st.just(3600 + index), "anchor_date": moments}, {"timezone": _ZONES}),
        _some({"rrule": rrule}, {**common}),
    )


def _steps(texts: _Texts) -> st.SearchStrategy[Any]:
    """Pull steps in every form that has a meaning."""
    values = st.sampled_from(("{{ clone.directory }}", "{{ $TAG }}", "{{ $NONE }}", "{{ $NAME }}/x"))
    inputs = st.dictionaries(_KEYS, values | texts.within.filter(lambda text: "BARE" not in text), max_size=3)
    step = st.builds(lambda name, value: {name: value}, st.sampled_from(["p.clone", "p.run"]), inputs)
    return st.sampled_from([None, [], {}]) | st.lists(step, min_size=1, max_size=2) | step


def _images() -> st.SearchStrategy[Any]:
    step = st.sampled_from(
        [{"dockerfile": "auto", "id": "image"}, {"dockerfile": "Dockerfile", "id": "image"}]
    )
    return step.map(lambda one: [{"prefect_docker.deployments.steps.build_docker_image": one}])


def _limits() -> st.SearchStrategy[Any]:
    mapping = _some(
        {
            "limit": st.sampled_from([None, 2, "3"]),
            "collision_strategy": st.sampled_from(["ENQUEUE", "CANCEL_NEW"]),
        },
        {"grace_period_seconds": st.sampled_from([None, 60, "90"]), "x-why": st.just("free")},
    )
    return st.sampled_from([None, 1, 7.0, "5"]) | mapping


def _tags(texts: _Texts) -> st.SearchStrategy[list[Any]]:
    return st.lists(texts.within | st.sampled_from([1, 2.5, True, " ", "{{ $TAG }}"]), max_size=3)


@cache
def _deployments(index: int, steps: bool) -> st.SearchStrategy[dict[str, Any]]:
    texts, for_workers = _Texts(steps), _Texts(steps, workers=True)
    names = [f"d{index}", f"d {index}", f"d{index}.py", f"{{{{ $NAME }}}}-{index}", f"{{{{ BARE }}}}{index}"]
    entrypoints = [
        "etl.py:load",
        "./flows/etl.py:load_all",
        "flows/etl.py:load_all",
        "flows.etl:load_all",
        "flows.etl.load_all",
    ]
    entries = st.tuples(*(_schedules(texts, n) for n in range(2)))
    pool = _some(
        {"name": st.sampled_from(["pool", "{{ $POOL }}", "{{ $POOL }}-{{ $NAME }}"])},
        {
            "work_queue_name": st.sampled_from([None, "", "fast", "{{ $NAME }}"]),
            "job_variables": for_workers.mappings(_OTHER_KEYS | st.just("image")),
            ".free": st.just(1),
        },
    )
    schedules = st.one_of(
        st.just({}),
        st.sampled_from([{"schedule": None}, {"schedule": {}}, {"schedules": None}, {"schedules": []}]),
        st.just({"schedule": None, "schedules": []}),
        _schedules(texts, 5).map(lambda one: {"schedule": one}),
        entries.map(lambda many: {"schedules": list(many)}),
        entries.map(lambda many: {"schedule": {}, "schedules": list(many)}),
    )
    rest = _some(
        {"name": st.sampled_from(names), "entrypoint": st.sampled_from(entrypoints), "work_pool": pool},
        {
            "version": st.sampled_from([None, "", "1.0", "{{ $TAG }}"]),
            "version_type": st.none(),
            "description": st.none()
            | texts.alone.filter(lambda text: "size" not in text and "tags" not in text),
            "tags": _tags(texts),
            "concurrency_limit": _limits(),
            "flow_name": st.sampled_from([None, "ignored"]),
            "parameters": texts.mappings(),
            "enforce_parameter_schema": st.sampled_from([None, True, False, "no"]),
            "paused": st.sampled_from([None, True, False, "yes"]),
            "pull": _steps(for_workers),
            "push": st.sampled_from([None, [], {}]),
            "x-note": texts.values(),
            **({} if steps else {"build": st.sampled_from([None, [], {}]) | _images()}),
        },
    )
    return st.builds(lambda one, timed: {**one, **timed}, rest, schedules)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A document, and in it aliases where `yaml.safe_dump` finds a value twice."""
    steps = draw(st.booleans())
    count = draw(st.integers(1, 3))
    listed = [draw(_deployments(index, steps)) for index in range(count)]
    if count > 1 and draw(st.booleans()):
        listed[1]["work_pool"] = listed[0]["work_pool"]
    top = {
        "name": st.sampled_from([None, "project"]),
        "prefect-version": st.sampled_from([None, "3.8.8"]),
        "push": st.sampled_from([None, [], {}]),
        "pull": _steps(_Texts(steps, workers=True)),
        "definitions": st.just({"pools": [listed[0]["work_pool"]], "anything": {"goes": "{{ $NONE }}"}}),
        ".hidden": st.just([1]),
    }
    build = {"build": _images()} if steps else {}
    optional = {} if steps else {"build": st.sampled_from([None, [], {}]) | _images()}
    return {**draw(_some(build, {**top, **optional})), "deployments": listed}
