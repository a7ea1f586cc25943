"""test.py: what it runs, its exit codes, and that nothing is skipped on CI."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.local.chromium import find_chromium

ROOT = Path(__file__).parents[2]


def _test_py(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    variables = {name: value for name, value in os.environ.items() if name not in ("CI", "CHROMIUM")}
    command = [sys.executable, "scripts/test.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**variables, **environment}, text=True, capture_output=True, check=False
    )


def _with_our_hooks(path: Path, text: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    path.write_text(text)
    return _test_py(
        "-p", "tests.conftest", "-p", "no:cacheprovider", "--rootdir", str(path.parent), str(path), **environment
    )


GOOD = "def test_good(): pass\n"
BAD = "def test_bad(): assert False\n"
SKIPPED = "import pytest\n@pytest.mark.skip(reason='not here')\ndef test_skipped(): pass\n"


def test_good_is_0_and_pytests_closing_line_is_the_last(tmp_path: Path) -> None:
    result = _with_our_hooks(tmp_path / "test_some.py", GOOD + SKIPPED)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 passed, 1 skipped" in result.stdout.splitlines()[-1]
    assert "ruff" not in result.stdout + result.stderr  # with arguments pytest alone runs


@pytest.mark.parametrize(("text", "code"), [(GOOD + BAD, 1), ("", 2)])
def test_bad_is_1_and_nothing_to_run_is_2(tmp_path: Path, text: str, code: int) -> None:
    result = _with_our_hooks(tmp_path / "test_some.py", text)
    assert result.returncode == code, result.stdout + result.stderr


def test_on_ci_a_skipped_test_is_a_failure(tmp_path: Path) -> None:
    result = _with_our_hooks(tmp_path / "test_some.py", GOOD + SKIPPED, CI="true")
    assert result.returncode == 1
    assert "1 tests were skipped; with CI=true that is a failure" in result.stdout


def test_without_chromium_the_browser_tests_are_left_out_with_a_notice_and_on_ci_not() -> None:
    left_out = _test_py("--collect-only", "-q", "tests/browser", "tests/scripts/test_checks.py", CHROMIUM="/no/browser")
    assert left_out.returncode == 0, left_out.stdout + left_out.stderr
    assert "browser tests were left out: no Chromium is found" in left_out.stdout
    assert "tests/browser/" not in left_out.stdout
    on_ci = _test_py("--collect-only", "-q", "tests/browser", CHROMIUM="/no/browser", CI="true")
    assert on_ci.returncode == 2
    assert "no Chromium is found, and CI=true" in on_ci.stderr


def test_the_chromium_that_is_named_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", sys.executable)
    assert find_chromium() == sys.executable
    monkeypatch.setenv("CHROMIUM", "/no/browser")
    assert find_chromium() is None


def test_ci_runs_test_py_with_nothing_skipped() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert script.endswith("exec python3 scripts/test.py\n")
    assert "export CI=true" in script
    subprocess.run(["/bin/bash", "-n", str(ROOT / ".ci" / "run")], check=True)
