"""How the shop calls the function: which event it sends, and what becomes of the reply."""

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from structlog.testing import capture_logs

from frontend.metrics import Metrics
from frontend.orders_client import Cancelled, Confirmed, Found, Rejected, Unconfirmed, Unknown
from frontend.orders_http import HttpOrdersClient
from frontend.replies import NoReply, Reply
from frontend.routes import Routes
from frontend.transport import Transport
from functions.orders import contract
from tests.fakes import FakeOrders
from tests.frontend.clocks import Clock
from tests.frontend.conftest import SIGNING_SECRET
from tests.frontend.function_server import FunctionServer, function_server, reply_event

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PRESSED_AT = datetime.now(UTC) - timedelta(minutes=3)


def purchase(quantity: int = 1, show: str = "spring-gala", kind: str = "stalls") -> contract.PlaceOrder:
    return contract.PlaceOrder(show, (contract.OrderLine(kind, quantity),), "Ada", "ada@example.com")


def client_of(
    url: str,
    secret: str = SIGNING_SECRET,
    *,
    transport: Transport | None = None,
    now: Callable[[], float] = time.time,
) -> HttpOrdersClient:
    """A client whose waits between its tries take no time, and are the longest, so that few tries go into a call."""
    clock = Clock()
    routes, transport = Routes.of(url, url, clock), transport or Transport()
    return HttpOrdersClient(routes, secret, transport, Metrics(), now=now, random=lambda: 1.0, sleep=clock.sleep)


@pytest.fixture
def server(orders: FakeOrders) -> Iterator[FunctionServer]:
    with function_server(orders, SIGNING_SECRET) as server:
        yield server


@pytest.fixture
def client(server: FunctionServer) -> Iterator[HttpOrdersClient]:
    transport = Transport()
    yield client_of(server.url, transport=transport)
    transport.close()


def test_a_place_is_the_order_itself(server: FunctionServer, client: HttpOrdersClient) -> None:
    """The event's id is the order id and its time is when the buyer pressed, however often it is sent."""
    order_id = str(uuid.uuid4())
    for _ in range(2):
        assert isinstance(client.place(order_id, purchase(), PRESSED_AT, TRACE), Confirmed)
    for event in server.events:
        assert (event.id, event.subject, event.time) == (order_id, order_id, PRESSED_AT)
        assert (event.type, event.source) == (contract.PLACE, "/flametickets/frontend")
        assert (event.attempt, event.time_left_ms) == (1, 2000)
        assert event.traceparent == TRACE
        assert contract.decode_command(event) == purchase()
    assert server.headers_seen[0]["traceparent"] == TRACE


def test_everything_else_has_an_id_of_its_own(server: FunctionServer, client: HttpOrdersClient) -> None:
    order_id = str(uuid.uuid4())
    for _ in range(2):
        assert client.lookup(order_id, TRACE) == Unknown(order_id)
        assert isinstance(client.catalogue(TRACE), contract.Catalogue)
    assert client.cancel(order_id, "", TRACE) == Cancelled(order_id)
    assert len({order_id, *(event.id for event in server.events)}) == 6
    assert [event.subject for event in server.events] == [order_id, None, order_id, None, order_id]
    assert abs(server.events[0].time - datetime.now(UTC)) < timedelta(minutes=1)


def test_each_outcome_of_the_function_is_told(orders: FakeOrders, client: HttpOrdersClient) -> None:
    sold, refused = str(uuid.uuid4()), str(uuid.uuid4())
    confirmed = client.place(sold, purchase(2), PRESSED_AT, TRACE)
    assert isinstance(confirmed, Confirmed)
    assert len(confirmed.order.tickets) == 2
    assert client.place(refused, purchase(show="no-show"), PRESSED_AT, TRACE) == Rejected(
        contract.Rejection(refused, "unknown_show")
    )
    assert client.lookup(sold, TRACE) == Found(confirmed.order)
    assert isinstance(client.cancel(refused, "", TRACE), Rejected)
    assert client.cancel(sold, "", TRACE) == Cancelled(sold)


@pytest.mark.parametrize(
    "ask",
    [
        lambda client, order_id: client.place(order_id, purchase(), PRESSED_AT, TRACE),
        lambda client, order_id: client.replay(order_id, purchase(), PRESSED_AT, TRACE),
        lambda client, order_id: client.lookup(order_id, TRACE),
        lambda client, order_id: client.cancel(order_id, "", TRACE),
        lambda client, _: client.catalogue(TRACE),
    ],
)
def test_a_function_that_is_away_leaves_everything_unconfirmed(
    orders: FakeOrders, client: HttpOrdersClient, ask: Callable[[HttpOrdersClient, str], object]
) -> None:
    orders.away = True
    with capture_logs() as logs:
        assert ask(client, str(uuid.uuid4())) == Unconfirmed("status_503")
    assert [entry["log_level"] for entry in logs] == ["warning"]


def test_a_refused_signature_is_an_alarm(server: FunctionServer) -> None:
    client = client_of(server.url, "another-secret-that-nobody-else-has-ever")
    with capture_logs() as logs:
        assert client.place(str(uuid.uuid4()), purchase(), PRESSED_AT, TRACE) == Unconfirmed("status_401")
    assert logs[0] == {
        "event": "function.refused",
        "log_level": "error",
        "kind": "place",
        "route": "weighted",
        "reply": "status_401",
    }


def test_each_try_is_signed_with_the_time_of_its_own(server: FunctionServer) -> None:
    """A signature is only good for five minutes, while an event may wait for days."""
    late = client_of(server.url, now=lambda: time.time() - 600)
    assert late.lookup(str(uuid.uuid4()), TRACE) == Unconfirmed("status_401")


def replied(kind: str, data: contract.Order) -> Reply:
    return Reply(200, *contract.encode_event(reply_event(kind, data, data.order_id)))


class OneReply(Transport):
    """A transport that always gets the same reply."""

    def __init__(self, reply: Reply | NoReply) -> None:
        super().__init__()
        self._reply = reply

    def post(self, *_: object, **__: object) -> Reply | NoReply:
        return self._reply


@pytest.mark.parametrize("changed", [{"fingerprint": "0" * 64}, {"status": "cancelled"}, {"status": "rejected"}])
def test_a_confirmed_that_does_not_fit_the_purchase_decides_nothing(changed: dict[str, str]) -> None:
    order_id = str(uuid.uuid4())
    sold = contract.Order(
        order_id, "confirmed", contract.fingerprint(purchase()), "spring-gala", PRESSED_AT, total=2500, currency="EUR"
    )
    odd = msgspec.structs.replace(sold, **changed)
    fine, wrong = (
        client_of("http://x/", transport=OneReply(replied(contract.CONFIRMED, order))) for order in (sold, odd)
    )
    assert fine.place(order_id, purchase(), PRESSED_AT, TRACE) == Confirmed(sold)
    assert wrong.place(order_id, purchase(), PRESSED_AT, TRACE) == Unconfirmed("inconsistent")
