"""A sale through the whole stack, with every habit: what the history says is what the buyers saw and the ledger has."""

import asyncio
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from scripts.local.stack import Stack
from scripts.proof.checker import PendingSnapshot, check, load_ledger, load_pending, shown
from scripts.proof.history import Attempt, End, History, Note, Run, read
from scripts.proof.sale.arrivals import flash_sale, steady
from scripts.proof.sale.client import Address
from scripts.proof.sale.crowd import SIMPLE, Cohort, Crowd, Habits
from scripts.proof.sale.sale import Sale
from tests.faults.buyers import publish_last_tickets
from tests.scripts.proof.sale.servers import OK, serving
from tests.scripts.waiting import wait_until

COUNT, PLACES = 150, 160
BUSY = Habits(
    double_clicks=0.3,
    closes_tab=0.2,
    cancels=0.2,
    reloads=0.3,
    without_script=0.3,
    away_s=(0.2, 0.6),
    reads_s=(0.1, 0.4),
)


@pytest.fixture
def crowd(stack: Stack) -> Crowd:
    slug = publish_last_tickets(stack, PLACES)
    return Crowd(slug, {"place": 1000}, COUNT, flash_sale(4), seed=5, habits=BUSY, controls=0.5)


def test_the_history_tells_what_every_buyer_saw(stack: Stack, crowd: Crowd, tmp_path: Path) -> None:
    path, heard = tmp_path / "history.jsonl", list[Attempt]()
    with History(path) as history:
        history.write(Run("sale", crowd.seed, "local", history.now()[0], crowd.show, {"place": PLACES}, "-"))
        shops: dict[Cohort, str] = {"treated": stack.url, "control": stack.url}
        with Sale(shops, crowd, history, on_attempt=heard.append) as sale:
            assert sale.wait_for(lambda _: sale.is_over, within_s=90)
        history.write(End(*history.now()))
    attempts = [entry for entry in read(path) if isinstance(entry, Attempt)]
    assert attempts == heard
    assert [problem for buyer in sale.buyers for problem in buyer.contradictions] == []
    _every_buyer_has_one_last_answer(sale, attempts)
    _confirmed_is_what_the_ledger_has(stack, crowd, attempts)
    verdict = check(path, load_ledger(stack.database_url, crowd.show), _pending(stack, sale), stack.folder.logs)
    assert verdict.code != 1, "\n".join(shown(verdict))
    assert {attempt.action for attempt in attempts} == {"place", "double_click", "look", "come_back", "cancel"}
    assert {attempt.cohort for attempt in attempts} == {"treated", "control"}
    assert all(attempt.start <= attempt.end for attempt in attempts)
    (pace,) = [entry for entry in read(path) if isinstance(entry, Note)]
    assert (pace.what, pace.data["buyers"], pace.data["ended"]) == ("pace", COUNT, COUNT)
    assert pace.data["requests"] >= len(attempts)


def _every_buyer_has_one_last_answer(sale: Sale, attempts: list[Attempt]) -> None:
    last = [attempt for attempt in attempts if attempt.last]
    assert Counter(attempt.buyer for attempt in last) == Counter(range(COUNT))
    assert {attempt.buyer: attempt.told for attempt in last} == dict(enumerate(buyer.saw for buyer in sale.buyers))
    assert Counter(attempt.told for attempt in last) == sale.saw


def _pending(stack: Stack, sale: Sale) -> PendingSnapshot:
    state = stack.folder.read_state()
    assert state is not None
    return load_pending(state.database_urls["pending"], [buyer.order_id for buyer in sale.buyers])


def _confirmed_is_what_the_ledger_has(stack: Stack, crowd: Crowd, attempts: list[Attempt]) -> None:
    told = {attempt.order_id: set(attempt.tickets) for attempt in attempts if attempt.told == "confirmed"}
    with psycopg.connect(stack.database_url) as session:
        rows = session.execute(
            "SELECT order_id::text, array_agg(code) FROM orders JOIN tickets USING (order_id)"
            " WHERE show = %s GROUP BY order_id",
            [crowd.show],
        ).fetchall()
    assert told == {order_id: set(codes) for order_id, codes in rows}


def test_log_lines_bear_the_trace_of_an_attempt(stack: Stack, crowd: Crowd, tmp_path: Path) -> None:
    with History(tmp_path / "history.jsonl") as history, Sale({"treated": stack.url}, replace(crowd, count=5), history):
        pass
    heard = list[Attempt]()
    with Sale({"treated": stack.url}, replace(crowd, count=5, seed=6, habits=SIMPLE), on_attempt=heard.append) as sale:
        assert sale.wait_for(lambda _: sale.is_over, within_s=30)
    traces = {attempt.traceparent.split("-")[1] for attempt in heard}
    assert len(traces) == len(heard)
    wait_until(lambda: all(trace in stack.logs("frontend") for trace in traces))
    wait_until(lambda: all(trace in stack.logs("stable") + stack.logs("chaos") for trace in traces))  # after the answer
    assert {attempt.cohort for attempt in heard} == {None}


def test_nobody_comes_any_more_once_the_doors_are_closed(stack: Stack, crowd: Crowd) -> None:
    slow = replace(crowd, curve=steady(COUNT, 20), habits=SIMPLE, seed=7)
    with Sale({"treated": stack.url}, slow) as sale:
        assert sale.wait_for(lambda buyers: len(buyers) >= 5, within_s=20)
        sale.close_doors()
        assert sale.wait_for(lambda _: sale.is_over, within_s=30)
    assert 5 <= len(sale.buyers) < COUNT


@contextmanager
def answering_after(seconds: float, *bodies: tuple[bytes, bytes]) -> Iterator[Address]:
    """A server in a thread that answers each request so much later than the one before, with status and body.

    `ID` in a body is the request's order id.
    """
    left = list(bodies)

    async def speak(request: bytes, writer: asyncio.StreamWriter) -> None:
        status, body = left.pop(0) if left else (b"409 No", b'{"status":409,"reason":"expired"}')
        if order_id := re.search(rb"idempotency-key: (\S+)", request, re.I):
            body = body.replace(b"ID", order_id[1])
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), seconds * (len(bodies) - len(left)) if bodies else seconds)
        writer.write(OK.replace(b"200 OK", status).replace(b"2\r\n\r\n{}", b"%d\r\n\r\n%s" % (len(body), body)))

    async def serve() -> None:
        async with serving(speak) as (_, address):
            found.append(address)
            ready.set()
            await over.wait()

    found, ready, loop = list[Address](), threading.Event(), asyncio.new_event_loop()
    over = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(10)
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


def test_a_load_that_is_late_says_so() -> None:
    """Twenty buyers at once on one connection of a server that needs 50 ms for each: the last is a second late."""
    crowd = Crowd("show", {"place": 1000}, 20, flash_sale(0.01), habits=SIMPLE)
    with answering_after(0.05) as address, Sale({"treated": address}, crowd, connections=1) as sale:
        assert sale.wait_for(lambda _: sale.is_over, within_s=30)
    assert sale.saw["rejected"] == 20
    assert sale.lag.worst_s > 0.8
    assert sale.lag.late_share > 0.5


def test_of_a_double_click_what_decides_is_the_last_that_the_buyer_sees() -> None:
    heard: list[Attempt] = []
    confirmed = b'{"order_id":"ID","status":"confirmed","key":"k","total":1000,"tickets":[{"code":"A"}]}'
    accepted = b'{"order_id":"ID","status":"pending","key":"k"}'
    crowd = Crowd("show", {"place": 1000}, 1, flash_sale(0.01), habits=replace(SIMPLE, double_clicks=1.0))
    with (
        answering_after(0.1, (b"201 Created", confirmed), (b"202 Accepted", accepted)) as address,
        Sale({"treated": address}, crowd, on_attempt=heard.append) as sale,
    ):
        assert sale.wait_for(lambda _: sale.is_over, within_s=10)
    assert [(each.told, each.last) for each in heard] == [("confirmed", True), ("accepted", False)]


def test_what_is_on_its_way_when_a_sale_is_stopped_is_in_the_history() -> None:
    """Something may come of it, which nobody else would have asked for."""
    asked: list[Attempt] = []
    crowd = Crowd("show", {"place": 1000}, 3, flash_sale(0.01), habits=SIMPLE)
    with answering_after(60) as address, Sale({"treated": address}, crowd, on_attempt=asked.append) as sale:
        assert sale.wait_for(lambda _: sale.lag.sent == 3, within_s=10)
        assert asked == []
    assert {each.buyer for each in asked} == {0, 1, 2}
    assert {(each.action, each.told, each.last) for each in asked} == {("place", "nothing", False)}


def test_what_the_load_dies_of_is_told_to_who_waits() -> None:
    def stumble(_attempt: Attempt) -> None:
        raise KeyError("a listener's own mistake")

    crowd = Crowd("show", {"place": 1000}, 2, flash_sale(0.01), habits=SIMPLE)
    with (
        answering_after(0.05) as address,
        Sale({"treated": address}, crowd, on_attempt=stumble) as sale,
        pytest.raises(BaseExceptionGroup, match="unhandled errors"),
    ):
        sale.wait_for(lambda _: sale.is_over, within_s=10)
