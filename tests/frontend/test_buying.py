"""A purchase is decided, or kept durably, or nobody can say; one order id is bought once in each case."""

from frontend.buying import Pending, buy
from frontend.metrics import Metrics
from frontend.orders_client import Confirmed, Rejected, Unconfirmed
from functions.orders import contract
from tests.fake_pending import FakePending
from tests.fakes import FakeOrders, utc_now
from tests.frontend.client_contract import TRACE, new_id, wants
from tests.pending_store import accept, found, sold


def bought(
    orders: FakeOrders, pending: FakePending, order_id: str, order: contract.PlaceOrder | None = None
) -> Confirmed | Rejected | Pending | Unconfirmed:
    return buy(orders, pending, order_id, order or wants(), utc_now(), TRACE)


def reason(outcome: object) -> str | None:
    return outcome.rejection.reason if isinstance(outcome, Rejected) else None


def test_what_the_function_decides_is_kept_nowhere_else(orders: FakeOrders, pending: FakePending) -> None:
    sold_id, refused_id = new_id(), new_id()
    assert isinstance(bought(orders, pending, sold_id), Confirmed)
    assert reason(bought(orders, pending, refused_id, wants("no-such-show"))) == "unknown_show"
    assert (pending.find(sold_id), pending.find(refused_id)) == (None, None)


def test_without_an_answer_the_purchase_is_accepted(orders: FakeOrders, pending: FakePending) -> None:
    orders.away = True
    order_id = new_id()
    outcome = bought(orders, pending, order_id)
    assert outcome == Pending(found(pending, order_id))
    assert bought(orders, pending, order_id) == outcome


def test_another_purchase_under_a_pending_id_is_neither_accepted_nor_refused(
    orders: FakeOrders, pending: FakePending
) -> None:
    """Which of the two the function has nobody knows: this one may be sold already, its answer lost."""
    mallorys = wants(name="Mallory")
    order_id = accept(pending)
    orders.place(order_id, mallorys, utc_now(), TRACE)
    orders.away = True
    assert isinstance(bought(orders, pending, order_id, mallorys), Unconfirmed)
    orders.away = False
    assert isinstance(bought(orders, pending, order_id, mallorys), Confirmed)
    assert reason(bought(orders, pending, order_id)) == "id_reused"


def test_nothing_is_known_if_it_can_not_be_accepted_either(orders: FakeOrders, pending: FakePending) -> None:
    orders.away = True
    pending.full = True
    assert isinstance(bought(orders, pending, new_id()), Unconfirmed)
    pending.full, pending.away = False, True
    assert isinstance(bought(orders, pending, new_id()), Unconfirmed)


def test_the_store_is_not_asked_while_the_function_answers(orders: FakeOrders, pending: FakePending) -> None:
    pending.away = True
    assert isinstance(bought(orders, pending, new_id()), Confirmed)


def test_a_rejection_stays_while_the_function_is_away(orders: FakeOrders, pending: FakePending) -> None:
    orders.away = True
    sold_out, cancelled, refused = (accept(pending) for _ in range(3))
    pending.settle(sold_out, contract.Rejection(sold_out, "sold_out"))
    pending.settle(cancelled, contract.Cancelled(cancelled))
    pending.refuse(refused, "The show moved.")
    outcomes = [reason(bought(orders, pending, order_id)) for order_id in (sold_out, cancelled, refused)]
    assert outcomes == ["sold_out", "cancelled", "cancelled"]


def test_one_that_was_sold_may_be_cancelled_by_now(orders: FakeOrders, pending: FakePending) -> None:
    """A buyer who read *confirmed* must not read *confirming* after it, nor *confirmed* after *cancelled*."""
    orders.away = True
    order_id = accept(pending)
    pending.settle(order_id, sold(order_id))
    assert isinstance(bought(orders, pending, order_id), Unconfirmed)


def test_a_dead_letter_is_still_accepted(orders: FakeOrders, pending: FakePending) -> None:
    orders.away = True
    order_id = accept(pending)
    pending.bury(order_id)
    assert bought(orders, pending, order_id) == Pending(found(pending, order_id))


def test_what_is_decided_here_is_counted(orders: FakeOrders, pending: FakePending) -> None:
    metrics = Metrics()
    buy(orders, pending, new_id(), wants(), utc_now(), TRACE, metrics)
    buy(orders, pending, new_id(), wants("no-such-show"), utc_now(), TRACE, metrics)
    orders.away = True
    buy(orders, pending, new_id(), wants(), utc_now(), TRACE, metrics)
    counted = {
        outcome: metrics.registry.get_sample_value("flametickets_purchases_decided_total", {"outcome": outcome})
        for outcome in ("confirmed", "rejected:unknown_show")
    }
    assert counted == {"confirmed": 1, "rejected:unknown_show": 1}
