"""The simulated store is as unkind as PostgreSQL: the same steps of several sessions come to the same, in both.

A kinder one would hide the very races that the simulation is there to find.
"""

from typing import Any

import msgspec
import pytest

from functions.orders import store
from functions.orders.batch import StockChange
from functions.orders.contract import Order
from functions.orders.rules import Cancel, ShowOnSale, Stock
from tests.scripts.proof.simulation.arenas import Arena, Asking, Step
from tests.scripts.proof.simulation.conftest import LOCK_AND_COUNT, LOCK_BY_NAME, LOOK_AT_STOCK
from tests.scripts.proof.simulation.steps import (
    NOW,
    Writer,
    looking_up,
    order_id,
    place,
    publishing,
    say,
    show,
)


def run(*statements: tuple[str, tuple[str, ...]]) -> Step:
    """The rows of the last one."""

    async def step(asking: Asking) -> Any:
        return (await asking.run(*statements))[-1]

    return step


def test_a_row_that_is_held_is_waited_for_and_read_as_it_is_then(arena: Arena) -> None:
    one, other = Writer(place(1, seat=2)), Writer(place(2, seat=2))
    arena.do("one", one.begin)
    arena.do("other", other.begin)
    assert arena.waiting() == {"other"}
    arena.do("one", one.commit)
    assert arena.results["other"] == [({"seat": (3, 2, 2)}, {})]
    arena.do("other", other.commit)
    assert arena.results["one"][-1] == ["confirmed"]
    assert arena.results["other"][-1] == ["sold_out"]
    assert arena.stock() == [("seat", 3, 2, 2), ("standing", 2, 0, 1)]


def test_a_row_whose_holder_rolled_back_is_read_as_it_was(arena: Arena) -> None:
    one, other = Writer(place(1, seat=2)), Writer(place(2, seat=2))
    arena.do("one", one.begin)
    arena.do("other", other.begin)
    arena.do("one", say("ROLLBACK"))
    assert arena.results["other"] == [({"seat": (3, 0, 1)}, {})]


def test_what_a_later_statement_sees_was_committed_before_it_though_not_before_the_lock(arena: Arena) -> None:
    """Why prior outcomes are read by a statement of their own: twins are one order."""
    one, twin = Writer(place(1, seat=1)), Writer(place(1, seat=1))
    arena.do("one", one.begin)
    arena.do("twin", twin.begin)
    arena.do("one", one.commit)
    assert arena.results["twin"] == [({"seat": (3, 1, 2)}, {order_id(1): "confirmed"})]
    arena.do("twin", twin.commit)
    assert arena.results["twin"][-1] == ["confirmed"]
    assert arena.stock()[0] == ("seat", 3, 1, 2)


def test_one_statement_that_locks_a_row_and_reads_another_table_misses_what_the_former_holder_committed(
    arena: Arena,
) -> None:
    one = Writer(place(1, seat=1))
    arena.do("one", one.begin)
    arena.do("both", run((LOCK_AND_COUNT, ())))
    assert arena.waiting() == {"both"}
    arena.do("one", one.commit)
    arena.do("both", run((LOCK_AND_COUNT, ())))
    first, second = arena.results["both"]
    assert [tuple(map(int, *first)), tuple(map(int, *second))] == [(1, 0), (1, 1)]


def test_without_a_lock_an_update_is_lost_unless_the_journals_key_holds_it_off(arena: Arena) -> None:
    seats = ("last-night", "seat", "")
    arena.do("one", run(("BEGIN", ()), (LOOK_AT_STOCK, seats)))
    arena.do("other", run(("BEGIN", ()), (LOOK_AT_STOCK, seats)))
    assert [tuple(row) for row in arena.results["one"][0]] == [tuple(row) for row in arena.results["other"][0]]
    one, other = Writer(place(1, seat=2)), Writer(place(2, seat=2))
    one._held = other._held = ({"last-night": {"seat": Stock(3, 0, 1)}}, {}, {})
    for name, writer in (("one", one), ("other", other)):
        arena.do(f"{name} reads", run((store._SHOWS, ("last-night",))))
        (slug, on_sale) = arena.results[f"{name} reads"][0][0]
        writer._held = (writer._held[0], {}, {slug: msgspec.json.decode(on_sale, type=ShowOnSale)})
        arena.do(name, writer.commit)
    assert arena.results["one"][-1] == ["confirmed"]
    assert arena.results["other"][-1] == "UniqueViolation"
    assert arena.stock()[0] == ("seat", 3, 2, 2)


@pytest.mark.parametrize(
    ("end", "outcome"), [("COMMIT", "UniqueViolation"), ("ROLLBACK", "COMMIT")], ids=["commits", "rolls back"]
)
def test_an_insert_waits_for_one_of_the_same_key_that_is_not_committed(arena: Arena, end: str, outcome: str) -> None:
    def writing(number: int) -> tuple[str, tuple[str, ...]]:
        buried = Order(order_id(number), "cancelled", "", "", placed_at=NOW)
        return store._write([buried], [], buried.placed_at, "test")  # type: ignore[return-value]

    arena.do("one", run(("BEGIN", ()), writing(1)))
    arena.do("other", run(("BEGIN", ()), writing(1)))
    assert arena.waiting() == {"other"}
    arena.do("one", say(end))
    arena.do("other", say("COMMIT"))
    if end == "COMMIT":
        assert arena.results["other"] == [outcome, "COMMIT"]
    else:
        assert arena.results["other"][-1] == outcome
    assert len(arena.orders()) == 1


def test_after_an_error_nothing_is_carried_out_until_the_transaction_is_over(arena: Arena) -> None:
    one, again = Writer(place(1, seat=1)), Writer(place(2, seat=1))
    arena.do("one", one.begin)
    arena.do("one", one.commit)
    again._held = one._held  # what it would write is there already
    arena.do("one", say("BEGIN"))
    arena.do("one", again.commit)
    arena.do("one", looking_up(1))
    arena.do("one", say("COMMIT"))
    arena.do("one", looking_up(2))
    assert arena.results["one"][3:] == ["UniqueViolation", "InFailedSqlTransaction", "COMMIT", []]
    assert arena.stock()[0] == ("seat", 3, 1, 2)


def test_no_row_may_be_oversold(arena: Arena) -> None:
    greedy = Writer(place(1, seat=3))
    arena.do("one", greedy.begin)
    greedy._held[0]["last-night"]["seat"] = Stock(9, 1, 1)
    arena.do("one", run(("COMMIT", ())))
    change = StockChange("last-night", "seat", 2, 3, 4, "sold", order_id(1))
    writing = store._write([], [change], NOW, "test")
    arena.do("one", run(writing))  # type: ignore[arg-type]
    assert arena.results["one"][-1] == "CheckViolation"


def test_two_who_wait_for_each_other_are_a_deadlock_and_one_of_them_goes_on(arena: Arena) -> None:
    arena.do("one", run(("BEGIN", ()), (LOCK_BY_NAME, ("seat",))))
    arena.do("other", run(("BEGIN", ()), (LOCK_BY_NAME, ("standing",))))
    arena.do("one", run((LOCK_BY_NAME, ("standing",))))
    assert arena.waiting() == {"one"}
    arena.do("other", run((LOCK_BY_NAME, ("seat",))))
    assert arena.results["other"][-1] == "DeadlockDetected"
    arena.do("other", say("ROLLBACK"))
    assert [list(map(int, row)) for row in arena.results["one"][-1]] == [[0]]


def test_rows_locked_in_key_order_are_no_deadlock(arena: Arena) -> None:
    one, other, third = (Writer(place(n, standing=1, seat=1)) for n in (1, 2, 3))
    for name, writer in (("one", one), ("other", other), ("third", third)):
        arena.do(name, writer.begin)
    assert arena.waiting() == {"other", "third"}
    arena.do("one", one.commit)
    for _ in range(2):
        for name, writer in (("other", other), ("third", third)):
            if len(arena.results.get(name, [])) == 1:
                arena.do(name, writer.commit)
    told = sorted(arena.results[name][-1][0] for name in ("one", "other", "third"))
    assert told == ["confirmed", "confirmed", "sold_out"]


def test_a_session_that_is_left_lets_go_of_all_that_it_held(arena: Arena) -> None:
    one, other = Writer(place(1, seat=1)), Writer(place(2, seat=1))
    arena.do("one", one.begin)
    arena.do("other", other.begin)
    arena.leave("one")
    assert arena.results["other"] == [({"seat": (3, 0, 1)}, {})]
    assert arena.waiting() == set()


def test_a_cancel_finds_its_rows_by_the_orders_lines_and_its_tickets_are_gone(arena: Arena) -> None:
    sale, cancel = Writer(place(1, seat=2, standing=1)), Writer(Cancel(order_id(1)))
    arena.do("one", sale.begin)
    arena.do("one", sale.commit)
    arena.do("reader", looking_up(1))
    arena.do("one", cancel.begin)
    arena.do("one", cancel.commit)
    arena.do("reader", looking_up(1))
    assert arena.results["one"][2] == (
        {"seat": (3, 2, 2), "standing": (2, 1, 2)},
        {order_id(1): "confirmed"},
    )
    assert arena.results["one"][3] == ["Cancelled"]
    before, after = (found[0] for found in arena.results["reader"])
    assert (before[:4], after[:4]) == (("confirmed", None, 3, "Last night"), ("cancelled", None, 0, "Last night"))
    assert before[4] == after[4]
    assert [line[:5] for line in arena.journal()] == [
        ("seat", 1, 3, 0, "published"),
        ("seat", 2, 3, 2, "sold"),
        ("seat", 3, 3, 0, "cancelled"),
        ("standing", 1, 2, 0, "published"),
        ("standing", 2, 2, 1, "sold"),
        ("standing", 3, 2, 0, "cancelled"),
    ]


def test_a_publication_waits_for_the_sales_of_its_show_and_is_refused_below_what_is_sold(arena: Arena) -> None:
    sale = Writer(place(1, seat=2))
    arena.do("one", sale.begin)
    arena.do("publisher", publishing(show(seat=1, standing=5), minute=1))
    assert arena.waiting() == {"publisher"}
    arena.do("one", sale.commit)
    arena.do("publisher", publishing(show(seat=2, standing=5), minute=2))
    arena.do("publisher", publishing(show(seat=9, standing=5), minute=1))
    refused, published, late = arena.results["publisher"][1:]
    assert (refused.reason, refused.sold, published.slug, late.reason) == (
        "capacity_below_sold",
        2,
        "last-night",
        "expired",
    )
    assert arena.stock() == [("seat", 2, 2, 3), ("standing", 5, 0, 2)]
