"""Buyers who use the order id of another purchase for one of their own: they may be told next to nothing.

Whoever of them the ledger heard first has the order; all others are strangers to it. The checker knows orders by their
id, so what strangers heard is judged here.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from functions.orders import contract
from scripts.proof.checker.snapshots import LedgerSnapshot
from scripts.proof.checker.verdict import Violation
from scripts.proof.history import Attempt, Entry
from scripts.proof.simulation.plans import PRICE, SLUG, Plan, Visit

_SAYS_NOTHING = ("accepted", "unconfirmed", "busy", "not_found", "nothing", "error")


def strangers(plan: Plan, ledger: LedgerSnapshot) -> set[int]:
    """The numbers of the buyers whose order id is, in the ledger, the order of somebody else."""
    by_id: Mapping[str, list[Visit]] = defaultdict(list)
    for visit in plan.visits:
        by_id[visit.person.order_id].append(visit)
    shared = {order_id: visits for order_id, visits in by_id.items() if len(visits) > 1}
    return {visit.person.number for order_id, visits in shared.items() for visit in _others(visits, ledger, order_id)}


def without(entries: Sequence[Entry], numbers: Collection[int]) -> list[Entry]:
    """The history without what these buyers heard."""
    return [entry for entry in entries if not (isinstance(entry, Attempt) and entry.buyer in numbers)]


def told_too_much(entries: Sequence[Entry], numbers: Collection[int]) -> Iterator[Violation]:
    """P3: a stranger is told that the id is used, and nothing of the order."""
    for entry in entries:
        if isinstance(entry, Attempt) and entry.buyer in numbers and not _is_harmless(entry):
            what = f"buyer {entry.buyer}, whose purchase is another one, is told {entry.told} ({entry.reason})"
            yield Violation(what, (entry.order_id,))


def _others(visits: Sequence[Visit], ledger: LedgerSnapshot, order_id: str) -> list[Visit]:
    """All whose purchase is not the one that the ledger has; a tombstone is everybody's who wanted the order id."""
    stored = ledger.orders.get(order_id)
    if stored is None or not stored.fingerprint:
        return []
    return [visit for visit in visits if stored.fingerprint != fingerprint(visit)]


def fingerprint(visit: Visit) -> str:
    """That of the purchase as the buyer's browser sends it."""
    lines = tuple(contract.OrderLine(kind, number) for kind, number in visit.lines.items())
    total = PRICE * sum(visit.lines.values())
    email = f"{visit.person.order_id[:8]}@example.org"
    return contract.fingerprint(contract.PlaceOrder(SLUG, lines, "Ann Buyer", email, total))


def _is_harmless(entry: Attempt) -> bool:
    return entry.told in _SAYS_NOTHING or (entry.told == "rejected" and entry.reason == "id_reused")
