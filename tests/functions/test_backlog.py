"""Which commands wait, which are decided together, and what becomes of a batch that failed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from functions.orders.backlog import MAX_TRIES, Backlog, Command, Overloaded, Publish, Reply, Waiting
from functions.orders.contract import Cancelled
from functions.orders.rules import Cancel
from tests.functions.local_invoker import make_show

PUBLISH = Publish(make_show(), datetime(2026, 1, 1, tzinfo=UTC))


class Callers:
    """Commands by name, and what each of their callers was told."""

    def __init__(self) -> None:
        self.told: dict[str, Reply | None] = {}

    def waiting(self, name: str, give_up_at: float = 2.0, command: Command | None = None) -> Waiting:
        return Waiting(command or Cancel(name), give_up_at, lambda reply: self.told.update({name: reply}))

    def add_all(self, backlog: Backlog, names: str, **options: Any) -> None:
        for name in names:
            backlog.add(self.waiting(name, **options), now=0.0)


def names(batch: list[Waiting]) -> str:
    return "".join(one.command.order_id if isinstance(one.command, Cancel) else "P" for one in batch)


def test_all_that_wait_are_one_batch_up_to_its_bound() -> None:
    backlog = Backlog(max_batch=3)
    Callers().add_all(backlog, "abcd")
    assert [names(backlog.next_batch(0.0)) for _ in range(3)] == ["abc", "d", ""]


def test_publishing_is_a_batch_of_its_own_and_keeps_its_place() -> None:
    backlog, callers = Backlog(), Callers()
    callers.add_all(backlog, "ab")
    backlog.add(callers.waiting("p", command=PUBLISH), 0.0)
    callers.add_all(backlog, "c")
    assert [names(backlog.next_batch(0.0)) for _ in range(3)] == ["ab", "P", "c"]


def test_a_full_backlog_takes_no_more() -> None:
    backlog = Backlog(max_waiting=2)
    Callers().add_all(backlog, "ab")
    with pytest.raises(Overloaded):
        Callers().add_all(backlog, "c")
    assert len(backlog) == 2


def test_a_command_that_would_wait_too_long_is_not_taken() -> None:
    backlog, callers = Backlog(max_batch=2), Callers()
    callers.add_all(backlog, "ab")
    backlog.decided(backlog.next_batch(0.0), [Cancelled("a"), Cancelled("b")], took=10.0)
    callers.add_all(backlog, "cd")
    with pytest.raises(Overloaded):
        callers.add_all(backlog, "e", give_up_at=3.0)
    callers.add_all(backlog, "f", give_up_at=30.0)


def test_however_slow_the_last_batch_was_an_empty_backlog_takes_a_command() -> None:
    backlog, callers = Backlog(max_batch=2), Callers()
    callers.add_all(backlog, "a")
    backlog.decided(backlog.next_batch(0.0), [Cancelled("a")], took=1000.0)
    callers.add_all(backlog, "b", give_up_at=0.1)


def test_a_command_whose_time_has_run_out_is_not_started() -> None:
    backlog, callers = Backlog(), Callers()
    callers.add_all(backlog, "a", give_up_at=1.0)
    callers.add_all(backlog, "b", give_up_at=3.0)
    assert names(backlog.next_batch(2.0)) == "b"
    assert callers.told == {"a": None}


def test_after_a_conflict_one_bad_command_fails_alone() -> None:
    backlog, callers = Backlog(), Callers()
    callers.add_all(backlog, "abcdefg")
    for _ in range(100):
        batch = backlog.next_batch(0.0)
        if "d" in names(batch):
            backlog.failed(batch, "conflict")
        elif batch:
            backlog.decided(batch, [Cancelled(name) for name in names(batch)], 0.01)
    assert callers.told == {**{name: Cancelled(name) for name in "abcefg"}, "d": None}


def test_a_batch_whose_connection_broke_is_asked_for_again_as_it_was() -> None:
    backlog, callers = Backlog(), Callers()
    callers.add_all(backlog, "abc")
    waits = []
    for _ in range(MAX_TRIES):
        batch = backlog.next_batch(0.0)
        assert names(batch) == "abc"
        waits.append(backlog.failed(batch, "lost"))
    assert waits == sorted(waits)
    assert waits[0] == 0.05
    assert callers.told == dict.fromkeys("abc")
    assert len(backlog) == 0


def test_what_is_retried_comes_before_what_arrived_later() -> None:
    backlog, callers = Backlog(), Callers()
    callers.add_all(backlog, "ab")
    batch = backlog.next_batch(0.0)
    callers.add_all(backlog, "c")
    backlog.failed(batch, "conflict")
    assert [names(backlog.next_batch(0.0)) for _ in range(3)] == ["a", "b", "c"]


def test_a_command_that_got_no_reply_is_tried_again() -> None:
    backlog, callers = Backlog(), Callers()
    callers.add_all(backlog, "ab")
    backlog.decided(backlog.next_batch(0.0), [Cancelled("a"), None], 0.01)
    assert callers.told == {"a": Cancelled("a")}
    assert names(backlog.next_batch(0.0)) == "b"


def test_giving_up_tells_everybody() -> None:
    backlog, callers = Backlog(), Callers()
    callers.add_all(backlog, "ab")
    backlog.failed(backlog.next_batch(0.0), "conflict")
    callers.add_all(backlog, "c")
    backlog.give_up()
    assert callers.told == dict.fromkeys("abc")
    assert len(backlog) == 0
