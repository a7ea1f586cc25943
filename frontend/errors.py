"""The answers to what goes wrong: problem+json for the API, a friendly page for everybody else."""

from http import HTTPStatus
from typing import Final

import structlog
from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException, InternalServerError

from frontend.problems import problem
from frontend.security import is_api

TEMPLATE: Final = "errors.html"
_DETAILS: Final = {
    400: "The request can't be read.",
    403: "The request came from another site.",
    404: "There is nothing at this address.",
    405: "This address doesn't take such requests.",
    413: "The request is too long.",
    415: "The body must be application/json.",
    500: "Something went wrong on our side.",
    503: "The shop can't answer this right now.",
}

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def init_app(app: Flask) -> None:
    """Gives every error an answer of ours; the template `errors.html` gets `status`, an int."""
    app.register_error_handler(HTTPException, _answer)
    app.register_error_handler(Exception, _answer_bug)


def _answer_bug(error: Exception) -> Response:
    log.error("bug", exc_info=error)
    return _answer(InternalServerError())


def _answer(error: HTTPException) -> Response:
    status = error.code or 500
    detail = _DETAILS.get(status, HTTPStatus(status).phrase)
    if is_api(request.path):
        response = problem(status, detail, retryable=status >= 500)  # the same order id makes a repeat safe
    else:
        response = Response(_page(status, detail), status=status, mimetype="text/html")
    response.headers.extend((name, value) for name, value in error.get_headers() if name == "Allow")
    return response


def _page(status: int, detail: str) -> str:
    """The friendly page; a plain one if that fails too, for an error may have come from the templates themselves."""
    try:
        return render_template(TEMPLATE, status=status)
    except Exception:
        log.exception("bug")
        title = HTTPStatus(status).phrase
        return f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><p>{detail}</p></html>"
