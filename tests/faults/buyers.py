"""Buyers who order over the shop's JSON interface, all at once, and repeat what was not answered."""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import psycopg
import requests

from functions.orders import contract
from scripts.local.stack import Stack

DECIDED = (201, 409)


@dataclass(frozen=True)
class Outcome:
    """A buyer's last answer, and how many tries it took."""

    order_id: str
    status: int
    body: dict[str, Any]
    tries: int


def publish_last_tickets(stack: Stack, capacity: int) -> str:
    """A show of its own for one test; returns its slug."""
    now = datetime.now(UTC)
    slug = f"last-tickets-{uuid.uuid4().hex[:8]}"
    place = contract.TicketType("place", "Place", 1000, "EUR", capacity=capacity, limit_per_order=4)
    show = contract.Show(
        slug,
        "Last tickets",
        "Old Foundry",
        now + timedelta(days=2),
        now - timedelta(days=1),
        now + timedelta(days=1),
        (place,),
    )
    assert stack.publish(show) == []
    return slug


def buy(url: str, slug: str, order_id: str, *, give_up_at: float | None = None) -> Outcome:
    """One place; with `give_up_at` (monotonic seconds) the same request again until it is decided."""
    order = {
        "show": slug,
        "lines": [{"ticket_type": "place", "quantity": 1}],
        "name": "Ann Buyer",
        "email": f"{order_id[:8]}@example.org",
    }
    tries = 0
    while True:
        tries += 1
        status, body = _post(url, order, order_id)
        if status in DECIDED or give_up_at is None or time.monotonic() > give_up_at:
            return Outcome(order_id, status, body, tries)


def all_at_once(count: int, act: Callable[[int], Outcome]) -> Sequence[Outcome]:
    """`act(n)` for each of `count` buyers, who start together."""
    start = Barrier(count)

    def one(number: int) -> Outcome:
        start.wait(30)
        return act(number)

    with ThreadPoolExecutor(count) as buyers:
        return list(buyers.map(one, range(count)))


def statuses(outcomes: Sequence[Outcome]) -> Counter[int]:
    return Counter(outcome.status for outcome in outcomes)


def ledger_of(stack: Stack, slug: str) -> tuple[int, int, int]:
    """Tickets of confirmed orders, what the stock row says is sold, and versions that the journal lacks or repeats."""
    with psycopg.connect(stack.database_url) as session:
        tickets = session.execute(
            "SELECT count(*) FROM tickets JOIN orders USING (order_id) WHERE show = %s AND status = 'confirmed'", [slug]
        ).fetchone()
        stock = session.execute("SELECT sold, version FROM stock WHERE show = %s", [slug]).fetchone()
        journal = session.execute(
            "SELECT count(*), count(DISTINCT version), max(version) FROM stock_journal WHERE show = %s", [slug]
        ).fetchone()
    assert tickets
    assert stock
    assert journal
    return tickets[0], stock[0], sum(abs(stock[1] - number) for number in journal)


def _post(url: str, order: dict[str, Any], order_id: str) -> tuple[int, dict[str, Any]]:
    """Status and body of one request; status 0 if the connection broke."""
    try:
        answer = requests.post(f"{url}/api/orders", json=order, headers={"Idempotency-Key": order_id}, timeout=15)
        return answer.status_code, answer.json()
    except requests.RequestException:
        return 0, {}
