"""The whole client against real servers that fail in every way: deadline, second try, and threads in parallel."""

import itertools
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from frontend.catalogue import CatalogueCache
from frontend.metrics import Metrics
from frontend.orders_client import Confirmed, Rejected, Unconfirmed, Unknown
from frontend.orders_http import HttpOrdersClient
from frontend.routes import Routes
from frontend.transport import Transport
from functions.orders import contract
from tests.fakes import FakeOrders
from tests.frontend import bad_servers
from tests.frontend.bad_servers import Serve
from tests.frontend.client_contract import TRACE, wants
from tests.frontend.clocks import Clock
from tests.frontend.conftest import SIGNING_SECRET
from tests.frontend.function_server import FunctionServer, function_server, raw_server
from tests.scripts.waiting import wait_until

pytestmark = pytest.mark.alone

SLACK_S = 0.2
# Each way to fail, and what it is called.
BAD: dict[Serve, str] = {
    bad_servers.drip_headers: "timed_out",
    bad_servers.drip_body: "timed_out",
    bad_servers.hang: "timed_out",
    bad_servers.never_read: "timed_out",
    bad_servers.reset: "unreachable",
    bad_servers.close_in_the_body: "broken_reply",
    bad_servers.refuse: "status_503",
    bad_servers.answer_garbage: "not_an_event",
    bad_servers.answer_another_event: "unexpected_type",
    bad_servers.answer_another_order: "other_order",
}


def place(client: HttpOrdersClient, order_id: str | None = None) -> Confirmed | Rejected | Unconfirmed:
    return client.place(order_id or str(uuid.uuid4()), wants(), datetime.now(UTC), TRACE)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def client_of(metrics: Metrics) -> Iterator[Callable[..., HttpOrdersClient]]:
    """Makes clients of a weighted route and a stable tag, which wait as long as they may between two tries."""

    def client_of(weighted: str, stable: str, web_threads: int = 200) -> HttpOrdersClient:
        routes = Routes.of(weighted, stable)
        return HttpOrdersClient(routes, SIGNING_SECRET, transport, metrics, web_threads=web_threads, random=lambda: 1.0)

    transport = Transport()
    yield client_of
    transport.close()


@pytest.fixture
def server(orders: FakeOrders) -> Iterator[FunctionServer]:
    with function_server(orders, SIGNING_SECRET) as server:
        yield server


def called(metrics: Metrics, **labels: str) -> float:
    """How many tries of calls have these labels."""
    samples = (sample for metric in metrics.registry.collect() for sample in metric.samples)
    return sum(s.value for s in samples if s.name == "flametickets_calls_total" and labels.items() <= s.labels.items())


def test_a_purchase_ends_at_its_deadline_whatever_both_routes_do(
    client_of: Callable[..., HttpOrdersClient],
) -> None:
    def fail(serve: Serve) -> tuple[Serve, object, float]:
        with raw_server(serve) as url:
            client = client_of(url, url)
            started = time.monotonic()
            outcome = place(client)
            return serve, outcome, time.monotonic() - started

    with ThreadPoolExecutor(len(BAD)) as pool:
        results = list(pool.map(fail, BAD))
    for serve, outcome, took in results:
        assert outcome in (Unconfirmed(BAD[serve]), Unconfirmed("timed_out")), "of the last try, which may be short"
        assert took <= 6 + SLACK_S, serve
        assert took >= 6 - SLACK_S or BAD[serve] != "timed_out", "as long as there is time it is tried"


@pytest.mark.parametrize("serve", BAD)
def test_the_second_try_on_the_stable_tag_makes_up_for_it(
    serve: Serve, server: FunctionServer, client_of: Callable[..., HttpOrdersClient], metrics: Metrics
) -> None:
    with raw_server(serve) as weighted:
        started = time.monotonic()
        assert isinstance(place(client_of(weighted, server.url)), Confirmed)
        took = time.monotonic() - started
    assert took <= 2 + 1  # a try of two seconds, a wait of 50 ms, and an answer on a loaded machine
    assert [event.attempt for event in server.events] == [2]
    assert called(metrics, kind="place", route="weighted", attempt="1", outcome=BAD[serve]) == 1
    revision = "orders-stable-test"
    assert called(metrics, kind="place", route="stable", attempt="2", outcome="decided", revision=revision) == 1


def test_a_lost_reply_costs_the_buyer_nothing(
    orders: FakeOrders, server: FunctionServer, client_of: Callable[..., HttpOrdersClient]
) -> None:
    with raw_server(bad_servers.lose_the_reply(orders)) as weighted:
        outcome = place(client_of(weighted, server.url))
    assert isinstance(outcome, Confirmed)
    assert orders.calls == ["place", "place"]
    shows = orders.catalogue(TRACE)
    assert isinstance(shows, contract.Catalogue)
    assert {t.id: t.available for s in shows.shows for t in s.ticket_types}["stalls"] == 99, "one ticket, not two"


def test_fifty_threads_against_a_slow_server_finish_together(
    server: FunctionServer, client_of: Callable[..., HttpOrdersClient]
) -> None:
    """A breaker that held a lock during the call would take 25 seconds for them."""
    server.slow_s = 0.5
    client = client_of(server.url, server.url)
    started = time.monotonic()
    with ThreadPoolExecutor(50) as pool:
        outcomes = list(pool.map(lambda _: place(client), range(50)))
    assert time.monotonic() - started <= 0.5 + 3  # for fifty threads on a loaded machine
    assert all(isinstance(outcome, Confirmed) for outcome in outcomes)


def test_while_purchases_hang_there_are_threads_for_everything_else(
    server: FunctionServer, client_of: Callable[..., HttpOrdersClient], metrics: Metrics
) -> None:
    server.cold_s = 60
    client = client_of(server.url, server.url, web_threads=4)
    with ThreadPoolExecutor(3) as pool:
        hanging = [pool.submit(place, client) for _ in range(3)]
        wait_until(lambda: len(server.events) == 3)
        assert place(client) == Unconfirmed("busy")
        assert called(metrics, kind="place", route="none", outcome="busy") == 1
        server.cold_s = 0
        server.over.set()
        order_id = str(uuid.uuid4())
        assert client.lookup(order_id, TRACE) == Unknown(order_id)
        assert all(isinstance(purchase.result(10), Confirmed) for purchase in hanging)
    assert isinstance(place(client), Confirmed)


@pytest.mark.parametrize("cold_s", [1.7, 2.2])
def test_a_cold_start_is_a_short_wait_for_all_who_buy(
    server: FunctionServer, client_of: Callable[..., HttpOrdersClient], cold_s: float
) -> None:
    """Also if it takes longer than a try, and if so many come meanwhile that the breaker of their first try opens."""
    server.cold_s = cold_s
    client = client_of(server.url, server.url)
    with ThreadPoolExecutor(30) as pool:
        purchases = list(pool.map(lambda _: place(client), range(30)))
    assert all(isinstance(purchase, Confirmed) for purchase in purchases)


def test_a_cold_start_is_a_short_wait_for_all_who_look(
    server: FunctionServer, client_of: Callable[..., HttpOrdersClient]
) -> None:
    server.cold_s = 1.5
    cache = CatalogueCache(client_of(server.url, server.url))
    with ThreadPoolExecutor(10) as pool:
        snapshots = list(pool.map(lambda _: cache.get(), range(10)))
    assert all(snapshot is not None and snapshot.fresh for snapshot in snapshots)
    assert len(server.events) == 1


def test_a_function_that_is_down_is_left_alone_and_found_again(
    orders: FakeOrders, server: FunctionServer, metrics: Metrics
) -> None:
    def states() -> set[str]:
        gauges = [(route, state) for route in ("weighted", "stable") for state in ("closed", "open", "half_open")]
        value = metrics.registry.get_sample_value
        return {
            f"{route} {state}"
            for route, state in gauges
            if value("flametickets_breaker", {"route": route, "state": state}) == 1
        }

    def replay() -> Confirmed | Rejected | Unconfirmed:
        return client.replay(str(uuid.uuid4()), wants(), datetime.now(UTC), TRACE)

    clock, transport = Clock(), Transport()
    routes = Routes.of(server.url, server.url, clock)
    client = HttpOrdersClient(routes, SIGNING_SECRET, transport, metrics, sleep=clock.sleep)
    assert states() == {"weighted closed", "stable closed"}
    assert isinstance(replay(), Confirmed)
    orders.away = True
    wait_until(lambda: place(client) and states() == {"weighted open", "stable open"})
    asked = len(server.events)
    assert client.stable_opens_in() > 0
    assert place(client) == replay() == Unconfirmed("stable_open")
    assert len(server.events) == asked
    orders.away = False
    clock.sleep(5)
    assert client.stable_opens_in() == 0
    assert isinstance(replay(), Confirmed)
    assert isinstance(place(client), Confirmed)
    assert states() == {"weighted closed", "stable closed"}
    assert metrics.registry.get_sample_value(
        "flametickets_breaker_changes_total", {"route": "stable", "state": "half_open"}
    )
    transport.close()


def test_each_try_is_signed_anew(server: FunctionServer) -> None:
    """A signature is only good for five minutes, and is of the attempt's own time left."""
    server.failures = [500, 502]
    times = itertools.count(time.time(), -1)  # a clock of its own: the real one may make up a step of it
    transport, routes = Transport(), Routes.of(server.url, server.url)
    client = HttpOrdersClient(routes, SIGNING_SECRET, transport, Metrics(), now=lambda: next(times))
    assert isinstance(place(client), Confirmed)
    transport.close()
    signatures = [headers[contract.SIGNATURE_HEADER.lower()] for headers in server.headers_seen]
    assert len({signature.partition(",")[0] for signature in signatures}) == 3
