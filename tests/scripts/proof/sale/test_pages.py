"""What the shop's own pages say is read from them, whatever they say."""

import msgspec
import pytest
from flask.testing import FlaskClient

from frontend.orders_client import Rejected
from frontend.purchases import is_order_id
from frontend.rejections import STATUS_OF_REASON
from functions.orders import contract
from scripts.proof.sale import pages
from scripts.proof.sale.buyer import Answer
from scripts.proof.sale.messages import decode
from scripts.proof.sale.told import told
from tests.fake_pending import FakePending
from tests.fakes import FakeOrders, utc_now
from tests.frontend.pages import filled_form, send
from tests.scripts.proof.sale.asking import SAME_ORIGIN, reply_of

BUY = "/shows/spring-gala/orders"
# An order that was cancelled has a page of its own, and a show that is not known has no page.
REASONS = [reason for reason in STATUS_OF_REASON if reason not in ("cancelled", "unknown_show")]


@pytest.fixture
def fields(http: FlaskClient) -> dict[str, str]:
    return filled_form(http)


def post(http: FlaskClient, fields: dict[str, str]) -> Answer:
    return decode(reply_of(send(http, BUY, fields)))


def look(http: FlaskClient, path: str) -> Answer:
    return decode(reply_of(http.get(path, headers=SAME_ORIGIN)))


def order_page(http: FlaskClient, fields: dict[str, str]) -> str:
    return send(http, BUY, fields).headers["Location"]


def test_a_confirmed_order_has_its_tickets(http: FlaskClient, orders: FakeOrders, fields: dict[str, str]) -> None:
    answer = look(http, order_page(http, fields))
    kept = orders._orders[fields["order_id"]]
    assert told(answer) == "confirmed"
    assert answer.body["order_id"] == fields["order_id"]
    assert [ticket["code"] for ticket in answer.body["tickets"]] == [ticket.code for ticket in kept.tickets]


def test_the_states_that_an_order_goes_through(
    http: FlaskClient, orders: FakeOrders, pending: FakePending, fields: dict[str, str]
) -> None:
    orders.away = True
    page = order_page(http, fields)
    assert told(look(http, page)) == "accepted"
    pending.bury(fields["order_id"])
    assert told(look(http, page)) == "accepted"
    pending.refuse(fields["order_id"], "The show is off.")
    assert told(look(http, page)) == "cancelled"


def test_an_order_that_is_not_there(http: FlaskClient, orders: FakeOrders, pending: FakePending) -> None:
    fields = filled_form(http)
    orders.away = pending.full = True
    unconfirmed = post(http, fields)
    assert (told(unconfirmed), unconfirmed.body["order_id"]) == ("unconfirmed", fields["order_id"])
    page = f"/orders/{fields['order_id']}?key={unconfirmed.body['key']}"
    assert told(look(http, page)) == "unconfirmed"  # it can't be looked up
    orders.away = False
    assert told(look(http, f"{page}&asked={int(utc_now().timestamp())}")) == "unconfirmed"  # it may be on its way
    assert told(look(http, page)) == "not_found"
    assert told(look(http, f"/orders/{fields['order_id']}?key=wrong")) == "not_found"


def test_a_cancelled_order(http: FlaskClient, fields: dict[str, str]) -> None:
    page = order_page(http, fields)
    key = look(http, page).body["key"]
    cancelled = http.post(f"/orders/{fields['order_id']}/cancel", data={"key": key}, headers=SAME_ORIGIN)
    assert cancelled.headers["Location"] == page
    assert (told(look(http, page)), look(http, page).body["tickets"]) == ("cancelled", [])


@pytest.mark.parametrize("reason", REASONS)
def test_a_rejection_says_why(
    http: FlaskClient,
    orders: FakeOrders,
    fields: dict[str, str],
    reason: contract.Reason,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rejection = contract.Rejection(fields["order_id"], reason)
    monkeypatch.setattr(orders, "place", lambda *_: Rejected(rejection))
    answer = post(http, fields)
    assert (told(answer), answer.body["reason"], answer.status) == ("rejected", reason, STATUS_OF_REASON[reason])


@pytest.mark.parametrize("reason", [reason for reason in REASONS if reason != "id_reused"])
def test_the_page_of_a_rejected_order_says_why(
    http: FlaskClient, orders: FakeOrders, fields: dict[str, str], reason: contract.Reason
) -> None:
    page = order_page(http, fields)
    kept = orders._orders[fields["order_id"]]
    orders._orders[fields["order_id"]] = msgspec.structs.replace(kept, status="rejected", reason=reason, tickets=())
    answer = look(http, page)
    assert (told(answer), answer.body["reason"]) == ("rejected", reason)


def test_wrong_fields_are_no_rejection(http: FlaskClient, fields: dict[str, str]) -> None:
    answer = post(http, fields | {"email": "ada"})
    assert (answer.status, told(answer), answer.body.get("reason")) == (422, "error", None)


def test_a_shows_page_has_a_form_or_is_sold_out(http: FlaskClient, orders: FakeOrders) -> None:
    orders._left["open-mic", "entry"] = 0
    assert is_order_id(look(http, "/shows/spring-gala").body["form_order_id"])
    sold_out = look(http, "/shows/open-mic")
    assert (told(sold_out), sold_out.body["reason"]) == ("rejected", "not_offered")
    assert look(http, "/shows/new-year").body == {}, "sales have not begun"


def test_what_is_no_page_of_ours_says_nothing() -> None:
    for page in ("", "no healthy upstream", "<html><title>Not Found</title></html>"):
        assert pages.read(404, page) == {}
        assert told(Answer(503, pages.read(503, page))) == "error"
