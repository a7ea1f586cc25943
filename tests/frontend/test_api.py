"""The JSON interface, on a fake of the function."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from frontend.keys import issue_key
from frontend.orders_client import Found
from functions.orders import contract
from tests.fake_pending import FakePending
from tests.fakes import FakeOrders
from tests.frontend.conftest import KEY_SECRET

PURCHASE: dict[str, Any] = {
    "show": "spring-gala",
    "lines": [{"ticket_type": "stalls", "quantity": 2}, {"ticket_type": "balcony", "quantity": 1}],
    "name": "Ada Lovelace",
    "email": "ada@example.com",
    "expected_total": 6800,
}


@pytest.fixture
def order_id() -> str:
    return str(uuid.uuid4())


def buy(http: FlaskClient, order_id: str, **changes: object) -> TestResponse:
    return http.post("/api/orders", json={**PURCHASE, **changes}, headers={"Idempotency-Key": order_id})


def content(answer: TestResponse) -> dict[str, Any]:
    assert isinstance(answer.json, dict)
    return answer.json


def mic(quantity: int) -> dict[str, Any]:
    return {"show": "open-mic", "lines": [{"ticket_type": "entry", "quantity": quantity}], "expected_total": None}


def refusal(answer: TestResponse) -> tuple[int, object]:
    """Status and reason of a rejection."""
    assert answer.mimetype == "application/problem+json"
    assert content(answer)["retryable"] is False
    assert content(answer)["status"] == answer.status_code
    return answer.status_code, content(answer)["reason"]


class TestShows:
    def test_all_shows_are_listed_with_what_is_left(self, http: FlaskClient) -> None:
        answer = http.get("/api/shows")
        assert (answer.status_code, answer.mimetype) == (200, "application/json")
        shows = content(answer)["shows"]
        assert datetime.fromisoformat(content(answer)["as_of"]).tzinfo is not None
        assert [show["slug"] for show in shows] == ["last-week", "open-mic", "spring-gala", "new-year"]
        gala = shows[2]
        assert set(gala) - {"image"} == {
            *("slug", "title", "venue", "starts_at", "sales_start", "sales_end", "on_sale", "ticket_types")
        }
        assert gala["on_sale"] is True
        assert datetime.fromisoformat(gala["starts_at"]).tzinfo is not None
        assert gala["ticket_types"][0] == {
            "id": "stalls",
            "name": "Stalls",
            "price": 2500,
            "currency": "EUR",
            "capacity": 100,
            "available": 100,
            "limit_per_order": 6,
        }

    def test_without_the_function_they_can_not_be_had(self, http: FlaskClient, orders: FakeOrders) -> None:
        orders.away = True
        answer = http.get("/api/shows")
        assert answer.status_code == 503
        assert content(answer)["retryable"] is True
        assert int(answer.headers["Retry-After"]) > 0

    def test_the_last_known_ones_are_shown_while_it_is_away(self, http: FlaskClient, orders: FakeOrders) -> None:
        before = content(http.get("/api/shows"))
        orders.away = True
        assert content(http.get("/api/shows")) == before


class TestPlace:
    def test_an_order_is_sold(self, http: FlaskClient, order_id: str) -> None:
        answer = buy(http, order_id)
        order = content(answer)
        assert answer.status_code == 201
        assert (order["order_id"], order["status"]) == (order_id, "confirmed")
        assert (order["total"], order["currency"]) == (6800, "EUR")
        assert sorted(ticket["ticket_type"] for ticket in order["tickets"]) == ["balcony", "stalls", "stalls"]
        assert all(set(ticket) == {"code", "ticket_type"} for ticket in order["tickets"])
        assert "reason" not in order
        assert answer.headers["Location"] == f"/api/orders/{order_id}?key={order['key']}"
        assert content(http.get(answer.headers["Location"])) == order

    def test_a_repeat_gets_the_same_answer(self, http: FlaskClient, order_id: str) -> None:
        first, second = buy(http, order_id), buy(http, order_id)
        assert (first.status_code, second.status_code) == (201, 201)
        assert content(first) == content(second)

    def test_lines_in_another_order_are_the_same_purchase(self, http: FlaskClient, order_id: str) -> None:
        assert content(buy(http, order_id)) == content(buy(http, order_id, lines=PURCHASE["lines"][::-1]))

    def test_another_purchase_under_the_same_id_leads_nowhere(self, http: FlaskClient, order_id: str) -> None:
        sold = content(buy(http, order_id))
        answer = buy(http, order_id, name="Mallory")
        assert refusal(answer) == (422, "id_reused")
        assert not {"key", "order_id"} & set(content(answer))
        assert "Location" not in answer.headers
        assert sold["key"] not in answer.text

    def test_a_sold_out_says_what_is_left(self, http: FlaskClient, order_id: str) -> None:
        assert buy(http, str(uuid.uuid4()), **mic(2)).status_code == 201
        answer = buy(http, order_id, **mic(2))
        assert refusal(answer) == (409, "sold_out")
        assert content(answer)["available"] == [{"ticket_type": "entry", "available": 1}]
        seen = http.get(f"/api/orders/{order_id}", query_string={"key": content(answer)["key"]})
        assert seen.status_code == 200
        assert (content(seen)["status"], content(seen)["reason"]) == ("rejected", "sold_out")
        assert content(seen)["tickets"] == []

    def test_a_changed_price_says_the_new_total(self, http: FlaskClient, order_id: str) -> None:
        answer = buy(http, order_id, expected_total=6000)
        assert refusal(answer) == (409, "price_changed")
        assert (content(answer)["total"], content(answer)["currency"]) == (6800, "EUR")

    @pytest.mark.parametrize(
        ("changes", "status", "reason"),
        [
            ({"show": "no-such-show"}, 404, "unknown_show"),
            ({"lines": [{"ticket_type": "circle", "quantity": 1}]}, 422, "unknown_ticket_type"),
            ({"lines": [{"ticket_type": "stalls", "quantity": 7}]}, 422, "limit_exceeded"),
            ({"show": "new-year", "lines": [{"ticket_type": "entry", "quantity": 1}]}, 409, "sales_closed"),
            ({"show": "last-week", "lines": [{"ticket_type": "entry", "quantity": 1}]}, 409, "sales_closed"),
        ],
    )
    def test_each_reason_has_its_status(
        self, http: FlaskClient, order_id: str, changes: dict[str, object], status: int, reason: str
    ) -> None:
        answer = buy(http, order_id, expected_total=None, **changes)
        assert refusal(answer) == (status, reason)
        assert content(answer)["order_id"] == order_id

    def test_a_cancelled_order_is_not_sold_again(self, http: FlaskClient, order_id: str) -> None:
        sold = buy(http, order_id)
        http.post(f"/api/orders/{order_id}/cancel", query_string={"key": content(sold)["key"]})
        assert refusal(buy(http, order_id)) == (409, "cancelled")

    def test_without_an_answer_nothing_is_known_and_a_repeat_is_safe(
        self, http: FlaskClient, orders: FakeOrders, pending: FakePending, order_id: str
    ) -> None:
        orders.away = pending.full = True
        answer = buy(http, order_id)
        assert answer.status_code == 503
        assert content(answer)["retryable"] is True
        assert content(answer)["order_id"] == order_id
        assert "Idempotency-Key" in content(answer)["detail"]
        assert int(answer.headers["Retry-After"]) > 0
        assert "failed" not in answer.text.lower()
        orders.away = False
        sold = buy(http, order_id)
        assert sold.status_code == 201
        for key in (content(sold)["key"], content(answer)["key"]):
            found = http.get(f"/api/orders/{order_id}", query_string={"key": key})
            assert content(found)["status"] == "confirmed", "the former key opens it as well"

    @pytest.mark.parametrize(
        "bad", [None, "", "x", "6F1C1F7E-0C4E-4D0C-9A52-4F6D2F0B7A11", "6f1c1f7e0c4e4d0c9a524f6d2f0b7a11", "é" * 36]
    )
    def test_the_idempotency_key_is_a_uuid_in_lower_case(
        self, http: FlaskClient, orders: FakeOrders, bad: str | None
    ) -> None:
        headers = {} if bad is None else {"Idempotency-Key": bad}
        answer = http.post("/api/orders", json=PURCHASE, headers=headers)
        assert answer.status_code == 400
        assert content(answer)["errors"] == [
            {"field": "Idempotency-Key", "code": "bad_order_id" if bad else "required"}
        ]
        assert orders.calls == []

    @pytest.mark.parametrize(
        "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
    )
    def test_a_body_of_another_type_is_refused(
        self, http: FlaskClient, orders: FakeOrders, order_id: str, media_type: str
    ) -> None:
        """A page of another site can send these without asking us first, unlike JSON."""
        answer = http.post(
            "/api/orders",
            data=json.dumps(PURCHASE),
            headers={"Idempotency-Key": order_id, "Content-Type": media_type},
        )
        assert answer.status_code == 415
        assert answer.mimetype == "application/problem+json"
        assert orders.calls == []

    def test_what_can_not_be_read_is_refused(self, http: FlaskClient, orders: FakeOrders, order_id: str) -> None:
        for body in (b"", b"{", b"[]", b'{"show": 1}', b"\xff"):
            answer = http.post(
                "/api/orders",
                data=body,
                headers={"Idempotency-Key": order_id, "Content-Type": "application/json; charset=utf-8"},
            )
            assert answer.status_code == 400
            assert answer.mimetype == "application/problem+json"
        assert orders.calls == []

    def test_wrong_fields_are_named(self, http: FlaskClient, order_id: str) -> None:
        answer = buy(http, order_id, email="ada", lines=[])
        assert answer.status_code == 400
        assert content(answer)["errors"] == [
            {"field": "lines", "code": "no_tickets"},
            {"field": "email", "code": "bad_email"},
        ]

    def test_a_body_that_is_too_long_is_refused(self, http: FlaskClient, order_id: str) -> None:
        answer = buy(http, order_id, name="a" * 70_000)
        assert answer.status_code == 413
        assert answer.mimetype == "application/problem+json"

    def test_the_time_of_the_order_is_that_of_the_request(
        self, http: FlaskClient, orders: FakeOrders, order_id: str
    ) -> None:
        before = datetime.now(UTC)
        buy(http, order_id)
        found = orders.lookup(order_id, "")
        assert isinstance(found, Found)
        assert before <= found.order.placed_at <= datetime.now(UTC)


class TestShow:
    @pytest.mark.parametrize("key", ["", "x", "A" * 43, "é", "%00"])
    def test_a_wrong_key_is_not_found(self, http: FlaskClient, order_id: str, key: str) -> None:
        buy(http, order_id)
        answer = http.get(f"/api/orders/{order_id}", query_string={"key": key})
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
        assert http.get(f"/api/orders/{order_id}").status_code == 404

    def test_a_wrong_key_and_an_unknown_order_look_alike(self, http: FlaskClient, order_id: str) -> None:
        key = issue_key(KEY_SECRET, order_id, "f" * 64)
        unknown = http.get(f"/api/orders/{order_id}", query_string={"key": key})
        denied = http.get(f"/api/orders/{order_id}", query_string={"key": "x"})
        assert (unknown.status_code, unknown.json) == (denied.status_code, denied.json) == (404, denied.json)

    def test_an_order_can_not_be_looked_up_while_the_function_is_away(
        self, http: FlaskClient, orders: FakeOrders, order_id: str
    ) -> None:
        sold = buy(http, order_id)
        orders.away = True
        answer = http.get(sold.headers["Location"])
        assert answer.status_code == 503
        assert content(answer)["retryable"] is True
        assert "Retry-After" in answer.headers


class TestCancel:
    def cancel(self, http: FlaskClient, order_id: str, key: str) -> TestResponse:
        return http.post(f"/api/orders/{order_id}/cancel", query_string={"key": key})

    def test_an_order_is_cancelled_once_or_twice(self, http: FlaskClient, order_id: str) -> None:
        sold = content(buy(http, order_id, **mic(3)))
        for _ in range(2):
            answer = self.cancel(http, order_id, sold["key"])
            assert answer.status_code == 200
            assert content(answer) == {**sold, "status": "cancelled", "tickets": []}
        assert buy(http, str(uuid.uuid4()), **mic(3)).status_code == 201

    def test_a_wrong_key_cancels_nothing(self, http: FlaskClient, order_id: str) -> None:
        sold = buy(http, order_id)
        assert self.cancel(http, order_id, "x").status_code == 404
        assert content(http.get(sold.headers["Location"]))["status"] == "confirmed"

    def test_an_order_that_never_arrived_is_cancelled_beforehand(self, http: FlaskClient, order_id: str) -> None:
        lost = contract.PlaceOrder("open-mic", (contract.OrderLine("entry", 1),), "Ada Lovelace", "ada@example.com")
        key = issue_key(KEY_SECRET, order_id, contract.fingerprint(lost))
        answer = self.cancel(http, order_id, key)
        assert answer.status_code == 200
        assert content(answer) == {
            "order_id": order_id,
            "status": "cancelled",
            "key": issue_key(KEY_SECRET, order_id, contract.fingerprint(lost), told=True),
            "tickets": [],
            "total": None,
            "currency": None,
        }
        assert refusal(buy(http, order_id, **mic(1))) == (409, "cancelled")
        assert content(http.get(f"/api/orders/{order_id}", query_string={"key": key})) == content(answer)

    def test_there_is_nothing_to_cancel_of_a_rejected_order(self, http: FlaskClient, order_id: str) -> None:
        rejected = content(buy(http, order_id, show="no-such-show"))
        answer = self.cancel(http, order_id, rejected["key"])
        assert refusal(answer) == (409, "unknown_show")
        assert "nothing to cancel" in content(answer)["detail"]

    def test_a_cancel_without_an_answer_is_not_said_to_have_failed(
        self, http: FlaskClient, orders: FakeOrders, order_id: str
    ) -> None:
        sold = content(buy(http, order_id))
        orders.away = True
        answer = self.cancel(http, order_id, sold["key"])
        assert answer.status_code == 503
        assert content(answer)["retryable"] is True
