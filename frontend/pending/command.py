"""The operator's command line: what it takes, what it does, and what it writes."""

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from frontend import traces
from frontend.orders_client import OrdersClient, Unconfirmed
from frontend.pending import refusing
from frontend.pending.database import Database
from frontend.pending.desk import Desk
from frontend.pending.listing import as_json_text, as_table
from frontend.pending.purchases import Away, PendingPurchase, word_of
from frontend.pending.refusing import Ended
from frontend.purchases import is_order_id
from functions.orders import contract

GOOD: Final = 0
BAD: Final = 1
COULD_NOT: Final = 2
MAX_MESSAGE: Final = 500
T = TypeVar("T")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]")
_DESCRIPTION: Final = """\
Purchases that were accepted without an answer of the order function, and are not decided yet. Those that could not be
decided within PENDING_GIVE_UP_HOURS are dead letters: look why (list), then have them sent again (replay) or end them
with a message to the buyer (refuse). Uses the environment of the web process.

Exit codes: 0 good, 1 the purchase asked about is bad, 2 it could not be done.
"""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The arguments: `command` is "list", "replay" or "refuse"."""
    parser = argparse.ArgumentParser(
        prog="python3 -m frontend.pending",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("list", help="the purchases that are not decided, in the order of acceptance")
    listing.add_argument("--dead", action="store_true", help="dead letters alone")
    listing.add_argument("--limit", type=_limit, default=1000, help="so many at most (default: %(default)s)")
    listing.add_argument("--output", choices=("table", "json"), default="table", help="(default: %(default)s)")
    replay = commands.add_parser("replay", help="make dead letters pending again")
    replay.add_argument("order_ids", metavar="ORDER_ID", nargs="+", type=_order_id)
    refuse = commands.add_parser("refuse", help="end a dead letter: its order is cancelled, so that it is never sold")
    refuse.add_argument("order_id", metavar="ORDER_ID", type=_order_id)
    refuse.add_argument("--message", type=_message, required=True, metavar="TEXT", help="what the buyer reads")
    return parser.parse_args(arguments)


def run(asked: argparse.Namespace, database: Database, client: Callable[[], OrdersClient]) -> int:
    """Does what was asked for, writes what came of it, and returns the exit code."""
    desk = Desk(database)
    try:
        if asked.command == "list":
            return _list(desk, asked)
        if asked.command == "replay":
            return _replay(desk, asked.order_ids)
        return _refuse(desk, client(), asked.order_id, asked.message)
    except _StoreAway:
        return _say(COULD_NOT, f"FRONTEND_DATABASE_URL: {database.why_away()}")


class _StoreAway(Exception):
    """The pending store can't be had."""


def _here(answer: T | Away) -> T:
    if isinstance(answer, Away):
        raise _StoreAway
    return answer


def _list(desk: Desk, asked: argparse.Namespace) -> int:
    purchases = _here(desk.look(("dead",) if asked.dead else ("pending", "dead"), asked.limit))
    sys.stdout.write(as_json_text(purchases) if asked.output == "json" else as_table(purchases))
    if len(purchases) == asked.limit:
        sys.stderr.write(f"the first {asked.limit} are listed; there may be more (--limit)\n")
    return GOOD


def _replay(desk: Desk, order_ids: Sequence[str]) -> int:
    replayed = _here(desk.replay(order_ids))
    code = GOOD
    for order_id in dict.fromkeys(order_ids):
        if order_id in replayed:
            _say(GOOD, f"{order_id}: is pending again")
        else:
            code = _say(BAD, f"{order_id}: {_state(_here(desk.find(order_id)))}")
    return code


def _refuse(desk: Desk, client: OrdersClient, order_id: str, message: str) -> int:
    purchase = _here(desk.find(order_id))
    if purchase is None or purchase.state != "dead":
        return _say(BAD, f"{order_id}: {_state(purchase)}")
    ended = refusing.end(client, purchase, traces.join_trace(None))
    if isinstance(ended, Unconfirmed):
        return _say(COULD_NOT, f"{order_id}: the order function did not answer ({ended.why}); refuse it again")
    is_cancelled = isinstance(ended.outcome, contract.Cancelled)
    if desk.end(order_id, ended.outcome, message if is_cancelled else None) is not True:
        return _say(COULD_NOT, f"{order_id}: {word_of(ended.outcome)}, but that could not be kept; refuse it again")
    return _say(GOOD if is_cancelled else BAD, f"{order_id}: {_in_words(ended)}")


def _in_words(ended: Ended) -> str:
    if not isinstance(ended.outcome, contract.Cancelled):
        return f"{word_of(ended.outcome)}, as the order function says; the buyer reads that, not the message"
    if ended.before is not None and ended.before.status == "confirmed":
        return f"cancelled; it was sold, and its tickets are given back ({len(ended.before.tickets)})"
    return "cancelled; it was never sold"


def _state(purchase: PendingPurchase | None) -> str:
    if purchase is None:
        return "there is no such purchase"
    if purchase.outcome is None:
        return f"is {purchase.state}, no dead letter"
    return f"is decided ({'refused' if purchase.is_refused else word_of(purchase.outcome)})"


def _say(code: int, line: str) -> int:
    (sys.stdout if code == GOOD else sys.stderr).write(f"{line}\n")
    return code


def _order_id(text: str) -> str:
    if not is_order_id(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no order id (a UUID in lower case)")
    return text


def _message(text: str) -> str:
    if not text.strip() or len(text) > MAX_MESSAGE or _CONTROLS.search(text):
        raise argparse.ArgumentTypeError(f"must be one line of 1 to {MAX_MESSAGE} characters")
    return text.strip()


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 6 and int(text) >= 1):
        raise argparse.ArgumentTypeError("must be a whole number from 1 to 999999")
    return int(text)
