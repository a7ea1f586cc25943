"""The simulated stores as the checker reads real ones."""

from collections import defaultdict

from functions.orders.contract import Ticket
from scripts.proof.checker.snapshots import (
    LedgerSnapshot,
    Line,
    PendingSnapshot,
    Step,
    StockRow,
    StoredOrder,
    StoredPurchase,
)
from scripts.proof.simulation.ledger_statements import OrderRow
from scripts.proof.simulation.pending_statements import PENDING, PendingRow
from scripts.proof.simulation.plans import SLUG
from scripts.proof.simulation.rows import Store


def ledger(store: Store) -> LedgerSnapshot:
    """The ledger as it is committed."""
    tickets: dict[str, list[Ticket]] = defaultdict(list)
    for (code,), (order_id, kind) in store.now("tickets").items():
        tickets[order_id].append(Ticket(code, kind))
    journal: dict[str, list[Step]] = defaultdict(list)
    for row in store.now("stock_journal").values():
        journal[row.ticket_type].append(Step(row.version, row.capacity, row.sold, row.cause, row.order_id))
    return LedgerSnapshot(
        show=SLUG,
        orders={order_id: _order(row, tickets[order_id]) for (order_id,), row in store.now("orders").items()},
        journal=journal,
        stock={kind: StockRow(row.capacity, row.sold, row.version) for (_, kind), row in store.now("stock").items()},
    )


def pending(store: Store) -> PendingSnapshot:
    """The pending purchases as they are committed."""
    return PendingSnapshot({order_id: _purchase(row) for (order_id,), row in store.now(PENDING).items()})


def _order(row: OrderRow, tickets: list[Ticket]) -> StoredOrder:
    order = row.order
    return StoredOrder(
        order_id=order.order_id,
        status=order.status,
        show=order.show,
        fingerprint=order.fingerprint,
        reason=order.reason,
        lines=tuple(Line(line.ticket_type, line.quantity) for line in order.lines),
        available=order.available,
        tickets=tuple(tickets),
        total=order.total,
        decided_at=row.decided_at.timestamp(),
        revision=row.revision,
    )


def _purchase(row: PendingRow) -> StoredPurchase:
    outcome = row.outcome or {}
    return StoredPurchase(
        order_id=row.order_id,
        state=row.state,
        accepted_at=row.accepted_at.timestamp(),
        decided_at=row.decided_at.timestamp() if row.decided_at else None,
        kind=row.outcome_kind,
        reason=outcome.get("reason"),
        codes=tuple(ticket["code"] for ticket in outcome.get("tickets", ())),
        tries=row.tries,
        last_failure=row.last_failure,
        traceparent=row.traceparent,
    )
