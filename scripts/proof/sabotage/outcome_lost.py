"""Outcomes get lost at a restart: a buyer is told before the transaction is committed.

The guard: the ledger answers a batch once its COMMIT came back. Here the COMMIT is held back until the next batch
begins, or for LATE_S, and the answers go out at once. What was told and not committed is gone when the process or its
database dies: an order that a buyer saw confirmed can't be looked up, P2; repeated, it is another one, P3.
Shown by killing the function or the ledger's PostgreSQL in the middle of a sale.
"""

import asyncio
from contextlib import suppress
from typing import Final

import psycopg

from functions.orders.database import Connection, Rows, Statement
from scripts.proof.sabotage.replacing import replace

LATE_S: Final = 0.1
_COMMIT: Final[Statement] = ("COMMIT", ())


def take_out() -> None:
    """Take the guard out of this process."""
    replace(Connection, "run", _run)


_run_at_once = Connection.run
_ATTRIBUTE: Final = "sabotaged"


class _Late:
    """What a connection owes the database."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.owes_commit = False
        self.paying: asyncio.Task[None] | None = None


async def _run(self: Connection, *statements: Statement) -> list[Rows]:
    late: _Late = vars(self).setdefault(_ATTRIBUTE, _Late())
    async with late.turn:
        owed = (_COMMIT,) if late.owes_commit else ()
        is_commit = statements[-1:] == (_COMMIT,)
        rows = await _run_at_once(self, *owed, *(statements[:-1] if is_commit else statements))
        late.owes_commit = is_commit
    if is_commit:
        late.paying = asyncio.create_task(_pay(self, late))
    return [*rows[len(owed) :], *([[]] if is_commit else [])]


async def _pay(connection: Connection, late: _Late) -> None:
    """Commit after a while, unless the next batch has done so."""
    await asyncio.sleep(LATE_S)
    async with late.turn:
        if late.owes_commit and late.paying is asyncio.current_task():
            late.owes_commit = False
            with suppress(psycopg.Error):
                await _run_at_once(connection, _COMMIT)
