"""Whether the shop lives, and whether shows can be bought in it."""

from flask.testing import FlaskClient

from tests.fakes import FakeOrders


def test_the_shop_lives_whether_or_not_the_function_does(http: FlaskClient, orders: FakeOrders) -> None:
    orders.away = True
    assert http.get("/healthz").status_code == 200
    assert orders.calls == []


def test_the_shop_is_ready_when_the_catalogue_can_be_had(http: FlaskClient) -> None:
    assert http.get("/readyz").status_code == 200


def test_the_shop_is_not_ready_while_the_function_is_away(http: FlaskClient, orders: FakeOrders) -> None:
    orders.away = True
    answer = http.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["Cache-Control"] == "no-store"
