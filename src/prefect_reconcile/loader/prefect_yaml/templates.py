"""What becomes of each `{{ … }}` of a deployment in a `prefect.yaml`. Pure.

Prefect fills some when it deploys, leaves some to the worker, and deletes the rest; we delete none, and look
nothing up. Source: `_run_single_deploy` in `prefect.cli.deploy._core` of Prefect 3.8.8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from prefect_reconcile.loader.placeholders import Kept, Placeholder, Put, Values, variable
from prefect_reconcile.model import ABSENT, Absent, Filled, Finding, Json, Path
from prefect_reconcile.spelling import did_you_mean

_LOOKED_UP = ("prefect.blocks.", "prefect.variables.")
"""What begins a reference to something on the server."""

_RUN = "ctx."
"""What begins a reference to the run, for the worker. Prefect leaves it everywhere but in schedules."""


@dataclass(frozen=True, slots=True)
class Templates:
    """Decides on placeholders. `outputs` are the ids of steps that are not carried out; `hints` grows."""

    values: Values
    outputs: Sequence[str]
    hints: list[Finding] = field(default_factory=list)

    def decide(self, path: Path, placeholder: Placeholder) -> Kept | Put | Finding:
        """See `Decide`; `path` is a path of the file."""
        name = placeholder.name
        supplied = self._supplied(name)
        if supplied is not ABSENT:
            return Put(supplied)
        if placeholder.variable:
            found = variable(path, placeholder, self.values)
            if isinstance(found, Finding) and _in_pull(path):
                # As Prefect has it: a worker fills what is left in a pull step from its own environment.
                what = f"{placeholder.variable} is not set here, so it stays for the worker to fill"
                self.hints.append(Finding(path, what, found.remedy))
                return Kept()
            return found
        if self._is_for_the_run(path, name):
            return Kept()
        return self._refused(path, name) or self._from_environment(path, name)

    def _supplied(self, name: str) -> Json | Absent:
        """A value that was given, or part of one: `image.tags[0]`."""
        self.values.used.add(name)
        if name in self.values.given:
            return self.values.given[name]
        first, *steps = name.replace("[", ".").replace("]", "").split(".")
        value: Json | Absent = self.values.given.get(first, ABSENT)
        for step in steps:
            value = _part(value, step)
        return value

    @staticmethod
    def _is_for_the_run(path: Path, name: str) -> bool:
        if name.startswith(_RUN):
            return path[2:3] not in (("schedule",), ("schedules",))
        return name.startswith(_LOOKED_UP) and (_in_pull(path) or _in_job_variables(path))

    def _refused(self, path: Path, name: str) -> Finding | None:
        if name.startswith(_LOOKED_UP):
            what = f"{{{{ {name} }}}} would have to be looked up now, and stored"
            remedy = "write the value, or {{ $NAME }}; only job_variables and pull may keep it"
            return Finding(path, what, remedy)
        if name.partition(".")[0] in self.outputs:
            what = f"{{{{ {name} }}}} comes from a build or push step, which is not carried out"
            return Finding(path, what, f"run it before, and pass --set {name}=…")
        return None

    def _from_environment(self, path: Path, name: str) -> Kept | Put | Finding:
        if _in_pull(path):
            return Kept()  # the output of an earlier pull step, which the worker knows
        if name in self.values.environ:
            what = f"{{{{ {name} }}}} is taken from the environment"
            self.hints.append(Finding(path, what, f"write {{{{ ${name} }}}}"))
            return Put(Filled(self.values.environ[name]))
        what = f"{{{{ {name} }}}} is nothing that is known, and Prefect would delete it"
        return Finding(path, what, self._remedy(path, name))

    def _remedy(self, path: Path, name: str) -> str:
        if _in_job_variables(path) and name.startswith(("flow_run.", "flow.")):
            return f"write {{{{ {_RUN}{name} }}}} for the worker to fill"
        first, dot, rest = name.partition(".")
        otherwise = f"pass --set {name}=…, or write {{{{ $NAME }}}} for the environment"
        return did_you_mean(f"{first}{dot}{rest}", [f"{one}{dot}{rest}" for one in self.outputs], otherwise)


def _in_pull(path: Path) -> bool:
    return path[:1] == ("pull",) or path[2:3] == ("pull",)


def _in_job_variables(path: Path) -> bool:
    return path[2:4] == ("work_pool", "job_variables")


def _part(value: Json | Absent, step: str) -> Json | Absent:
    if isinstance(value, dict):
        return value.get(step, ABSENT)
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return value[int(step)]
    return ABSENT
