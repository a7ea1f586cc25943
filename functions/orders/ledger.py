"""The ledger, the only writer: all commands that wait are decided and written in one PostgreSQL transaction."""

import asyncio
import base64
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from functions.orders import store
from functions.orders.batch import Answer, Batch
from functions.orders.contract import Published, PublishRejection, Show
from functions.orders.database import Pool
from functions.orders.rules import Cancel, Place

MAX_WAITING: Final = 2000
MAX_BATCH: Final = 200
MAX_TRIES: Final = 5
CONNECTION_WAIT_S: Final = 2.0
_CROCKFORD: Final = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ")
_CONFLICTS: Final = (
    psycopg.errors.UniqueViolation,  # a twin in another process was first
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
)

log: structlog.stdlib.BoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Publish:
    """A show to create or update, as of `at`."""

    show: Show
    at: datetime


Command = Place | Cancel | Publish
Reply = Answer | Published | PublishRejection
Clock = Callable[[], datetime]


class Unavailable(Exception):
    """The command may or may not have been decided: nobody knows until its order id is asked for again."""


class Overloaded(Unavailable):
    """More commands wait than can be decided in time: this one was not started."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    command: Command
    reply: asyncio.Future[Reply]


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_ticket_code() -> str:
    """A code of 80 random bits in Crockford's base 32, in groups for a person to read out."""
    code = base64.b32encode(os.urandom(10)).translate(_CROCKFORD).decode()
    return f"{code[:4]}-{code[4:8]}-{code[8:12]}-{code[12:]}"


class Ledger:
    """Decides commands in the order they are submitted. One per process and event loop."""

    def __init__(self, pool: Pool, revision: str, *, max_waiting: int = MAX_WAITING, now: Clock = utc_now) -> None:
        self._pool = pool
        self._revision = revision
        self._now = now
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(max_waiting)
        self._writer: asyncio.Task[None] | None = None

    async def submit(self, command: Command) -> Reply:
        """The command's outcome once it is committed. Raises Overloaded or Unavailable.

        A caller that is cancelled while its command waits takes the command back.
        """
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_for_ever(), name="ledger")
        waiting = _Waiting(command, asyncio.get_running_loop().create_future())
        try:
            self._queue.put_nowait(waiting)
        except asyncio.QueueFull:
            raise Overloaded from None
        return await waiting.reply

    async def close(self) -> None:
        """Stop writing; what still waits is answered with Unavailable."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.wait([self._writer])
        while not self._queue.empty():
            _fail([self._queue.get_nowait()])

    async def _write_for_ever(self) -> None:
        while True:
            waiting = [await self._queue.get()]
            while len(waiting) < MAX_BATCH and not self._queue.empty():
                waiting.append(self._queue.get_nowait())
            try:
                await self._write_all([one for one in waiting if not one.reply.done()])
            except BaseException as error:
                _fail(waiting)
                if not isinstance(error, Exception):
                    raise
                log.exception("ledger.failed", commands=len(waiting))

    async def _write_all(self, waiting: Sequence[_Waiting]) -> None:
        """Publishing changes whole shows, so it gets a transaction of its own; the order of arrival is kept."""
        sales: list[_Waiting] = []
        for one in waiting:
            if isinstance(one.command, Publish):
                await self._write(sales)
                sales = []
                await self._write([one])
            else:
                sales.append(one)
        await self._write(sales)

    async def _write(self, waiting: Sequence[_Waiting], tries: int = 1) -> None:
        """One transaction; after a conflict with another process the batch is retried, smaller."""
        if not waiting:
            return None
        try:
            replies = await self._transact([one.command for one in waiting])
        except _CONFLICTS as error:
            log.info("ledger.conflict", error=type(error).__name__, commands=len(waiting), tries=tries)
            if tries == MAX_TRIES:
                return _fail(waiting)
            half = (len(waiting) + 1) // 2
            await self._write(waiting[:half], tries + 1)
            return await self._write(waiting[half:], tries + 1)
        except (psycopg.Error, PoolTimeout, OSError) as error:
            log.warning("ledger.unavailable", error=type(error).__name__, commands=len(waiting))
            return _fail(waiting)
        again = [one for one, reply in zip(waiting, replies, strict=True) if not _tell(one, reply)]
        return await self._write(again, tries + 1) if tries < MAX_TRIES else _fail(again)

    async def _transact(self, commands: Sequence[Command]) -> Sequence[Reply | None]:
        """The replies, committed. None for a cancel whose order appeared after the locks were taken."""
        async with self._pool.connection(CONNECTION_WAIT_S) as connection, connection.transaction():
            now = self._now()
            if isinstance(publish := commands[0], Publish):
                return [await store.publish(connection, publish.show, min(publish.at, now), now)]
            sales = [command for command in commands if not isinstance(command, Publish)]
            keys = [(s.order.show, line.ticket_type) for s in sales if isinstance(s, Place) for line in s.order.lines]
            cancels = [sale.order_id for sale in sales if isinstance(sale, Cancel)]
            stock, orders, shows = await store.read_batch(connection, keys, {s.order_id for s in sales}, cancels)
            batch = Batch(stock, orders, shows, now, new_ticket_code)
            replies = [batch.answer(sale) for sale in sales]
            await store.write_batch(connection, batch, self._revision)
        return replies


def _tell(waiting: _Waiting, reply: Reply | None) -> bool:
    """Answer the caller if there is something to say and it still waits. False when there is nothing yet."""
    if reply is not None and not waiting.reply.done():
        waiting.reply.set_result(reply)
    return reply is not None


def _fail(waiting: Sequence[_Waiting]) -> None:
    for one in waiting:
        if not one.reply.done():
            one.reply.set_exception(Unavailable())
