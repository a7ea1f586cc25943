"""Problem details (RFC 9457): how the API says that something is wrong."""

from http import HTTPStatus
from typing import Any, Final

import msgspec
from flask import Response

RETRY_AFTER_S: Final = 2


def problem(status: int, detail: str, *, retryable: bool, **members: Any) -> Response:
    """A problem+json answer; a retryable one says after how many seconds."""
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "retryable": retryable,
        **members,
    }
    response = Response(msgspec.json.encode(content), status=status, mimetype="application/problem+json")
    if retryable:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response
