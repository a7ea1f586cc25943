"""P4: who was told "sold out" asked for more than there was, at the version of the stock that it was decided by."""

from collections.abc import Iterator
from functools import partial

from functions.orders.contract import Availability
from scripts.proof.checker.evidence import Evidence
from scripts.proof.checker.heard import Purchase, Told
from scripts.proof.checker.snapshots import Step, StoredOrder
from scripts.proof.checker.verdict import Check, Number, Violation, examine

Steps = dict[tuple[str, int], Step]


def checks(evidence: Evidence) -> Iterator[Check]:
    """P4, without the audit's part and the replay's."""
    refused = _told_sold_out(evidence)
    journal = evidence.ledger.journal.items()
    steps: Steps = {(kind, step.version): step for kind, steps in journal for step in steps} if refused else {}
    yield examine(
        "P4",
        "told sold out: at that version there was less than asked for",
        refused,
        partial(_phantom, evidence, steps),
        needed=True,
    )


def measured(evidence: Evidence) -> dict[str, Number | None]:
    """How many read that there was nothing left for them."""
    return {"told sold out": len(_told_sold_out(evidence))}


def _told_sold_out(evidence: Evidence) -> list[tuple[Purchase, Told]]:
    return [
        (purchase, told)
        for purchase in evidence.heard.purchases.values()
        for told in purchase.told("rejected")
        if told.statement.reason == "sold_out"
    ]


def _phantom(evidence: Evidence, steps: Steps, refused: tuple[Purchase, Told]) -> Iterator[Violation]:
    purchase, told = refused
    order = evidence.stored(purchase)
    if order is None:
        yield Violation("told sold out, and the ledger never decided so", (purchase.order_id,))
    elif order.reason == "sold_out":  # another outcome is said under P3
        for what in _wrong(steps, order, told):
            yield Violation(what, (purchase.order_id,))


def _wrong(steps: Steps, order: StoredOrder, told: Told) -> Iterator[str]:
    left = {each.ticket_type: each for each in order.available}
    for each in order.available:
        yield from _not_so(steps, each)
    if missing := [line.ticket_type for line in order.lines if line.ticket_type not in left]:
        yield f"sold out, and nothing says how many were left of {', '.join(missing)}"
    if not any(line.quantity > left[line.ticket_type].available for line in order.lines if line.ticket_type in left):
        asked = ", ".join(f"{line.quantity} {line.ticket_type}" for line in order.lines) or told.first.quantity
        available = (
            ", ".join(f"{each.available} at version {each.version}" for each in order.available) or "nobody knows"
        )
        yield f"sold out, asked for was {asked}, available: {available}"
    said = dict(told.statement.available)
    if said != {kind: each.available for kind, each in left.items() if kind in said}:
        decided_by = {kind: each.available for kind, each in left.items()}
        yield f"told that {said} were left, and it was decided by {decided_by}"


def _not_so(steps: Steps, left: Availability) -> Iterator[str]:
    step = steps.get((left.ticket_type, left.version))
    if step is None:
        yield f"sold out at version {left.version} of {left.ticket_type}, which the journal doesn't know"
    elif step.capacity - step.sold != left.available:
        yield (
            f"sold out with {left.available} {left.ticket_type} at version {left.version},"
            f" and by the journal {step.capacity - step.sold} were left"
        )
