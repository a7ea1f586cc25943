"""The statements of frontend/pending, as PostgreSQL carries them out, on simulated rows."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec

from frontend.pending import queue, records, store
from scripts.proof.simulation.backends import Backend, Rows, Run
from scripts.proof.simulation.rows import Statement, Table, to

Parameters = Mapping[str, Any]
PENDING: Final = "pending_purchases"
_LOCK: Final = ("advisory", (5202611251,))  # of accept_pending: whoever accepts holds it until the commit


class PendingRow(msgspec.Struct, frozen=True):
    """A row of `pending_purchases`; JSON as plain values."""

    order_id: str
    fingerprint: str
    command: Any
    pressed_at: datetime
    traceparent: str
    accepted_at: datetime
    place_in_line: int
    next_try_at: datetime
    waiting_since: datetime
    state: Literal["pending", "decided", "dead"] = "pending"
    tries: int = 0
    last_failure: str | None = None
    outcome: Any = None
    outcome_kind: Literal["order", "rejection", "cancelled"] | None = None
    decided_at: datetime | None = None
    message: str | None = None


def tables() -> dict[str, Table]:
    return {PENDING: Table(PENDING), "advisory": Table("advisory")}


def prepare(put: Callable[[str, tuple[Any, ...], Any], None]) -> None:
    """What is there from the beginning: the lock is a row like any other."""
    put(*_LOCK, True)


def accept(backend: Backend, parameters: Parameters) -> Rows:
    """Three statements, of which each sees what was committed before it began."""
    backend.statement().lock(*_LOCK)
    backend.linger()
    statement, order_id = backend.statement(), str(parameters["order_id"])
    waiting = sum(row.state == "pending" for _, row in statement.scan(PENDING))
    if waiting < parameters["limit"]:
        now = backend.began_at
        row = PendingRow(
            order_id=order_id,
            fingerprint=parameters["fingerprint"],
            command=parameters["command"].obj,
            pressed_at=parameters["pressed_at"],
            traceparent=parameters["traceparent"],
            accepted_at=now,
            place_in_line=1 + sum(1 for _ in statement.scan(PENDING)),
            next_try_at=now,
            waiting_since=now,
        )
        backend.tell("keeps it", order_id)
        statement.insert(PENDING, (order_id,), row, or_nothing=True)
    return _found(backend.statement(), order_id)


def find(backend: Backend, parameters: Parameters) -> Rows:
    return _found(backend.statement(), str(parameters["order_id"]))


def decide(backend: Backend, parameters: Parameters) -> Rows:
    def change(row: PendingRow) -> PendingRow | None:
        if row.state == "decided":
            return None
        backend.tell(f"keeps what came of it: {parameters['kind']}", row.order_id)
        return msgspec.structs.replace(
            row,
            state="decided",
            outcome=parameters["outcome"].obj,
            outcome_kind=parameters["kind"],
            decided_at=backend.began_at,
        )

    return _changed(backend, parameters, change)


def lease(backend: Backend, parameters: Parameters) -> Rows:
    """The first in line that is due and that nobody else holds."""
    statement, now = backend.statement(), backend.began_at
    for key in _due(statement, now):
        backend.linger()
        if statement.is_held(PENDING, key):
            continue
        row = statement.lock(PENDING, key)
        if row is None or row.state != "pending" or row.next_try_at > now:
            continue  # somebody changed it since this statement began
        later = now + timedelta(seconds=parameters["lease_s"])
        leased = msgspec.structs.replace(row, next_try_at=later, tries=row.tries + 1)
        statement.update(PENDING, key, to(leased))
        return [_columns(leased)]
    return []


def try_later(backend: Backend, parameters: Parameters) -> Rows:
    def change(row: PendingRow) -> PendingRow | None:
        if (row.state, row.tries) != ("pending", parameters["tries"]):
            return None
        next_try_at = backend.began_at + timedelta(seconds=parameters["in_s"])
        return msgspec.structs.replace(row, next_try_at=next_try_at, last_failure=parameters["failure"])

    return _changed(backend, parameters, change)


def give_back(backend: Backend, parameters: Parameters) -> Rows:
    def change(row: PendingRow) -> PendingRow | None:
        if (row.state, row.tries) != ("pending", parameters["tries"]):
            return None
        return msgspec.structs.replace(row, next_try_at=backend.began_at, tries=row.tries - 1)

    return _changed(backend, parameters, change)


def _changed(backend: Backend, parameters: Parameters, change: Callable[[PendingRow], PendingRow | None]) -> Rows:
    """As many empty rows as were changed: their number is what is asked for."""
    statement = backend.statement()
    if statement.read(PENDING, (str(parameters["order_id"]),)) is not None:
        backend.linger()
    return [()] if statement.update(PENDING, (str(parameters["order_id"]),), change) is not None else []


def _due(statement: Statement, now: datetime) -> Iterator[tuple[Any, ...]]:
    rows = [row for _, row in statement.scan(PENDING) if row.state == "pending" and row.next_try_at <= now]
    return ((row.order_id,) for row in sorted(rows, key=lambda row: row.place_in_line))


def _found(statement: Statement, order_id: str) -> Rows:
    row = statement.read(PENDING, (order_id,))
    return [] if row is None else [_columns(row)]


def _columns(row: PendingRow) -> tuple[Any, ...]:
    return tuple(getattr(row, column) for column in _COLUMNS)


_COLUMNS: Final = records.COLUMNS.split(", ")
STATEMENTS: Final[dict[str, Run]] = {
    store._ACCEPT: accept,
    records.FIND: find,
    records.DECIDE: decide,
    queue._LEASE: lease,
    queue._TRY_LATER: try_later,
    queue._GIVE_BACK: give_back,
}
