"""P2: what was told confirmed is found, and what was told accepted is decided, in time."""

from collections.abc import Iterator
from typing import Final

from scripts.proof.checker.evidence import NO_PENDING, Evidence
from scripts.proof.checker.heard import Purchase
from scripts.proof.checker.verdict import Check, Number, Violation, examine

DECIDED_WITHIN_S: Final = 30.0  # issue 6: every accepted purchase decided within 30 s of the last fault's end


def checks(evidence: Evidence) -> Iterator[Check]:
    """P2, without the audit's part."""
    confirmed, accepted = evidence.heard.told("confirmed"), evidence.heard.told("accepted")
    not_ended = evidence.why_not_to_the_end if accepted else None
    unknown = NO_PENDING if evidence.pending is None and any(evidence.stored(p) is None for p in accepted) else None
    yield examine(
        "P2", "told confirmed: found in the ledger", confirmed, lambda p: _not_found(evidence, p), needed=True
    )
    yield examine(
        "P2",
        "told accepted: decided",
        accepted,
        lambda p: _undecided(evidence, p),
        why_not=unknown or not_ended,
    )
    yield examine(
        "P2",
        f"told accepted: decided within {DECIDED_WITHIN_S:g} s of the last fault's end",
        [purchase for purchase in accepted if decided_at(evidence, purchase) is not None],
        lambda p: _late(evidence, p),
        why_not=(NO_PENDING if evidence.pending is None and accepted else None) or not_ended,
    )


def measured(evidence: Evidence) -> dict[str, Number | None]:
    """Waits in seconds; None where nobody waited, or there was no fault."""
    accepted = evidence.heard.told("accepted")
    waits = [wait for purchase in accepted if (wait := _wait_s(evidence, purchase, since_fault=False)) is not None]
    decisions = [at for purchase in accepted if (at := decided_at(evidence, purchase)) is not None]
    ended_at = evidence.heard.last_fault_ended_at
    last = max(decisions) - ended_at if decisions and ended_at is not None else None
    return {
        "told confirmed": len(evidence.heard.told("confirmed")),
        "told accepted": len(accepted),
        "s from the last fault's end to the last decision": None if last is None else max(0.0, last),
        "s from accepted to decided, at most": max(waits, default=None),
    }


def decided_at(evidence: Evidence, purchase: Purchase) -> float | None:
    """When an accepted purchase was decided: as the pending store knows it, whose clock no experiment moves."""
    waiting, order = evidence.waiting(purchase), evidence.stored(purchase)
    if waiting is not None and waiting.state == "decided":
        return waiting.decided_at
    return order.decided_at if order else None


def _not_found(evidence: Evidence, purchase: Purchase) -> Iterator[Violation]:
    order = evidence.stored(purchase)
    if order is None:
        yield Violation("told confirmed, and the ledger has no such order", (purchase.order_id,))
    elif order.status == "rejected":
        yield Violation(f"told confirmed, and the ledger has it {order}", (purchase.order_id,))
    elif order.status == "cancelled" and purchase.cancel_asked is None:
        yield Violation("told confirmed, and cancelled without being asked", (purchase.order_id,))


def _undecided(evidence: Evidence, purchase: Purchase) -> Iterator[Violation]:
    """An accepted one is in a store from the first moment; that it is decided can be asked in the end alone."""
    if evidence.stored(purchase) is not None or evidence.pending is None:
        return
    waiting = evidence.waiting(purchase)
    if waiting is None:
        yield Violation("told accepted, and it is in neither store", (purchase.order_id,))
    elif waiting.outcome is not None:
        yield Violation(
            f"told accepted, decided as {waiting.outcome[0]}, and the ledger has no such order", (purchase.order_id,)
        )
    elif waiting.state != "decided" and evidence.heard.end is not None:
        why = f"after {waiting.tries} tries, at last: {waiting.last_failure or 'no failure'}"
        yield Violation(f"told accepted, and never decided ({waiting.state} {why})", (purchase.order_id,))


def _late(evidence: Evidence, purchase: Purchase) -> Iterator[Violation]:
    wait_s = _wait_s(evidence, purchase, since_fault=True)
    if wait_s is not None and wait_s > DECIDED_WITHIN_S:
        yield Violation(f"told accepted, and decided only after {wait_s:.1f} s", (purchase.order_id,))


def _wait_s(evidence: Evidence, purchase: Purchase, *, since_fault: bool) -> float | None:
    """Seconds until the decision since it was accepted or, if that was later and asked for, the last fault's end."""
    ended_at, waiting = decided_at(evidence, purchase), evidence.waiting(purchase)
    if ended_at is None:
        return None
    began_at = waiting.accepted_at if waiting else purchase.told("accepted")[0].first.end
    fault_at = evidence.heard.last_fault_ended_at if since_fault else None
    return ended_at - max(began_at, fault_at or began_at)
