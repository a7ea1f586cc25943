"""Sessions of the pending store's server whose every wait is bounded: for a session, a connection, a statement, a lock.

A server that can't be had is Away, and for a moment after that nobody waits to be told so again.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import psycopg
import structlog
from psycopg_pool import ConnectionPool

from frontend.pending.purchases import Away

WITHIN_S: Final = 2.5  # for one piece of work, all its waits together
SESSION_S: Final = 1.0  # of these, for a session
REST_S: Final = 0.5  # so long nobody asks a server that was away
MAX_SESSIONS: Final = 8  # of one process; a server has a hundred by default

_CONNECT: Final[dict[str, Any]] = {
    "autocommit": True,
    "application_name": "flametickets-web",
    "connect_timeout": 2,
    "keepalives_idle": 1,
    "keepalives_interval": 1,
    "keepalives_count": 5,
    "tcp_user_timeout": 5_000,
}
# A stronger setting of `synchronous_commit` is the operator's own wish, and stays.
_SET_UP: Final = """
    SELECT set_config('statement_timeout', '2s', false), set_config('lock_timeout', '1s', false),
        set_config('idle_in_transaction_session_timeout', '3s', false),
        CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', false) END,
        current_setting('fsync')
"""

# The server is there, and somebody else was longer at it than we wait: no reason to let it rest.
_BUSY: Final = (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled, psycopg.errors.DeadlockDetected)

T = TypeVar("T")
log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Session(psycopg.Connection[tuple[Any, ...]]):
    """A connection that stops waiting for the server at `ends_at` (monotonic seconds), however silent the line is."""

    ends_at: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        left = WITHIN_S if self.ends_at is None else max(0.0, self.ends_at - time.monotonic())
        return super().wait(gen, interval, left if timeout is None else min(left, timeout))


class NotDurableError(psycopg.OperationalError):
    """The server may forget what it said it had kept."""


class Database:
    """The server at `url`; nothing is connected before the first piece of work. Safe to use from many threads."""

    def __init__(
        self,
        url: str,
        monotonic: Callable[[], float] = time.monotonic,
        pool: ConnectionPool[Session] | None = None,
    ) -> None:
        """`monotonic` is the clock by which a server that is away is left alone; a simulator gives its own `pool`."""
        self._url = url
        self._monotonic = monotonic
        self._failure = ""
        self._is_closed = False
        self._lock = threading.Lock()
        self._asked_again_at: float | None = None  # None while the server answers
        self._pool = _new_pool(url) if pool is None else pool

    def run(self, work: Callable[[Session], T]) -> T | Away:
        """What `work` returns; Away when the server can't be had, or not within `WITHIN_S`, or refuses the work.

        Work whose session broke is done a second time, on another one: it must be the same to do it twice.
        """
        if not self._may_ask():
            return Away()
        ends_at = time.monotonic() + WITHIN_S
        try:
            try:
                answer = self._once(work, ends_at)
            except _Broken:
                self._pool.drain()  # after a restart of the server every idle session is broken too
                answer = self._once(work, ends_at)
        except _BUSY as error:
            log.warning("pending.busy", why=type(error).__name__)
            return Away()
        except (psycopg.Error, _Broken) as error:
            self._went_away(error)
            return Away()
        self._came_back()
        return answer

    def why_away(self) -> str:
        """What a person should know about the last failure, in one line without a password; for no log and no page."""
        try:
            Session.connect(self._url, **_CONNECT).close()
        except psycopg.Error as error:
            return str(error).partition("\n")[0]
        return f"it answers, but not as it should ({self._failure}); are its migrations applied?"

    def close(self) -> None:
        """Ends all sessions; afterwards everything is Away."""
        with self._lock:
            self._is_closed = True
        self._pool.close(timeout=WITHIN_S)

    def _once(self, work: Callable[[Session], T], ends_at: float) -> T:
        session = self._pool.getconn(timeout=min(SESSION_S, ends_at - time.monotonic()))
        session.ends_at = ends_at
        try:
            return work(session)
        except BaseException as error:
            is_lost = session.broken
            session.close()  # what it still waits for nobody wants to hear
            if is_lost:
                raise _Broken from error
            raise
        finally:
            session.ends_at = None
            self._pool.putconn(session)

    def _may_ask(self) -> bool:
        """While the server is away, one thread at a time finds out whether it still is."""
        with self._lock:
            if self._is_closed:
                return False
            self._pool.open()
            now = self._monotonic()
            if self._asked_again_at is None:
                return True
            if now < self._asked_again_at:
                return False
            self._asked_again_at = now + WITHIN_S
            return True

    def _went_away(self, error: Exception) -> None:
        """The error's text may quote what was to be kept, so only its kind is logged."""
        with self._lock:
            self._failure = type(error.__cause__ or error).__name__
            if self._asked_again_at is None:
                log.warning("pending.away", why=self._failure)
            self._asked_again_at = self._monotonic() + REST_S

    def _came_back(self) -> None:
        with self._lock:
            if self._asked_again_at is not None:
                log.info("pending.back")
            self._asked_again_at = None


def _new_pool(url: str) -> ConnectionPool[Session]:
    """Sessions with the server at `url`; it is to be opened, and until then there is none."""
    logging.getLogger("psycopg.pool").addFilter(_NowAndThen())
    return ConnectionPool(
        url,
        connection_class=Session,
        kwargs=_CONNECT,
        configure=_set_up,
        min_size=0,
        max_size=MAX_SESSIONS,
        reconnect_timeout=1.0,  # a later request tries again, at once
        open=False,
        name="pending",
    )


class _NowAndThen(logging.Filter):
    """Lets a line of the pool pass twice a minute: while the server is away it says the same every second."""

    def __init__(self) -> None:
        super().__init__()
        self._said_at: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.created - self._said_at.get(record.msg, float("-inf")) < 30:
            return False
        self._said_at[record.msg] = record.created
        return True


class _Broken(Exception):
    """The session was lost while it worked."""


def _set_up(session: Session) -> None:
    """Raises NotDurableError for a server that does not write what it commits."""
    row = session.execute(_SET_UP).fetchone()
    if row is None or row[-1] != "on":
        raise NotDurableError("fsync is switched off at the server of FRONTEND_DATABASE_URL")
