"""The two PostgreSQL servers of a stack: one for the function's ledger, one for the shop's pending purchases."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from scripts import migrate
from scripts.local.parts import Parts
from scripts.local.postgres import EmbeddedPostgres
from scripts.local.processes import KEEPS_DYING, Supervisor

SIDES: Final = {"orders": "orders", "pending": "frontend"}  # whose migrations the database of each server has


class Databases:
    """Both servers, with their data in `folder`; `fresh` begins with new ones."""

    def __init__(self, folder: Path, *, fresh: bool) -> None:
        self._servers: dict[str, EmbeddedPostgres] = {}
        for name in SIDES:
            server = EmbeddedPostgres(folder / f"postgres-{name}")
            if fresh:
                server.remove()
                server = EmbeddedPostgres(server.folder)
            self._servers[name] = server

    @property
    def urls(self) -> Mapping[str, str]:
        """Where each server is, by `orders` and `pending`."""
        return {name: server.url(name) for name, server in self._servers.items()}

    def start(self, supervisor: Supervisor, parts: Parts, progress: Callable[[str], None]) -> None:
        """Start both and bring their schemas up to date. Raises PostgresError, and migrate's errors."""

        def start_one(name: str) -> None:
            server, process = self._servers[name], f"postgres-{name}"
            server.prepare()
            supervisor.start(parts.postgres(process, server))
            server.wait_until_ready(lambda: supervisor.deaths(process) < KEEPS_DYING)
            for migration in migrate.apply(SIDES[name], server.ensure_database(name)):
                progress(f"applied the migration {migration} to the database {name}")

        with ThreadPoolExecutor() as pool:
            for ready in [pool.submit(start_one, name) for name in SIDES]:
                ready.result()

    def leave(self) -> None:
        """Let go of servers that have ended."""
        for server in self._servers.values():
            server.leave()

    def remove(self) -> None:
        """Delete the data of servers that don't run."""
        for server in self._servers.values():
            server.remove()
