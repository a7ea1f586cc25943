"""Outcomes get lost at a restart: a buyer is told before the transaction is committed.

The guard: the ledger answers a batch once its COMMIT came back. Here the answers go out at once, and one COMMIT for all
batches of LATE_S comes after them. What was told and not committed is gone when the process or its database dies: an
order that a buyer saw confirmed can't be looked up, P2 and P5; repeated, it is another one, P3.
Shown by killing the function or the ledger's PostgreSQL in the middle of a sale.
"""

import asyncio
from contextlib import suppress
from typing import Final

import psycopg

from functions.orders.database import Connection, Rows, Statement
from scripts.proof.sabotage.replacing import replace

LATE_S: Final = 0.5
_BEGIN: Final[Statement] = ("BEGIN", ())
_COMMIT: Final[Statement] = ("COMMIT", ())


def take_out() -> None:
    """Take the guard out of this process."""
    replace(Connection, "run", _run)


_run_at_once = Connection.run
_ATTRIBUTE: Final = "sabotaged"


class _Late:
    """What a connection owes the database: a COMMIT, once `paying` is through."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.paying: asyncio.Task[None] | None = None


async def _run(self: Connection, *statements: Statement) -> list[Rows]:
    late: _Late = vars(self).setdefault(_ATTRIBUTE, _Late())
    async with late.turn:
        goes_on = late.paying is not None and statements[:1] == (_BEGIN,)
        ends = statements[-1:] == (_COMMIT,)
        rows = await _run_at_once(self, *statements[int(goes_on) : len(statements) - int(ends)])
        if ends and late.paying is None:
            late.paying = asyncio.create_task(_pay(self, late))
    return [*([[]] if goes_on else []), *rows, *([[]] if ends else [])]


async def _pay(connection: Connection, late: _Late) -> None:
    """Commit after a while; there is nothing to be committed on a connection that broke."""
    await asyncio.sleep(LATE_S)
    async with late.turn:
        late.paying = None
        with suppress(psycopg.Error):
            await _run_at_once(connection, _COMMIT)
