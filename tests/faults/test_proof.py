"""The proof as a command: every experiment keeps every promise, and without a guard one of them finds that out."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.local.procfile import ROOT
from scripts.proof.sabotage import SABOTAGES


def chaos(folder: Path, *words: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, result and standard error of a run."""
    command = [sys.executable, "scripts/chaos.py", "run", *words, "--folder", str(folder), "--output", "json"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return ended.returncode, json.loads(ended.stdout or "{}"), ended.stderr


@pytest.mark.timeout(1200)
def test_every_experiment_keeps_every_promise(tmp_path: Path) -> None:
    code, result, told = chaos(tmp_path, "--all", "--quick")
    assert code == 0, told
    assert {each["code"] for each in result["experiments"]} == {0}
    assert len(result["experiments"]) >= 20
    assert (tmp_path / "report.html").stat().st_size > 10_000


@pytest.mark.timeout(300)
@pytest.mark.parametrize("guard", SABOTAGES)
def test_without_a_guard_a_promise_is_seen_to_break(guard: str, tmp_path: Path) -> None:
    code, result, told = chaos(tmp_path, "--sabotage", guard)
    assert code == 1, told
    verdict = result["experiments"][-1]["verdict"]
    broken = {row["promise"] for row in verdict["promises"] if row["violations"]}
    assert broken & set(SABOTAGES[guard].breaks)  # type: ignore[index]


@pytest.mark.timeout(300)
def test_an_experiment_runs_with_the_chaos_toolkits_own_command(tmp_path: Path) -> None:
    """On a shop of its own, which is gone afterwards."""
    journal = tmp_path / "journal.json"
    files = ["--log-file", str(tmp_path / "chaos.log"), "run", "--journal-path", str(journal)]
    small = {"FLAMETICKETS_BUYERS": "60", "FLAMETICKETS_OVER_S": "2", "PYTHONPATH": "."}
    ended = subprocess.run(
        [str(Path(sys.executable).parent / "chaos"), *files, "scripts/experiments/files/duplicate.yaml"],
        cwd=ROOT,
        env={**os.environ, **small},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(journal.read_text())
    assert (told["status"], told["deviated"]) == ("completed", False)
