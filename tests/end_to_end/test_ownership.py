"""Ownership, pruning and limits on a real server: what is ours and unnamed goes, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from patient import send
from repository import Repository


@pytest.fixture
def owner() -> str:
    """A name that no other test has."""
    return f"team-{uuid4().hex[:8]}"


def names(report: dict[str, Any], action: str) -> list[str]:
    """The deployments of one action, without their flow."""
    return [one["resource"].split("/")[1] for one in report["changes"] if one["action"] == action]


def wrote(repository: Repository) -> list[tuple[str, str]]:
    """Method and first part of the path of every request that wrote."""
    return [(one.method, one.path.removeprefix("/api").split("/")[1]) for one in repository.prefect.writes]


def test_what_no_manifest_names_goes(repository: Repository, owner: str) -> None:
    """With the automations that it owns; again, nothing is written."""
    repository.write({"name": "a", "tags": ["x"]}, {"name": "b"}, {"name": "c"})
    code, report = repository.reconcile("--owner", owner)
    assert (code, names(report, "create")) == (0, ["a", "b", "c"])
    assert sorted(repository.live("a")["tags"]) == sorted(["x", f"reconcile:{owner}"])
    gone = repository.live("b")["id"]
    trigger = {"type": "event", "expect": ["x"], "posture": "Reactive", "threshold": 1}
    automation = {
        "name": "its own",
        "trigger": trigger,
        "actions": [],
        "owner_resource": f"prefect.deployment.{gone}",
    }
    made = send("POST", f"{repository.prefect.url}/automations/", automation)
    repository.write({"name": "a", "tags": ["x"]}, {"name": "c"})
    assert names(repository.reconcile("--owner", owner)[1], "delete") == []
    code, report = repository.reconcile("--owner", owner, "--prune", "--dry-run", "--detailed-exitcode")
    assert (code, names(report, "delete"), wrote(repository)) == (2, ["b"], [])
    code, report = repository.reconcile("--owner", owner, "--prune")
    assert (code, report["summary"]["delete"]) == (0, 1)
    assert wrote(repository) == [("DELETE", "automations"), ("DELETE", "deployments")]
    with pytest.raises(Exception, match="404"):
        repository.live("b")
    with pytest.raises(Exception, match="404"):
        send("GET", f"{repository.prefect.url}/automations/{made['id']}")
    code, report = repository.reconcile("--owner", owner, "--prune")
    assert (code, report["changes"], wrote(repository)) == (0, [], [])


def test_only_what_carries_the_mark_goes(repository: Repository, owner: str) -> None:
    """Not what another owns, nor what nobody does."""
    repository.write({"name": "theirs"})
    repository.reconcile("--owner", f"{owner}-2")
    repository.write({"name": "nobodys"})
    repository.reconcile()
    repository.write({"name": "ours"})
    assert repository.reconcile("--owner", owner, "--prune")[0] == 0
    assert [repository.live(name)["name"] for name in ("theirs", "nobodys")] == ["theirs", "nobodys"]


def test_adopting_is_told(repository: Repository, owner: str) -> None:
    """What nobody owns becomes ours, once."""
    repository.write({"name": "a"})
    repository.reconcile()
    code, report = repository.reconcile("--owner", owner)
    assert (code, report["notes"]) == (
        0,
        [
            {
                "kind": "Deployment",
                "resource": f"{repository.flow}/a",
                "note": f"is adopted by {owner}: it is live, and nobody's yet",
            }
        ],
    )
    assert report["changes"][0]["fields"] == [{"path": "owner", "old": None, "new": owner}]
    assert repository.reconcile("--owner", owner)[1]["changes"] == []
    # A run without owner changes nothing of it either.
    assert repository.reconcile()[1]["changes"] == []


@pytest.mark.parametrize("other", [True, False])
def test_what_another_owns_is_refused(
    repository: Repository, owner: str, other: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing is written, also of what would be ours; both owners are named."""
    repository.write({"name": "a"})
    repository.reconcile("--owner", owner)
    repository.write({"name": "a", "tags": ["t"]}, {"name": "b"})
    code, report = repository.reconcile(*(["--owner", "other"] if other else []))
    assert (code, wrote(repository)) == (3, [])
    (refusal,) = report["refusals"]
    assert (owner in refusal["what"], "other" in refusal["what"]) == (True, other)
    assert refusal["resources"] == [f"{repository.flow}/a"]


def test_what_is_protected_stays(repository: Repository, owner: str) -> None:
    """Also in the run in which its manifest is gone, until a run has taken the protection back."""
    repository.write({"name": "a", "prevent_delete": True}, {"name": "b"})
    repository.reconcile("--owner", owner)
    repository.write({"name": "b"})
    options = ["--owner", owner, "--prune", "--allow-empty", "--force-running", "--max-deletes", "100%"]
    code, report = repository.reconcile(*options)
    assert (code, wrote(repository), [one["resources"] for one in report["refusals"]]) == (
        3,
        [],
        [[f"{repository.flow}/a"]],
    )
    repository.write({"name": "a"}, {"name": "b"})
    repository.reconcile("--owner", owner)
    assert repository.live("a")["tags"] == [f"reconcile:{owner}"]
    repository.write({"name": "b"})
    assert repository.reconcile(*options)[1]["summary"]["delete"] == 1


def test_runs_in_progress(repository: Repository, owner: str) -> None:
    """A deployment with one is not deleted unless that is forced."""
    repository.write({"name": "a"}, {"name": "b"})
    repository.reconcile("--owner", owner)
    place = f"{repository.prefect.url}/deployments/{repository.live('a')['id']}/create_flow_run"
    send("POST", place, {"state": {"type": "RUNNING"}})
    repository.write({"name": "b"})
    code, report = repository.reconcile("--owner", owner, "--prune", "--dry-run")
    assert (code, [one["resources"] for one in report["refusals"]]) == (3, [[f"{repository.flow}/a: 1"]])
    assert repository.reconcile("--owner", owner, "--prune", "--force-running")[0] == 0


def test_limits(repository: Repository, owner: str) -> None:
    """They hold in a dry run too, and say what would lift them; all reasons come at once."""
    repository.write(*({"name": f"d{n}"} for n in range(10)))
    repository.reconcile("--owner", owner)
    repository.write(*({"name": f"d{n}"} for n in range(6)))
    prune = ["--owner", owner, "--prune", "--dry-run"]
    code, report = repository.reconcile(*prune, "--max-changes", "3")
    assert (code, [(one["what"], one["remedy"]) for one in report["refusals"]]) == (
        3,
        [
            ("4 of 10 would be deleted, and --max-deletes is 30%", "pass --max-deletes 4 if that is meant"),
            ("4 would be changed, and --max-changes is 3", "pass --max-changes 4 if that is meant"),
        ],
    )
    assert repository.reconcile(*prune, "--max-deletes", "40%")[0] == 0
    assert repository.reconcile(*prune, "--select", f"{repository.flow}/d9")[1]["summary"]["delete"] == 1
    assert repository.reconcile(*prune, "--tag", "nobody-has-it")[1]["changes"] == []


def test_what_a_manifest_names_stays_whatever_is_selected(repository: Repository, owner: str) -> None:
    """Also where its tags have changed, so that the live one is selected and the wanted one is not."""
    repository.write({"name": "a", "tags": ["x"]}, {"name": "b", "tags": ["x"]})
    repository.reconcile("--owner", owner)
    repository.write({"name": "a", "tags": ["y"]}, {"name": "b", "tags": ["x"]})
    code, report = repository.reconcile("--owner", owner, "--prune", "--tag", "x")
    assert (code, report["changes"], wrote(repository)) == (0, [], [])
    repository.write({"name": "a", "tags": ["y"]})
    code, report = repository.reconcile("--owner", owner, "--prune", "--tag", "x")
    assert (code, names(report, "delete")) == (0, ["b"])


def test_everything_goes_only_if_that_is_meant(repository: Repository, owner: str) -> None:
    """An empty folder is an error, and all of an owner's a refusal, unless --allow-empty; a path that is not
    there is always an error."""
    repository.write({"name": "a"}, {"name": "b"})
    repository.reconcile("--owner", owner)
    (repository.folder / "m.yaml").unlink()
    assert repository.reconcile("--owner", owner, "--prune")[0] == 4
    code, report = repository.reconcile("--owner", owner, "--prune", "--allow-empty")
    assert (code, report["summary"]["delete"]) == (0, 2)
    repository.write({"name": "a"}, {"name": "b"})
    repository.reconcile("--owner", owner)
    repository.write({"name": "c"})
    code, report = repository.reconcile("--owner", owner, "--prune")
    assert (code, report["refusals"][0]["what"]) == (
        3,
        f"all that {owner} owns would be deleted: 2 of 2",
    )
    repository.folder = Path("gone")
    assert repository.reconcile("--owner", owner, "--prune", "--allow-empty")[0] == 4


def test_a_broken_manifest_stops_the_prune(repository: Repository, owner: str) -> None:
    """It may be the one that names what would go."""
    repository.write({"name": "a"}, {"name": "b"})
    repository.reconcile("--owner", owner)
    repository.write({"name": "a"}, {"name": "b", "tag": ["typo"]})
    code, _ = repository.reconcile("--owner", owner, "--prune")
    assert (code, wrote(repository), repository.live("b")["name"]) == (4, [], "b")


def test_the_reviewed_plan_is_the_applied_plan(repository: Repository) -> None:
    """A plan that is another one is refused, and so is what is no fingerprint; what differs is told."""
    repository.write({"name": "a"})
    reviewed = repository.reconcile("--dry-run")[1]["fingerprint"]
    repository.write({"name": "a"}, {"name": "b"})
    for expected in (reviewed, "", reviewed[:-1], "x" * 32, reviewed.upper()):
        code, report = repository.reconcile("--expect", expected)
        assert (code, wrote(repository), len(report["refusals"])) == (3, [], 1)
    code, report = repository.reconcile("--expect", reviewed)
    assert f"it would create {repository.flow}/a, {repository.flow}/b" in report["refusals"][0]["what"]
    assert repository.reconcile("--expect", report["fingerprint"])[0] == 0
    unchanged = repository.reconcile("--dry-run")[1]["fingerprint"]
    assert repository.reconcile("--expect", unchanged)[0] == 0
