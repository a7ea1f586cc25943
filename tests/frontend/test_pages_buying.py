"""The purchase form is sent: what may come of it, and what a buyer then sees."""

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from frontend.app import create_app
from frontend.orders_client import Rejected, Unconfirmed
from frontend.settings import Settings
from functions.orders import contract
from tests.fake_pending import FakePending
from tests.fakes import FakeOrders, sample_shows
from tests.frontend.pages import SAME_ORIGIN, Page, filled_form, read, send

BUY = "/shows/spring-gala/orders"
OTHER_ID = "6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a11"
HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def filled(http: FlaskClient) -> dict[str, str]:
    return filled_form(http)


def refusing(orders: FakeOrders, monkeypatch: pytest.MonkeyPatch, reason: contract.Reason) -> None:
    """From now on `orders` rejects every order for this reason."""
    monkeypatch.setattr(orders, "place", lambda order_id, *_: Rejected(contract.Rejection(order_id, reason)))


class TestConfirmed:
    def test_the_browser_is_sent_to_the_order(self, http: FlaskClient, filled: dict[str, str]) -> None:
        answer = send(http, BUY, filled)
        assert answer.status_code == 303
        assert answer.location.startswith(f"/orders/{filled['order_id']}?key=")
        page = read(http, answer.location)
        assert page.status == 200
        assert "3 tickets for Spring Gala are confirmed" in page.words

    def test_sent_twice_it_is_one_order(self, http: FlaskClient, filled: dict[str, str], orders: FakeOrders) -> None:
        first, second = send(http, BUY, filled), send(http, BUY, filled)
        assert first.location == second.location
        catalogue = orders.catalogue("")
        assert isinstance(catalogue, contract.Catalogue)
        gala = next(show for show in catalogue.shows if show.slug == "spring-gala")
        assert [ticket_type.available for ticket_type in gala.ticket_types] == [98, 39]

    def test_the_total_carried_is_the_one_of_the_prices_shown(
        self, http: FlaskClient, filled: dict[str, str], orders: FakeOrders, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[contract.PlaceOrder] = []

        def place(order_id: str, order: contract.PlaceOrder, *_: object) -> Unconfirmed:
            asked.append(order)
            return Unconfirmed("away")

        monkeypatch.setattr(orders, "place", place)
        send(http, BUY, filled | {"price-stalls": "2400"})
        assert asked[0].expected_total == 2 * 2400 + 1800


class TestWrongFields:
    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"name": " "}, "Please fill this in."),
            ({"name": "a" * 201}, "This is too long."),
            ({"name": "Ada\u202eLovelace"}, "There is a character in here that we can't print."),
            ({"email": "ada@"}, "This doesn't look like an e-mail address."),
            ({"quantity-stalls": "two"}, "This must be a whole number of tickets."),
            ({"quantity-stalls": "-1"}, "This must be a whole number of tickets."),
            ({"quantity-stalls": "7"}, "At most 6 tickets of this type per order."),
            ({"quantity-stalls": "0", "quantity-balcony": ""}, "Choose at least one ticket."),
            ({"price-stalls": "free"}, "Please look at the prices and the total once more."),
        ],
    )
    def test_each_is_named_twice_and_nothing_typed_is_lost(
        self, http: FlaskClient, filled: dict[str, str], orders: FakeOrders, wrong: dict[str, str], words: str
    ) -> None:
        page = Page(send(http, BUY, filled | wrong))
        assert page.status == 422
        assert page.headers["Cache-Control"] == "no-store"
        assert page.words.count(words) == 2  # in the summary and beside the field
        assert "place" not in orders.calls
        summary = page.by_id("summary")
        assert (summary["role"], summary["tabindex"]) == ("alert", "-1")
        assert "autofocus" in summary
        kept = filled | wrong | {"price-stalls": "2500"}
        assert page.fields == kept | {"quantity-balcony": kept["quantity-balcony"] or "0"}

    def test_the_summary_links_to_the_fields(self, http: FlaskClient, filled: dict[str, str]) -> None:
        wrong = {"name": "", "email": "", "quantity-stalls": "x"}
        page = Page(send(http, BUY, filled | wrong))
        targets = [str(link["href"]) for link in page.all("a") if str(link["href"]).startswith("#")]
        assert targets == ["#content", "#quantity-stalls", "#name", "#email"]
        for field in ("quantity-stalls", "name", "email"):
            attributes = page.by_id(field)
            assert attributes["aria-invalid"] == "true"
            assert f"{field}-error" in str(attributes["aria-describedby"])

    def test_hostile_fields_are_only_words(self, http: FlaskClient, filled: dict[str, str]) -> None:
        page = Page(send(http, BUY, filled | {"name": HOSTILE, "email": HOSTILE, f"quantity-{HOSTILE}": "1"}))
        assert page.status == 422
        assert page.fields["name"] == HOSTILE
        assert "<script>alert" not in page.html

    @pytest.mark.parametrize("order_id", ["", "x", "6F1C1F7E-0C4E-4D0C-9A52-4F6D2F0B7A11"])
    def test_a_form_without_a_proper_order_id_is_refused(
        self, http: FlaskClient, filled: dict[str, str], order_id: str
    ) -> None:
        page = Page(send(http, BUY, filled | {"order_id": order_id}))
        assert page.status == 400
        assert "We couldn't read that" in page.words

    def test_wrong_fields_of_no_show_are_a_page_that_is_not_there(
        self, http: FlaskClient, filled: dict[str, str]
    ) -> None:
        assert send(http, "/shows/nothing/orders", filled | {"name": ""}).status_code == 404

    def test_a_form_of_another_site_is_refused(self, http: FlaskClient, filled: dict[str, str]) -> None:
        answer = http.post(BUY, data=filled, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
        assert "That came from somewhere else" in answer.text

    def test_a_form_too_long_is_refused(self, http: FlaskClient, filled: dict[str, str]) -> None:
        answer = http.post(BUY, data=filled | {"name": "a" * 70_000}, headers=SAME_ORIGIN)
        assert answer.status_code == 413
        assert "That was too much" in answer.text


class TestOnlyTheTotal:
    def test_the_server_works_it_out_without_a_script(
        self, http: FlaskClient, filled: dict[str, str], orders: FakeOrders
    ) -> None:
        page = Page(send(http, BUY, filled | {"only-total": "1", "email": "", "quantity-x": "9"}))
        assert page.status == 200
        assert "€68.00" in page.words
        assert "3 tickets" in page.words
        assert page.fields["order_id"] == filled["order_id"]
        assert page.fields["name"] == "Ada Lovelace"
        assert "place" not in orders.calls

    def test_it_buys_nothing_while_the_show_can_not_be_shown(self, settings: Settings, filled: dict[str, str]) -> None:
        """Nor does the page that says so: its button asks for the total again."""
        orders = FakeOrders()
        orders.away = True
        page = Page(send(create_app(settings, orders, FakePending()).test_client(), BUY, filled | {"only-total": "1"}))
        assert page.status == 503
        assert "Nothing was bought" in page.words
        assert page.fields == filled
        assert [button.get("name") for button in page.all("button")] == ["only-total"]
        assert orders.calls == ["catalogue"]

    def test_it_buys_nothing_of_a_show_that_is_gone(
        self, http: FlaskClient, filled: dict[str, str], orders: FakeOrders
    ) -> None:
        assert send(http, "/shows/nowhere/orders", filled | {"only-total": "1"}).status_code == 404
        assert "place" not in orders.calls


class TestRejected:
    def test_sold_out_says_what_is_left_and_gives_a_new_order_id(self, http: FlaskClient) -> None:
        fields = read(http, "/shows/open-mic").fields
        fields |= {"quantity-entry": "3", "name": "Ada", "email": "ada@example.org"}
        send(http, "/shows/open-mic/orders", fields | {"order_id": OTHER_ID, "quantity-entry": "2"})
        page = Page(send(http, "/shows/open-mic/orders", fields))
        assert page.status == 409
        assert "There aren't that many tickets left" in page.words
        assert "Entry : Only 1 left" in page.words
        assert page.fields["order_id"] != fields["order_id"]
        assert page.fields["quantity-entry"] == "3"
        assert page.fields["name"] == "Ada"
        assert page.by_id("quantity-entry")["aria-invalid"] == "true"

    def test_with_nothing_left_the_form_is_still_there(self, http: FlaskClient) -> None:
        fields = read(http, "/shows/open-mic").fields
        fields |= {"quantity-entry": "3", "name": "Ada", "email": "ada@example.org"}
        send(http, "/shows/open-mic/orders", fields)
        fields["order_id"] = OTHER_ID
        page = Page(send(http, "/shows/open-mic/orders", fields | {"quantity-entry": "1"}))
        assert page.status == 409
        assert "Sold out" in page.words
        assert page.fields["quantity-entry"] == "1"

    def test_a_changed_price_shows_both_totals(
        self, http: FlaskClient, filled: dict[str, str], orders: FakeOrders
    ) -> None:
        read(http, "/")  # the cache now holds the old price
        orders.publish(gala_at(2600))
        page = Page(send(http, BUY, filled))
        assert page.status == 409
        assert "You saw a total of €68.00; it is €70.00 now." in page.words
        assert page.fields["price-stalls"] == "2600"
        assert page.fields["order_id"] != filled["order_id"]
        again = page.fields | {"quantity-stalls": "2", "quantity-balcony": "1"}
        assert send(http, BUY, again).status_code == 303

    @pytest.mark.parametrize(
        ("reason", "status", "words"),
        [
            ("sales_closed", 409, "This show can't be bought right now"),
            ("limit_exceeded", 422, "That is more than one order may have"),
            ("unknown_ticket_type", 422, "One of these tickets isn't sold any more"),
            ("expired", 410, "This form has become too old"),
            ("price_changed", 409, "Please look at the new prices."),
        ],
    )
    def test_every_reason_is_said_in_words_above_the_form(
        self,
        http: FlaskClient,
        filled: dict[str, str],
        orders: FakeOrders,
        monkeypatch: pytest.MonkeyPatch,
        reason: contract.Reason,
        status: int,
        words: str,
    ) -> None:
        refusing(orders, monkeypatch, reason)
        page = Page(send(http, BUY, filled))
        assert page.status == status
        assert words in page.words
        assert "Pay at the door" in page.words
        assert page.fields["name"] == "Ada Lovelace"
        assert page.fields["quantity-stalls"] == "2"
        assert page.fields["order_id"] != filled["order_id"]
        assert reason not in page.words

    @pytest.mark.parametrize(
        ("reason", "words"),
        [
            ("sold_out", "There aren't that many tickets left."),
            ("sales_closed", "Sales of this show are closed right now."),
            ("price_changed", "The price has changed since you saw it."),
            ("limit_exceeded", "That is more than one order may have."),
            ("unknown_ticket_type", "One of these tickets isn't sold any more."),
            ("expired", "The form has become too old."),
        ],
    )
    def test_a_reason_is_said_also_when_the_show_can_not_be_shown(
        self,
        settings: Settings,
        filled: dict[str, str],
        monkeypatch: pytest.MonkeyPatch,
        reason: contract.Reason,
        words: str,
    ) -> None:
        orders = FakeOrders(now=lambda: datetime.now(UTC))
        orders.away = True
        refusing(orders, monkeypatch, reason)
        page = Page(send(create_app(settings, orders, FakePending()).test_client(), BUY, filled))
        assert page.status in (409, 410, 422)
        assert words in page.words
        assert "/shows/spring-gala" in [link["href"] for link in page.all("a")]

    def test_a_form_that_was_used_for_something_else_says_so(self, http: FlaskClient, filled: dict[str, str]) -> None:
        first = send(http, BUY, filled)
        page = Page(send(http, BUY, filled | {"name": "Somebody Else"}))
        assert page.status == 422
        assert "This form was used before" in page.words
        assert "Pay at the door" in page.words
        assert "key=" not in page.html
        assert "Ada Lovelace" not in page.html
        assert read(http, first.location).status == 200

    def test_an_order_cancelled_before_is_shown_as_such(self, http: FlaskClient, filled: dict[str, str]) -> None:
        order = send(http, BUY, filled).location
        key = order.partition("key=")[2]
        send(http, f"/orders/{filled['order_id']}/cancel", {"key": key})
        again = send(http, BUY, filled)
        assert (again.status_code, again.location) == (303, order)
        assert "Order cancelled" in read(http, again.location).words

    def test_a_show_that_is_gone_is_a_page_that_is_not_there(self, http: FlaskClient, filled: dict[str, str]) -> None:
        assert send(http, "/shows/nothing/orders", filled).status_code == 404


def test_a_form_left_open_overnight_still_buys(settings: Settings, filled: dict[str, str]) -> None:
    """No session, no token: the form is as good the next day, and after the shop was started anew."""
    orders = FakeOrders(sample_shows(), now=lambda: datetime.now(UTC) + timedelta(hours=14))
    assert send(create_app(settings, orders, FakePending()).test_client(), BUY, filled).status_code == 303


def gala_at(price: int) -> contract.Show:
    """The paid sample show at another price of its stalls."""
    show = sample_shows()[0]
    stalls, balcony = show.ticket_types
    dearer = contract.TicketType(stalls.id, stalls.name, price, stalls.currency, stalls.capacity, 6)
    return contract.Show(
        show.slug, show.title, show.venue, show.starts_at, show.sales_start, show.sales_end, (dearer, balcony)
    )
