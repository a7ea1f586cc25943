"""The server's side of a session: statements one after the other, in transactions, with waits that are bounded."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import psycopg

from scripts.proof.simulation.rows import Statement, Transaction
from scripts.proof.simulation.threads import Answer, Thread, current

if TYPE_CHECKING:
    from scripts.proof.simulation.server import Server

DEADLOCK_S: Final = 1.0  # PostgreSQL's deadlock_timeout
STATEMENT_S: Final = 0.0006  # of a statement, on average

Rows = list[tuple[Any, ...]]
Run = Callable[["Backend", Any], Rows]
Asked = tuple[str, Any]
Reply = Callable[[list[Rows] | psycopg.Error], None]


@dataclass(frozen=True)
class Limits:
    """How long a session waits, in seconds: for a statement, for a lock, and for its client in a transaction."""

    statement_s: float
    lock_s: float
    idle_s: float


class Backend:
    """The server's side of a line: a thread of its own, with a transaction or none."""

    def __init__(self, server: "Server", limits: Limits) -> None:
        self.server = server
        self.began_at = server.now()
        self._limits = limits
        self._inbox: list[tuple[Sequence[Asked], Reply]] = []
        self._is_left = False
        self._is_idle = False
        self._in_block = False
        self._has_failed = False
        self._ends_at = 0.0
        self._transaction: Transaction | None = None
        self._thread: Thread = server.thread(self._serve)

    def receive(self, statements: Sequence[Asked], reply: Reply) -> None:
        self._inbox.append((statements, reply))
        self._wake()

    def is_left(self) -> None:
        """The client is gone: found out once nothing is left to do."""
        self._is_left = True
        self._wake()

    @property
    def in_transaction(self) -> bool:
        """Whether a client's own transaction is open."""
        return self._in_block

    def statement(self, snapshot: int | None = None) -> Statement:
        """A statement with a snapshot of this moment."""
        return Statement(self.server.store, self._begun(), self, snapshot)

    def tell(self, what: str, order_id: str = "") -> None:
        """A line of the story."""
        self.server.story.tell(self.server.name, what, order_id)

    def linger(self) -> None:
        """A moment that a statement may take, in which others do something."""
        if seconds := self.server.statement_time_s():
            self._spend(seconds)

    def wait_for(self, mine: Transaction, other: Transaction) -> None:
        """Return once the other transaction is over. Raises psycopg.Error for a deadlock or when the time is over."""
        timeline, answer = self.server.timeline, Answer[psycopg.Error | None]()
        other.waiters.append(partial(self._wake_up, answer))
        left_s = self._ends_at - timeline.now
        late: psycopg.Error = psycopg.errors.LockNotAvailable("lock timeout")
        if left_s < self._limits.lock_s:
            late = psycopg.errors.QueryCanceled("statement timeout")
        timers = (
            timeline.after(min(left_s, self._limits.lock_s), answer.give, late),
            timeline.after(DEADLOCK_S, self._look_for_deadlock, mine, answer),
        )
        mine.waits_for = other
        self.tell("waits for a lock")
        error = answer.take()
        mine.waits_for = None
        for timer in timers:
            timer.cancel()
        if error is not None:
            raise error

    def is_waiting(self) -> bool:
        """Whether it waits for another transaction."""
        return self._transaction is not None and self._transaction.waits_for is not None

    def _serve(self) -> None:
        while self._inbox or not self._is_left:
            if self._inbox:
                statements, reply = self._inbox.pop(0)
                reply(self._run_all(statements))
            else:
                self._wait_for_client()
        self._roll_back()

    def _wait_for_client(self) -> None:
        self._is_idle = True
        timeline = self.server.timeline
        timer = timeline.after(self._limits.idle_s, self._give_client_up) if self._transaction else None
        current().wait()
        if timer is not None:
            timer.cancel()

    def _give_client_up(self) -> None:
        """Idle in transaction for too long."""
        self.tell("gives up a session that is idle in its transaction")
        for line in list(self.server.lines):
            if line._backend is self:
                line.cut()
        self.is_left()

    def _wake(self) -> None:
        if self._is_idle:
            self._is_idle = False
            self._thread.go_on()

    def _run_all(self, statements: Sequence[Asked]) -> list[Rows] | psycopg.Error:
        """The rows of each statement, or the error of the first that failed: those after it are not run."""
        results = []
        try:
            for sql, parameters in statements:
                self._ends_at = self.server.timeline.now + self._limits.statement_s
                self.linger()
                results.append(self._run(sql, parameters))
            if not self._in_block:
                self._commit()
        except psycopg.Error as error:
            self.tell(f"error: {type(error).__name__}")
            if self._in_block:
                self._has_failed = True
            else:
                self._roll_back()
            return error
        return results

    def _run(self, sql: str, parameters: Any) -> Rows:
        if (error := self.server.next_error()) is not None:
            raise error
        if sql == "BEGIN":
            self._in_block = True
            self._begun()
        elif sql == "ROLLBACK":
            self._roll_back()
        elif sql == "COMMIT":
            if self._has_failed:
                self._roll_back()
            else:
                self._commit()
        elif self._has_failed:
            raise psycopg.errors.InFailedSqlTransaction("commands are ignored until the end of the transaction")
        else:
            return self.server.statements[sql](self, parameters)
        return []

    def _spend(self, seconds: float) -> None:
        left_s = self._ends_at - self.server.timeline.now
        current().pause(max(0.0, min(seconds, left_s)))
        if seconds > left_s:
            raise psycopg.errors.QueryCanceled("statement timeout")

    def _begun(self) -> Transaction:
        if self._transaction is None:
            self._transaction = Transaction()
            self.began_at = self.server.now()
        return self._transaction

    def _commit(self) -> None:
        if (transaction := self._transaction) is not None:
            if transaction.held:
                self.server.flush()
                self.tell("commits")
            self.server.store.commit(transaction)
            self.server.is_committed()
            current().pause(0.0)  # a crash can come between the commit and its answer
        self._over()

    def _roll_back(self) -> None:
        if self._transaction is not None:
            self.server.store.roll_back(self._transaction)
        self._over()

    def _over(self) -> None:
        self._transaction = None
        self._in_block = self._has_failed = False

    def _wake_up(self, answer: Answer[psycopg.Error | None]) -> None:
        self.server.timeline.after(self.server.random.random() * STATEMENT_S, answer.give, None)

    def _look_for_deadlock(self, mine: Transaction, answer: Answer[psycopg.Error | None]) -> None:
        other, seen = mine.waits_for, set[int]()
        while other is not None and id(other) not in seen:
            if other is mine:
                answer.give(psycopg.errors.DeadlockDetected("deadlock"))
                return
            seen.add(id(other))
            other = other.waits_for
