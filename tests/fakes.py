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
    """An OrdersClient with the visible behaviour of the function's rules; `away` makes every call Unconfirmed."""

    def __init__(self, shows: Iterable[contract.Show] | None = None, now: Callable[[], datetime] = utc_now) -> None:
        self.away = False
        self.calls: list[str] = []
        self.traceparents: list[str] = []
        self._now = now
        self._lock = threading.RLock()
        self._shows = {show.slug: show for show in (sample_shows(now()) if shows is None else shows)}
        self._left = {(s.slug, t.id): t.capacity for s in self._shows.values() for t in s.ticket_types}
        self._version = 0
        self._orders: dict[str, contract.Order] = {}
        self._rejections: dict[str, contract.Rejection] = {}

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
        with self._lock:
            if self._is_away("place", traceparent):
                return Unconfirmed("away")
            if (known := self._orders.get(order_id)) is None:
                known = self._orders[order_id] = self._decide(order_id, order, pressed_at)
            elif known.fingerprint and known.fingerprint != contract.fingerprint(order):
                return Rejected(contract.Rejection(order_id, "id_reused"))
            if known.status == "confirmed":
                return Confirmed(known)
            if known.status == "cancelled":
                return Rejected(contract.Rejection(order_id, "cancelled"))
            return Rejected(self._rejections[order_id])

    def lookup(self, order_id: str, traceparent: str) -> Found | Unknown | Unconfirmed:
        with self._lock:
            if self._is_away("lookup", traceparent):
                return Unconfirmed("away")
            order = self._orders.get(order_id)
            return Found(order) if order else Unknown(order_id)

    def cancel(self, order_id: str, traceparent: str) -> Cancelled | Rejected | Unconfirmed:
        with self._lock:
            if self._is_away("cancel", traceparent):
                return Unconfirmed("away")
            order = self._orders.get(order_id) or self._tombstone(order_id)
            if order.status == "rejected":
                return Rejected(self._rejections[order_id])
            if order.status == "confirmed":
                for line in order.lines:
                    self._left[order.show, line.ticket_type] += line.quantity
                    self._version += 1
            self._orders[order_id] = msgspec.structs.replace(order, status="cancelled")
            return Cancelled(order_id)

    def catalogue(self, traceparent: str) -> contract.Catalogue | Unconfirmed:
        with self._lock:
            if self._is_away("catalogue", traceparent):
                return Unconfirmed("away")
            now = self._now()
            shows = sorted(self._shows.values(), key=lambda show: (show.starts_at, show.slug))
            return contract.Catalogue(now, tuple(self._listed(show, now) for show in shows))

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
        total = sum(types[line.ticket_type].price * line.quantity for line in order.lines if line.ticket_type in types)
        currency = show.ticket_types[0].currency if show else ""
        if reason is not None:
            self._rejections[order_id] = contract.Rejection(
                order_id,
                reason,
                tuple(contract.Availability(t, self._left[order.show, t], self._version) for t in types),
                total if reason == "price_changed" else None,
                currency if reason == "price_changed" else None,
            )
        sold = () if reason else order.lines
        for line in sold:
            self._left[order.show, line.ticket_type] -= line.quantity
            self._version += 1
        return contract.Order(
            order_id=order_id,
            status="rejected" if reason else "confirmed",
            fingerprint=contract.fingerprint(order),
            show=order.show,
            title=show.title if show else "",
            venue=show.venue if show else "",
            starts_at=show.starts_at if show else None,
            lines=tuple(
                contract.OrderedLine(
                    line.ticket_type, types[line.ticket_type].name, line.quantity, types[line.ticket_type].price
                )
                for line in sold
            ),
            tickets=tuple(
                contract.Ticket(f"{order_id[:4]}-{line.ticket_type}-{n}".upper(), line.ticket_type)
                for line in sold
                for n in range(1, line.quantity + 1)
            ),
            total=total,
            currency=currency,
            name=order.name,
            email=order.email,
            placed_at=self._now(),
            reason=reason,
            available=self._rejections[order_id].available if reason else (),
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
        total = sum(types[line.ticket_type].price * line.quantity for line in order.lines)
        refusals: tuple[tuple[bool, contract.Reason], ...] = (
            (not show.sales_start <= at < show.sales_end, "sales_closed"),
            (any(line.quantity > types[line.ticket_type].limit_per_order for line in order.lines), "limit_exceeded"),
            (order.expected_total not in (None, total), "price_changed"),
            (any(line.quantity > self._left[show.slug, line.ticket_type] for line in order.lines), "sold_out"),
        )
        return next((reason for refused, reason in refusals if refused), None)

    def _tombstone(self, order_id: str) -> contract.Order:
        return contract.Order(
            order_id=order_id,
            status="cancelled",
            fingerprint="",
            show="",
            title="",
            venue="",
            starts_at=None,
            lines=(),
            tickets=(),
            total=0,
            currency="",
            name="",
            email="",
            placed_at=self._now(),
        )
