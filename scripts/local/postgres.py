"""An embedded PostgreSQL, run from the wheel's binaries as a child process of ours.

The wheel's own server helper is not used: as root it opens the permissions of every parent folder.
"""

import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from scripts.local.endings import wait_for_end
from scripts.local.places import POSTGRES_VERSION, SOCKET_NAME, find_place, forget_place, hand_over, socket_folder

STOP_SIGNAL: Final = signal.SIGINT  # a fast shutdown: sessions are ended, nothing is lost
_STOP_WITHIN_S: Final = 10.0
_READY_WITHIN_S: Final = 30.0


class PostgresError(Exception):
    """The server could not be made, started or reached. The message is one for a person."""


class EmbeddedPostgres:
    """One PostgreSQL server, whose databases live as long as `folder`; reached over a socket, by this user alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._place = find_place(folder)
        self._socket, self._temporary_socket = socket_folder(self._place)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def command(self) -> list[str]:
        """What runs the server in the foreground, once `prepare` was called."""
        settings = ("listen_addresses=", "unix_socket_permissions=0700", "timezone=UTC", "log_timezone=UTC")
        options = [word for setting in settings for word in ("-c", setting)]
        return [str(self._place.binaries / "postgres"), "-D", str(self._place.data), "-k", str(self._socket), *options]

    @property
    def environment(self) -> dict[str, str]:
        """All that the server needs of the environment."""
        return {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}

    @property
    def account(self) -> tuple[int, int] | None:
        """The user and group ids that must run the command, None for our own."""
        account = self._place.account
        return (account.uid, account.gid) if account else None

    def url(self, database: str = "postgres") -> str:
        """Where clients find a database of this server."""
        return f"postgresql://postgres@/{quote(database)}?host={quote(str(self._socket), safe='')}"

    def prepare(self) -> None:
        """Make the data folder if it is missing, and clear away what an earlier server left. Raises PostgresError."""
        self.clear()
        made_by = self._place.data / "PG_VERSION"
        if not made_by.exists():
            self._make_data()
        elif (version := made_by.read_text().strip()) != str(POSTGRES_VERSION):
            raise PostgresError(f"the data in {self._place.data} are of PostgreSQL {version}; begin anew with --fresh")

    def clear(self) -> None:
        """End every process of an earlier server on this data, within 15 s, and remove its lock files."""
        _end(self._processes(), self._postmaster())
        for lock in (self._lock, self._socket / f"{SOCKET_NAME}.lock"):
            lock.unlink(missing_ok=True)  # their process ids may be others' by now, which PostgreSQL takes for a server

    def start(self) -> None:
        """Start the server and wait until it answers. Raises PostgresError."""
        self.prepare()
        log = self.folder / "server.log"
        with log.open("ab") as output:
            user, group = self.account or (None, None)
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=self.environment,
                user=user,
                group=group,
                extra_groups=None if user is None else [],
                start_new_session=True,
            )
        try:
            self.wait_until_ready(lambda: self._process is not None and self._process.poll() is None)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop what `start` started, within 10 s or by force, and remove a temporary socket folder."""
        if self._process is not None:
            self._process.send_signal(STOP_SIGNAL)
            try:
                self._process.wait(_STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
            self.clear()
        self.leave()

    def leave(self) -> None:
        """Remove the temporary socket folder, if there is one."""
        if self._temporary_socket:
            with suppress(OSError):
                self._socket.rmdir()

    def remove(self) -> None:
        """Delete all databases, after ending a server that still runs on them."""
        self.clear()
        self.leave()
        forget_place(self.folder)

    def wait_until_ready(self, alive: Callable[[], bool], within_s: float = _READY_WITHIN_S) -> None:
        """Return once a session can be opened. Raises PostgresError when not `alive` or after `within_s`."""
        deadline = time.monotonic() + within_s
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
            except psycopg.OperationalError as error:
                if not alive() or time.monotonic() > deadline:
                    raise PostgresError(f"PostgreSQL does not start (its log: {self.folder}): {error}") from error
                time.sleep(0.05)
            else:
                return

    def ensure_database(self, name: str) -> str:
        """The URL of the database `name`, made if it is missing."""
        with psycopg.connect(self.url(), autocommit=True) as session:
            if session.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
                session.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _make_data(self) -> None:
        """Make it beside its place and move it there when it is whole, so that an interruption leaves none."""
        unfinished = self._place.home / "data.unfinished"
        for folder in (unfinished, self._place.data):
            if folder.exists():
                shutil.rmtree(folder)
        hand_over(unfinished, self._place.account)
        user, group = self.account or (None, None)
        made = subprocess.run(
            [
                *(str(self._place.binaries / "initdb"), "-D", str(unfinished), "--username=postgres"),
                *("--encoding=UTF8", "--locale=C", "--auth-local=trust", "--auth-host=reject", "--no-instructions"),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd="/",
            env=self.environment,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
            check=False,
        )
        if made.returncode != 0:
            raise PostgresError(f"PostgreSQL's data folder could not be made: {made.stderr.strip()}")
        unfinished.rename(self._place.data)

    @property
    def _lock(self) -> Path:
        return self._place.data / "postmaster.pid"

    def _postmaster(self) -> int | None:
        with suppress(OSError, ValueError, IndexError):
            return int(self._lock.read_text().splitlines()[0])
        return None

    def _processes(self) -> list[psutil.Process]:
        """The server of this data and its sessions: all of them work in its data folder."""
        return [process for process in psutil.process_iter() if _works_in(process, self._place.data)]


def _works_in(process: psutil.Process, folder: Path) -> bool:
    with suppress(psutil.Error, OSError):
        return process.name() == "postgres" and Path(process.cwd()) == folder.resolve()
    return False


def _end(processes: list[psutil.Process], postmaster: int | None) -> None:
    """A fast shutdown by the postmaster, so that the next start need not recover; by force what is left of it.

    No other process is signalled politely: to the checkpointer the same signal means something else.
    """
    for process in processes:
        if process.pid == postmaster:
            with suppress(psutil.Error):
                process.send_signal(STOP_SIGNAL)
            wait_for_end([process], _STOP_WITHIN_S)
    left = wait_for_end(processes, 1)
    for process in left:
        with suppress(psutil.Error):
            process.kill()
    wait_for_end(left, 5)
