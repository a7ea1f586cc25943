"""What an experiment takes is known from its file, so that one which can't be done is not begun."""

from pathlib import Path

import pytest

from scripts.experiments import running
from scripts.experiments.arguments import names
from scripts.experiments.needs import lacking, needs
from scripts.experiments.running import NOT_RUN, SKIPPED, load, run
from scripts.experiments.session import Terms
from scripts.experiments.target import PARTS
from tests.scripts.experiments.fake_target import Clock, FakeTarget

DEEDS = {"link", "clock", "control", *(f"{verb} {part}" for verb in ("end", "deploy") for part in PARTS)}


@pytest.mark.parametrize(
    ("name", "deeds"),
    [
        ("error", []),
        ("network-cut", ["link"]),
        ("clock-jumps", ["clock", "clock", "clock"]),
        ("automatic-stop", ["control"]),
        ("deploy-in-mid-sale", ["deploy stable", "deploy frontend"]),
        ("pending-database-killed", ["end stable", "end chaos", "end pending-database"]),
        ("storm", []),
    ],
)
def test_an_experiment_needs_what_its_method_does(name: str, deeds: list[str]) -> None:
    assert list(needs(load(name))) == deeds


@pytest.mark.parametrize("name", names())
def test_every_need_is_in_the_words_of_the_targets(name: str) -> None:
    assert set(needs(load(name))) <= DEEDS


def test_the_first_thing_that_is_lacking_is_told() -> None:
    cannot = {"end pending-database": "the database is elsewhere", "link": "no network"}
    assert lacking(load("pending-database-killed"), cannot) == "the database is elsewhere"
    assert lacking(load("function-killed"), cannot) == ""


def test_an_experiment_that_cant_be_done_is_not_begun(tmp_path: Path) -> None:
    target = FakeTarget(Clock())
    target.forbid(link="no network")
    told: list[str] = []
    ended = run(target, Terms("network-cut", "", 1, tmp_path, ""), {}, lambda _, activity: told.append(activity))
    assert (ended.code, ended.why, ended.is_interrupted) == (SKIPPED, "no network", False)
    assert (told, target.done, list(tmp_path.iterdir())) == ([], [], [])


def test_an_activity_that_finds_out_by_itself_skips_too() -> None:
    said = ["Traceback …\n", "chaoslib.exceptions.ActivityFailed: scripts.experiments.target.NotHere: no library\n"]
    failed = {"status": "failed", "activity": {"name": "a clock"}, "exception": said}
    journal = {"run": [failed], "rollbacks": [], "status": "completed", "deviated": False}
    ended = running._ended("clock-jumps", None, journal)
    assert (ended.code, ended.why) == (SKIPPED, "no library")


def test_a_run_that_was_stopped_in_the_middle_of_an_activity_says_so() -> None:
    under_way = {"activity": {"name": "a storm"}, "output": None}
    journal = {"run": [under_way], "rollbacks": [], "status": "interrupted", "deviated": False}
    ended = running._ended("storm", None, journal)
    assert (ended.code, ended.why, ended.is_interrupted) == (NOT_RUN, "it was interrupted", True)
