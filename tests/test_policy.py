"""Which plans are refused, and why."""

from __future__ import annotations

from typing import Any

import pytest

from prefect_reconcile.model import Desired, Json, JsonObject, Live, Resolution, Source
from prefect_reconcile.plan import Change, Create, Delete, Identity, Plan, Unchanged, Update
from prefect_reconcile.policy import Limit, Policy, Refusal, Selection, refusals

NOTHING = Resolution({}, {})


def desired(name: str) -> Desired:
    return Desired("Deployment", name, Source("m.yaml", 1, 1), {})


def live(name: str, **marks: Any) -> Live:
    return Live("Deployment", name, f"id of {name}", {}, **marks)


def create(name: str) -> Create:
    return Create(desired(name), NOTHING, ())


def update(name: str, owner: str | None) -> Update:
    return Update(desired(name), live(name, owner=owner), NOTHING, ())


def delete(name: str, **marks: Any) -> Delete:
    return Delete(live(name, **marks))


def deletes(count: int) -> list[Change]:
    return [delete(f"f/{n}") for n in range(count)]


def told(
    *changes: Change, owned: int = 100, busy: dict[Identity, int] | None = None, **policy: Any
) -> list[Refusal]:
    """The refusals of a plan by `me`, if nobody else is named."""
    return list(refusals(Plan(changes, owned), Policy(**{"owner": "me", **policy}), busy or {}))


def test_nothing_is_refused_without_reason() -> None:
    """What is ours, nobody's, new or as it should be."""
    changes = (create("f/a"), update("f/b", "me"), update("f/c", None), Unchanged(desired("f/d"), NOTHING))
    assert told(*changes, delete("f/e"), max_changes=4) == []


def test_what_others_own() -> None:
    """Each owner by itself; both are named. A run without owner owns nothing."""
    changes = (update("f/a", "x"), update("f/b", "me"), update("f/c", "y"), update("f/d", "x"))
    assert told(*changes) == [
        Refusal(
            "x owns what this run would change for me",
            ("f/a", "f/d"),
            "rename it here, or let x give it up: its tag reconcile:x says so",
        ),
        Refusal(
            "y owns what this run would change for me",
            ("f/c",),
            "rename it here, or let y give it up: its tag reconcile:y says so",
        ),
    ]
    (refusal,) = told(update("f/a", "x"), owner=None)
    assert refusal == Refusal(
        "x owns what this run, which has no owner, would change", ("f/a",), "pass --owner x if it is you"
    )


def test_what_is_protected() -> None:
    """No option lifts it."""
    options = {"force_running": True, "allow_empty": True, "max_deletes": Limit(100, percent=True)}
    assert told(delete("f/a", protected=True), delete("f/b"), **options) == [
        Refusal(
            "1 resource would be deleted that prevent_delete protects",
            ("f/a",),
            "let a run with prevent_delete: false in the manifest come first",
        )
    ]


def test_what_is_in_progress() -> None:
    """With how much there is; forced, it goes."""
    busy = {("Deployment", "f/a"): 2, ("Deployment", "f/other"): 1, ("Block", "f/b"): 1}
    assert told(delete("f/a"), delete("f/b"), busy=busy) == [
        Refusal(
            "1 resource would be deleted with runs in progress",
            ("f/a: 2",),
            "wait for them, or pass --force-running",
        )
    ]
    assert told(delete("f/a"), busy=busy, force_running=True) == []


@pytest.mark.parametrize(
    ("count", "owned", "limit", "refused"),
    [
        (2, 9, None, False),
        (8, 9, None, False),
        (3, 10, None, False),
        (4, 10, None, True),
        (3, 12, None, False),
        (4, 12, None, True),
        (2, 9, Limit(1), True),
        (2, 9, Limit(2), False),
        (1, 9, Limit(0), True),
        (0, 9, Limit(0), False),
        (4, 10, Limit(40, percent=True), False),
        (5, 10, Limit(49, percent=True), True),
        (1, 9, Limit(0, percent=True), True),
    ],
)
def test_how_many_may_go(count: int, owned: int, limit: Limit | None, refused: bool) -> None:
    """By default 30 % of ten or more; what is asked for holds for fewer too."""
    found = told(*deletes(count), owned=owned, max_deletes=limit)
    assert [one.what for one in found] == [
        f"{count} of {owned} would be deleted, and --max-deletes is {limit or '30%'}"
    ] * refused
    assert [one.remedy for one in found] == [f"pass --max-deletes {count} if that is meant"] * refused


@pytest.mark.parametrize(("limit", "refused"), [(None, False), (3, False), (2, True), (0, True)])
def test_how_much_may_change(limit: int | None, refused: bool) -> None:
    """Everything that writes counts."""
    changes = (create("f/a"), update("f/b", "me"), delete("f/c"), Unchanged(desired("f/d"), NOTHING))
    found = told(*changes, max_changes=limit)
    what, remedy = (
        f"3 would be changed, and --max-changes is {limit}",
        "pass --max-changes 3 if that is meant",
    )
    assert found == [Refusal(what, ("f/a", "f/b", "f/c"), remedy)] * refused


def test_everything_may_not_go() -> None:
    """Also where something new comes: the paths may be those of another repository."""
    what = "all that me owns would be deleted: 2 of 2"
    remedy = "check the paths and the target, or pass --allow-empty"
    assert told(*deletes(2), create("f/new"), owned=2) == [Refusal(what, ("f/0", "f/1"), remedy)]
    assert told(*deletes(2), owned=2, allow_empty=True) == []
    assert told(*deletes(1), owned=2) == []
    assert told(owned=0) == []


def test_the_reviewed_plan() -> None:
    """Another is refused with what this one does; what is no fingerprint is refused, whatever the plan."""
    plan = Plan((create("f/a"), update("f/b", "me"), delete("f/c")))
    assert told(*plan.changes, expect=plan.fingerprint) == []
    for wrong in ("", "abc", plan.fingerprint[:-1], plan.fingerprint.upper(), f"{plan.fingerprint}\n"):
        (refusal,) = told(*plan.changes, expect=wrong)
        assert (refusal.what, refusal.remedy) == (
            f"--expect {wrong!r} is no fingerprint, which has 32 hexadecimal digits",
            "copy that of the plan that was reviewed",
        )
    other = "0" * 32
    assert told(*plan.changes, expect=other) == [
        Refusal(
            f"the plan is not the one that was reviewed: its fingerprint is {plan.fingerprint}, not {other}; "
            "it would create f/a, update f/b, delete f/c",
            (),
            "review it anew",
        )
    ]
    assert "it would change nothing" in told(expect=other)[0].what


def test_all_reasons_come_at_once() -> None:
    """Whoever lifts one should know of the others."""
    found = told(update("f/x", "you"), *deletes(3), owned=3, max_deletes=Limit(1), max_changes=1, expect="x")
    assert len(found) == 5


def test_a_refusal_as_people_read_it() -> None:
    """At most ten names."""
    names = tuple(f"f/{n}" for n in range(12))
    assert str(Refusal("too many", names[:2], "stop")) == "too many (f/0, f/1); stop"
    assert str(Refusal("too many", names, "stop")).endswith("f/9 and 2 more); stop")
    assert str(Refusal("odd", (), "stop")) == "odd; stop"


@pytest.mark.parametrize(
    ("patterns", "tags", "taken"),
    [
        ((), (), ["etl/a", "etl/b", "ml/a"]),
        (("etl/*",), (), ["etl/a", "etl/b"]),
        (("ml/a", "*/b"), (), ["etl/b", "ml/a"]),
        (("ETL/*",), (), []),
        ((), ("x",), ["etl/a", "ml/a"]),
        ((), ("y", "z"), ["etl/a", "etl/b"]),
        (("etl/*",), ("x",), ["etl/a"]),
    ],
)
def test_what_is_selected(patterns: tuple[str, ...], tags: tuple[str, ...], taken: list[str]) -> None:
    """By name and by tag; of several of one kind any will do. A resource without tags has none."""
    tagged: dict[str, list[Json]] = {"etl/a": ["x", "y"], "etl/b": ["z"], "ml/a": ["x"]}
    fields: dict[str, JsonObject] = {name: {"tags": one} for name, one in tagged.items()}
    selection = Selection(patterns, tags)
    there = [Live("Deployment", name, "id", one) for name, one in fields.items()]
    wanted = [Desired("Deployment", name, Source("m.yaml"), one) for name, one in fields.items()]
    assert [one.name for one in there if selection.takes(one)] == taken
    assert [one.name for one in wanted if selection.takes(one)] == taken
    assert Selection((), tags).takes(desired("etl/none")) == (not tags)
