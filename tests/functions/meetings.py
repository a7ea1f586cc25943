"""Two writers that meet in the database, never by luck: each goes on when the other is there, or waits for a lock."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from functions.orders import contract, store
from functions.orders.backlog import Command, Publish, Reply
from functions.orders.contract import Cancelled, Order, Rejection, TicketType
from functions.orders.ledger import Unanswered
from functions.orders.rules import Place
from tests.functions.local_invoker import make_order, make_show
from tests.functions.writers import Writer

Control = psycopg.Connection[Any]
Begin = Callable[..., Awaitable[Any]]
ONE_SEAT = make_show(ticket_types=(TicketType("seat", "Seat", 2500, "EUR", capacity=1, limit_per_order=4),))

MORE_SEATS = make_show()


def make_place(order_id: str | None = None, **changes: Any) -> Place:
    """One seat of `ONE_SEAT`."""
    order = make_order(**{"lines": {"seat": 1}, **changes})
    return Place(order_id or str(uuid.uuid4()), contract.fingerprint(order), order, datetime.now(UTC))


async def answer(writer: Writer, command: Command) -> Reply | None:
    """The reply, None when there is none."""
    try:
        return await writer.submit(command)
    except Unanswered:
        return None


def words(replies: Iterable[Reply | None]) -> list[str]:
    """Each reply in a word, sorted: nobody knows who comes first."""
    return sorted(map(_word, replies))


def _word(reply: Reply | None) -> str:
    match reply:
        case Order():
            return reply.status
        case Rejection():
            return reply.reason
        case Cancelled():
            return "cancelled"
    return "unanswered" if reply is None else "published"


class Meeting:
    """Where `number` writers wait until all are there, or one that is missing waits for a lock; `came` counts them."""

    def __init__(self, control: Control, number: int = 2) -> None:
        self.came = 0
        self._control = control
        self._number = number

    async def __call__(self) -> None:
        self.came += 1
        async with asyncio.timeout(10):
            while self.came < self._number and count_waiting(self._control) == 0:
                await asyncio.sleep(0)


def count_waiting(control: Control) -> int:
    """How many sessions of the database wait for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    row = control.execute(query).fetchone()
    return int(row[0]) if row else 0


def meet_when_begun(monkeypatch: pytest.MonkeyPatch, meeting: Meeting) -> None:
    """The writers meet when they have read what they decide by."""
    begin: Begin = store.begin

    async def begin_and_meet(*arguments: Any) -> Any:
        read = await begin(*arguments)
        await meeting()
        return read

    monkeypatch.setattr(store, "begin", begin_and_meet)


@pytest.fixture
def control(orders_database_url: str) -> Iterator[Control]:
    with psycopg.connect(orders_database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
async def writers(orders_database_url: str) -> AsyncIterator[list[Writer]]:
    """Two, both connected, with one seat on sale."""
    pair = [Writer(orders_database_url) for _ in range(2)]
    for writer in pair:
        await writer.submit(Publish(ONE_SEAT, datetime.now(UTC)))
    yield pair
    for writer in pair:
        await writer.close()
