"""Problem details (RFC 9457): how the API says that something is wrong."""

from http import HTTPStatus
from typing import Any, Final, Literal

import msgspec
from flask import Response
from msgspec import UNSET, UnsetType

from functions.orders import contract

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 2


class WrongField(msgspec.Struct, frozen=True):
    """A field of the request and what is wrong with it; of a line it is `lines[0].quantity`."""

    field: str
    code: str


class Left(msgspec.Struct, frozen=True):
    """What is still available of a ticket type."""

    ticket_type: str
    available: int


class Problem(msgspec.Struct, frozen=True):
    """`retryable` says whether the same request may succeed later; `detail` is for a person."""

    title: str
    status: int
    detail: str
    retryable: bool
    type: Literal["about:blank"] = "about:blank"
    reason: contract.Reason | UnsetType = UNSET
    available: tuple[Left, ...] | UnsetType = UNSET
    total: int | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    order_id: contract.OrderId | UnsetType = UNSET
    key: str | UnsetType = UNSET
    errors: tuple[WrongField, ...] | UnsetType = UNSET


def problem(status: int, detail: str, *, retryable: bool = False, **members: Any) -> Response:
    """The answer that says so, with those of `members` that are not None; a retryable one says after how long."""
    given = {name: value for name, value in members.items() if value is not None}
    content = Problem(HTTPStatus(status).phrase, status, detail, retryable, **given)
    response = Response(msgspec.json.encode(content), status=status, mimetype=MEDIA_TYPE)
    if retryable:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response
