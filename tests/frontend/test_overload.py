"""What a buyer gets when the shop is full: an honest answer at once, and the purchase form back."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask, template_rendered
from flask.testing import FlaskClient

from frontend.admission import ADMISSION, Admission
from frontend.settings import Settings
from frontend.shop import EXTENSION, Shop
from tests.fakes import FakeOrders

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
ORDER_ID = "6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a11"
FORM = {"order_id": ORDER_ID, "name": "Ada <Lovelace>", "email": "ada@example.com", "quantity_stalls": "1"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """One request at once, and nobody waits."""
    return replace(settings, web_threads=1, web_waiting=0)


@pytest.fixture
def admission(app: Flask) -> Admission:
    admission = app.extensions[ADMISSION]
    assert isinstance(admission, Admission)
    return admission


@pytest.fixture
def full(admission: Admission) -> Iterator[Admission]:
    """The one place is taken until the test ends."""
    assert admission.enter()
    yield admission
    admission.leave()


def counted(app: Flask, name: str, **labels: str) -> float | None:
    shop = app.extensions[EXTENSION]
    assert isinstance(shop, Shop)
    return shop.metrics.registry.get_sample_value(name, labels)


@pytest.mark.usefixtures("full")
def test_the_full_shop_says_when_to_come_again(app: Flask, http: FlaskClient, orders: FakeOrders) -> None:
    page, api = http.get("/"), http.get("/api/shows")
    assert (page.status_code, page.mimetype) == (503, "text/html")
    assert (api.status_code, api.mimetype) == (503, "application/problem+json")
    assert api.json is not None
    assert api.json["retryable"] is True
    assert int(page.headers["Retry-After"]) == int(api.headers["Retry-After"]) >= 1
    assert orders.calls == []
    assert counted(app, "flametickets_requests_turned_away_total", why="overload") == 2
    assert counted(app, "flametickets_requests_working") == 1


@pytest.mark.usefixtures("full")
def test_the_full_shop_still_says_that_it_lives_and_serves_its_static_files(http: FlaskClient) -> None:
    assert http.get("/healthz").status_code == 200
    assert http.get("/readyz").status_code == 200
    with http.get("/static/shop.css") as answer:
        assert answer.status_code == 200


@pytest.mark.usefixtures("full")
def test_a_purchase_comes_back_whole_to_be_sent_once_more(app: Flask, http: FlaskClient, orders: FakeOrders) -> None:
    answer = http.post("/shows/spring-gala/orders", data=FORM, headers=SAME_ORIGIN)
    assert answer.status_code == 503
    for shown in (ORDER_ID, "Ada &lt;Lovelace&gt;", "ada@example.com", "/shows/spring-gala/orders"):
        assert shown in answer.text
    assert http.post("/api/orders", json={}, headers={"Idempotency-Key": ORDER_ID}).status_code == 503
    assert orders.calls == []
    assert counted(app, "flametickets_buyers_saw_total", what="busy") == 2


@pytest.mark.usefixtures("full")
def test_a_full_shop_shows_nothing_of_what_another_site_posts(http: FlaskClient) -> None:
    answer = http.post("/shows/spring-gala/orders", data=FORM, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert ORDER_ID not in answer.text


@pytest.mark.usefixtures("full")
def test_only_a_purchase_comes_back(app: Flask, http: FlaskClient) -> None:
    """The key of a cancel stays in the address that the browser has."""
    given: list[dict[str, Any]] = []

    def see(_app: Flask, context: dict[str, Any], **_: object) -> None:
        given.append(context)

    template_rendered.connect(see, app)
    answer = http.post(f"/orders/{ORDER_ID}/cancel", data={"key": "the-key-of-the-order"}, headers=SAME_ORIGIN)
    assert answer.status_code == 503
    assert (given[0]["fields"], given[0]["slug"]) == ({}, None)


@pytest.mark.parametrize("path", ["/", "/nowhere", "/fail", "/api/shows", "/healthz", "/static/shop.css"])
def test_a_place_is_given_back_whatever_becomes_of_the_request(app: Flask, admission: Admission, path: str) -> None:
    def fail() -> str:
        raise RuntimeError

    app.add_url_rule("/fail", view_func=fail)
    with app.test_client().get(path):
        pass
    assert admission.working() == 0
    assert app.test_client().get("/").status_code == 200


def test_a_place_is_given_back_when_even_the_answer_to_the_bug_fails(app: Flask, admission: Admission) -> None:
    def fail(*_: object, **__: object) -> str:
        raise RuntimeError

    app.add_url_rule("/fail", view_func=fail)
    app.after_request(fail)
    assert app.test_client().get("/fail").status_code == 500
    assert admission.working() == 0


def test_a_refused_request_takes_no_place(app: Flask, admission: Admission, http: FlaskClient) -> None:
    assert admission.enter()
    assert http.get("/").status_code == 503
    admission.leave()
    assert admission.working() == 0
    assert http.get("/").status_code == 200
