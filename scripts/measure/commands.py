"""The command line of `scripts/bench.py`."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts import migrate
from scripts.local.function_client import NoAnswer
from scripts.local.postgres import PostgresError
from scripts.local.stack_errors import StackError
from scripts.measure import report
from scripts.measure.figures import Figures
from scripts.measure.load import LoadError
from scripts.measure.rounds import started


def run(arguments: Sequence[str]) -> int:
    """Measure, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/bench.py")
    parser.add_argument("--rounds", type=_positive, default=5)
    parser.add_argument("--seconds", type=_positive, default=3, help="of each measurement")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    parsed = parser.parse_args(arguments)
    figures = Figures()
    try:
        with started(parsed.seconds, _say) as bench:
            for number in range(1, parsed.rounds + 1):
                _say(f"round {number} of {parsed.rounds}")
                bench.measure(number, figures)
    except (LoadError, NoAnswer, PostgresError, StackError, migrate.Unreachable, migrate.Failed, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    summary = report.summarize(figures)
    print(report.table(figures, summary))
    if parsed.json is not None:
        parsed.json.write_text(json.dumps(summary, indent=2) + "\n")
    return 1 if report.missed(summary) else 0


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _say(what: str) -> None:
    print(f"· {what}", file=sys.stderr, flush=True)
