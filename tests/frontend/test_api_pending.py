"""The JSON interface while the function gives no answer: accepted, and followed until there is an outcome."""

import uuid
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from frontend.keys import issue_key
from frontend.orders_client import Rejected
from frontend.pending.purchases import PendingPurchase
from functions.orders import contract
from tests.fake_pending import FakePending
from tests.fakes import FakeOrders
from tests.frontend.conftest import KEY_SECRET
from tests.frontend.test_api import buy, content, refusal
from tests.pending_store import found


@pytest.fixture
def order_id() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def accepted(http: FlaskClient, orders: FakeOrders, order_id: str) -> TestResponse:
    """The answer to a purchase that was made while the function is away."""
    http.get("/api/shows")
    orders.away = True
    return buy(http, order_id)


def state(http: FlaskClient, accepted: TestResponse) -> dict[str, Any]:
    """The order as its address gives it now."""
    answer = http.get(accepted.headers["Location"])
    assert answer.status_code == 200
    return content(answer)


def test_it_is_accepted_and_says_where_to_ask(http: FlaskClient, accepted: TestResponse, order_id: str) -> None:
    assert (accepted.status_code, accepted.mimetype) == (202, "application/json")
    order = content(accepted)
    assert accepted.headers["Location"] == f"/api/orders/{order_id}?key={order['key']}"
    assert order == {
        "order_id": order_id,
        "status": "pending",
        "key": order["key"],
        "tickets": [],
        "total": 6800,
        "currency": "EUR",
        "delayed": False,
    }
    assert state(http, accepted) == order


def test_a_repeat_gets_the_same_answer(http: FlaskClient, accepted: TestResponse, order_id: str) -> None:
    again = buy(http, order_id)
    assert (again.status_code, content(again)) == (202, content(accepted))


def test_another_purchase_under_the_same_id_leads_nowhere(
    http: FlaskClient, accepted: TestResponse, order_id: str
) -> None:
    answer = buy(http, order_id, name="Mallory")
    assert answer.status_code == 503
    assert content(accepted)["key"] not in answer.text
    hers = http.get(f"/api/orders/{order_id}", query_string={"key": content(answer)["key"]})
    assert hers.status_code == 503, "and nothing of it is told"


def test_without_the_catalogue_the_currency_is_not_known(http: FlaskClient, orders: FakeOrders, order_id: str) -> None:
    orders.away = True
    order = content(buy(http, order_id))
    assert (order["total"], order["currency"]) == (None, None)


def test_it_becomes_the_order(
    http: FlaskClient, orders: FakeOrders, pending: FakePending, accepted: TestResponse, order_id: str
) -> None:
    orders.away = False
    kept = pending.find(order_id)
    assert isinstance(kept, PendingPurchase)
    orders.place(order_id, kept.order, kept.pressed_at, kept.traceparent)
    order = state(http, accepted)
    assert (order["status"], len(order["tickets"]), order["total"]) == ("confirmed", 3, 6800)
    assert "delayed" not in order


def test_it_may_be_rejected(
    http: FlaskClient, orders: FakeOrders, pending: FakePending, accepted: TestResponse, order_id: str
) -> None:
    orders.away = False
    kept = pending.find(order_id)
    assert isinstance(kept, PendingPurchase)
    orders.publish(
        contract.Show(
            *("spring-gala", "Spring Gala", "The Old Brewery"),
            starts_at=kept.pressed_at,
            sales_start=kept.pressed_at.replace(year=2020),
            sales_end=kept.pressed_at.replace(year=2021),
            ticket_types=orders._shows["spring-gala"].ticket_types,
        )
    )
    assert isinstance(orders.place(order_id, kept.order, kept.pressed_at, ""), Rejected)
    order = state(http, accepted)
    assert (order["status"], order["reason"], order["tickets"]) == ("rejected", "sales_closed", [])


def test_it_is_cancelled_like_any_other(
    http: FlaskClient, orders: FakeOrders, accepted: TestResponse, order_id: str
) -> None:
    key = content(accepted)["key"]
    cancel = f"/api/orders/{order_id}/cancel?key={key}"
    assert http.post(cancel).status_code == 503
    orders.away = False
    assert content(http.post(cancel))["status"] == "cancelled"
    assert state(http, accepted)["status"] == "cancelled"
    assert refusal(buy(http, order_id)) == (409, "cancelled")


def test_what_takes_longer_says_so_and_then_what_the_operator_says(
    http: FlaskClient, orders: FakeOrders, pending: FakePending, accepted: TestResponse, order_id: str
) -> None:
    pending.bury(order_id)
    order = state(http, accepted)
    assert (order["status"], order["delayed"]) == ("pending", True)
    pending.refuse(order_id, "The hall had to close.")
    order = state(http, accepted)
    assert (order["status"], order["message"]) == ("cancelled", "The hall had to close.")
    assert order["tickets"] == []
    orders.away = False
    orders.cancel(order_id, "", "")
    assert state(http, accepted)["message"] == "The hall had to close."


def test_a_wrong_key_is_not_found(http: FlaskClient, orders: FakeOrders, accepted: TestResponse, order_id: str) -> None:
    orders.away = False
    for wrong in ("", "x", issue_key(KEY_SECRET, order_id, "cd" * 32)):
        answer = http.get(f"/api/orders/{order_id}", query_string={"key": wrong})
        assert answer.status_code == 404
        assert content(accepted)["key"] not in answer.text


@pytest.mark.parametrize("why", ["full", "away"])
def test_what_nobody_takes_is_said_to_be_not_known(
    http: FlaskClient, orders: FakeOrders, pending: FakePending, order_id: str, why: str
) -> None:
    orders.away = True
    setattr(pending, why, True)
    answer = buy(http, order_id)
    assert answer.status_code == 503
    assert (content(answer)["retryable"], content(answer)["order_id"]) == (True, order_id)


def test_an_outcome_that_was_told_is_not_taken_back_by_a_twin_that_was_accepted(
    http: FlaskClient, orders: FakeOrders, pending: FakePending, order_id: str
) -> None:
    """The purchase was sent twice; the answer to one was slow, and it was accepted after the other was answered."""
    sold = buy(http, order_id)
    orders.away = True
    twin = buy(http, order_id)
    looks = [http.get(answer.headers["Location"]) for answer in (sold, twin)]
    assert [look.status_code for look in (sold, twin, *looks)] == [201, 202, 503, 200]
    orders.away = False
    assert [content(http.get(answer.headers["Location"]))["status"] for answer in (sold, twin)] == ["confirmed"] * 2


def test_an_outcome_that_was_told_while_the_store_was_away_is_not_taken_back(
    http: FlaskClient, orders: FakeOrders, pending: FakePending, accepted: TestResponse, order_id: str
) -> None:
    """A look found the order sold, and that could not be kept; then the function is away, and the store is back."""
    waiting = found(pending, order_id)
    orders.away, pending.away = False, True
    orders.place(order_id, waiting.order, waiting.pressed_at, waiting.traceparent)
    sold = http.get(accepted.headers["Location"])
    pending.away, orders.away = False, True
    look = http.get(f"/api/orders/{order_id}", query_string={"key": content(sold)["key"]})
    assert (content(sold)["status"], look.status_code) == ("confirmed", 503)
