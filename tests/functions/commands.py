"""The commands of an operator, run here or as a process of their own."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from tests.functions.conftest import MAIN

ROOT = MAIN.parents[2]


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


def run_here(
    main: Callable[[], int], environ: Mapping[str, str], patch: pytest.MonkeyPatch, output: pytest.CaptureFixture[str]
) -> Done:
    """What `main` does with nothing but `environ` of the settings."""
    patch.delenv("ORDERS_DATABASE_URL", raising=False)
    for name, value in environ.items():
        patch.setenv(name, value)
    output.readouterr()
    code = main()
    return Done(code, *output.readouterr())


def run_process(module: str, environ: Mapping[str, str]) -> Done:
    """What `python3 -m module` does with nothing but `environ`."""
    process = subprocess.run(
        [sys.executable, "-m", module],
        cwd=ROOT,
        env=dict(environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Done(process.returncode, process.stdout, process.stderr)
