"""Who has an order's key may see and cancel it, and nobody else."""

from datetime import UTC, datetime

import pytest

from frontend.access import CancelledOrder, Denied, cancel_order, find_order
from frontend.keys import issue_key
from frontend.orders_client import Confirmed, Found, Rejected, Unconfirmed, Unknown
from functions.orders import contract
from tests.fake_pending import FakePending
from tests.fakes import FakeOrders
from tests.frontend.client_contract import TRACE, new_id, wants

SECRET = "k" * 32


@pytest.fixture
def order_id() -> str:
    return new_id()


@pytest.fixture
def sold(orders: FakeOrders, order_id: str) -> contract.Order:
    outcome = orders.place(order_id, wants(), datetime.now(UTC), TRACE)
    assert isinstance(outcome, Confirmed)
    return outcome.order


def key_for(order_id: str, order: contract.PlaceOrder) -> str:
    return issue_key(SECRET, order_id, contract.fingerprint(order))


def status_of(orders: FakeOrders, order_id: str) -> str:
    found = orders.lookup(order_id, TRACE)
    assert isinstance(found, Found)
    return found.order.status


def test_the_key_opens_the_order(orders: FakeOrders, pending: FakePending, sold: contract.Order, order_id: str) -> None:
    assert find_order(orders, pending, SECRET, order_id, key_for(order_id, wants()), TRACE) == Found(sold)


def test_a_wrong_key_is_denied_without_asking(
    orders: FakeOrders, pending: FakePending, sold: contract.Order, order_id: str
) -> None:
    orders.calls.clear()
    for key in ("", "x", key_for(new_id(), wants()), issue_key("other" * 8, order_id, sold.fingerprint)):
        assert find_order(orders, pending, SECRET, order_id, key, TRACE) == Denied()
        assert cancel_order(orders, pending, SECRET, order_id, key, TRACE) == Denied()
    assert orders.calls == []


def test_a_key_for_another_purchase_under_the_same_id_is_denied(
    orders: FakeOrders, pending: FakePending, sold: contract.Order, order_id: str
) -> None:
    """Such a key is issued while the function is away, before anybody can know whose order id it is."""
    other = key_for(order_id, wants(name="Mallory"))
    assert find_order(orders, pending, SECRET, order_id, other, TRACE) == Denied()
    assert cancel_order(orders, pending, SECRET, order_id, other, TRACE) == Denied()
    assert status_of(orders, order_id) == "confirmed"


def test_an_order_that_arrives_while_another_purchase_is_cancelled_under_its_id_is_left_alone(
    orders: FakeOrders, pending: FakePending, order_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look-up finds nothing yet: the cancel itself must say whose it is."""

    def unknown_until_now(asked: str, traceparent: str) -> Unknown:
        orders.place(order_id, wants(), datetime.now(UTC), TRACE)
        return Unknown(asked)

    with monkeypatch.context() as away:
        away.setattr(orders, "lookup", unknown_until_now)
        other = key_for(order_id, wants(name="Mallory"))
        assert cancel_order(orders, pending, SECRET, order_id, other, TRACE) == Denied()
    assert status_of(orders, order_id) == "confirmed"


def test_an_order_is_cancelled_with_its_key(
    orders: FakeOrders, pending: FakePending, sold: contract.Order, order_id: str
) -> None:
    assert cancel_order(orders, pending, SECRET, order_id, key_for(order_id, wants()), TRACE) == CancelledOrder(
        order_id, sold
    )
    assert status_of(orders, order_id) == "cancelled"


def test_an_order_that_never_arrived_is_unknown_and_can_be_cancelled(
    orders: FakeOrders, pending: FakePending, order_id: str
) -> None:
    key = key_for(order_id, wants())
    assert find_order(orders, pending, SECRET, order_id, key, TRACE) == Unknown(order_id)
    assert cancel_order(orders, pending, SECRET, order_id, key, TRACE) == CancelledOrder(order_id, None)
    buried = find_order(orders, pending, SECRET, order_id, key, TRACE)
    assert isinstance(buried, Found)
    assert buried.order.status == "cancelled"


def test_a_rejected_order_can_not_be_cancelled(orders: FakeOrders, pending: FakePending, order_id: str) -> None:
    orders.place(order_id, wants("no-such-show"), datetime.now(UTC), TRACE)
    key = key_for(order_id, wants("no-such-show"))
    assert isinstance(cancel_order(orders, pending, SECRET, order_id, key, TRACE), Rejected)


def test_nothing_is_known_while_the_function_is_away(
    orders: FakeOrders, pending: FakePending, sold: contract.Order, order_id: str
) -> None:
    orders.away = True
    key = key_for(order_id, wants())
    assert isinstance(find_order(orders, pending, SECRET, order_id, key, TRACE), Unconfirmed)
    assert isinstance(cancel_order(orders, pending, SECRET, order_id, key, TRACE), Unconfirmed)
