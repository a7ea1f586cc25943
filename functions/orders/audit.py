"""Check that the promises hold on a live database: `python3 -m functions.orders.audit` prints a table.

It reads one snapshot without a lock, so sales go on. Exit codes: 0 all promises hold, 1 some don't, 2 it could
not be done.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from functions.orders.checks import CHECKS, SHARED, Check
from functions.orders.contract import CANCELLED, CONFIRMED
from functions.orders.retention import CLOCKS_DIFFER_BY, KEPT_FOR
from functions.orders.settings import SettingsError, database_url

MAX_SHOWN: Final = 20

_SESSION: Final[dict[str, Any]] = {
    "application_name": "flametickets-audit",
    "options": "-c lock_timeout=5s -c statement_timeout=300s -c idle_in_transaction_session_timeout=60s",
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}


@dataclass(frozen=True, slots=True)
class Result:
    """How many rows a check examined and how many violations it found; `shown` are the first of them."""

    check: Check
    examined: int
    violations: int
    shown: Sequence[Mapping[str, Any]]


def audit(connection: psycopg.Connection[Any], now: datetime | None = None) -> list[Result]:
    """The result of each check, all in one read-only snapshot. Raises psycopg.Error.

    `connection` must not be in a transaction. `now` tells what retention may have deleted.
    """
    connection.isolation_level, connection.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
    periods = {"now": now or datetime.now(UTC), "kept_for": KEPT_FOR, "clocks_differ_by": CLOCKS_DIFFER_BY}
    parameters = {**periods, "confirmed": CONFIRMED, "cancelled": CANCELLED}
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        # Sorts and joins of whole tables: with the server's few megabytes they take half as long again.
        cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off; SET LOCAL enable_seqscan = on")
        return [_run(cursor, check, parameters) for check in CHECKS]


def _run(cursor: psycopg.Cursor[dict[str, Any]], check: Check, parameters: Mapping[str, Any]) -> Result:
    count = f"SELECT count(*) AS rows FROM {check.examined}"  # noqa: S608  # our own words, here and below
    find = f"{SHARED} SELECT count(*) OVER () AS found, * FROM ({check.violations}) AS violations"  # noqa: S608
    examined = cursor.execute(count.encode()).fetchone()
    rows = cursor.execute(f"{find} LIMIT {MAX_SHOWN}".encode(), parameters).fetchall()
    violations = rows[0]["found"] if rows else 0
    shown = [{name: value for name, value in row.items() if name != "found"} for row in rows]
    return Result(check, examined["rows"] if examined else 0, violations, shown)


def table(results: Sequence[Result]) -> Iterator[str]:
    """The lines to print: a table of the checks, and under it the violations of each."""
    width = max(len(result.check.name) for result in results)
    yield f"{'check':<{width}}  promise  {'rows':>10}  violations"
    for result in results:
        yield f"{result.check.name:<{width}}  {result.check.promise:<7}  {result.examined:>10}  {result.violations:>10}"
    for result in results:
        if result.violations:
            yield f"\n{result.check.name}: not so"
            yield from (f"  {_line(row)}" for row in result.shown)
        if result.violations > len(result.shown):
            yield f"  and {result.violations - len(result.shown)} more"


def _line(row: Mapping[str, Any]) -> str:
    return "  ".join(f"{name}={'-' if value is None else value}" for name, value in row.items())


def main() -> int:
    """Audit the database that the environment names, print the table, and return the exit code."""
    try:
        url = database_url(os.environ)
        with psycopg.connect(url, **_SESSION) as connection:
            results = audit(connection)
    except SettingsError as error:
        return _fail(str(error))
    except psycopg.Error as error:
        return _fail(f"the audit could not be done: {type(error).__name__}: {str(error).splitlines()[0]}")
    sys.stdout.writelines(f"{line}\n" for line in table(results))
    return 1 if any(result.violations for result in results) else 0


def _fail(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
