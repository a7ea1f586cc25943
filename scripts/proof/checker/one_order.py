"""P3: one order id is one order, told alike each time and stored as it was told; and no order is nobody's."""

from collections import Counter
from collections.abc import Iterator

from scripts.proof.checker.evidence import NO_PENDING, Evidence
from scripts.proof.checker.heard import DECIDED, Asked, Purchase
from scripts.proof.checker.snapshots import StoredOrder, StoredPurchase
from scripts.proof.checker.verdict import Check, Number, Violation, examine


def checks(evidence: Evidence) -> Iterator[Check]:
    """P3, without the audit's part."""
    heard, ledger = evidence.heard, evidence.ledger
    decided, confirmed = heard.told(*DECIDED), heard.told("confirmed")
    ours = [order for order in ledger.orders.values() if order.show == ledger.show]
    waiting = list(evidence.pending.purchases.values()) if evidence.pending else []
    yield examine("P3", "told one outcome, however often", decided, _two_outcomes, needed=True)
    yield examine("P3", "told the same tickets and total each time", confirmed, _other_tickets)
    yield examine("P3", "told the tickets and the total that are stored", confirmed, lambda p: _not_those(evidence, p))
    yield examine(
        "P3",
        "told rejected or cancelled: stored so, and no order came of it",
        heard.told("rejected", "cancelled"),
        lambda p: _other_end(evidence, p),
    )
    yield examine("P3", "stored as it was asked for, with a ticket for each place", ours, lambda o: _other(evidence, o))
    yield examine(
        "P3",
        "no order that nobody asked for",
        ours,
        lambda order: _nobodys(evidence, order),
        why_not=evidence.why_not_of_everybody,
    )
    yield examine("P3", "a ticket's code is told to one buyer", _codes(evidence), _shared)
    yield examine(
        "P3",
        "the pending store and the ledger agree",
        [purchase for purchase in waiting if purchase.outcome is not None],
        lambda purchase: _disagree(evidence, purchase),
        why_not=NO_PENDING if evidence.pending is None and heard.told("accepted") else None,
    )
    reused = [purchase for purchase in heard.purchases.values() if purchase.reused]
    yield examine("P3", "told that the id was used: another purchase had it", reused, _not_reused)


def measured(evidence: Evidence) -> dict[str, Number | None]:
    """How often what was asked for was asked for again."""
    purchases = evidence.heard.purchases.values()
    return {
        "order ids": len(purchases),
        "sent more than once": sum(purchase.tries > 1 for purchase in purchases),
        "orders stored": len(evidence.ledger.orders),
    }


def _two_outcomes(purchase: Purchase) -> Iterator[Violation]:
    """Confirmed and then cancelled is one outcome."""
    said = [told.statement for told in purchase.told(*DECIDED)]
    final = {(statement.word, statement.reason) for statement in said if statement.word != "cancelled"}
    is_cancelled = any(statement.word == "cancelled" for statement in said)
    if len(final) > 1 or (is_cancelled and any(word == "rejected" for word, _ in final)):
        words = dict.fromkeys(str(statement) for statement in said)
        yield Violation(f"told {' and '.join(words)}", (purchase.order_id,))


def _other_tickets(purchase: Purchase) -> Iterator[Violation]:
    """A page without a total says nothing of it."""
    said = [told.statement for told in purchase.told("confirmed")]
    if len(codes := {statement.tickets for statement in said}) > 1:
        yield Violation(f"told the tickets {' and '.join(sorted(map(_codes_of, codes)))}", (purchase.order_id,))
    if len(totals := {statement.total for statement in said if statement.total is not None}) > 1:
        yield Violation(f"told the totals {' and '.join(map(str, sorted(totals)))}", (purchase.order_id,))


def _not_those(evidence: Evidence, purchase: Purchase) -> Iterator[Violation]:
    order = evidence.stored(purchase)
    if order is None or not order.was_sold:
        return  # that it is lost is said under P2
    for told in purchase.told("confirmed"):
        codes, total = told.statement.tickets, told.statement.total
        if codes != order.codes:
            what = f"told the tickets {_codes_of(codes)}, stored are {_codes_of(order.codes)}"
            yield Violation(what, (purchase.order_id,))
        if total is not None and total != order.total:
            yield Violation(f"told the total {total}, stored is {order.total}", (purchase.order_id,))


def _other_end(evidence: Evidence, purchase: Purchase) -> Iterator[Violation]:
    order = evidence.stored(purchase)
    for told in purchase.told("rejected", "cancelled"):
        statement = told.statement
        if order is None and statement.reason != "sold_out":  # which is said under P4
            yield Violation(f"told {statement}, and the ledger remembers nothing of it", (purchase.order_id,))
        elif order is not None and (order.status, order.reason) != (statement.word, statement.reason):
            yield Violation(f"told {statement}, and the ledger has it {order}", (purchase.order_id,))


def _other(evidence: Evidence, order: StoredOrder) -> Iterator[Violation]:
    purchase = evidence.heard.purchases.get(order.order_id)
    bought = Counter({line.ticket_type: line.quantity for line in order.lines})
    if purchase and purchase.asked and order.lines and not any(_is(asked, bought) for asked in purchase.asked):
        asked = " or ".join(sorted(f"{asked.quantity} {asked.ticket_type}".strip() for asked in purchase.asked))
        yield Violation(f"asked for {asked}, stored is {_lines(bought)}", (order.order_id,))
    printed = Counter(ticket.ticket_type for ticket in order.tickets)
    if printed != (bought if order.was_sold else Counter()):
        yield Violation(f"{order} with {_lines(bought)}, and has tickets for {_lines(printed)}", (order.order_id,))


def _is(asked: Asked, bought: Counter[str]) -> bool:
    quantity = bought[asked.ticket_type] if asked.ticket_type else bought.total()
    return quantity == bought.total() == asked.quantity


def _nobodys(evidence: Evidence, order: StoredOrder) -> Iterator[Violation]:
    if order.order_id not in evidence.heard.purchases and evidence.why_not_of_everybody is None:
        yield Violation(f"{order}, and nobody asked for it", (order.order_id,))


def _codes(evidence: Evidence) -> list[tuple[str, list[str]]]:
    """Each code with the orders that it was told with."""
    orders: dict[str, list[str]] = {}
    for purchase in evidence.heard.told("confirmed"):
        for code in {code for told in purchase.told("confirmed") for code in told.statement.tickets}:
            orders.setdefault(code, []).append(purchase.order_id)
    return list(orders.items())


def _shared(code: tuple[str, list[str]]) -> Iterator[Violation]:
    if len(code[1]) > 1:
        yield Violation(f"the ticket {code[0]} was told to the buyers of {len(code[1])} orders", tuple(code[1]))


def _disagree(evidence: Evidence, purchase: StoredPurchase) -> Iterator[Violation]:
    order = evidence.ledger.orders.get(purchase.order_id)
    if order is None or purchase.outcome is None:
        return  # that it is lost is said under P2
    kept, stored = purchase.outcome, (order.status, order.reason)
    if kept != stored and (kept[0], stored[0]) != ("confirmed", "cancelled"):
        yield Violation(f"the pending store keeps {kept[0]}, and the ledger has it {order}", (order.order_id,))
    elif kept[0] == "confirmed" and tuple(sorted(purchase.codes)) != order.codes:
        what = f"the pending store keeps {_codes_of(purchase.codes)}, the ledger {_codes_of(order.codes)}"
        yield Violation(what, (order.order_id,))


def _not_reused(purchase: Purchase) -> Iterator[Violation]:
    if len(purchase.asked) < 2 and len(purchase.buyers) < 2:
        yield Violation("told that the order id was used, and nobody else used it", (purchase.order_id,))


def _codes_of(codes: tuple[str, ...]) -> str:
    return ", ".join(codes) or "none"


def _lines(lines: Counter[str]) -> str:
    return ", ".join(f"{quantity} {kind}" for kind, quantity in sorted(lines.items())) or "nothing"
