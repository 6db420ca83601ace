"""The dialect of `prefect deploy`: each deployment of a `prefect.yaml` as a native manifest. Pure.

What `prefect deploy --all` would make of it is made of it, and what a declarative tool cannot do is said.
`grammar` knows the keys, `steps` what becomes of build, push and pull, `schedules` the forms of a schedule,
`templates` what becomes of placeholders, and `reader` brings them together.
"""

from prefect_reconcile.loader.prefect_yaml.reader import Entry, Surroundings, entries

__all__ = ["Entry", "Surroundings", "entries"]
