"""Whether the shop lives, and whether shows can be bought in it."""

from flask import Flask
from flask.testing import FlaskClient

from frontend.shop import EXTENSION
from tests.fake_pending import FakePending
from tests.fakes import FakeOrders
from tests.scripts.waiting import wait_until


def take_away(app: Flask, orders: FakeOrders) -> None:
    """The function stops answering, and the shop has noticed."""
    orders.away = True
    wait_until(lambda: (snapshot := app.extensions[EXTENSION].catalogue.get()) is None or not snapshot.fresh)


def test_the_shop_lives_whether_or_not_the_function_does(http: FlaskClient, orders: FakeOrders) -> None:
    orders.away = True
    assert http.get("/healthz").status_code == 200
    assert orders.calls == []


def test_the_shop_is_ready_when_the_function_answers_even_without_a_pending_store(
    http: FlaskClient, pending: FakePending
) -> None:
    pending.away = True
    assert http.get("/readyz").status_code == 200


def test_the_shop_stays_ready_without_the_function_once_it_knows_the_shows(
    app: Flask, http: FlaskClient, orders: FakeOrders
) -> None:
    """Or else it would vanish with the function, and could keep nobody's purchase."""
    assert http.get("/readyz").status_code == 200
    take_away(app, orders)
    assert http.get("/readyz").status_code == 200


def test_a_shop_that_never_knew_the_shows_is_not_ready(http: FlaskClient, orders: FakeOrders) -> None:
    orders.away = True
    answer = http.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "the shows were never known\n")
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_shop_that_nobody_takes_purchases_from_is_not_ready(
    app: Flask, http: FlaskClient, orders: FakeOrders, pending: FakePending
) -> None:
    assert http.get("/readyz").status_code == 200
    pending.away = True
    take_away(app, orders)
    answer = http.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "neither the function nor the pending store can be had\n")
    pending.away = False
    assert http.get("/readyz").status_code == 200
