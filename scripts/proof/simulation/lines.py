"""The ends of database lines that the product's code holds: a connection for the function, a pool for the shop."""

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final, cast

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from frontend.pending import database as pending
from functions.orders.database import Connect, Connection
from scripts.proof.simulation.backends import Limits, Rows
from scripts.proof.simulation.loops import ProcessLoop
from scripts.proof.simulation.processes import Process
from scripts.proof.simulation.server import Line, Server, connect
from scripts.proof.simulation.threads import Answer

# As functions/orders/database.py and frontend/pending/database.py ask of their servers.
OF_THE_LEDGER: Final = Limits(statement_s=2.0, lock_s=2.0, idle_s=3.0)
OF_THE_PENDING: Final = Limits(statement_s=2.0, lock_s=1.0, idle_s=3.0)
CONNECT_S: Final = 2.0


class LedgerConnection:
    """In the place of `functions.orders.database.Connection`."""

    def __init__(self, process: Process, line: Line) -> None:
        self._process = process
        self._line = line
        process.at_end(line.hang_up)

    async def run(self, *statements: tuple[str, Sequence[str]]) -> list[Rows]:
        """The rows of each statement. Raises psycopg.Error."""
        heard: asyncio.Future[list[Rows] | psycopg.Error] = asyncio.get_running_loop().create_future()
        self._line.ask(statements, partial(_hear, heard))
        outcome = await heard
        if isinstance(outcome, psycopg.Error):
            raise outcome
        return outcome

    async def close(self) -> None:
        self._process.not_at_end(self._line.hang_up)
        self._line.hang_up()


def connecting(server: Server, process: Process) -> Connect:
    """How the function in `process` connects to its ledger's database."""

    async def connect_to_it(_: str) -> Connection:
        heard: asyncio.Future[Line | psycopg.Error] = asyncio.get_running_loop().create_future()
        connect(server, OF_THE_LEDGER, partial(_hear, heard), CONNECT_S)
        line = await heard
        if isinstance(line, psycopg.Error):
            raise line
        return cast(Connection, LedgerConnection(process, line))

    return connect_to_it


def _hear(heard: "asyncio.Future[Any]", what: Any) -> None:
    """A line whose caller is gone is of no use to anybody."""
    if not heard.done() and not cast(ProcessLoop, heard.get_loop()).is_over:
        heard.set_result(what)
    elif isinstance(what, Line):
        what.hang_up()


class Cursor:
    """The part of psycopg's that the shop uses."""

    def __init__(self, rows: Rows) -> None:
        self.rowcount = len(rows)
        self._rows = rows

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows[0] if self._rows else None

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self._rows)


class PendingSession:
    """In the place of `frontend.pending.database.Session`."""

    ends_at: float | None = None

    def __init__(self, process: Process, line: Line) -> None:
        self.closed = False
        self.broken = False
        self._process = process
        self._line = line
        process.at_end(line.hang_up)

    def execute(self, sql: str, parameters: Any = None) -> Cursor:
        """The rows of a statement. Raises psycopg.Error."""
        answer = Answer[list[Rows] | psycopg.Error]()
        self._line.ask([(sql, parameters)], answer.give)
        outcome = answer.take()
        if isinstance(outcome, psycopg.Error):
            self.broken = self._line.is_cut
            raise outcome
        return Cursor(outcome[0])

    def close(self) -> None:
        self.closed = True
        self._process.not_at_end(self._line.hang_up)
        self._line.hang_up()


class Pool:
    """In the place of psycopg's pool of sessions."""

    def __init__(self, server: Server, process: Process) -> None:
        self._server = server
        self._process = process
        self._idle: list[PendingSession] = []

    def open(self) -> None:
        """Nothing: what is simulated needs no threads."""

    def getconn(self, timeout: float) -> PendingSession:  # noqa: ARG002  # it is counted on the machine's own clock
        if self._idle:
            return self._idle.pop()
        answer = Answer[Line | psycopg.Error]()
        connect(self._server, OF_THE_PENDING, answer.give, pending.SESSION_S)
        line = answer.take()
        if isinstance(line, psycopg.Error):
            raise PoolTimeout("no session within the time") from line
        return PendingSession(self._process, line)

    def putconn(self, session: PendingSession) -> None:
        if not session.closed:
            self._idle.append(session)

    def drain(self) -> None:
        """No session that is idle now is used again."""
        while self._idle:
            self._idle.pop().close()

    def close(self, timeout: float) -> None:  # noqa: ARG002
        self.drain()


def pool(server: Server, process: Process) -> ConnectionPool[pending.Session]:
    """The sessions of the shop in `process` with its server."""
    return cast("ConnectionPool[pending.Session]", Pool(server, process))
