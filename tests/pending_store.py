"""Pending stores for tests, in memory and in PostgreSQL, whose time can be moved on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Protocol

import psycopg

from frontend.metrics import Metrics
from frontend.pending.database import Database
from frontend.pending.desk import Desk
from frontend.pending.purchases import Accepted, PendingPurchase, PendingPurchases
from frontend.pending.queue import PendingQueue, PostgresQueue
from frontend.pending.store import PostgresPending
from functions.orders import contract
from scripts import migrate
from scripts.local.postgres import EmbeddedPostgres
from tests.fake_pending import FakePending
from tests.fakes import utc_now
from tests.frontend.client_contract import TRACE, new_id, wants

_numbers = count(1)


@contextmanager
def pending_database(server: EmbeddedPostgres) -> Iterator[str]:
    """The URL of a fresh, migrated database of the shop."""
    name = f"pending_{next(_numbers)}"
    url = server.ensure_database(name)
    migrate.apply("frontend", url)
    yield url
    with psycopg.connect(server.url(), autocommit=True) as session:
        session.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


class Parts(Protocol):
    """A store as the shop and its workers use it; `pass_time` makes everything in it older."""

    @property
    def pending(self) -> PendingPurchases: ...

    @property
    def queue(self) -> PendingQueue: ...

    def pass_time(self, seconds: float) -> None: ...

    def refuse(self, order_id: str, message: str) -> None: ...


class InMemory:
    """The fake."""

    def __init__(self, limit: int = 3000) -> None:
        self._ahead = timedelta()
        self.pending = FakePending(self.now, limit)
        self.queue = self.pending

    def now(self) -> datetime:
        """The clock of the store."""
        return utc_now() + self._ahead

    def pass_time(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)

    def refuse(self, order_id: str, message: str) -> None:
        self.pending.refuse(order_id, message)


@dataclass
class InPostgres:
    """The real one, in the database at `url`."""

    url: str
    limit: int = 3000

    def __post_init__(self) -> None:
        self.database = Database(self.url)
        self.metrics = Metrics()
        self.pending = PostgresPending(self.database, self.limit, self.metrics)
        self.queue = PostgresQueue(self.database)
        self.desk = Desk(self.database)

    def pass_time(self, seconds: float) -> None:
        with psycopg.connect(self.url, autocommit=True) as session:
            session.execute(
                "UPDATE pending_purchases SET accepted_at = accepted_at - %(by)s, next_try_at = next_try_at - %(by)s,"
                " waiting_since = waiting_since - %(by)s, decided_at = decided_at - %(by)s",
                {"by": timedelta(seconds=seconds)},
            )

    def refuse(self, order_id: str, message: str) -> None:
        assert self.desk.end(order_id, contract.Cancelled(order_id), message) is True

    def close(self) -> None:
        self.database.close()


def accept(pending: PendingPurchases, order_id: str | None = None, pressed_at: datetime | None = None) -> str:
    """The order id of a purchase that is accepted now."""
    order_id = order_id or new_id()
    assert isinstance(pending.accept(order_id, wants(), pressed_at or utc_now(), TRACE), Accepted)
    return order_id


def found(pending: PendingPurchases, order_id: str) -> PendingPurchase:
    """The purchase, which must be there."""
    purchase = pending.find(order_id)
    assert isinstance(purchase, PendingPurchase)
    return purchase


def leased(queue: PendingQueue) -> PendingPurchase:
    """The purchase that is leased next, of which there must be one."""
    purchase = queue.lease()
    assert isinstance(purchase, PendingPurchase)
    return purchase


def sold(order_id: str) -> contract.Order:
    """What the function says of a purchase that it sold."""
    return contract.Order(
        order_id,
        "confirmed",
        contract.fingerprint(wants()),
        "spring-gala",
        utc_now(),
        tickets=(contract.Ticket("AB12", "stalls"),),
    )
