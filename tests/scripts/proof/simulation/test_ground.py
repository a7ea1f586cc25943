"""The simulation's ground: what is due happens in order, and a process can end before any of its steps."""

import asyncio
import re
from datetime import timedelta

import pytest

from frontend.pending import database as pending
from functions.orders import database as ledger
from scripts.proof.simulation import threads
from scripts.proof.simulation.lines import CONNECT_S, OF_THE_LEDGER, OF_THE_PENDING
from scripts.proof.simulation.processes import BEGINS_AT, Process
from scripts.proof.simulation.timeline import Timeline


class Ground:
    """A process, and what it did."""

    def __init__(self) -> None:
        self.timeline = Timeline()
        self.process = Process("process", self.timeline, threads.hub())
        self.process.start()
        self.did: list[str] = []


@pytest.fixture
def ground() -> Ground:
    return Ground()


def test_what_is_due_first_happens_first_and_of_one_moment_what_was_asked_for_first(ground: Ground) -> None:
    for seconds, word in ((2.0, "later"), (1.0, "soon"), (1.0, "then"), (0.0, "now")):
        ground.timeline.after(seconds, ground.did.append, word)
    ground.timeline.after(1.5, ground.did.append, "never").cancel()
    ground.timeline.run()
    assert (ground.did, ground.timeline.now) == (["now", "soon", "then", "later"], 2.0)


async def three_steps(ground: Ground) -> None:
    try:
        for number in range(3):
            ground.did.append(f"step {number}")
            await asyncio.sleep(1)
        ground.did.append("done")
    finally:
        ground.did.append("over")


def three_pauses(ground: Ground) -> None:
    try:
        for number in range(3):
            ground.did.append(f"step {number}")
            threads.sleep(1)
        ground.did.append("done")
    finally:
        ground.did.append("over")


@pytest.mark.parametrize("number", range(1, 5))
def test_a_thread_can_end_before_any_step(ground: Ground, number: int) -> None:
    ground.process.thread(lambda: three_pauses(ground))
    ground.process.before_step(number, ground.process.end)
    ground.timeline.run()
    begun = [f"step {step}" for step in range(number - 1)]
    assert ground.did == [*begun, "over"] if begun else ground.did == []


def test_a_task_can_end_before_any_step(ground: Ground) -> None:
    ways = set()
    for number in range(1, 12):
        one = Ground()
        one.process.task(three_steps(one))
        one.process.before_step(number, one.process.end)
        one.timeline.run()
        ways.add(tuple(one.did))
    steps = ("step 0", "step 1", "step 2")
    assert ways == {(), *((*steps[:number], "over") for number in (1, 2, 3)), (*steps, "done", "over")}


def test_what_a_process_had_is_gone_when_it_starts_again(ground: Ground) -> None:
    ground.process.thread(lambda: three_pauses(ground))
    ground.process.task(three_steps(ground))
    ground.process.at_end(lambda: ground.did.append("cut"))
    ground.timeline.after(0.5, ground.process.end)
    ground.process.restart_after(5.0)
    ground.timeline.run()
    assert ground.did.count("over") == 2
    assert ground.did.count("cut") == 1
    assert "done" not in ground.did
    assert ground.process.is_up


def test_a_process_that_is_retired_never_starts_again(ground: Ground) -> None:
    ground.process.restart_after(5.0)
    ground.process.retire()
    ground.timeline.run()
    assert not ground.process.is_up


def test_a_clock_can_be_wrong_while_time_passes_as_it_does(ground: Ground) -> None:
    ground.process.ahead_s = -30.0
    ground.timeline.after(10.0, ground.timeline.stop)
    ground.timeline.run()
    assert ground.process.now() == BEGINS_AT - timedelta(seconds=20)
    assert ground.process.monotonic() == 10.0


def test_a_bug_in_a_task_or_a_thread_ends_the_simulation(ground: Ground) -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    ground.process.task(fail())
    with pytest.raises(ZeroDivisionError):
        ground.timeline.run()
    ground.process.thread(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        ground.timeline.run()


def test_sessions_wait_as_long_as_the_products() -> None:
    def seconds(name: str) -> float:
        return float(str(ledger._SERVER[name]).removesuffix("s"))

    asked = [seconds(f"{what}_timeout") for what in ("statement", "lock", "idle_in_transaction_session")]
    assert asked == [OF_THE_LEDGER.statement_s, OF_THE_LEDGER.lock_s, OF_THE_LEDGER.idle_s]
    assert ledger._CLIENT["connect_timeout"] == CONNECT_S
    found = re.findall(r"'(\w+)_timeout', '(\d)s'", pending._SET_UP)
    assert {name: float(number) for name, number in found} == {
        "statement": OF_THE_PENDING.statement_s,
        "lock": OF_THE_PENDING.lock_s,
        "idle_in_transaction_session": OF_THE_PENDING.idle_s,
    }
