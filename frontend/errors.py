"""The answers to what goes wrong: problem+json for the API, a friendly page for everybody else."""

from http import HTTPStatus
from typing import Final

import structlog
from flask import Flask, Response, render_template, request
from jinja2 import TemplateNotFound
from werkzeug.exceptions import HTTPException, InternalServerError

from frontend.problems import problem
from frontend.security import is_api

log = structlog.stdlib.get_logger()

TEMPLATE: Final = "errors.html"
_DETAILS: Final = {
    400: "The request can't be read.",
    403: "The request came from another site.",
    404: "There is nothing at this address.",
    405: "This address doesn't take such requests.",
    413: "The request is too long.",
    415: "The body must be application/json.",
    500: "Something went wrong on our side.",
    503: "This can't be answered right now. Please try again.",
}


def init_app(app: Flask) -> None:
    """Every error gets an answer of ours; `errors.html` is rendered with `status`, an int."""
    app.register_error_handler(HTTPException, _answer)
    app.register_error_handler(Exception, _answer_bug)


def _answer_bug(error: Exception) -> Response:
    log.error("bug", exc_info=error)
    return _answer(InternalServerError())


def _answer(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:  # werkzeug raises its redirects
        return Response(response=error.get_response(request.environ).data, status=status, headers=error.get_headers())
    detail = _DETAILS.get(status, HTTPStatus(status).phrase)
    if is_api(request.path):
        response = problem(status, detail, retryable=status == 503)
    else:
        response = Response(_page(status, detail), status=status, mimetype="text/html")
    for name, value in error.get_headers(request.environ):
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _page(status: int, detail: str) -> str:
    try:
        return render_template(TEMPLATE, status=status)
    except TemplateNotFound:
        return f"<!doctype html><html lang=en><title>{HTTPStatus(status).phrase}</title><p>{detail}</p></html>"
