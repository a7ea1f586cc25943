"""How a run ends as a whole, and how it is done once more."""

import shlex

import pytest

from scripts.experiments import commands
from scripts.experiments.arguments import parse
from scripts.experiments.commands import INTERRUPTED
from scripts.experiments.running import GOOD, NOT_RUN, SKIPPED, VIOLATED, Ended


def ended(code: int, status: str = "completed") -> Ended:
    return Ended("error", None, {"status": status}, code)


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([GOOD, GOOD], GOOD),
        ([GOOD, SKIPPED], GOOD),
        ([SKIPPED], NOT_RUN),
        ([], NOT_RUN),
        ([GOOD, NOT_RUN, SKIPPED], NOT_RUN),
        ([NOT_RUN, VIOLATED, SKIPPED], VIOLATED),
    ],
)
def test_a_run_is_as_bad_as_the_worst_that_was_run(codes: list[int], code: int) -> None:
    assert commands._code([ended(each) for each in codes]) == code


def test_a_run_that_was_stopped_says_so_unless_a_promise_was_broken() -> None:
    stopped = ended(NOT_RUN, "interrupted")
    assert commands._code([ended(GOOD), stopped]) == INTERRUPTED
    assert commands._code([ended(VIOLATED), stopped]) == VIOLATED


@pytest.mark.parametrize(
    "line",
    [
        "run error storm --quick --seed 7",
        "run --all --target knative --namespace n --context c --shop http://127.0.0.1:31080 --seed 1",
    ],
)
def test_the_command_that_does_it_again_means_the_same(line: str) -> None:
    again = shlex.split(commands._repeated(parse(shlex.split(line))))
    assert again[:2] == ["python3", "scripts/chaos.py"]
    assert vars(parse(again[2:])) == vars(parse(shlex.split(line)))
