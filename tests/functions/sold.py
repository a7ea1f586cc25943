"""A database in which something of each kind has happened, to audit it and to break it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import psycopg

from functions.orders import contract
from functions.orders.contract import CANCEL, PLACE, PUBLISH
from tests.functions.local_invoker import LocalInvoker, make_order, make_show


@dataclass(frozen=True)
class Sold:
    """The database, and its orders by name: both, one, cancelled, refused, tombstone, last."""

    url: str
    orders: Mapping[str, str]

    def execute(self, statements: str) -> None:
        """Runs SQL in which `:name` stands for an order's id."""
        for name, order_id in self.orders.items():
            statements = statements.replace(f":{name}", f"'{order_id}'::uuid")
        with psycopg.connect(self.url) as session:
            session.execute(statements.encode())


async def sell(on_sale: LocalInvoker) -> Sold:
    """Orders of one and of two types, cancelled and refused ones, a tombstone, and a capacity that grew."""
    orders = {name: str(uuid.uuid4()) for name in ("both", "one", "cancelled", "refused", "tombstone", "last")}

    async def place(name: str, **lines: int) -> str:
        return (await on_sale.send(PLACE, make_order(lines=lines), id=orders[name])).event.type

    assert await place("both", seat=2, standing=1) == contract.CONFIRMED
    assert await place("one", seat=1) == contract.CONFIRMED
    assert await place("cancelled", seat=1) == contract.CONFIRMED
    await on_sale.send(CANCEL, contract.CancelOrder(orders["cancelled"]))
    assert await place("refused", seat=1, standing=3) == contract.REJECTED
    await on_sale.send(CANCEL, contract.CancelOrder(orders["tombstone"]))
    _, standing = make_show().ticket_types
    grown = contract.TicketType("seat", "Seat", 2500, "EUR", capacity=6, limit_per_order=4)
    await on_sale.send(PUBLISH, make_show(ticket_types=(grown, standing)))
    assert await place("last", seat=2, standing=1) == contract.CONFIRMED
    return Sold(on_sale.database_url, orders)
