"""What is decided about an order, as plain values: no I/O, no clock, no framework."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from functions.orders.contract import Availability, OrderedLine, OrderLine, OrderStatus, PlaceOrder, Reason, Show

OLDEST_EVENT: Final = timedelta(days=7)


class Stock(msgspec.Struct, frozen=True):
    """What is there of one ticket type; `version` counts the changes of this row."""

    capacity: int
    sold: int
    version: int

    @property
    def available(self) -> int:
        return self.capacity - self.sold

    def sell(self, quantity: int) -> "Stock":
        """The stock after `quantity` more tickets are sold, or fewer if it is negative."""
        return Stock(self.capacity, self.sold + quantity, self.version + 1)


class TypeOnSale(msgspec.Struct, frozen=True):
    name: str
    price: int
    currency: str
    limit_per_order: int


class ShowOnSale(msgspec.Struct, frozen=True):
    title: str
    venue: str
    starts_at: datetime
    sales_start: datetime
    sales_end: datetime
    types: Mapping[str, TypeOnSale]


class Prior(msgspec.Struct, frozen=True):
    """What was decided earlier about the same order id, and the lines sold; a tombstone has an empty fingerprint."""

    status: OrderStatus
    fingerprint: str
    lines: tuple[OrderedLine, ...]


class Place(msgspec.Struct, frozen=True):
    """A purchase: `order` with its id and fingerprint, pressed at `placed_at`."""

    order_id: str
    fingerprint: str
    order: PlaceOrder
    placed_at: datetime


class Cancel(msgspec.Struct, frozen=True):
    """The cancel of the purchase whose fingerprint begins so; of whichever has the order id if that is empty."""

    order_id: str
    fingerprint: str = ""


class Sell(msgspec.Struct, frozen=True):
    """Confirm the order: `lines` at today's prices, `stock` as it is afterwards."""

    lines: tuple[OrderedLine, ...]
    total: int
    currency: str
    stock: Mapping[str, Stock]


class Refuse(msgspec.Struct, frozen=True):
    """Reject the order and remember it, with what was asked for and was available at the moment of the decision."""

    reason: Reason
    lines: tuple[OrderedLine, ...] = ()
    available: tuple[Availability, ...] = ()
    total: int | None = None
    currency: str | None = None


class RefuseReuse(msgspec.Struct, frozen=True):
    """Another purchase has this order id: reject what was asked for this one, and leave the other as it is."""


class Repeat(msgspec.Struct, frozen=True):
    """This command was decided before: tell the order's present state."""


class Free(msgspec.Struct, frozen=True):
    """Cancel a confirmed order: `stock` as it is afterwards."""

    stock: Mapping[str, Stock]


class Bury(msgspec.Struct, frozen=True):
    """Leave a tombstone, so that an order which arrives after its cancel is rejected."""


class LockFirst(msgspec.Struct, frozen=True):
    """The stock of a ticket type to be freed is not at hand: nothing is decided until it is."""


Decision = Sell | Refuse | RefuseReuse | Repeat | Free | Bury | LockFirst


def decide(
    command: Place | Cancel, prior: Prior | None, show: ShowOnSale | None, stock: Mapping[str, Stock], now: datetime
) -> Decision:
    """What happens to a command. `stock` is its show's, by ticket type, as it stands under its lock."""
    if prior is not None and prior.fingerprint and not prior.fingerprint.startswith(command.fingerprint):
        return RefuseReuse()
    if isinstance(command, Cancel):
        return _decide_cancel(prior, stock)
    if prior is not None:
        return Repeat()
    if now - command.placed_at > OLDEST_EVENT:
        return Refuse("expired")
    if show is None:
        return Refuse("unknown_show")
    return _decide_sale(command.order, min(command.placed_at, now), show, stock)


def _decide_cancel(prior: Prior | None, stock: Mapping[str, Stock]) -> Decision:
    if prior is None:
        return Bury()
    if prior.status != "confirmed":
        return Repeat()
    if any(line.ticket_type not in stock for line in prior.lines):
        return LockFirst()
    return Free({line.ticket_type: stock[line.ticket_type].sell(-line.quantity) for line in prior.lines})


def _decide_sale(order: PlaceOrder, pressed_at: datetime, show: ShowOnSale, stock: Mapping[str, Stock]) -> Decision:
    wanted = order.lines
    if any(line.ticket_type not in show.types or line.ticket_type not in stock for line in wanted):
        return Refuse("unknown_ticket_type")
    if not show.sales_start <= pressed_at < show.sales_end:
        return Refuse("sales_closed")
    lines = tuple(_priced(line, show.types[line.ticket_type]) for line in wanted)
    if any(line.quantity > show.types[line.ticket_type].limit_per_order for line in wanted):
        return Refuse("limit_exceeded", lines)
    if any(line.quantity > stock[line.ticket_type].available for line in wanted):
        return Refuse("sold_out", lines, _what_is_left(wanted, stock))
    total, currency = sum(line.price * line.quantity for line in lines), show.types[lines[0].ticket_type].currency
    if order.expected_total not in (None, total):
        return Refuse("price_changed", lines, _what_is_left(wanted, stock), total, currency)
    return Sell(lines, total, currency, {w.ticket_type: stock[w.ticket_type].sell(w.quantity) for w in wanted})


def below_sold(show: Show, stock: Mapping[str, Stock]) -> tuple[str, int] | None:
    """The first ticket type of `show` whose new capacity is less than what is sold, with that number."""
    for ticket_type in show.ticket_types:
        held = stock.get(ticket_type.id)
        if held is not None and ticket_type.capacity < held.sold:
            return ticket_type.id, held.sold
    return None


def _what_is_left(wanted: tuple[OrderLine, ...], stock: Mapping[str, Stock]) -> tuple[Availability, ...]:
    held = ((line.ticket_type, stock[line.ticket_type]) for line in wanted)
    return tuple(Availability(ticket_type, left.available, left.version) for ticket_type, left in held)


def _priced(line: OrderLine, on_sale: TypeOnSale) -> OrderedLine:
    return OrderedLine(line.ticket_type, on_sale.name, line.quantity, on_sale.price)
