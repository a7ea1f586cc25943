"""Ledgers of a test, each with its own session as another process would have it, that can be made to crash."""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Generator
from contextlib import suppress
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Literal

import psycopg

from functions.orders.backlog import Backlog, Command, Reply
from functions.orders.database import Session
from functions.orders.ledger import Ledger, utc_now

Crash = Literal["cancel", "die", "cut", "terminate"]
"""What happens at an await point of the writer: its task is cancelled; its process is gone, the socket with it; its
connection breaks; the server ends its session. After the first two there is no ledger any more."""

CRASHES: tuple[Crash, ...] = ("cancel", "die", "cut", "terminate")
ENDS_THE_LEDGER: tuple[Crash, ...] = ("cancel", "die")


class AwaitPoints:
    """Counts how often the tasks of a ledger are suspended, and acts at the n-th time."""

    def __init__(self) -> None:
        self.fired = asyncio.Event()
        self._left = 0
        self._act: Callable[[], None] = lambda: None

    def arm(self, number: int, act: Callable[[], None]) -> None:
        """Do `act` at the await point with this number, from now on counted from 1."""
        self.fired.clear()
        self._left, self._act = number, act

    def disarm(self) -> None:
        self._left = 0

    def reached(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._act()
            self.fired.set()


_points: ContextVar[AwaitPoints | None] = ContextVar("await points", default=None)


class _Watched(Coroutine[Any, Any, Any]):
    """A coroutine whose suspensions are counted."""

    def __init__(self, inner: Coroutine[Any, Any, Any], points: AwaitPoints) -> None:
        self._inner = inner
        self._points = points

    def send(self, value: Any) -> Any:
        suspended = self._inner.send(value)
        self._points.reached()
        return suspended

    def throw(self, *error: Any) -> Any:
        suspended = self._inner.throw(*error)
        self._points.reached()
        return suspended

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._inner.__await__()


def watch_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Let the loop count the await points of all tasks that ledgers of this module start, and of their tasks."""

    def make_task(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> "asyncio.Task[Any]":
        points = _points.get()
        return asyncio.Task(_Watched(coroutine, points) if points else coroutine, loop=loop, **options)

    loop.set_task_factory(make_task)


class Writer:
    """One ledger on a session of its own; after a crash that ends it, a new one takes its place."""

    def __init__(self, database_url: str, now: Callable[[], datetime] = utc_now) -> None:
        self._database_url = database_url
        self._now = now
        self.open()

    def open(self) -> None:
        self.points = AwaitPoints()
        self.session = Session(self._database_url)
        token = _points.set(self.points)
        self.ledger = Ledger(self.session, "orders-test", Backlog(), self._now)
        _points.reset(token)

    async def close(self) -> None:
        self.points.disarm()
        await self.ledger.close()
        await self.session.close()

    async def submit(self, command: Command, time_left_s: float = 5.0) -> Reply:
        return await self.ledger.submit(command, time_left_s)

    def crash_at(self, number: int, crash: Crash) -> None:
        """Crash at the n-th await point from now."""
        self.points.arm(number, lambda: self._crash(crash))

    async def reopen_after(self, crash: Crash) -> None:
        """Once the crash has happened, put a new ledger where there is none any more."""
        await self.points.fired.wait()
        if crash in ENDS_THE_LEDGER:
            await self.close()
            self.open()

    def _crash(self, crash: Crash) -> None:
        connection = self.session._connection
        writer = asyncio.current_task()
        if connection is not None and not connection.closed:
            if crash in ("die", "cut"):
                break_socket(connection)
            elif crash == "terminate":
                terminate(self._database_url, connection.info.backend_pid)
        if crash in ENDS_THE_LEDGER and writer is not None:
            writer.cancel()


def break_socket(connection: "psycopg.AsyncConnection[Any]") -> None:
    """Neither side can send or receive any more; what was sent arrives."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=connection.fileno()) as its_socket:
        try:
            its_socket.shutdown(socket.SHUT_RDWR)
        finally:
            its_socket.detach()


def terminate(database_url: str, backend_pid: int) -> None:
    """End a session as its server's operator would."""
    with psycopg.connect(database_url, autocommit=True) as session:
        session.execute("SELECT pg_terminate_backend(%s)", [backend_pid])
