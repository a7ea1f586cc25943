"""Structured logs: JSON lines on standard output, one event name with its fields; no personal data, no keys."""

import logging
import logging.config
import sys
import time
from contextlib import suppress
from typing import Any, Final

import structlog
from flask import Flask, Response, g, request
from structlog.typing import EventDict, Processor

from frontend import traces
from frontend.purchases import is_order_id
from frontend.shop import current_shop

log: structlog.stdlib.BoundLogger = structlog.get_logger()
_PROBES: Final = ("/healthz", "/readyz")


def configure(level: str) -> None:
    """Makes structlog and the standard library's logging write from `level` (debug, info, warning, error) upwards."""
    logging.config.dictConfig(stdlib_config(level))
    lines = Lines(sys.stdout)
    structlog.configure(
        processors=[*_SHARED, structlog.processors.JSONRenderer()],
        logger_factory=lambda *_: lines,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        cache_logger_on_first_use=False,
    )


def stdlib_config(level: str) -> dict[str, Any]:
    """The configuration of the standard library's logging, the server's included; its access log is off."""
    processors = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _SHARED,
                "processors": processors,
            }
        },
        "filters": {"without_requests": {"()": WithoutRequests}},
        "handlers": {
            "stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"},
        },
        "root": {"level": level.upper(), "handlers": ["stdout"]},
        "loggers": {
            "gunicorn.error": {"handlers": [], "propagate": True, "filters": ["without_requests"]},
            "gunicorn.access": {"handlers": [], "propagate": False},
            "flask-limiter": {"level": "WARNING"},  # below, it tells the client's address
        },
    }


class Lines(structlog.WriteLogger):
    """Lines past the standard library's records and handlers; what can't be written is lost, and nothing else."""

    def msg(self, message: str) -> None:
        with suppress(OSError):  # a full disk, or nobody who reads
            super().msg(message)

    debug = info = warning = error = critical = exception = msg


class WithoutRequests(logging.Filter):
    """Cuts what the server quotes of a request that it can't answer: an address may hold a key."""

    _QUOTING: Final = ("Invalid request", "Error handling request")

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets every record pass, shortened if need be."""
        for beginning in self._QUOTING:
            if str(record.msg).startswith(beginning):
                record.msg, record.args = beginning, ()
        return True


def bind_order(order_id: str) -> None:
    """Names the order in every further log line of this request."""
    structlog.contextvars.bind_contextvars(order_id=order_id)


def init_app(app: Flask) -> None:
    """Gives every request a traceparent; once it is answered, a log line, and its time in the metrics."""
    app.before_request(_begin)
    app.after_request(_log_request)
    app.teardown_request(_forget)


def _name_service(_: object, __: str, event: EventDict) -> EventDict:
    return {"service": "web", **event}


_SHARED: Final[list[Processor]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    _name_service,
]


def _begin() -> None:
    g.started = time.monotonic()
    g.traceparent = traces.join_trace(request.headers.get("traceparent"))
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(traceparent=g.traceparent)
    order_id = (request.view_args or {}).get("order_id")
    if isinstance(order_id, str) and is_order_id(order_id):
        bind_order(order_id)


def _forget(_error: BaseException | None) -> None:
    """What the thread logs next is of another request, or of one that can't even be read."""
    structlog.contextvars.clear_contextvars()


def _log_request(response: Response) -> Response:
    """The path's template is logged and not its query: there are keys in it."""
    route, status, took_s = request.url_rule, response.status_code, time.monotonic() - g.started
    rule = route.rule if route else None
    write = log.debug if rule in _PROBES and status < 400 else log.info  # asked every second, by each pod's node
    write("request", method=request.method, path=rule, status=status, duration_ms=round(took_s * 1000, 1))
    method = request.method if route else ""  # a sender may make up any method, and each would be a series
    current_shop().metrics.answered(method=method, path=rule or "", status=status, took_s=took_s)
    return response
