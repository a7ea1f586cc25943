"""The last tickets, wanted by everybody at once, through the whole stack: undisturbed, and with parts killed."""

import json
import os
import signal
import time
import uuid
from collections import Counter
from collections.abc import Iterator

import pytest

from scripts.local.stack import Stack
from tests.faults.buyers import Outcome, all_at_once, buy, ledger_of, publish_last_tickets, statuses
from tests.scripts.waiting import wait_until

BACK_WITHIN_S = 5.0


@pytest.fixture
def both_revisions(stack: Stack) -> Iterator[Stack]:
    """The stack with half of its traffic on each function process."""
    stack.traffic({"stable": 50, "chaos": 50})
    yield stack
    stack.traffic({"stable": 100, "chaos": 0})


def test_a_hundred_buyers_get_exactly_the_last_twenty_tickets(both_revisions: Stack) -> None:
    stack = both_revisions
    slug = publish_last_tickets(stack, 20)
    give_up_at = time.monotonic() + 30  # some are asked to come again, for a hundred at once are too many
    outcomes = all_at_once(100, lambda _: buy(stack.url, slug, str(uuid.uuid4()), give_up_at=give_up_at))
    assert statuses(outcomes) == {201: 20, 409: 80}
    assert {outcome.body["reason"] for outcome in outcomes if outcome.status == 409} == {"sold_out"}
    assert ledger_of(stack, slug) == (20, 20, 0)
    served = revisions_that_answered(stack, {outcome.order_id for outcome in outcomes})
    assert min(served["stable"], served["chaos"]) > 20, served


def test_one_order_id_sent_ten_times_at_once_is_one_order(both_revisions: Stack) -> None:
    stack, order_id = both_revisions, str(uuid.uuid4())
    slug = publish_last_tickets(stack, 20)
    outcomes = all_at_once(10, lambda _: buy(stack.url, slug, order_id))
    assert statuses(outcomes) == {201: 10}
    assert len({json.dumps(outcome.body["tickets"]) for outcome in outcomes}) == 1
    assert ledger_of(stack, slug) == (1, 1, 0)


@pytest.mark.parametrize("victim", ["stable", "chaos", "gateway"])
def test_a_killed_process_costs_no_order_and_is_back_in_five_seconds(both_revisions: Stack, victim: str) -> None:
    stack = both_revisions
    slug = publish_last_tickets(stack, 20)
    former = stack.pid(victim)
    assert former is not None
    give_up_at = time.monotonic() + 30
    killed_at = 0.0

    def buy_or_kill(number: int) -> Outcome:
        nonlocal killed_at
        if number == 50:
            os.kill(former, signal.SIGKILL)
            killed_at = time.monotonic()
        return buy(stack.url, slug, str(uuid.uuid4()), give_up_at=give_up_at)

    outcomes = all_at_once(100, buy_or_kill)
    assert statuses(outcomes) == {201: 20, 409: 80}
    assert ledger_of(stack, slug) == (20, 20, 0)
    wait_until(lambda: stack.pid(victim) not in (None, former), within_s=BACK_WITHIN_S)
    again = publish_last_tickets(stack, 1)
    first = buy(stack.url, again, str(uuid.uuid4()), give_up_at=killed_at + BACK_WITHIN_S)
    assert first.status == 201
    assert time.monotonic() - killed_at < BACK_WITHIN_S


def revisions_that_answered(stack: Stack, order_ids: set[str]) -> Counter[str]:
    """How many of these orders each revision answered, by the logs of the two processes."""
    served: Counter[str] = Counter()
    for revision in ("stable", "chaos"):
        events = (json.loads(line) for line in stack.logs(revision).splitlines() if line.startswith("{"))
        served[revision] = sum(e["event"] == "command.answered" and e.get("order_id") in order_ids for e in events)
    return served
