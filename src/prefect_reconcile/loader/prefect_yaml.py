"""The dialect of `prefect deploy`: each deployment of a `prefect.yaml` as a native manifest. Pure.

What `prefect deploy --all` would make of it is made of it, and what a declarative tool cannot do is
said. Source: `prefect.cli.deploy` of Prefect 3.8.8, mainly `_core` and `_models`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from prefect_reconcile.kinds.protocol import CodeLookup
from prefect_reconcile.loader.placeholders import Decide, Filling, Kept, Placeholder, Put, Values, variable
from prefect_reconcile.model import Filled, Finding, FlowFacts, Json, JsonObject, NoFlow, Path
from prefect_reconcile.spelling import did_you_mean

_TOP = ("name", "prefect-version", "build", "push", "pull", "deployments", "definitions")
_DEPLOYMENT = (
    "name", "version", "version_type", "description", "tags", "concurrency_limit", "flow_name", "entrypoint",
    "parameters", "enforce_parameter_schema", "work_pool", "schedule", "schedules", "paused", "triggers",
    "sla", "build", "push", "pull",
)  # fmt: skip
_WORK_POOL = ("name", "work_queue_name", "job_variables")
_LIMIT = ("limit", "collision_strategy", "grace_period_seconds")
_SCHEDULE = (
    "cron", "interval", "rrule", "timezone", "anchor_date", "day_or", "active", "parameters", "slug",
    "replaces",
)  # fmt: skip

_INTO_SCHEDULES = "move it into schedules"
_GONE = "Prefect 3 knows it no longer: remove it"
_MISPLACED: Mapping[str, str] = {
    "job_variables": "move it into work_pool",
    "work_queue_name": "move it into work_pool",
    "work_pool_name": "write work_pool: {name: …}",
    "infra_overrides": "it is called job_variables now, in work_pool",
    "infrastructure": _GONE,
    "storage": _GONE,
    "is_schedule_active": "write active: false in the schedule, or paused: true",
    "concurrency": "write concurrency_limit: …",
    **dict.fromkeys(
        ("cron", "interval", "rrule", "timezone", "day_or", "anchor_date", "active"), _INTO_SCHEDULES
    ),
}
"""Keys that Prefect ignores beside `work_pool` although their authors meant them."""
_MISPLACED_IN_POOL: Mapping[str, str] = {
    "concurrency_limit": "move it out of work_pool, beside it",
    "queue_name": "it is called work_queue_name",
    "queue": "it is called work_queue_name",
}
_MISPLACED_IN_SCHEDULE: Mapping[str, str] = dict.fromkeys(
    ("catchup", "max_active_runs", "late_runs", "flow_run_name"), _GONE
)

_LOOKED_UP = ("prefect.blocks.", "prefect.variables.")
"""What begins a reference to something on the server."""

_SET_DIRECTORY = "prefect.deployments.steps.set_working_directory"
_BUILD_IMAGE = "prefect_docker.deployments.steps.build_docker_image"


@dataclass(frozen=True, slots=True)
class Entry:
    """One deployment: its native manifest, where it stands in the file, and what to say about it.

    `initial` are fields for a new deployment only. `places` maps the beginnings of native paths to paths
    of the file. There is no use of `value` where there are `findings`.
    """

    path: Path
    value: JsonObject
    initial: JsonObject
    places: Mapping[Path, Path]
    findings: tuple[Finding, ...]
    hints: tuple[Finding, ...]

    def place(self, native: Path) -> Path:
        """The path in the file of a path in the native manifest."""
        for length in range(len(native), 0, -1):
            if native[:length] in self.places:
                return self.places[native[:length]] + native[length:]
        return self.path + native if native else self.path


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a file does not say: values by name, the folder of the run, and the code."""

    values: Values
    directory: str
    code: CodeLookup


def entries(document: JsonObject, around: Surroundings) -> Iterator[Entry | Finding]:
    """The deployments of a file, and what is wrong with the rest of it, at paths of the file."""
    yield from _unknown(document, (), _TOP, {})
    listed = document.get("deployments")
    if listed is not None and not isinstance(listed, list):
        yield Finding(("deployments",), "expected a list of deployments", "begin each with - name: …")
        return
    for index, one in enumerate(listed or []):
        path: Path = ("deployments", index)
        if isinstance(one, dict):
            yield _Reader(document, one, path, around).entry()
        else:
            yield Finding(path, "expected a deployment, which is a mapping", "begin it with name: …")


def _unknown(
    value: JsonObject, path: Path, known: Collection[str], misplaced: Mapping[str, str]
) -> Iterator[Finding]:
    for key in value:
        if key in known or key.startswith((".", "x-")):
            continue
        if key in misplaced:
            what = "Prefect ignores this key here"
            yield Finding((*path, key), what, misplaced[key], on_key=True, stray=True)
        else:
            remedy = did_you_mean(key, known, f"remove it; the keys here are {', '.join(known)}")
            yield Finding((*path, key), "unknown key", remedy, on_key=True, stray=True)


@dataclass(slots=True)
class _Reader:
    """Reads one deployment; `native` grows with `places` beside it."""

    document: JsonObject
    written: JsonObject
    path: Path
    around: Surroundings
    native: JsonObject = field(default_factory=dict)
    initial: JsonObject = field(default_factory=dict)
    places: dict[Path, Path] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    hints: list[Finding] = field(default_factory=list)

    def entry(self) -> Entry:
        self.findings += _unknown(self.written, self.path, _DEPLOYMENT, _MISPLACED)
        filling = Filling(self._decide(), [])
        said = {
            key: filling.fill(one, (*self.path, key))
            for key, one in self.written.items()
            if key in _DEPLOYMENT and key not in ("build", "push", "pull", "triggers", "sla")
        }
        self._copy(said)
        self._flow(said)
        self._work_pool(said.get("work_pool"))
        self._limit(said.get("concurrency_limit"))
        self._schedules(said)
        self._pull(filling)
        self._not_carried_out()
        self.findings += filling.findings
        return Entry(
            self.path, self.native, self.initial, self.places, tuple(self.findings), tuple(self.hints)
        )

    def _put(self, name: str, value: Json, path: Path) -> None:
        self.native[name] = value
        self.places[(name,)] = path

    def _copy(self, said: JsonObject) -> None:
        for key in (
            "name",
            "version",
            "tags",
            "entrypoint",
            "parameters",
            "enforce_parameter_schema",
            "paused",
        ):
            if key in said and (said[key] is not None or key in ("tags", "parameters")):
                self._put(key, said[key], (*self.path, key))
        # Empty or null means the flow's own, as left out does.
        if said.get("description"):
            self._put("description", said["description"], (*self.path, "description"))

    def _flow(self, said: JsonObject) -> None:
        """The flow's name is that in the code; `flow_name` counts only where the code is not here."""
        entrypoint, name = said.get("entrypoint"), said.get("flow_name")
        if not entrypoint:
            self.findings.append(
                Finding(
                    (*self.path, "entrypoint"), "required key is missing", "add entrypoint: path.py:function"
                )
            )
            return
        if not isinstance(entrypoint, str):
            return  # the kind says what an entrypoint is
        facts = self.around.code(entrypoint)
        if isinstance(facts, NoFlow) or facts.name is None:
            self._unknown_flow(facts, name)
        elif name and name != facts.name:
            what = f'Prefect ignores flow_name: the code names its flow "{facts.name}"'
            self.hints.append(Finding((*self.path, "flow_name"), what, "remove it"))

    def _unknown_flow(self, facts: FlowFacts | NoFlow, name: Json) -> None:
        path = (*self.path, "entrypoint")
        if isinstance(facts, NoFlow) and (facts.certain or not name):
            remedy = facts.remedy if facts.certain else f"{facts.remedy}, or add flow_name: …"
            self.findings.append(Finding(path, facts.what, remedy))
        elif name:
            self._put("flow", name, (*self.path, "flow_name"))
        else:
            what = "the code computes the flow's name, so it is not known"
            self.findings.append(Finding(path, what, "add flow_name: …"))

    def _work_pool(self, pool: Json) -> None:
        path: Path = (*self.path, "work_pool")
        if pool is not None and not isinstance(pool, dict):
            self.findings.append(Finding(path, "expected a mapping", "write work_pool: {name: …}"))
            return
        self.findings += _unknown(pool or {}, path, _WORK_POOL, _MISPLACED_IN_POOL)
        for key, name in (("name", "work_pool_name"), ("work_queue_name",) * 2, ("job_variables",) * 2):
            if pool and pool.get(key) is not None:
                self._put(name, pool[key], (*path, key))

    def _limit(self, limit: Json) -> None:
        path: Path = (*self.path, "concurrency_limit")
        if not isinstance(limit, dict):
            if limit is not None:
                self._put("concurrency_limit", limit, path)
            return
        self.findings += _unknown(limit, path, _LIMIT, {})
        if limit.get("limit") is not None:
            self._put("concurrency_limit", limit["limit"], (*path, "limit"))
        options: JsonObject = {
            key: one for key, one in limit.items() if key in _LIMIT[1:] and one is not None
        }
        if options:
            self._put("concurrency_options", options, path)

    def _schedules(self, said: JsonObject) -> None:
        """`schedule` is the older spelling of a list of one; nothing, `{}` and null are none."""
        one, many = said.get("schedule"), said.get("schedules")
        if one and many is not None:
            what, remedy = "schedule and schedules are both given", "keep schedules"
            self.findings.append(Finding((*self.path, "schedule"), what, remedy, on_key=True))
            return
        name = "schedule" if one else "schedules"
        listed = [one] if one else (many or [])
        if not isinstance(listed, list):
            self.findings.append(Finding((*self.path, name), "expected a list", "begin each with - cron: …"))
            return
        kept = [(index, schedule) for index, schedule in enumerate(listed) if schedule not in (None, {})]
        self._put("schedules", [], (*self.path, name))
        for position, (index, schedule) in enumerate(kept):
            path: Path = (*self.path, name) if one else (*self.path, name, index)
            self.places[("schedules", position)] = path
            self.native["schedules"] = [*self._listed(), self._schedule(schedule, path)]

    def _listed(self) -> list[Json]:
        listed = self.native["schedules"]
        return listed if isinstance(listed, list) else []

    def _schedule(self, schedule: Json, path: Path) -> Json:
        if not isinstance(schedule, dict):
            return schedule
        self.findings += _unknown(schedule, path, _SCHEDULE, _MISPLACED_IN_SCHEDULE)
        if schedule.get("replaces"):
            what = "a schedule is not renamed but made anew"
            self.hints.append(Finding((*path, "replaces"), what, "nothing has to be done"))
        known = {key: one for key, one in schedule.items() if key in _SCHEDULE and key != "replaces"}
        return {**known, **_rrule(known)}

    def _pull(self, filling: Filling) -> None:
        """The deployment's own pull steps, else those of the file, else what the run's folder says."""
        own, inherited = self.written.get("pull"), self.document.get("pull")
        if own == [] or (own is None and "pull" not in self.written and inherited == []):
            self._put("pull_steps", [], (*self.path, "pull") if own == [] else ("pull",))
            return
        steps, path = (own, (*self.path, "pull")) if own else (inherited, ("pull",))
        if not steps:
            self._default_pull()
            return
        listed: Json = [steps] if isinstance(steps, dict) else steps
        self._put("pull_steps", filling.fill(listed, path), path)

    def _default_pull(self) -> None:
        directory = self._image_directory() or self.around.directory
        step: JsonObject = {_SET_DIRECTORY: {"directory": directory}}
        self.initial["pull_steps"] = [step]
        what = f"without pull, runs of a new deployment look for the code in {directory}"
        self.hints.append(Finding(self.path, what, "add pull: … if it is elsewhere for them"))

    def _image_directory(self) -> str | None:
        """Where the code is in an image that is built, or used, for the runs."""
        for step in self._steps("build"):
            options = step.get(_BUILD_IMAGE)
            if isinstance(options, dict) and options.get("dockerfile") == "auto":
                return f"/opt/prefect/{self.around.directory.rstrip('/').rpartition('/')[2]}"
        variables = self.native.get("job_variables")
        return "/opt/prefect" if isinstance(variables, dict) and variables.get("image") else None

    def _steps(self, name: str) -> list[JsonObject]:
        steps = self.written[name] if name in self.written else self.document.get(name)
        listed = [steps] if isinstance(steps, dict) else steps if isinstance(steps, list) else []
        return [step for step in listed if isinstance(step, dict)]

    def _outputs(self) -> set[str]:
        """What placeholders may call the outputs of build and push steps: the steps' ids."""
        ids = set()
        for step in (*self._steps("build"), *self._steps("push")):
            ids |= {str(one["id"]) for one in step.values() if isinstance(one, dict) and one.get("id")}
        return ids

    def _not_carried_out(self) -> None:
        for name, what in (("triggers", "triggers are"), ("sla", "an sla is")):
            if self.written.get(name):
                remedy = "keep it with prefect deploy, or make an automation"
                self.hints.append(Finding((*self.path, name), f"{what} not carried out", remedy, on_key=True))
        for name in ("build", "push"):
            if self._steps(name):
                path: Path = (*self.path, name) if name in self.written else (name,)
                what = f"{name} steps are not carried out"
                self.hints.append(Finding(path, what, "run them before, in CI", on_key=True))

    def _decide(self) -> Decide:
        outputs = self._outputs()

        def decide(path: Path, placeholder: Placeholder) -> Kept | Put | Finding:
            name = placeholder.name
            at_run = "pull" in path[:3] or path[2:4] == ("work_pool", "job_variables")
            if name in self.around.values.given:
                return Put(self.around.values.given[name])
            if placeholder.variable:
                found = variable(path, placeholder, self.around.values)
                # A worker fills what is left in a pull step from its own environment.
                return Kept() if isinstance(found, Finding) and "pull" in path[:3] else found
            if name.startswith("ctx.") or (at_run and name.startswith(_LOOKED_UP)):
                return Kept()
            return self._other(path, name, outputs)

        return decide

    def _other(self, path: Path, name: str, outputs: set[str]) -> Kept | Put | Finding:
        first = name.partition(".")[0]
        if name.startswith(_LOOKED_UP):
            what = f"{{{{ {name} }}}} would have to be looked up now, and stored"
            return Finding(
                path, what, "write the value, or {{ $NAME }}; only job_variables and pull may keep it"
            )
        if first in outputs:
            what = f"{{{{ {name} }}}} comes from a build or push step, which is not carried out"
            return Finding(path, what, f"run it before, and pass --set {name}=…")
        if "pull" in path[:3]:
            return Kept()  # the output of an earlier pull step, which the worker knows
        environ = self.around.values.environ
        if "." not in name and name in environ:
            hint = Finding(
                path, f"{{{{ {name} }}}} is taken from the environment", f"write {{{{ ${name} }}}}"
            )
            self.hints.append(hint)
            return Put(Filled(environ[name]))
        what = f"{{{{ {name} }}}} is nothing that is known, and Prefect would delete it"
        return Finding(path, what, f"pass --set {name}=…, or write {{{{ $NAME }}}} for the environment")


def _rrule(schedule: JsonObject) -> JsonObject:
    """Prefect takes an rrule also as the JSON of a whole rrule schedule."""
    rule = schedule.get("rrule")
    try:
        whole = json.loads(rule) if isinstance(rule, str) else None
    except ValueError:
        return {}
    if not isinstance(whole, dict):
        return {}
    timezone = schedule.get("timezone") or whole.get("timezone")
    return {"rrule": whole.get("rrule"), **({"timezone": timezone} if timezone else {})}
