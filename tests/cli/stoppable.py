"""A pass over three deployments that obeys signals as the command does, for a process of its own.

`stoppable.py URL`; says on stderr when the first signal has come, and on stdout what became of each.
"""

from __future__ import annotations

import asyncio
import sys

from prefect_reconcile import reconciler
from prefect_reconcile.api.client import Api
from prefect_reconcile.cli.signals import stopping
from prefect_reconcile.kinds.deployment import NAME, read
from prefect_reconcile.model import Desired, Source
from prefect_reconcile.report import Report
from prefect_reconcile.settings import Connection


def wanted() -> list[Desired]:
    manifests = [read({"flow": "f", "name": name}, lambda entrypoint: None)[0] for name in "abc"]
    return [Desired(NAME, one.name, Source("m.yaml", 1, 1), one.fields, one.refs) for one in manifests if one]


def tell() -> None:
    print("Stopping.", file=sys.stderr, flush=True)


async def one_pass(url: str) -> Report:
    connection = Connection(url, "the test")
    with stopping() as stop:
        async with Api(connection) as api:
            plan = await reconciler.plan_pass(api, wanted())
            with stop.gently(tell) as event:
                report = await reconciler.apply(api, plan, 1, stop=event)
                for (_, name), outcome in (report.outcomes or {}).items():
                    print(name, outcome.result.value, outcome.error or "")
    return report


def main() -> int:
    try:
        report = asyncio.run(one_pass(sys.argv[1]))
    except KeyboardInterrupt:
        print("Interrupted.")
        return 130
    return 130 if report.interrupted else int(report.failed)


if __name__ == "__main__":
    sys.exit(main())
