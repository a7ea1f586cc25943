"""What a run came to, for the end of a terminal's page: plain lines, with colours where it is a terminal."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from scripts.proof.report import words
from scripts.proof.report.view import Report

_STYLES: Final = {"kept": "green", "violated": "bold red", "deviated": "bold red"}
_OTHER: Final = "yellow"
_HEADS: Final = ("experiment", "orders", "visible errors", "undecided", "slowest recovery", "verdict")


def show(report: Report, page: Path, console: Console | None = None) -> None:
    """Print the summary to standard output, or to `console`."""
    to = console or Console(highlight=False, soft_wrap=True, emoji=False)
    for line in summary(report, page):
        to.print(line)


def summary(report: Report, page: Path) -> Iterator[Text]:
    """Its lines: the experiments, the promises, what came out, where the report is, and how to repeat the run."""
    rows = [
        (
            one.record.name,
            words.number(len(one.observed.orders)),
            words.number(one.observed.visible_errors),
            words.number(one.observed.undecided),
            words.duration(one.slowest),
        )
        for one in report.experiments
    ]
    yield from _table(_HEADS, rows, [_state(one.state, one.said) for one in report.experiments])
    for one in report.experiments:
        if one.problem:
            yield Text(f"  {one.record.name}: {one.problem}", style=_OTHER)
    for name, why in report.record.skipped.items():
        yield Text(f"  {name}: skipped, because {why}", style=_OTHER)
    yield Text()
    promises = [(f"{row.name} {row.words}", words.number(row.examined)) for row in report.promises]
    yield from _table(
        ("promise", "examined", "verdict"), promises, [_state(row.state, row.said) for row in report.promises]
    )
    yield Text()
    yield Text(report.headline, style=f"bold {_style(report.state)}")
    yield Text(report.summary)
    yield Text(f"The report: {page}")
    yield Text(f"Once more: {report.record.command}")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], ends: Sequence[Text]) -> Iterator[Text]:
    """Aligned columns, the first to the left and the others to the right, with a coloured last one."""
    columns = list(zip(heads, *rows, strict=False))[: len(heads) - 1]
    widths = [max(map(len, column)) for column in columns]
    yield Text(_aligned(heads[:-1], widths) + heads[-1], style="dim")
    for row, end in zip(rows, ends, strict=True):
        yield Text(_aligned(row, widths)).append_text(end)


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        f"{cell:<{width}}" if number == 0 else f"{cell:>{width}}"
        for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "".join(f"{cell}  " for cell in (first, *others))


def _state(state: str, said: str) -> Text:
    return Text(said, style=_style(state))


def _style(state: str) -> str:
    return _STYLES.get(state, _OTHER)
