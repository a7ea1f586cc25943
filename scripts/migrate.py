"""Apply one side's migrations to the database that its variable names: `python3 scripts/migrate.py orders|frontend`.

Safe to run twice at once. Exit codes: 0 the schema is up to date, 1 a migration failed, 2 the database was not reached.
"""

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import Final

import asyncpg  # type: ignore[import-untyped]
from pogo_core.error import BadMigrationError
from pogo_core.util import migrate

_ROOT: Final = Path(__file__).resolve().parent.parent
_SIDES: Final = {
    "orders": ("ORDERS_DATABASE_URL", _ROOT / "functions" / "orders" / "migrations"),
    "frontend": ("FRONTEND_DATABASE_URL", _ROOT / "frontend" / "migrations"),
}
_LOCK: Final = 7346201981  # any number that no other program locks in these databases
_CONNECT_WITHIN_S: Final = 10.0


class Unreachable(Exception):
    """There is no database to migrate. The message is one for a person and holds no password."""


class Failed(Exception):
    """A migration failed and was rolled back; those before it are applied. The message names it."""


def apply(side: str, url: str) -> list[str]:
    """Bring the schema up to date and return the names of the migrations that were missing.

    Waits for another run on the same database. Raises Unreachable or Failed.
    """
    return asyncio.run(_apply(_SIDES[side][1], url))


async def _apply(folder: Path, url: str) -> list[str]:
    try:
        session = await asyncpg.connect(url, timeout=_CONNECT_WITHIN_S)
    except (OSError, ValueError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Unreachable(f"the database was not reached: {error}") from error
    names = _Names()
    try:
        await session.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await migrate.apply(session, folder, schema_name="public", logger=names.logger)
    except (BadMigrationError, asyncpg.PostgresError) as error:
        raise Failed(f"{error}: {error.__cause__}" if error.__cause__ else str(error)) from error
    finally:
        await session.close()  # and with it goes the lock
    return names.applied


class _Names:
    """Keeps the names that pogo tells its logger."""

    def __init__(self) -> None:
        self.applied: list[str] = []
        self.logger = logging.Logger("migrations")
        self.logger.addFilter(self._keep)

    def _keep(self, record: logging.LogRecord) -> bool:
        self.applied.append(str(record.args[0] if isinstance(record.args, tuple) else record.msg))
        return False


def main() -> int:
    """Read the command line and the environment, migrate, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("side", choices=sorted(_SIDES))
    side: str = parser.parse_args().side
    variable = _SIDES[side][0]
    if not (url := os.environ.get(variable)):
        print(f"{variable}: is not set", file=sys.stderr)
        return 2
    try:
        applied = apply(side, url)
    except Unreachable as error:
        print(f"{variable}: {error}", file=sys.stderr)
        return 2
    except Failed as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{side}: applied {', '.join(applied)}" if applied else f"{side}: up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
