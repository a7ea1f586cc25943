"""Check a run: `python3 -m scripts.proof.check HISTORY --ledger URL --pending URL [--logs FOLDER]`.

Reads the history and both databases, decides P1 to P6, and prints the promises' table with each violation's story.
Exit codes: 0 every promise was shown and kept, 1 one was violated, 2 one could not be checked or shown.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.proof.checker import (
    CannotCheck,
    Evidence,
    NoRun,
    PendingSnapshot,
    Verdict,
    as_dict,
    hear,
    judge,
    load_ledger,
    load_pending,
    shown,
    with_stories,
)
from scripts.proof.checker.log_lines import Logs
from scripts.proof.history import HistoryError


def check_run(history: Path, ledger_url: str, pending_url: str | None, logs: Logs | None = None) -> Verdict:
    """The verdict on a run; without a pending store that can be read, what hangs on it is "not checked".

    Raises CannotCheck when the ledger can't be read, NoRun, HistoryError or OSError when the history can't.
    """
    heard = hear(history)
    ledger = load_ledger(ledger_url, heard.run.show)
    evidence = Evidence(heard, ledger, _pending(pending_url, list(heard.purchases)))
    return with_stories(judge(evidence), evidence, history, logs)


def _pending(url: str | None, order_ids: list[str]) -> PendingSnapshot | None:
    try:
        return load_pending(url, order_ids) if url else None
    except CannotCheck as error:
        print(error, file=sys.stderr)
        return None


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, check, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("history", type=Path, metavar="HISTORY", help="the history that the run wrote")
    parser.add_argument("--ledger", required=True, metavar="URL", help="the ledger's database")
    parser.add_argument("--pending", metavar="URL", help="the database of the pending purchases")
    parser.add_argument("--logs", type=Path, metavar="FOLDER", help="the stack's folder, or that of its logs")
    parser.add_argument("--output", choices=("table", "json"), default="table")
    asked = parser.parse_args(arguments)
    try:
        verdict = check_run(asked.history, asked.ledger, asked.pending, asked.logs)
    except (CannotCheck, NoRun, HistoryError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    if asked.output == "json":
        print(json.dumps(as_dict(verdict), indent=2))
    else:
        print("\n".join(shown(verdict)))
    return verdict.code


if __name__ == "__main__":
    sys.exit(main())
