"""The server's worker: gunicorn's own, but what can't be read as a request is answered in our words and headers."""

from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final

import structlog
from gunicorn import util  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]
from gunicorn.http import errors  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from frontend.security import HEADERS

_STATUS: Final = {
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    errors.UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
}
_WORDS: Final = {
    HTTPStatus.REQUEST_URI_TOO_LONG: "The address is too long.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "Your browser sent too much at once. Deleting our cookies may help.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong on our side.",
}
_UNREADABLE: Final = "That can't be read as a request."

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Log(Logger):  # type: ignore[misc]  # the library has no types
    """The server's log without a line for each request, which the application writes itself."""

    def access(self, *_: object) -> None:
        """Nothing, at no cost."""


class Worker(ThreadWorker):  # type: ignore[misc]  # the library has no types
    """Threads that answer requests."""

    def handle_error(self, _request: object, client: Any, _address: object, error: Exception) -> None:
        """Answers where no application can; the log quotes nothing, for an address may hold a key."""
        status = status_of(error)
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("bug", exc_info=error)
        else:
            log.warning("unreadable request", status=status.value, why=type(error).__name__)
        with suppress(OSError):  # whoever has gone needs no answer
            util.write_nonblock(client, answer(status))


def status_of(error: Exception) -> HTTPStatus:
    """What to answer; a request that can't be read is the sender's mistake, all else is ours."""
    if isinstance(error, errors.InvalidResponseHeader | errors.InvalidResponseHeaderName):
        return HTTPStatus.INTERNAL_SERVER_ERROR
    if isinstance(error, errors.ParseException):
        return _STATUS.get(type(error), HTTPStatus.BAD_REQUEST)
    return HTTPStatus.INTERNAL_SERVER_ERROR


def answer(status: HTTPStatus) -> bytes:
    """The whole answer: a plain page, with the headers of every answer, and the end of the connection."""
    title, words = status.phrase, _WORDS.get(status, _UNREADABLE)
    page = f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><p>{words}</p></html>\n".encode()
    headers = {
        **HEADERS,
        "Cache-Control": "no-store",
        "Connection": "close",
        "Content-Length": str(len(page)),
        "Content-Type": "text/html; charset=utf-8",
    }
    lines = [f"HTTP/1.1 {status.value} {title}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + page
