"""A thousand buyers for eight hundred places, while something fails: nobody sees an error, and every promise holds.

Each test prints a row: what the buyers saw last, and how long after the fault's end the last accepted one was decided.
"""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.local.stack import Stack
from scripts.proof.checker import shown
from scripts.proof.history import Attempt
from scripts.proof.sale.arrivals import flash_sale
from scripts.proof.sale.crowd import SIMPLE, Crowd
from tests.faults.buyers import publish_last_tickets
from tests.faults.outages import kept_down, kill, pending
from tests.faults.verdict import HEADER, Recorded, recorded, row
from tests.scripts.selling import sells
from tests.scripts.waiting import wait_until

BUYERS = 1000
PLACES = 800
DECIDED_WITHIN_S = 30.0
ANSWERED_WITHIN_S = 60.0
READ_WITHIN_S = 15.0

Judge = Callable[[Recorded, str, float], None]


@pytest.fixture(scope="module")
def _told() -> list[str]:
    return []


@pytest.fixture
def judge(_told: list[str], capsys: pytest.CaptureFixture[str]) -> Judge:
    """Waits for the end of a sale whose fault ended at a moment (Unix seconds), prints the row, and asks for all."""

    def judge(one: Recorded, fault: str, ended_at: float) -> None:
        wait_for_the_end(one)
        buyers, verdict = one.sale.buyers, one.judge(ended_at)
        told = row(fault, one.sale, verdict)
        with capsys.disabled():
            sys.stdout.write("\n" + ("" if _told else f"{HEADER}\n") + f"{told}\n")
        _told.append(told)
        assert verdict.code == 0, "\n".join(shown(verdict))
        assert sum(buyer.saw == "confirmed" for buyer in buyers) == PLACES, "a place is empty that was wanted"
        assert {buyer.reason for buyer in buyers if buyer.saw == "rejected"} == {"sold_out"}

    return judge


def wait_for_the_end(one: Recorded) -> None:
    """Until everybody is answered, everything accepted is decided, and its buyers know of it; with a bound."""
    sale = one.sale
    sale.wait_for(lambda _: sale.has_answered_everybody, ANSWERED_WITHIN_S)
    order_ids = {buyer.order_id for buyer in sale.buyers}
    sale.wait_for(lambda _: pending(one.stack, order_ids)[0] == 0, DECIDED_WITHIN_S)
    sale.look_now()
    sale.wait_for(lambda _: sale.is_over, READ_WITHIN_S)


def wanted_by_everybody(slug: str, seed: int, over_s: float) -> Crowd:
    """Buyers of one ticket each: half of them within the first second, the others over `over_s` seconds."""
    return Crowd(slug, {"place": 1000}, BUYERS, flash_sale(over_s), seed, SIMPLE)


@pytest.mark.parametrize(
    ("faults", "seed"),
    [("error:0.3", 1), ("drop_reply:0.3", 2), ("hang:0.03:never,hang:0.03:late", 3)],
    ids=["error", "drop_reply", "hang"],
)
def test_the_function_misbehaves(
    start_stack: Callable[..., Stack], judge: Judge, tmp_path: Path, faults: str, seed: int
) -> None:
    """All first tries meet the chaos revision."""
    stack = start_stack(chaos_faults=faults, chaos_seed=str(seed))
    stack.traffic({"stable": 0, "chaos": 100})
    slug = publish_last_tickets(stack, PLACES)
    with recorded(stack, wanted_by_everybody(slug, seed, 6), PLACES, tmp_path) as one:
        judge(one, faults, time.time())
    late = sum(buyer.accepted_first for buyer in one.sale.buyers)
    assert late <= BUYERS / 4, "a second try on the stable tag is soon enough for nearly all, on a starved machine too"
    hits = stack.logs("chaos").count('"event":"fault.injected"')
    assert hits > 0.5 * BUYERS * sum(float(fault.split(":")[1]) for fault in faults.split(","))


@pytest.fixture
def whole(stack: Stack) -> Iterator[Stack]:
    """The stack that all tests share, with half of its traffic on each function; left as it was found."""
    stack.traffic({"stable": 50, "chaos": 50})
    yield stack
    stack.traffic({"stable": 100, "chaos": 0})
    wait_until(lambda: sells(stack.url), within_s=20)


def test_both_functions_are_gone_for_ten_seconds(whole: Stack, judge: Judge, tmp_path: Path) -> None:
    slug = publish_last_tickets(whole, PLACES)
    with recorded(whole, wanted_by_everybody(slug, 4, 8), PLACES, tmp_path) as one:
        assert one.sale.wait_for(lambda _: one.sale.saw["confirmed"] > 50, 30)
        began = time.monotonic()
        with kept_down(whole, "stable", "chaos"):
            wait_until(lambda: time.monotonic() - began >= 10, within_s=11)
        judge(one, "both functions killed for 10 s", time.time())
    assert any(buyer.accepted_first for buyer in one.sale.buyers)


@pytest.mark.parametrize(("blow", "seed"), [(signal.SIGINT, 5), (signal.SIGKILL, 6)], ids=["restarted", "killed"])
def test_the_ledgers_database_is_restarted(
    whole: Stack, judge: Judge, tmp_path: Path, blow: signal.Signals, seed: int
) -> None:
    slug = publish_last_tickets(whole, PLACES)
    former = whole.pid("postgres-orders")
    with recorded(whole, wanted_by_everybody(slug, seed, 4), PLACES, tmp_path) as one:
        assert one.sale.wait_for(lambda _: one.sale.saw["confirmed"] > 50, 30)
        kill(whole, "postgres-orders", blow)
        wait_until(lambda: whole.pid("postgres-orders") not in (None, former), within_s=15)
        what = "restarted" if blow == signal.SIGINT else "killed and back"
        judge(one, f"the orders' PostgreSQL {what}", time.time())


def test_the_shop_is_killed_right_after_it_said_accepted(whole: Stack, judge: Judge, tmp_path: Path) -> None:
    """The functions are away, so that it can say nothing else, and are still away when it is back."""
    slug = publish_last_tickets(whole, PLACES)
    former = whole.pid("frontend")
    told = set[str]()

    def kill_the_shop(attempt: Attempt) -> None:
        if attempt.told == "accepted" and "accepted" not in told:
            kill(whole, "frontend")
        told.add(attempt.told)

    crowd = wanted_by_everybody(slug, 7, 4)
    with recorded(whole, crowd, PLACES, tmp_path, kill_the_shop) as one:
        with kept_down(whole, "stable", "chaos"):
            assert one.sale.wait_for(lambda _: whole.pid("frontend") not in (None, former), 30)
            assert one.sale.wait_for(lambda buyers: sum(buyer.accepted_first for buyer in buyers) > BUYERS // 2, 60)
        judge(one, "the shop killed after it said accepted", time.time())
