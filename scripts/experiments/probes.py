"""What the experiments ask of a shop: the probes of their steady state. True is good."""

import time
from datetime import UTC, datetime, timedelta
from typing import Final

from scripts.experiments.asking import ask
from scripts.experiments.session import current
from scripts.proof.sale.client import Address

_LOOK_EVERY_S: Final = 0.2
_FRESH: Final = timedelta(seconds=2)


def sells(within_s: float = 30.0) -> bool:
    """Whether the shop shows what is left, fresh from the function; waits so many seconds for that."""
    deadline = time.monotonic() + within_s
    while not _is_fresh(current().target.shops()["treated"]):
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_EVERY_S)
    return True


def nothing_waits(within_s: float = 30.0) -> bool:
    """Whether every purchase that was accepted is decided; waits so many seconds for that."""
    deadline = time.monotonic() + within_s
    while current().undecided():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_EVERY_S)
    return True


def promises_are_kept() -> bool:
    """Whether the checker found no violation of P1 to P6 in the sale, and could check them all; True before it."""
    session = current()
    if session.sale is None:
        return True
    return session.judge().code == 0


def _is_fresh(shop: Address) -> bool:
    status, shows = ask(shop, "/api/shows")
    return status == 200 and datetime.now(UTC) - datetime.fromisoformat(shows["as_of"]) < _FRESH
