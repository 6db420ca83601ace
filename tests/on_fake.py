"""Running conversations and whole passes on the fake Prefect, without HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from prefect_fake import FakePrefect
from prefect_reconcile.changing import conversation
from prefect_reconcile.errors import AnswerError, PrefectError
from prefect_reconcile.kinds.deployment import NAME, observe, read
from prefect_reconcile.kinds.registry import KINDS
from prefect_reconcile.model import Answer, Call, Conversation, Desired, Source
from prefect_reconcile.plan import Plan, make_plan

_Result = TypeVar("_Result")


class KilledError(Exception):
    """The process died after as many requests as the test allowed."""


@dataclass
class Prefect:
    """A fake Prefect, the calls that it got, and after how many it takes no more."""

    fake: FakePrefect = field(default_factory=FakePrefect)
    calls: list[Call] = field(default_factory=list)
    survives: int | None = None

    @property
    def writes(self) -> list[Call]:
        """The calls that could change it."""
        return [call for call in self.calls if call.writes]

    def run(self, talk: Conversation[_Result]) -> _Result:
        """Carries a conversation out, one call after the other."""
        answers: tuple[Answer, ...] | None = None
        while True:
            try:
                calls = next(talk) if answers is None else talk.send(answers)
            except StopIteration as stop:
                result: _Result = stop.value
                return result
            answers = tuple(map(self._answer, calls))

    def _answer(self, call: Call) -> Answer:
        if self.survives is not None and len(self.calls) >= self.survives:
            raise KilledError
        self.calls.append(call)
        status, body = self.fake.handle(call.method, call.path, call.body)
        if status < 400:
            return body
        return AnswerError(call.method, call.path, status, str(body))

    def plan(self, wanted: Sequence[Desired]) -> Plan:
        """Observes and compares."""
        observation = self.run(observe(wanted))
        assert observation.problems == ()
        return make_plan([(KINDS[NAME], observation)])

    def apply(self, plan: Plan) -> list[str]:
        """Carries a plan out; the errors."""
        errors = []
        for write in plan.writes:
            try:
                self.run(conversation(write))
            except PrefectError as error:
                errors.append(str(error))
        return errors

    def converge(self, wanted: Sequence[Desired]) -> list[str]:
        """One pass; the errors."""
        return self.apply(self.plan(wanted))


def desired(*manifests: dict[str, Any]) -> list[Desired]:
    """What valid native manifests want, as the loader would say it."""
    found = []
    for line, manifest in enumerate(manifests, start=1):
        one, findings = read(manifest, lambda entrypoint: None)
        assert one is not None, findings
        found.append(Desired(NAME, one.name, Source("m.yaml", line, 1), one.fields, one.refs))
    return found
