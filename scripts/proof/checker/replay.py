"""The stock, replayed from its journal: at each version, the tickets of the orders that were sold and not cancelled.

The tickets are counted from the orders, so that a wrong number in the journal is seen as well as a wrong sale.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from scripts.proof.checker.snapshots import LedgerSnapshot, Step, StoredOrder
from scripts.proof.checker.verdict import Violation


@dataclass
class Replayed:
    """How many steps there were, and what was wrong with them."""

    steps: int = 0
    oversold: list[Violation] = field(default_factory=list)
    out_of_order: list[Violation] = field(default_factory=list)
    held_by_nobody: list[Violation] = field(default_factory=list)


def replay(ledger: LedgerSnapshot) -> Replayed:
    """Go through the journals of all ticket types."""
    found = Replayed()
    for kind in sorted(ledger.journal.keys() | ledger.stock.keys()):
        steps = sorted(ledger.journal.get(kind, ()), key=lambda step: step.version)
        found.steps += len(steps)
        found.out_of_order += _order(ledger, kind, steps)
        _follow(ledger, kind, steps, found)
    return found


def confirmed(ledger: LedgerSnapshot) -> Iterator[StoredOrder]:
    """The orders that are confirmed now."""
    return (order for order in ledger.orders.values() if order.status == "confirmed")


def tickets_of(order: StoredOrder | None, kind: str) -> int:
    """How many tickets of this type the order has."""
    return sum(ticket.ticket_type == kind for ticket in order.tickets) if order else 0


def not_replayed(ledger: LedgerSnapshot) -> Iterator[Violation]:
    """Orders whose sale or cancel no line of the journal tells."""
    told = {(step.order_id, kind, step.cause) for kind, steps in ledger.journal.items() for step in steps}
    for order in ledger.orders.values():
        causes = ("sold", "cancelled") if order.status == "cancelled" else ("sold",)
        missing = order.was_sold and [
            f"{cause} {line.ticket_type}"
            for cause in causes
            for line in order.lines
            if (order.order_id, line.ticket_type, cause) not in told
        ]
        if missing:
            yield Violation(f"the journal lacks: {', '.join(missing)}", (order.order_id,))


def _order(ledger: LedgerSnapshot, kind: str, steps: Sequence[Step]) -> Iterator[Violation]:
    version = 0
    for step in steps:
        if step.version != version + 1:
            what = "comes twice" if step.version == version else f"follows {version}"
            yield Violation(f"{kind}: version {step.version} {what}", _named(step))
        version = step.version
    stock, last = ledger.stock.get(kind), steps[-1] if steps else None
    if stock is None or last is None:
        yield Violation(f"{kind}: there is {'no stock' if stock is None else 'no journal'}")
    elif (stock.version, stock.capacity, stock.sold) != (last.version, last.capacity, last.sold):
        now = f"{stock.sold} of {stock.capacity} at version {stock.version}"
        yield Violation(f"{kind}: sold is {now}, and the journal ends with {_said(last)}")


def _follow(ledger: LedgerSnapshot, kind: str, steps: Sequence[Step], found: Replayed) -> None:
    """Count the tickets version by version; what goes on being wrong is told once."""
    held, off, is_over = 0, 0, False
    for step in steps:
        moved = tickets_of(ledger.orders.get(step.order_id or ""), kind)
        held += {"sold": moved, "cancelled": -moved}.get(step.cause, 0)
        was_over, is_over = is_over, max(held, step.sold) > step.capacity
        if is_over and not was_over:
            found.oversold.append(Violation(f"{kind}: {held} tickets held, {_said(step)}", _named(step)))
        if (difference := step.sold - held) != off:
            found.held_by_nobody.append(Violation(f"{kind}: {held} tickets held, {_said(step)}", _named(step)))
        off = difference
    stock, now = ledger.stock.get(kind), sum(tickets_of(order, kind) for order in confirmed(ledger))
    if stock is not None and now > stock.capacity:
        found.oversold.append(Violation(f"{kind}: {now} confirmed tickets in the end, capacity {stock.capacity}"))
    if stock is not None and now != stock.sold:
        what = f"{kind}: {now} confirmed tickets in the end, and {stock.sold} are said to be sold"
        found.held_by_nobody.append(Violation(what))


def _said(step: Step) -> str:
    return f"{step.sold} of {step.capacity} said to be sold at version {step.version}"


def _named(step: Step) -> tuple[str, ...]:
    return (step.order_id,) if step.order_id else ()
