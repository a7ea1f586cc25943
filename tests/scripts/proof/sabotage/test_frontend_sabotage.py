"""A shop that keeps pending purchases in memory forgets at its end what it said to be accepted; a whole one doesn't."""

import uuid
from pathlib import Path

import psycopg
import pytest
import requests

from scripts.local.ports import free_ports
from scripts.local.postgres import EmbeddedPostgres
from tests.functions.local_invoker import SECRET
from tests.pending_store import pending_database
from tests.scripts.proof.sabotage.starting import kill, running
from tests.scripts.waiting import wait_until


def settings(database_url: str) -> dict[str, str]:
    """Nobody is where the function should be."""
    (nobody,) = free_ports(1)
    return {
        "ORDERS_URL": f"http://127.0.0.1:{nobody}",
        "ORDERS_STABLE_URL": f"http://127.0.0.1:{nobody}",
        "SIGNING_SECRETS": SECRET,
        "ORDER_KEY_SECRET": SECRET,
        "FRONTEND_DATABASE_URL": database_url,
    }


def order(port: int) -> str:
    """Order a ticket, which is accepted; returns the order id."""
    order_id = str(uuid.uuid4())
    wanted = {"show": "a-show", "lines": [{"ticket_type": "seat", "quantity": 1}], "name": "Ann", "email": "a@b.org"}
    headers = {"Idempotency-Key": order_id}
    answer = requests.post(f"http://127.0.0.1:{port}/api/orders", json=wanted, headers=headers, timeout=30)
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    look = requests.get(f"http://127.0.0.1:{port}{answer.headers['Location']}", timeout=30)
    assert (look.status_code, look.json()["status"]) == (200, "pending")
    return order_id


def is_kept(database_url: str, order_id: str) -> bool:
    with psycopg.connect(database_url) as session:
        row = session.execute("SELECT 1 FROM pending_purchases WHERE order_id = %s", [order_id]).fetchone()
    return row is not None


@pytest.mark.parametrize("guard", [None, "pending-not-durable"])
def test_what_is_accepted_in_memory_is_gone_with_the_process(
    guard: str | None, postgres_server: EmbeddedPostgres, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    with (
        pending_database(postgres_server) as url,
        running("web", guard, port, settings(url), tmp_path / "web.log") as shop,
    ):
        accepted = [order(port) for _ in range(3)]
        kill(shop)
        assert is_kept(url, accepted[-1]) == (guard is None)


def test_what_is_accepted_in_memory_is_written_in_the_end(postgres_server: EmbeddedPostgres, tmp_path: Path) -> None:
    """Without a kill nothing is lost."""
    (port,) = free_ports(1)
    with (
        pending_database(postgres_server) as url,
        running("web", "pending-not-durable", port, settings(url), tmp_path / "web.log"),
    ):
        accepted = order(port)
        wait_until(lambda: is_kept(url, accepted), within_s=20)
