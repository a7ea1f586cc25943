"""The page says what came out and no more, needs nothing but itself, and stays small whatever was sold."""

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scripts.proof.history import Note
from scripts.proof.report import ExperimentRecord, Report, RunRecord, page, viewed, write_report
from scripts.proof.report.record import summarized
from tests.scripts.proof.report.samples import AT, STORY, entries, journal, run, verdict, write_history


class Parsed(HTMLParser):
    """What a page is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.pointed_at: set[str] = set()
        self.addresses: list[str] = []
        self.tags: Counter[str] = Counter()
        self._open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self._open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids[value or ""] += 1
            elif name in ("aria-labelledby", "aria-describedby"):
                self.pointed_at.update((value or "").split())
            elif name == "href" and (value or "").startswith("#"):
                self.pointed_at.add((value or "")[1:])
            elif name in ("href", "src", "srcset", "action", "data", "poster"):
                self.addresses.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.text += data


@pytest.fixture(params=["green", "red", "empty"])
def state(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def told(report: Report) -> str:
    return re.sub(r"\s+", " ", Parsed(page(report)).text)


def of(tmp_path: Path, **fields: Any) -> Report:
    """The report of one experiment."""
    if "history" not in fields:
        write_history(tmp_path / "h" / "history.jsonl", entries(buyers=50))
    experiment = ExperimentRecord(**{"name": "one", "history": "h/history.jsonl", "verdict": verdict(50)} | fields)
    return viewed(RunRecord(at=AT, command="chaos.py run one", target="local", experiments=[experiment]), tmp_path)


class TestWhole:
    def test_it_needs_nothing_else(self, tmp_path: Path, state: str) -> None:
        html = write_report(tmp_path, run(tmp_path, state=state))[0].read_text(encoding="utf-8")
        parsed = Parsed(html)
        assert parsed.addresses == []
        assert not parsed.tags.keys() & {"script", "link", "img", "iframe", "object"}
        assert set(re.findall(r"url\((.)", html)) <= {"#"}
        assert "@import" not in html
        assert "default-src 'none'" in html

    def test_its_ids_are_its_own_and_whatever_is_pointed_at_is_there(self, tmp_path: Path, state: str) -> None:
        parsed = Parsed(page(viewed(run(tmp_path, state=state), tmp_path)))
        assert [name for name, count in parsed.ids.items() if count > 1] == []
        assert parsed.pointed_at <= parsed.ids.keys()

    def test_a_hundred_thousand_orders_make_a_small_page(self, tmp_path: Path) -> None:
        write_history(tmp_path / "h" / "history.jsonl", entries(buyers=100_000, over_s=900.0, kills=60))
        report = of(tmp_path, history="h/history.jsonl", verdict=verdict(100_000))
        html = page(report)
        assert len(html.encode()) < 500_000
        assert "0 violations in 100,000 orders" in html

    def test_it_tells_how_to_repeat_the_run(self, tmp_path: Path) -> None:
        text = told(viewed(run(tmp_path), tmp_path))
        for word in ("run --all --seed 7", "seed7", "cores2", "commitd67c398", "PostgreSQL16.2", "27 November 2026"):
            assert word in text


class TestVerdict:
    def test_all_kept(self, tmp_path: Path) -> None:
        report = of(tmp_path)
        assert (report.state, report.headline) == ("kept", "0 violations in 50 orders")
        assert "It says nothing of faults that it didn't have." in told(report)

    def test_nothing_says_proved(self, tmp_path: Path, state: str) -> None:
        text = told(viewed(run(tmp_path, state=state), tmp_path))
        assert re.findall(r"\w* ?\w* (?:prove|guarantee|certain|always|safe)\w*", text) == []

    def test_a_violation_leads_and_tells_its_story(self, tmp_path: Path) -> None:
        report = of(tmp_path, verdict=verdict(50, broken=("P2",)))
        assert (report.state, report.headline) == ("violated", "2 violations in 50 orders")
        html = page(report)
        assert "Broken: P2." in html
        assert all(line.replace(">", "&gt;") in html for line in STORY)
        assert "&lt;b&gt;and&lt;/b&gt;" in html

    def test_a_promise_of_which_nothing_was_seen_is_not_shown(self, tmp_path: Path) -> None:
        report = of(tmp_path, verdict=verdict(50, unshown=("P4",)))
        assert report.state == "incomplete"
        assert "Not shown by this run: P4." in told(report)
        assert "not shown by this run" in told(report)

    def test_more_violations_than_are_told_of_are_counted(self, tmp_path: Path) -> None:
        decided = verdict(50, broken=("P1",))
        decided["promises"][0]["checks"][0]["violations"] = 1_202
        assert "and 1,200 more violations" in told(of(tmp_path, verdict=decided))

    def test_a_steady_state_that_was_lost_is_no_good_run(self, tmp_path: Path) -> None:
        report = of(tmp_path, journal=summarized(journal(deviated=True)))
        assert (report.state, report.experiments[0].said) == ("deviated", "steady state not met")

    def test_an_experiment_that_could_not_be_run_says_why(self, tmp_path: Path) -> None:
        report = of(tmp_path, verdict=None, problem="no <cluster> answers")
        assert report.state == "not decided"
        assert "It could not be run or checked: no <cluster> answers" in told(report)

    def test_what_was_not_checked_is_not_told_as_good(self, tmp_path: Path) -> None:
        assert of(tmp_path, verdict=None).headline == "50 orders, and nothing was checked"
        run_of_three = run(tmp_path, state="red")
        assert viewed(run_of_three, tmp_path).headline == "6 violations in 800 checked orders"

    def test_a_history_that_can_not_be_read_is_told(self, tmp_path: Path) -> None:
        report = of(tmp_path, history="nowhere.jsonl")
        assert report.state == "not decided"
        assert "the history can't be read" in told(report)

    def test_a_run_that_was_cut_short_says_so(self, tmp_path: Path) -> None:
        write_history(tmp_path / "cut" / "history.jsonl", entries(buyers=50, is_whole=False))
        assert "The run was cut short" in told(of(tmp_path, history="cut/history.jsonl"))

    def test_a_guard_that_was_removed_is_told_at_the_top(self, tmp_path: Path) -> None:
        text = told(of(tmp_path, sabotage="no-lock", verdict=verdict(50, broken=("P1",))))
        assert text.index("A guard was removed on purpose") < text.index("The promises")

    def test_nothing_run_shows_nothing(self, tmp_path: Path) -> None:
        report = viewed(run(tmp_path, state="empty"), tmp_path)
        assert (report.state, report.headline) == ("incomplete", "Nothing was sold in this run")


class TestParts:
    def test_the_pace_of_the_load_is_told(self, tmp_path: Path) -> None:
        note = Note("pace", AT + 60, 60.0, {"lag_p99_s": 0.106, "lag_worst_s": 0.2})
        write_history(tmp_path / "p" / "history.jsonl", [*entries(buyers=50), note])
        assert "within 106 ms of their time, the worst 200 ms late" in told(of(tmp_path, history="p/history.jsonl"))

    def test_a_single_experiment_has_one_table_of_promises(self, tmp_path: Path) -> None:
        assert told(of(tmp_path)).count("masked failure") == 1
        assert "capacity: 50" in told(of(tmp_path / "again"))

    def test_several_experiments_have_an_overview(self, tmp_path: Path) -> None:
        text = told(viewed(run(tmp_path), tmp_path))
        assert text.index("The experiments") < text.index("Hypothesis.")
        assert "The experiments" not in told(of(tmp_path))

    def test_what_the_target_can_not_do_is_told(self, tmp_path: Path) -> None:
        assert "clock-jumps: the pods' clock is that of their node" in told(viewed(run(tmp_path), tmp_path))

    def test_harm_tells_when_it_was_found_and_whom_it_hit(self, tmp_path: Path) -> None:
        record = run(tmp_path, state="red").experiments[1]
        assert record.compared is not None
        text = told(of(tmp_path, compared=record.compared))
        assert re.search(r"Harm was found \d.* after the traffic was shifted, when \d+ buyers had been", text)
        assert "was set to 0 at once" in text

    def test_no_harm_found_is_not_told_as_none(self, tmp_path: Path) -> None:
        record = run(tmp_path).experiments[1]
        assert record.compared is not None
        calm = msgspec.structs.replace(record.compared, result={**record.compared.result, "decision": "none"})
        assert "No harm was found. That doesn't show that there is none" in told(of(tmp_path, compared=calm))

    def test_latencies_are_told_by_revision_and_cohort(self, tmp_path: Path) -> None:
        text = told(viewed(run(tmp_path), tmp_path))
        for word in (
            "decided by orders-stable: 304 answers",
            "decided by orders-chaos",
            "treated cohort",
            "control cohort",
        ):
            assert word in text

    def test_what_was_done_is_told_with_its_rollbacks(self, tmp_path: Path) -> None:
        text = told(of(tmp_path, journal=summarized(journal())))
        for word in ("open-sale succeeded after 310 ms", "promises-are-kept", "traffic-to-stable succeeded"):
            assert word in text
