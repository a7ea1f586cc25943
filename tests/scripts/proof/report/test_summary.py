"""The end of the terminal's page: the same verdict, where the report is, and how to repeat the run."""

import io
from pathlib import Path

from rich.console import Console

from scripts.proof.report import show, viewed
from tests.scripts.proof.report.samples import run


def shown(folder: Path, state: str, *, colour: bool = False) -> str:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=colour, no_color=False, highlight=False, soft_wrap=True, width=80)
    show(viewed(run(folder, state=state), folder), folder / "report.html", console)
    return stream.getvalue()


def test_it_is_plain_and_aligned_where_nobody_sees_colours(tmp_path: Path) -> None:
    text = shown(tmp_path, "green")
    lines = text.splitlines()
    assert "\x1b" not in text
    assert lines[0] == "experiment   orders  visible errors  undecided  slowest recovery  verdict"
    assert lines[1].startswith("kill-stable     400               0          0")
    assert lines[1].endswith("0 violations")
    assert lines[-4].startswith("0 violations in 1,700 orders")
    assert lines[-2:] == [
        f"The report: {tmp_path / 'report.html'}",
        "Once more: python scripts/chaos.py run --all --seed 7",
    ]


def test_a_broken_promise_stands_out(tmp_path: Path) -> None:
    text = shown(tmp_path, "red", colour=True)
    assert "\x1b[1;31m6 violations in 800 checked orders\x1b[0m" in text
    assert "storm: the ledger can't be read: connection refused" in text
    assert "2 violations in 800 examined" in text
    assert "clock-jumps: skipped, because the pods' clock is that of their node" in text


def test_no_experiments_are_no_trouble(tmp_path: Path) -> None:
    assert "Nothing was sold in this run" in shown(tmp_path, "empty")
