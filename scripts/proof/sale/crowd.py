"""Who comes to a sale: each buyer's plan, drawn from a seed, so that the same seed sends the same crowd."""

import hashlib
import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from scripts.proof.sale.arrivals import Curve

Cohort = Literal["treated", "control"]

SOONEST_LEAVE_S: Final = 0.005
LATEST_LEAVE_S: Final = 3.0


@dataclass(frozen=True)
class Habits:
    """The shares of the buyers who do something, and their patience in seconds.

    The numbers are not those of any shop: each habit is frequent enough to be met often in a run of a thousand, and
    rare enough that most buyers just buy. `patience_s` is longer than any outage of an experiment, so that who gives
    up without an answer counts as somebody who saw an error.
    """

    double_clicks: float = 0.05
    closes_tab: float = 0.05
    cancels: float = 0.05
    reloads: float = 0.2
    without_script: float = 0.1  # whose browser sends the plain form and shows the pages
    quantities: tuple[float, ...] = (0.5, 0.35, 0.1, 0.05)  # shares of who wants 1, 2, 3, 4 tickets
    away_s: tuple[float, float] = (1.0, 8.0)  # how long a tab stays closed
    reads_s: tuple[float, float] = (0.5, 4.0)  # how long a page is read before the next click on it
    patience_s: float = 300.0


SIMPLE: Final = Habits(0.0, 0.0, 0.0, 0.0, 0.0, quantities=(1.0,))
"""One ticket, one click, and the page's script does the rest."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one buyer is going to do. Pauses are in seconds; `leaves_after_s` is None for a tab that stays open."""

    number: int
    order_id: str
    ticket_type: str
    quantity: int
    price: int
    cohort: Cohort
    without_script: bool
    double_clicks: bool
    leaves_after_s: float | None
    away_s: float
    reloads: tuple[float, ...]  # the pause before each
    sees_pages: bool  # reloads the page itself; else what the page's script asks for
    cancels_after_s: float | None
    patience_s: float


class Chance:
    """Random numbers that follow from words alone, each from 0 up to 1; small enough for each buyer to have one."""

    __slots__ = ("_digests", "_ready", "_words")

    def __init__(self, *words: object) -> None:
        self._words = "\n".join(map(str, words))
        self._digests = 0
        self._ready = b""

    def __call__(self) -> float:
        if not self._ready:
            self._digests += 1
            self._ready = hashlib.blake2b(f"{self._words}\n{self._digests}".encode()).digest()
        drawn, self._ready = self._ready[:8], self._ready[8:]
        return (int.from_bytes(drawn) >> 11) / 2**53

    def between(self, bounds: tuple[float, float]) -> float:
        """Any number between two, each as likely."""
        return bounds[0] + self() * (bounds[1] - bounds[0])


@dataclass(frozen=True)
class Crowd:
    """`count` buyers of a show, who come by `curve`; prices are by ticket type, in minor units.

    Order ids follow from seed, show and number: a run on the same database needs another seed or another show.
    `controls` is the share of the control cohort, spread evenly over all who come: pairs of the two are of one time.
    """

    show: str
    prices: Mapping[str, int]
    count: int
    curve: Curve
    seed: int = 0
    habits: Habits = field(default_factory=Habits)
    controls: float = 0.0

    def arrival_s(self, number: int) -> float:
        """Seconds after the opening at which buyer `number` comes; a higher number never comes earlier."""
        return self.curve((number + Chance(self.seed, number, "arrival")()) / self.count)

    def chance(self, number: int) -> Chance:
        """The buyer's own random numbers, for the pauses of its page's script."""
        return Chance(self.seed, self.show, number, "script")

    def plan(self, number: int) -> Plan:
        """What buyer `number` is going to do."""
        habits, chance = self.habits, Chance(self.seed, self.show, number, "plan")
        order_id = str(uuid.UUID(int=int(chance() * 2**53) << 75 | int(chance() * 2**53), version=4))
        ticket_type = sorted(self.prices)[int(chance() * len(self.prices))]
        return Plan(
            number=number,
            order_id=order_id,
            ticket_type=ticket_type,
            quantity=_quantity(habits.quantities, chance()),
            price=self.prices[ticket_type],
            cohort="control" if int((number + 1) * self.controls) > int(number * self.controls) else "treated",
            without_script=chance() < habits.without_script,
            double_clicks=chance() < habits.double_clicks,
            leaves_after_s=_leaving(chance()) if chance() < habits.closes_tab else None,
            away_s=chance.between(habits.away_s),
            reloads=_reloads(habits, chance),
            sees_pages=chance() < 0.5,
            cancels_after_s=chance.between(habits.reads_s) if chance() < habits.cancels else None,
            patience_s=habits.patience_s,
        )


def _quantity(shares: tuple[float, ...], drawn: float) -> int:
    for number, share in enumerate(shares, 1):
        drawn -= share
        if drawn < 0:
            return number
    return len(shares)


def _leaving(drawn: float) -> float:
    """As often within ten milliseconds of the press as within the next hundred: half in the middle of a fast answer."""
    return SOONEST_LEAVE_S * math.exp(drawn * math.log(LATEST_LEAVE_S / SOONEST_LEAVE_S))


def _reloads(habits: Habits, chance: Chance) -> tuple[float, ...]:
    """One reload, or two, or three: each further one half as often."""
    number = 0 if chance() >= habits.reloads else 1 + int(-math.log2(1 - chance()))
    return tuple(chance.between(habits.reads_s) for _ in range(min(number, 3)))
