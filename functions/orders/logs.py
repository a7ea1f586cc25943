"""Structured logs: JSON lines on standard output, one event name with its fields, no personal data."""

import logging
import sys
from typing import Any

import msgspec
import structlog
from structlog.typing import EventDict, Processor


def configure(level: str, revision: str) -> None:
    """Send structlog and the standard library's logging to standard output, from `level` on."""
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _NameService(revision),
    ]
    as_json = structlog.processors.JSONRenderer(serializer=_to_json)
    structlog.configure(
        processors=[*shared, as_json],
        logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    strip = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    to_text = structlog.processors.JSONRenderer(serializer=lambda event, **_: _to_json(event).decode())
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[strip, to_text]))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)


class _NameService:
    """Puts first who speaks."""

    def __init__(self, revision: str) -> None:
        self._revision = revision

    def __call__(self, _logger: Any, _method: str, event: EventDict) -> EventDict:
        return {"service": "orders", "revision": self._revision, **event}


def _to_json(event: Any, **_: Any) -> bytes:
    return msgspec.json.encode(event, enc_hook=str)
