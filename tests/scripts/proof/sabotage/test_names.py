"""Each guard can be taken out by its name, and there are experiments that show it."""

import subprocess
import sys
from typing import get_args

import pytest

from scripts.local.procfile import ROOT
from scripts.proof.sabotage import SABOTAGES, SHOWN_BY, Guard, commands
from scripts.proof.sabotage.replacing import changed, replace

EXPERIMENTS = {path.stem for path in (ROOT / "scripts" / "experiments" / "files").glob("*.yaml")}


def test_every_guard_can_be_taken_out() -> None:
    assert set(SABOTAGES) == set(SHOWN_BY) == set(get_args(Guard))
    for guard, sabotage in SABOTAGES.items():
        ((command, words),) = commands(guard).items()
        assert command == sabotage.command
        assert words[-1] == guard
        assert sabotage.breaks


@pytest.mark.parametrize("guard", SABOTAGES)
def test_the_experiments_that_show_it_are_there(guard: str) -> None:
    assert SHOWN_BY[guard]
    assert set(SHOWN_BY[guard]) <= EXPERIMENTS


@pytest.mark.parametrize("command", ["orders", "frontend"])
@pytest.mark.parametrize("arguments", [[], ["no-such-guard"], ["no-lock", "outcome-lost"]])
def test_what_is_no_guard_of_the_process_starts_nothing(command: str, arguments: list[str]) -> None:
    words = [sys.executable, "-m", f"scripts.proof.sabotage.{command}", *arguments]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("name one guard of ")


def test_a_part_that_has_become_another_one_is_noticed() -> None:
    assert changed("SELECT 1 FOR UPDATE", " FOR UPDATE", "") == "SELECT 1"
    for statement in ("SELECT 1", "FOR UPDATE FOR UPDATE"):
        with pytest.raises(ValueError, match="no longer fits"):
            changed(statement, "FOR UPDATE", "")
    with pytest.raises(AttributeError):
        replace(SABOTAGES, "no_such_part", None)
