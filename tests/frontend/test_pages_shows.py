"""The shop's first page and the purchase page, before anything is bought."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient

from frontend import purchases
from frontend.app import create_app
from frontend.settings import Settings
from functions.orders import contract
from tests.fake_pending import FakePending
from tests.fakes import FakeOrders, sample_shows
from tests.frontend.pages import read

NOW = datetime.now(UTC)
HOSTILE = '<script>alert("1")</script> & Söhne'


def show_of(*types: contract.TicketType, image: str | None = None, title: str = "A Night") -> contract.Show:
    starts_at = (NOW + timedelta(days=9)).astimezone(timezone(timedelta(hours=9))).replace(hour=19, minute=30)
    return contract.Show("a-night", title, "The Hall", starts_at, NOW - timedelta(days=1), starts_at, types, image)


def kind(name: str, price: int, capacity: int = 100, currency: str = "EUR") -> contract.TicketType:
    return contract.TicketType(name, name.title(), price, currency, capacity, 6)


def shop_of(settings: Settings, *shows: contract.Show) -> tuple[FlaskClient, FakeOrders]:
    orders = FakeOrders(shows)
    return create_app(settings, orders, FakePending()).test_client(), orders


class TestTheFirstPage:
    def test_shows_stand_under_what_can_be_done_with_them(self, http: FlaskClient) -> None:
        page = read(http, "/")
        assert page.status == 200
        assert page.headers["Cache-Control"] == "no-store"
        words = page.words
        order = ["On sale", "Open Mic", "Spring Gala", "Coming soon", "New Year", "Sales ended", "Last Week"]
        places = [words.index(text) for text in order]
        assert places == sorted(places)
        assert "Only 3 left" in words
        assert "140 left" in words
        assert "from €18.00" in words
        assert "Free" in words
        assert "Sales start on" in words
        assert words.count("Pay at the door") == 3  # the free one aside
        assert "What is left, as of" in words
        assert "The Old Brewery" in words

    def test_the_moment_of_the_figures_is_said(self, http: FlaskClient) -> None:
        (moment,) = [time for time in read(http, "/").all("time") if "data-local" in time]
        assert abs(datetime.fromisoformat(str(moment["datetime"])) - datetime.now(UTC)) < timedelta(minutes=1)

    def test_last_known_values_are_marked_as_such(
        self, http: FlaskClient, app: Flask, orders: FakeOrders, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read(http, "/")
        orders.away = True
        shop = app.extensions["flametickets"]
        monkeypatch.setattr(shop.catalogue, "_clock", lambda clock=shop.catalogue._clock: clock() + 60)
        page = read(http, "/")
        assert page.status == 200
        assert "These are the last figures we know, as of" in page.words
        assert "What is left, as of" not in page.words
        assert "Spring Gala" in page.words
        assert "These are the last figures we know, as of" in read(http, "/shows/spring-gala").words

    @pytest.mark.parametrize(
        ("age", "english", "spanish"),
        [
            (timedelta(minutes=3), "(3 minutes ago)", "(hace 3 minutos)"),
            (timedelta(hours=2), "(2 hours ago)", "(hace 2 horas)"),
        ],
    )
    def test_the_age_of_last_known_values_is_said(
        self, http: FlaskClient, app: Flask, orders: FakeOrders, age: timedelta, english: str, spanish: str
    ) -> None:
        read(http, "/")
        orders.away = True
        shop = app.extensions["flametickets"]
        clock = shop.catalogue._clock
        shop.catalogue._clock = lambda: clock() + age.total_seconds()
        app.extensions["flametickets"] = replace(shop, now=lambda: datetime.now(UTC) + age)
        for address in ("/", "/shows/spring-gala"):
            assert english in read(http, address).words
            assert spanish in read(http, address, "es").words
        old = age > timedelta(minutes=10)
        assert ("What is left is not known right now" in read(http, "/shows/spring-gala").words) is old

    def test_yesterdays_values_say_their_day(
        self, http: FlaskClient, orders: FakeOrders, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        catalogue = orders.catalogue("")
        assert isinstance(catalogue, contract.Catalogue)
        old = msgspec.structs.replace(catalogue, as_of=datetime(2026, 3, 7, 12, 30, 45, tzinfo=UTC))
        monkeypatch.setattr(orders, "catalogue", lambda *_: old)
        assert "7 March, 12:30:45 UTC" in read(http, "/").words

    def test_a_catalogue_that_was_never_known_is_a_friendly_page(self, http: FlaskClient, orders: FakeOrders) -> None:
        orders.away = True
        for address in ("/", "/shows/spring-gala"):
            page = read(http, address)
            assert page.status == 503
            assert int(page.headers["Retry-After"]) > 0
            assert "The shows can't be shown right now" in page.words
            assert 'http-equiv="refresh"' in page.html

    def test_no_shows_are_a_friendly_page_too(self, settings: Settings) -> None:
        http, _ = shop_of(settings)
        page = read(http, "/")
        assert page.status == 200
        assert "No shows yet" in page.words

    @pytest.mark.parametrize(
        ("prices", "english", "spanish"),
        [
            ((0,), "Free", "Gratis"),
            ((1200,), "€12.00", "12,00 €"),
            ((2900, 1200), "from €12.00", "desde 12,00 €"),
            ((0, 2900, 1200), "Free or from €12.00", "Gratis o desde 12,00 €"),
        ],
    )
    def test_a_price_says_where_it_begins(
        self, settings: Settings, prices: tuple[int, ...], english: str, spanish: str
    ) -> None:
        types = tuple(kind(f"type-{number}", price) for number, price in enumerate(prices))
        http, _ = shop_of(settings, show_of(*types))
        for language, price in (("en", english), ("es", spanish)):
            words = read(http, "/", language).words.replace("\xa0", " ")
            assert f" {price} " in words
            assert ("Pay at the door" in words or "Pagas en la puerta" in words) is any(prices)

    def test_yen_have_no_cents(self, settings: Settings) -> None:
        http, _ = shop_of(settings, show_of(kind("seat", 3500, currency="JPY")))
        assert "JP¥3,500" in read(http, "/").words
        total = read(http, "/shows/a-night").by_id("total")
        assert (total["data-digits"], total["data-currency"]) == ("0", "JPY")

    def test_what_is_not_known_is_said_to_be(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        http, orders = shop_of(settings, show_of(kind("seat", 500)))
        catalogue = orders.catalogue("")
        assert isinstance(catalogue, contract.Catalogue)
        (listed,) = catalogue.shows
        types = tuple(msgspec.structs.replace(listed_type, available=None) for listed_type in listed.ticket_types)
        unknown = msgspec.structs.replace(catalogue, shows=(msgspec.structs.replace(listed, ticket_types=types),))
        monkeypatch.setattr(orders, "catalogue", lambda *_: unknown)
        assert "What is left is not known right now" in read(http, "/").words
        assert "What is left is not known right now" in read(http, "/shows/a-night").words
        assert read(http, "/shows/a-night").by_id("quantity-seat")["max"] == "6"

    def test_a_sold_out_show_says_so_everywhere(self, settings: Settings) -> None:
        http, _ = shop_of(settings, show_of(kind("seat", 500, capacity=0)))
        assert "Sold out" in read(http, "/").words
        page = read(http, "/shows/a-night")
        assert page.status == 200
        assert "Sold out" in page.words
        assert not page.all("form")

    def test_a_shows_own_picture_takes_the_posters_place(self, settings: Settings) -> None:
        image = "https://pictures.example.org/night.jpg"
        http, _ = shop_of(settings, show_of(kind("seat", 500), image=image))
        for address in ("/", "/shows/a-night"):
            (picture,) = read(http, address).all("img")
            assert picture["src"] == image
            assert picture["alt"] == "Poster of A Night"

    def test_hostile_names_are_only_words(self, settings: Settings) -> None:
        http, _ = shop_of(settings, show_of(kind("seat", 500), title=HOSTILE))
        for address in ("/", "/shows/a-night"):
            page = read(http, address)
            assert HOSTILE in page.words
            assert not [script for script in page.all("script") if "src" not in script]


class TestThePurchasePage:
    def test_everything_that_a_form_must_carry_is_there(self, http: FlaskClient) -> None:
        page = read(http, "/shows/spring-gala")
        assert page.status == 200
        assert page.headers["Cache-Control"] == "no-store"
        assert purchases.is_order_id(page.fields["order_id"])
        assert page.fields["price-stalls"] == "2500"
        assert page.fields["price-balcony"] == "1800"
        assert page.fields["quantity-stalls"] == "0"
        assert page.by_id("quantity-stalls")["max"] == "6"
        assert "Pay at the door" in page.words
        assert "The Old Brewery" in page.words

    def test_each_form_has_an_order_id_of_its_own(self, http: FlaskClient) -> None:
        ids = {read(http, "/shows/spring-gala").fields["order_id"] for _ in range(5)}
        assert len(ids) == 5

    def test_where_there_is_one_type_one_ticket_is_chosen(self, http: FlaskClient) -> None:
        page = read(http, "/shows/open-mic")
        assert page.fields["quantity-entry"] == "1"
        assert page.by_id("quantity-entry")["max"] == "3"
        assert "1 ticket" in page.words
        assert "Get free tickets" in page.words
        assert "Pay at the door" not in page.words

    def test_what_is_not_on_sale_yet_or_any_more_says_when(self, http: FlaskClient) -> None:
        coming, over = read(http, "/shows/new-year"), read(http, "/shows/last-week")
        assert "Sales start on" in coming.words
        assert "Sales ended on" in over.words
        assert not coming.all("form") + over.all("form")
        assert "Pay at the door" in coming.words

    def test_a_show_that_is_not_there_is_a_page_that_says_so(self, http: FlaskClient) -> None:
        page = read(http, "/shows/nothing")
        assert page.status == 404
        assert "There's nothing here" in page.words

    def test_a_time_is_the_one_of_the_place(self, settings: Settings) -> None:
        http, _ = shop_of(settings, show_of(kind("seat", 500)))
        words = read(http, "/shows/a-night").words
        assert "· 19:30" in words
        assert "19:30 UTC" not in words


def test_no_page_has_anything_inline_that_the_policy_forbids(http: FlaskClient) -> None:
    for address in ("/", "/shows/spring-gala", "/shows/open-mic", "/orders", "/nowhere"):
        page = read(http, address)
        assert not page.all("style")
        assert not [attributes for _, attributes in page.tags if "style" in attributes]
        assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
        assert all(str(script.get("src")).startswith("/static/") for script in page.all("script"))


def test_the_sample_shows_are_all_there(http: FlaskClient) -> None:
    words = read(http, "/").words
    assert all(show.title in words for show in sample_shows())
