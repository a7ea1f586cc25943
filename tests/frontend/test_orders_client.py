"""The fake keeps the contract of OrdersClient, in memory and over HTTP."""

from collections.abc import Iterator

import pytest

from frontend.metrics import Metrics
from frontend.orders_client import OrdersClient, Unconfirmed
from frontend.orders_http import HttpOrdersClient
from frontend.routes import Routes
from frontend.transport import Transport
from tests.fakes import FakeOrders
from tests.frontend.client_contract import TRACE, ClientContract, new_id, now, wants
from tests.frontend.conftest import SIGNING_SECRET
from tests.frontend.function_server import function_server


class TestFake(ClientContract):
    @pytest.fixture
    def client(self, orders: FakeOrders) -> OrdersClient:
        return orders

    def test_it_can_be_away(self, orders: FakeOrders) -> None:
        orders.away = True
        order_id = new_id()
        assert isinstance(orders.place(order_id, wants(), now(), TRACE), Unconfirmed)
        assert isinstance(orders.cancel(order_id, "", TRACE), Unconfirmed)
        assert isinstance(orders.catalogue(TRACE), Unconfirmed)
        assert isinstance(orders.lookup(order_id, TRACE), Unconfirmed)
        assert isinstance(orders.replay(order_id, wants(), now(), TRACE), Unconfirmed)

    def test_its_stable_tag_can_be_left_alone(self, orders: FakeOrders) -> None:
        orders.opens_in = 2.5
        assert orders.stable_opens_in() == 2.5
        assert orders.replay(new_id(), wants(), now(), TRACE) == Unconfirmed("stable_open")
        assert orders.calls == []


class TestFakeOverHttp(ClientContract):
    @pytest.fixture
    def client(self, orders: FakeOrders) -> Iterator[OrdersClient]:
        transport = Transport()
        with function_server(orders, SIGNING_SECRET) as server:
            yield HttpOrdersClient(Routes.of(server.url, server.url), SIGNING_SECRET, transport, Metrics())
            transport.close()
