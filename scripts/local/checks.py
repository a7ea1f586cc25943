"""Runs all checks of the project in turn: lint, format, types, import rules, and the tests last.

Those that need the machine for themselves run first, by themselves; the others after them, several at a time.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
COVERED_PERCENT: Final = 90
_IMPORT_RULES: Final = "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-logo'])"
_LINTS: Final = (
    ("ruff check", ["-m", "ruff", "check", "."]),
    ("ruff format", ["-m", "ruff", "format", "--check", "."]),
    ("mypy", ["-m", "mypy"]),
    ("import rules", ["-c", _IMPORT_RULES]),
)
_PYTEST: Final = ["-m", "pytest"]
_AT_ONCE: Final = min(os.cpu_count() or 1, 4)
_COVERAGE: Final = ["--cov", "--cov-report=term:skip-covered", f"--cov-fail-under={COVERED_PERCENT}"]
_TESTS: Final = (
    ("the tests that measure time or load the machine", ["-m", "alone", "--cov", "--cov-report="]),
    (f"the other tests, {_AT_ONCE} at a time", ["-m", "not alone", f"-n{_AT_ONCE}", "--cov-append", *_COVERAGE]),
)
_TESTS_FAILED: Final = 1


def run(pytest_arguments: Sequence[str]) -> int:
    """Returns 0 when all is well, 1 when a check fails, 2 when the tests could not be run.

    With arguments pytest alone runs, with these. pytest's closing line is the last of the output.
    """
    if pytest_arguments:
        return _exit_code(_python([*_PYTEST, *pytest_arguments]))
    failed, codes = [], [0]
    for name, arguments in _LINTS:
        began = time.monotonic()
        code = _python(arguments)
        _say(f"{'bad ' if code else 'good'} {name}, {time.monotonic() - began:.1f} s")
        failed += [name] if code else []
    for name, arguments in _TESTS:
        _say(f"{name}; failed before: {', '.join(failed) or 'nothing'}")
        codes.append(_exit_code(_python([*_PYTEST, "--durations=15", *arguments])))
        failed += [name] if codes[-1] else []
    return max(*codes, 1 if failed else 0)


def _exit_code(code: int) -> int:
    """pytest has more than three: interrupted, wrong usage and nothing to run are "could not be done"."""
    return code if code in (0, _TESTS_FAILED) else 2


def _python(arguments: Sequence[str]) -> int:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, check=False, env=_environment()).returncode


def _environment() -> dict[str, str]:
    """Ours, with the environment's own programs first."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def _say(what: str) -> None:
    print(f"== {what}", file=sys.stderr, flush=True)
