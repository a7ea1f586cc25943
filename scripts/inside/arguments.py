"""The command line of `python3 -m scripts.inside`."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_DESCRIPTION: Final = """\
What is done from inside the cluster, in a pod of the shop's own image. Prints one JSON object; observe prints one for
each sample before it, and probe one for each answer. URL is an address of the order function, or one of the names
orders, stable and chaos, which stand for ORDERS_URL, ORDERS_STABLE_URL and ORDERS_CHAOS_URL. SIGNING_SECRETS signs what
is asked.
Exit codes: 0 good, 1 the thing asked about is bad, 2 it could not be done.
"""
_ORDER_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
SHOWS_FILE: Final = Path("/files/shows.yaml")


def parse(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The arguments: `command`, and for each command its own."""
    parser = argparse.ArgumentParser(
        prog="python3 -m scripts.inside",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    publish = commands.add_parser("publish", help="publish the shows of a file")
    publish.add_argument("file", nargs="?", type=Path, default=SHOWS_FILE, metavar="FILE", help="default: %(default)s")
    publish.add_argument("--to", dest="urls", nargs=1, default=["stable"], metavar="URL", help="default: stable")
    smoke = commands.add_parser("smoke", help="buy, look up and cancel on a hidden show, through each URL")
    smoke.add_argument("urls", nargs="+", metavar="URL")
    place = commands.add_parser("place", help="place an order on the hidden show, and leave it")
    place.add_argument("urls", nargs=1, metavar="URL")
    place.add_argument("order_id", nargs="?", type=_order_id, metavar="ORDER_ID", help="default: a new one")
    find = commands.add_parser("find", help="look an order up")
    find.add_argument("urls", nargs=1, metavar="URL")
    find.add_argument("order_id", type=_order_id, metavar="ORDER_ID")
    cancel = commands.add_parser("cancel", help="cancel orders, so that their tickets are free again")
    cancel.add_argument("urls", nargs=1, metavar="URL")
    cancel.add_argument("order_ids", nargs="+", type=_order_id, metavar="ORDER_ID")
    stranger = commands.add_parser("stranger", help="call without a signature, and with a wrong one")
    stranger.add_argument("urls", nargs="+", metavar="URL")
    for command in (publish, smoke, place, find, cancel):
        _add_patience(command)
    _add_patience(stranger, tries=3)
    _add_probe(commands.add_parser("probe", help="ask several times a second, and tell of each answer"))
    _add_gateway(commands.add_parser("gateway", help="see that the public gateway knows none of the hosts"))
    commands.add_parser("confined", help="see that this process may do no more than the manifests let it")
    _add_observe(commands.add_parser("observe", help="watch the shop's metrics, and stop at the first breach"))
    return parser.parse_args(words)


def _add_patience(command: argparse.ArgumentParser, tries: int = 10) -> None:
    command.add_argument("--tries", type=_count, default=tries, help="most tries of a question (default: %(default)s)")
    command.add_argument("--try-seconds", type=_seconds, default=5.0, help="what a try may take (default: %(default)g)")
    command.add_argument("--within", type=_seconds, default=90.0, help="what all may take (default: %(default)g)")


def _add_observe(command: argparse.ArgumentParser) -> None:
    command.add_argument("urls", nargs="+", type=_page, metavar="URL", help="metrics pages of the shop's processes")
    command.add_argument("--seconds", type=_seconds, required=True, help="how long to watch")
    command.add_argument(
        "--metric", choices=("buyers", "calls"), required=True, help="errors that buyers see, or calls"
    )
    command.add_argument("--limit", type=_share, required=True, metavar="SHARE", help="most bad ones, from 0 to 1")
    command.add_argument(
        "--least", type=_number, default=20, help="events that it takes to judge (default: %(default)s)"
    )
    command.add_argument("--every", type=_seconds, default=1.0, help="seconds between samples (default: %(default)g)")


def _add_probe(command: argparse.ArgumentParser) -> None:
    command.add_argument("urls", nargs=1, metavar="URL", help="a page that must answer 200, or with --order a URL")
    command.add_argument("--order", type=_order_id, metavar="ORDER_ID", help="look this order up, which is confirmed")
    command.add_argument("--seconds", type=_seconds, required=True, help="how long to ask")
    command.add_argument("--every", type=_seconds, default=0.2, help="seconds between questions (default: %(default)g)")
    command.add_argument(
        "--try-seconds", type=_seconds, default=10.0, help="what an answer may take (default: %(default)g)"
    )


def _add_gateway(command: argparse.ArgumentParser) -> None:
    command.add_argument("--known", required=True, metavar="HOST", help="the shop's, by which its gateway is known")
    command.add_argument("--at", dest="gateways", action="append", required=True, type=_origin, metavar="URL",
                         help="where the gateway may be; may be given several times")  # fmt: skip
    command.add_argument("hosts", nargs="+", metavar="HOST")


def _count(text: str) -> int:
    if not 1 <= (number := _number(text)) <= 1000:
        raise argparse.ArgumentTypeError(f"{text} is not from 1 to 1000")
    return number


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise argparse.ArgumentTypeError(f"{text} is no whole number")
    return int(text)


def _seconds(text: str) -> float:
    if not 0 < (seconds := _decimal(text)) <= 86400:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds above 0, at most a day")
    return seconds


def _share(text: str) -> float:
    if not 0 <= (share := _decimal(text)) <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no share from 0 to 1, as 0.001")
    return share


def _decimal(text: str) -> float:
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text, re.ASCII) is None:
        raise argparse.ArgumentTypeError(f"{text} is no number")
    return float(text)


def _order_id(text: str) -> str:
    if _ORDER_ID.fullmatch(text) is None:
        raise argparse.ArgumentTypeError(f"{text} is no order id: a UUID in lower case")
    return text


def _origin(text: str) -> str:
    if re.fullmatch(r"https?://[^/\s]+", text) is None:
        raise argparse.ArgumentTypeError(f"{text} is no address such as http://host:port")
    return text


def _page(text: str) -> str:
    form = re.fullmatch(r"(https?://[^/\s]+)(/\S*)?", text)
    if form is None:
        raise argparse.ArgumentTypeError(f"{text} is no address that begins with http://")
    return text if form[2] not in (None, "/") else f"{form[1]}/metrics"
