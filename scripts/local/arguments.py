"""The command line of dev.py. Only Python's own library is used here, so that --help needs no set-up."""

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from functions.orders import faults
from scripts.local.split import SHARES_HELP, SHARES_METAVAR, read_split

_DESCRIPTION: Final = """\
Runs the whole of FlameTickets on this machine: two PostgreSQL servers, a gateway, the order function as the
revisions stable and chaos, and the shop. Ctrl-C stops it. While it runs:

  dev.py status              what runs, where, with which logs
  dev.py traffic             the split between the revisions
  dev.py traffic chaos=20    sends 20 % of the requests to chaos
  dev.py exec web COMMAND    runs a command in the environment of the shop's process (or of the function's: orders),
                             such as python3 -m frontend.pending list

CHAOS_FAULTS and CHAOS_SEED of the environment go to the chaos revision alone (CHAOS_FAULTS: error:0.3).
Exit codes: 0 good, 1 the thing asked about is bad, 2 it could not be done.
"""
PROCESSES: Final = ("web", "orders")
DEFAULT_FAULTS: Final = "error:0.3"


def parse(
    arguments: Sequence[str], default_folder: Path, environ: Mapping[str, str] = os.environ
) -> argparse.Namespace:
    """The arguments: `command` is None, "status", "traffic" or "exec"; `split` is a dict, empty to show it.

    `chaos_faults` and `chaos_seed` are those of the environment. Exits with 2 and one line for what can't be read.
    """
    parser = argparse.ArgumentParser(
        prog="dev.py", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=_port, default=8080, help="where the shop is (default: %(default)s)")
    parser.add_argument("--fresh", action="store_true", help="begin with new databases")
    parser.add_argument("--shows", type=Path, metavar="FILE", help="the shows to publish (default: scripts/shows.yaml)")
    parser.add_argument(
        "--folder", type=Path, default=default_folder, help="where all files are kept (default: .flametickets)"
    )
    commands = parser.add_subparsers(dest="command", metavar="{status,traffic,exec}")
    commands.add_parser("status", help="say what runs, where, with which logs")
    traffic = commands.add_parser("traffic", help="show or shift the split between the revisions")
    traffic.add_argument("shares", nargs="*", metavar=SHARES_METAVAR, help=SHARES_HELP)
    inside = commands.add_parser("exec", help="run a command in the environment of one of the two processes")
    inside.add_argument("process", choices=PROCESSES, help="whose environment")
    inside.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND", help="the command with its arguments")
    parsed = parser.parse_args(arguments)
    if parsed.command == "exec" and not parsed.words:
        inside.error("name the command to run")
    try:
        parsed.split = read_split(parsed.shares) if parsed.command == "traffic" else {}
    except ValueError as error:
        traffic.error(str(error))
    parsed.chaos_faults = environ.get("CHAOS_FAULTS", DEFAULT_FAULTS)
    parsed.chaos_seed = environ.get("CHAOS_SEED", "0")
    try:
        faults.parse(parsed.chaos_faults if parsed.command is None else "")
    except faults.FaultsError as error:
        parser.error(f"CHAOS_FAULTS: {error}")
    return parsed


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text} is no port; one is from 1 to 65535 (0 takes a free one)")
    return int(text)
