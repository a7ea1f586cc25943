"""The list of pending purchases as an operator reads it: without names and addresses, which are nobody's business."""

from collections.abc import Sequence
from datetime import UTC
from typing import Final

import msgspec

from frontend.pending.purchases import PendingPurchase

_HEADS: Final = ("ORDER ID", "STATE", "ACCEPTED", "TRIES", "LAST FAILURE", "SHOW", "TICKETS")


def as_table(purchases: Sequence[PendingPurchase]) -> str:
    """Aligned columns under a head, times in UTC."""
    rows = [_HEADS, *(_cells(purchase) for purchase in purchases)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "".join(f"{line}\n" for line in lines)


def as_json_text(purchases: Sequence[PendingPurchase]) -> str:
    """An array of objects."""
    listed = [
        {
            "order_id": purchase.order_id,
            "state": purchase.state,
            "accepted_at": purchase.accepted_at,
            "pressed_at": purchase.pressed_at,
            "tries": purchase.tries,
            "last_failure": purchase.last_failure,
            "show": purchase.order.show,
            "lines": purchase.order.lines,
            "expected_total": purchase.order.expected_total,
            "traceparent": purchase.traceparent,
        }
        for purchase in purchases
    ]
    return msgspec.json.format(msgspec.json.encode(listed), indent=2).decode() + "\n"


def _cells(purchase: PendingPurchase) -> tuple[str, ...]:
    return (
        purchase.order_id,
        purchase.state,
        f"{purchase.accepted_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        str(purchase.tries),
        purchase.last_failure or "-",
        purchase.order.show,
        " ".join(f"{line.quantity}x{line.ticket_type}" for line in purchase.order.lines),
    )
