"""The show that tests of an open shop buy: hidden, on sale now, and with tickets enough for good."""

from datetime import datetime, timedelta
from typing import Final

from functions.orders import contract

SLUG: Final = "flametickets-smoke"
_PLACE: Final = contract.TicketType(
    "place",
    "Place",
    price=100,
    currency="EUR",
    capacity=1_000_000,  # the most that the contract allows, so never below what is sold, and the same each time
    limit_per_order=4,
)


def hidden_show(now: datetime) -> contract.Show:
    """The show, its sales window around `now`; published again, it changes no stock."""
    return contract.Show(
        slug=SLUG,
        title="A test of the shop",
        venue="Nowhere",
        starts_at=now + timedelta(days=8),
        sales_start=now - timedelta(days=1),
        sales_end=now + timedelta(days=7),
        ticket_types=(_PLACE,),
        hidden=True,
    )


def purchase(quantity: int) -> contract.PlaceOrder:
    """An order of so many places, at the price that the show has."""
    line = contract.OrderLine(_PLACE.id, quantity)
    return contract.PlaceOrder(SLUG, (line,), "A test of the shop", "nobody@flametickets.invalid", quantity * 100)
