"""Reading the deployments of a `prefect.yaml`.

Source: `prefect.cli.deploy` of Prefect 3.8.8, mainly `_core` and `_config`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from prefect_reconcile.kinds.protocol import CodeLookup
from prefect_reconcile.loader.placeholders import Filling, Values
from prefect_reconcile.loader.prefect_yaml import grammar, schedules, steps
from prefect_reconcile.loader.prefect_yaml.templates import Templates
from prefect_reconcile.model import Filled, Finding, FlowFacts, Json, JsonObject, NoFlow, Path

_NOT_FILLED = (*steps.SECTIONS, "triggers", "sla")
"""What is not filled with the rest: pull steps are filled apart, and the others not carried out."""

_COPIED = ("name", "version", "tags", "entrypoint", "parameters", "enforce_parameter_schema", "paused")
_READ: Mapping[str, Callable[[Json], Json]] = {
    "paused": grammar.boolean,
    "enforce_parameter_schema": grammar.boolean,
    # Where it is empty, Prefect makes one up, as it does for none.
    "version": lambda value: None if value == "" else value,
}
_CLEARED_BY_NULL = ("tags", "parameters")

_DEFAULT_POOL = ("PREFECT_DEPLOYMENTS_DEFAULT_WORK_POOL_NAME", "PREFECT_DEFAULT_WORK_POOL_NAME")
"""The variables of Prefect's setting `deployments.default_work_pool_name`, in Prefect's order."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """What a new deployment gets, and a live one keeps as it is, where nothing says any of the fields."""

    fields: JsonObject
    hint: Finding


@dataclass(frozen=True, slots=True)
class Entry:
    """One deployment: its native manifest, where it stands in the file, and what to say about it.

    `places` maps the beginnings of native paths to paths
    of the file. There is no use of `value` where there are `findings`, but for stray keys.
    """

    path: Path
    value: JsonObject
    assumptions: tuple[Assumption, ...]
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
    yield from grammar.FILE.strays(document, ())
    yield from steps.malformed(document, ())
    listed = document.get("deployments")
    if listed is not None and not isinstance(listed, list):
        yield Finding(("deployments",), "expected a list of deployments", "begin each with - name: …")
        return
    for index, one in enumerate(listed or []):
        path: Path = ("deployments", index)
        if isinstance(one, dict):
            yield _Reader(one, steps.Steps(document, one, path), path, around).entry()
        else:
            yield Finding(path, "expected a deployment, which is a mapping", "begin it with name: …")


@dataclass(slots=True)
class _Reader:
    """Reads one deployment; `native` grows with `places` beside it."""

    written: JsonObject
    steps: steps.Steps
    path: Path
    around: Surroundings
    native: JsonObject = field(default_factory=dict)
    assumptions: list[Assumption] = field(default_factory=list)
    places: dict[Path, Path] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    hints: list[Finding] = field(default_factory=list)

    def entry(self) -> Entry:
        self.findings += grammar.DEPLOYMENT.strays(self.written, self.path)
        self.findings += steps.malformed(self.written, self.path)
        filling = Filling(Templates(self.around.values, self.steps.outputs(), self.hints).decide)
        said = {
            key: filling.fill(one, (*self.path, key))
            for key, one in self.written.items()
            if key in grammar.DEPLOYMENT.known and key not in _NOT_FILLED
        }
        self._copy(said)
        self._flow(said)
        self._work_pool(said.get("work_pool"))
        self._limit(said.get("concurrency_limit"))
        self._schedules(said)
        self._pull(filling)
        self._not_carried_out(said)
        self.findings += filling.findings
        return Entry(
            self.path,
            self.native,
            tuple(self.assumptions),
            self.places,
            tuple(self.findings),
            tuple(self.hints),
        )

    def _put(self, name: str, value: Json, path: Path) -> None:
        self.native[name] = value
        self.places[(name,)] = path

    def _copy(self, said: JsonObject) -> None:
        for key in _COPIED:
            value = _READ[key](said.get(key)) if key in _READ else said.get(key)
            if value is not None or (key in said and key in _CLEARED_BY_NULL):
                self._put(key, value, (*self.path, key))
        self._name(said.get("name"))
        self._tags(said.get("tags"))
        # Empty or null means the flow's own, as left out does.
        if said.get("description"):
            self._put("description", said["description"], (*self.path, "description"))

    def _name(self, name: Json) -> None:
        """Prefect takes a name that ends as a Python file does for the path of one."""
        if isinstance(name, str) and name.endswith(".py"):
            self.native["name"] = name.rpartition("/")[2].removesuffix(".py")
            what = f'Prefect calls this deployment "{self.native["name"]}"'
            self.hints.append(Finding((*self.path, "name"), what, "write that"))

    def _tags(self, tags: Json) -> None:
        if isinstance(tags, list):
            kept = grammar.tags(tags)
            self.native["tags"] = [tag for _, tag in kept]
            for position, (index, _) in enumerate(kept):
                self.places[("tags", position)] = (*self.path, "tags", index)

    def _flow(self, said: JsonObject) -> None:
        """The flow's name is that in the code; `flow_name` counts only where the code is not here."""
        entrypoint, name = said.get("entrypoint"), said.get("flow_name")
        if not entrypoint:
            what, remedy = "required key is missing", "add entrypoint: path.py:function"
            self.findings.append(Finding((*self.path, "entrypoint"), what, remedy))
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
        if isinstance(facts, NoFlow) and not name:
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
        pool = pool or {}
        self.findings += grammar.WORK_POOL.strays(pool, path)
        for key, name in (("name", "work_pool_name"), ("work_queue_name",) * 2, ("job_variables",) * 2):
            if pool.get(key) is not None:
                self._put(name, pool[key], (*path, key))
        if not pool.get("name"):
            self._default_pool(path)

    def _default_pool(self, path: Path) -> None:
        """Prefect takes the pool of a setting, and refuses to deploy without one: it clears none."""
        environ = self.around.values.environ
        remedy = "write work_pool: {name: …}"
        variable = next((name for name in _DEFAULT_POOL if environ.get(name)), None)
        if variable:
            self._put("work_pool_name", Filled(environ[variable]), (*path, "name"))
            what = f"the work pool is taken from {variable}"
            self.hints.append(Finding(path, what, remedy))
            return
        self.native.pop("work_pool_name", None)
        names = ("work_pool_name", "work_queue_name")
        fields: JsonObject = {name: None for name in names if name not in self.native}
        what = "without work pool, a new deployment has none, and a live one keeps its own"
        self.assumptions.append(Assumption(fields, Finding(path, what, remedy)))

    def _limit(self, limit: Json) -> None:
        path: Path = (*self.path, "concurrency_limit")
        if not isinstance(limit, dict):
            if limit is not None:
                self._put("concurrency_limit", grammar.number(limit), path)
            return
        self.findings += grammar.LIMIT.strays(limit, path)
        said: JsonObject = {
            key: one if key == "collision_strategy" else grammar.number(one)
            for key, one in limit.items()
            if key in grammar.LIMIT.known and one is not None
        }
        if "limit" in said:
            self._put("concurrency_limit", said.pop("limit"), (*path, "limit"))
        if said:
            self._put("concurrency_options", said, path)

    def _schedules(self, said: JsonObject) -> None:
        read = schedules.read(said, self.path)
        self.findings += read.findings
        self.hints += read.hints
        if read.entries is None:
            return
        self._put("schedules", [schedule for schedule, _ in read.entries], read.path)
        for position, (_, path) in enumerate(read.entries):
            self.places[("schedules", position)] = path

    def _pull(self, filling: Filling) -> None:
        found, path = self.steps.pull()
        if found is not None:
            self._put("pull_steps", filling.fill(found, path), path)
            return
        variables = self.native.get("job_variables")
        image = variables.get("image") if isinstance(variables, dict) else None
        step = self.steps.default_pull(self.around.directory, image)
        where = steps.directory_of(step) or "the image that a build step makes"
        what = f"without pull, runs of a new deployment look for the code in {where}"
        hint = Finding(self.path, what, "add pull: … if it is elsewhere for them")
        self.assumptions.append(Assumption({"pull_steps": step}, hint))

    def _not_carried_out(self, said: JsonObject) -> None:
        """What `prefect deploy` would do beside the deployment itself."""
        self.hints += self.steps.not_carried_out()
        for name, what in (("triggers", "triggers are"), ("sla", "an sla is")):
            if self.written.get(name):
                remedy = "keep it with prefect deploy, or make an automation"
                told = f"{what} not carried out"
                self.hints.append(Finding((*self.path, name), told, remedy, on_key=True, warning=True))
        if said.get("version_type"):
            what = "no version is made up, so its type is not used"
            path: Path = (*self.path, "version_type")
            self.hints.append(Finding(path, what, "write version: … if you want one", on_key=True))
