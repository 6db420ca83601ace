"""The reasons for which a `prefect.yaml` is refused, by name; a refusal of any other kind is a defect."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from prefect_reconcile.model import Problem

CODE_ELSEWHERE = "code not here"

_AT_ENTRYPOINT = re.compile(r"deployments\[\d+\]\.entrypoint")

_BY_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "build output not supplied": r"comes from a build or push step",
        "looked up at deploy": r"would have to be looked up now",
        "variable not set": r"is set neither as a value nor in the environment",
        "placeholder of nothing": r"is nothing that is known",
        "several values within text": r"is more than one value, and stands within text",
        "unknown key": r"^unknown key$",
        "key that Prefect ignores here": r"^Prefect (ignores this key here|3 no longer knows this key)$",
        "key of another schedule type": r"^does not go with ",
        "required key missing": r"^required key is missing$",
        "malformed step": r"^(a step has one key|expected a step|expected a list of steps)",
        "wrong type": r"^expected (a|one|true) ",
        "schedule and schedules": r"^schedule and schedules are both given",
        "schedule of no type": r"^has no cron, interval or rrule$",
        "schedule of two types": r"^(cron|interval) and (interval|rrule) are given at once$",
        "schedule twice": r"^(is the same as schedules\[|schedules\[\d+\] has the slug)",
        "cron": r"is not a cron expression$|has a nearest weekday|is random or hashed",
        "interval": r"is not an interval$|has no fixed length$|interval (of|has to be)",
        "rrule": r"is not a recurrence rule|has an INTERVAL of 0|the rule has \d+ characters",
        "time zone": r"is not a time zone$",
        "date": r"is not a date$",
        "name": r"^a name cannot hold|^is empty$",
        "number out of bounds": r"^has to be (more than|at least|at most)",
        "no such choice": r"is not possible here$",
        "queue without pool": r"^a work queue needs its work pool$",
        "parameter that the flow has not": r"^the flow has no such parameter$",
        "template of Prefect's server": r"^this is a template that Prefect renders",
        "deployment twice": r" is already declared at ",
        "no deployments": r"^there is no manifest here$",
        "duplicate key": r"^duplicate key",
        "key that is no text": r"cannot be a key$|^the key is empty$|^the key .* is read as",
        "value that cannot be read": r"cannot be read as",
        "tag": r"^the tag ",
        "alias or merge key": r"^an alias within|^aliases |^<< needs",
        "too large": r"^nested more than|^more than .* keys and values$|^the file has more than",
        "unknown kind": r"^unknown kind ",
    }
)


def reason(problem: Problem, unparsable: bool) -> str | None:
    """The name of the reason, None where there is none. `unparsable` says that no parser takes the file."""
    if unparsable and not problem.path:
        return "not YAML"
    for name, words in _BY_WORDS.items():
        if re.search(words, problem.what):
            return name
    # Whatever is said of the code is said where it is named.
    return CODE_ELSEWHERE if _AT_ENTRYPOINT.fullmatch(problem.path) else None
