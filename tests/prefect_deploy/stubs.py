"""What a `prefect.yaml` from elsewhere needs beside it: its flows' code, and values for its placeholders."""

from __future__ import annotations

import keyword
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from prefect.utilities.collections import get_from_dict
from prefect.utilities.templating import PlaceholderType, find_placeholders

from prefect_reconcile.model import Filled, Json

_NOT_FILLED = ("build", "push", "pull", "triggers", "sla")


@dataclass(frozen=True)
class Supplies:
    """Values for every placeholder that can have one: of steps, and of the environment."""

    outputs: dict[str, Any] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def given(self) -> dict[str, Json]:
        """The outputs as `--set` gives them: dotted names, and text."""
        return {name: Filled(value) for name, value in _dotted(self.outputs, "")}


def deployments(document: Any) -> list[dict[str, Any]]:
    """Those of a document that are mappings."""
    listed = document.get("deployments") if isinstance(document, dict) else None
    return [one for one in (listed if isinstance(listed, list) else []) if isinstance(one, dict)]


def write_code(folder: Path, document: Any) -> None:
    """A flow for each entrypoint that can have one below `folder`; it takes what its deployments give it."""
    taken: dict[tuple[PurePosixPath, str], set[str]] = {}
    for one in deployments(document):
        place = place_of(one.get("entrypoint"))
        if place:
            taken.setdefault(place, set()).update(_parameters(one))
    for (path, name), parameters in taken.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        written = file.read_text() if file.exists() else "import prefect\n"
        arguments = ", ".join(f"{one}=None" for one in sorted(parameters))
        file.write_text(f"{written}\n\n@prefect.flow\ndef {name}({arguments}): ...\n")


def place_of(entrypoint: Any) -> tuple[PurePosixPath, str] | None:
    """The file below the folder and the function in it, None where it can have none."""
    if not isinstance(entrypoint, str):
        return None
    place, colon, name = entrypoint.rpartition(":" if ":" in entrypoint else ".")
    is_file = bool(colon) and place.endswith(".py")
    names = [name, *([] if is_file else place.split("."))]
    # `etl.py` would be the function `py`, and a placeholder leads where nobody knows.
    if entrypoint.endswith(".py") or "{{" in entrypoint or not all(map(_is_name, names)):
        return None
    path = PurePosixPath(place if is_file else f"{place.replace('.', '/')}.py")
    return None if path.is_absolute() or ".." in path.parts else (path, name)


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def _parameters(deployment: dict[str, Any]) -> Iterator[str]:
    schedules = deployment.get("schedules")
    listed = schedules if isinstance(schedules, list) else []
    for one in (deployment, deployment.get("schedule"), *listed):
        names = one.get("parameters") if isinstance(one, dict) else None
        yield from (
            str(name) for name in (names if isinstance(names, dict) else {}) if str(name).isidentifier()
        )


def supplies(document: Any) -> Supplies:
    """A value for every placeholder outside of steps; not for what only the server knows, or a run."""
    found = Supplies()
    owners = [document if isinstance(document, dict) else {}, *deployments(document)]
    filled = [{key: value for key, value in one.items() if key not in _NOT_FILLED} for one in owners[1:]]
    for placeholder in find_placeholders(_plain(filled)):
        if placeholder.type is PlaceholderType.ENV_VAR:
            found.environ[placeholder.name[1:]] = "from the environment"
        elif placeholder.type is PlaceholderType.STANDARD and not placeholder.name.startswith("ctx."):
            _supply(found, placeholder.name)
    # Pull steps have outputs of their own, which nobody can supply.
    ids = {one for owner in owners for one in _ids(owner)}
    for placeholder in find_placeholders(_plain([one.get("pull") for one in owners])):
        if placeholder.name.partition(".")[0] in ids:
            _supply(found, placeholder.name)
    return found


def without_whole_entries(value: Any, supplied: Supplies) -> Any:
    """A value whose lists hold, in place of a placeholder that is a whole entry, what is supplied for it.

    Prefect 3.8.8 deletes such an entry while it fills in the environment, before a step has an output.
    """
    if isinstance(value, dict):
        return {key: without_whole_entries(one, supplied) for key, one in value.items()}
    if isinstance(value, list):
        return [without_whole_entries(_entry(one, supplied), supplied) for one in value]
    return value


def _entry(value: Any, supplied: Supplies) -> Any:
    found = find_placeholders(value) if isinstance(value, str) else set()
    whole = next((one.name for one in found if one.full_match == value), None)
    return value if whole is None else get_from_dict(supplied.outputs, whole, value)


def _ids(owner: dict[str, Any]) -> Iterator[str]:
    """Those of the build and push steps of a document or deployment."""
    for section in (owner.get("build"), owner.get("push")):
        for step in section if isinstance(section, list) else [section]:
            inputs = step.values() if isinstance(step, dict) else ()
            yield from (str(one["id"]) for one in inputs if isinstance(one, dict) and one.get("id"))


def _supply(found: Supplies, name: str) -> None:
    first, *rest = name.split(".")
    if not rest:
        found.environ[first] = "bare from the environment"
        return
    inner = found.outputs.setdefault(first, {})
    for step in rest[:-1]:
        inner = inner.setdefault(step, {})
    inner[rest[-1]] = f"output {name}"


def _plain(value: Any) -> Any:
    """A value with texts for what is neither text nor container, which Prefect's function would refuse."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value if isinstance(value, str) else ""


def _dotted(values: dict[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _dotted(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
