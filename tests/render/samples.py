"""Reports that show every shape of a change, and the golden files that they are compared with.

With `UPDATE_GOLDEN=1` in the environment the tests write those files instead: read them before committing.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from prefect_reconcile.differ import FieldChange, differences
from prefect_reconcile.model import (
    ABSENT,
    Call,
    Desired,
    Json,
    JsonObject,
    Key,
    Live,
    Resolution,
    Shape,
    Source,
)
from prefect_reconcile.plan import Change, Create, Plan, Unchanged, Update
from prefect_reconcile.report import Outcome, Report, Result

GOLDEN = Path(__file__).parent / "golden"

SHAPES = {
    "description": Shape.VALUE,
    "tags": Shape.SET,
    "entrypoint": Shape.VALUE,
    "pull_steps": Shape.VALUE,
    "parameters": Shape.VALUE,
    "job_variables": Shape.VALUE,
    "concurrency_limit": Shape.VALUE,
    "paused": Shape.VALUE,
    "schedules": Shape.KEYED,
}
DEFAULTS: JsonObject = {
    "description": None,
    "tags": [],
    "entrypoint": None,
    "pull_steps": [],
    "parameters": {},
    "job_variables": {},
    "concurrency_limit": None,
    "paused": False,
    "schedules": {},
}


def expect(name: str, text: str) -> None:
    """Compares a whole output with its golden file, in which `␛` stands for the escape character."""
    file = GOLDEN / name
    shown = text.replace("\x1b", "␛")
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_bytes(shown.encode())
    assert shown == file.read_bytes().decode()


def create(
    name: str, *, source: str = "deployments/new.yaml", notes: tuple[str, ...] = (), **new: Json
) -> Create:
    """What is not there, with fields that differ from their defaults."""
    to = Resolution(DEFAULTS, {**DEFAULTS, **new}, notes)
    return Create(_desired(name, source), to, differences(to.old, to.new, SHAPES))


def update(
    name: str,
    old: JsonObject,
    new: JsonObject,
    *,
    source: str = "deployments/etl.yaml",
    notes: tuple[str, ...] = (),
) -> Update:
    """What is there and differs."""
    to = Resolution({**DEFAULTS, **old}, {**DEFAULTS, **new}, notes)
    live = Live("Deployment", name, f"id-of-{name}", to.old)
    return Update(_desired(name, source), live, to, differences(to.old, to.new, SHAPES))


def unchanged(name: str, *, notes: tuple[str, ...] = ()) -> Unchanged:
    """What is as declared."""
    return Unchanged(_desired(name, "deployments/etl.yaml"), Resolution(DEFAULTS, DEFAULTS, notes))


def ignoring(change: Update | Unchanged, *ignored: FieldChange) -> Change:
    """The same with differences that are left alone."""
    return replace(change, ignored=ignored)


def _desired(name: str, source: str) -> Desired:
    return Desired("Deployment", name, Source(source, 2, 1), {})


NIGHTLY: JsonObject = {
    "cron": "0 2 * * *",
    "timezone": "Europe/Paris",
    "parameters": {},
    "max_scheduled_runs": None,
    "slug": "nightly",
    "active": True,
    "day_or": True,
}
HOURLY: JsonObject = {
    "interval": 3600,
    "timezone": "UTC",
    "parameters": {"day": "today", "api_token": "secret-of-hourly"},
    "max_scheduled_runs": None,
    "slug": None,
    "active": True,
    "anchor_date": "2024-01-01T00:00:00+00:00",
}
HOURLY_KEY = 'interval 3600s {"api_token": "secret-of-hourly", "day": "today"}'

CREATED = Report(
    Plan(
        (
            create("etl/bare"),
            create(
                "etl/full",
                description="Loads the day.\n\nRuns every night.",
                tags=["finance", "größe"],
                entrypoint="flows/etl.py:etl",
                pull_steps=[
                    {
                        "prefect.deployments.steps.git_clone": {
                            "repository": "https://secret-of-clone@github.com/acme/etl.git",
                            "branch": "main",
                            "access_token": "{{ prefect.blocks.secret.github }}",
                        }
                    },
                    {"prefect.deployments.steps.set_working_directory": {"directory": "/opt/etl"}},
                ],
                parameters={
                    "day": "yesterday",
                    "max_tokens": 4000,
                    "factor": 1.5,
                    "dry": False,
                    "none": None,
                },
                job_variables={
                    "image": "registry.example.com/etl:1.4",
                    "env": {"DB_PASSWORD": "secret-of-db", "LOG_LEVEL": "debug"},
                },
                concurrency_limit=1,
                paused=True,
                schedules={"nightly": NIGHTLY, HOURLY_KEY: HOURLY},
            ),
        )
    )
)

UPDATED = Report(
    Plan(
        (
            update(
                "etl/fields",
                {
                    "description": "Loads the day.",
                    "tags": ["a", "b"],
                    "concurrency_limit": 1,
                    "parameters": {"on": True, "gone": None},
                },
                {
                    "description": None,
                    "tags": ["b", "c"],
                    "concurrency_limit": 2,
                    "parameters": {"on": 1, "a.b": []},
                },
            ),
            update(
                "etl/long",
                {
                    "description": "Loads the orders of the day before, and those that came late. " * 3
                    + "Ends by 2:00.",
                    "job_variables": {
                        "image": "registry.example.com/data-platform/production/etl:2024.06.01-a"
                    },
                    "tags": [],
                },
                {
                    "description": "Loads the orders of the day before, and those that came late. " * 3
                    + "Ends by 3:00.",
                    "job_variables": {
                        "image": "registry.example.com/data-platform/production/etl:2024.06.01-b"
                    },
                    "tags": [f"a tag with a rather long name, the {n}th of them" for n in range(4)],
                },
            ),
            update(
                "etl/nested",
                {
                    "job_variables": {"env": {"LOG": "info", "OLD": "1"}, "limits": {"cpu": 1}},
                    "pull_steps": [{"clone": {"branch": "main"}}, {"run": {"script": "make"}}],
                },
                {
                    "job_variables": {"env": {"LOG": "debug", "NEW": "1"}},
                    "pull_steps": [
                        {"set": {"directory": "/opt"}},
                        {"clone": {"branch": "main"}},
                        {"run": {"script": "make all"}},
                    ],
                },
            ),
            update(
                "etl/schedules",
                {"schedules": {"nightly": NIGHTLY, "weekly": {**NIGHTLY, "slug": "weekly"}}},
                {
                    "schedules": {
                        "nightly": {**NIGHTLY, "cron": "0 3 * * *", "active": False},
                        HOURLY_KEY: HOURLY,
                    }
                },
            ),
            update(
                "etl/secrets",
                {
                    "job_variables": {
                        "env": {"API_TOKEN": "secret-old", "DB_URL": "postgresql://me:secret-old@db/etl"},
                        "containers": [
                            {"name": "DB_PASSWORD", "value": "secret-old"},
                            {"name": "LOG", "value": "info"},
                        ],
                        "credentials": {"user": "secret-old"},
                    },
                    "parameters": {"password": "secret-old", "max_tokens": 1},
                    "schedules": {HOURLY_KEY: {**HOURLY, "parameters": {"api_token": "secret-old"}}},
                },
                {
                    "job_variables": {
                        "env": {"API_TOKEN": "secret-new", "DB_URL": "postgresql://me:secret-new@db/etl"},
                        "containers": [
                            {"name": "DB_PASSWORD", "value": "secret-new"},
                            {"name": "LOG", "value": "debug"},
                        ],
                        "secrets": {"a": ["secret-new"]},
                    },
                    "parameters": {"password": None, "max_tokens": 2},
                    "schedules": {HOURLY_KEY: {**HOURLY, "parameters": {"api_token": 12345678}}},
                },
            ),
            unchanged("etl/same"),
        )
    )
)

NOTES = (
    "labels stay as they are: Prefect changes none on an existing deployment; delete it to have it anew",
)

NOTED = Report(
    Plan(
        (
            create("etl/a", notes=("a note on what is new",), tags=["a"]),
            unchanged("etl/b", notes=NOTES),
            unchanged("etl/c"),
        )
    )
)

_REHEARSED = Plan(
    (create("etl/a", tags=["a"]), update("etl/b", {"tags": []}, {"tags": ["b"]}), unchanged("etl/c"))
)
REQUESTED = Report(
    _REHEARSED,
    requests={
        ("Deployment", "etl/a"): (
            Call("POST", "/flows/", {"name": "etl"}, once=True),
            Call(
                "POST",
                "/deployments/",
                {
                    "name": "a",
                    "flow_id": "<id from POST /flows/>",
                    "tags": ["a"],
                    "job_variables": {
                        "env": [{"name": "DB_PASSWORD", "value": "secret-of-db"}],
                        "api_key": "secret-of-api",
                    },
                    "parameters": {"text": "one\ntwo"},
                },
            ),
        ),
        ("Deployment", "etl/b"): (
            Call("PATCH", "/deployments/1", {"tags": ["b"]}),
            Call("DELETE", "/deployments/1/schedules/2"),
        ),
    },
)

APPLIED = Report(
    Plan(
        (
            create("etl/created", tags=["a"]),
            create("etl/failed", tags=["a"]),
            create("etl/waiting", tags=["a"]),
            unchanged("etl/same"),
            update("etl/updated", {"paused": True}, {"paused": False}),
        )
    ),
    {
        ("Deployment", "etl/created"): Outcome(Result.DONE),
        ("Deployment", "etl/failed"): Outcome(
            Result.FAILED, "POST /deployments/ answered 409: work pool is\nfull \x1b[31m"
        ),
        ("Deployment", "etl/waiting"): Outcome(
            Result.NOT_ATTEMPTED, "not attempted, since an earlier one failed"
        ),
        ("Deployment", "etl/updated"): Outcome(Result.DONE),
    },
)
DONE = Report(
    Plan((create("etl/created", tags=["a"]), unchanged("etl/same"))),
    {("Deployment", "etl/created"): Outcome(Result.DONE)},
)

FORGED = "x\n  + create etl/forged  a.yaml:1\r\x1b[2K\x1b]8;;http://evil\x07"
HOSTILE = Report(
    Plan(
        (
            create(
                f"etl/{FORGED}",
                source=f"{FORGED}.yaml",
                notes=(FORGED,),
                tags=[FORGED, "\u202egnp", "\ud800"],
            ),
            update(
                "etl/\u200bname",
                {"parameters": {"a": "zero\u200bwidth", 'b"]["c': "\x9b2J", "\u202e": None}},
                {
                    "parameters": {"a": "zerowidth", 'b"]["c': "\u2028", "\ud800": [FORGED]},
                    "schedules": {"\x1b]": NIGHTLY},
                },
            ),
        )
    ),
    requests={
        ("Deployment", "etl/\u200bname"): (Call("PATCH", f"/deployments/{FORGED}", {FORGED: "\U000e0041"}),)
    },
)

IGNORED = Report(
    Plan(
        (
            ignoring(
                update("etl/a", {"paused": True}, {"paused": False}),
                FieldChange(("parameters", "debug"), "a-value-that-no-text-shows", "nor-this"),
            ),
            ignoring(
                unchanged("etl/b", notes=NOTES),
                FieldChange(("job_variables", "env", "API_TOKEN"), "secret-old", "secret-new"),
                FieldChange(("schedules", Key("nightly"), "active"), False, True),
                *(FieldChange(("parameters", f"p{n}"), n, ABSENT) for n in range(10)),
            ),
            unchanged("etl/c"),
        )
    )
)
ONLY_IGNORED = Report(
    Plan((ignoring(unchanged("etl/a"), FieldChange(("tags",), ["x"], [])), unchanged("etl/b", notes=NOTES)))
)

NONE_DECLARED = Report(Plan(()))
ONE_UNCHANGED = Report(Plan((unchanged("etl/a"),)))
THREE_UNCHANGED = Report(Plan((unchanged("etl/a"), unchanged("etl/b"), unchanged("etl/c"))))

SAMPLES = {
    "created": CREATED,
    "updated": UPDATED,
    "noted": NOTED,
    "requested": REQUESTED,
    "hostile": HOSTILE,
    "ignored": IGNORED,
    "only_ignored": ONLY_IGNORED,
    "none_declared": NONE_DECLARED,
    "one_unchanged": ONE_UNCHANGED,
    "three_unchanged": THREE_UNCHANGED,
}
"""Plans that were not carried out, by the name of their golden files."""
