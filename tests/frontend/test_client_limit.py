"""A client has a limit only where the operator names the header that tells who it is."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from frontend.app import create_app
from frontend.client_limit import client_of
from frontend.settings import Settings
from frontend.shop import EXTENSION
from tests.fake_pending import FakePending
from tests.fakes import FakeOrders

HEADER = "X-Forwarded-For"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
ORDER_ID = "6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a11"
FORM = {"order_id": ORDER_ID, "name": "Ada", "email": "ada@example.com", "quantity_stalls": "1"}


def shop(settings: Settings, *, header: str | None, limit: str) -> Flask:
    settings = replace(settings, trusted_address_header=header, client_limit=limit)
    return create_app(settings, FakeOrders(), FakePending())


@pytest.fixture
def limited(settings: Settings) -> Flask:
    """A shop that takes three requests a client, an address and an hour."""
    return shop(settings, header=HEADER, limit="3/hour")


def statuses(http: FlaskClient, path: str, *addresses: str) -> list[int]:
    return [http.get(path, headers={HEADER: address}).status_code for address in addresses]


def test_without_the_setting_a_made_up_address_does_nothing(settings: Settings) -> None:
    http = shop(settings, header=None, limit="1/hour").test_client()
    assert statuses(http, "/api/shows", *["192.0.2.1"] * 20) == [200] * 20


def test_a_client_that_asks_too_much_is_told_when_to_come_again(
    limited: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    http = limited.test_client()
    assert statuses(http, "/api/shows", *["192.0.2.1"] * 3) == [200] * 3
    refused = http.get("/api/shows", headers={HEADER: "192.0.2.1"})
    assert (refused.status_code, refused.mimetype) == (429, "application/problem+json")
    assert 1 <= int(refused.headers["Retry-After"]) <= 3601
    assert refused.json is not None
    assert refused.json["retryable"] is True
    assert statuses(http, "/api/shows", "192.0.2.2") == [200], "another client"
    assert statuses(http, "/", "192.0.2.1") == [200], "another address of the shop"
    assert "192.0.2" not in caplog.text, "an address is personal data"
    figures = limited.extensions[EXTENSION].metrics.registry
    assert figures.get_sample_value("flametickets_requests_turned_away_total", {"why": "client_limit"}) == 1


def test_a_purchase_over_the_limit_comes_back_whole(limited: Flask) -> None:
    http = limited.test_client()
    headers = {**SAME_ORIGIN, HEADER: "192.0.2.1"}
    answers = [http.post("/shows/spring-gala/orders", data=FORM, headers=headers) for _ in range(4)]
    assert answers[3].status_code == 429
    assert ORDER_ID in answers[3].text
    after = answers[3].headers["Retry-After"]
    assert int(after) >= 1
    assert f'data-after="{after}"' in answers[3].text, "the page's script waits as long as it was told"


def test_what_the_sender_puts_before_its_address_does_nothing(limited: Flask) -> None:
    sent = [f"198.51.100.{number}, 192.0.2.1" for number in range(4)]
    assert statuses(limited.test_client(), "/api/shows", *sent) == [200, 200, 200, 429]


@pytest.mark.parametrize("address", [None, "", " ", "unknown", "192.0.2.1, ", "' OR 1=1"])
def test_without_an_address_nobody_is_limited_and_the_operator_is_told(limited: Flask, address: str | None) -> None:
    http = limited.test_client()
    headers = {} if address is None else {HEADER: address}
    with capture_logs() as logs:
        assert [http.get("/api/shows", headers=headers).status_code for _ in range(6)] == [200] * 6
    told = [entry for entry in logs if entry["event"] == "no client's address"]
    assert [entry["log_level"] for entry in told] == ["warning"], "once, not with every request"
    assert "192.0.2.1" not in repr(logs)


def test_health_static_files_and_posters_are_free(limited: Flask) -> None:
    http = limited.test_client()
    for path in ("/healthz", "/readyz", "/posters/spring-gala.svg"):
        assert statuses(http, path, *["192.0.2.1"] * 6) == [200] * 6
    for _ in range(6):
        with http.get("/static/shop.css", headers={HEADER: "192.0.2.1"}) as answer:
            assert answer.status_code == 200


@pytest.mark.parametrize(
    ("sent", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("198.51.100.7,192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("192.0.2.1:4711", None),
        ("unknown", None),
        ("", None),
        (None, None),
    ],
)
def test_the_last_address_counts(sent: str | None, client: str | None) -> None:
    assert client_of(sent) == client
