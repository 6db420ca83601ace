"""The answers that end a request early, worded as the server words them (Prefect 3.8.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

if TYPE_CHECKING:
    from prefect_reconcile.model import Json

_Model = TypeVar("_Model", bound=BaseModel)
_Item = TypeVar("_Item")


class Refused(Exception):  # noqa: N818  (an answer, not an error of the fake)
    """The request ends here with this answer, and has changed nothing."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


def refuse(status: int, detail: str) -> NoReturn:
    """End the request as FastAPI's HTTPException does."""
    raise Refused(status, {"detail": detail})


def crash() -> NoReturn:
    """End the request as an exception that the server does not handle; it then drops the connection."""
    raise Refused(500, {"exception_message": "Internal Server Error"})


def conflict() -> NoReturn:
    """End the request as a violated constraint of the database does."""
    refuse(
        409,
        "Data integrity conflict. This usually means a unique or foreign key constraint was violated. "
        "See server logs for details.",
    )


def invalid(kind: str, place: list[Json], message: str, body: Json) -> NoReturn:
    """End the request as a body of the wrong shape does."""
    found: Json = {"type": kind, "loc": ["body", *place], "msg": message}
    raise Refused(
        422,
        {"exception_message": "Invalid request received.", "exception_detail": [found], "request_body": body},
    )


def parsed(model: type[_Model], body: Json, context: object = None) -> _Model:
    """The body as `model`, or 422. Validators may look at `context`."""
    try:
        return model.model_validate(body, context=context)
    except ValidationError as error:
        _invalid(error, body)


def parsed_list(adapter: TypeAdapter[list[_Item]], body: Json, context: object) -> list[_Item]:
    """The body as the list that `adapter` describes, or 422. Validators may look at `context`."""
    try:
        return adapter.validate_python(body, context=context)
    except ValidationError as error:
        _invalid(error, body)


def _invalid(error: ValidationError, body: Json) -> NoReturn:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    invalid(first["type"], list(first["loc"]), first["msg"], body)
