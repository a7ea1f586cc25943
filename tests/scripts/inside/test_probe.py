"""Asking several times a second: by a clock of its own, and on the real shop and the real function."""

import json
import threading
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from scripts.inside.probe import Terms, probe
from scripts.inside.results import Result
from scripts.local.ports import free_ports
from scripts.local.stack import Stack
from tests.scripts.inside.pods import Ended, environment, run, start
from tests.scripts.waiting import kill_and_wait


class Clock:
    """Time goes on when the probe sleeps, and only then."""

    def __init__(self, now: float = 100.0) -> None:
        self.now = now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize("now", [0.0, 100.0, 16725.1, 31415.926])
def test_steps_that_do_not_quite_add_up_ask_no_more(now: float) -> None:
    clock, terms = Clock(now), Terms(8.0, 0.1, 3.0)
    result = probe(lambda _: None, terms, lambda _: None, clock=lambda: clock.now, sleep=clock.sleep)
    assert result.data["asked"] == 80


def probed(ask: Callable[[float], str | None], seconds: float = 1.0) -> tuple[Result, list[dict[str, Any]]]:
    clock, lines = Clock(), list[dict[str, Any]]()
    result = probe(ask, Terms(seconds, 0.25, 3.0), lines.append, clock=lambda: clock.now, sleep=clock.sleep)
    return result, sorted(lines, key=lambda line: int(line["ask"]))


def test_each_answer_is_told_with_its_number_and_whether_it_was_good() -> None:
    result, lines = probed(lambda _try_s: None)
    assert (result.code, result.data) == (0, {"command": "probe", "asked": 4, "failed": 0, "slowest_s": 0.0})
    assert [(line["ask"], line["good"]) for line in lines] == [(0, True), (1, True), (2, True), (3, True)]
    assert "why" not in lines[0]


def test_one_bad_answer_is_bad_and_says_why() -> None:
    answers = iter([None, "it answered 503", None, None])
    lock = threading.Lock()

    def ask(try_s: float) -> str | None:
        assert try_s == 3.0
        with lock:
            return next(answers)

    result, lines = probed(ask)
    assert (result.code, result.data["failed"], result.data["asked"]) == (1, 1, 4)
    assert [line["why"] for line in lines if not line["good"]] == ["it answered 503"]


def test_the_next_question_does_not_wait_for_an_answer_that_is_held_back() -> None:
    """All four are held until the last of them was asked: a probe that waits for each would never end."""
    all_asked, held = threading.Semaphore(0), threading.Event()

    def ask(_try_s: float) -> str | None:
        all_asked.release()
        held.wait(10)
        return None

    def let_go() -> None:
        for _ in range(4):
            assert all_asked.acquire(timeout=10)
        held.set()

    other = threading.Thread(target=let_go)
    other.start()
    result, _ = probed(ask)
    other.join()
    assert (result.code, result.data["asked"]) == (0, 4)


def test_no_crowd_of_open_questions_is_made() -> None:
    """Two may be open: the third is asked once one of them is answered, and all four are asked in the end."""
    lock, open_now, most = threading.Lock(), 0, 0
    both_open = threading.Barrier(2, timeout=10)

    def ask(_try_s: float) -> str | None:
        nonlocal open_now, most
        with lock:
            open_now += 1
            most = max(most, open_now)
        both_open.wait()
        with lock:
            open_now -= 1
        return None

    clock, lines = Clock(), list[dict[str, Any]]()
    terms = Terms(1.0, 0.25, 3.0, at_once=2)
    result = probe(ask, terms, lines.append, clock=lambda: clock.now, sleep=clock.sleep)
    assert (result.code, result.data["asked"], most) == (0, 4, 2)
    assert sorted(line["ask"] for line in lines) == [0, 1, 2, 3]


def on(stack: Stack, *words: str, seconds: float = 1.0) -> Ended:
    return run(["probe", *words, "--seconds", str(seconds), "--every", "0.1"], environment(stack))


def answers(ended: Ended) -> Sequence[dict[str, Any]]:
    return [line for line in ended.lines if "ask" in line]


def test_the_real_shop_and_an_order_at_the_real_function_are_asked_for(stack: Stack) -> None:
    order_id = run(["place", "stable"], environment(stack)).last["order_id"]
    try:
        for words in ([f"{stack.url}/readyz"], ["stable", "--order", order_id]):
            ended = on(stack, *words)
            assert (ended.code, ended.last["failed"]) == (0, 0), ended
            assert sorted(line["ask"] for line in answers(ended)) == list(range(ended.last["asked"]))
            assert 1 < ended.last["asked"] <= 10
            assert all(0 <= line["began_s"] < 5 and line["took_s"] >= 0 for line in answers(ended))
    finally:
        cancelled = run(["cancel", "stable", order_id], environment(stack))
    assert cancelled.code == 0
    ended = on(stack, "stable", "--order", order_id, seconds=0.1)
    assert (ended.code, answers(ended)[0]["why"]) == (1, "the order is cancelled")


def test_what_is_not_found_not_there_or_not_right_is_not_good(stack: Stack) -> None:
    (port,) = free_ports(1)
    there = stack.gateway_urls["stable-orders"]
    expected = {
        ("stable", "--order", str(uuid.uuid4())): "the function knows no such order",
        (f"{there}/healthy",): "it answered ",
        (f"http://127.0.0.1:{port}/",): "it can't be reached",
        (f"http://127.0.0.1:{port}", "--order", str(uuid.uuid4())): "nothing takes connections at ",
    }
    for words, why in expected.items():
        ended = on(stack, *words, seconds=0.1)
        assert (ended.code, ended.last["failed"]) == (1, 1), ended
        assert answers(ended)[0]["why"].startswith(why)


def test_a_shop_that_is_killed_is_seen_to_come_back(stack: Stack) -> None:
    words = ["probe", f"{stack.url}/healthz", "--seconds", "8", "--every", "0.1"]
    process = start(words, environment(stack))
    try:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["good"]
        kill_and_wait(stack, "frontend")
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    *lines, last = map(json.loads, out.splitlines())
    assert len(lines) == last["asked"] - 1
    assert 20 < last["asked"] <= 80  # fewer where answers were held back
    in_order = sorted(lines, key=lambda line: int(line["ask"]))
    assert in_order[-1]["good"]
    assert all(line["why"] for line in lines if not line["good"])
