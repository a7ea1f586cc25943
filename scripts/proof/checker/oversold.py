"""P1: never oversold, at any version of the stock and at any moment that buyers lived through."""

from collections.abc import Iterator

from scripts.proof.checker.evidence import Evidence
from scripts.proof.checker.heard import Purchase
from scripts.proof.checker.replay import not_replayed, replay
from scripts.proof.checker.verdict import Check, Number, Violation, collected

_SHOWN_HOLDERS = 3


def checks(evidence: Evidence) -> Iterator[Check]:
    """P1, and of P4 what the replay shows."""
    ledger, found = evidence.ledger, replay(evidence.ledger)
    yield collected(
        "P1", "tickets held at each version of the stock ≤ capacity (replay)", found.steps, found.oversold, needed=True
    )
    yield collected("P1", "versions have neither gap nor repeat, and end at the stock", found.steps, found.out_of_order)
    sold = sum(order.was_sold for order in ledger.orders.values())
    yield collected("P1", "each order that was sold is in the replay", sold, not_replayed(ledger))
    confirmed = evidence.heard.told("confirmed")
    yield collected("P1", "tickets told confirmed at any moment ≤ capacity", len(confirmed), at_once(evidence))
    yield collected("P4", "sold is the tickets held, at each version (replay)", found.steps, found.held_by_nobody)


def measured(evidence: Evidence) -> dict[str, Number | None]:
    """The stock in the end."""
    stock = evidence.ledger.stock.values()
    return {"capacity": sum(row.capacity for row in stock), "sold": sum(row.sold for row in stock)}


def at_once(evidence: Evidence) -> Iterator[Violation]:
    """Moments at which more tickets were told confirmed, with no cancel asked for, than there ever were places."""
    capacity = _capacity(evidence)
    moves: dict[str, list[tuple[float, int, str]]] = {}
    seen: set[str] = set()
    for purchase in evidence.heard.told("confirmed"):
        told = purchase.told("confirmed")[0]
        codes = set(told.statement.tickets) - seen
        seen |= codes
        count = len(codes) if told.statement.tickets else told.first.quantity
        of_kind = moves.setdefault(_kind(purchase, capacity), [])
        of_kind.append((told.first.end, count, purchase.order_id))
        if purchase.cancel_asked is not None:
            of_kind.append((max(told.first.end, purchase.cancel_asked.start), -count, purchase.order_id))
    for kind, of_kind in moves.items():
        yield from _sweep(kind or "all", sorted(of_kind), capacity.get(kind, sum(capacity.values())))


def _sweep(kind: str, moves: list[tuple[float, int, str]], limit: int) -> Iterator[Violation]:
    """Count up and down from moment to moment; what ends at one moment ends before anything begins."""
    held, is_over, holders = 0, False, dict[str, None]()
    for _, count, order_id in moves:
        held += count
        if count > 0:
            holders[order_id] = None
        else:
            holders.pop(order_id, None)
        was_over, is_over = is_over, held > limit
        if is_over and not was_over:
            what = f"{kind}: {held} tickets told confirmed at one moment, capacity {limit}"
            yield Violation(what, tuple(holders)[-_SHOWN_HOLDERS:])


def _capacity(evidence: Evidence) -> dict[str, int]:
    """The most places that there ever were of each ticket type."""
    most = dict(evidence.heard.run.capacity)
    for kind, steps in evidence.ledger.journal.items():
        most[kind] = max([most.get(kind, 0), *(step.capacity for step in steps)])
    return most


def _kind(purchase: Purchase, capacity: dict[str, int]) -> str:
    """The ticket type that was asked for; "" if nobody says."""
    kinds = {asked.ticket_type for asked in purchase.asked} - {""} or set(capacity)
    return kinds.pop() if len(kinds) == 1 else ""
