"""The command line of chaos.py. Only Python's own library is used here, so that --help needs no set-up."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

FILES: Final = Path(__file__).parent / "files"
SABOTAGES: Final = {
    "no-lock": "stock rows are read without their lock",
    "no-prior-outcome": "what was decided before of an order id is not looked up",
    "outcome-lost": "an outcome is told before it is durable, and lost in a restart",
    "pending-not-durable": "accepted purchases are kept in memory alone",
    "sold-out-unchecked": "sold out is told without looking",
}
TARGETS: Final = ("local", "knative")
_DESCRIPTION: Final = """\
Proves that faults lose nothing, or says what they lost: runs experiments on a shop while a crowd buys, keeps what
every buyer was told, checks it against what is stored, and writes a report.

  chaos.py list                        the experiments
  chaos.py run storm                   one of them, on a shop of its own on this machine
  chaos.py run --all --quick           all in a few minutes
  chaos.py run --all                   all, with a hundred thousand orders
  chaos.py run --sabotage no-lock      without that guard: it must find a broken promise
  chaos.py report                      the last run's report, made anew
  chaos.py simulate                    both sides' policies in simulated time

Exit codes: 0 every promise was kept, 1 one was violated, 2 it could not be run or checked, 130 stopped by Ctrl-C.
"""
_SEED: Final = 1


def names() -> list[str]:
    """The experiments that there are."""
    return sorted(path.stem for path in FILES.glob("*.yaml"))


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The arguments; `verb` is always set. Exits with 2 and one line for what can't be read."""
    parser = argparse.ArgumentParser(
        prog="chaos.py",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    verbs.add_parser("list", help="the experiments, and what each does", allow_abbrev=False)
    run = verbs.add_parser("run", help="run experiments and write the report", allow_abbrev=False)
    _add_run(run)
    report = verbs.add_parser("report", help="make a run's report anew from its files", allow_abbrev=False)
    report.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="of the run (default: the last one's)")
    verbs.add_parser("simulate", help="simulate sales; --help for more", add_help=False, allow_abbrev=False)
    parsed, rest = parser.parse_known_args(words)
    if parsed.verb == "simulate":
        parsed.words = rest
    elif rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    elif parsed.verb == "run":
        _check_run(run, parsed)
    return parsed


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="experiments, by the names of `list`")
    parser.add_argument("--all", action="store_true", help="all experiments")
    parser.add_argument("--quick", action="store_true", help="smaller sales; leaves the hundred thousand orders out")
    parser.add_argument("--buyers", type=_number, metavar="N", help="so many buyers in each experiment")
    parser.add_argument("--seed", type=_seed, default=_SEED, help=f"of crowds and faults (default: {_SEED})")
    parser.add_argument(
        "--target", choices=TARGETS, default="local",
        help="local, a shop of its own on this machine (the default), or knative, a deployed one: its faults, split "
        "and revisions are put back at the end, and the sales, which nobody else sees, stay in its database",
    )  # fmt: skip
    parser.add_argument("--context", help="of the kubeconfig, for knative (default: its current one)")
    parser.add_argument("--namespace", default="flametickets", help="for knative (default: flametickets)")
    parser.add_argument("--shop", metavar="URL", help="where the shop in the cluster is reached from here, for knative")
    parser.add_argument("--folder", type=Path, help="for history, journals and report (default: one in .flametickets)")
    parser.add_argument(
        "--sabotage",
        choices=tuple(SABOTAGES),
        metavar="GUARD",
        help=f"remove a guard ({', '.join(SABOTAGES)}), and run what shows it until a promise breaks; local alone",
    )
    parser.add_argument("--output", choices=("text", "json"), default="text", help="(default: text)")


def _check_run(parser: argparse.ArgumentParser, parsed: argparse.Namespace) -> None:
    there = names()
    if unknown := [name for name in parsed.names if name not in there]:
        parser.error(f"there is no experiment {unknown[0]}; there are {', '.join(there)}")
    given = [bool(parsed.names), parsed.all, parsed.sabotage is not None]
    if sum(given) != 1:
        parser.error("say which: names of experiments, --all, or --sabotage GUARD, which knows what shows it")
    if parsed.sabotage and parsed.target != "local":
        parser.error("--sabotage replaces parts of a shop on this machine; a cluster's are left alone")


def _number(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,6}", text):
        raise argparse.ArgumentTypeError(f"{text} is no number of buyers from 1 to 9999999")
    return int(text)


def _seed(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise argparse.ArgumentTypeError(f"{text} is no seed, which is a number of up to nine digits")
    return int(text)
