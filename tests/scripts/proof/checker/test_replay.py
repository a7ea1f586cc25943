"""The replay of the stock's journal, on ledgers that are made for it."""

import pytest

from functions.orders.contract import Ticket
from scripts.proof.checker import LedgerSnapshot, Line, Step, StockRow, StoredOrder
from scripts.proof.checker.replay import Replayed, not_replayed, replay


def sold(number: int, *kinds: str, status: str = "confirmed") -> StoredOrder:
    """An order of one ticket of each kind."""
    tickets = tuple(Ticket(f"{number}-{place}", kind) for place, kind in enumerate(kinds))
    lines = tuple(Line(kind, 1) for kind in kinds)
    return StoredOrder(str(number), status, "show", "f", lines=lines, tickets=tickets)  # type: ignore[arg-type]


def ledger(
    orders: list[StoredOrder], journal: dict[str, list[Step]], stock: dict[str, StockRow] | None = None
) -> LedgerSnapshot:
    """Without `stock`, it is as the journals leave it."""
    last = {kind: steps[-1] for kind, steps in journal.items() if steps}
    ends = {kind: StockRow(step.capacity, step.sold, step.version) for kind, step in last.items()}
    return LedgerSnapshot(
        "show", {order.order_id: order for order in orders}, journal, ends if stock is None else stock
    )


def said(replayed: Replayed) -> list[str]:
    found = (*replayed.oversold, *replayed.out_of_order, *replayed.held_by_nobody)
    return [violation.what for violation in found]


def test_each_type_is_replayed_by_itself() -> None:
    journal = {
        "seat": [Step(1, 2, 0, "published"), Step(2, 2, 1, "sold", "1"), Step(3, 2, 2, "sold", "2")],
        "standing": [Step(1, 1, 0, "published"), Step(2, 1, 1, "sold", "1"), Step(3, 1, 0, "cancelled", "1")],
    }
    orders = [sold(1, "seat", "standing"), sold(2, "seat")]
    replayed = replay(ledger(orders, journal))
    assert replayed.steps == 6
    assert said(replayed) == ["standing: 1 confirmed tickets in the end, and 0 are said to be sold"]


def test_the_journal_may_come_in_any_order() -> None:
    journal = {"seat": [Step(2, 1, 1, "sold", "1"), Step(1, 1, 0, "published")]}
    assert said(replay(ledger([sold(1, "seat")], journal, {"seat": StockRow(1, 1, 2)}))) == []


def test_what_is_oversold_from_the_first_version_on_is_told_once() -> None:
    journal = {"seat": [Step(1, 0, 1, "sold", "1"), Step(2, 0, 1, "published")]}
    replayed = replay(ledger([sold(1, "seat")], journal))
    assert [violation.what for violation in replayed.oversold] == [
        "seat: 1 tickets held, 1 of 0 said to be sold at version 1",
        "seat: 1 confirmed tickets in the end, capacity 0",
    ]
    assert [violation.order_ids for violation in replayed.oversold] == [("1",), ()]


def test_what_is_oversold_again_is_told_again() -> None:
    steps = [
        Step(1, 1, 0, "published"),
        Step(2, 1, 1, "sold", "1"),
        Step(3, 1, 2, "sold", "2"),
        Step(4, 1, 1, "cancelled", "2"),
        Step(5, 1, 2, "sold", "3"),
    ]
    orders = [sold(1, "seat"), sold(2, "seat", status="cancelled"), sold(3, "seat")]
    replayed = replay(ledger(orders, {"seat": steps}))
    assert [violation.order_ids for violation in replayed.oversold] == [("2",), ("3",), ()]


def test_a_capacity_that_is_reached_is_not_exceeded() -> None:
    journal = {"seat": [Step(1, 1, 0, "published"), Step(2, 1, 1, "sold", "1")]}
    assert said(replay(ledger([sold(1, "seat")], journal))) == []


@pytest.mark.parametrize(
    ("journal", "stock", "what"),
    [
        ({}, {"seat": StockRow(1, 0, 1)}, "seat: there is no journal"),
        ({"seat": []}, {"seat": StockRow(1, 0, 1)}, "seat: there is no journal"),
        ({"seat": [Step(1, 1, 0, "published")]}, {}, "seat: there is no stock"),
        (
            {"seat": [Step(1, 1, 0, "published")]},
            {"seat": StockRow(2, 0, 1)},
            "seat: sold is 0 of 2 at version 1, and the journal ends with 0 of 1 said to be sold at version 1",
        ),
        (
            {"seat": [Step(1, 1, 0, "published")]},
            {"seat": StockRow(1, 0, 2)},
            "seat: sold is 0 of 1 at version 2, and the journal ends with 0 of 1 said to be sold at version 1",
        ),
    ],
)
def test_the_journal_ends_at_the_stock(journal: dict[str, list[Step]], stock: dict[str, StockRow], what: str) -> None:
    assert said(replay(ledger([], journal, stock))) == [what]


def test_what_stays_wrong_is_told_once_and_what_gets_worse_again() -> None:
    steps = [
        Step(1, 9, 0, "published"),
        Step(2, 9, 1, "sold", "gone"),
        Step(3, 9, 2, "sold", "1"),
        Step(4, 9, 4, "sold", "2"),
    ]
    replayed = replay(ledger([sold(1, "seat"), sold(2, "seat")], {"seat": steps}))
    assert [violation.what for violation in replayed.held_by_nobody] == [
        "seat: 0 tickets held, 1 of 9 said to be sold at version 2",
        "seat: 2 tickets held, 4 of 9 said to be sold at version 4",
        "seat: 2 confirmed tickets in the end, and 4 are said to be sold",
    ]


def test_a_sale_or_a_cancel_that_no_line_tells_is_found() -> None:
    journal = {"seat": [Step(1, 9, 1, "sold", "1")], "standing": [Step(1, 9, 0, "published")]}
    orders = [
        sold(1, "seat", "standing"),
        sold(2, "seat", status="cancelled"),
        sold(3, "seat", status="rejected"),
        StoredOrder("4", "cancelled", ""),  # a tombstone
    ]
    found = [(violation.what, violation.order_ids) for violation in not_replayed(ledger(orders, journal))]
    assert found == [
        ("the journal lacks: sold standing", ("1",)),
        ("the journal lacks: sold seat, cancelled seat", ("2",)),
    ]
