"""Every way to make a flow, and every kind of parameter."""
# ruff: noqa - how people write flows is what is tested, not how they should.

import prefect
import prefect as orchestrator
from prefect import flow
from prefect import flow as job
from prefect.flows import flow as other_flow


@flow
def plain(x: int): ...


@flow()
def empty_call(x: int): ...


@flow(name="Nightly", retries=2, log_prints=True, description="Runs at night.")
def with_arguments(x: int): ...


@prefect.flow
def nested_attribute(x: int): ...


@prefect.flow(name="nested")
def nested_attribute_call(x: int): ...


@orchestrator.flow(log_prints=True)
def module_alias(x: int): ...


@job
def name_alias(x: int): ...


@other_flow(name="other")
def other_module(x: int): ...


@flow
async def asynchronous(x: int, y: str = "a"): ...


@flow
def generator(x: int):
    yield x


@flow
def no_parameters(): ...


@flow
def unannotated(a, b=1, c=None): ...


@flow
def positional_only(a, b: int = 2, /, c: str = "x"): ...


@flow
def keyword_only(*, a, b: int = 2, c: str): ...


@flow
def variadic(a, *args, b=1, **kwargs): ...


@flow
def annotated_variadic(*args: int, **kwargs: str): ...


@flow
def return_annotation(x: int) -> dict[str, int]: ...


@flow(validate_parameters=False)
def names_of_pydantic(copy: int, json: str = "x", schema: bool = False, dict: int = 2): ...


@flow
def named_like_receivers(self, cls, x: int): ...


@flow
def keywords_of_schemas(title: str, type: int, description: str, default: str = "d", position: int = 7): ...


def make(x: int): ...


if __name__ == "__main__":
    plain = plain(1)
