"""The ledger, the only writer: all commands that wait are decided and written in one PostgreSQL transaction."""

import asyncio
import base64
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Final

import psycopg
import structlog

from functions.orders import store
from functions.orders.backlog import Backlog, Command, Failure, Publish, Reply, Waiting
from functions.orders.batch import Batch
from functions.orders.database import Session, UnsafeDatabase
from functions.orders.rules import Cancel, Place

_CROCKFORD: Final = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ")
_CONFLICTS: Final = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
_LOST: Final = (psycopg.OperationalError, OSError, UnsafeDatabase)

TRANSACTION_S: Final = 5.0  # a line that is silent for longer is given up; the server gives up a statement after two

Clock = Callable[[], datetime]
log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Unanswered(Exception):
    """The command may or may not have been decided: nobody knows until its order id is asked for again."""


def utc_now() -> datetime:
    return datetime.now(UTC)


class TicketCodes:
    """New codes of 80 random bits in Crockford's base 32, in groups for a person to read out."""

    _AT_ONCE: Final = 64  # asking the system for randomness costs more than all the rest

    def __init__(self) -> None:
        self._ready: list[str] = []

    def __call__(self) -> str:
        if not self._ready:
            digits = base64.b32encode(os.urandom(10 * self._AT_ONCE)).translate(_CROCKFORD).decode()
            self._ready = [digits[at : at + 16] for at in range(0, len(digits), 16)]
        code = self._ready.pop()
        return f"{code[:4]}-{code[4:8]}-{code[8:12]}-{code[12:]}"


class Ledger:
    """Decides commands in the order they are submitted. One per process and event loop."""

    def __init__(
        self,
        session: Session,
        revision: str,
        backlog: Backlog | None = None,
        now: Clock = utc_now,
        new_code: Callable[[], str] | None = None,
    ) -> None:
        self._session = session
        self._revision = revision
        self._backlog = Backlog() if backlog is None else backlog
        self._now = now
        self._new_code = TicketCodes() if new_code is None else new_code
        self._loop = asyncio.get_running_loop()
        self._monotonic = self._loop.time
        self._work = asyncio.Event()
        self._writer = asyncio.create_task(self._write_for_ever(), name="ledger")

    def is_full_for(self, seconds: float) -> bool:
        """Whether a command that can wait so long would not be taken."""
        return self._backlog.is_full_for(seconds)

    async def submit(self, command: Command, time_left_s: float) -> Reply:
        """The command's outcome once it is committed.

        Raises Overloaded if it was not taken, and Unanswered if its time ran out or the database is away.
        """
        reply: asyncio.Future[Reply] = self._loop.create_future()
        now = self._monotonic()
        give_up_at = now + time_left_s
        self._backlog.add(Waiting(command, give_up_at, partial(_tell, reply)), now)
        self._work.set()
        timer = self._loop.call_at(give_up_at, _tell, reply, None)
        try:
            return await reply
        finally:
            timer.cancel()

    async def close(self) -> None:
        """Stop writing; what still waits is told that there is no answer."""
        self._writer.cancel()
        with suppress(asyncio.CancelledError):
            await self._writer
        self._backlog.give_up()

    async def _write_for_ever(self) -> None:
        while True:
            await self._work.wait()
            if batch := self._backlog.next_batch(self._monotonic()):
                await self._write(batch)
            if not self._backlog:
                self._work.clear()

    async def _write(self, batch: list[Waiting]) -> None:
        """Decide a batch, and let the backlog know what came of it; only cancelling gets out of here."""
        began = self._monotonic()
        try:
            async with asyncio.timeout(TRANSACTION_S):
                replies = await self._transact([one.command for one in batch])
        except Exception as error:
            await asyncio.sleep(self._backlog.failed(batch, _failure(error, len(batch))))
        except asyncio.CancelledError:
            self._backlog.failed(batch, "lost")
            raise
        else:
            self._backlog.decided(batch, replies, self._monotonic() - began)

    async def _transact(self, commands: Sequence[Command]) -> Sequence[Reply | None]:
        """The replies, committed. None for a cancel whose order appeared after the locks were taken."""
        async with self._session.connection() as connection:
            now = self._now()
            if isinstance(publish := commands[0], Publish):
                return [await store.publish(connection, publish.show, min(publish.at, now), now)]
            sales = [command for command in commands if not isinstance(command, Publish)]
            places = [sale for sale in sales if isinstance(sale, Place)]
            keys = {(place.order.show, line.ticket_type) for place in places for line in place.order.lines}
            cancels = [sale.order_id for sale in sales if isinstance(sale, Cancel)]
            stock, orders, shows = await store.begin(connection, keys, {sale.order_id for sale in sales}, cancels)
            batch = Batch(stock, orders, shows, now, self._new_code)
            replies = [batch.answer(sale) for sale in sales]
            await store.commit(connection, batch, self._revision)
        return replies


def _failure(error: Exception, commands: int) -> Failure:
    if isinstance(error, _CONFLICTS) or not isinstance(error, _LOST):
        known = isinstance(error, psycopg.Error)
        log.warning("ledger.conflict", error=type(error).__name__, commands=commands, exc_info=not known)
        return "conflict"
    why = str(error) if isinstance(error, UnsafeDatabase) else type(error).__name__
    log.error("ledger.lost", error=why, commands=commands)
    return "lost"


def _tell(reply: "asyncio.Future[Reply]", outcome: Reply | None) -> None:
    if reply.done():  # the caller's time ran out
        return
    if outcome is None:
        reply.set_exception(Unanswered())
    else:
        reply.set_result(outcome)
