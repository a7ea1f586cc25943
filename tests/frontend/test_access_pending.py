"""What the holder of a key sees of a purchase that was accepted without an answer."""

from datetime import UTC, datetime

import pytest

from frontend.access import CancelledOrder, Confirming, Denied, Refused, cancel_order, find_order
from frontend.keys import issue_key
from frontend.orders_client import Found, Unconfirmed, Unknown
from functions.orders import contract
from tests.fake_pending import FakePending
from tests.fakes import FakeOrders
from tests.frontend.client_contract import TRACE, new_id, wants
from tests.pending_store import accept, found, sold

SECRET = "k" * 32


@pytest.fixture
def order_id(pending: FakePending) -> str:
    """A purchase that waits."""
    return accept(pending)


class Buyer:
    """Who bought `order`, with its key."""

    def __init__(self, orders: FakeOrders, pending: FakePending, order: contract.PlaceOrder | None = None) -> None:
        self._orders = orders
        self._pending = pending
        self._order = order or wants()

    def finds(self, order_id: str, *, told: bool = False) -> object:
        return find_order(self._orders, self._pending, SECRET, order_id, self._key(order_id, told=told), TRACE)

    def cancels(self, order_id: str) -> object:
        return cancel_order(self._orders, self._pending, SECRET, order_id, self._key(order_id), TRACE)

    def status(self, order_id: str) -> str:
        answer = self.finds(order_id)
        assert isinstance(answer, Found)
        return answer.order.status

    def _key(self, order_id: str, *, told: bool = False) -> str:
        return issue_key(SECRET, order_id, contract.fingerprint(self._order), told=told)


@pytest.fixture
def buyer(orders: FakeOrders, pending: FakePending) -> Buyer:
    return Buyer(orders, pending)


@pytest.fixture
def mallory(orders: FakeOrders, pending: FakePending) -> Buyer:
    return Buyer(orders, pending, wants(name="Mallory"))


def place(orders: FakeOrders, order_id: str, order: contract.PlaceOrder | None = None) -> None:
    orders.place(order_id, order or wants(), datetime.now(UTC), TRACE)


@pytest.mark.parametrize("away", [True, False])
def test_it_is_confirming_until_the_function_knows_it(
    orders: FakeOrders, pending: FakePending, buyer: Buyer, order_id: str, away: bool
) -> None:
    orders.away = away
    assert buyer.finds(order_id) == Confirming(found(pending, order_id))
    pending.bury(order_id)
    assert buyer.finds(order_id) == Confirming(found(pending, order_id))


def test_what_the_function_knows_is_not_taken_back(
    orders: FakeOrders, pending: FakePending, buyer: Buyer, order_id: str
) -> None:
    """The purchase was placed by a repeat of the form, before a worker came to it."""
    place(orders, order_id)
    assert buyer.status(order_id) == "confirmed"
    orders.away = True
    assert isinstance(buyer.finds(order_id), Unconfirmed), "confirmed must not become confirming"
    assert pending.lease() is None


def test_who_was_told_an_outcome_is_not_told_that_it_is_to_be_confirmed(
    orders: FakeOrders, pending: FakePending, buyer: Buyer, order_id: str
) -> None:
    """Of a purchase that was sent twice one was answered, and the other accepted: no page knew of both."""
    place(orders, order_id)
    orders.away = True
    assert isinstance(buyer.finds(order_id, told=True), Unconfirmed)
    assert buyer.finds(order_id) == Confirming(found(pending, order_id)), "who was told nothing else"
    orders.away = False
    assert buyer.finds(order_id, told=True) == buyer.finds(order_id)


@pytest.mark.parametrize("show", ["no-such-show", "spring-gala"])
def test_a_final_outcome_is_told_without_the_function(
    orders: FakeOrders, pending: FakePending, order_id: str, show: str
) -> None:
    """Rejected for one reason or cancelled before it arrived: what a lookup showed once stays."""
    order_id = new_id()
    buyer = Buyer(orders, pending, wants(show))
    pending.accept(order_id, wants(show), datetime.now(UTC), TRACE)
    if show == "spring-gala":
        orders.cancel(order_id, "", TRACE)
    else:
        place(orders, order_id, wants(show))
    status = buyer.status(order_id)
    orders.away = True
    assert buyer.status(order_id) == status == ("cancelled" if show == "spring-gala" else "rejected")


def test_a_new_price_stays_with_its_rejection(orders: FakeOrders, pending: FakePending) -> None:
    order, order_id = wants(total=1), new_id()
    buyer = Buyer(orders, pending, order)
    pending.accept(order_id, order, datetime.now(UTC), TRACE)
    place(orders, order_id, order)
    buyer.finds(order_id)
    orders.away = True
    answer = buyer.finds(order_id)
    assert isinstance(answer, Found)
    assert (answer.order.reason, answer.order.total, answer.order.currency) == ("price_changed", 2500, "EUR")


def test_a_pending_purchase_whose_id_was_anothers_is_rejected_and_shows_nothing_of_it(
    orders: FakeOrders, pending: FakePending, mallory: Buyer, buyer: Buyer
) -> None:
    order_id = new_id()
    pending.accept(order_id, wants(name="Mallory"), datetime.now(UTC), TRACE)
    place(orders, order_id)
    assert mallory.finds(order_id) == Confirming(found(pending, order_id))
    pending.settle(order_id, contract.Rejection(order_id, "id_reused"))
    answer = mallory.finds(order_id)
    assert isinstance(answer, Found)
    assert (answer.order.status, answer.order.reason, answer.order.tickets) == ("rejected", "id_reused", ())
    assert mallory.cancels(order_id) == Denied()
    assert buyer.status(order_id) == "confirmed"


def test_anothers_pending_purchase_is_not_there(orders: FakeOrders, mallory: Buyer, order_id: str) -> None:
    assert mallory.finds(order_id) == Unknown(order_id)
    orders.away = True
    assert isinstance(mallory.finds(order_id), Unconfirmed)


def test_a_wrong_key_asks_nobody(orders: FakeOrders, pending: FakePending, order_id: str) -> None:
    assert find_order(orders, pending, SECRET, order_id, "x", TRACE) == Denied()
    assert orders.calls == []


def test_without_the_store_nobody_says_that_it_never_arrived(
    orders: FakeOrders, pending: FakePending, buyer: Buyer, order_id: str
) -> None:
    pending.away = True
    assert isinstance(buyer.finds(order_id), Unconfirmed)
    place(orders, order_id)
    assert buyer.status(order_id) == "confirmed"


def test_a_refused_one_says_why_with_or_without_the_function(
    orders: FakeOrders, pending: FakePending, buyer: Buyer, order_id: str
) -> None:
    orders.cancel(order_id, "", TRACE)
    pending.refuse(order_id, "The show moved.")
    with_it = buyer.finds(order_id)
    assert isinstance(with_it, Refused)
    assert with_it.order is not None
    assert with_it.order.status == "cancelled"
    orders.away = True
    assert buyer.finds(order_id) == Refused(order_id, "The show moved.", None)


def test_a_pending_one_is_cancelled_like_any_other(
    orders: FakeOrders, pending: FakePending, buyer: Buyer, order_id: str
) -> None:
    assert buyer.cancels(order_id) == CancelledOrder(order_id, None)
    assert pending.lease() is None
    orders.away = True
    assert buyer.status(order_id) == "cancelled"
    orders.away = False
    assert buyer.status(order_id) == "cancelled"


def test_a_cancel_without_an_answer_changes_nothing(
    orders: FakeOrders, pending: FakePending, buyer: Buyer, order_id: str
) -> None:
    orders.away = True
    assert isinstance(buyer.cancels(order_id), Unconfirmed)
    assert buyer.finds(order_id) == Confirming(found(pending, order_id))


def test_a_sold_one_can_be_cancelled_after_it_was_pending(
    orders: FakeOrders, pending: FakePending, buyer: Buyer, order_id: str
) -> None:
    place(orders, order_id)
    pending.settle(order_id, sold(order_id))
    assert isinstance(buyer.cancels(order_id), CancelledOrder)
    assert buyer.status(order_id) == "cancelled"
    orders.away = True
    assert isinstance(buyer.finds(order_id), Unconfirmed)
