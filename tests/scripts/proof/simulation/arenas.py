"""Two databases to meet in, the simulated one and PostgreSQL: steps of several sessions, one after the other.

A step is begun, and the next one follows once each step that was begun is over or waits for a lock.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from random import Random
from typing import Any, Protocol

import psycopg

from functions.orders.database import Connection
from scripts.proof.simulation import ledger_statements, pending_statements, threads
from scripts.proof.simulation.backends import Limits, Run
from scripts.proof.simulation.lines import LedgerConnection
from scripts.proof.simulation.processes import Process
from scripts.proof.simulation.rows import Store
from scripts.proof.simulation.server import Line, Server
from scripts.proof.simulation.story import Story
from scripts.proof.simulation.timeline import Timeline

DEADLOCK_MS = 100  # PostgreSQL's, made short


class Asking(Protocol):
    """A session of either database."""

    async def run(self, *statements: tuple[str, Any]) -> Sequence[Sequence[tuple[Any, ...]]]: ...


Step = Callable[[Asking], Awaitable[Any]]


class Arena(Protocol):
    """`results` holds, for each session, what came of its steps: a value or the name of an error."""

    results: dict[str, list[Any]]

    def do(self, session: str, step: Step) -> None:
        """Begin a step, and return once every step is over or waits."""

    def waiting(self) -> set[str]:
        """The sessions that wait for a lock."""

    def leave(self, session: str) -> None:
        """End a session without a word."""

    def stock(self) -> list[tuple[Any, ...]]:
        """The committed rows: ticket type, capacity, sold, version."""

    def orders(self) -> list[tuple[Any, ...]]:
        """The committed rows: order id, status, reason."""

    def journal(self) -> list[tuple[Any, ...]]:
        """The committed rows: ticket type, version, capacity, sold, cause, order id."""

    def close(self) -> None: ...


async def outcome_of(step: Step, asking: Asking) -> Any:
    try:
        return await step(asking)
    except psycopg.Error as error:
        return type(error).__name__


class Simulated:
    """The simulated store; `put` makes what is there from the beginning."""

    def __init__(self, seed: int, extra: Mapping[str, Run] | None = None) -> None:
        self.results: dict[str, list[Any]] = {}
        self.timeline = Timeline()
        store = Store({**ledger_statements.tables(), **pending_statements.tables()})
        pending_statements.prepare(store.put)
        statements = {**ledger_statements.STATEMENTS, **pending_statements.STATEMENTS, **(extra or {})}
        story = Story(self.timeline, is_told=False)
        random = Random(seed)  # noqa: S311  # repeatable on purpose
        self.server = Server("database", self.timeline, threads.hub(), store, statements, random, story)
        self.server.start()
        self.client = Process("client", self.timeline, threads.hub())
        self.client.start()
        self._lines: dict[str, Line] = {}
        self._sessions: dict[str, LedgerConnection] = {}

    def do(self, session: str, step: Step) -> None:
        if session not in self._sessions:
            self._lines[session] = Line(self.server, Limits(statement_s=60, lock_s=60, idle_s=60))
            self._sessions[session] = LedgerConnection(self.client, self._lines[session])
        self.client.task(self._do(session, step))
        self._settle()

    async def _do(self, session: str, step: Step) -> None:
        self.results.setdefault(session, []).append(await outcome_of(step, self._sessions[session]))

    def waiting(self) -> set[str]:
        return {name for name, line in self._lines.items() if line._backend.is_waiting()}

    def leave(self, session: str) -> None:
        self._sessions.pop(session)
        self._lines[session].hang_up()
        self._settle()

    def stock(self) -> list[tuple[Any, ...]]:
        rows = sorted(self.server.store.now("stock").items())
        return [(key[1], row.capacity, row.sold, row.version) for key, row in rows]

    def orders(self) -> list[tuple[Any, ...]]:
        rows = sorted(self.server.store.now("orders").items())
        return [(key[0], row.order.status, row.order.reason) for key, row in rows]

    def journal(self) -> list[tuple[Any, ...]]:
        rows = sorted(self.server.store.now("stock_journal").items())
        return [(row.ticket_type, row.version, row.capacity, row.sold, row.cause, row.order_id) for _, row in rows]

    def close(self) -> None:
        self.client.end()
        self.server.end()

    def _settle(self) -> None:
        """Longer than it takes to find a deadlock."""
        self.timeline.after(2.0, self.timeline.stop)
        self.timeline.run()


class InPostgres:
    """A fresh database with both schemas."""

    def __init__(self, url: str) -> None:
        self.results: dict[str, list[Any]] = {}
        self._url = url
        self._loop = asyncio.new_event_loop()
        self._sessions: dict[str, Connection] = {}
        self._steps: dict[str, asyncio.Task[Any]] = {}
        self._control = psycopg.connect(url, autocommit=True)

    def do(self, session: str, step: Step) -> None:
        self._loop.run_until_complete(self._do(session, step))

    async def _do(self, session: str, step: Step) -> None:
        if session not in self._sessions:
            options = f"-c deadlock_timeout={DEADLOCK_MS}ms -c enable_seqscan=off"
            self._sessions[session] = await Connection.connect(self._url, options=options, autocommit=True)
        self._steps[session] = asyncio.create_task(outcome_of(step, _Asking(self._sessions[session])))
        await self._settle()

    async def _settle(self) -> None:
        await self._wait()
        for name, task in list(self._steps.items()):
            if task.done():
                self.results.setdefault(name, []).append(self._steps.pop(name).result())

    async def _wait(self) -> None:
        """All that are not done wait, and have done so for longer than it takes to find a deadlock."""
        waits_since = None
        while not all(task.done() for task in self._steps.values()):
            running = {name for name, task in self._steps.items() if not task.done()}
            now = time.monotonic()
            waits_since = (waits_since or now) if self.waiting() == running else None
            if waits_since is not None and now - waits_since > 2 * DEADLOCK_MS / 1000:
                return
            await asyncio.sleep(0.002)

    def waiting(self) -> set[str]:
        query = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        pids = {pid for (pid,) in self._control.execute(query)}
        return {name for name, session in self._sessions.items() if session.info.backend_pid in pids}

    def leave(self, session: str) -> None:
        left = self._sessions.pop(session)
        pid = left.info.backend_pid
        self._loop.run_until_complete(left.close())
        while self._control.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone():
            time.sleep(0.002)
        self._loop.run_until_complete(self._settle())

    def stock(self) -> list[tuple[Any, ...]]:
        return self._rows("SELECT ticket_type, capacity, sold, version FROM stock ORDER BY 1")

    def orders(self) -> list[tuple[Any, ...]]:
        return self._rows("SELECT order_id::text, status, reason FROM orders ORDER BY 1")

    def journal(self) -> list[tuple[Any, ...]]:
        columns = "ticket_type, version, capacity, sold, cause, order_id::text"
        return self._rows(f"SELECT {columns} FROM stock_journal ORDER BY 1, 2")  # noqa: S608  # our own words

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._control.execute(sql.encode()).fetchall()

    def close(self) -> None:
        for session in self._sessions.values():
            self._loop.run_until_complete(session.close())
        self._loop.close()
        self._control.close()


class _Asking:
    """The pending store's statements have named parameters, and rows of Python's values."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def run(self, *statements: tuple[str, Any]) -> Sequence[Sequence[tuple[Any, ...]]]:
        if not any(isinstance(parameters, Mapping) for _, parameters in statements):
            return await self._connection.run(*statements)
        results = []
        for sql, parameters in statements:
            cursor = await self._connection.execute(sql.encode(), parameters or None)
            rows = await cursor.fetchall() if cursor.description else [()] * max(0, cursor.rowcount)
            results.append(rows)
        return results
