"""P6: next to nobody sees an error, whatever fails behind the page."""

from collections.abc import Iterator
from typing import Final

from scripts.proof.checker.evidence import Evidence
from scripts.proof.checker.verdict import Check, Number, Violation, collected
from scripts.proof.history import Attempt

VISIBLE_ERRORS: Final = 0.001  # DESIGN, P6: at most 0.1 % of buyers, also with 30 % of the function's replies failing


def checks(evidence: Evidence) -> Iterator[Check]:
    """P6: one violation for each buyer who saw an error, once they are too many."""
    buyers, found = _buyers(evidence), list(_found(evidence))
    yield collected(
        "P6",
        f"a buyer's last answer is an error for at most {VISIBLE_ERRORS:.1%}",
        buyers,
        found if len(found) > VISIBLE_ERRORS * buyers else (),
        needed=True,
        why_not=evidence.why_not_to_the_end,
    )


def measured(evidence: Evidence) -> dict[str, Number | None]:
    """The share is of buyers, from 0 to 1."""
    buyers, seen = _buyers(evidence), sum(1 for _ in _found(evidence))
    return {"buyers": buyers, "saw an error last": seen, "share that saw an error": seen / buyers if buyers else None}


def saw_an_error(last: Attempt) -> bool:
    """Whether a last answer is none of confirmed, accepted, an honest rejection, or the cancel that was asked for."""
    return last.told not in ("confirmed", "accepted", "cancelled", "rejected") or (
        last.told == "rejected" and last.reason is None
    )


def _buyers(evidence: Evidence) -> int:
    """All who came, also those who never got an answer."""
    return len(evidence.heard.answers) + evidence.heard.never_answered


def _found(evidence: Evidence) -> Iterator[Violation]:
    for last in evidence.heard.answers.values():
        if saw_an_error(last):
            what = f"buyer {last.buyer}: the last answer, to {last.action}, was {last.told} (status {last.status})"
            yield Violation(what, (last.order_id,))
    for _ in range(evidence.heard.never_answered):
        yield Violation("a buyer was never answered, until the sale was over")
