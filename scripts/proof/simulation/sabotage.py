"""The simulated shop with one guard removed: the proof must find it out, or it proves nothing.

Where the schema holds a second line behind a guard, a key that turns the race into an error, that is removed too.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from functions.orders import rules, store
from functions.orders.contract import Availability
from scripts.proof.checker.verdict import Promise
from scripts.proof.simulation import ledger_statements
from scripts.proof.simulation.backends import Backend, Rows
from scripts.proof.simulation.ledger_statements import Parameters
from scripts.proof.simulation.pending_statements import PENDING
from scripts.proof.simulation.verdicts import Break
from scripts.proof.simulation.world import World

TOLD_EARLY_S: Final = 0.6  # at most, until a commit is on the disk with PostgreSQL's synchronous_commit off


@dataclass(frozen=True)
class Sabotage:
    """How a world is broken, and the promise that it can't keep then."""

    promise: Promise
    breaks: Break


@contextmanager
def no_lock(world: World) -> Iterator[None]:
    """The stock is read and not locked."""
    world.orders_db.statements[store._LOCK_STOCK] = ledger_statements.look_at_stock
    _drop_key(world, "stock_journal")
    yield


@contextmanager
def no_prior_outcome(world: World) -> Iterator[None]:
    """The ledger does not look whether an order was decided before."""

    def read_orders(backend: Backend, parameters: Parameters) -> Rows:
        return [] if backend.in_transaction else ledger_statements.read_orders(backend, parameters)

    world.orders_db.statements[store._ORDERS] = read_orders
    _drop_key(world, "orders")
    yield


@contextmanager
def one_statement(world: World) -> Iterator[None]:
    """Prior outcomes are read in the statement that waits for the lock, and so with its snapshot."""
    snapshots: dict[Backend, int] = {}

    def lock_stock(backend: Backend, parameters: Parameters) -> Rows:
        statement = backend.statement()
        snapshots[backend] = statement.snapshot
        return ledger_statements.locked(backend, statement, parameters)

    def read_orders(backend: Backend, parameters: Parameters) -> Rows:
        snapshot = snapshots.get(backend) if backend.in_transaction else None
        return ledger_statements.orders_seen(backend.statement(snapshot), parameters)

    world.orders_db.statements[store._LOCK_STOCK] = lock_stock
    world.orders_db.statements[store._ORDERS] = read_orders
    _drop_key(world, "orders")
    yield


@contextmanager
def outcome_lost(world: World) -> Iterator[None]:
    """The ledger's database says that it has committed before it has written so: a crash takes back what was told."""
    world.orders_db.forgets_s = TOLD_EARLY_S
    yield


@contextmanager
def pending_not_durable(world: World) -> Iterator[None]:
    """What the shop accepts is kept in memory: it is gone when a shop starts again."""
    for shop in world.shops:
        shop.before_begin = world.pending_db.store.rows[PENDING].clear
    yield


@contextmanager
def sold_out_unchecked(_: World) -> Iterator[None]:
    """Once a ticket type was sold out, that is told without looking again, though places may be free by then."""
    gone: dict[str, Availability] = {}
    decide = rules.decide

    def decide_by_memory(command: Any, prior: Any, show: Any, stock: Any, now: Any) -> rules.Decision:
        decision = decide(command, prior, show, stock, now)
        if isinstance(decision, rules.Sell):
            known = tuple(gone[line.ticket_type] for line in decision.lines if line.ticket_type in gone)
            return rules.Refuse("sold_out", decision.lines, known) if known else decision
        if isinstance(decision, rules.Refuse):
            gone.update({left.ticket_type: left for left in decision.available if not left.available})
        return decision

    rules.decide = decide_by_memory
    try:
        yield
    finally:
        rules.decide = decide


SABOTAGES: Final[Mapping[str, Sabotage]] = {
    "no-lock": Sabotage("P1", no_lock),
    "no-prior-outcome": Sabotage("P3", no_prior_outcome),
    "one-statement": Sabotage("P3", one_statement),
    "outcome-lost": Sabotage("P2", outcome_lost),
    "pending-not-durable": Sabotage("P2", pending_not_durable),
    "sold-out-unchecked": Sabotage("P4", sold_out_unchecked),
}


def _drop_key(world: World, table: str) -> None:
    tables = world.orders_db.store.tables
    tables[table] = replace(tables[table], is_unique=False)
