"""A buyer's purchase at a shop, and a show to buy from."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
import requests

from scripts.local.function_client import FunctionClient
from tests.container.pods import SIGNING_SECRET
from tests.functions.local_invoker import make_show
from tests.scripts.waiting import wait_until

SLUG: Final = "night-of-fire"
_WAITS: Final = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def publish(function_url: str) -> None:
    """Put the show on sale, five seats of it."""
    client = FunctionClient(function_url, SIGNING_SECRET)
    assert client.publish(make_show(SLUG), within_s=10) is None
    client.close()


def buy(shop_url: str) -> requests.Response:
    """Buy a seat."""
    order = {"show": SLUG, "lines": [{"ticket_type": "seat", "quantity": 1}], "name": "Ann", "email": "ann@example.org"}
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    return requests.post(f"{shop_url}/api/orders", json=order, headers=headers, timeout=15)


def find(shop_url: str, order: dict[str, Any]) -> dict[str, Any]:
    """The order as the shop shows it to its buyer."""
    address = f"{shop_url}/api/orders/{order['order_id']}"
    found: dict[str, Any] = requests.get(address, params={"key": order["key"]}, timeout=15).json()
    return found


@contextmanager
def held_up(database_url: str) -> Iterator[Callable[[], None]]:
    """No purchase is decided while the block runs; what it yields waits until one is being decided."""
    with psycopg.connect(database_url) as holder, psycopg.connect(database_url, autocommit=True) as watcher:
        holder.execute("SELECT FROM stock FOR UPDATE")
        yield lambda: wait_until(lambda: watcher.execute(_WAITS).fetchone() is not None)
        holder.rollback()
