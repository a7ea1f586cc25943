"""The log lines of a few orders, wherever a process wrote them: read once, as a stream, whatever there is of them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from scripts.cluster.log_lines import nanoseconds

KEPT_OF_AN_ORDER: Final = 200
_ORDER: Final = re.compile(rb'"order_id": ?"([0-9a-f-]{36})"')
_TRACE: Final = re.compile(rb'"traceparent": ?"[0-9a-f]{2}-([0-9a-f]{32})-')
_HEAD: Final = ("service", "revision", "timestamp", "level", "event", "order_id", "traceparent", "exception", "pod")

Logs = Path | Iterable[Mapping[str, Any] | str | bytes]
"""A stack's folder, or lines: what a process wrote, or what `deploy.py logs --output json` gives."""


@dataclass(frozen=True)
class LogLine:
    """One line of a process; `at` in Unix seconds by its clock."""

    at: float
    process: str
    text: str


@dataclass
class OrderLog:
    """The lines of one order, and how many there were beyond those that are kept."""

    lines: list[LogLine] = field(default_factory=list)
    left_out: int = 0


def gather(logs: Logs, order_ids: Iterable[str], traceparents: Mapping[str, str]) -> dict[str, OrderLog]:
    """The lines that name one of the orders or one of its traces. Raises OSError.

    `traceparents` names the order of each one that is known; a line with both teaches another.
    """
    found = {order_id: OrderLog() for order_id in order_ids}
    traces = {known.encode(): order_id for parent, order_id in traceparents.items() if (known := trace_of(parent))}
    for process, line in _lines(logs):
        named, trace = _ORDER.search(line), _TRACE.search(line)
        order_id = named[1].decode() if named else traces.get(trace[1], "") if trace else ""
        if order_id not in found:
            continue
        if trace is not None:
            traces[trace[1]] = order_id
        _keep(found[order_id], process, line)
    return found


def trace_of(traceparent: str) -> str:
    """The trace's id in a traceparent; "" if there is none."""
    parts = traceparent.split("-")
    return parts[1] if len(parts) >= 4 else ""


def _lines(logs: Logs) -> Iterator[tuple[str, bytes]]:
    """Each line with the process that wrote it, as far as the source tells."""
    if isinstance(logs, Path):
        folder = logs / "logs" if (logs / "logs").is_dir() else logs
        for path in (*sorted(folder.glob("*.log.1")), *sorted(folder.glob("*.log"))):  # the former file is the older
            with path.open("rb") as file:
                yield from ((path.name.split(".")[0], line) for line in file)
        return
    for line in logs:
        if isinstance(line, Mapping):
            yield "", msgspec.json.encode(line, enc_hook=str)
        else:
            yield "", line.encode() if isinstance(line, str) else line


def _keep(log: OrderLog, process: str, line: bytes) -> None:
    if len(log.lines) >= KEPT_OF_AN_ORDER:
        log.left_out += 1
        return
    try:
        fields = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return
    at = nanoseconds(str(fields.get("timestamp", "")))
    if at is not None:
        log.lines.append(LogLine(at / 1e9, process or _process(fields), _text(fields)))


def _process(fields: Mapping[str, Any]) -> str:
    """Revision and the pod's last letters, as the cluster's logs tell them."""
    name = str(fields.get("revision") or fields.get("service") or "?")
    pod = str(fields.get("pod", ""))
    return f"{name}/{pod.rpartition('-')[2]}" if pod else name


def _text(fields: Mapping[str, Any]) -> str:
    """The event and its fields, with the name of the revision and the trace's beginning."""
    told = [f"{name}={value}" for name, value in fields.items() if name not in _HEAD and value is not None]
    revision, trace = fields.get("revision"), trace_of(str(fields.get("traceparent", "")))
    ends = [f"revision={revision}" if revision else "", f"trace={trace[:8]}" if trace else ""]
    error = str(fields.get("exception") or "").strip().rpartition("\n")[2]
    return " ".join(word for word in (str(fields.get("event", "")), *told, error, *ends) if word)
