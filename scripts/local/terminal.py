"""What a person sees of a running stack: short lines of progress, and of what the processes log.

The log files have everything. Here the lines that come all the time and say nothing new are left out: health
checks, static files, listings of the shows, what PostgreSQL notes of its daily work.
"""

import json
import re
from datetime import datetime
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from scripts.local.processes import KEEPS_DYING, Change

_STYLES: Final = {
    "stable": "green",
    "chaos": "magenta",
    "frontend": "cyan",
    "gateway": "blue",
    "postgres-orders": "yellow",
    "postgres-pending": "yellow",
}
_LEVELS: Final = {"warning": "yellow", "error": "bold red", "critical": "bold red"}
_LEFT_OUT: Final = {
    *("service", "revision", "level", "event", "timestamp", "at", "logger", "traceparent", "exception", "attempt"),
}
_ROUTINE_PATHS: Final = {"/healthz", "/readyz", "/static/<path:filename>"}
_ROUTINE_COMMANDS: Final = {"org.flametickets.show.list"}
# A server that is just starting turns away whoever asks whether it has started: that is no trouble.
_POSTGRES_TROUBLE: Final = re.compile(r"\b(WARNING|ERROR|FATAL|PANIC):(?!  the database system is starting up)")
_SHORT_ID: Final = 8  # of its end: an order id begins with the time, and those of one minute all alike


class Terminal:
    """Writes to standard error, in colours where it is a terminal and NO_COLOR is not set."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
        self._is_quiet = False
        self._is_open = False

    def opened(self) -> None:
        """The start is over; what fails it tells the last lines of a process itself."""
        self._is_open = True

    def progress(self, what: str) -> None:
        """One line of what is being done."""
        self._print(Text(f"· {what}"))

    def problem(self, what: str) -> None:
        """What keeps the command from its work."""
        self._print(Text(what, style="bold red"))

    def line(self, name: str, line: str) -> None:
        """A line that a process logged."""
        if not self._is_quiet and (text := render(name, line)) is not None:
            self._print(text)

    def change(self, change: Change) -> None:
        """A death or a restart of a process."""
        if self._is_quiet:
            return
        if change.what == "started" and change.restarts:
            self._print(_head(change.name, None).append(f"started again as process {change.pid}"))
        elif change.what == "died":
            how = f"signal {-change.code}" if change.code < 0 else f"exit code {change.code}"
            self._print(_head(change.name, None).append(f"died ({how}); it is started again", style="yellow"))
            if change.deaths == KEEPS_DYING and self._is_open:
                self._print(Text(f"{change.name} keeps dying. The end of its log:", style="bold red"))
                for line in change.last_lines:
                    self._print(Text(f"  {_printable(line)}"))

    def quieten(self) -> None:
        """Show no more of the processes: they are being stopped, and complain."""
        self._is_quiet = True

    def _print(self, text: Text) -> None:
        try:
            self._console.print(text)
        except (OSError, ValueError):
            self._is_quiet = True  # nobody reads any more


def render(name: str, line: str) -> Text | None:
    """A log line in short, None if it is routine."""
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    if not isinstance(entry, dict):
        return _render_text(name, line)
    level = str(entry.get("level", "info")).lower()
    if level not in _LEVELS and _is_routine(entry):
        return None
    text = _head(name, _clock(entry.get("timestamp") or entry.get("at")))
    text.append(_printable(str(entry.get("event", ""))), style=_LEVELS.get(level, "bold"))
    for key, value in entry.items():
        if key not in _LEFT_OUT and value is not None:
            text.append(f" {_printable(key)}=", style="dim").append(_printable(_shortened(key, value)))
    if isinstance(trace := entry.get("exception"), str) and trace.strip():
        text.append(f" {_printable(trace.strip().splitlines()[-1])}", style="red")
    return text


def _render_text(name: str, line: str) -> Text | None:
    """Lines of programs that don't log as we do, PostgreSQL's and Envoy's for two."""
    if not line.strip() or (name.startswith("postgres") and not _POSTGRES_TROUBLE.search(line)):
        return None
    return _head(name, None).append(_printable(line))


def _is_routine(entry: dict[str, Any]) -> bool:
    return entry.get("path") in _ROUTINE_PATHS or entry.get("type") in _ROUTINE_COMMANDS


def _head(name: str, clock: str | None) -> Text:
    text = Text(clock or f"{datetime.now().astimezone():%H:%M:%S}", style="dim")
    return Text.assemble(text, " ", (f"{name:<16}", _STYLES.get(name, "")), " ")


def _clock(moment: Any) -> str | None:
    try:
        return f"{datetime.fromisoformat(moment).astimezone():%H:%M:%S}"
    except (TypeError, ValueError):
        return None


def _shortened(key: str, value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[-_SHORT_ID:] if key == "order_id" else text.removeprefix("org.flametickets.")


def _printable(text: str) -> str:
    """Without what could move the cursor or change colours: some of it comes from requests."""
    return "".join(character if character.isprintable() else "·" for character in text)
