"""Without the prior outcome: an order id that was decided before is decided anew.

The guard: prior outcomes are read for the order ids of a batch, after the locks are taken. Behind it stands the
orders' primary key, at which the second decision would fail for good and get no answer; here the order stays as it is
and the second decision is carried out beside it. A repeat gets another set of tickets, or is rejected although the
order stands: P3, and P5 for who reads both.
Shown by whatever makes a purchase arrive twice: lost replies, duplicates, double clicks.
"""

from collections.abc import Collection
from typing import Any, Final

from functions.orders import store
from functions.orders.batch import StockKey
from functions.orders.database import Connection
from scripts.proof.sabotage.replacing import changed, replace

_ORDERS: Final = "FROM decided\n), written_tickets"
_KEEPS_THE_FIRST: Final = "FROM decided\n    ON CONFLICT DO NOTHING\n), written_tickets"


def take_out() -> None:
    """Take the guard out of this process; cancels find their orders as before."""
    begin = store.begin

    async def begin_unaware(
        connection: Connection, keys: Collection[StockKey], _ids: Collection[str], cancels: Collection[str]
    ) -> Any:
        return await begin(connection, keys, set(cancels), cancels)

    replace(store, "begin", begin_unaware)
    replace(store, "_WRITE", changed(store._WRITE, _ORDERS, _KEEPS_THE_FIRST))
