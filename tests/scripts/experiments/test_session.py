"""How an experiment's sale is finished."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from scripts.experiments.session import Session, Terms
from scripts.proof.history import End, read
from scripts.proof.sale.sale import Sale
from tests.scripts.experiments.fake_target import Clock, FakeTarget


class Attended:
    """A sale to which everybody has come; `waited` says which conditions held at once."""

    has_everybody_come = True
    has_answered_everybody = Sale.has_answered_everybody

    def __init__(self, saw: str, *, is_over: bool) -> None:
        self.saw = Counter({saw: 1})
        self.is_over = is_over
        self.waited: list[bool] = []

    def wait_for(self, condition: Callable[[object], object], within_s: float) -> bool:
        assert within_s > 0
        self.waited.append(bool(condition(())))
        return self.waited[-1]

    def look_now(self) -> None:
        """Nobody is there."""

    def stop(self) -> None:
        """It has stopped."""


def finish(folder: Path, sale: Attended, monkeypatch: pytest.MonkeyPatch, **options: Any) -> list[bool]:
    monkeypatch.setattr(Session, "undecided", lambda _: 0)
    session = Session(FakeTarget(Clock()), Terms("some", "it holds", 1, folder, "-"))
    session.sale = cast(Sale, sale)
    with session.history:
        session.finish_sale(5.0, **options)
    (end,) = read(session.history.path)
    assert isinstance(end, End)
    assert end.last_fault_ended_at is not None
    return sale.waited


def test_nobody_is_waited_for_who_gave_up_and_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert finish(tmp_path, Attended("error", is_over=True), monkeypatch) == [True, True, True]


def test_who_still_tries_after_an_error_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert finish(tmp_path, Attended("error", is_over=False), monkeypatch) == [False, True, False]


def test_faults_that_go_on_are_over_once_everybody_has_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited = finish(tmp_path, Attended("confirmed", is_over=True), monkeypatch, faults_go_on=True)
    assert waited == [True, True, True, True]
