"""Files that other people wrote, which are not part of this repository: `pytest --corpus DIR`.

Each loads, or is refused for a reason that has a name; none is read differently from Prefect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from prefect_deploy import oracle, stubs
from prefect_deploy.reasons import CODE_ELSEWHERE, reason
from prefect_reconcile.errors import InvalidManifestsError
from prefect_reconcile.loader.manifests import Inputs, load
from prefect_reconcile.loader.placeholders import Values
from prefect_reconcile.model import Desired, Problem


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test per file; without `--corpus` none, which pytest calls skipped."""
    folder = metafunc.config.getoption("corpus")
    files = sorted(Path(folder).resolve().glob("*.yaml")) if folder else []
    if folder and not files:
        raise pytest.UsageError(f"--corpus: there is no *.yaml in {folder}")
    metafunc.parametrize("file", files, ids=[file.stem for file in files])


@dataclass
class Outcome:
    """What became of a file."""

    desired: tuple[Desired, ...] = ()
    problems: tuple[Problem, ...] = ()
    document: Any = None
    reasons: set[str] = field(default_factory=set)


def outcome(folder: Path, text: bytes, supplies: stubs.Supplies, lenient: bool = False) -> Outcome:
    """Loads a file as `prefect.yaml` of a folder, and names why it was refused."""
    (folder / "prefect.yaml").write_bytes(text)
    document = parsed(text)
    result = Outcome(document=document)
    values = Values(supplies.given, supplies.environ)
    try:
        result.desired = load([], Inputs(folder, values, lenient=lenient)).desired
    except InvalidManifestsError as error:
        result.problems = tuple(one for one in error.problems if isinstance(one, Problem))
    for problem in result.problems:
        name = reason(problem, unparsable=document is None)
        assert name, f"a refusal without a name: {problem}"
        assert problem.source.line or name in WITHOUT_PLACE, f"a refusal without a place: {problem}"
        result.reasons.add(name)
    # Never silent: what is not refused is all there.
    assert result.problems or document is None or len(result.desired) == len(document["deployments"])
    return result


WITHOUT_PLACE = ("no deployments", "not YAML")


def parsed(text: bytes) -> Any:
    """What Prefect's own parser makes of it, None where it refuses."""
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return None


def test_it_loads_or_is_refused_for_a_named_reason(
    file: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """As it lies there: without code, and with nothing supplied."""
    found = outcome(tmp_path, file.read_bytes(), stubs.Supplies())
    record_property("reasons", sorted(found.reasons))


def test_with_its_code_and_values_only_the_file_itself_is_to_blame(
    file: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Beside flows at its entrypoints, with a value for all that can have one; then leniently."""
    text = file.read_bytes()
    document = parsed(text)
    stubs.write_code(tmp_path, document)
    supplies = stubs.supplies(document)
    found = outcome(tmp_path, text, supplies)
    record_property("reasons", sorted(found.reasons))
    assert not found.reasons & {"build output not supplied", "variable not set"}, found.problems
    missing = [one for one in found.problems if reason(one, unparsable=False) == CODE_ELSEWHERE]
    assert document is None or all(outside(document, one) for one in missing), missing
    leniently = outcome(tmp_path, text, supplies, lenient=True)
    assert not leniently.reasons & {"unknown key", "key that Prefect ignores here"}, leniently.problems


def outside(document: Any, problem: Problem) -> bool:
    """Whether an entrypoint names no file below the folder, or no function."""
    index = int(problem.path.removeprefix("deployments[").partition("]")[0])
    return stubs.place_of(document["deployments"][index].get("entrypoint")) is None


def test_it_is_read_as_prefect_reads_it(
    file: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Deployment by deployment, where both take it. What is refused at its place is not read at all."""
    text = file.read_bytes()
    if not oracle.accepted(text):
        pytest.skip("Prefect refuses the whole file")
    document = parsed(text) or {}
    stubs.write_code(tmp_path, document)
    supplies = stubs.supplies(document)
    deployments = stubs.deployments(document)
    compared = 0
    for one in deployments:
        # One at a time, since one that is refused has the others not loaded.
        alone = {**document, "deployments": [one]}
        theirs = tmp_path / "theirs" / "prefect.yaml"
        theirs.parent.mkdir(exist_ok=True)
        theirs.write_text(yaml.safe_dump(stubs.without_whole_entries(alone, supplies)))
        (made,) = oracle.makes(theirs, supplies.outputs, supplies.environ, directory=tmp_path)
        # Leniently, since Prefect passes over keys that it does not know.
        found = outcome(tmp_path, yaml.safe_dump(alone).encode(), supplies, lenient=True)
        if isinstance(made, dict) and not found.problems:
            assert [oracle.fields(desired) for desired in found.desired] == [made]
            compared += 1
    record_property("compared", f"{compared} of {len(deployments)}")
