"""What the Chaos Toolkit calls around an experiment: there is a shop before it, and none of it is left behind it.

`scripts/chaos.py` gives the shop and keeps it for the next experiment; run by the `chaos` command an experiment has a
shop of its own on this machine, and its history below `.flametickets/proof`.
"""

import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from chaoslib.exceptions import InterruptExecution  # type: ignore[import-untyped]

from scripts.experiments import session
from scripts.experiments.local import LocalTarget
from scripts.experiments.session import Session, Terms
from scripts.experiments.target import TargetError
from scripts.local.procfile import ROOT

Opened = Callable[[str, str], Session]
"""Makes the session of an experiment, by its name and its hypothesis."""

_given: Opened | None = None
_own = ExitStack()


def give(opened: Opened | None) -> None:
    """From now on an experiment's session comes from here; None for a shop of its own."""
    global _given  # noqa: PLW0603  # the Chaos Toolkit knows this module by its name alone
    _given = opened


def before_experiment_control(context: Mapping[str, Any], name: str) -> None:
    """Open the session. Raises InterruptExecution, which ends the experiment, when there is no shop to be had."""
    hypothesis = str(context.get("steady-state-hypothesis", {}).get("title", ""))
    try:
        session.begin((_given or _of_its_own)(name, hypothesis))
    except TargetError as error:
        raise InterruptExecution(str(error)) from error


def after_experiment_control(context: Mapping[str, Any], name: str) -> None:  # noqa: ARG001  # as it is called
    """Close the session, and the shop if it was the experiment's own."""
    session.end()
    _own.close()


def _of_its_own(name: str, hypothesis: str) -> Session:
    folder = Path(_own.enter_context(tempfile.TemporaryDirectory(prefix="flametickets-")))
    target = _own.enter_context(LocalTarget(folder / "stack"))
    runs = ROOT / ".flametickets" / "proof" / f"{time.strftime('%Y%m%d-%H%M%S')}-{name}"
    return Session(target, Terms(name, hypothesis, 1, runs, f"chaos run scripts/experiments/files/{name}.yaml"))
