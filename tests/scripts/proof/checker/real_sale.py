"""A small sale by the function's own ledger and the shop's own pending store, in PostgreSQL, with its history."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from functions.orders import contract
from functions.orders.backlog import Publish
from functions.orders.contract import Order, Rejection
from functions.orders.rules import Cancel, Place
from scripts.proof.history import Attempt, End, History, Run, Told
from tests.functions.local_invoker import make_order, make_show
from tests.functions.writers import Writer
from tests.pending_store import InPostgres, leased

SHOW = "night-of-fire"
NAMES = ("bought", "accepted", "refused", "cancelled")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@dataclass(frozen=True)
class RealSale:
    """Where everything is, and the order ids by name: bought, accepted, refused, cancelled."""

    history: Path
    ledger_url: str
    pending_url: str
    orders: Mapping[str, str]

    def execute(self, store: str, statements: str) -> None:
        """Runs SQL on the `ledger` or the `pending` store, in which `:name` stands for an order's id."""
        for name, order_id in self.orders.items():
            statements = statements.replace(f":{name}", f"'{order_id}'::uuid")
        with psycopg.connect(self.ledger_url if store == "ledger" else self.pending_url) as session:
            session.execute(statements.encode())


async def sell(ledger_url: str, pending_url: str, path: Path) -> RealSale:
    """Five seats: two bought, two accepted and sold by the worker, one of two refused, one bought and cancelled."""
    orders = {name: str(uuid.uuid4()) for name in NAMES}
    writer, pending = Writer(ledger_url), InPostgres(pending_url)
    seller = _Seller(writer, pending, orders)
    try:
        with History(path) as history:
            seller.history = history
            history.write(Run("sale", 1, "local", time.time(), SHOW, {"seat": 5, "standing": 3}, "none"))
            await writer.submit(Publish(make_show(), datetime.now(UTC)))
            await seller.sell()
            history.write(End(*history.now()))
    finally:
        pending.close()
        await writer.close()
    return RealSale(path, ledger_url, pending_url, orders)


class _Seller:
    history: History

    def __init__(self, writer: Writer, pending: InPostgres, orders: Mapping[str, str]) -> None:
        self._writer = writer
        self._pending = pending
        self._orders = orders

    async def sell(self) -> None:
        await self._place("bought", 2)
        await self._place("cancelled", 1)
        self._accept("accepted", 2)
        replayed = await self._decide("accepted", 2)
        assert self._pending.queue.decide(leased(self._pending.queue), replayed) is True
        await self._place("refused", 1)
        await self._writer.submit(Cancel(self._orders["cancelled"]))
        self._say("cancelled", "cancelled", "cancel")
        await self._place("bought", 2)
        await self._place("accepted", 2)

    async def _decide(self, name: str, quantity: int) -> Order | Rejection:
        order = make_order(lines={"seat": quantity})
        place = Place(self._orders[name], contract.fingerprint(order), order, datetime.now(UTC))
        reply = await self._writer.submit(place)
        assert isinstance(reply, Order | Rejection)
        return reply

    async def _place(self, name: str, quantity: int) -> None:
        match await self._decide(name, quantity):
            case Order() as order:
                codes = tuple(ticket.code for ticket in order.tickets)
                self._say(name, "confirmed", quantity=quantity, tickets=codes, total=order.total)
            case Rejection() as refused:
                left = {each.ticket_type: each.available for each in refused.available}
                self._say(name, "rejected", quantity=quantity, reason=refused.reason, available=left)

    def _accept(self, name: str, quantity: int) -> None:
        self._pending.pending.accept(self._orders[name], make_order(lines={"seat": quantity}), datetime.now(UTC), TRACE)
        self._say(name, "accepted", quantity=quantity)

    def _say(self, name: str, told: Told, action: Any = "place", **details: Any) -> None:
        at, elapsed = self.history.now()
        order_id, buyer = self._orders[name], NAMES.index(name)
        self.history.write(Attempt(buyer, order_id, action, at, at, elapsed, 200, told, ticket_type="seat", **details))
