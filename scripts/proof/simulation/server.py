"""A PostgreSQL in simulated time: sessions that run statements one after the other, and a commit that takes a while.

It is as unkind as the real one. A session that lost its client finishes what it was sent, the commit included; it
holds its locks until somebody finds out; who waits for a lock is woken in no order at all.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from random import Random
from typing import Any, Final, Literal

import psycopg

from scripts.proof.simulation.backends import STATEMENT_S, Asked, Backend, Limits, Reply, Rows, Run
from scripts.proof.simulation.processes import Process
from scripts.proof.simulation.rows import Store
from scripts.proof.simulation.story import Story
from scripts.proof.simulation.threads import current
from scripts.proof.simulation.timeline import Timeline

KEEPALIVES_S: Final = 3.0  # until a side of a silent line gives it up
_TRIP_S: Final = 0.0004  # of a message, on average
_FLUSH_S: Final = 0.0015
_SEEN: Final = 0.3  # of the moments between two statements, and between two rows

Cut = Literal["before", "after"]


def lost() -> psycopg.OperationalError:
    return psycopg.OperationalError("the connection was lost")


class Server(Process):
    """One server with one database. `forgets_s` is how long a commit is told before it is durable: never but by
    sabotage."""

    def __init__(
        self,
        name: str,
        timeline: Timeline,
        hub: Any,
        store: Store,
        statements: Mapping[str, Run],
        random: Random,
        story: Story,
    ) -> None:
        super().__init__(name, timeline, hub)
        self.store = store
        self.statements = dict(statements)
        self.random = random
        self.story = story
        self.forgets_s = 0.0
        self.lines: dict[Line, None] = {}
        self._cuts: list[Cut] = []
        self._errors: list[psycopg.Error] = []
        self._stalled_until = 0.0
        self._silent_until = 0.0

    def end(self) -> None:
        """Crash: what was not durable never was, and every client finds its line cut."""
        if self.is_up:
            super().end()
            self.store.crash()
            for line in list(self.lines):
                line.cut()

    def trip_s(self) -> float:
        """How long the next message is on its way, in either direction; while the line is silent, till it is not."""
        return max(0.0, self._silent_until - self.timeline.now) + self.random.expovariate(1 / _TRIP_S)

    def cut_next(self, cut: Cut) -> None:
        """Cut the line of the next exchange: before it arrives, or before its reply does."""
        self._cuts.append(cut)

    def takes_cut(self, here: Cut) -> bool:
        if self._cuts and self._cuts[0] == here:
            del self._cuts[0]
            return True
        return False

    def fail_next(self, error: psycopg.Error) -> None:
        """Let the next statement fail so."""
        self._errors.append(error)

    def stall(self, seconds: float) -> None:
        """Every statement takes at least until then."""
        self._stalled_until = self.timeline.now + seconds

    def fall_silent(self, seconds: float) -> None:
        """Nothing arrives on any line for so long; after a while both sides give their lines up."""
        self._silent_until = self.timeline.now + seconds
        if seconds > KEEPALIVES_S:
            for line in list(self.lines):
                self.timeline.after(KEEPALIVES_S, line.cut)

    def silent_s(self) -> float:
        return max(0.0, self._silent_until - self.timeline.now)

    def heal(self) -> None:
        """No fault that was asked for happens any more."""
        self._cuts.clear()
        self._errors.clear()
        self._stalled_until = self._silent_until = self.timeline.now

    def statement_time_s(self) -> float:
        """Most moments are too short for anybody else to come in between: 0 then."""
        stalled_s = self._stalled_until - self.timeline.now
        if stalled_s > 0:
            return stalled_s + STATEMENT_S
        return self.random.expovariate(1 / STATEMENT_S) if self.random.random() < _SEEN else 0.0

    def next_error(self) -> psycopg.Error | None:
        return self._errors.pop(0) if self._errors else None

    def flush(self) -> None:
        """Write what is committed to the disk; with `forgets_s` somebody else will, later."""
        if not self.forgets_s:
            current().pause(self.random.expovariate(1 / _FLUSH_S))

    def is_committed(self) -> None:
        commits = self.store.commits
        if not self.forgets_s:
            self.store.durable = commits
            return
        self.timeline.after(self.forgets_s, self._flushed, commits)

    def _flushed(self, commits: int) -> None:
        if self.is_up:
            self.store.durable = max(self.store.durable, min(commits, self.store.commits))


class Line:
    """A connection as its client has it; whatever goes wrong with it, `ask` is answered or the line is cut."""

    def __init__(self, server: Server, limits: Limits) -> None:
        self.is_cut = False
        self._server = server
        self._waiting: Reply | None = None
        self._backend = Backend(server, limits)
        server.lines[self] = None

    def ask(self, statements: Sequence[Asked], reply: Reply) -> None:
        """Have the server run these in one exchange, and hear what came of it."""
        if self.is_cut:
            reply(lost())
            return
        self._waiting = reply
        self._server.timeline.after(self._server.trip_s(), self._arrive, statements)

    def hang_up(self) -> None:
        """The client is gone; what it sent before arrives all the same, and then the server finds out."""
        if not self.is_cut:
            self.is_cut = True
            self._waiting = None
            del self._server.lines[self]
            self._server.timeline.after(self._server.trip_s(), self._backend.is_left)

    def cut(self) -> None:
        """Neither side has this line any more."""
        if self.is_cut:
            return
        waiting = self._waiting
        self.hang_up()
        if waiting is not None:
            self._server.timeline.soon(waiting, lost())

    def _arrive(self, statements: Sequence[Asked]) -> None:
        if self._server.takes_cut("before"):
            self._server.story.tell(self._server.name, "FAULT: the line is cut, and what was sent never arrives")
            self.cut()
        else:
            self._backend.receive(statements, self._reply)

    def _reply(self, outcome: list[Rows] | psycopg.Error) -> None:
        if self._server.takes_cut("after") and not self.is_cut:
            self._server.story.tell(self._server.name, "FAULT: the line is cut before the reply arrives")
            self.cut()
        else:
            self._server.timeline.after(self._server.trip_s(), self._hear, outcome)

    def _hear(self, outcome: list[Rows] | psycopg.Error) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not self.is_cut:
            waiting(outcome)


def connect(server: Server, limits: Limits, connected: Callable[[Line | psycopg.Error], None], within_s: float) -> None:
    """Call `connected` with a line to the server, or with what went wrong within `within_s` seconds."""
    if server.silent_s() > within_s:
        server.timeline.after(within_s, connected, psycopg.errors.ConnectionTimeout("no answer"))
        return
    server.timeline.after(2 * server.trip_s(), partial(_connected, server, limits, connected))


def _connected(server: Server, limits: Limits, connected: Callable[[Line | psycopg.Error], None]) -> None:
    connected(Line(server, limits) if server.is_up else psycopg.OperationalError("connection refused"))
