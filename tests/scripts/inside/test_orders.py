"""Publishing, placing, finding and cancelling from a pod, with the real function."""

import uuid
from pathlib import Path

import psycopg
import pytest
import requests

from scripts.inside.hidden_show import SLUG
from scripts.local.ports import free_ports
from scripts.local.stack import Stack
from tests.functions.promises import assert_promises_hold
from tests.scripts.inside.pods import Ended, environment, run

SHOWS = """\
- &show
  slug: {slug}
  title: Published from a pod
  venue: Here
  starts_at: "+9d 20:00 +02:00"
  sales_start: "-2d 10:00 +02:00"
  sales_end: "+8d 20:00 +02:00"
  ticket_types:
    - {{id: place, name: Place, price: 1250, currency: EUR, capacity: {capacity}, limit_per_order: 4}}
- <<: *show
  slug: {slug}-too
"""


def publish(stack: Stack, folder: Path, slug: str, capacity: int) -> Ended:
    (folder / "shows.yaml").write_text(SHOWS.format(slug=slug, capacity=capacity))
    return run(["publish", str(folder / "shows.yaml")], environment(stack))


def test_an_order_is_placed_found_and_cancelled(stack: Stack) -> None:
    placed = run(["place", "stable"], environment(stack))
    assert placed.code == 0
    order_id = placed.last.pop("order_id")
    by = {"revision": "orders-stable-local", "tries": 1}
    assert placed.last == {"command": "place", "status": "confirmed", "tickets": 1, **by}
    found = run(["find", "orders", order_id], environment(stack))
    expected = {"command": "find", "order_id": order_id, "status": "confirmed", "show": SLUG, "tickets": 1, **by}
    assert (found.code, found.last) == (0, expected)
    cancelled = run(["cancel", "stable", order_id], environment(stack))
    expected = {"command": "cancel", "orders": [{"order_id": order_id, "status": "cancelled", **by}]}
    assert (cancelled.code, cancelled.last) == (0, expected)
    found = run(["find", "stable", order_id], environment(stack))
    assert (found.code, found.last["status"]) == (0, "cancelled")
    assert_promises_hold(stack.database_url)


def test_an_order_is_placed_under_the_id_that_is_given(stack: Stack) -> None:
    order_id = str(uuid.uuid4())
    placed = run(["place", "stable", order_id], environment(stack))
    assert (placed.code, placed.last["order_id"], placed.last["status"]) == (0, order_id, "confirmed")
    run(["cancel", "stable", order_id], environment(stack))


def test_several_orders_are_cancelled_at_once_and_one_that_never_arrived_can_not_be_placed_any_more(
    stack: Stack,
) -> None:
    placed, never = (str(uuid.uuid4()) for _ in range(2))
    run(["place", "stable", placed], environment(stack))
    cancelled = run(["cancel", "stable", placed, never], environment(stack))
    assert cancelled.code == 0
    assert [(each["order_id"], each["status"]) for each in cancelled.last["orders"]] == [
        (placed, "cancelled"),
        (never, "cancelled"),
    ]
    late = run(["place", "stable", never], environment(stack))
    assert (late.code, late.last["why"]) == (1, "it answered order.rejected (cancelled), not order.confirmed")
    assert_promises_hold(stack.database_url)


def test_an_order_that_nobody_placed_is_not_found(stack: Stack) -> None:
    found = run(["find", "stable", str(uuid.uuid4())], environment(stack))
    assert (found.code, found.last["status"]) == (1, "unknown")


def test_the_show_that_is_bought_is_hidden_and_published_again_changes_nothing(stack: Stack) -> None:
    for _ in range(2):
        order_id = run(["place", "stable"], environment(stack)).last["order_id"]
        run(["cancel", "stable", order_id], environment(stack))
    shows = requests.get(f"{stack.url}/api/shows", timeout=5).json()["shows"]
    assert SLUG not in {show["slug"] for show in shows}
    with psycopg.connect(stack.database_url) as session:
        published = "SELECT count(*) FROM stock_journal WHERE show = %s AND cause = 'published'"
        assert session.execute(published, [SLUG]).fetchone() == (1,)


def test_while_nobody_answers_nothing_is_known(stack: Stack) -> None:
    (port,) = free_ports(1)
    words = ["place", f"http://127.0.0.1:{port}", "--tries", "2"]
    placed = run(words, environment(stack))
    assert placed.code == 2
    assert (placed.last["status"], placed.last["tries"]) == ("unconfirmed", 2)
    assert placed.last["why"] == f"nothing takes connections at 127.0.0.1:{port}"


def test_a_command_ends_in_its_time_however_many_tries_it_has(stack: Stack) -> None:
    (port,) = free_ports(1)
    words = ["place", f"http://127.0.0.1:{port}", "--tries", "1000", "--within", "1"]
    assert run(words, environment(stack), within_s=10).code == 2


def test_a_cancel_that_nobody_answers_says_of_each_order_that_nothing_is_known(stack: Stack) -> None:
    (port,) = free_ports(1)
    orders = [str(uuid.uuid4()) for _ in range(2)]
    cancelled = run(["cancel", f"http://127.0.0.1:{port}", *orders, "--tries", "1"], environment(stack))
    assert (cancelled.code, [each["status"] for each in cancelled.last["orders"]]) == (2, ["unconfirmed"] * 2)
    assert all(f"{order}: nothing takes connections" in cancelled.last["why"] for order in orders)


def test_a_wrong_secret_is_said_at_once_and_an_old_one_is_tried(stack: Stack) -> None:
    wrong = run(["place", "stable"], environment(stack, SIGNING_SECRETS="x" * 40))
    assert (wrong.code, wrong.last["tries"]) == (2, 1)
    assert wrong.last["why"].startswith("it answered 401: The signature is missing or wrong")
    both = run(["place", "stable"], environment(stack, SIGNING_SECRETS=f"{'x' * 40},{stack.signing_secret}"))
    assert (both.code, both.last["status"]) == (0, "confirmed")


def test_the_shows_of_a_file_are_published(stack: Stack, tmp_path: Path) -> None:
    slug = f"from-a-pod-{uuid.uuid4().hex[:8]}"
    published = publish(stack, tmp_path, slug, capacity=10)
    assert published.code == 0
    expected = [{"slug": each, "status": "published", "tries": 1} for each in (slug, f"{slug}-too")]
    assert published.last == {"command": "publish", "shows": expected}


def test_a_capacity_below_what_is_sold_is_refused_and_the_other_shows_are_published(
    stack: Stack, tmp_path: Path
) -> None:
    slug = f"from-a-pod-{uuid.uuid4().hex[:8]}"
    publish(stack, tmp_path, slug, capacity=10)
    order = {"show": slug, "lines": [{"ticket_type": "place", "quantity": 3}], "name": "A", "email": "a@example.org"}
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    assert requests.post(f"{stack.url}/api/orders", json=order, headers=headers, timeout=10).status_code == 201
    again = publish(stack, tmp_path, slug, capacity=2)
    assert again.code == 1
    refused, other = again.last["shows"]
    assert (refused["status"], other["status"]) == ("refused", "published")
    assert refused["why"] == "3 tickets of place are sold, more than its new capacity"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("- slug: No Slug", "shows.yaml, line 1: "),
        (None, "shows.yaml: cannot be read: No such file or directory"),
    ],
)
def test_a_file_with_a_mistake_publishes_nothing(stack: Stack, tmp_path: Path, text: str | None, why: str) -> None:
    if text is not None:
        (tmp_path / "shows.yaml").write_text(text)
    published = run(["publish", str(tmp_path / "shows.yaml")], environment(stack))
    assert (published.code, published.last["shows"]) == (1, [])
    assert why in published.last["why"]
