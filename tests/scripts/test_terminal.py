"""The short lines that a person sees of the processes' logs."""

import io
import json
from typing import Any

import pytest
from rich.console import Console

from scripts.local.processes import Change
from scripts.local.terminal import Terminal, render


def _line(**fields: Any) -> str:
    return json.dumps({"level": "info", "timestamp": "2027-03-01T10:00:00.123456Z", **fields})


def _shown(name: str, line: str) -> str | None:
    text = render(name, line)
    return None if text is None else text.plain


def _written(*changes: Change, colour: bool = False) -> str:
    stream = io.StringIO()
    terminal = Terminal(Console(file=stream, force_terminal=colour, highlight=False, soft_wrap=True))
    terminal.opened()
    for change in changes:
        terminal.change(change)
    return stream.getvalue()


def test_a_line_has_time_process_event_and_fields_with_the_order_id_shortened() -> None:
    line = _line(event="command.answered", type="org.flametickets.order.place", order_id="a-12345678", n=3, no=None)
    shown = _shown("stable", line)
    assert shown is not None
    assert shown.split()[1:] == ["stable", "command.answered", "type=order.place", "order_id=12345678", "n=3"]
    assert shown[2] == shown[5] == ":"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("frontend", _line(event="request", path="/readyz", status=200)),
        ("frontend", _line(event="request", path="/static/<path:filename>", status=200)),
        ("stable", _line(event="command.answered", type="org.flametickets.show.list")),
        ("postgres-orders", "2027-03-01 10:00:00 UTC [1] LOG:  checkpoint starting: time"),
        ("postgres-orders", "2027-03-01 10:00:00 UTC [1] FATAL:  the database system is starting up"),
        ("gateway", "   "),
    ],
)
def test_routine_is_left_out(name: str, line: str) -> None:
    assert render(name, line) is None


@pytest.mark.parametrize(
    ("name", "line", "part"),
    [
        ("frontend", _line(event="request", path="/readyz", level="warning"), "path=/readyz"),
        ("postgres-orders", "2027-03-01 10:00:00 UTC [1] PANIC:  could not write", "could not write"),
        ("gateway", "[critical] no port", "[critical] no port"),
        ("stable", "Traceback (most recent call last):", "Traceback"),
        ("stable", _line(event="failed", exception="Traceback:\n  File x\nValueError: no"), "failed ValueError: no"),
        ("stable", '["a list"]', "a list"),
        ("stable", json.dumps({"event": "bare", "timestamp": 5}), "bare"),
    ],
)
def test_trouble_is_shown_whatever_its_form(name: str, line: str, part: str) -> None:
    assert part in str(_shown(name, line))


def test_nothing_in_a_line_can_steer_the_terminal() -> None:
    for line in ("\x1b[2Jgone", _line(event="\x1b[2J", path="\x1b]0;title\x07\r\n")):
        assert "\x1b" not in str(_shown("stable", line))
        assert "\r" not in str(_shown("stable", line))


def test_a_death_is_told_and_the_last_lines_once_it_keeps_dying() -> None:
    deaths = [Change("stable", "died", 7, n, n + 1, code=-9, last_lines=("no such setting",)) for n in range(4)]
    written = _written(*deaths)
    assert written.count("died (signal 9)") == 4
    assert written.count("keeps dying") == written.count("no such setting") == 1


def test_a_first_start_is_not_told_and_a_restart_is() -> None:
    assert _written(Change("stable", "started", 7, 0)) == ""
    assert "started again as process 8" in _written(Change("stable", "started", 8, 1))


def test_colours_are_for_terminals_and_not_with_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    death = Change("stable", "died", 7, 0, 1, code=1)
    assert "\x1b[" in _written(death, colour=True)
    assert "\x1b[" not in _written(death)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[33m" not in _written(death, colour=True)


def test_a_terminal_that_is_gone_or_told_to_be_quiet_says_no_more() -> None:
    stream = io.StringIO()
    terminal = Terminal(Console(file=stream))
    terminal.quieten()
    terminal.line("stable", _line(event="one"))
    terminal.change(Change("stable", "died", 7, 0, 1))
    assert stream.getvalue() == ""
    closed = io.StringIO()
    closed.close()
    Terminal(Console(file=closed)).line("stable", _line(event="one"))
