"""The watch of the steady state: by a clock of its own, and on the pages of the real shop."""

import json
import signal
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from scripts.inside.observe import Terms, observe
from scripts.inside.pages import SAW, Series, Unreadable
from scripts.inside.results import Result
from scripts.local.ports import free_ports
from scripts.local.stack import Stack
from tests.faults.buyers import buy, publish_last_tickets
from tests.scripts.inside.pods import Ended, environment, run, start
from tests.scripts.waiting import kill_and_wait, wait_until

Page = dict[str, int] | str
"""What a page has counted, or why it can't be read."""


def watch(pages: dict[str, Callable[[int], Page]], **changes: Any) -> tuple[Result, list[dict[str, Any]]]:
    """The result and the samples of a watch in which the page `url` is `pages[url](seconds)`."""
    terms = {"metric": "buyers", "seconds": 20, "every_s": 1, "limit": 0.1, "least": 10, **changes}
    now, samples = 0.0, list[dict[str, Any]]()

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    def read(url: str) -> Series:
        page = pages[url](round(now))
        if isinstance(page, str):
            raise Unreadable(page)
        return {(SAW, (("what", what),)): float(count) for what, count in page.items()}

    result = observe(list(pages), Terms(**terms), samples.append, read=read, clock=lambda: now, sleep=sleep)
    return result, samples


def test_a_limit_that_is_kept_is_watched_to_the_end() -> None:
    result, samples = watch({"a": lambda s: {"confirmed": 100 + 9 * s, "busy": s}})
    assert (result.code, result.data["verdict"]) == (0, "kept")
    assert (result.data["events"], result.data["bad"], result.data["share"]) == (200, 20, 0.1)
    assert [sample["after_s"] for sample in samples] == list(range(21))


def test_the_first_breach_ends_the_watch() -> None:
    result, samples = watch({"a": lambda s: {"confirmed": 10 * s, "unconfirmed": 5 * max(0, s - 4)}})
    assert (result.code, result.data["verdict"], len(samples)) == (1, "breached", 7)
    assert result.data["why"] == "14.3 % is above 10 %"


def test_too_few_events_are_no_breach_and_no_good_news() -> None:
    result, _ = watch({"a": lambda s: {"confirmed": 0, "busy": min(s, 9)}})
    assert (result.code, result.data["verdict"]) == (2, "too_few")
    assert result.data["why"] == "9 happened in 20 s; it takes 10 to judge"


def test_whoever_needs_no_events_is_content_with_silence() -> None:
    result, _ = watch({"a": lambda _s: {}}, least=0)
    assert (result.code, result.data["verdict"]) == (0, "kept")


def test_a_pod_that_vanishes_keeps_what_it_had_counted() -> None:
    pages: dict[str, Callable[[int], Page]] = {
        "a": lambda s: {"confirmed": 10 * s},
        "b": lambda s: {"confirmed": 10 * s} if s <= 5 else "it can't be reached",
    }
    result, samples = watch(pages)
    assert (result.code, result.data["events"]) == (0, 250)
    assert (samples[5]["away"], samples[6]["away"]) == ({}, {"b": "it can't be reached"})


def test_a_pod_that_restarts_counts_on() -> None:
    result, _ = watch({"a": lambda s: {"confirmed": 10 * s if s <= 10 else 10 * (s - 10)}})
    assert (result.code, result.data["events"]) == (0, 200)


def test_after_ten_seconds_without_any_page_the_watch_is_given_up() -> None:
    result, samples = watch({"a": lambda s: {"confirmed": 10 * s} if s <= 3 else "it can't be reached"})
    assert (result.code, result.data["verdict"], len(samples)) == (2, "blind", 14)
    assert result.data["why"] == "no page can be read: a: it can't be reached"


def test_a_watch_that_ends_blind_has_not_seen_enough() -> None:
    result, _ = watch({"a": lambda s: {"confirmed": 10 * s} if s < 20 else "it answered 503"})
    assert (result.code, result.data["verdict"]) == (2, "blind")


def metrics_of(stack: Stack) -> str:
    state = stack.folder.read_state()
    assert state is not None
    return f"http://127.0.0.1:{state.metrics_port}"


def observed(words: Sequence[str], do: Callable[[], None]) -> Ended:
    """What the command printed that watched while `do` was done, from its first sample on."""
    process = start(["observe", *words], environment())
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        do()
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    return Ended(process.returncode, [json.loads(line) for line in [first, *out.splitlines()]], err)


def buy_some(stack: Stack, count: int) -> None:
    slug = publish_last_tickets(stack, 1000)
    for _ in range(count):
        wait_until(lambda: buy(stack.url, slug, str(uuid.uuid4())).status == 201)


def test_purchases_of_the_real_shop_are_seen(stack: Stack) -> None:
    words = [metrics_of(stack), "--metric", "buyers", "--seconds", "4", "--limit", "0.001", "--least", "5"]
    ended = observed(words, lambda: buy_some(stack, 5))
    assert (ended.code, ended.last["verdict"], ended.last["bad"]) == (0, "kept", 0), ended
    assert ended.last["detail"] == {"confirmed": 5}


def test_faults_that_no_buyer_sees_are_a_breach_of_the_calls_and_not_of_the_buyers(faulty_stack: Stack) -> None:
    page = metrics_of(faulty_stack)
    faulty_stack.traffic({"stable": 50, "chaos": 50})
    try:
        terms = ["--limit", "0.05", "--least", "10", "--every", "0.2"]
        by_calls = [page, "--metric", "calls", "--seconds", "30", *terms]
        ended = observed(by_calls, lambda: buy_some(faulty_stack, 40))
        assert (ended.code, ended.last["verdict"]) == (1, "breached")
        assert ended.last["detail"][""]["undecided"] >= 1
        assert ended.last["detail"]["orders-stable-local"] == {
            "tries": ended.last["detail"]["orders-stable-local"]["tries"],
            "undecided": 0,
        }
        by_buyers = [page, "--metric", "buyers", "--seconds", "8", *terms]
        ended = observed(by_buyers, lambda: buy_some(faulty_stack, 10))
        assert (ended.code, ended.last["verdict"], ended.last["bad"]) == (0, "kept", 0), ended
    finally:
        faulty_stack.traffic({"stable": 100, "chaos": 0})


def test_a_shop_that_is_killed_is_watched_on(stack: Stack) -> None:
    def sell_and_kill() -> None:
        buy_some(stack, 3)
        kill_and_wait(stack, "frontend")
        buy_some(stack, 3)

    words = [metrics_of(stack), "--metric", "buyers", "--seconds", "12", "--limit", "0", "--least", "1"]
    ended = observed([*words, "--every", "0.2"], sell_and_kill)
    assert (ended.code, ended.last["verdict"]) == (0, "kept"), ended
    assert 3 <= ended.last["detail"]["confirmed"] <= 6
    assert any(line.get("away") for line in ended.lines)


def test_where_there_is_no_page_it_is_said(stack: Stack) -> None:
    (port,) = free_ports(1)
    words = ["observe", f"http://127.0.0.1:{port}", f"{stack.url}/api/shows", "--seconds", "0.5"]
    ended = run([*words, "--metric", "calls", "--limit", "0"], environment())
    assert (ended.code, ended.last["verdict"]) == (2, "blind")
    assert f"http://127.0.0.1:{port}/metrics: it can't be reached" in ended.last["why"]
    assert f"{stack.url}/api/shows: it is no page of metrics" in ended.last["why"]


@pytest.mark.parametrize(
    ("option", "value"), [("--limit", "5"), ("--limit", "-1"), ("--seconds", "0"), ("--least", "x"), ("--every", "nan")]
)
def test_terms_that_make_no_sense_are_refused(option: str, value: str) -> None:
    words = ["observe", "http://127.0.0.1:1", "--metric", "calls", "--seconds", "1", "--limit", "0.1", option, value]
    ended = run(words, environment())
    assert ended.code == 2
    assert f"argument {option}: " in ended.err


def test_a_pod_that_is_told_to_end_ends_at_once(stack: Stack) -> None:
    process = start(
        ["observe", metrics_of(stack), "--metric", "calls", "--seconds", "600", "--limit", "1"], environment()
    )
    try:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["sample"] == 0
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=2)
        assert process.returncode == 128 + signal.SIGTERM
    finally:
        process.kill()
        process.wait()
