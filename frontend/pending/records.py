"""How a pending purchase is written to a row, and read from one."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from psycopg.types.json import Jsonb

from frontend.pending.purchases import Outcome, PendingPurchase
from functions.orders import contract

COLUMNS: Final = (
    "order_id, fingerprint, command, pressed_at, traceparent, accepted_at, state, tries, last_failure, outcome,"
    " outcome_kind, message"
)
_KINDS: Final[Mapping[str, type[Outcome]]] = {
    "order": contract.Order,
    "rejection": contract.Rejection,
    "cancelled": contract.Cancelled,
}


def as_json(data: msgspec.Struct) -> Jsonb:
    """A struct of the contract as a parameter."""
    return Jsonb(msgspec.to_builtins(data))


def kind_of(outcome: Outcome) -> str:
    """The word that `outcome_kind` has for it."""
    return next(word for word, kind in _KINDS.items() if isinstance(outcome, kind))


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
