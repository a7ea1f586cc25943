"""Each guard of a decision, taken out: the race that it holds off is there, and is seen. With it in, it is not."""

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from functions.orders import rules, store
from functions.orders.backlog import Publish
from functions.orders.contract import Order, Rejection
from functions.orders.rules import Decision, RefuseReuse, Repeat
from tests.functions.breakages import HELD, ONCE, ONE, VERSIONS
from tests.functions.meetings import (
    MORE_SEATS,
    Control,
    Meeting,
    answer,
    control,
    count_waiting,
    make_place,
    meet_when_begun,
    words,
    writers,
)
from tests.functions.promises import assert_promises_hold, broken
from tests.functions.writers import Writer

JOURNAL_KEY = "ALTER TABLE stock_journal DROP CONSTRAINT stock_journal_pkey"
ORDERS_KEY = "ALTER TABLE orders DROP CONSTRAINT orders_pkey"

__all__ = ["control", "writers"]  # fixtures


async def two_buyers_of_the_last_seat(writers: list[Writer]) -> list[str]:
    return words(await asyncio.gather(*(answer(writer, make_place()) for writer in writers)))


def take_out_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "FOR NO KEY UPDATE" in store._LOCK_STOCK
    monkeypatch.setattr(store, "_LOCK_STOCK", store._LOCK_STOCK.replace("FOR NO KEY UPDATE", ""))


@pytest.mark.parametrize("drop", ["", JOURNAL_KEY], ids=["with the key", "without the key"])
async def test_with_the_lock_one_of_two_gets_the_last_seat(
    writers: list[Writer], control: Control, monkeypatch: pytest.MonkeyPatch, drop: str
) -> None:
    control.execute(drop.encode())
    meet_when_begun(monkeypatch, meeting := Meeting(control))
    assert await two_buyers_of_the_last_seat(writers) == ["confirmed", "sold_out"]
    assert meeting.came == 2
    assert_promises_hold(control.info.dsn)


async def test_without_the_lock_the_journals_key_holds_the_second_one_off(
    writers: list[Writer], control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_out_the_lock(monkeypatch)
    meet_when_begun(monkeypatch, meeting := Meeting(control))
    assert await two_buyers_of_the_last_seat(writers) == ["confirmed", "sold_out"]
    assert meeting.came == 3, "the second one had to begin again"
    assert_promises_hold(control.info.dsn)


async def test_without_the_lock_and_the_key_the_last_seat_is_sold_twice(
    writers: list[Writer], control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    control.execute(JOURNAL_KEY)
    take_out_the_lock(monkeypatch)
    meet_when_begun(monkeypatch, Meeting(control))
    assert await two_buyers_of_the_last_seat(writers) == ["confirmed", "confirmed"]
    assert {VERSIONS, HELD} <= broken(control.info.dsn)


def take_out_the_look_at_prior_outcomes(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = store.begin

    async def begin_without(*arguments: Any) -> Any:
        stock, _, shows = await begin(*arguments)
        return stock, {}, shows

    monkeypatch.setattr(store, "begin", begin_without)


async def twice(writers: list[Writer], order_id: str) -> list[str]:
    """The same order through one writer, and then through the other."""
    return words([await answer(writer, make_place(order_id)) for writer in writers])


@pytest.mark.parametrize("drop", ["", ORDERS_KEY], ids=["with the key", "without the key"])
async def test_with_the_look_at_prior_outcomes_a_repeat_gets_the_order(
    writers: list[Writer], control: Control, drop: str
) -> None:
    control.execute(drop.encode())
    assert await twice(writers, str(uuid.uuid4())) == ["confirmed", "confirmed"]
    assert_promises_hold(control.info.dsn)


async def test_without_the_look_at_prior_outcomes_a_repeat_gets_no_answer(
    writers: list[Writer], control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_out_the_look_at_prior_outcomes(monkeypatch)
    await writers[0].submit(Publish(MORE_SEATS, datetime.now(UTC)))
    assert await twice(writers, str(uuid.uuid4())) == ["confirmed", "unanswered"]
    assert_promises_hold(control.info.dsn)


async def test_without_the_look_and_the_key_a_repeat_is_sold_again(
    writers: list[Writer], control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    control.execute(ORDERS_KEY)
    take_out_the_look_at_prior_outcomes(monkeypatch)
    await writers[0].submit(Publish(MORE_SEATS, datetime.now(UTC)))
    assert await twice(writers, str(uuid.uuid4())) == ["confirmed", "confirmed"]
    assert {ONE, ONCE} <= broken(control.info.dsn)


def look_before_the_lock(monkeypatch: pytest.MonkeyPatch, meeting: Meeting) -> None:
    """Prior outcomes are read first, when both writers are there, and the rows are locked then."""
    begin = store.begin

    async def look_and_begin(connection: Any, keys: Any, ids: Any, cancels: Any) -> Any:
        early = await store.read_orders(connection, ids)
        await meeting()
        stock, _, shows = await begin(connection, keys, ids, cancels)
        return stock, early, shows

    monkeypatch.setattr(store, "begin", look_and_begin)


async def twins(writers: list[Writer], order_id: str) -> list[str]:
    """The same order through both writers at once."""
    return words(await asyncio.gather(*(answer(writer, make_place(order_id)) for writer in writers)))


@pytest.mark.parametrize("drop", ["", ORDERS_KEY], ids=["with the key", "without the key"])
async def test_with_the_look_after_the_lock_twins_are_one_order(
    writers: list[Writer], control: Control, monkeypatch: pytest.MonkeyPatch, drop: str
) -> None:
    control.execute(drop.encode())
    meet_when_begun(monkeypatch, meeting := Meeting(control))
    await writers[0].submit(Publish(MORE_SEATS, datetime.now(UTC)))
    assert await twins(writers, str(uuid.uuid4())) == ["confirmed", "confirmed"]
    assert meeting.came == 2
    assert_promises_hold(control.info.dsn)


async def test_with_the_look_before_the_lock_the_key_holds_the_twin_off(
    writers: list[Writer], control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_before_the_lock(monkeypatch, meeting := Meeting(control))
    await writers[0].submit(Publish(MORE_SEATS, datetime.now(UTC)))
    assert await twins(writers, str(uuid.uuid4())) == ["confirmed", "confirmed"]
    assert meeting.came == 3, "the second one had to begin again"
    assert_promises_hold(control.info.dsn)


async def test_with_the_look_before_the_lock_and_without_the_key_twins_are_two_orders(
    writers: list[Writer], control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    control.execute(ORDERS_KEY)
    look_before_the_lock(monkeypatch, Meeting(control))
    await writers[0].submit(Publish(MORE_SEATS, datetime.now(UTC)))
    assert await twins(writers, str(uuid.uuid4())) == ["confirmed", "confirmed"]
    assert {ONE, ONCE} <= broken(control.info.dsn)


async def test_one_statement_that_locks_and_looks_misses_what_the_locks_holder_committed(
    writers: list[Writer], control: Control
) -> None:
    """Why the look is a statement of its own: the trap is there, and a later statement is clear of it."""
    both = """
        WITH locked AS MATERIALIZED (SELECT sold FROM stock FOR NO KEY UPDATE)
        SELECT (SELECT sum(sold) FROM locked), (SELECT count(*) FROM orders)
    """
    with psycopg.connect(control.info.dsn) as holder:
        holder.execute("SELECT FROM stock FOR NO KEY UPDATE")
        async with await psycopg.AsyncConnection.connect(control.info.dsn) as other:
            look = asyncio.create_task(other.execute(both.encode()))
            while count_waiting(control) == 0:
                await asyncio.sleep(0)
            holder.execute(
                "UPDATE stock SET sold = 1; INSERT INTO orders SELECT gen_random_uuid(), 'cancelled', NULL,"
                " '', '', '[]', '[]', 0, '', '', '', now(), now(), ''"
            )
            holder.commit()
            assert await (await look).fetchone() == (1, 0)
            assert await (await other.execute("SELECT count(*) FROM orders")).fetchone() == (1,)


async def test_with_the_look_at_the_payload_another_purchase_learns_nothing(writers: list[Writer]) -> None:
    order_id = str(uuid.uuid4())
    assert words([await answer(writers[0], make_place(order_id))]) == ["confirmed"]
    assert await answer(writers[1], make_place(order_id, name="Bob")) == Rejection(order_id, "id_reused")


async def test_without_the_look_at_the_payload_another_buyer_gets_the_tickets(
    writers: list[Writer], monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = rules.decide

    def decide_by_id_alone(*arguments: Any) -> Decision:
        decision = decide(*arguments)
        return Repeat() if isinstance(decision, RefuseReuse) else decision

    monkeypatch.setattr(rules, "decide", decide_by_id_alone)
    order_id = str(uuid.uuid4())
    anns = await answer(writers[0], make_place(order_id))
    bobs = await answer(writers[1], make_place(order_id, name="Bob"))
    assert isinstance(bobs, Order)
    assert bobs == anns
    assert bobs.name == "Ann Buyer"
