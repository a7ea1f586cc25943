"""What a worker does next, without I/O, clock or chance of its own: threads and a simulator drive the same steps.

A turn of a worker is: `before` it, lease a purchase if it says so; `after_lease`, send it if it says so; `after_reply`,
store what it says. Every step can be a wait, with which the turn ends.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from frontend.orders_client import Confirmed, Rejected, Unconfirmed
from frontend.pending.purchases import Away, Outcome, PendingPurchase

LEASE_S: Final = 10.0  # longer than one try and what is stored of it; a killed worker holds others up as long
FIRST_BACKOFF_S: Final = 5.0  # at most, with full jitter
BACKOFF_S: Final = 10.0  # at most, from the second failure on
IDLE_S: Final = 0.5  # at most, until somebody looks whether a purchase is due
AWAY_S: Final = 1.0  # at most, until the store is tried again
MOMENT_S: Final = 0.2  # at least, after a breaker that opened in between
KEPT: Final = timedelta(days=1)  # decided ones, for they hold names and addresses
REFUSED_KEPT: Final = timedelta(days=30)  # so long a buyer can read why; the function forgets it then as well


@dataclass(frozen=True)
class Wait:
    """Nothing to do for so many seconds."""

    for_s: float


@dataclass(frozen=True)
class Lease:
    """Take the first purchase that is due, for `LEASE_S` seconds."""


@dataclass(frozen=True)
class Send:
    """Place it once more: same order id, same time of the event, same purchase."""

    purchase: PendingPurchase


@dataclass(frozen=True)
class Decide:
    """Keep the outcome; it never changes again."""

    outcome: Outcome


@dataclass(frozen=True)
class TryLater:
    """Try it again in so many seconds; others go on meanwhile."""

    in_s: float
    failure: str


@dataclass(frozen=True)
class GiveBack:
    """It was not tried after all, and keeps its place in line; then wait so many seconds."""

    wait_s: float


Chance = Callable[[], float]  # from 0 to 1


def before(opens_in_s: float, chance: Chance) -> Lease | Wait:
    """The first step of a turn: nothing is taken while the stable tag can't be tried for `opens_in_s` seconds."""
    if opens_in_s > 0:
        return Wait(opens_in_s + MOMENT_S * chance())  # so that not everybody comes at once
    return Lease()


def after_lease(leased: PendingPurchase | Away | None, chance: Chance) -> Send | Wait:
    """What to do with what was leased."""
    match leased:
        case PendingPurchase():
            return Send(leased)
        case Away():
            return Wait(AWAY_S * (1 + chance()) / 2)
    return Wait(IDLE_S * (1 + chance()) / 2)


def after_reply(
    purchase: PendingPurchase, reply: Confirmed | Rejected | Unconfirmed, opens_in_s: float, chance: Chance
) -> Decide | TryLater | GiveBack:
    """What the reply to a purchase means, of which this was the try number `purchase.tries`."""
    match reply:
        case Confirmed(order):
            return Decide(order)
        case Rejected(rejection):
            return Decide(rejection)
        case Unconfirmed("stable_open"):
            return GiveBack(opens_in_s + MOMENT_S * (1 + chance()))
        case Unconfirmed(why):
            longest = FIRST_BACKOFF_S if purchase.tries <= 1 else BACKOFF_S
            return TryLater(longest * chance(), why)
