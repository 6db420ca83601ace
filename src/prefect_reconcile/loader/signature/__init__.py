"""The parameter schema of a flow, from its syntax tree alone.

`parameter_schema` gives what Prefect 3.8.8 writes for the same flow (its
`prefect.utilities.callables.parameter_schema`, whose details are those of pydantic 2.14), or says why
that cannot be known without running the code. Nothing here reads a file, imports or evaluates what
it is given: the code comes from strangers.

One idea a module: `scope` finds what a name stands for, `values` reads defaults, `annotations` types,
`fields` what `Field(…)` says, `classes` the classes that become definitions, `docstring` the descriptions.
"""

from prefect_reconcile.loader.signature.parameters import parameter_schema
from prefect_reconcile.loader.signature.unknown import Unknown

__all__ = ["Unknown", "parameter_schema"]
