"""What a server cannot change on a live deployment, so that the plan does not promise it.

Without this a run would send the same request for ever. Each entry takes its change out of the plan
and leaves a note in its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from prefect_reconcile.model import Json, JsonObject

Refs = Mapping[str, str]
"""What was observed of the live side: `server` is its version, `shared_limit` the name of a limit that
other deployments use too."""


@dataclass(frozen=True, slots=True)
class Limitation:
    """One thing that cannot be changed. `applies` gets the old and the new value of the first of `fields`
    and the refs; `note` may name `{server}` and `{shared_limit}`; `seen` says where it was observed."""

    fields: tuple[str, ...]
    applies: Callable[[Json, Json, Refs], bool]
    note: str
    seen: str


def _labels_differ(old: Json, new: Json, refs: Refs) -> bool:  # noqa: ARG001
    """Live labels that a manifest does not name may come from the flow, unless it wants none at all."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return old != new
    return not new.items() <= old.items() or bool(old and not new)


def _is_emptied(old: Json, new: Json, refs: Refs) -> bool:
    return bool(old) and not new and _version(refs) < (3, 8, 7)


def _leaves_pool(old: Json, new: Json, refs: Refs) -> bool:
    return old is not None and new is None and _version(refs) < (3, 6, 29)


def _gains_grace(old: Json, new: Json, refs: Refs) -> bool:
    has, gets = ("grace_period_seconds" in one if isinstance(one, dict) else False for one in (old, new))
    return gets and not has and _version(refs) < (3, 6, 29)


def _is_shared(old: Json, new: Json, refs: Refs) -> bool:
    return old != new and "shared_limit" in refs


def _version(refs: Refs) -> tuple[int, ...]:
    """The server's version; a server that does not tell (Prefect Cloud) is taken for the newest."""
    numbers = re.match(r"(\d+)\.(\d+)\.(\d+)", refs.get("server", ""))
    return tuple(map(int, numbers.groups())) if numbers else (999,)


LIMITATIONS: tuple[Limitation, ...] = (
    Limitation(
        ("labels",),
        _labels_differ,
        "labels stay as they are: Prefect changes none on an existing deployment; delete it to have it anew",
        "PATCH with labels answers 422 on 3.8.8",
    ),
    Limitation(
        ("job_variables",),
        _is_emptied,
        "job_variables stay as they are: Prefect {server} ignores their clearing, 3.8.7 and later do not",
        "PATCH with {} answers 204 and changes nothing on 3.2.15, 3.4.25 and 3.6.29",
    ),
    Limitation(
        ("work_pool_name", "work_queue_name"),
        _leaves_pool,
        "work_pool_name stays as it is: Prefect {server} ignores its clearing, 3.6.29 and later do not",
        "PATCH with null answers 204 and changes nothing on 3.2.15 and 3.4.25 (Prefect #21528)",
    ),
    Limitation(
        ("concurrency_options",),
        _gains_grace,
        "concurrency_options stay as they are: Prefect {server} drops grace_period_seconds, 3.6.29 does not",
        "POST and PATCH answer 201 and 204 without keeping it on 3.2.15 and 3.4.25",
    ),
    Limitation(
        ("concurrency_limit",),
        _is_shared,
        "concurrency_limit stays as it is: it belongs to {shared_limit!r}, a limit that others share",
        "PATCH with concurrency_limit changes or deletes the shared limit itself on 3.8.8",
    ),
)


def withdraw(old: JsonObject, new: JsonObject, refs: Refs) -> tuple[str, ...]:
    """Puts the old value back into `new` where a limitation applies; returns the notes for people."""
    notes = []
    for one in LIMITATIONS:
        if one.applies(old[one.fields[0]], new[one.fields[0]], refs):
            notes.append(one.note.format_map({"server": "", "shared_limit": "", **refs}))
            new |= {field: old[field] for field in one.fields}
    # Labels that the flow gave are no difference.
    new["labels"] = old["labels"]
    return tuple(notes)
