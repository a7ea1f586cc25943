"""What every OrdersClient must do, the fake as the real one."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from frontend.orders_client import Cancelled, Confirmed, Found, OrdersClient, Rejected, Unknown
from functions.orders import contract

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def new_id() -> str:
    return str(uuid.uuid4())


def now() -> datetime:
    return datetime.now(UTC)


def wants(
    show: str = "spring-gala", *, total: int | None = None, name: str = "Ada Lovelace", **quantities: int
) -> contract.PlaceOrder:
    lines = tuple(contract.OrderLine(kind, quantity) for kind, quantity in (quantities or {"stalls": 1}).items())
    return contract.PlaceOrder(show, lines, name, "ada@example.com", total)


def reason(outcome: object) -> str | None:
    return outcome.rejection.reason if isinstance(outcome, Rejected) else None


class ClientContract:
    """The tests; a subclass has the fixture `client`, whose function has the shows of `tests.fakes.sample_shows`."""

    def test_an_order_is_sold_with_a_ticket_for_each_place(self, client: OrdersClient) -> None:
        order_id = new_id()
        outcome = client.place(order_id, wants(stalls=2, balcony=1, total=6800), now(), TRACE)
        assert isinstance(outcome, Confirmed)
        order = outcome.order
        assert sorted(ticket.ticket_type for ticket in order.tickets) == ["balcony", "stalls", "stalls"]
        assert len({ticket.code for ticket in order.tickets}) == 3
        assert (order.order_id, order.status, order.total, order.currency) == (order_id, "confirmed", 6800, "EUR")
        assert client.lookup(order_id, TRACE) == Found(order)

    def test_a_repeat_gets_the_same_tickets(self, client: OrdersClient) -> None:
        order_id = new_id()
        pressed_at = now() - timedelta(seconds=5)
        outcomes = [client.place(order_id, wants(), at, TRACE) for at in (pressed_at, pressed_at, now())]
        assert isinstance(outcomes[0], Confirmed)
        assert outcomes[1:] == outcomes[:1] * 2

    def test_a_replay_is_the_same_purchase(self, client: OrdersClient) -> None:
        bought, replayed = new_id(), new_id()
        pressed_at = now() - timedelta(minutes=5)
        assert client.stable_opens_in() == 0
        outcome = client.place(bought, wants(), pressed_at, TRACE)
        assert isinstance(outcome, Confirmed)
        assert client.replay(bought, wants(), pressed_at, TRACE) == outcome
        outcome = client.replay(replayed, wants(), pressed_at, TRACE)
        assert isinstance(outcome, Confirmed)
        assert client.place(replayed, wants(), pressed_at, TRACE) == outcome
        other = client.replay(bought, wants(name="Grace Hopper"), pressed_at, TRACE)
        assert other == Rejected(contract.Rejection(bought, "id_reused"))
        cancelled = new_id()
        client.cancel(cancelled, "", TRACE)
        assert reason(client.replay(cancelled, wants(), pressed_at, TRACE)) == "cancelled"

    def test_a_double_click_gets_one_order(self, client: OrdersClient) -> None:
        order_id = new_id()
        with ThreadPoolExecutor(8) as pool:
            outcomes = list(pool.map(lambda _: client.place(order_id, wants(), now(), TRACE), range(8)))
        tickets = {outcome.order.tickets for outcome in outcomes if isinstance(outcome, Confirmed)}
        assert len(tickets) == 1

    def test_another_purchase_under_the_same_id_is_refused(self, client: OrdersClient) -> None:
        order_id = new_id()
        assert isinstance(client.place(order_id, wants(), now(), TRACE), Confirmed)
        other = client.place(order_id, wants(name="Grace Hopper"), now(), TRACE)
        assert other == Rejected(contract.Rejection(order_id, "id_reused"))

    def test_the_last_tickets_are_sold_once(self, client: OrdersClient) -> None:
        assert isinstance(client.place(new_id(), wants("open-mic", entry=2), now(), TRACE), Confirmed)
        order_id = new_id()
        refused = client.place(order_id, wants("open-mic", entry=2), now(), TRACE)
        assert isinstance(refused, Rejected)
        assert refused.rejection.reason == "sold_out"
        assert [(left.ticket_type, left.available) for left in refused.rejection.available] == [("entry", 1)]
        assert client.place(order_id, wants("open-mic", entry=2), now(), TRACE) == refused
        found = client.lookup(order_id, TRACE)
        assert isinstance(found, Found)
        assert (found.order.status, found.order.reason, found.order.tickets) == ("rejected", "sold_out", ())

    def test_what_can_not_be_sold_is_refused_with_its_reason(self, client: OrdersClient) -> None:
        def asked(order: contract.PlaceOrder) -> str | None:
            return reason(client.place(new_id(), order, now(), TRACE))

        assert asked(wants("no-such-show")) == "unknown_show"
        assert asked(wants(circle=1)) == "unknown_ticket_type"
        assert asked(wants("new-year", entry=1)) == "sales_closed"
        assert asked(wants("last-week", entry=1)) == "sales_closed"
        assert asked(wants(stalls=7)) == "limit_exceeded"

    def test_another_total_is_refused_with_the_new_one(self, client: OrdersClient) -> None:
        outcome = client.place(new_id(), wants(stalls=2, total=4000), now(), TRACE)
        assert isinstance(outcome, Rejected)
        assert (outcome.rejection.reason, outcome.rejection.total, outcome.rejection.currency) == (
            "price_changed",
            5000,
            "EUR",
        )

    def test_a_cancelled_order_gives_its_tickets_back(self, client: OrdersClient) -> None:
        order_id = new_id()
        assert isinstance(client.place(order_id, wants("open-mic", entry=3), now(), TRACE), Confirmed)
        for _ in range(2):
            assert client.cancel(order_id, "", TRACE) == Cancelled(order_id)
        assert reason(client.place(order_id, wants("open-mic", entry=3), now(), TRACE)) == "cancelled"
        found = client.lookup(order_id, TRACE)
        assert isinstance(found, Found)
        assert (found.order.status, found.order.tickets) == ("cancelled", ())
        assert isinstance(client.place(new_id(), wants("open-mic", entry=3), now(), TRACE), Confirmed)

    def test_another_purchase_with_the_same_id_cancels_nothing(self, client: OrdersClient) -> None:
        order_id = new_id()
        placed = client.place(order_id, wants(), now(), TRACE)
        assert isinstance(placed, Confirmed)
        other = contract.fingerprint(wants(name="Grace Hopper"))
        for fingerprint in (other, other[:32]):
            refusal = client.cancel(order_id, fingerprint, TRACE)
            assert refusal == Rejected(contract.Rejection(order_id, "id_reused"))
        assert client.lookup(order_id, TRACE) == Found(placed.order)
        assert client.cancel(order_id, contract.fingerprint(wants())[:32], TRACE) == Cancelled(order_id)

    def test_a_cancel_comes_before_its_order(self, client: OrdersClient) -> None:
        order_id = new_id()
        assert client.lookup(order_id, TRACE) == Unknown(order_id)
        assert client.cancel(order_id, "", TRACE) == Cancelled(order_id)
        assert reason(client.place(order_id, wants(), now(), TRACE)) == "cancelled"
        found = client.lookup(order_id, TRACE)
        assert isinstance(found, Found)
        assert (found.order.status, found.order.fingerprint) == ("cancelled", "")

    def test_a_rejected_order_can_not_be_cancelled(self, client: OrdersClient) -> None:
        order_id = new_id()
        assert reason(client.place(order_id, wants("no-such-show"), now(), TRACE)) == "unknown_show"
        assert reason(client.cancel(order_id, "", TRACE)) == "unknown_show"

    def test_the_catalogue_tells_what_is_left(self, client: OrdersClient) -> None:
        assert isinstance(client.place(new_id(), wants("open-mic", entry=1), now(), TRACE), Confirmed)
        catalogue = client.catalogue(TRACE)
        assert isinstance(catalogue, contract.Catalogue)
        assert abs(catalogue.as_of - now()) < timedelta(seconds=5)
        assert [show.slug for show in catalogue.shows] == ["last-week", "open-mic", "spring-gala", "new-year"]
        assert [show.on_sale for show in catalogue.shows] == [False, True, True, False]
        mic = catalogue.shows[1].ticket_types[0]
        assert (mic.id, mic.capacity, mic.available, mic.limit_per_order) == ("entry", 3, 2, 4)
