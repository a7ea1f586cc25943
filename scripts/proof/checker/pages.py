"""P5: no page takes back what an earlier one said, but as the design allows; and none says what nobody asked for."""

from collections.abc import Iterator, Mapping
from typing import Final

from scripts.proof.checker.evidence import Evidence
from scripts.proof.checker.heard import WORDS, Purchase, Told, Word, is_before
from scripts.proof.checker.verdict import Check, Number, Violation, examine

# DESIGN: confirming to confirmed, rejected or cancelled; confirmed to cancelled, by a cancel alone. "Not found" says
# only that an order isn't there yet.
MAY_FOLLOW: Final[Mapping[Word, tuple[Word, ...]]] = {
    "not_found": WORDS,
    "accepted": ("accepted", "confirmed", "rejected", "cancelled"),
    "confirmed": ("confirmed", "cancelled"),
    "rejected": ("rejected",),
    "cancelled": ("cancelled",),
}


def checks(evidence: Evidence) -> Iterator[Check]:
    """P5, of which a history shows what was told; that no page holds an internal message is shown elsewhere."""
    heard = evidence.heard
    told = heard.told(*WORDS)
    yield examine("P5", "no page contradicts an earlier one of the same order", told, _contradictions, needed=True)
    yield examine("P5", "cancelled is told to who asked for it", heard.told("cancelled"), _unasked)
    yield examine("P5", "a refusal says why", heard.told("rejected"), _without_reason)


def measured(evidence: Evidence) -> dict[str, Number | None]:
    """What was heard in all."""
    return {"answers heard": evidence.heard.attempts}


def _contradictions(purchase: Purchase) -> Iterator[Violation]:
    """The earliest answer that said one thing, beside the latest that said the other: if not these, then no two do."""
    told = purchase.told(*WORDS)
    for earlier in told if len(told) > 1 else ():
        for later in told:
            if not _may_follow(earlier, later) and is_before(earlier.first, later.last):
                what = f"told {earlier.statement}, and after that {later.statement}"
                yield Violation(what, (purchase.order_id,))


def _may_follow(earlier: Told, later: Told) -> bool:
    """Tickets and totals that differ are said under P3."""
    said, then = earlier.statement, later.statement
    return then.word in MAY_FOLLOW[said.word] and not (said.word == "rejected" and said.reason != then.reason)


def _unasked(purchase: Purchase) -> Iterator[Violation]:
    first, asked = purchase.told("cancelled")[0].first, purchase.cancel_asked
    if asked is None or is_before(first, asked):
        yield Violation("told cancelled, and nobody had asked for that", (purchase.order_id,))


def _without_reason(purchase: Purchase) -> Iterator[Violation]:
    if any(told.statement.reason is None for told in purchase.told("rejected")):
        yield Violation("told rejected, without a reason", (purchase.order_id,))
