"""How a pending purchase is written to a row, and read from one."""

from collections.abc import Mapping
from typing import Any, Final, LiteralString

import msgspec
from psycopg.types.json import Jsonb

from frontend.pending.database import Session
from frontend.pending.purchases import Outcome, PendingPurchase
from functions.orders import contract

COLUMNS: Final = (
    "order_id, fingerprint, command, pressed_at, traceparent, accepted_at, state, tries, last_failure, outcome,"
    " outcome_kind, message"
)
FIND: Final[LiteralString] = f"SELECT {COLUMNS} FROM pending_purchases WHERE order_id = %(order_id)s"  # noqa: S608
# The first outcome stays; it is kept also of a dead letter, and by a worker whose lease is over, for it is true.
DECIDE: Final = """
    UPDATE pending_purchases
    SET state = 'decided', outcome = %(outcome)s, outcome_kind = %(kind)s, decided_at = now()
    WHERE order_id = %(order_id)s AND state <> 'decided'
"""
_KINDS: Final[Mapping[str, type[Outcome]]] = {
    "order": contract.Order,
    "rejection": contract.Rejection,
    "cancelled": contract.Cancelled,
}


def as_json(data: msgspec.Struct) -> Jsonb:
    """A struct of the contract as a parameter."""
    return Jsonb(msgspec.to_builtins(data))


def decision(order_id: str, outcome: Outcome) -> dict[str, object]:
    """The parameters of `DECIDE`."""
    kind = next(word for word, kind in _KINDS.items() if isinstance(outcome, kind))
    return {"order_id": order_id, "outcome": as_json(outcome), "kind": kind}


def read_purchase(row: tuple[Any, ...]) -> PendingPurchase:
    """The purchase in a row of `COLUMNS`."""
    order_id, fingerprint, command, pressed_at, traceparent, accepted_at, state, tries, failure, *end = row
    outcome, kind, message = end
    return PendingPurchase(
        order_id=str(order_id),
        fingerprint=fingerprint,
        order=msgspec.convert(command, contract.PlaceOrder),
        pressed_at=pressed_at,
        traceparent=traceparent,
        accepted_at=accepted_at,
        state=state,
        tries=tries,
        last_failure=failure,
        outcome=msgspec.convert(outcome, _KINDS[kind]) if kind else None,
        message=message,
    )


def find(session: Session, order_id: str) -> PendingPurchase | None:
    """The purchase of this order id, if there is a row of it. Raises psycopg.Error."""
    row = session.execute(FIND, {"order_id": order_id}).fetchone()
    return read_purchase(row) if row else None
