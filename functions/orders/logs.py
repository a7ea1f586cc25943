"""Structured logs: JSON lines on standard output, one event name with its fields, no personal data."""

import asyncio
import logging
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, BinaryIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor


def configure(level: str, revision: str) -> None:
    """Send structlog and the standard library's logging to standard output, from `level` on."""
    shared: list[Processor] = [_Head(revision), structlog.processors.format_exc_info]
    as_json = structlog.processors.JSONRenderer(serializer=_to_json)
    lines = Lines(sys.stdout.buffer)
    structlog.configure(
        processors=[*shared, as_json],
        logger_factory=lambda: lines,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
    )
    handler = logging.StreamHandler(sys.stdout)
    strip = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    to_text = structlog.processors.JSONRenderer(serializer=lambda event, **_: _to_json(event).decode())
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[strip, to_text]))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)


class Lines:
    """Writes lines to a buffered stream: a warning and worse at once, the others once for each turn of the event loop.

    For a write by itself costs more than making the line, and dozens of purchases are answered in one turn. Lines that
    can't be written, for the disk is full or nobody reads, are lost, and nothing else.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._is_to_be_flushed = False

    def info(self, line: bytes) -> None:
        self._write(line)
        if self._is_to_be_flushed:
            return
        try:
            asyncio.get_running_loop().call_soon(self._flush)
            self._is_to_be_flushed = True
        except RuntimeError:  # no event loop runs
            self._flush()

    def warning(self, line: bytes) -> None:
        self._write(line)
        self._flush()

    debug = info
    error = critical = exception = warning

    def _write(self, line: bytes) -> None:
        with suppress(OSError):
            self._stream.write(line + b"\n")

    def _flush(self) -> None:
        self._is_to_be_flushed = False
        with suppress(OSError):
            self._stream.flush()


class _Head:
    """Puts first who speaks, when, and how loud."""

    def __init__(self, revision: str) -> None:
        self._revision = revision

    def __call__(self, _logger: Any, method: str, event: EventDict) -> EventDict:
        head = {"service": "orders", "revision": self._revision, "timestamp": datetime.now(UTC), "level": method}
        return {**head, **event}


def _to_json(event: Any, **_: Any) -> bytes:
    return msgspec.json.encode(event, enc_hook=str)
