"""Retention forgets what is old, in short transactions, and the audit holds before, between and after them."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from functions.orders import contract, retention
from functions.orders.contract import CANCEL, LOOKUP, PLACE, PUBLISH, Order
from functions.orders.retention import KEPT_FOR, retain
from tests.functions.commands import Done, run_here, run_process
from tests.functions.conftest import free_port
from tests.functions.local_invoker import LocalInvoker, make_order, make_show
from tests.functions.promises import assert_promises_hold
from tests.functions.sold import sell

Run = Callable[..., Done]
LATER = KEPT_FOR + timedelta(hours=1)


def forget(database_url: str, now: datetime) -> dict[str, list[int]]:
    """Rows deleted by each transaction, by what they were; the audit holds after each."""
    deleted: dict[str, list[int]] = {"rejections": [], "journal lines": []}
    with psycopg.connect(database_url, autocommit=True) as connection:
        for what, rows in retain(connection, now):
            deleted[what].append(rows)
            assert_promises_hold(database_url, now)
    return deleted


def fetch(database_url: str, query: str) -> Sequence[tuple[Any, ...]]:
    with psycopg.connect(database_url) as session:
        return session.execute(query.encode()).fetchall()


async def status(function: LocalInvoker, order_id: str) -> str:
    answer = await function.send(LOOKUP, contract.OrderRef(order_id))
    return answer.data(Order).status if answer.event.type == contract.FOUND else "unknown"


async def test_what_is_young_is_kept(on_sale: LocalInvoker) -> None:
    sold = await sell(on_sale)
    assert forget(sold.url, datetime.now(UTC) + KEPT_FOR - timedelta(hours=1)) == {
        "rejections": [],
        "journal lines": [],
    }


async def test_old_rejections_and_tombstones_are_forgotten_and_orders_are_not(on_sale: LocalInvoker) -> None:
    sold = await sell(on_sale)
    now = datetime.now(UTC) + LATER
    assert forget(sold.url, now)["rejections"] == [2]
    kept = {name: await status(on_sale, order_id) for name, order_id in sold.orders.items()}
    assert kept == {
        "both": "confirmed",
        "one": "confirmed",
        "cancelled": "cancelled",
        "refused": "unknown",
        "tombstone": "unknown",
        "last": "confirmed",
    }
    assert_promises_hold(sold.url, now)


async def test_of_the_journal_the_newest_old_line_is_kept_and_all_after_it(on_sale: LocalInvoker) -> None:
    sold = await sell(on_sale)
    sold.execute(
        "UPDATE stock_journal SET at = at - interval '40 days' WHERE ticket_type = 'seat' AND version <= 4;"
        "UPDATE orders SET decided_at = at FROM stock_journal j WHERE j.order_id = orders.order_id AND cause = 'sold'"
    )
    assert forget(sold.url, datetime.now(UTC))["journal lines"] == [3]
    left = fetch(sold.url, "SELECT ticket_type, min(version), max(version) FROM stock_journal GROUP BY 1 ORDER BY 1")
    assert left == [("seat", 4, 7), ("standing", 1, 3)]


async def test_a_row_that_nothing_happened_to_for_long_keeps_its_last_line(on_sale: LocalInvoker) -> None:
    sold = await sell(on_sale)
    now = datetime.now(UTC) + 3 * KEPT_FOR
    assert forget(sold.url, now)["journal lines"] == [6, 2]
    assert fetch(sold.url, "SELECT ticket_type, version, sold FROM stock_journal ORDER BY 1") == [
        ("seat", 7, 5),
        ("standing", 3, 2),
    ]
    assert forget(sold.url, now) == {"rejections": [], "journal lines": []}


async def test_what_was_sold_long_ago_can_still_be_cancelled_and_audited(on_sale: LocalInvoker) -> None:
    sold = await sell(on_sale)
    sold.execute(
        "UPDATE stock_journal SET at = at - interval '40 days';"
        "UPDATE orders SET decided_at = decided_at - interval '40 days'"
    )
    forget(sold.url, datetime.now(UTC))
    cancelled = await on_sale.send(CANCEL, contract.CancelOrder(sold.orders["both"]))
    assert cancelled.event.type == contract.CANCELLED
    placed = await on_sale.send(PLACE, make_order(lines={"seat": 3, "standing": 2}))
    assert placed.event.type == contract.CONFIRMED
    assert (await on_sale.send(PLACE, make_order())).event.type == contract.REJECTED
    assert_promises_hold(sold.url)


async def test_a_clock_that_differs_takes_no_line_that_a_rejection_needs(on_sale: LocalInvoker) -> None:
    sold = await sell(on_sale)
    now = datetime.now(UTC) + KEPT_FOR
    sold.execute("UPDATE orders SET decided_at = decided_at + interval '4 minutes' WHERE order_id = :refused")
    assert forget(sold.url, now + timedelta(minutes=3)) == {"rejections": [1], "journal lines": []}
    assert await status(on_sale, sold.orders["refused"]) == "rejected"


def many(database_url: str, rows: int) -> None:
    """An old show, sold one by one long ago, with as many orders that were refused."""
    with psycopg.connect(database_url) as session:
        session.execute(
            sql.SQL("""
            INSERT INTO shows VALUES ('old', 'Old', 'Hall', now(), now() - interval '99 days', now(), '+00:00', NULL,
                                      now() - interval '99 days');
            INSERT INTO ticket_types VALUES ('old', 'seat', 'Seat', 100, 'EUR', 1, 1, true);
            INSERT INTO stock VALUES ('old', 'seat', {rows}, {rows}, {rows} + 1);
            CREATE TEMP TABLE sales ON COMMIT DROP AS
                SELECT n, gen_random_uuid() AS id, now() - interval '60 days' + n * interval '1 second' AS at
                FROM generate_series(1, {rows}) n;
            INSERT INTO stock_journal
                VALUES ('old', 'seat', 1, {rows}, 0, 'published', NULL, now() - interval '61 days');
            INSERT INTO stock_journal SELECT 'old', 'seat', n + 1, {rows}, n, 'sold', id, at FROM sales;
            INSERT INTO orders SELECT id, 'confirmed', NULL, 'f', 'old',
                '[{{"ticket_type": "seat", "name": "Seat", "quantity": 1, "price": 100}}]', '[]', 100, 'EUR',
                'Ann', 'ann@example.org', at, at, 'r' FROM sales;
            INSERT INTO tickets SELECT 'OLD-' || n, id, 'seat', 1 FROM sales;
            INSERT INTO orders SELECT gen_random_uuid(), 'rejected', 'expired', 'f', 'old', '[]', '[]', 0, '', '', '',
                at, at, 'r' FROM sales
            """).format(rows=sql.Literal(rows))
        )


def test_no_transaction_deletes_more_than_its_share(orders_database_url: str) -> None:
    many(orders_database_url, 2500)
    assert_promises_hold(orders_database_url)
    assert forget(orders_database_url, datetime.now(UTC)) == {
        "rejections": [1000, 1000, 500],
        "journal lines": [1000, 1000, 500],
    }


def test_a_run_that_is_interrupted_leaves_nothing_half_done_and_the_next_one_ends_it(orders_database_url: str) -> None:
    many(orders_database_url, 2500)
    now = datetime.now(UTC)
    left = 0
    for interrupted_after in range(1, 6):
        with psycopg.connect(orders_database_url, autocommit=True) as connection:
            steps = retain(connection, now)
            for _ in range(interrupted_after % 2 + 1):
                left += next(steps, ("", 0))[1]
        assert_promises_hold(orders_database_url, now)
    assert left == 5000
    assert fetch(orders_database_url, "SELECT count(*) FROM stock_journal") == [(1,)]


def test_two_runs_at_once_delete_each_row_once(orders_database_url: str) -> None:
    many(orders_database_url, 2500)
    now = datetime.now(UTC)
    deleted = 0
    with (
        psycopg.connect(orders_database_url, autocommit=True) as one,
        psycopg.connect(orders_database_url, autocommit=True) as other,
    ):
        runs = [retain(one, now), retain(other, now)]
        while runs:
            for run in tuple(runs):
                if (step := next(run, None)) is None:
                    runs.remove(run)
                else:
                    deleted += step[1]
    assert deleted == 5000
    assert_promises_hold(orders_database_url, now)


async def test_sales_go_on_while_it_deletes(on_sale: LocalInvoker) -> None:
    many(on_sale.database_url, 5000)
    big = contract.TicketType("seat", "Seat", 100, "EUR", capacity=100_000, limit_per_order=4)
    await on_sale.send(PUBLISH, make_show("hot", ticket_types=(big,)))
    deleting = asyncio.create_task(asyncio.to_thread(forget, on_sale.database_url, datetime.now(UTC)))
    sold_meanwhile = 0
    while not deleting.done():
        answers = await asyncio.gather(
            *(on_sale.send(PLACE, make_order("hot", {"seat": 1}), time_left_ms=1000) for _ in range(8))
        )
        assert {answer.event.type for answer in answers} == {contract.CONFIRMED}
        sold_meanwhile += 8
    assert sum((await deleting)["rejections"]) == 5000
    assert sold_meanwhile > 0
    assert_promises_hold(on_sale.database_url)


def test_nobody_waits_for_a_row_that_it_deletes(orders_database_url: str) -> None:
    """Not even the writer of a stock row whose journal is shortened."""
    many(orders_database_url, 10)
    with psycopg.connect(orders_database_url) as seller:
        seller.execute("SELECT FROM stock FOR UPDATE")
        assert forget(orders_database_url, datetime.now(UTC)) == {"rejections": [10], "journal lines": [10]}
        seller.execute("UPDATE stock SET sold = sold")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return lambda **environ: run_here(retention.main, environ, monkeypatch, capsys)


def test_the_command_prints_what_it_deleted(orders_database_url: str, run: Run) -> None:
    many(orders_database_url, 1500)
    done = run(ORDERS_DATABASE_URL=orders_database_url)
    assert (done.code, done.err) == (0, "")
    assert done.out == "rejections          1500  deleted\njournal lines       1500  deleted\n"


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({}, "ORDERS_DATABASE_URL: is not set"),
        ({"ORDERS_DATABASE_URL": f"postgresql://:secret@127.0.0.1:{free_port()}/o"}, "stopped: OperationalError: "),
    ],
)
def test_what_could_not_be_done_is_told_in_one_line(environ: dict[str, str], line: str, run: Run) -> None:
    done = run(**environ)
    assert done.code == 2
    assert done.err.startswith(line)
    assert len(done.err.splitlines()) == 1
    assert "secret" not in done.err


def test_it_waits_for_a_locked_row_no_longer_than_its_bound_and_tells_what_was_done(
    orders_database_url: str, run: Run
) -> None:
    many(orders_database_url, 10)
    with psycopg.connect(orders_database_url) as other:
        other.execute("SELECT FROM stock_journal FOR UPDATE")
        done = run(ORDERS_DATABASE_URL=orders_database_url)
    assert done.code == 2
    assert done.err.startswith("stopped: LockNotAvailable: ")
    assert done.out == "rejections            10  deleted\njournal lines          0  deleted\n"


def test_half_of_the_time_it_rests(orders_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    many(orders_database_url, 1500)
    monkeypatch.setenv("ORDERS_DATABASE_URL", orders_database_url)
    rests: list[float] = []
    assert retention.main(sleep=rests.append) == 0
    assert len(rests) == 4
    assert all(0 < rest < 5 for rest in rests)


def test_it_is_a_module_to_run(orders_database_url: str) -> None:
    assert run_process("functions.orders.retention", {"ORDERS_DATABASE_URL": orders_database_url}).code == 0
    assert run_process("functions.orders.retention", {}) == Done(2, "", "ORDERS_DATABASE_URL: is not set\n")
