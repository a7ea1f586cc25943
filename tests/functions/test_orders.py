"""Orders through the whole function: placed, repeated, rejected, looked up, cancelled."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from functions.orders import contract
from functions.orders.contract import CANCEL, LOOKUP, PLACE, Order, Rejection
from tests.functions.conftest import StartFunction
from tests.functions.local_invoker import LocalInvoker, make_order, make_show


async def test_an_order_of_two_types_is_confirmed_with_a_ticket_each(on_sale: LocalInvoker) -> None:
    answer = await on_sale.send(PLACE, make_order(lines={"seat": 2, "standing": 1}, expected_total=6250))
    order = answer.data(Order)
    assert answer.event.type == contract.CONFIRMED
    assert (order.status, order.total, order.currency) == ("confirmed", 6250, "EUR")
    assert [ticket.ticket_type for ticket in order.tickets] == ["seat", "seat", "standing"]
    assert len({ticket.code for ticket in order.tickets}) == 3
    assert (answer.event.subject, answer.event.revision) == (order.order_id, "orders-stable-1")


@pytest.mark.parametrize("structured", [True, False])
async def test_the_reply_comes_in_the_mode_of_the_request(on_sale: LocalInvoker, structured: bool) -> None:
    answer = await on_sale.send(PLACE, make_order(), structured=structured)
    assert contract.is_structured(answer.headers) is structured
    assert answer.data(Order).status == "confirmed"


async def test_a_repeat_gets_the_same_tickets_and_sells_nothing_more(on_sale: LocalInvoker) -> None:
    order_id = str(uuid.uuid4())
    first = await on_sale.send(PLACE, make_order(), id=order_id)
    second = await on_sale.send(PLACE, make_order(), id=order_id, attempt=2)
    assert second.data(Order) == first.data(Order)
    assert await on_sale.left() == {"seat": 3, "standing": 3}


async def test_ten_repeats_at_once_over_two_processes_are_one_order(start_function: StartFunction) -> None:
    functions = [await start_function(), await start_function()]
    await functions[0].send(contract.PUBLISH, make_show())
    order_id = str(uuid.uuid4())
    answers = await asyncio.gather(*(functions[n % 2].send(PLACE, make_order(), id=order_id) for n in range(10)))
    assert len({tuple(answer.data(Order).tickets) for answer in answers}) == 1
    assert await functions[1].left() == {"seat": 3, "standing": 3}


async def test_another_purchase_under_a_used_order_id_learns_nothing(on_sale: LocalInvoker) -> None:
    order_id = str(uuid.uuid4())
    await on_sale.send(PLACE, make_order(), id=order_id)
    answer = await on_sale.send(PLACE, make_order(name="Somebody Else"), id=order_id)
    assert answer.data(Rejection) == Rejection(order_id, "id_reused")
    assert b"Ann" not in answer.body
    assert await on_sale.left() == {"seat": 3, "standing": 3}


async def test_twins_with_different_shows_in_two_processes_are_one_order(start_function: StartFunction) -> None:
    functions = [await start_function(), await start_function()]
    for slug in ("one", "two"):
        await functions[0].send(contract.PUBLISH, make_show(slug))
    for _ in range(10):
        order_id = str(uuid.uuid4())
        answers = await asyncio.gather(
            functions[0].send(PLACE, make_order("one", {"seat": 1}), id=order_id),
            functions[1].send(PLACE, make_order("two", {"seat": 1}), id=order_id),
        )
        assert {answer.event.type for answer in answers} <= {contract.CONFIRMED, contract.REJECTED}
        reused = [a.data(Rejection).reason for a in answers if a.event.type == contract.REJECTED]
        assert "id_reused" in reused


async def test_a_hundred_buyers_over_two_processes_never_oversell(start_function: StartFunction) -> None:
    functions = [await start_function(), await start_function()]
    await functions[0].send(contract.PUBLISH, make_show())
    buyers = (functions[n % 2].send(PLACE, make_order(lines={"seat": 1})) for n in range(100))
    answers = await asyncio.gather(*buyers)
    kinds = [answer.event.type for answer in answers]
    assert kinds.count(contract.CONFIRMED) == 5
    sold_out = [a.data(Rejection) for a in answers if a.event.type == contract.REJECTED]
    assert len(sold_out) == 95
    assert {(r.reason, r.available[0].available) for r in sold_out} == {("sold_out", 0)}


async def test_an_order_of_several_lines_is_all_or_nothing(on_sale: LocalInvoker) -> None:
    await on_sale.send(PLACE, make_order(lines={"standing": 2}))
    answer = await on_sale.send(PLACE, make_order(lines={"seat": 1, "standing": 2}))
    assert answer.data(Rejection).reason == "sold_out"
    assert [(a.ticket_type, a.available) for a in answer.data(Rejection).available] == [("seat", 5), ("standing", 1)]
    assert await on_sale.left() == {"seat": 5, "standing": 1}


async def test_a_rejection_is_remembered_though_tickets_come_free(on_sale: LocalInvoker) -> None:
    order_id, first = str(uuid.uuid4()), str(uuid.uuid4())
    await on_sale.send(PLACE, make_order(lines={"standing": 3}), id=first)
    assert (await on_sale.send(PLACE, make_order(lines={"standing": 1}), id=order_id)).event.type == contract.REJECTED
    await on_sale.send(CANCEL, contract.CancelOrder(first))
    repeated = await on_sale.send(PLACE, make_order(lines={"standing": 1}), id=order_id)
    assert repeated.data(Rejection).reason == "sold_out"


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (make_order("no-such-show"), "unknown_show"),
        (make_order(lines={"balcony": 1}), "unknown_ticket_type"),
        (make_order(lines={"seat": 5}), "limit_exceeded"),
        (make_order(lines={"seat": 4, "standing": 3}, expected_total=1), "price_changed"),
    ],
)
async def test_what_cannot_be_sold_is_rejected_with_its_reason(
    on_sale: LocalInvoker, order: contract.PlaceOrder, reason: str
) -> None:
    order_id = str(uuid.uuid4())
    answer = await on_sale.send(PLACE, order, id=order_id)
    assert answer.event.type == contract.REJECTED
    assert answer.data(Rejection).reason == reason
    assert (await on_sale.send(PLACE, order, id=order_id)).data(Rejection) == answer.data(Rejection)


async def test_a_changed_price_is_told_with_the_new_total(on_sale: LocalInvoker) -> None:
    rejection = (await on_sale.send(PLACE, make_order(expected_total=4000))).data(Rejection)
    assert (rejection.reason, rejection.total, rejection.currency) == ("price_changed", 5000, "EUR")


async def test_the_window_is_judged_by_when_the_buyer_pressed(function: LocalInvoker) -> None:
    ended = datetime.now(UTC) - timedelta(minutes=5)
    await function.send(contract.PUBLISH, make_show(sales_start=ended - timedelta(days=3), sales_end=ended))
    before = await function.send(PLACE, make_order(), time=ended - timedelta(seconds=1))
    after = await function.send(PLACE, make_order(), time=ended)
    assert before.data(Order).status == "confirmed"
    assert after.data(Rejection).reason == "sales_closed"


async def test_a_clock_that_runs_ahead_does_not_open_the_sale_early(function: LocalInvoker) -> None:
    start = datetime.now(UTC) + timedelta(hours=1)
    await function.send(contract.PUBLISH, make_show(sales_start=start))
    answer = await function.send(PLACE, make_order(), time=start + timedelta(hours=1))
    assert answer.data(Rejection).reason == "sales_closed"


async def test_an_event_older_than_a_week_is_refused(on_sale: LocalInvoker) -> None:
    answer = await on_sale.send(PLACE, make_order(), time=datetime.now(UTC) - timedelta(days=7, seconds=1))
    assert answer.data(Rejection).reason == "expired"


async def test_a_lookup_finds_the_order_as_it_is(on_sale: LocalInvoker) -> None:
    placed = (await on_sale.send(PLACE, make_order())).data(Order)
    found = await on_sale.send(LOOKUP, contract.OrderRef(placed.order_id))
    assert found.event.type == contract.FOUND
    assert found.data(Order) == placed
    assert placed.fingerprint == contract.fingerprint(make_order())


async def test_a_lookup_of_an_order_that_never_arrived_says_so(on_sale: LocalInvoker) -> None:
    order_id = str(uuid.uuid4())
    answer = await on_sale.send(LOOKUP, contract.OrderRef(order_id))
    assert answer.event.type == contract.UNKNOWN
    assert answer.data(contract.Unknown).order_id == order_id


async def test_a_rejected_order_keeps_no_personal_data(on_sale: LocalInvoker, orders_database_url: str) -> None:
    await on_sale.send(PLACE, make_order(lines={"seat": 4, "standing": 4}))
    with psycopg.connect(orders_database_url) as session:
        assert session.execute("SELECT name, email FROM orders").fetchall() == [("", "")]


async def test_a_cancel_frees_the_tickets_once(on_sale: LocalInvoker) -> None:
    placed = (await on_sale.send(PLACE, make_order(lines={"seat": 3, "standing": 1}))).data(Order)
    for _ in range(2):
        answer = await on_sale.send(CANCEL, contract.CancelOrder(placed.order_id))
        assert answer.event.type == contract.CANCELLED
        assert await on_sale.left() == {"seat": 5, "standing": 3}
    found = (await on_sale.send(LOOKUP, contract.OrderRef(placed.order_id))).data(Order)
    assert (found.status, found.tickets) == ("cancelled", ())


async def test_an_order_that_was_cancelled_is_not_sold_again(on_sale: LocalInvoker) -> None:
    placed = (await on_sale.send(PLACE, make_order())).data(Order)
    await on_sale.send(CANCEL, contract.CancelOrder(placed.order_id))
    repeated = await on_sale.send(PLACE, make_order(), id=placed.order_id)
    assert repeated.data(Rejection).reason == "cancelled"
    assert await on_sale.left() == {"seat": 5, "standing": 3}


async def test_a_cancel_that_arrives_first_leaves_a_tombstone(on_sale: LocalInvoker) -> None:
    order_id = str(uuid.uuid4())
    assert (await on_sale.send(CANCEL, contract.CancelOrder(order_id))).event.type == contract.CANCELLED
    late = await on_sale.send(PLACE, make_order(), id=order_id)
    assert late.data(Rejection).reason == "cancelled"
    assert await on_sale.left() == {"seat": 5, "standing": 3}


async def test_a_cancel_of_a_rejected_order_tells_its_reason(on_sale: LocalInvoker) -> None:
    order_id = str(uuid.uuid4())
    await on_sale.send(PLACE, make_order(lines={"balcony": 1}), id=order_id)
    answer = await on_sale.send(CANCEL, contract.CancelOrder(order_id))
    assert answer.event.type == contract.REJECTED
    assert answer.data(Rejection).reason == "unknown_ticket_type"


@pytest.mark.parametrize("length", [64, 32, 1])
@pytest.mark.parametrize("lines", [{"seat": 1}, {"balcony": 1}])
async def test_a_cancel_of_another_purchase_with_the_same_id_changes_and_tells_nothing(
    on_sale: LocalInvoker, length: int, lines: dict[str, int]
) -> None:
    """It may have been sent while nobody knew whose order id it is, and arrive after the other's order."""
    order_id, order = str(uuid.uuid4()), make_order(lines=lines)
    placed = await on_sale.send(PLACE, order, id=order_id)
    own = contract.fingerprint(order)[:length]
    anothers = ("0" if own[0] == "f" else "f") + own[1:]
    answer = await on_sale.send(CANCEL, contract.CancelOrder(order_id, anothers))
    assert answer.data(Rejection) == Rejection(order_id, "id_reused")
    assert (await on_sale.send(PLACE, order, id=order_id)).event.data == placed.event.data
    own_answer = await on_sale.send(CANCEL, contract.CancelOrder(order_id, own))
    assert own_answer.event.type == (contract.CANCELLED if "seat" in lines else contract.REJECTED)
    answer = await on_sale.send(CANCEL, contract.CancelOrder(order_id, anothers))
    assert answer.data(Rejection).reason == "id_reused"


@pytest.mark.parametrize("fingerprint", ["0" * 65, "F", "g", "a b", "a\n", None, 1])
async def test_what_is_no_fingerprint_cancels_nothing(on_sale: LocalInvoker, fingerprint: object) -> None:
    placed = (await on_sale.send(PLACE, make_order())).data(Order)
    data = {"order_id": placed.order_id, "fingerprint": fingerprint}
    assert (await on_sale.send(CANCEL, data)).status == 400
    assert (await on_sale.send(LOOKUP, contract.OrderRef(placed.order_id))).data(Order) == placed


async def test_a_cancel_and_its_order_at_once_in_two_processes_agree(start_function: StartFunction) -> None:
    functions = [await start_function(), await start_function()]
    await functions[0].send(contract.PUBLISH, make_show())
    for _ in range(10):
        order_id = str(uuid.uuid4())
        placed, cancelled = await asyncio.gather(
            functions[0].send(PLACE, make_order(), id=order_id),
            functions[1].send(CANCEL, contract.CancelOrder(order_id)),
        )
        assert placed.status == cancelled.status == 200
        found = await functions[0].send(LOOKUP, contract.OrderRef(order_id))
        assert found.data(Order).status == "cancelled"
        assert await functions[0].left() == {"seat": 5, "standing": 3}


async def test_the_journal_has_every_version_of_the_stock(on_sale: LocalInvoker, orders_database_url: str) -> None:
    placed = [(await on_sale.send(PLACE, make_order(lines={"seat": 1}))).data(Order) for _ in range(3)]
    await on_sale.send(CANCEL, contract.CancelOrder(placed[1].order_id))
    with psycopg.connect(orders_database_url) as session:
        lines = session.execute(
            "SELECT version, sold, cause FROM stock_journal WHERE ticket_type = 'seat' ORDER BY version"
        ).fetchall()
        present = session.execute("SELECT version, sold FROM stock WHERE ticket_type = 'seat'").fetchone()
    causes = ["published", "sold", "sold", "sold", "cancelled"]
    assert lines == [(n + 1, sold, cause) for n, (sold, cause) in enumerate(zip([0, 1, 2, 3, 2], causes, strict=True))]
    assert present == (5, 2)
