"""The pictures show every number, tell it in words too, and never run out of their frame."""

import re
from collections import Counter
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from scripts.proof.history import Shifted
from scripts.proof.report.histogram import Histogram
from scripts.proof.report.latency_chart import latency_chart
from scripts.proof.report.observed import Episode, Observed, observe
from scripts.proof.report.outcomes_chart import MOST_BINS, MOST_LANES, binned, outcomes_chart
from scripts.proof.report.recovery_chart import Recovery, recoveries, recovery_chart
from scripts.proof.report.svg import NARROW, WIDE, Scale, element, ticks
from tests.scripts.proof.report.samples import entries


def drawn(markup: str) -> list[ElementTree.Element]:
    """The pictures, wide and narrow; well-formed, or this raises."""
    return list(ElementTree.fromstring(f"<all>{markup}</all>"))  # noqa: S314  # our own


def classes(picture: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [one for one in picture.iter() if name in one.get("class", "").split()]


def words(picture: ElementTree.Element) -> str:
    return " | ".join("".join(one.itertext()) for one in picture.iter("text"))


class TestPieces:
    def test_what_is_written_into_an_element_is_escaped(self) -> None:
        assert element("rect", class_='"><script>', x=1.04) == '<rect class="&#34;&gt;&lt;script&gt;" x="1"/>'

    @pytest.mark.parametrize(
        ("most", "expected"), [(73, [0, 20, 40, 60]), (1, [0, 0.5, 1]), (0, [0]), (4, [0, 1, 2, 3, 4])]
    )
    def test_axes_have_round_numbers(self, most: float, expected: list[float]) -> None:
        assert ticks(most, 4) == pytest.approx(expected)

    def test_a_scale_ends_where_it_ends(self) -> None:
        scale = Scale(10.0, 0, 100, 0.001, is_log=True)
        assert (scale(0.0001), scale(0.001), scale(0.1), scale(10), scale(99)) == pytest.approx((0, 0, 50, 100, 100))


class TestOutcomes:
    @pytest.mark.parametrize("seconds", [1, 59, 121, 1_000, 40_000])
    def test_steps_are_few_and_lose_nothing(self, seconds: int) -> None:
        observed = Observed(seconds=float(seconds))
        for second in range(0, seconds + 1, 3):
            observed.by_second[second] = Counter({"confirmed": 2, "error": 1})
        bins = binned(observed, MOST_BINS[WIDE])
        assert len(bins.counts) <= MOST_BINS[WIDE]
        assert sum(count.total() for count in bins.counts) == 3 * len(observed.by_second)

    def test_layers_stand_on_one_another_to_the_scale_of_the_axis(self) -> None:
        observed = Observed(seconds=0.5, by_second={0: Counter({"confirmed": 3, "accepted": 1})})
        wide = drawn(outcomes_chart(observed, "x"))[0]
        confirmed, accepted = (classes(wide, name)[0].get("d", "") for name in ("confirmed", "accepted"))
        assert confirmed == "M48 266V86H872V266H48Z"
        assert accepted == "M48 86V26H872V86H48Z"

    def test_one_error_among_thousands_has_a_mark(self) -> None:
        observed = Observed(seconds=600.0, by_second={1: Counter({"confirmed": 5_000}), 300: Counter({"error": 1})})
        for picture in drawn(outcomes_chart(observed, "x")):
            (mark,) = classes(picture, "mark")
            assert float(mark.get("width", 0)) >= 3
            assert "error, or none: 1" in words(picture)

    def test_faults_lie_on_the_axis_of_time(self) -> None:
        observed = Observed(
            seconds=99.0,
            by_second={0: Counter({"confirmed": 1})},
            episodes=[Episode("stable killed", "stable", 25.0, 26.0, back_at=50.0), Episode("cut", "link", 75.0, 80.0)],
        )
        wide = drawn(outcomes_chart(observed, "x"))[0]
        first, second = classes(wide, "fault")
        assert (first.get("x"), second.get("x")) == ("254", "666")
        assert [band.get("width") for band in classes(wide, "band")] == ["206", "41.2"]
        assert len(classes(wide, "recovering")) == 1

    def test_many_kinds_of_fault_share_the_last_lane(self) -> None:
        episodes = [Episode(f"fault {number}", "", number) for number in range(20)]
        observed = Observed(seconds=30.0, by_second={0: Counter({"confirmed": 1})}, episodes=episodes)
        wide = drawn(outcomes_chart(observed, "x"))[0]
        assert len(classes(wide, "lane")) == MOST_LANES + 1
        assert len(classes(wide, "fault")) == 20
        assert f"{20 - MOST_LANES + 1} other kinds of fault, 13 times" in words(wide)

    def test_a_long_name_is_cut_on_a_phone_alone(self) -> None:
        name = "the clock of the ledger's database jumps by +3600 s while <it> is slow"
        observed = Observed(seconds=9.0, by_second={0: Counter({"confirmed": 1})}, episodes=[Episode(name, "", 1.0)])
        wide, narrow = drawn(outcomes_chart(observed, "x"))
        assert name in words(wide)
        assert name not in words(narrow)
        assert "the clock of the ledger" in words(narrow)

    def test_the_share_of_chaos_is_a_height(self) -> None:
        splits = [
            Shifted({"chaos": share, "stable": 100 - share}, 0, at) for share, at in ((0, 0.0), (50, 5.0), (0, 8.0))
        ]
        observed = Observed(seconds=9.0, by_second={0: Counter({"confirmed": 1})}, splits=splits)
        (split,) = classes(drawn(outcomes_chart(observed, "x"))[0], "split")
        assert (split.get("height"), split.get("width")) == ("5", "247.2")

    def test_a_sample_tells_itself_in_words(self) -> None:
        observed = observe(entries(errors=2))
        for picture, width in zip(drawn(outcomes_chart(observed, "x")), (WIDE, NARROW), strict=True):
            assert picture.get("viewBox", "").startswith(f"0 0 {width} ")
            told = {one.tag: one.text for one in picture}
            assert told["title"] == "Answers to buyers over time"
            assert re.search(r"\d+ confirmed.*4 error; 5 faults", told["desc"] or "")

    def test_there_are_no_halves_of_an_answer(self) -> None:
        observed = Observed(seconds=0.5, by_second={0: Counter({"confirmed": 1})})
        assert words(drawn(outcomes_chart(observed, "x"))[0]).startswith("answers a second | 0 | 1 | 0 s")


class TestLatencies:
    def test_each_group_has_its_bars_and_quantiles(self) -> None:
        quick, slow = Histogram({10: 90, 20: 10}), Histogram({60: 5})
        wide = drawn(latency_chart({"stable": quick, "chaos": slow, "nobody": Histogram()}, "x"))[0]
        assert len(classes(wide, "bar")) == 3
        assert len(classes(wide, "quantile")) == 6
        assert "stable: 100 answers | p50 3 ms, p95 10 ms, p99 10 ms" in words(wide)
        assert "nobody" not in words(wide)

    def test_nothing_is_drawn_of_nothing(self) -> None:
        assert latency_chart({}, "x") == latency_chart({"nobody": Histogram()}, "x") == ""


class TestRecoveries:
    EPISODE = Episode("stable killed", "stable", 1.0, 1.1, back_s=1.2, answered_s=0.2, pressed=4)

    def test_each_recovery_is_a_dot_and_a_late_one_a_cross(self) -> None:
        episodes = [self.EPISODE, replace(self.EPISODE, answered_s=1.4), replace(self.EPISODE, back_s=6.0)]
        rows = recoveries(episodes, 1.0, 5.0)
        assert [(row.name, row.late, row.never) for row in rows] == [
            ("stable killed: next purchase answered", 1, 0),
            ("stable killed: back and serving", 1, 0),
        ]
        wide = drawn(recovery_chart(rows, "x"))[0]
        assert (len(classes(wide, "dot")), len(classes(wide, "late")), len(classes(wide, "limit"))) == (4, 2, 2)
        assert "3 times: median 200 ms, at most 1.4 s; 1 s is promised, 1 took longer" in rows[0].said

    def test_an_answer_that_never_came_is_told(self) -> None:
        (row,) = recoveries([replace(self.EPISODE, answered_s=None, back_s=None)], 1.0, 5.0)
        assert (row.never, row.is_good, row.said) == (1, False, "0 times, 1 never")
        assert recovery_chart([row], "x") == ""

    def test_after_the_last_press_no_answer_is_missed(self) -> None:
        assert recoveries([Episode("cut", "link", 9.0)], 1.0, 5.0) == []

    def test_without_a_promise_nothing_is_late(self) -> None:
        row = Recovery("x", (99.0,))
        assert (row.late, row.is_good) == (0, True)
