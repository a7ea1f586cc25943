"""What is written to a history is read from it, and a line that was cut short costs nothing else."""

from pathlib import Path

import pytest

from scripts.proof.history import Attempt, End, FaultLine, History, HistoryError, Note, Run, Shifted, read

RUN = Run("storm", 7, "local", 1.0, "a-show", {"place": 10}, "chaos.py run storm --seed 7")
ATTEMPT = Attempt(3, "id", "place", 1.5, 1.9, 0.9, 201, "confirmed", tickets=("A", "B"), cohort="control", last=True)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "history.jsonl"
    with History(path, clock=lambda: 5.0) as history:
        history.write(RUN)
        history.write(ATTEMPT)
        history.fault("kill", "recovered", target="orders", seconds=0.7)
        history.shifted({"stable": 80, "chaos": 20}, "the experiment")
        history.note("decided", p=0.01)
        history.write(End(9.0, 8.0))
    run, attempt, fault, split, note, end = read(path)
    assert (run, attempt) == (RUN, ATTEMPT)
    assert isinstance(fault, FaultLine)
    assert (fault.at, fault.seconds) == (5.0, 0.7)
    assert isinstance(split, Shifted)
    assert isinstance(note, Note)
    assert note.data == {"p": 0.01}
    assert end == End(9.0, 8.0)


def test_a_line_that_was_cut_short_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    with History(path) as history:
        history.write(RUN)
        history.write(ATTEMPT)
    path.write_bytes(path.read_bytes()[:-5])
    assert list(read(path)) == [RUN]


def test_a_line_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text('{"kind":"run"}\n')
    with pytest.raises(HistoryError, match=r"history\.jsonl, line 1"):
        list(read(path))


def test_what_comes_after_the_end_is_dropped(tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl")
    with history:
        history.write(RUN)
    history.write(ATTEMPT)
    assert list(read(history.path)) == [RUN]
