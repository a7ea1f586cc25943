"""Whether a gateway has a way to a host: a small gateway that goes by the Host, as the real one does."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from scripts.local.ports import free_ports
from scripts.local.stack import Stack
from tests.scripts.inside.pods import Ended, environment, run

SHOP, ORDERS = "frontend.tickets.example.org", "orders.tickets.example.org"


@contextmanager
def gateway(answers: Mapping[str, tuple[int, bytes]]) -> Iterator[str]:
    """The address of a gateway that gives these answers by host, and 404 for all others."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.get(self.headers["Host"], (404, b""))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def asked(*gateways: str) -> Ended:
    at = [word for url in gateways for word in ("--at", url)]
    return run(["gateway", "--known", SHOP, *at, ORDERS, f"stable-{ORDERS}"], environment())


def test_a_gateway_that_knows_the_shop_alone_is_good() -> None:
    with gateway({SHOP: (200, b"ok\n")}) as url:
        ended = asked(url)
    assert (ended.code, ended.last["gateway"]) == (0, url)
    assert [(each["host"], each["outcome"], each["status"]) for each in ended.last["hosts"]] == [
        (ORDERS, "unknown", 404),
        (f"stable-{ORDERS}", "unknown", 404),
    ]


def test_a_gateway_that_leads_to_the_function_is_bad() -> None:
    with gateway({SHOP: (200, b"ok\n"), f"stable-{ORDERS}": (401, b"")}) as url:
        ended = asked(url)
    assert (ended.code, ended.last["why"]) == (1, f"stable-{ORDERS}: it answered 401")


def test_the_gateway_is_looked_for_where_it_may_be() -> None:
    (port,) = free_ports(1)
    with gateway({}) as other, gateway({SHOP: (200, b"ok\n")}) as url:
        ended = asked(f"http://127.0.0.1:{port}", other, url)
    assert (ended.code, ended.last["gateway"]) == (0, url)


def test_a_404_of_something_that_is_not_the_shops_gateway_means_nothing() -> None:
    (port,) = free_ports(1)
    with gateway({}) as other, gateway({SHOP: (200, b"<p>parked"), ORDERS: (200, b"<p>parked")}) as parked:
        ended = asked(f"http://127.0.0.1:{port}", other, parked)
    assert ended.code == 2
    why = ended.last["why"]
    assert why.startswith(f"no gateway of {SHOP} is reached from here: 127.0.0.1:{port}: it can't be reached")
    assert f"it answered 404 for {SHOP}" in why
    assert f"it answered 200 for {SHOP}" in why


def test_the_real_health_paths_are_what_is_asked_for(stack: Stack) -> None:
    """On a laptop each port of the gateway has one route, so that the shop and the function answer to any host."""
    assert asked(stack.url).code == 1
    ended = asked(stack.gateway_urls["stable-orders"])
    assert (ended.code, {each["status"] for each in ended.last["hosts"]}) == (1, {200})
