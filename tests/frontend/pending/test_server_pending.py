"""Pending purchases through the whole shop, as gunicorn serves it: over its restarts, kills and lonely starts."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.fakes import FakeOrders
from tests.frontend.client_contract import new_id
from tests.frontend.conftest import SIGNING_SECRET
from tests.frontend.function_server import FunctionServer, function_server
from tests.frontend.test_server import PURCHASE, Server, environment, free_port, running
from tests.scripts.waiting import is_alive, wait_until

pytestmark = pytest.mark.alone


@pytest.fixture
def function() -> Iterator[FunctionServer]:
    """The function, away to begin with."""
    orders = FakeOrders()
    orders.away = True
    with function_server(orders, SIGNING_SECRET) as server:
        yield server


def buy(server: Server, order_id: str) -> dict[str, object]:
    """What the API answers to a purchase while nobody can say."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": order_id}
    status, body = server.ask("POST", "/api/orders", body=json.dumps(PURCHASE), headers=headers)
    answer: dict[str, object] = json.loads(body)
    assert (status, answer.get("status")) == (202, "pending"), answer
    return answer


def status(server: Server, order_id: str, key: object) -> object:
    return json.loads(server.ask("GET", f"/api/orders/{order_id}?key={key}")[1]).get("status")


def shop(function: FunctionServer, url: str) -> dict[str, str]:
    return environment(function.url, free_port(), FRONTEND_DATABASE_URL=url)


def test_what_was_accepted_is_confirmed_once_the_function_is_back(
    tmp_path: Path, url: str, function: FunctionServer
) -> None:
    order_id = new_id()
    with running(tmp_path / "log", shop(function, url)) as server:
        key = buy(server, order_id)["key"]
        assert status(server, order_id, key) == "pending"
        function.orders.away = False
        # Not by its page, which would keep what the function says before a worker asks.
        wait_until(lambda: '"pending.decided"' in server.log.read_text(), within_s=30)
        assert status(server, order_id, key) == "confirmed"
        server.process.terminate()
        assert server.process.wait(20) == 0
    log = server.log.read_text()
    assert all(json.loads(line)["service"] == "web" for line in log.splitlines())
    assert not any(word in log for word in (str(key), "Ada", "ada@example.com", "Traceback"))


def test_a_shop_that_is_killed_right_after_it_said_accepted_keeps_its_word(
    tmp_path: Path, url: str, function: FunctionServer
) -> None:
    order_id = new_id()
    with running(tmp_path / "first", shop(function, url)) as server:
        processes = [psutil.Process(server.process.pid), *psutil.Process(server.process.pid).children()]
        key = buy(server, order_id)["key"]
        for process in processes:
            os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda: not any(is_alive(process.pid) for process in processes))
    function.orders.away = False
    with running(tmp_path / "second", shop(function, url)) as server:
        wait_until(lambda: status(server, order_id, key) == "confirmed", within_s=30)


def test_a_stop_in_the_middle_of_the_work_is_in_order(tmp_path: Path, url: str, function: FunctionServer) -> None:
    """SIGTERM ends the workers with the server, and within the server's own time."""
    with running(tmp_path / "log", shop(function, url)) as server:
        for _ in range(3):
            buy(server, new_id())
        server.process.terminate()
        assert server.process.wait(20) == 0
    assert "Traceback" not in server.log.read_text()


def test_a_shop_without_the_pending_store_serves_and_says_that_nothing_is_known(
    tmp_path: Path, function: FunctionServer
) -> None:
    function.orders.away = False
    environ = environment(function.url, free_port())
    headers = {"Content-Type": "application/json"}
    with running(tmp_path / "log", environ) as server:
        ask = {"body": json.dumps(PURCHASE)}
        sold = server.ask("POST", "/api/orders", headers=headers | {"Idempotency-Key": new_id()}, **ask)
        assert sold[0] == 201
        function.orders.away = True
        unconfirmed = server.ask("POST", "/api/orders", headers=headers | {"Idempotency-Key": new_id()}, **ask)
        assert unconfirmed[0] == 503
        server.process.terminate()
        assert server.process.wait(20) == 0
    assert "Traceback" not in server.log.read_text()
