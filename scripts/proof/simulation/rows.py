"""Rows as PostgreSQL keeps them: versions that a snapshot sees or not, drafts of one transaction, and row locks.

READ COMMITTED: each statement has a snapshot of its own. Who locks or changes a row that another transaction holds
waits for the end of that transaction, and goes on with the row as it is then, though it would not see it otherwise.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import psycopg

Key = tuple[Any, ...]
NO_DRAFT: Final = object()


@dataclass(frozen=True)
class Table:
    """What is known of a table: whether its key is unique, and what no row may be, by the constraint's name."""

    name: str
    check: Callable[[Any], str | None] = lambda _: None
    is_unique: bool = True


class Row:
    """One row: its committed versions, each with the number of its commit, and what its holder makes of it."""

    __slots__ = ("draft", "holder", "versions")

    def __init__(self) -> None:
        self.versions: list[tuple[int, Any]] = []  # None is a row that is not there
        self.holder: Transaction | None = None
        self.draft: Any = NO_DRAFT

    def seen(self, snapshot: int) -> Any:
        """What was committed up to then."""
        for commit, value in reversed(self.versions):
            if commit <= snapshot:
                return value
        return None

    @property
    def latest(self) -> Any:
        return self.versions[-1][1] if self.versions else None


@dataclass(frozen=True)
class Change:
    """What a commit did to a row; None is a row that is not there."""

    table: str
    key: Key
    before: Any
    after: Any


class Transaction:
    """One transaction; `waits_for` is whose end it waits for, `waiters` are told of its own end."""

    __slots__ = ("held", "waiters", "waits_for")

    def __init__(self) -> None:
        self.held: list[tuple[str, Key, Row]] = []
        self.waiters: list[Callable[[], None]] = []
        self.waits_for: Transaction | None = None


class Waiting(Protocol):
    """Who can wait for the end of a transaction. Raises psycopg.Error when it gives up."""

    def wait_for(self, mine: Transaction, other: Transaction) -> None: ...


def to(value: Any) -> Callable[[Any], Any]:
    """A change to this value, whatever was there."""
    return lambda _: value


class Store:
    """The tables of one database. `commits` counts the commits; those up to `durable` survive a crash."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self.tables = dict(tables)
        self.rows: dict[str, dict[Key, Row]] = {name: {} for name in tables}
        self.commits = 0
        self.durable = 0
        self.on_commit: Callable[[list[Change]], None] = lambda _: None
        self.on_loss: Callable[[], None] = lambda: None

    def put(self, table: str, key: Key, value: Any) -> None:
        """A row that is there from the beginning."""
        row = self.rows[table][key] = Row()
        row.versions.append((self.commits, value))

    def now(self, table: str) -> dict[Key, Any]:
        """All rows of a table as they are committed."""
        return {key: row.latest for key, row in self.rows[table].items() if row.latest is not None}

    def commit(self, transaction: Transaction) -> None:
        """All that the transaction did is there at once, for every later snapshot, and its locks are free."""
        self.commits += 1
        changes = []
        for table, key, row in transaction.held:
            if row.draft is not NO_DRAFT:
                changes.append(Change(table, key, row.latest, row.draft))
                row.versions.append((self.commits, row.draft))
        if changes:
            self.on_commit(changes)
        self._let_go(transaction)

    def roll_back(self, transaction: Transaction) -> None:
        """Nothing that the transaction did ever was."""
        self._let_go(transaction)

    def crash(self) -> None:
        """No transaction is left, and no commit that was not durable."""
        for rows in self.rows.values():
            for row in rows.values():
                row.holder, row.draft = None, NO_DRAFT
                while row.versions and row.versions[-1][0] > self.durable:
                    row.versions.pop()
        is_loss = self.commits > self.durable
        self.commits = self.durable
        if is_loss:
            self.on_loss()

    def _let_go(self, transaction: Transaction) -> None:
        for _, _, row in transaction.held:
            row.holder, row.draft = None, NO_DRAFT
        transaction.held.clear()
        waiters, transaction.waiters = transaction.waiters, []
        for tell in waiters:
            tell()


class Statement:
    """One statement of a transaction: what it sees was committed before it began, or done by its own transaction."""

    def __init__(self, store: Store, transaction: Transaction, waiting: Waiting, snapshot: int | None = None) -> None:
        self.snapshot = store.commits if snapshot is None else snapshot
        self._store = store
        self._mine = transaction
        self._waiting = waiting

    def read(self, table: str, key: Key) -> Any:
        """The row as this statement sees it; None if there is none."""
        row = self._store.rows[table].get(key)
        if row is None:
            return None
        if row.holder is self._mine and row.draft is not NO_DRAFT:
            return row.draft
        return row.seen(self.snapshot)

    def scan(self, table: str) -> Iterator[tuple[Key, Any]]:
        """All rows that this statement sees, in the order in which they were first inserted."""
        for key in list(self._store.rows[table]):
            if (value := self.read(table, key)) is not None:
                yield key, value

    def lock(self, table: str, key: Key) -> Any:
        """The row, which this statement must see, as it is once nobody else holds it; None if it is gone by then."""
        row = self._store.rows[table][key]
        self._hold(table, key, row)
        return row.latest if row.draft is NO_DRAFT else row.draft

    def is_held(self, table: str, key: Key) -> bool:
        """Whether another transaction holds the row: SKIP LOCKED passes it over."""
        row = self._store.rows[table].get(key)
        return row is not None and row.holder not in (None, self._mine)

    def update(self, table: str, key: Key, change: Callable[[Any], Any | None]) -> Any:
        """What `change` makes of the row as it is under its lock; None if it passes it over, as it is seen or then."""
        seen = self.read(table, key)
        if seen is None or change(seen) is None or (latest := self.lock(table, key)) is None:
            return None
        if (changed := change(latest)) is not None:
            self._write(table, key, changed)
        return changed

    def delete(self, table: str, key: Key) -> bool:
        if self.read(table, key) is None or self.lock(table, key) is None:
            return False
        self._store.rows[table][key].draft = None
        return True

    def insert(self, table: str, key: Key, value: Any, *, or_nothing: bool = False) -> bool:
        """Whether the row is new. Raises UniqueViolation if it is not, unless the statement says or nothing.

        An insert of the same key that is not committed yet is waited for.
        """
        row = self._store.rows[table].setdefault(key, Row())
        while row.holder not in (None, self._mine) and row.draft is not NO_DRAFT:
            self._waiting.wait_for(self._mine, row.holder)
        there = row.latest if row.draft is NO_DRAFT else row.draft
        if there is not None and self._store.tables[table].is_unique:
            if or_nothing:
                return False
            raise psycopg.errors.UniqueViolation(f"{table}: {key} is there already")
        self._hold(table, key, row)
        self._write(table, key, value)
        return True

    def upsert(self, table: str, key: Key, value: Any) -> None:
        """INSERT … ON CONFLICT DO UPDATE: whatever is there by then, visible or not."""
        if not self.insert(table, key, value, or_nothing=True):
            self._hold(table, key, self._store.rows[table][key])
            self._write(table, key, value)

    def _hold(self, table: str, key: Key, row: Row) -> None:
        while row.holder is not self._mine:
            if row.holder is None:
                row.holder = self._mine
                self._mine.held.append((table, key, row))
            else:
                self._waiting.wait_for(self._mine, row.holder)

    def _write(self, table: str, key: Key, value: Any) -> None:
        if (broken := self._store.tables[table].check(value)) is not None:
            raise psycopg.errors.CheckViolation(broken)
        self._store.rows[table][key].draft = value
