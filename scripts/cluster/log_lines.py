"""The lines that the services log: where each comes from, when it was, and how it is shown. Pure.

The processes write one JSON object a line, with its own `timestamp`; what else a container writes is kept as it is.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

_FRACTION: Final = re.compile(r"\.(\d+)")
_NANO: Final = 10**9
_HEAD: Final = ("service", "revision", "timestamp", "level", "event", "exception")  # told in their own places


@dataclass(frozen=True)
class Source:
    """One start of one container: the process that logs. `starts` counts those before it."""

    service: str
    revision: str
    pod: str
    container: str
    starts: int = 0

    @property
    def short(self) -> str:
        """`orders-stable-0123456789/x7k2p`."""
        return f"{self.revision}/{self.pod.rpartition('-')[2]}"


@dataclass(frozen=True)
class Line:
    """One line; `at` is in nanoseconds since 1970, `fields` is None for what is no JSON object."""

    source: Source
    at: int
    text: str
    fields: Mapping[str, Any] | None = None


class Reader:
    """Reads the lines of one source in their order, over as many connections as that takes."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._time_above: int | None = None
        self._seen: tuple[int, int] = (0, 0)  # the newest stamp, and how many lines had it
        self._known: tuple[int, int] = (0, 0)  # the same when this connection began: what it sends again
        self.stamp = ""
        """That of the last line, as the cluster gave it; a connection that goes on from it sends some lines again."""

    def begin(self) -> None:
        """A connection begins, at `stamp` or earlier."""
        self._known = self._seen

    def read(self, stamped: str) -> Line | None:
        """The line of a stamp and a text; None for one that an earlier connection has brought.

        A line without a time of its own, as one of a traceback, has that of the line above it.
        """
        stamp, _, text = stamped.partition(" ")
        seen_at = nanoseconds(stamp)
        if seen_at is None or self._is_known(seen_at):
            return None
        self.stamp = stamp
        self._seen = (seen_at, self._seen[1] + 1 if seen_at == self._seen[0] else 1)
        fields = _object(text)
        said_at = nanoseconds(str((fields or {}).get("timestamp", "")))
        at = said_at or (self._time_above if fields is None else None) or seen_at
        self._time_above = at
        return Line(self._source, at, text, fields)

    def _is_known(self, seen_at: int) -> bool:
        newest, count = self._known
        if seen_at == newest and count:
            self._known = (newest, count - 1)
            return True
        return seen_at < newest

    def read_all(self, stamped: Iterable[str]) -> list[Line]:
        """All lines of one connection that are new."""
        self.begin()
        return [line for each in stamped if (line := self.read(each)) is not None]


def nanoseconds(moment: str) -> int | None:
    """Since 1970, of RFC 3339 with up to nine digits; None for what is no time."""
    try:
        parsed = datetime.fromisoformat(moment)
    except ValueError:
        return None
    parsed = (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).replace(microsecond=0)
    fraction = _FRACTION.search(moment)
    return int(parsed.timestamp()) * _NANO + int((fraction[1] if fraction else "").ljust(9, "0")[:9])


def merged(lines: Iterable[Line], order_id: str | None = None) -> list[Line]:
    """By time, those of one source in their order; of one order alone, wherever a line names it."""
    return sorted((line for line in lines if not order_id or order_id in line.text), key=lambda line: line.at)


def in_words(line: Line) -> list[str]:
    """The line as a person reads it, with a traceback below it."""
    head = f"{_shown(line.at)}  {line.source.short:<30}"
    if line.fields is None:
        return [f"{head}  {line.text}"]
    told = [f"{name}={_value(value)}" for name, value in line.fields.items() if name not in _HEAD and value is not None]
    first = [f"{line.fields.get('level', ''):<7}", str(line.fields.get("event", "")), *told]
    trace = str(line.fields.get("exception") or "").splitlines()
    return [f"{head}  {' '.join(first).rstrip()}", *(f"    {each}" for each in trace)]


def as_dict(line: Line) -> dict[str, Any]:
    """The same for programs: what the process logged, with where from; of other lines the text."""
    source = {"service": line.source.service, "revision": line.source.revision, "pod": line.source.pod}
    if line.fields is None:
        return {**source, "timestamp": _shown(line.at), "text": line.text}
    return {"timestamp": _shown(line.at), **line.fields, **source}


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text) if text.startswith("{") else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _shown(at: int) -> str:
    seconds, rest = divmod(at, _NANO)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 1_000_000:03d}Z"


def _value(value: Any) -> str:
    is_word = isinstance(value, str) and value and not any(each.isspace() or each == '"' for each in value)
    return str(value) if is_word else json.dumps(value, ensure_ascii=False)
