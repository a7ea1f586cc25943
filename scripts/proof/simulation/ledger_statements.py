"""The statements of functions/orders/store.py, as PostgreSQL carries them out, on simulated rows.

They are known by their text: one that the product changes or adds is unknown here, and the contract test compares
what each does with the real server.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from functions.orders import contract, rules, store
from functions.orders.batch import StockChange
from scripts.proof.simulation.backends import Backend, Rows, Run
from scripts.proof.simulation.rows import Statement, Table, to

Parameters = Sequence[str]


class OrderRow(msgspec.Struct, frozen=True):
    """A row of `orders`; its tickets stand in `tickets`."""

    order: contract.Order
    decided_at: datetime
    revision: str


class ShowRow(msgspec.Struct, frozen=True):
    """A row of `shows` with those of its listed ticket types."""

    show: contract.Show
    published_at: datetime

    def on_sale(self) -> str:
        """What the ledger reads of it."""
        show = self.show
        types = {t.id: rules.TypeOnSale(t.name, t.price, t.currency, t.limit_per_order) for t in show.ticket_types}
        on_sale = rules.ShowOnSale(show.title, show.venue, show.starts_at, show.sales_start, show.sales_end, types)
        return msgspec.json.encode(on_sale).decode()


def _check_stock(row: rules.Stock) -> str | None:
    return None if 0 <= row.sold <= row.capacity else "never_oversold"


def _check_journal(row: StockChange) -> str | None:
    return None if row.sold <= row.capacity else "stock_journal_check"


def tables() -> dict[str, Table]:
    """The schema, as far as the ledger writes it."""
    known = (
        Table("shows"),
        Table("stock", _check_stock),
        Table("stock_journal", _check_journal),
        Table("orders"),
        Table("tickets"),
        Table("outbox"),
    )
    return {table.name: table for table in known}


def lock_stock(backend: Backend, parameters: Parameters) -> Rows:
    """The rows, locked in key order; between the look for them and the lock somebody else may change them."""
    return locked(backend, backend.statement(), parameters)


def locked(backend: Backend, statement: Statement, parameters: Parameters) -> Rows:
    """What `lock_stock` returns, as a part of this statement."""
    rows: Rows = []
    for key in stock_keys(statement, parameters):
        backend.linger()
        row = statement.lock("stock", key)
        backend.tell(f"locks {key[1]}: {row.sold} of {row.capacity} sold, version {row.version}")
        rows.append((*key, str(row.capacity), str(row.sold), str(row.version)))
    return rows


def look_at_stock(backend: Backend, parameters: Parameters) -> Rows:
    """The same rows by a statement that locks nothing: what a sabotage and the contract test ask for."""
    statement = backend.statement()
    seen = [(key, statement.read("stock", key)) for key in stock_keys(statement, parameters)]
    return [(*key, str(row.capacity), str(row.sold), str(row.version)) for key, row in seen]


def stock_keys(statement: Statement, parameters: Parameters) -> list[tuple[str, str]]:
    """The keys of the stock rows that are there of those asked for: by name, or by the lines of orders."""
    shows, kinds, order_ids = map(_array, parameters)
    wanted = set(zip(shows, kinds, strict=True))
    for order_id in order_ids:
        if (row := statement.read("orders", (order_id,))) is not None:
            wanted |= {(row.order.show, line.ticket_type) for line in row.order.lines}
    return sorted(key for key in wanted if statement.read("stock", key) is not None)


def read_orders(backend: Backend, parameters: Parameters) -> Rows:
    return orders_seen(backend.statement(), parameters)


def orders_seen(statement: Statement, parameters: Parameters) -> Rows:
    """The orders with these ids, as JSON."""
    found = (statement.read("orders", (order_id,)) for order_id in sorted(set(_array(parameters[0]))))
    return [(_order_json(statement, row),) for row in found if row is not None]


def _order_json(statement: Statement, row: OrderRow) -> str:
    known, order = statement.read("shows", (row.order.show,)), row.order
    show = known.show if known else None
    shown = msgspec.structs.replace(
        order,
        title=show.title if show else "",
        venue=show.venue if show else "",
        starts_at=show.starts_at if show else None,
        tickets=order.tickets if order.status == "confirmed" else (),
    )
    return msgspec.json.encode(shown).decode()


def read_shows(backend: Backend, parameters: Parameters) -> Rows:
    statement = backend.statement()
    found = [(slug, statement.read("shows", (slug,))) for slug in sorted(set(_array(parameters[0])))]
    return [(slug, row.on_sale()) for slug, row in found if row is not None]


_DECIDED: Final = msgspec.json.Decoder(list[contract.Order])
_JOURNAL: Final = msgspec.json.Decoder(list[StockChange])


def write(backend: Backend, parameters: Parameters) -> Rows:
    """The stock first, as PostgreSQL runs the main query of a WITH, and then what the WITH inserts."""
    decided, journal = _DECIDED.decode(parameters[0]), _JOURNAL.decode(parameters[1])
    at, revision, confirmed = parameters[2:]
    statement = backend.statement()
    latest = {(change.show, change.ticket_type): change for change in sorted(journal, key=lambda each: each.version)}
    for key in sorted(latest):
        row = latest[key]
        statement.update("stock", key, to(rules.Stock(row.capacity, row.sold, row.version)))
    for order in decided:
        backend.tell(f"writes it {order.status} {order.reason or ''}".rstrip(), order.order_id)
        statement.insert("orders", (order.order_id,), OrderRow(order, datetime.fromisoformat(at), revision))
    for order in decided:
        for ticket in order.tickets:
            statement.insert("tickets", (ticket.code,), (order.order_id, ticket.ticket_type))
    for order in decided:
        if order.status == "confirmed":
            _tell_others(statement, confirmed, order.order_id)
    for change in journal:
        statement.insert("stock_journal", (change.show, change.ticket_type, change.version), change)
    return []


def cancel_orders(backend: Backend, parameters: Parameters) -> Rows:
    order_ids, cancelled = _array(parameters[0]), parameters[1]
    statement = backend.statement()
    for order_id in sorted(order_ids):
        backend.tell("writes it cancelled", order_id)
        statement.update("orders", (order_id,), _as_cancelled)
        _tell_others(statement, cancelled, order_id)
    return []


def _as_cancelled(row: OrderRow) -> OrderRow:
    return msgspec.structs.replace(row, order=msgspec.structs.replace(row.order, status="cancelled"))


def _tell_others(statement: Statement, kind: str, order_id: str) -> None:
    """A line of the outbox; nothing there keeps the same one from being written twice."""
    number = 0
    while not statement.insert("outbox", (kind, order_id, number), True, or_nothing=True):
        number += 1


def lock_show(backend: Backend, parameters: Parameters) -> Rows:
    statement = backend.statement()
    rows: Rows = []
    for key in sorted(key for key, _ in statement.scan("stock") if key[0] == parameters[0]):
        backend.linger()
        row = statement.lock("stock", key)
        rows.append((key[1], str(row.capacity), str(row.sold), str(row.version)))
    return rows


def published_since(backend: Backend, parameters: Parameters) -> Rows:
    row = backend.statement().read("shows", (parameters[0],))
    return [("1",)] if row is not None and row.published_at > datetime.fromisoformat(parameters[1]) else []


def upsert_show(backend: Backend, parameters: Parameters) -> Rows:
    show = msgspec.json.decode(parameters[0], type=contract.Show)
    row = ShowRow(show, datetime.fromisoformat(parameters[2]))
    backend.statement().upsert("shows", (show.slug,), row)
    return []


def upsert_types(_: Backend, __: Parameters) -> Rows:
    """They were written with their show."""
    return []


def insert_stock(backend: Backend, parameters: Parameters) -> Rows:
    statement = backend.statement()
    for new in _JOURNAL.decode(parameters[0]):
        stock = rules.Stock(new.capacity, new.sold, new.version)
        statement.insert("stock", (new.show, new.ticket_type), stock, or_nothing=True)
    return []


def _array(text: str) -> list[str]:
    """PostgreSQL's string_to_array(text, ',')."""
    return text.split(",") if text else []


STATEMENTS: Final[dict[str, Run]] = {
    store._LOCK_STOCK: lock_stock,
    store._ORDERS: read_orders,
    store._SHOWS: read_shows,
    store._WRITE: write,
    store._CANCEL_ORDERS: cancel_orders,
    store._LOCK_SHOW: lock_show,
    store._PUBLISHED_SINCE: published_since,
    store._UPSERT_SHOW: upsert_show,
    store._UPSERT_TYPES: upsert_types,
    store._INSERT_STOCK: insert_stock,
}
