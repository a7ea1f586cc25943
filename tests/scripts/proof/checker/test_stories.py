"""The story of an order holds all that happened to it and nothing of others, by time, in 120 columns."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scripts.proof.checker import Verdict, check, hear, shown, with_stories
from scripts.proof.checker.judging import judge
from scripts.proof.checker.log_lines import KEPT_OF_AN_ORDER, OrderLog, gather
from scripts.proof.checker.stories import LINES, STORIES, story
from scripts.proof.checker.verdict import Promise
from scripts.proof.history import FaultLine, Shifted
from tests.scripts.proof.checker.made import BEGAN, Made, order_id

TRACE, OTHER = f"00-{'ab' * 16}-{'cd' * 8}-01", f"00-{'ef' * 16}-{'cd' * 8}-01"


def line(at: float, event: str, number: int | None = None, **fields: Any) -> dict[str, Any]:
    """A line of a process, `at` seconds after the run began."""
    stamp = f"1970-01-01T00:{int(BEGAN + at) // 60:02}:{(BEGAN + at) % 60:09.6f}Z"
    named = {"order_id": order_id(number)} if number is not None else {}
    return {"service": "orders", "timestamp": stamp, "level": "info", "event": event, **named, **fields}


def lost() -> Made:
    """Order 1 was sold and is gone; order 2 is whole."""
    made = Made(capacity=5)
    made.say(1, "nothing", traceparent=TRACE)
    made.buy(1)
    made.buy(2, quantity=2)
    made.orders.pop(order_id(1))
    return made


def story_of(number: int, made: Made, *logs: Any) -> list[str]:
    evidence = made.evidence()
    key = order_id(number)
    attempts = [attempt for attempt in made.attempts if attempt.order_id == key]
    log = gather(logs, [key], {attempt.traceparent: key for attempt in attempts})[key]
    return story(key, evidence, attempts, log)


def told(lines: list[str]) -> list[tuple[str, str]]:
    """When and who, without the head and what a wide line goes on with."""
    return [(each[:11].strip(), each[13:37].strip()) for each in lines[1:] if each[:11].strip()]


def test_it_tells_everything_by_time() -> None:
    made = lost()
    made.fault("kill", 0.2, 0.4)
    made.others += [
        Shifted({"stable": 100}, BEGAN - 9, -9, "the start"),
        Shifted({"stable": 80, "chaos": 20}, BEGAN - 1, -1, "the experiment"),
        Shifted({"stable": 0, "chaos": 100}, BEGAN + 0.9, 0.9, "the storm"),
    ]
    lines = story_of(1, made, line(0.1, "command.answered", 1, revision="orders-chaos-1", attempt=1, traceparent=TRACE))
    assert lines[0] == f"order {order_id(1)}"
    assert told(lines) == [
        ("-1.000 s", "split"),
        ("+0.000 s", "buyer 1"),
        ("+0.100 s", "orders-chaos-1"),
        ("+0.200 s", "fault"),
        ("+0.400 s", "fault"),
        ("+0.500 s", "buyer 1"),
        ("+0.900 s", "split"),
        ("+1.000 s", "buyer 1"),
        ("+1.200 s", "journal"),
        ("+1.500 s", "buyer 1"),
        ("in the end", "ledger"),
    ]
    text = " ".join(" ".join(lines).split())
    for words in (
        "stable=80 chaos=20 the experiment",
        "place 1 place ... trace=abababab",
        "command.answered attempt=1 revision=orders-chaos-1 trace=abababab",
        "kill of stable begins",
        "told nothing (status 200) after 0.500 s",
        "told confirmed (status 200, tickets 0001-0, total 1000)",
        "version 2 of place: 1 of 5 sold, sold",
        "has no such order",
    ):
        assert words in text
    assert order_id(2) not in text


def test_a_refused_order_tells_by_which_version() -> None:
    made = Made(capacity=1)
    made.buy(1)
    made.buy(2)
    text = " ".join(" ".join(story_of(2, made)).split())
    assert f"version 2 of place: 1 of 1 sold, sold by {order_id(1)}" in text
    assert "rejected (sold_out): 1 place, total 0, 0 place left at version 2, by orders-stable" in text


def test_an_accepted_order_tells_of_the_pending_store() -> None:
    made = Made()
    made.accept(1)
    assert told(story_of(1, made))[-2:] == [("in the end", "ledger"), ("in the end", "pending")]
    made.decide(1)
    assert "decided after 1 tries: order 0001-0" in " ".join(story_of(1, made))


@pytest.mark.parametrize(
    ("began", "ended", "is_met"),
    [(-5, -1, False), (-5, 0.5, True), (-5, None, True), (1.4, 9, True), (1.6, 9, False), (0.5, None, True)],
)
def test_only_the_faults_that_it_met_are_told(began: float, ended: float | None, is_met: bool) -> None:
    made = Made()
    made.say(1, "nothing")
    made.say(1, "nothing")
    made.others.append(FaultLine("cut", "begins", BEGAN + began, began, "net"))
    if ended is not None:
        made.others.append(FaultLine("cut", "ends", BEGAN + ended, ended, "net"))
    assert any("cut of net begins" in each for each in story_of(1, made)) is is_met


def test_a_fault_that_comes_again_is_another_one() -> None:
    """Only its second time is met."""
    made = Made()
    made.now += 20
    made.say(1, "nothing")
    for began in (1.0, 20.1):
        made.others.append(FaultLine("cut", "begins", BEGAN + began, began))
        made.others.append(FaultLine("cut", "ends", BEGAN + began + 1, began + 1))
        made.others.append(FaultLine("cut", "recovered", BEGAN + began + 2, began + 2, seconds=1.0))
    assert [when for when, who in told(story_of(1, made)) if who == "fault"] == ["+20.100 s", "+21.100 s", "+22.100 s"]


def test_lines_are_found_by_order_and_by_trace_in_whatever_form_they_come() -> None:
    lines: list[Any] = [
        line(0.1, "fault.injected", 1, traceparent=TRACE),
        json.dumps(line(0.2, "request", traceparent=TRACE)),
        msgspec.json.encode(line(0.3, "request", traceparent=OTHER)),
        msgspec.json.encode(line(0.4, "pending.decided", 1)),
        line(0.5, "request", 2, traceparent=OTHER),
        "no JSON at all",
        '{"order_id": "' + order_id(1) + '", cut short',
    ]
    found = gather(lines, [order_id(1)], {})[order_id(1)]
    assert [each.text.split()[0] for each in found.lines] == ["fault.injected", "request", "pending.decided"]
    found = gather(lines[1:2], [order_id(1)], {TRACE: order_id(1)})[order_id(1)]
    assert [each.text for each in found.lines] == ["request trace=abababab"]


def test_a_stack_s_folder_tells_which_process_wrote_a_line(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "chaos.log.1").write_text(json.dumps(line(0.1, "older", 1)) + "\n")
    (logs / "chaos.log").write_text("WARNING something\n" + json.dumps(line(0.2, "newer", 1)) + "\n")
    (logs / "frontend.log").write_text(json.dumps(line(0.3, "request", 1)) + "\n")
    for folder in (tmp_path, logs):
        found = gather(folder, [order_id(1)], {})[order_id(1)]
        assert [(each.process, each.text) for each in found.lines] == [
            ("chaos", "older"),
            ("chaos", "newer"),
            ("frontend", "request"),
        ]


def test_a_cluster_s_lines_tell_their_pod() -> None:
    logged = line(0.1, "request", 1, revision="orders-stable-1", pod="orders-stable-1-deployment-abc-x7k2p")
    (found,) = gather([logged], [order_id(1)], {})[order_id(1)].lines
    assert found.process == "orders-stable-1/x7k2p"


def test_what_is_long_is_cut_and_says_so() -> None:
    made = Made()
    for _ in range(100):
        made.say(1, "busy")
    logs = [line(0.1, "request", 1) for _ in range(KEPT_OF_AN_ORDER + 7)]
    lines = story_of(1, made, *logs)
    assert len(lines) == LINES + 3
    assert any("341 lines are left out" in each for each in lines)
    assert lines[-1].strip() == "and 7 more lines in the logs"


def test_it_fits_into_a_terminal_of_120_columns() -> None:
    made = lost()
    logs = [line(0.1, "command.answered", 1, revision="orders-stable-" + "0" * 30, why="word " * 60, code="x" * 150)]
    verdict = check(made.entries(), made.evidence().ledger, None, logs)
    lines = list(shown(verdict))
    assert max(map(len, lines)) <= 120
    assert any("...000000" in each for each in lines)


def stories(verdict: Verdict, promise: Promise) -> list[bool]:
    return [bool(violation.story) for each in verdict[promise].checks for violation in each.shown]


def test_the_first_few_violations_of_each_promise_tell_their_story() -> None:
    made = Made(capacity=50)
    for number in range(STORIES + 2):
        made.buy(number)
    for number in range(STORIES + 2):
        made.orders.pop(order_id(number))
    evidence = made.evidence()
    verdict = with_stories(judge(evidence), evidence, made.entries())
    assert stories(verdict, "P2") == [True] * STORIES + [False] * 2
    assert stories(verdict, "P4")[:STORIES] == [True] * STORIES


def test_a_page_tells_each_story_once_and_every_violation() -> None:
    made = lost()
    made.say(1, "not_found", "look")
    page = "\n".join(shown(check(made.entries(), made.evidence().ledger, None)))
    assert page.count(f"\n  order {order_id(1)}\n") == 1
    assert " ".join(page.split()).count(f"[{order_id(1)}], whose story is above") == 3
    assert "P2 never lose an order: VIOLATED, 1 found" in page


def test_a_violation_without_an_order_has_no_story() -> None:
    made = Made(capacity=1)
    made.buy(1)
    made.journal.clear()
    made.journal.append(msgspec.structs.replace(Made(capacity=1).journal[0], sold=1))
    verdict = check(made.entries(), made.evidence().ledger, None)
    assert any(not violation.order_ids for each in verdict["P4"].checks for violation in each.shown)
    assert "\n".join(shown(verdict))


def test_a_history_is_heard_from_a_file_as_from_a_program(tmp_path: Path) -> None:
    made = lost()
    path = tmp_path / "history.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(entry) + b"\n" for entry in made.entries()))
    assert hear(path).purchases.keys() == hear(made.entries()).purchases.keys()
    assert check(path, made.evidence().ledger, None) == check(made.entries(), made.evidence().ledger, None)


def test_an_order_that_nobody_tried_has_a_story_too() -> None:
    made = lost()
    made.decide(9)
    lines = story(order_id(9), made.evidence(), [], OrderLog())
    assert [who for _, who in told(lines)] == ["journal", "ledger"]
