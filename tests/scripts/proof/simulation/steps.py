"""Steps of sessions, made of the product's own statements: what a ledger, a shop and its workers do."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, cast

from frontend.pending import queue, records
from frontend.pending import store as accepting
from functions.orders import contract, rules, store
from functions.orders.batch import Batch
from functions.orders.database import Connection
from tests.scripts.proof.simulation.arenas import Asking, Step

NOW = datetime(2030, 6, 1, 19, 0, tzinfo=UTC)
SLUG = "last-night"
Held = tuple[Mapping[str, dict[str, rules.Stock]], dict[str, contract.Order], Mapping[str, rules.ShowOnSale]]


def order_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012x}"


def show(**capacities: int) -> contract.Show:
    kinds = tuple(contract.TicketType(kind, kind, 1000, "EUR", room, 4) for kind, room in capacities.items())
    day = timedelta(days=1)
    return contract.Show(SLUG, "Last night", "Old Foundry", NOW + 9 * day, NOW - day, NOW + day, kinds)


def wants(**lines: int) -> contract.PlaceOrder:
    asked = tuple(contract.OrderLine(kind, quantity) for kind, quantity in lines.items())
    return contract.PlaceOrder(SLUG, asked, "Ann", "ann@example.org")


def place(number: int, **lines: int) -> rules.Place:
    order = wants(**lines)
    return rules.Place(order_id(number), contract.fingerprint(order), order, NOW)


def say(*words: str) -> Step:
    """Statements without parameters."""

    async def step(asking: Asking) -> Any:
        await asking.run(*((word, ()) for word in words))
        return words[-1]

    return step


def publishing(published: contract.Show, minute: int = 0) -> Step:
    async def step(asking: Asking) -> Any:
        at = NOW - timedelta(hours=1) + timedelta(minutes=minute)
        return await store.publish(cast(Connection, asking), published, at, NOW)

    return step


class Writer:
    """A ledger's transaction in two steps: read under the locks, then write what was decided, and commit."""

    _codes = count(1)

    def __init__(self, *sales: rules.Place | rules.Cancel) -> None:
        self._sales = sales
        self._held: Held = ({}, {}, {})

    async def begin(self, asking: Asking) -> Any:
        keys = {
            (sale.order.show, line.ticket_type)
            for sale in self._sales
            if isinstance(sale, rules.Place)
            for line in sale.order.lines
        }
        ids = {sale.order_id for sale in self._sales}
        cancels = [sale.order_id for sale in self._sales if isinstance(sale, rules.Cancel)]
        self._held = await store.begin(cast(Connection, asking), keys, ids, cancels)
        stock, orders, _ = self._held
        rows = {kind: (row.capacity, row.sold, row.version) for held in stock.values() for kind, row in held.items()}
        return rows, {each: orders[each].status for each in sorted(orders)}

    async def commit(self, asking: Asking) -> Any:
        stock, orders, shows = self._held
        batch = Batch({slug: dict(rows) for slug, rows in stock.items()}, dict(orders), shows, NOW, self._code)
        replies = [batch.answer(sale) for sale in self._sales]
        await store.commit(cast(Connection, asking), batch, "test")
        return [_word(reply) for reply in replies]

    def _code(self) -> str:
        return f"code-{next(self._codes)}"


def _word(reply: Any) -> str:
    return str(getattr(reply, "reason", None) or getattr(reply, "status", None) or type(reply).__name__)


def looking_up(number: int) -> Step:
    async def step(asking: Asking) -> Any:
        found = await store.read_orders(cast(Connection, asking), [order_id(number)])
        return [(order.status, order.reason, len(order.tickets), order.title, order.lines) for order in found.values()]

    return step


def accepting_(number: int, limit: int = 100, **lines: int) -> Step:
    order = wants(**(lines or {"seat": 1}))
    asked = {
        "order_id": order_id(number),
        "fingerprint": contract.fingerprint(order),
        "command": records.as_json(order),
        "pressed_at": NOW,
        "traceparent": "",
        "limit": limit,
    }
    return _pending(accepting._ACCEPT, asked)


def finding(number: int) -> Step:
    return _pending(records.FIND, {"order_id": order_id(number)})


def deciding(number: int) -> Step:
    return _counting(records.DECIDE, records.decision(order_id(number), contract.Cancelled(order_id(number))))


def leasing(lease_s: float = 60.0) -> Step:
    return _pending(queue._LEASE, {"lease_s": lease_s})


def trying_later(number: int, tries: int, in_s: float = 60.0) -> Step:
    later = {"order_id": order_id(number), "tries": tries, "in_s": in_s, "failure": "timed_out"}
    return _counting(queue._TRY_LATER, later)


def giving_back(number: int, tries: int) -> Step:
    return _counting(queue._GIVE_BACK, {"order_id": order_id(number), "tries": tries})


def _pending(sql: str, parameters: Mapping[str, Any]) -> Step:
    """The purchases that a statement returns, without the times, which are each server's own."""

    async def step(asking: Asking) -> Any:
        (rows,) = await asking.run((sql, parameters))
        found = [records.read_purchase(row) for row in rows]
        return [(p.order_id, p.fingerprint, p.order, p.pressed_at, p.state, p.tries, p.outcome) for p in found]

    return step


def _counting(sql: str, parameters: Mapping[str, Any]) -> Step:
    async def step(asking: Asking) -> Any:
        (rows,) = await asking.run((sql, parameters))
        return len(rows)

    return step
