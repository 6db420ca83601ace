"""Equality of JSON, paths as text, and conversations."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from json import dumps
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_reconcile.errors import AnswerError, PrefectError
from prefect_reconcile.model import (
    ABSENT,
    Answer,
    Call,
    Conversation,
    Desired,
    Json,
    Key,
    Path,
    Problem,
    Source,
    ask,
    path_text,
    same,
    together,
)

SCALARS = st.sampled_from([None, True, False, 0, 1, 2, 1.0, 0.5, "", "1", "true", "null"])
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=6,
)
"""Few different values, so that two of them are often equal or nearly so."""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (1, 1.0),
        (0, -0.0),
        (2**53 + 1, 2**53 + 1),
        ({"a": 1, "b": 2}, {"b": 2.0, "a": 1}),
        ([[], {}, None], [[], {}, None]),
        (ABSENT, ABSENT),
    ],
)
def test_one_value_in_two_spellings_is_the_same(old: Json, new: Json) -> None:
    """Numbers count by value and mappings without order."""
    assert (same(old, new), same(new, old)) == (True, True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (True, 1),
        (False, 0),
        (True, 1.0),
        ([0], [False]),
        ({"a": [{"b": True}]}, {"a": [{"b": 1}]}),
        (2**53 + 1, float(2**53)),
        (1, "1"),
        (None, ABSENT),
        (None, False),
        (None, ""),
        (None, []),
        ([], {}),
        ([], ABSENT),
        ({}, ABSENT),
        ({"a": None}, {}),
        ([1, 2], [2, 1]),
        ([1], [1, 1]),
        ("é", "e\u0301"),
    ],
)
def test_two_values_are_not_the_same(old: Json, new: Json) -> None:
    """What Python equates, what is empty in different ways, and what is in another order."""
    assert (same(old, new), same(new, old)) == (False, False)


def spelling(one: Any) -> str:
    """JSON text that two values share exactly when they mean the same."""
    whole = isinstance(one, float) and one.is_integer()
    if isinstance(one, dict):
        return "{" + ",".join(f"{dumps(key)}:{spelling(one[key])}" for key in sorted(one)) + "}"
    if isinstance(one, list):
        return "[" + ",".join(map(spelling, one)) + "]"
    return dumps(int(one) if whole else one)


@given(JSON, JSON)
def test_same_is_equality_of_the_spelling(old: Json, new: Json) -> None:
    """Two values are the same exactly when one normal spelling of JSON writes them alike."""
    assert same(old, new) == (spelling(old) == spelling(new))


@given(JSON)
def test_a_copy_is_the_same(one: Json) -> None:
    """Identity of objects plays no part."""
    assert same(one, deepcopy(one))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("tags",), "tags"),
        (("schedules", Key("nightly"), "cron"), "schedules[nightly].cron"),
        (("schedules", Key("cron 0 2 * * *"), "active"), "schedules[cron 0 2 * * *].active"),
        (
            (
                "schedules",
                Key("2"),
            ),
            'schedules["2"]',
        ),
        (
            (
                "schedules",
                Key("a]b"),
            ),
            'schedules["a]b"]',
        ),
        (
            (
                "schedules",
                Key("größe"),
            ),
            "schedules[größe]",
        ),
        (
            (
                "schedules",
                Key("a\nb"),
            ),
            'schedules["a\\nb"]',
        ),
        (
            (
                "schedules",
                Key(""),
            ),
            'schedules[""]',
        ),
        (
            ("pull_steps", 0, "prefect.deployments.steps.git_clone"),
            'pull_steps[0]["prefect.deployments.steps.git_clone"]',
        ),
        (("env", "a.b"), 'env["a.b"]'),
        (("env", "größe"), 'env["größe"]'),
        (("env", "0"), 'env["0"]'),
        (("env", ""), 'env[""]'),
        (("env", 'a"]["b'), 'env["a\\"][\\"b"]'),
        (("a b",), '["a b"]'),
    ],
)
def test_a_path_reads_as_people_write_it(path: Path, text: str) -> None:
    """What is one word stands bare, everything else in quotes."""
    assert path_text(path) == text


STEPS = st.lists(
    st.text(max_size=4) | st.integers(0, 20) | st.sampled_from(["a", "a.b", "[0]", '"]["', "0"]), max_size=3
)


@given(STEPS, STEPS)
def test_two_paths_never_read_alike(one: list[str | int], other: list[str | int]) -> None:
    """No key can be written so that its path looks like another one."""
    assert (path_text(("f", *one)) == path_text(("f", *other))) == (one == other)


@given(st.text(max_size=4), st.text(max_size=4), STEPS, STEPS)
def test_two_paths_into_a_keyed_list_never_read_alike(
    one: str, other: str, below: list[str | int], beneath: list[str | int]
) -> None:
    """No identity can be written so that it looks like another one with a step behind it."""
    texts = path_text(("f", Key(one), *below)), path_text(("f", Key(other), *beneath))
    assert (texts[0] == texts[1]) == ((one, below) == (other, beneath))


def test_a_source_reads_as_editors_expect() -> None:
    """file:line:column, or the file alone."""
    assert (str(Source("a.yaml", 3, 5)), str(Source("a.yaml"))) == ("a.yaml:3:5", "a.yaml")


def test_a_problem_says_where_what_and_what_to_do() -> None:
    """In one line, with the key path where there is one."""
    source = Source("a.yaml", 3, 5)
    assert [str(Problem(source, path, "unknown key", "remove it")) for path in ("tags[0]", "")] == [
        "a.yaml:3:5: tags[0]: unknown key; remove it",
        "a.yaml:3:5: unknown key; remove it",
    ]


def test_a_place_is_found_in_the_manifest() -> None:
    """Where a manifest can be searched, else it is the manifest itself."""
    plain = Desired("Variable", "a/b", Source("a.yaml", 1, 1), {})
    searched = Desired(
        "Variable", "a/b", Source("a.yaml", 1, 1), {}, locate=lambda path: Source(path_text(path))
    )
    assert (plain.place("name"), searched.place("name")) == (Source("a.yaml", 1, 1), Source("name"))


@pytest.mark.parametrize(
    ("method", "path", "writes"),
    [
        ("GET", "/admin/version", False),
        ("POST", "/flows/filter", False),
        ("POST", "/deployments/paginate", False),
        ("POST", "/deployments/", True),
        ("PATCH", "/deployments/1", True),
        ("DELETE", "/deployments/1/schedules/2", True),
    ],
)
def test_what_only_reads_does_not_write(method: str, path: str, writes: bool) -> None:
    """Prefect's filters are POSTs that change nothing."""
    assert Call(method, path).writes is writes


def call(name: str) -> Call:
    return Call("GET", f"/{name}")


def echo(asked: Call) -> Answer:
    return asked.path


def run(
    conversation: Conversation[Any], answer: Callable[[Call], Answer] = echo
) -> tuple[Any, list[list[str]]]:
    """What a conversation returns, and the paths that it asks for, round by round."""
    rounds: list[list[str]] = []
    answers: tuple[Answer, ...] | None = None
    while True:
        try:
            calls = next(conversation) if answers is None else conversation.send(answers)
        except StopIteration as stop:
            return stop.value, rounds
        rounds.append([one.path for one in calls])
        answers = tuple(map(answer, calls))


def sequence(*names: str) -> Conversation[list[Json]]:
    """Asks one question after the other."""
    answers = []
    for name in names:
        answers.append((yield from ask(call(name))))  # noqa: PERF401 - no comprehension can yield
    return answers


def test_ask_returns_the_answer() -> None:
    """Null is an answer too."""
    assert [run(ask(call("a")), lambda _, one=one: one) for one in ("yes", None)] == [
        ("yes", [["/a"]]),
        (None, [["/a"]]),
    ]


def test_ask_raises_what_came_instead_of_an_answer() -> None:
    """The very error, so that its status can be looked at."""
    error = AnswerError("GET", "/a", 404, "not found")
    with pytest.raises(AnswerError) as caught:
        run(ask(call("a")), lambda _: error)
    assert caught.value is error


def test_nothing_together_asks_nothing() -> None:
    """No round without a question."""
    assert run(together([])) == ([], [])


def test_conversations_without_questions_only_return() -> None:
    """Their results still stand in their order."""
    assert run(together([sequence(), sequence()])) == ([[], []], [])


def test_rounds_of_unequal_length_run_side_by_side() -> None:
    """Each round holds the next questions of those that still have one; results keep their order."""
    asked = [sequence("a1"), sequence("b1", "b2", "b3"), sequence(), sequence("d1", "d2")]
    assert run(together(asked)) == (
        [["/a1"], ["/b1", "/b2", "/b3"], [], ["/d1", "/d2"]],
        [["/a1", "/b1", "/d1"], ["/b2", "/d2"], ["/b3"]],
    )


def pair(name: str) -> Conversation[tuple[Answer, ...]]:
    """Asks two questions at once."""
    return (yield (call(f"{name}1"), call(f"{name}2")))


def test_several_questions_at_once_get_their_own_answers() -> None:
    """However many each of them asks."""
    assert run(together([pair("a"), sequence("b"), pair("c")])) == (
        [("/a1", "/a2"), ["/b"], ("/c1", "/c2")],
        [["/a1", "/a2", "/b", "/c1", "/c2"]],
    )


def test_together_nests() -> None:
    """Groups within groups ask in the same rounds."""
    inner = together([sequence("a1", "a2"), sequence("b1")])
    assert run(together([inner, sequence("c1", "c2")])) == (
        [[["/a1", "/a2"], ["/b1"]], ["/c1", "/c2"]],
        [["/a1", "/b1", "/c1"], ["/a2", "/c2"]],
    )


def forgiving(name: str) -> Conversation[str]:
    """Turns a failure into its text."""
    try:
        return str((yield from ask(call(name))))
    except PrefectError as error:
        return f"failed: {error}"


def failing(*names: str) -> Callable[[Call], Answer]:
    return lambda asked: PrefectError(asked.path) if asked.path in names else asked.path


def test_an_error_goes_to_the_one_who_asked() -> None:
    """Its neighbours get their answers."""
    asked = [forgiving("a"), forgiving("b"), forgiving("c")]
    assert run(together(asked), failing("/b")) == (["/a", "failed: /b", "/c"], [["/a", "/b", "/c"]])


def test_an_error_that_nobody_catches_ends_them_all() -> None:
    """No later round is asked for a result that nobody can have."""
    asked = together([sequence("a1", "a2"), sequence("b1", "b2")])
    with pytest.raises(PrefectError, match=r"^/b1$"):
        run(asked, failing("/b1"))
    assert list(asked) == []


@given(st.lists(st.integers(0, 4), max_size=6))
def test_together_takes_as_many_rounds_as_its_longest(lengths: list[int]) -> None:
    """And everyone gets exactly its answers."""
    names = [[f"{index}.{turn}" for turn in range(length)] for index, length in enumerate(lengths)]
    results, rounds = run(together([sequence(*own) for own in names]))
    assert results == [[f"/{name}" for name in own] for own in names]
    assert len(rounds) == max(lengths, default=0)
