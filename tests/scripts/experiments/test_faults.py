"""Faults from outside: told to the history from their begin to their end, undone whatever happens, timed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.experiments.faults import Faults
from scripts.experiments.target import TargetError
from scripts.proof.history import FaultLine, History, Shifted, read
from tests.scripts.experiments.fake_target import Clock, FakeTarget


class Lab:
    """A fake target, the faults on it, and what the history tells of them."""

    def __init__(self, path: Path, back_after_s: float = 2.0) -> None:
        self.clock = Clock()
        self.target = FakeTarget(self.clock, back_after_s)
        self.history = History(path, self.clock)
        self.faults = Faults(self.target, self.history, self.clock.sleep, self.clock)

    def told(self) -> list[tuple[str, str]]:
        return [(line.name, line.what) for line in read(self.history.path) if isinstance(line, FaultLine)]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path / "history.jsonl")
    with lab.history:
        yield lab


def test_a_part_that_is_ended_is_timed_until_a_new_one_of_it_serves(lab: Lab) -> None:
    took = lab.faults.end("stable")
    assert took == pytest.approx(2.0, abs=0.05)
    assert lab.told() == [
        ("stable killed", "begins"),
        ("stable killed", "ends"),
        ("stable killed", "recovered"),
    ]
    (recovered,) = (line for line in read(lab.history.path) if isinstance(line, FaultLine) and line.seconds)
    assert recovered.seconds == took


def test_a_part_that_does_not_come_back_is_an_error(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "history.jsonl", back_after_s=FakeTarget.back_within_s + 1)
    with pytest.raises(TargetError, match="stable is not back within 60 s"):
        lab.faults.end("stable")


def test_parts_are_kept_down_and_timed_from_then_on(lab: Lab) -> None:
    assert lab.faults.keep_down("stable", "chaos", seconds=10) == pytest.approx(2.0, abs=0.05)
    assert lab.target.done == ["down ('stable', 'chaos')", "up ('stable', 'chaos')"]
    assert lab.told()[:2] == [("stable and chaos kept down", "begins"), ("stable and chaos kept down", "ends")]


@pytest.mark.parametrize(
    ("strike", "undone", "name"),
    [
        (lambda f: f.link("shop-function", "silent", 3), "shop-function open 0", "shop-function silent"),
        (lambda f: f.link("shop-function", "slow", 3, 80), "shop-function open 0", "shop-function slow by 80 ms"),
        (lambda f: f.jump("stable", -60, 3), "stable jumps 0", "the clock of stable jumps by -60 s"),
    ],
)
def test_what_lasts_for_a_while_is_undone_also_when_it_failed(
    lab: Lab, strike: Callable[[Faults], None], undone: str, name: str
) -> None:
    strike(lab.faults)
    first = lab.target.done[0]
    assert lab.target.done == [first, undone]
    lab.target.fails_at = first
    with pytest.raises(TargetError):
        strike(lab.faults)
    assert lab.target.done[-1] == undone
    assert lab.told() == [(name, "begins"), (name, "ends")] * 2


def test_a_shift_is_in_the_history(lab: Lab) -> None:
    lab.faults.shift(30)
    (line,) = read(lab.history.path)
    assert isinstance(line, Shifted)
    assert line.split == {"stable": 70, "chaos": 30}


def test_a_storm_is_the_seeds(tmp_path: Path) -> None:
    def storm(number: int, seed: int) -> tuple[list[str], list[str]]:
        lab = Lab(tmp_path / f"{number}.jsonl")
        return lab.faults.storm(60, seed), lab.target.done

    assert storm(1, 7) == storm(2, 7)
    assert storm(3, 7) != storm(4, 8)
    came = {name for seed in range(20) for name in storm(10 + seed, seed)[0]}
    assert {"stable killed", "frontend killed", "ledger-database restarted", "shop-function cut"} <= came


def test_a_storm_has_nothing_that_the_target_cant_do(tmp_path: Path) -> None:
    came = set()
    for seed in range(20):
        lab = Lab(tmp_path / f"{seed}.jsonl")
        lab.target.forbid(
            link="no network", **{"end_ledger-database": "elsewhere", "end_pending-database": "elsewhere"}
        )
        came |= set(lab.faults.storm(60, seed))
    assert not {name for name in came if "database" in name or "shop-function" in name}
    assert {"stable killed", "frontend restarted"} <= came


def test_calm_leaves_all_as_it_was_and_tells_of_the_split(lab: Lab) -> None:
    lab.faults.calm()
    assert lab.target.done == ["calm"]
    (line,) = read(lab.history.path)
    assert isinstance(line, Shifted)
    assert line.split == {"stable": 100, "chaos": 0}
