"""Each guard that the database holds, taken out: what it holds off happens, and the audit sees it. With it in, not."""

import asyncio
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.orders import ledger, rules, store
from functions.orders.backlog import Command, Publish
from functions.orders.contract import Order, TicketType
from functions.orders.rules import Cancel
from tests.functions.breakages import ALWAYS_WITHIN, CODES, EVENTS, WITHIN
from tests.functions.local_invoker import make_show
from tests.functions.meetings import MORE_SEATS, Control, answer, control, count_waiting, make_place, words, writers
from tests.functions.promises import assert_promises_hold, broken
from tests.functions.writers import Writer

NEVER_OVERSOLD = (
    "ALTER TABLE stock DROP CONSTRAINT never_oversold; ALTER TABLE stock_journal DROP CONSTRAINT stock_journal_check"
)
TICKETS_KEY = "ALTER TABLE tickets DROP CONSTRAINT tickets_pkey"

__all__ = ["control", "writers"]  # fixtures


def believe_that_there_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in the rules."""
    monkeypatch.setattr(rules.Stock, "available", property(lambda _: 1000))


async def test_the_check_holds_off_what_wrong_rules_would_sell(
    writers: list[Writer], control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    believe_that_there_is_enough(monkeypatch)
    replies = await asyncio.gather(*(answer(writers[0], make_place()) for _ in range(4)))
    assert words(replies) == ["confirmed", "unanswered", "unanswered", "unanswered"]
    assert_promises_hold(control.info.dsn)


async def test_without_the_check_wrong_rules_oversell(
    writers: list[Writer], control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    control.execute(NEVER_OVERSOLD)
    believe_that_there_is_enough(monkeypatch)
    replies = await asyncio.gather(*(answer(writers[0], make_place()) for _ in range(4)))
    assert words(replies) == ["confirmed"] * 4
    assert broken(control.info.dsn) == {WITHIN, ALWAYS_WITHIN}


@pytest.mark.parametrize(("drop", "outcome", "found"), [("", "unanswered", set()), (TICKETS_KEY, "confirmed", {CODES})])
async def test_the_tickets_key_holds_off_a_second_ticket_with_the_same_code(
    writers: list[Writer],
    control: Control,
    monkeypatch: pytest.MonkeyPatch,
    drop: str,
    outcome: str,
    found: set[str],
) -> None:
    control.execute(drop.encode())
    await writers[0].submit(Publish(MORE_SEATS, datetime.now(UTC)))
    monkeypatch.setattr(ledger.TicketCodes, "__call__", lambda _self: "AAAA")
    replies = [await answer(writer, make_place()) for writer in writers]
    assert words(replies) == sorted(["confirmed", outcome])
    assert broken(control.info.dsn) == found


# What the outbox would be outside of the transaction: nothing that the ledger's own session inserts is kept.
NO_OUTBOX_IN_THE_TRANSACTION = """
    CREATE FUNCTION drop_event() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF current_setting('application_name') = 'flametickets-orders' THEN RETURN NULL; END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER drop_event BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION drop_event()
"""
WRITE_EVENTS = """
    INSERT INTO outbox (type, order_id, at)
    SELECT 'org.flametickets.order.' || status, order_id, decided_at FROM orders o
    WHERE fingerprint <> '' AND NOT EXISTS (SELECT FROM outbox e WHERE e.order_id = o.order_id)
"""


def after_each_commit(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    commit = store.commit

    async def commit_and_act(*arguments: Any) -> None:
        await commit(*arguments)
        act()

    monkeypatch.setattr(store, "commit", commit_and_act)


async def sell_and_crash_at_the_second(writers: list[Writer], crash: Callable[[], None]) -> None:
    """One order, and one whose writer is gone as soon as it has committed."""
    assert isinstance(await answer(writers[0], make_place()), Order)
    crash()
    second = asyncio.create_task(answer(writers[1], make_place()))
    await asyncio.wait([second, writers[1].ledger._writer], return_when=asyncio.FIRST_COMPLETED)
    await writers[1].close()
    assert await second is None


@pytest.mark.parametrize("outside", [False, True], ids=["in the transaction", "outside of it"])
async def test_an_outbox_outside_of_the_transaction_loses_events_when_the_writer_dies(
    writers: list[Writer], control: Control, monkeypatch: pytest.MonkeyPatch, outside: bool
) -> None:
    await writers[0].submit(Publish(MORE_SEATS, datetime.now(UTC)))
    dead = False

    def write_events() -> None:
        if dead:
            raise asyncio.CancelledError
        if outside:
            control.execute(WRITE_EVENTS)

    def die() -> None:
        nonlocal dead
        dead = True

    if outside:
        control.execute(NO_OUTBOX_IN_THE_TRANSACTION)
    after_each_commit(monkeypatch, write_events)
    await sell_and_crash_at_the_second(writers, die)
    assert broken(control.info.dsn) == ({EVENTS} if outside else set())


async def lock_the_middle(writers: list[Writer], control: Control) -> list[str]:
    """Both writers want three rows, and wait: the middle one is locked until both do."""
    kinds = tuple(TicketType(kind, kind, 100, "EUR", capacity=9, limit_per_order=4) for kind in ("a", "m", "z"))
    await writers[0].submit(Publish(make_show(ticket_types=kinds), datetime.now(UTC)))
    lines = {"a": 1, "m": 1, "z": 1}
    control.execute("BEGIN")
    control.execute("SELECT FROM stock WHERE ticket_type = 'm' FOR UPDATE")
    replies = asyncio.gather(*(answer(writer, make_place(lines=lines)) for writer in writers))
    while count_waiting(control) < 2:
        await asyncio.sleep(0)
    control.execute("COMMIT")
    return words(await replies)


def count_conflicts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The errors for which a batch had to be tried again, as they come."""
    conflicts: list[str] = []
    failure = ledger._failure

    def note(error: Exception, commands: int) -> Any:
        conflicts.append(type(error).__name__)
        return failure(error, commands)

    monkeypatch.setattr(ledger, "_failure", note)
    return conflicts


async def test_rows_are_locked_in_one_order_so_nobody_waits_in_a_circle(
    writers: list[Writer], control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    conflicts = count_conflicts(monkeypatch)
    assert await lock_the_middle(writers, control) == ["confirmed", "confirmed"]
    assert conflicts == []
    assert_promises_hold(control.info.dsn)


async def test_without_the_order_of_locks_there_is_a_deadlock_which_costs_time_but_no_order(
    writers: list[Writer], control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    conflicts = count_conflicts(monkeypatch)
    other = await the_backend(writers[1])
    by_session = f"ORDER BY CASE WHEN pg_backend_pid() <> {other} THEN ticket_type END, ticket_type DESC"
    assert "ORDER BY show, ticket_type" in store._LOCK_STOCK
    monkeypatch.setattr(store, "_LOCK_STOCK", store._LOCK_STOCK.replace("ORDER BY show, ticket_type", by_session))
    assert await lock_the_middle(writers, control) == ["confirmed", "confirmed"]
    assert conflicts == ["DeadlockDetected"]
    assert_promises_hold(control.info.dsn)


async def the_backend(writer: Writer) -> int:
    async with writer.session.connection() as connection:
        return connection.info.backend_pid


async def test_a_bad_command_does_not_fail_its_neighbours(
    writers: list[Writer], control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    await writers[0].submit(Publish(MORE_SEATS, datetime.now(UTC)))
    bad = make_place()
    decide = rules.decide

    def decide_or_break(command: Any, *arguments: Any) -> Any:
        if command.order_id == bad.order_id:
            raise ZeroDivisionError
        return decide(command, *arguments)

    monkeypatch.setattr(rules, "decide", decide_or_break)
    commands: list[Command] = [make_place(), make_place(), bad, make_place(), Cancel(str(uuid.uuid4()))]
    replies = await asyncio.gather(*(answer(writers[0], command) for command in commands))
    assert words(replies) == ["cancelled", "confirmed", "confirmed", "confirmed", "unanswered"]
    assert_promises_hold(control.info.dsn)
