"""Problems as people and machines read them."""

from __future__ import annotations

from json import loads

import pytest

from prefect_reconcile import secrecy
from prefect_reconcile.model import Problem, Severity, Source
from prefect_reconcile.render import problems
from prefect_reconcile.render.problems import Checked

TEXTS = {
    "d.yaml": b"name: a\nschedules:\n- corn: 0 2 * * *\n\tx: 1\n",
    "wide.yaml": ("名前: 一\r\n" + "x" * 90 + "y" * 90 + "\n").encode(),
    "secret.yaml": b"{db_password: hunter2, b: 1}\nurl: https://me:hunter2@host/x\ndb_password:\n  a: 1\n",
    "below.yaml": b"password:\n- hunter2\na:\n  token: |\n      x\n     hunter2: y\n  b: 1\n",
    "odd.toml": "# \x85\na = 1\n".encode(),
    "bom.yaml": b"\xef\xbb\xbfnam: a\n",
    "bad.yaml": b"a: \xff\n",
    "hostile.yaml": b"a: x\x1b[31m\xe2\x80\xaey\n",
}


def shown(file: str, line: int, column: int, severity: Severity = Severity.ERROR) -> list[str]:
    """The lines below the message."""
    problem = Problem(Source(file, line, column), "", "what", "remedy", severity)
    first, *rest = problems.text([(problem, ())], TEXTS).splitlines()
    assert first == f"{severity}: {problem.source}: what; remedy"
    return rest


@pytest.mark.parametrize(
    ("place", "lines"),
    [
        (("d.yaml", 3, 3), ["    3 | - corn: 0 2 * * *", "      |   ^"]),
        (("d.yaml", 4, 2), ["    4 |  x: 1", "      |  ^"]),
        (("d.yaml", 5, 1), ["    5 | ", "      | ^"]),
        (("d.yaml", 6, 1), []),
        (("d.yaml", 0, 0), []),
        (("gone.yaml", 1, 1), []),
        (("wide.yaml", 1, 5), ["    1 | 名前: 一", "      |       ^"]),
        (("wide.yaml", 2, 91), [f"    2 | …{'x' * 49}{'y' * 49}…", f"      | {' ' * 50}^"]),
        (("secret.yaml", 1, 2), ["    1 | {db_password: ********", "      |  ^"]),
        (("secret.yaml", 2, 1), ["    2 | url: https://********@host/x", "      | ^"]),
        (("secret.yaml", 3, 1), ["    3 | db_password:", "      | ^"]),
        (("below.yaml", 2, 3), []),
        (("below.yaml", 6, 6), []),
        (("below.yaml", 7, 3), ["    7 |   b: 1", "      |   ^"]),
        (("odd.toml", 2, 1), ["    2 | a = 1", "      | ^"]),
        (("bom.yaml", 1, 1), ["    1 | nam: a", "      | ^"]),
        (("bad.yaml", 1, 4), ["    1 | a: \ufffd", "      |    ^"]),
        (("hostile.yaml", 1, 4), ["    1 | a: x\\x1b[31m\\u202ey", "      |    ^"]),
    ],
)
def test_the_line_and_a_caret(place: tuple[str, int, int], lines: list[str]) -> None:
    """Below the character that is meant, whatever its width; cut where it is long, and never a secret."""
    assert shown(*place) == lines


def test_a_secret_before_the_caret_is_not_shown() -> None:
    """The caret stays within what is shown."""
    (line, caret) = shown("secret.yaml", 1, 24)
    assert (line, len(caret) <= len(line) + 1) == ("    1 | {db_password: ********", True)


def test_hints_are_one_line() -> None:
    """They are many, and nothing has to be done about them; a warning has its line."""
    assert shown("d.yaml", 1, 1, Severity.HINT) == []
    assert len(shown("d.yaml", 1, 1, Severity.WARNING)) == 2


ERROR = Problem(Source("a b,c:d.yaml", 4, 5), "schedules[0].corn", "unknown\nkey 100%", "did you mean?")
WARNING = Problem(Source("."), "", "odd", "look", Severity.WARNING)
HINT = Problem(Source("é.yaml", 1, 1), "x", "h", "r", Severity.HINT)
CHECKED = Checked(0, [(ERROR, ("prod",)), (WARNING, ()), (HINT, ("a", "b"))])


def test_targets_are_named() -> None:
    """A problem that only some targets have says which."""
    assert problems.text(CHECKED.problems, {}) == (
        "error: a b,c:d.yaml:4:5: schedules[0].corn: unknown\\nkey 100%; did you mean? [prod]\n"
        "warning: .: odd; look\n"
        "hint: é.yaml:1:1: x: h; r [a, b]\n"
    )


@pytest.mark.parametrize(
    ("checked", "line"),
    [
        (CHECKED, "1 error, 1 warning, 1 hint."),
        (Checked(0, [(ERROR, ()), (ERROR, ())]), "2 errors."),
        (Checked(1, []), "1 manifest is valid."),
        (Checked(2, [(HINT, ()), (HINT, ())]), "2 manifests are valid; 2 hints."),
    ],
)
def test_summary(checked: Checked, line: str) -> None:
    """What there is, without what there is not."""
    assert problems.summary(checked) == line + "\n"


def test_json() -> None:
    """The whole object."""
    assert loads(problems.json(CHECKED)) == {
        "format_version": "1",
        "valid": False,
        "summary": {"manifests": 0, "errors": 1, "warnings": 1, "hints": 1},
        "problems": [
            {
                "severity": "error",
                "file": "a b,c:d.yaml",
                "line": 4,
                "column": 5,
                "path": "schedules[0].corn",
                "what": "unknown\nkey 100%",
                "remedy": "did you mean?",
                "targets": ["prod"],
            },
            {
                "severity": "warning",
                "file": ".",
                "line": None,
                "column": None,
                "path": "",
                "what": "odd",
                "remedy": "look",
                "targets": [],
            },
            {
                "severity": "hint",
                "file": "é.yaml",
                "line": 1,
                "column": 1,
                "path": "x",
                "what": "h",
                "remedy": "r",
                "targets": ["a", "b"],
            },
        ],
    }


def test_what_is_about_a_secret_is_not_quoted() -> None:
    """Wherever it stands."""
    problem = Problem(Source("d.yaml", 3, 3), "parameters.password", "what", "remedy")
    assert len(problems.text([(problem, ())], TEXTS).splitlines()) == 1


def test_github_shows_what_is_unseen() -> None:
    """A key can hold what reorders or hides text."""
    odd = Checked(0, [(Problem(Source("a.yaml", 1, 1), "\u202ex\x85", "w", "r"), ())])
    assert problems.github(odd).endswith("::\\u202ex\\x85: w; r\n")


def test_github() -> None:
    """One command a line, whatever the text."""
    assert problems.github(CHECKED) == (
        "::error file=a b%2Cc%3Ad.yaml,line=4,col=5,title=reconcile::"
        "schedules[0].corn: unknown%0Akey 100%25; did you mean? [prod]\n"
        "::warning file=.,title=reconcile::odd; look\n"
        "::notice file=é.yaml,line=1,col=1,title=reconcile::x: h; r [a, b]\n"
    )


def test_sarif() -> None:
    """A result for each problem, with a rule that the tool describes."""
    log = loads(problems.sarif(CHECKED))
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["invalid", "ignored", "hint"]
    assert run["results"] == [
        {
            "ruleId": "invalid",
            "level": "error",
            "message": {"text": "schedules[0].corn: unknown\nkey 100%; did you mean? [prod]"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": "a%20b%2Cc%3Ad.yaml"},
                        "region": {"startLine": 4, "startColumn": 5},
                    }
                }
            ],
        },
        {
            "ruleId": "ignored",
            "level": "warning",
            "message": {"text": "odd; look"},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": "."}}}],
        },
        {
            "ruleId": "hint",
            "level": "note",
            "message": {"text": "x: h; r [a, b]"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": "%C3%A9.yaml"},
                        "region": {"startLine": 1, "startColumn": 1},
                    }
                }
            ],
        },
    ]


def test_no_declared_secret_is_shown() -> None:
    """Neither in a quoted line, nor in a message, a path, a file's name or that of a target."""
    secrecy.begin(["licence"], ["hunter2"])
    problem = Problem(Source("hunter2.yaml", 1, 4), "a.hunter2", "found hunter2", "not hunter2")
    texts = {"hunter2.yaml": b"a: is hunter2, and more\n"}
    checked = Checked(1, [(problem, ("hunter2",))])
    assert problems.text(checked.problems, texts) == (
        "error: ********.yaml:1:4: a.********: found ********; not ******** [********]\n"
        "    1 | a: is ********, and more\n"
        "      |    ^\n"
    )
    others = [render(checked) for render in (problems.json, problems.github, problems.sarif)]
    assert [("hunter2" in text, "********" in text) for text in others] == [(False, True)] * 3


def test_a_line_is_quoted_as_far_as_is_known_of_secrets() -> None:
    """What was quoted in one run is not remembered in the next one."""
    texts = {"a.yaml": b"licence: x, hunter2\n"}
    told = [(Problem(Source("a.yaml", 1, 1), "", "what", "remedy"), ())]
    quoted = []
    for names, values in (([], []), ([], ["hunter2"]), (["licence"], []), ([], [])):
        secrecy.begin(names, values)
        quoted.append(problems.text(told, texts).splitlines()[1])
    assert quoted == [
        "    1 | licence: x, hunter2",
        "    1 | licence: x, ********",
        "    1 | licence: ********",
        "    1 | licence: x, hunter2",
    ]
