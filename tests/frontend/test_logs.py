"""The logs: one line a request, which can be followed to the function and holds nothing about the buyer."""

import io
import json
import logging
import os
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient

from frontend import logs
from frontend.keys import issue_key
from tests.fakes import FakeOrders
from tests.frontend.conftest import KEY_SECRET

ORDER_ID = "6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a11"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PURCHASE = {
    "show": "spring-gala",
    "lines": [{"ticket_type": "stalls", "quantity": 1}],
    "name": "Ada Lovelace",
    "email": "ada@example.com",
}


class Lines:
    """The log as it is written from `level` upwards, in a text of its own for standard output."""

    def __init__(self, level: str) -> None:
        self._written = io.StringIO()
        with redirect_stdout(self._written):
            logs.configure(level)

    def read(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self._written.getvalue().splitlines()]


@pytest.fixture
def lines(app: Flask) -> Iterator[Lines]:
    """The log of the shop, which is there already."""
    yield Lines("info")
    structlog.reset_defaults()


def test_a_request_is_one_line(http: FlaskClient, lines: Lines) -> None:
    http.get(f"/api/orders/{ORDER_ID}?key=secret-key", headers={"traceparent": TRACE})
    (entry,) = lines.read()
    assert entry["event"] == "request"
    assert (entry["method"], entry["path"], entry["status"]) == ("GET", "/api/orders/<order_id>", 404)
    assert (entry["level"], entry["service"], entry["order_id"]) == ("info", "web", ORDER_ID)
    assert str(entry["traceparent"])[:36] == TRACE[:36]
    assert isinstance(entry["duration_ms"], float)
    assert entry["timestamp"]


def test_the_function_gets_the_trace_and_the_log_names_the_order(
    http: FlaskClient, lines: Lines, orders: FakeOrders
) -> None:
    http.post("/api/orders", json=PURCHASE, headers={"Idempotency-Key": ORDER_ID, "traceparent": TRACE})
    (entry,) = lines.read()
    assert entry["order_id"] == ORDER_ID
    assert entry["traceparent"] == orders.traceparents[0]


def test_one_request_leaves_nothing_to_the_next(http: FlaskClient, lines: Lines) -> None:
    http.get(f"/api/orders/{ORDER_ID}?key=x")
    http.get("/api/openapi.json")
    assert "order_id" not in lines.read()[1]


def test_a_probe_that_finds_all_well_is_not_told(http: FlaskClient, lines: Lines) -> None:
    """The node asks each pod every second; the lines of a day would be nothing else."""
    http.get("/healthz")
    http.get("/readyz")
    assert lines.read() == []


def test_a_probe_that_finds_all_well_is_told_to_whoever_wants_everything(http: FlaskClient) -> None:
    lines = Lines("debug")
    http.get("/healthz")
    assert [(entry["level"], entry["path"]) for entry in lines.read()] == [("debug", "/healthz")]
    structlog.reset_defaults()


def test_a_probe_that_finds_the_shop_not_ready_is_told(http: FlaskClient, lines: Lines, orders: FakeOrders) -> None:
    orders.away = True
    http.get("/readyz")
    assert [entry["status"] for entry in lines.read() if entry["event"] == "request"] == [503]


def test_neither_the_buyer_nor_the_key_is_in_the_log(http: FlaskClient, lines: Lines, orders: FakeOrders) -> None:
    sold = http.post("/api/orders", json=PURCHASE, headers={"Idempotency-Key": ORDER_ID})
    assert sold.json is not None
    key = sold.json["key"]
    http.get(f"/api/orders/{ORDER_ID}?key={key}")
    http.get(f"/nowhere/{key}/{PURCHASE['email']}")
    http.post(f"/api/orders/{ORDER_ID}/cancel?key={key}")
    orders.away = True
    http.get(f"/api/orders/{ORDER_ID}?key={issue_key(KEY_SECRET, ORDER_ID, 'f' * 64)}")
    written = json.dumps(lines.read())
    assert written.count('"request"') == 5
    assert not any(secret in written for secret in (key, "Ada", "ada@example.com", "key="))


def test_a_path_that_is_no_order_id_is_not_bound(http: FlaskClient, lines: Lines) -> None:
    http.get("/api/orders/ada@example.com?key=x")
    assert "order_id" not in lines.read()[0]


def test_what_the_server_quotes_of_a_request_is_cut(lines: Lines) -> None:
    server = logging.getLogger("gunicorn.error")
    server.warning("Invalid request from ip=10.1.2.3: GET /orders/x?key=secret")
    server.error("Error handling request %s %s", "GET", "/orders/x?key=secret")
    server.info("Booting worker with pid: %s", 7)
    logging.getLogger("gunicorn.access").info("GET /orders/x?key=secret")
    assert [entry["event"] for entry in lines.read()] == [
        "Invalid request",
        "Error handling request",
        "Booting worker with pid: 7",
    ]


def test_what_is_below_the_level_is_not_written() -> None:
    lines = Lines("warning")
    logs.log.info("quiet")
    logging.getLogger("some.library").info("quiet")
    logs.log.warning("loud")
    assert [entry["event"] for entry in lines.read()] == ["loud"]


def test_what_a_thread_logs_after_a_request_names_no_order(http: FlaskClient) -> None:
    http.get(f"/orders/{ORDER_ID}?key=k")
    assert structlog.contextvars.get_contextvars() == {}


def test_a_full_disk_costs_lines_and_no_answer(http: FlaskClient) -> None:
    with Path("/dev/full").open("w") as full, redirect_stdout(full), Path(os.devnull).open("wb") as null:
        logs.configure("info")
        assert http.post("/api/orders", json=PURCHASE, headers={"Idempotency-Key": ORDER_ID}).status_code == 201
        os.dup2(null.fileno(), full.fileno())  # what is left in the buffer has to go somewhere
    structlog.reset_defaults()
