"""The fake of the order function and the real one, through the same calls: the fake must not be kinder."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import requests

from frontend.metrics import Metrics
from frontend.orders_client import Cancelled, Confirmed, Found, OrdersClient, Rejected, Unconfirmed, Unknown
from frontend.orders_http import HttpOrdersClient
from frontend.routes import Routes
from frontend.transport import Transport
from functions.orders import contract
from tests.fakes import FakeOrders, sample_shows
from tests.functions.conftest import free_port
from tests.functions.local_invoker import SECRET, signature
from tests.functions.process import answers, running_function
from tests.scripts.waiting import wait_until

TRACE = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"


@dataclass(frozen=True)
class Buyer:
    """Somebody who buys through a client, one order at a time."""

    client: OrdersClient

    def place(
        self, lines: dict[str, int], show: str = "spring-gala", order_id: str | None = None, total: int | None = None
    ) -> Confirmed | Rejected | Unconfirmed:
        wanted = tuple(contract.OrderLine(kind, quantity) for kind, quantity in lines.items())
        order = contract.PlaceOrder(show, wanted, "Ann Buyer", "ann@example.org", total)
        return self.client.place(order_id or str(uuid.uuid4()), order, datetime.now(UTC), TRACE)

    def buy(self, lines: dict[str, int], show: str = "spring-gala") -> contract.Order:
        outcome = self.place(lines, show)
        assert isinstance(outcome, Confirmed)
        return outcome.order

    def refusal(self, outcome: Confirmed | Rejected | Cancelled | Unconfirmed) -> contract.Rejection:
        assert isinstance(outcome, Rejected)
        return outcome.rejection

    def left(self, slug: str) -> dict[str, int | None]:
        catalogue = self.client.catalogue(TRACE)
        assert isinstance(catalogue, contract.Catalogue)
        return {t.id: t.available for show in catalogue.shows if show.slug == slug for t in show.ticket_types}


@pytest.fixture(params=["fake", "real"])
def buyer(request: pytest.FixtureRequest) -> Iterator[Buyer]:
    if request.param == "fake":
        yield Buyer(FakeOrders())
        return
    port = free_port()
    with running_function(port, request.getfixturevalue("orders_database_url")):
        wait_until(lambda: answers(port), within_s=20)
        for show in sample_shows():
            publish(port, show)
        url = f"http://127.0.0.1:{port}/"
        yield Buyer(HttpOrdersClient(Routes.of(url, url), SECRET, Transport(), Metrics()))


def publish(port: int, show: contract.Show) -> None:
    event = contract.Event(str(uuid.uuid4()), contract.PUBLISH, "/tests", datetime.now(UTC), msgspec.json.encode(show))
    headers, body = contract.encode_event(event)
    reply = requests.post(f"http://127.0.0.1:{port}/", body, headers={**headers, **signature(event, body)}, timeout=10)
    assert contract.decode_event(reply.headers, reply.content).type == contract.PUBLISHED


def test_an_order_is_sold_found_repeated_and_cancelled(buyer: Buyer) -> None:
    order = buyer.buy({"stalls": 2, "balcony": 1})
    assert (order.status, order.total, order.currency, len(order.tickets)) == ("confirmed", 6800, "EUR", 3)
    assert order.title == "Spring Gala"
    wait_until(lambda: buyer.left("spring-gala") == {"stalls": 98, "balcony": 39})  # the list may be a moment old
    assert buyer.place({"stalls": 2, "balcony": 1}, order_id=order.order_id) == Confirmed(order)
    assert buyer.client.lookup(order.order_id, TRACE) == Found(order)
    assert buyer.client.cancel(order.order_id, "", TRACE) == Cancelled(order.order_id)
    found = buyer.client.lookup(order.order_id, TRACE)
    assert isinstance(found, Found)
    assert (found.order.status, found.order.tickets) == ("cancelled", ())
    wait_until(lambda: buyer.left("spring-gala") == {"stalls": 100, "balcony": 40})
    repeated = buyer.place({"stalls": 2, "balcony": 1}, order_id=order.order_id)
    assert buyer.refusal(repeated) == contract.Rejection(order.order_id, "cancelled")


def test_a_replay_is_the_same_purchase(buyer: Buyer) -> None:
    order_id, pressed_at = str(uuid.uuid4()), datetime.now(UTC) - timedelta(minutes=5)
    order = contract.PlaceOrder("spring-gala", (contract.OrderLine("stalls", 1),), "Ann Buyer", "ann@example.org")
    outcomes = [
        ask(order_id, order, pressed_at, TRACE)
        for ask in (buyer.client.replay, buyer.client.place, buyer.client.replay)
    ]
    assert isinstance(outcomes[0], Confirmed)
    assert outcomes == outcomes[:1] * 3
    other = msgspec.structs.replace(order, name="Bob Buyer")
    assert buyer.refusal(buyer.client.replay(order_id, other, pressed_at, TRACE)).reason == "id_reused"
    assert buyer.client.cancel(order_id, "", TRACE) == Cancelled(order_id)
    assert buyer.refusal(buyer.client.replay(order_id, order, pressed_at, TRACE)).reason == "cancelled"
    assert buyer.client.stable_opens_in() == 0


def test_what_is_sold_out_stays_so_for_this_order_id(buyer: Buyer) -> None:
    order, late = buyer.buy({"entry": 2}, "open-mic"), str(uuid.uuid4())
    refusal = buyer.refusal(buyer.place({"entry": 2}, "open-mic", late))
    assert (refusal.reason, [(a.ticket_type, a.available) for a in refusal.available]) == ("sold_out", [("entry", 1)])
    buyer.client.cancel(order.order_id, "", TRACE)
    assert buyer.refusal(buyer.place({"entry": 2}, "open-mic", late)) == refusal
    found = buyer.client.lookup(late, TRACE)
    assert isinstance(found, Found)
    kept = found.order
    assert (kept.status, kept.reason, kept.name, kept.email, kept.tickets) == ("rejected", "sold_out", "", "", ())
    assert kept.lines == (contract.OrderedLine("entry", "Entry", 2, 0),)
    assert buyer.refusal(buyer.client.cancel(late, "", TRACE)) == refusal


@pytest.mark.parametrize(
    ("lines", "show", "total", "reason"),
    [
        ({"entry": 1}, "no-such-show", None, "unknown_show"),
        ({"box": 1}, "spring-gala", None, "unknown_ticket_type"),
        ({"entry": 1}, "new-year", None, "sales_closed"),
        ({"entry": 1}, "last-week", None, "sales_closed"),
        ({"stalls": 7}, "spring-gala", None, "limit_exceeded"),
        ({"entry": 4}, "open-mic", 1, "sold_out"),
        ({"stalls": 1}, "spring-gala", 2400, "price_changed"),
    ],
)
def test_each_refusal_has_its_reason(
    buyer: Buyer, lines: dict[str, int], show: str, total: int | None, reason: str
) -> None:
    refusal = buyer.refusal(buyer.place(lines, show, total=total))
    assert refusal.reason == reason
    assert (refusal.total, refusal.currency) == ((2500, "EUR") if reason == "price_changed" else (None, None))
    shown = {"sold_out", "price_changed"}
    assert {a.ticket_type for a in refusal.available} == (set(lines) if reason in shown else set())


def test_another_purchase_with_the_same_id_learns_nothing(buyer: Buyer) -> None:
    order = buyer.buy({"stalls": 1})
    other = buyer.place({"stalls": 2}, order_id=order.order_id)
    assert buyer.refusal(other) == contract.Rejection(order.order_id, "id_reused")


def test_another_purchase_with_the_same_id_cancels_nothing(buyer: Buyer) -> None:
    order = buyer.buy({"stalls": 1})
    half, other = order.fingerprint[:32], ("0" if order.fingerprint[0] == "f" else "f") + order.fingerprint[1:]
    for fingerprint in (other, other[:32]):
        refusal = buyer.refusal(buyer.client.cancel(order.order_id, fingerprint, TRACE))
        assert refusal == contract.Rejection(order.order_id, "id_reused")
    assert buyer.client.lookup(order.order_id, TRACE) == Found(order)
    assert buyer.client.cancel(order.order_id, half, TRACE) == Cancelled(order.order_id)
    assert buyer.refusal(buyer.client.cancel(order.order_id, other, TRACE)).reason == "id_reused"
    assert buyer.client.cancel(order.order_id, order.fingerprint, TRACE) == Cancelled(order.order_id)


def test_an_order_that_was_cancelled_before_it_arrived_is_never_sold(buyer: Buyer) -> None:
    order_id = str(uuid.uuid4())
    assert buyer.client.lookup(order_id, TRACE) == Unknown(order_id)
    assert buyer.client.cancel(order_id, "", TRACE) == Cancelled(order_id)
    assert buyer.refusal(buyer.place({"stalls": 1}, order_id=order_id)).reason == "cancelled"
    found = buyer.client.lookup(order_id, TRACE)
    assert isinstance(found, Found)
    assert (found.order.status, found.order.fingerprint) == ("cancelled", "")


def test_the_catalogue_lists_all_shows_by_their_start(buyer: Buyer) -> None:
    catalogue = buyer.client.catalogue(TRACE)
    assert isinstance(catalogue, contract.Catalogue)
    assert [(show.slug, show.on_sale) for show in catalogue.shows] == [
        ("last-week", False),
        ("open-mic", True),
        ("spring-gala", True),
        ("new-year", False),
    ]
