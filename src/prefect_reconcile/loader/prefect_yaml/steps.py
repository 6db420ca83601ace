"""Which build, push and pull steps a deployment has, and what is made of them. Pure.

Source: `_run_single_deploy` and `_generate_default_pull_action` in `prefect.cli.deploy` of Prefect 3.8.8.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from prefect_reconcile.model import Finding, Json, JsonObject, Path

SECTIONS: Final = ("build", "push", "pull")

_SET_DIRECTORY = "prefect.deployments.steps.set_working_directory"
_BUILD_IMAGE = "prefect_docker.deployments.steps.build_docker_image"
_IN_IMAGE = "/opt/prefect"


def malformed(owner: JsonObject, path: Path) -> Iterator[Finding]:
    """What is wrong with the steps that a file or a deployment writes itself."""
    for name in SECTIONS:
        section = owner.get(name)
        if isinstance(section, dict):
            yield from _malformed_step(section, (*path, name))
        elif isinstance(section, list):
            for index, step in enumerate(section):
                yield from _malformed_step(step, (*path, name, index))
        elif section is not None:
            yield Finding((*path, name), "expected a list of steps", "begin each with - package.function:")


def _malformed_step(step: Json, path: Path) -> Iterator[Finding]:
    if not isinstance(step, dict):
        yield Finding(path, "expected a step, which is a mapping", "write package.function: {…}")
    elif len(step) > 1:
        # Prefect takes the last key for the function, whose run then fails.
        first, *others = step
        what = "a step has one key, its function, with the arguments below it"
        yield Finding(path, what, f"indent {', '.join(others)} below {first}")


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of the deployment `written`, which stands at `path` in `document`."""

    document: JsonObject
    written: JsonObject
    path: Path

    def outputs(self) -> tuple[str, ...]:
        """What placeholders may call the outputs of build and push steps: the steps' ids, in their order."""
        steps = [*self._listed(self._own("build")[0]), *self._listed(self._own("push")[0])]
        options = [one for step in steps for one in step.values() if isinstance(one, dict)]
        return tuple(str(one["id"]) for one in options if one.get("id"))

    def not_carried_out(self) -> Iterator[Finding]:
        """Says which steps would run now, and do not."""
        for name in ("build", "push"):
            section, path = self._own(name)
            if self._listed(section):
                what = f"{name} steps are not carried out"
                yield Finding(path, what, "run them before, in CI", on_key=True, warning=True)

    def pull(self) -> tuple[list[Json] | None, Path]:
        """The pull steps and where they stand; None where Prefect makes some up.

        The deployment's own win; null and `{}` are the file's; an empty list is none, unless it is the file's
        below a null.
        """
        own, inherited = self.written.get("pull"), self.document.get("pull")
        if own or own == []:
            return self._all(own), (*self.path, "pull")
        if inherited or (inherited == [] and "pull" not in self.written):
            return self._all(inherited), ("pull",)
        return None, self.path

    def default_pull(self, directory: str, image: Json) -> list[Json]:
        """What Prefect makes up where it cannot ask, for runs in `directory` or in a container of `image`."""
        # Prefect takes the file's build steps here also where the deployment has none on purpose.
        build = self._listed(self.written.get("build") or self.document.get("build"))
        options = next((step[_BUILD_IMAGE] for step in build if step.get(_BUILD_IMAGE)), None)
        if isinstance(options, dict):
            if options.get("dockerfile") != "auto":
                return []
            directory = f"{_IN_IMAGE}/{directory.rstrip('/').rpartition('/')[2]}"
        elif image:
            directory = _IN_IMAGE
        return [{_SET_DIRECTORY: {"directory": directory}}]

    def _own(self, name: str) -> tuple[Json, Path]:
        """A section and where it stands. Of push, a null or empty one of the deployment is the file's."""
        of_file = not self.written.get(name) if name == "push" else name not in self.written
        return (self.document.get(name), (name,)) if of_file else (self.written[name], (*self.path, name))

    @staticmethod
    def _all(section: Json) -> list[Json]:
        return section if isinstance(section, list) else [section]

    def _listed(self, section: Json) -> list[JsonObject]:
        return [step for step in self._all(section) if isinstance(step, dict) and step]


def directory_of(default: list[Json]) -> str | None:
    """The directory of a default pull step, None where there is none."""
    match default:
        case [{"prefect.deployments.steps.set_working_directory": {"directory": str(directory)}}]:
            return directory
    return None
