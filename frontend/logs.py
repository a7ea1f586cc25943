"""Structured logs: JSON lines on stdout, one event name plus fields; no personal data, no keys."""

import sys
import time
from typing import Any, Final

import structlog
from flask import Flask, Response, g, request

from frontend import traces
from frontend.purchases import is_order_id

_NUMBERS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}

log = structlog.stdlib.get_logger()


def configure(level: str) -> None:
    """Makes this process log from `level` upwards (debug, info, warning, error)."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_NUMBERS[level]),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=False,
    )


def bind_order(order_id: str) -> None:
    """Names the order in every further log line of this request."""
    structlog.contextvars.bind_contextvars(order_id=order_id)


def init_app(app: Flask) -> None:
    """Gives every request a traceparent, and a log line once it is answered."""
    app.before_request(_begin)
    app.after_request(_log_request)


def _begin() -> None:
    g.started = time.monotonic()
    g.traceparent = traces.join_trace(request.headers.get("traceparent"))
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(traceparent=g.traceparent)
    order_id = (request.view_args or {}).get("order_id")
    if isinstance(order_id, str) and is_order_id(order_id):
        bind_order(order_id)


def _log_request(response: Response) -> Response:
    """The path's template is logged and not its query: there are keys in it."""
    fields: dict[str, Any] = {
        "method": request.method,
        "path": request.url_rule.rule if request.url_rule else None,
        "status": response.status_code,
        "duration_ms": round((time.monotonic() - g.started) * 1000, 1),
    }
    log.info("request", **fields)
    return response
