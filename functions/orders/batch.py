"""The decisions of one transaction, in memory: what was read under its locks, and what is to be written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import msgspec

from functions.orders import rules
from functions.orders.contract import Cancelled, Order, Rejection, Ticket

StockKey = tuple[str, str]
"""Show and ticket type."""

Answer = Order | Rejection | Cancelled


class StockChange(msgspec.Struct, frozen=True):
    """A line of the stock's journal: the row as it stands after the change."""

    show: str
    ticket_type: str
    version: int
    capacity: int
    sold: int
    cause: Literal["published", "sold", "cancelled"]
    order_id: str | None = None


@dataclass
class Batch:
    """Answers commands in the order they are given, each seeing what the ones before it did.

    `stock` holds the locked rows by show and ticket type, `orders` what is known of the commands' order ids,
    `shows` their shows. `decided`, `journal` and `cancelled` are what is to be written.
    """

    stock: Mapping[str, dict[str, rules.Stock]]
    orders: dict[str, Order]
    shows: Mapping[str, rules.ShowOnSale]
    now: datetime
    new_code: Callable[[], str]
    decided: list[Order] = field(default_factory=list)
    journal: list[StockChange] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)

    def answer(self, command: rules.Place | rules.Cancel) -> Answer | None:
        """The outcome of a command; None when it needs the lock of a row that is not in `stock`."""
        known = self.orders.get(command.order_id)
        slug = command.order.show if isinstance(command, rules.Place) else known.show if known else ""
        stock = self.stock.get(slug, {})
        prior = rules.Prior(known.status, known.fingerprint, known.lines) if known else None
        decision = rules.decide(command, prior, self.shows.get(slug), stock, self.now)
        return None if isinstance(decision, rules.LockFirst) else self._carry_out(command, decision)

    def _carry_out(self, command: rules.Place | rules.Cancel, decision: rules.Decision) -> Answer:
        match command, decision:
            case rules.Place(), rules.Sell():
                return self._sell(command, decision)
            case rules.Place(), rules.Refuse():
                return self._refuse(command, decision)
            case _, rules.RefuseReuse():
                return Rejection(command.order_id, "id_reused")
            case _, rules.Free():
                return self._free(self.orders[command.order_id], decision)
            case _, rules.Bury():
                return self._bury(command.order_id)
        return _present_state(command, self.orders[command.order_id])

    def _sell(self, place: rules.Place, decision: rules.Sell) -> Order:
        show, order = self.shows[place.order.show], place.order
        kinds = [line.ticket_type for line in decision.lines for _ in range(line.quantity)]
        self._move(order.show, decision.stock, "sold", place.order_id)
        return self._decide(
            Order(
                order_id=place.order_id,
                status="confirmed",
                fingerprint=place.fingerprint,
                show=order.show,
                title=show.title,
                venue=show.venue,
                starts_at=show.starts_at,
                lines=decision.lines,
                tickets=tuple([Ticket(self.new_code(), kind) for kind in kinds]),
                total=decision.total,
                currency=decision.currency,
                name=order.name,
                email=order.email,
                placed_at=place.placed_at,
            )
        )

    def _refuse(self, place: rules.Place, decision: rules.Refuse) -> Rejection:
        show = self.shows.get(place.order.show)
        order = Order(
            order_id=place.order_id,
            status="rejected",
            fingerprint=place.fingerprint,
            show=place.order.show,
            title=show.title if show else "",
            venue=show.venue if show else "",
            starts_at=show.starts_at if show else None,
            lines=decision.lines,
            total=decision.total or 0,
            currency=decision.currency or "",
            placed_at=place.placed_at,
            reason=decision.reason,
            available=decision.available,
        )
        return _rejection(self._decide(order))

    def _free(self, order: Order, decision: rules.Free) -> Cancelled:
        self._move(order.show, decision.stock, "cancelled", order.order_id)
        self.orders[order.order_id] = msgspec.structs.replace(order, status="cancelled", tickets=())
        self.cancelled.append(order.order_id)
        return Cancelled(order.order_id)

    def _bury(self, order_id: str) -> Cancelled:
        self._decide(Order(order_id=order_id, status="cancelled", fingerprint="", show="", placed_at=self.now))
        return Cancelled(order_id)

    def _decide(self, order: Order) -> Order:
        self.orders[order.order_id] = order
        self.decided.append(order)
        return order

    def _move(
        self, show: str, stock: Mapping[str, rules.Stock], cause: Literal["sold", "cancelled"], order_id: str
    ) -> None:
        for kind, row in stock.items():
            self.stock[show][kind] = row
            self.journal.append(StockChange(show, kind, row.version, row.capacity, row.sold, cause, order_id))


def _rejection(order: Order) -> Rejection:
    price_changed = order.reason == "price_changed"
    return Rejection(
        order.order_id,
        order.reason or "cancelled",
        order.available,
        total=order.total if price_changed else None,
        currency=order.currency if price_changed else None,
    )


def _present_state(command: rules.Place | rules.Cancel, order: Order) -> Answer:
    if order.status == "cancelled" and isinstance(command, rules.Cancel):
        return Cancelled(order.order_id)
    return order if order.status == "confirmed" else _rejection(order)
