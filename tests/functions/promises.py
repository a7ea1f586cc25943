"""The promises P1 to P4, checked by the audit on a test's database."""

from collections.abc import Sequence
from datetime import datetime

import psycopg

from functions.orders.audit import Result, audit, table


def audited(database_url: str, now: datetime | None = None) -> Sequence[Result]:
    with psycopg.connect(database_url) as connection:
        return audit(connection, now)


def broken(database_url: str, now: datetime | None = None) -> set[str]:
    """The names of the checks that find violations."""
    return {result.check.name for result in audited(database_url, now) if result.violations}


def assert_promises_hold(database_url: str, now: datetime | None = None) -> None:
    results = audited(database_url, now)
    assert not any(result.violations for result in results), "\n" + "\n".join(table(results))
