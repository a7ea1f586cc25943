"""Ways to break the promises to the buyers of a sale, and which promises must be found broken by each, and how.

Each begins with the sale of `test_violations.sold`; its journal has five lines: published, three times sold, cancelled.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from functions.orders.contract import Availability, Ticket
from scripts.proof.checker import Line, StoredOrder, StoredPurchase
from scripts.proof.checker.verdict import Promise
from tests.scripts.proof.checker.made import BEGAN, Made, order_id

Lie = tuple[Callable[[Made], Any], Mapping[Promise, str]]
"""What is done to the sale, and for each promise that it breaks a pattern of what must be said of it."""


def _all(*lies: Callable[[Made], Any]) -> Callable[[Made], Any]:
    return lambda made: [lie(made) for lie in lies]


def _forget(number: int) -> Callable[[Made], Any]:
    return lambda made: made.orders.pop(order_id(number))


def _purchase(made: Made, number: int, **fields: Any) -> None:
    made.purchases[order_id(number)] = msgspec.structs.replace(made.purchases[order_id(number)], **fields)


def _sell_in_secret(made: Made) -> None:
    """An order that no line of the journal tells."""
    order = made.orders[order_id(1)]
    made.orders[order_id(9)] = msgspec.structs.replace(order, order_id=order_id(9), tickets=(Ticket("9-0", "place"),))
    made.say(9, "confirmed", tickets=("9-0",), total=1000)


def _accept_only(made: Made) -> None:
    made.say(8, "accepted")
    made.purchases[order_id(8)] = StoredPurchase(order_id(8), "pending", made.now, tries=3, last_failure="late")


def _decide_late(made: Made) -> None:
    made.fault("kill", 100.0, 110.0)
    made.say(8, "accepted")
    made.purchases[order_id(8)] = StoredPurchase(order_id(8), "pending", BEGAN + 105.0)
    made.decide(8)
    _purchase(made, 8, decided_at=BEGAN + 141.0)


def _decide_late_without_a_fault(made: Made) -> None:
    made.accept(8)
    made.decide(8)
    _purchase(made, 8, decided_at=made.purchases[order_id(8)].accepted_at + 31.0)


def _while_1_bought(made: Made, told: Any, **details: Any) -> None:
    """An answer on order 1 of the same moment as that which said confirmed."""
    made.say(1, told, start=BEGAN + 1.0, end=BEGAN + 1.6, elapsed=1.6, **details)


def _while_3_was_refused(made: Made, told: Any, **details: Any) -> None:
    made.say(3, told, start=BEGAN + 4.0, end=BEGAN + 4.6, elapsed=4.6, **details)


def _tell_before(made: Made, number: int, told: Any, **details: Any) -> None:
    """An answer that was over before anything else was asked."""
    made.say(number, told, start=BEGAN - 3.0, end=BEGAN - 2.0, elapsed=-2.0, **details)


def _unread(number: int) -> Callable[[Made], Any]:
    """Nobody was told confirmed of this order."""

    def forget(made: Made) -> None:
        key = order_id(number)
        made.attempts = [each for each in made.attempts if each.order_id != key or each.told != "confirmed"]

    return forget


LOSES: Mapping[str, Lie] = {
    "a confirmed order is gone": (_forget(1), {"P2": "ledger has no such order", "P4": "held"}),
    "a confirmed order was rejected": (
        lambda made: made.change(1, status="rejected", reason="sales_closed", tickets=()),
        {"P2": r"the ledger has it rejected \(sales_closed\)", "P4": "held"},
    ),
    "a confirmed order was cancelled by nobody": (
        lambda made: made.change(1, status="cancelled"),
        {"P1": "the journal lacks: cancelled place", "P2": "cancelled without being asked", "P4": "in the end"},
    ),
    "an accepted purchase is in neither store": (lambda made: made.say(8, "accepted"), {"P2": "in neither store"}),
    "an accepted purchase is never decided": (
        _accept_only,
        {"P2": r"never decided \(pending after 3 tries, at last: late\)"},
    ),
    "the outcome of an accepted one is gone": (
        _all(_forget(2), _unread(2)),
        {"P2": "decided as confirmed, and the ledger has no such order", "P4": "held"},
    ),
    "an accepted purchase is decided late": (_decide_late, {"P2": r"decided only after 31\.0 s"}),
    "an accepted one is decided late, with no fault": (_decide_late_without_a_fault, {"P2": "only after 31.0 s"}),
}
OVERSELLS: Mapping[str, Lie] = {
    "more than there are places": (
        lambda made: made.change_step(5, capacity=1),
        {"P1": "2 of 1 said to be sold at version 5"},
    ),
    "oversold for a moment": (
        lambda made: made.change_step(3, sold=4),
        {"P1": "4 of 3 said to be sold at version 3", "P4": "2 tickets held, 4 of 3"},
    ),
    "more tickets than places, and the stock doesn't say so": (
        lambda made: made.change(1, tickets=tuple(Ticket(f"1-{number}", "place") for number in range(3))),
        {"P1": "4 tickets held, 2 of 3", "P3": "tickets", "P4": "4 tickets held, 2 of 3"},
    ),
    "more tickets told than there are places": (
        lambda made: [made.say(number, "confirmed", tickets=(f"{number}-0",)) for number in (8, 9)],
        {"P1": "place: 4 tickets told confirmed at one moment, capacity 3", "P2": "no such order"},
    ),
    "an order that was never taken off the stock": (
        _sell_in_secret,
        {"P1": "the journal lacks: sold place", "P4": "3 confirmed tickets in the end, and 2"},
    ),
    "one more is sold in the end": (
        lambda made: made.journal.append(msgspec.structs.replace(made.journal[-1], version=6, sold=3)),
        {"P4": "1 tickets held, 3 of 3"},
    ),
    "a gap in the journal": (lambda made: made.change_step(5, version=6), {"P1": "version 6 follows 4"}),
    "a version that comes twice": (
        lambda made: made.journal.insert(1, made.journal[0]),
        {"P1": "version 1 comes twice"},
    ),
    "a journal that begins in the middle": (lambda made: made.journal.pop(0), {"P1": "version 2 follows 0"}),
}
DOUBLES: Mapping[str, Lie] = {
    "confirmed and rejected, of one moment": (
        lambda made: _while_1_bought(made, "rejected", reason="sales_closed"),
        {"P3": r"told (rejected \(sales_closed\) and confirmed|confirmed and rejected \(sales_closed\))"},
    ),
    "rejected for two reasons, of one moment": (
        lambda made: _while_3_was_refused(made, "rejected", reason="sales_closed"),
        {"P3": r"told rejected \(sold_out\) and rejected \(sales_closed\)"},
    ),
    "rejected, and cancelled by the buyer": (
        lambda made: _while_3_was_refused(made, "cancelled", action="cancel"),
        {"P3": r"told rejected \(sold_out\) and cancelled"},
    ),
    "other tickets the second time": (
        lambda made: made.say(1, "confirmed", tickets=("other",), total=1000),
        {"P3": "told the tickets 0001-0 and other"},
    ),
    "another total the second time": (
        lambda made: made.say(1, "confirmed", tickets=("0001-0",), total=1100),
        {"P3": "told the totals 1000 and 1100"},
    ),
    "other tickets than are stored": (
        lambda made: made.change(1, tickets=(Ticket("other", "place"),)),
        {"P3": "told the tickets 0001-0, stored are other"},
    ),
    "another total than is stored": (
        lambda made: made.change(1, total=900),
        {"P3": "told the total 1000, stored is 900"},
    ),
    "rejected, and sold after all": (
        _all(_unread(1), lambda made: made.say(1, "rejected", reason="sales_closed")),
        {"P3": r"told rejected \(sales_closed\), and the ledger has it confirmed"},
    ),
    "a rejection that nobody remembers": (
        lambda made: made.say(8, "rejected", reason="sales_closed"),
        {"P3": "the ledger remembers nothing of it"},
    ),
    "a cancel that nobody remembers": (
        lambda made: made.say(8, "cancelled", "cancel"),
        {"P3": "told cancelled, and the ledger remembers nothing of it"},
    ),
    "an order for more than was asked": (
        lambda made: made.change(1, lines=(Line("place", 2),)),
        {"P3": "asked for 1 place, stored is 2 place"},
    ),
    "an order of another type": (
        lambda made: made.change(1, lines=(Line("seat", 1),)),
        {"P1": "the journal lacks: sold seat", "P3": "asked for 1 place, stored is 1 seat"},
    ),
    "an order without its ticket": (
        lambda made: made.change(1, tickets=()),
        {"P3": "confirmed with 1 place, and has tickets for nothing", "P4": "held"},
    ),
    "a rejected order with a ticket": (
        lambda made: made.change(3, tickets=(Ticket("3-0", "place"),)),
        {"P3": r"rejected \(sold_out\) with 1 place, and has tickets for 1 place"},
    ),
    "an order that nobody asked for": (
        lambda made: made.orders.update(
            {order_id(9): StoredOrder(order_id(9), "rejected", "show", "f" * 64, reason="expired")}
        ),
        {"P3": r"rejected \(expired\), and nobody asked for it"},
    ),
    "one ticket for two buyers": (
        _all(
            _unread(1),
            lambda made: made.change(1, tickets=(Ticket("0002-0", "place"),)),
            lambda made: made.say(1, "confirmed", tickets=("0002-0",)),
        ),
        {"P3": "the ticket 0002-0 was told to the buyers of 2 orders"},
    ),
    "another outcome in the pending store": (
        lambda made: _purchase(made, 2, kind="rejection", reason="sold_out", codes=()),
        {"P3": "the pending store keeps rejected, and the ledger has it confirmed"},
    ),
    "other tickets in the pending store": (
        lambda made: _purchase(made, 2, codes=("other",)),
        {"P3": "the pending store keeps other, the ledger 0002-0"},
    ),
    "an id that nobody else used": (
        lambda made: made.say(8, "rejected", reason="id_reused"),
        {"P3": "nobody else used it"},
    ),
}
SELLS_OUT: Mapping[str, Lie] = {
    "sold out, and never looked": (
        lambda made: made.say(8, "rejected", reason="sold_out"),
        {"P4": "the ledger never decided so"},
    ),
    "sold out with enough left": (
        lambda made: made.change(3, available=(Availability("place", 1, 3),)),
        {"P4": r"asked for was 1 place, available: 1 at version 3"},
    ),
    "sold out with another number than the journal's": (
        lambda made: made.change(3, available=(Availability("place", 0, 3),)),
        {"P4": "with 0 place at version 3, and by the journal 1 were left"},
    ),
    "sold out at a version that never was": (
        lambda made: made.change(3, available=(Availability("place", 0, 99),)),
        {"P4": "version 99 of place, which the journal doesn't know"},
    ),
    "sold out, and nobody says how many were left": (
        lambda made: made.change(3, available=()),
        {"P4": "nothing says how many were left of place"},
    ),
    "sold out, with another number on the page": (
        lambda made: made.say(3, "rejected", "look", reason="sold_out", available={"place": 1}),
        {"P4": r"told that \{'place': 1\} were left"},
    ),
}
CONTRADICTS: Mapping[str, Lie] = {
    "confirmed, then not found": (
        lambda made: (made.say(1, "not_found", "look"), made.tell(1, "look")),
        {"P5": "told confirmed, and after that not found"},
    ),
    "confirmed, then confirming again": (
        lambda made: made.say(1, "accepted", "look"),
        {"P5": "told confirmed, and after that accepted"},
    ),
    "accepted, then not found": (
        lambda made: made.say(2, "not_found", "look", start=BEGAN + 2.6, end=BEGAN + 2.9, elapsed=2.9),
        {"P5": "told accepted, and after that not found"},
    ),
    "sold out, then confirmed": (
        lambda made: _tell_before(made, 1, "rejected", reason="sold_out"),
        {
            "P3": "told rejected",
            "P5": r"told rejected \(sold_out\), and after that confirmed",
        },
    ),
    "rejected, then for another reason": (
        lambda made: made.say(3, "rejected", "look", reason="expired"),
        {"P3": "expired", "P5": r"told rejected \(sold_out\), and after that rejected \(expired\)"},
    ),
    "rejected, then confirming again": (
        lambda made: made.say(3, "accepted"),
        {"P5": r"told rejected \(sold_out\), and after that accepted"},
    ),
    "cancelled, then confirmed again": (
        lambda made: made.say(4, "confirmed", "look", tickets=("0004-0",), total=1000),
        {"P5": "told cancelled, and after that confirmed"},
    ),
    "cancelled, and nobody asked": (
        lambda made: made.say(8, "rejected", reason="cancelled"),
        {"P3": "remembers nothing", "P5": "nobody had asked for that"},
    ),
    "cancelled before anybody asked": (
        lambda made: _tell_before(made, 4, "rejected", reason="cancelled"),
        {"P5": "nobody had asked for that"},
    ),
    "rejected, and nobody says why": (
        lambda made: made.say(8, "rejected"),
        {"P3": "remembers nothing", "P5": "without a reason", "P6": "was rejected"},
    ),
}
ERRS: Mapping[str, Lie] = {
    told: (lambda made, told=told: made.say(8, told, last=True), {"P6": f"buyer 8: .*was {told}"})  # type: ignore[misc]
    for told in ("error", "nothing", "busy", "unconfirmed", "not_found")
}
LIES = {**LOSES, **OVERSELLS, **DOUBLES, **SELLS_OUT, **CONTRADICTS, **ERRS}
