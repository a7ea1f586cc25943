"""What the command line of chaos.py takes, and how it turns down the rest: with code 2 and one line."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.experiments.arguments import names, parse
from scripts.proof.sabotage import SABOTAGES

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("run", "say which"),
        ("run storm --all", "say which"),
        ("run --all --sabotage no-lock", "say which"),
        ("run tempest", "there is no experiment tempest"),
        ("run storm --seed x", "no seed"),
        ("run storm --buyers 0", "no number of buyers"),
        ("run --sabotage no-brakes", "invalid choice"),
        ("run --sabotage no-lock --target knative", "a cluster's are left alone"),
        ("run storm --quack", "unrecognized arguments: --quack"),
        ("list all", "unrecognized arguments: all"),
        ("", "VERB"),
    ],
)
def test_what_cannot_be_done_is_said_at_once(words: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(words.split())
    assert ended.value.code == 2
    assert why in capsys.readouterr().err


def test_experiments_are_run_by_their_names() -> None:
    parsed = parse(["run", "storm", "error", "--quick", "--seed", "7"])
    assert (parsed.names, parsed.quick, parsed.seed, parsed.target) == (["storm", "error"], True, 7, "local")


def test_what_is_simulated_is_said_to_the_simulator() -> None:
    assert parse(["simulate", "--seeds", "1-5", "--jobs", "2"]).words == ["--seeds", "1-5", "--jobs", "2"]


def test_each_sabotage_is_known_and_shown_by_experiments_that_there_are() -> None:
    for name, sabotage in SABOTAGES.items():
        assert parse(["run", "--sabotage", name]).sabotage == name
        assert set(sabotage.shown_by) <= set(names())


def test_help_needs_no_set_up() -> None:
    told = subprocess.run(
        [sys.executable, "-S", "-I", ROOT / "scripts" / "chaos.py", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "run --all --quick" in told.stdout
