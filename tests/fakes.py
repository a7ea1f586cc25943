"""The order function as the shop sees it, in memory."""

import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from frontend.orders_client import Cancelled, Confirmed, Found, Rejected, Unconfirmed, Unknown
from functions.orders import contract


def utc_now() -> datetime:
    return datetime.now(UTC)


def sample_shows(now: datetime | None = None) -> tuple[contract.Show, ...]:
    """A paid show with two ticket types, a free one with 3 places, one not yet on sale, one past; relative to `now`."""
    now = now or utc_now()

    def show(slug: str, title: str, days: int, opens: int, *types: contract.TicketType) -> contract.Show:
        starts_at = now + timedelta(days=days)
        return contract.Show(
            slug, title, "The Old Brewery", starts_at, now + timedelta(days=opens), starts_at, ticket_types=types
        )

    return (
        show(
            "spring-gala",
            "Spring Gala",
            30,
            -1,
            contract.TicketType("stalls", "Stalls", 2500, "EUR", 100, 6),
            contract.TicketType("balcony", "Balcony", 1800, "EUR", 40, 6),
        ),
        show("open-mic", "Open Mic", 7, -1, contract.TicketType("entry", "Entry", 0, "EUR", 3, 4)),
        show("new-year", "New Year", 60, 30, contract.TicketType("entry", "Entry", 5000, "EUR", 500, 8)),
        show("last-week", "Last Week", -7, -30, contract.TicketType("entry", "Entry", 1000, "EUR", 50, 4)),
    )


class FakeOrders:
    """An OrdersClient with the visible behaviour of the function's rules.

    `away` makes every call Unconfirmed; `opens_in` is how long the stable tag's breaker stays open, and while it does
    nothing is replayed.
    """

    def __init__(self, shows: Iterable[contract.Show] | None = None, now: Callable[[], datetime] = utc_now) -> None:
        self.away = False
        self.opens_in = 0.0
        self.calls: list[str] = []
        self.traceparents: list[str] = []
        self._now = now
        self._lock = threading.RLock()
        self._shows = {show.slug: show for show in (sample_shows(now()) if shows is None else shows)}
        self._left = {(s.slug, t.id): t.capacity for s in self._shows.values() for t in s.ticket_types}
        self._version = 0
        self._orders: dict[str, contract.Order] = {}

    def publish(self, show: contract.Show) -> None:
        """Creates or changes a show, as the function's own command does; what was sold stays sold."""
        with self._lock:
            before = {
                t.id: t.capacity for t in (self._shows[show.slug].ticket_types if show.slug in self._shows else ())
            }
            for t in show.ticket_types:
                sold = before.get(t.id, 0) - self._left.get((show.slug, t.id), 0)
                self._left[show.slug, t.id] = t.capacity - sold
            self._shows[show.slug] = show

    def place(
        self, order_id: str, order: contract.PlaceOrder, pressed_at: datetime, traceparent: str
    ) -> Confirmed | Rejected | Unconfirmed:
        return self._buy("place", order_id, order, pressed_at, traceparent)

    def replay(
        self, order_id: str, order: contract.PlaceOrder, pressed_at: datetime, traceparent: str
    ) -> Confirmed | Rejected | Unconfirmed:
        if self.opens_in > 0:
            return Unconfirmed("stable_open")
        return self._buy("replay", order_id, order, pressed_at, traceparent)

    def stable_opens_in(self) -> float:
        return self.opens_in

    def lookup(self, order_id: str, traceparent: str) -> Found | Unknown | Unconfirmed:
        with self._lock:
            if self._is_away("lookup", traceparent):
                return Unconfirmed("away")
            order = self._orders.get(order_id)
            return Found(order) if order else Unknown(order_id)

    def cancel(self, order_id: str, fingerprint: str, traceparent: str) -> Cancelled | Rejected | Unconfirmed:
        with self._lock:
            if self._is_away("cancel", traceparent):
                return Unconfirmed("away")
            order = self._orders.get(order_id) or contract.Order(order_id, "cancelled", "", "", self._now())
            if order.fingerprint and not order.fingerprint.startswith(fingerprint):
                return Rejected(contract.Rejection(order_id, "id_reused"))
            if order.status == "rejected":
                return Rejected(_rejection(order))
            if order.status == "confirmed":
                for line in order.lines:
                    self._left[order.show, line.ticket_type] += line.quantity
                    self._version += 1
            self._orders[order_id] = msgspec.structs.replace(order, status="cancelled", tickets=())
            return Cancelled(order_id)

    def catalogue(self, traceparent: str) -> contract.Catalogue | Unconfirmed:
        with self._lock:
            if self._is_away("catalogue", traceparent):
                return Unconfirmed("away")
            now = self._now()
            shows = sorted(self._shows.values(), key=lambda show: (show.starts_at, show.slug))
            return contract.Catalogue(now, tuple(self._listed(show, now) for show in shows))

    def _buy(
        self, call: str, order_id: str, order: contract.PlaceOrder, pressed_at: datetime, traceparent: str
    ) -> Confirmed | Rejected | Unconfirmed:
        with self._lock:
            if self._is_away(call, traceparent):
                return Unconfirmed("away")
            if (known := self._orders.get(order_id)) is None:
                known = self._orders[order_id] = self._decide(order_id, order, pressed_at)
            elif known.fingerprint and known.fingerprint != contract.fingerprint(order):
                return Rejected(contract.Rejection(order_id, "id_reused"))
            return Confirmed(known) if known.status == "confirmed" else Rejected(_rejection(known))

    def _is_away(self, call: str, traceparent: str) -> bool:
        self.calls.append(call)
        self.traceparents.append(traceparent)
        return self.away

    def _listed(self, show: contract.Show, now: datetime) -> contract.ListedShow:
        return contract.ListedShow(
            slug=show.slug,
            title=show.title,
            venue=show.venue,
            starts_at=show.starts_at,
            sales_start=show.sales_start,
            sales_end=show.sales_end,
            on_sale=show.sales_start <= now < show.sales_end,
            ticket_types=tuple(
                contract.ListedTicketType(
                    t.id, t.name, t.price, t.currency, t.capacity, self._left[show.slug, t.id], t.limit_per_order
                )
                for t in show.ticket_types
            ),
            image=show.image,
        )

    def _decide(self, order_id: str, order: contract.PlaceOrder, pressed_at: datetime) -> contract.Order:
        show = self._shows.get(order.show)
        types = {t.id: t for t in show.ticket_types} if show else {}
        reason = self._refusal(show, types, order, min(pressed_at, self._now()))
        decided = contract.Order(
            order_id=order_id,
            status="rejected" if reason else "confirmed",
            fingerprint=contract.fingerprint(order),
            show=order.show,
            title=show.title if show else "",
            venue=show.venue if show else "",
            starts_at=show.starts_at if show else None,
            placed_at=min(pressed_at, self._now()),
        )
        if reason is not None:
            return self._refuse(decided, reason, order, types)
        return self._sell(decided, order, types)

    def _refuse(
        self,
        decided: contract.Order,
        reason: contract.Reason,
        order: contract.PlaceOrder,
        types: dict[str, contract.TicketType],
    ) -> contract.Order:
        tells_what_is_left = reason in ("sold_out", "price_changed")
        left = tuple(
            contract.Availability(line.ticket_type, self._left[order.show, line.ticket_type], self._version)
            for line in order.lines
            if tells_what_is_left
        )
        lines = _priced(order, types) if tells_what_is_left or reason == "limit_exceeded" else ()
        decided = msgspec.structs.replace(decided, reason=reason, lines=lines, available=left)
        if reason == "price_changed":
            currency = types[order.lines[0].ticket_type].currency
            decided = msgspec.structs.replace(decided, total=_total(order, types), currency=currency)
        return decided

    def _sell(
        self, decided: contract.Order, order: contract.PlaceOrder, types: dict[str, contract.TicketType]
    ) -> contract.Order:
        for line in order.lines:
            self._left[order.show, line.ticket_type] -= line.quantity
            self._version += 1
        kinds = [line.ticket_type for line in order.lines for _ in range(line.quantity)]
        return msgspec.structs.replace(
            decided,
            lines=_priced(order, types),
            tickets=tuple(
                contract.Ticket(f"{decided.order_id[-4:]}-{n:04}".upper(), kind) for n, kind in enumerate(kinds, 1)
            ),
            total=_total(order, types),
            currency=types[order.lines[0].ticket_type].currency,
            name=order.name,
            email=order.email,
        )

    def _refusal(
        self,
        show: contract.Show | None,
        types: dict[str, contract.TicketType],
        order: contract.PlaceOrder,
        at: datetime,
    ) -> contract.Reason | None:
        if show is None:
            return "unknown_show"
        if any(line.ticket_type not in types for line in order.lines):
            return "unknown_ticket_type"
        refusals: tuple[tuple[bool, contract.Reason], ...] = (
            (not show.sales_start <= at < show.sales_end, "sales_closed"),
            (any(line.quantity > types[line.ticket_type].limit_per_order for line in order.lines), "limit_exceeded"),
            (any(line.quantity > self._left[show.slug, line.ticket_type] for line in order.lines), "sold_out"),
            (order.expected_total not in (None, _total(order, types)), "price_changed"),
        )
        return next((reason for refused, reason in refusals if refused), None)


def _total(order: contract.PlaceOrder, types: dict[str, contract.TicketType]) -> int:
    return sum(types[line.ticket_type].price * line.quantity for line in order.lines)


def _rejection(order: contract.Order) -> contract.Rejection:
    price_changed = order.reason == "price_changed"
    return contract.Rejection(
        order.order_id,
        order.reason or "cancelled",
        order.available,
        order.total if price_changed else None,
        order.currency if price_changed else None,
    )


def _priced(order: contract.PlaceOrder, types: dict[str, contract.TicketType]) -> tuple[contract.OrderedLine, ...]:
    kinds = ((types[line.ticket_type], line.quantity) for line in order.lines)
    return tuple(contract.OrderedLine(kind.id, kind.name, quantity, kind.price) for kind, quantity in kinds)
