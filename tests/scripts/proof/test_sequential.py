"""The sequential test says harm of harm, soon, and of no harm not more often than it may, however often one looks."""

import itertools
import math
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec
import pytest

from scripts.proof.sequential import Comparison, Measure, lowest, nearest

# The data of the vignette "Safe Tests and Confidence Intervals for Tests of Two Proportions" of safestats 0.8.7, case
# (I): R's set.seed(19012022), rbinom(95, 1, 0.2) and rbinom(95, 1, 0.5). It prints e-value = 48222.
VIGNETTE_A = "00000110000010000000100000010000001000001001000010001000001100000000000000000000000001001010001"
VIGNETTE_B = "10000010011100011011100110111111010010000111100110111101010111011011010110001011000101110010001"
VIGNETTE_E = 48222


def compared(treated: Sequence[bool], control: Sequence[bool], alpha: float = 0.05, tolerated: float = 0.0) -> Measure:
    measure = Measure("confirmed", alpha, tolerated)
    for one, other in zip(treated, control, strict=True):
        measure.add("treated", one)
        measure.add("control", other)
    return measure


def drawn(seed: int, share: float, count: int) -> list[bool]:
    source = random.Random(seed)  # noqa: S311  # repeatable is what it must be
    return [source.random() < share for _ in range(count)]


def chance(outcomes: Sequence[bool], shares: Sequence[float]) -> float:
    return math.prod(share if ok else 1 - share for ok, share in zip(outcomes, shares, strict=True))


class TestFormula:
    def test_the_authors_own_example_gives_the_e_value_that_they_print(self) -> None:
        measure = compared([one == "1" for one in VIGNETTE_A], [one == "1" for one in VIGNETTE_B])
        assert round(measure.e_value) == VIGNETTE_E
        assert measure.has_harmed

    @pytest.mark.parametrize(("treated", "control", "tolerated"), [(0.2, 0.9, 0.0), (0.5, 0.8, 0.1), (0.01, 0.99, 0.5)])
    def test_the_nearest_point_is_that_of_the_least_divergence(
        self, treated: float, control: float, tolerated: float
    ) -> None:
        def divergence(null: float) -> float:
            pairs = ((treated, null), (control, null + tolerated))
            return sum(p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q)) for p, q in pairs)

        grid = [step / 10_000 * (1 - tolerated) for step in range(1, 10_000)]
        assert nearest(treated, control, tolerated) == pytest.approx(min(grid, key=divergence), abs=2e-4)


class TestNull:
    @pytest.mark.parametrize("tolerated", [0.0, 0.15])
    @pytest.mark.parametrize("controls", [(0.3,) * 4, (0.9,) * 4, (0.99, 0.2, 0.99, 0.6)])
    @pytest.mark.parametrize("better", [0.0, 0.1])
    def test_no_bet_is_worth_its_price_if_treated_does_no_worse(
        self, tolerated: float, controls: Sequence[float], better: float
    ) -> None:
        """The exact mean of the capital over all outcomes, stopped once it has gained: at most what it began with.

        Also if the shares change from pair to pair, as long as they change for both.
        """
        shares = [min(max(control - tolerated + better, 0.0), 1.0) for control in controls]
        outcomes = list(itertools.product((False, True), repeat=len(controls)))
        mean = sum(
            chance(treated, shares) * chance(control, controls) * stopped(treated, control, tolerated)
            for treated, control in itertools.product(outcomes, outcomes)
        )
        assert mean <= 1 + 1e-9

    @pytest.mark.parametrize("share", [0.5, 0.97])
    def test_looking_after_every_pair_finds_harm_where_none_is_seldom_enough(self, share: float) -> None:
        alpha, sales, pairs = 0.05, 1_000, 150
        alarms = sum(
            compared(drawn(2 * seed, share, pairs), drawn(2 * seed + 1, share, pairs), alpha).has_harmed
            for seed in range(sales)
        )
        assert 0 < alarms <= sales * (alpha + 2 * math.sqrt(alpha / sales))

    def test_an_outage_that_hits_both_cohorts_is_no_harm(self) -> None:
        def sale(seed: int) -> list[bool]:
            return drawn(seed, 0.99, 60) + drawn(seed + 1, 0.1, 40) + drawn(seed + 2, 0.99, 60)

        alarms = sum(compared(sale(6 * seed), sale(6 * seed + 3), 0.05).has_harmed for seed in range(400))
        assert alarms <= 400 * 0.05

    def test_what_is_tolerated_is_no_harm(self) -> None:
        treated, control = drawn(1, 0.85, 1_500), drawn(2, 0.95, 1_500)
        assert not compared(treated, control, tolerated=0.15).has_harmed
        assert compared(treated, control, tolerated=0.05).has_harmed

    def test_treated_doing_better_is_no_harm(self) -> None:
        assert compared(drawn(1, 0.9, 500), drawn(2, 0.5, 500)).e_value == pytest.approx(1, abs=0.5)


class TestHarm:
    @pytest.mark.parametrize(("treated", "control", "within"), [(0.7, 1.0, 60), (0.9, 0.999, 200), (0.5, 0.7, 600)])
    def test_harm_is_found_within_so_many_pairs(self, treated: float, control: float, within: int) -> None:
        for seed in range(20):
            assert compared(drawn(2 * seed, treated, within), drawn(2 * seed + 1, control, within), 0.005).has_harmed

    def test_it_stays_found(self) -> None:
        measure = compared([False] * 40 + [True] * 400, [True] * 40 + [False] * 400)
        assert measure.e_value < 20
        assert measure.has_harmed
        assert measure.p_value < 1e-6


class TestInterval:
    @pytest.mark.parametrize("chances", [(0.3, 0.5, 0.2), (0.02, 0.97, 0.01)])
    def test_its_lower_end_is_hardly_ever_above_the_true_difference(self, chances: tuple[float, float, float]) -> None:
        """By the exact chance, over all orders in which 14 pairs can come, looked at after each."""
        truth, alpha, missed = chances[0] - chances[2], 0.3, 0.0
        never_missed = {(0, 0, 0): 1.0}
        for _ in range(14):
            after: defaultdict[tuple[int, int, int], float] = defaultdict(float)
            for (worse, same, better), before in never_missed.items():
                after[worse + 1, same, better] += before * chances[0]
                after[worse, same + 1, better] += before * chances[1]
                after[worse, same, better + 1] += before * chances[2]
            missed += sum(chance for counts, chance in after.items() if lowest(*counts, alpha) > truth)
            never_missed = {counts: chance for counts, chance in after.items() if lowest(*counts, alpha) <= truth}
        assert 0 < missed <= alpha

    def test_the_true_loss_lies_in_it_all_the_time(self) -> None:
        alpha, sales, missed = 0.05, 40, 0
        for seed in range(sales):
            measure = Measure("confirmed", alpha)
            ends = zip(drawn(2 * seed, 0.85, 200), drawn(2 * seed + 1, 0.9, 200), strict=True)
            missed += any(not low <= 0.05 <= high for low, high in intervals(measure, ends))
        assert missed <= sales * 2 * alpha

    def test_it_narrows_to_the_loss(self) -> None:
        low, high = compared(drawn(1, 0.7, 5_000), drawn(2, 0.9, 5_000)).interval()
        assert 0.15 < low < 0.2 < high < 0.25

    def test_it_agrees_with_the_test(self) -> None:
        measure = compared([False] * 9 + [True] * 21, [True] * 30)
        assert measure.has_harmed
        assert measure.interval()[0] >= 0

    def test_nothing_seen_leaves_everything_possible(self) -> None:
        assert compared([], []).interval() == pytest.approx((-1, 1))


class TestComparison:
    def test_a_slow_confirmation_harms_promptness_alone(self) -> None:
        comparison = Comparison(within_s=1.0)
        for _ in range(100):
            comparison.add("control", True, 0.2)
            comparison.add("treated", True, 1.7)
        assert comparison.measures["prompt"].has_harmed
        assert not comparison.measures["confirmed"].has_harmed

    def test_it_counts_the_buyers_until_the_decision_and_then_no_more(self) -> None:
        comparison = Comparison()
        decided = next(
            count
            for count in range(1, 100)
            if comparison.add("control", True, 0.2) == "harm" or comparison.add("treated", False) == "harm"
        )
        for _ in range(10):
            assert comparison.add("treated", True, 0.1) == "harm"
        assert comparison.treated_until_decision == decided

    def test_what_has_no_pair_waits_for_it(self) -> None:
        late, paired = Measure("confirmed", 0.05), Measure("confirmed", 0.05)
        for _ in range(12):
            late.add("treated", False)
        assert late.e_value == 1
        for _ in range(12):
            late.add("control", True)
            paired.add("treated", False)
            paired.add("control", True)
        assert late.e_value == paired.e_value > 20

    def test_two_measures_share_the_error_that_is_allowed(self) -> None:
        assert sum(measure.alpha for measure in Comparison(alpha=0.02).measures.values()) == pytest.approx(0.02)

    def test_it_is_written_to_a_history(self) -> None:
        comparison = Comparison(tolerated_late=0.1)
        empty = msgspec.json.decode(msgspec.json.encode(comparison.as_dict()))
        assert [measure["loss"] for measure in empty["measures"]] == [None, None]
        for _ in range(3_000):
            comparison.add("treated", False)
            comparison.add("control", True, 0.2)
        full = msgspec.json.decode(msgspec.json.encode(comparison.as_dict()))
        assert full["decision"] == "harm"
        assert full["measures"][0]["e_value"] == pytest.approx(1e300)
        assert full["measures"][0]["treated"] == {"ok": 0, "of": 3_000}

    @pytest.mark.parametrize(("alpha", "tolerated"), [(0.0, 0.0), (1.0, 0.0), (0.05, -0.1), (0.05, 1.0)])
    def test_what_makes_no_sense_is_refused(self, alpha: float, tolerated: float) -> None:
        with pytest.raises(ValueError, match="confirmed"):
            Measure("confirmed", alpha, tolerated)


def stopped(treated: Sequence[bool], control: Sequence[bool], tolerated: float) -> float:
    """The capital when it first has gained, or else at the end."""
    measure = Measure("confirmed", 0.05, tolerated)
    for one, other in zip(treated, control, strict=True):
        measure.add("treated", one)
        measure.add("control", other)
        if measure.e_value > 1:
            break
    return measure.e_value


def intervals(measure: Measure, ends: Iterator[tuple[bool, bool]]) -> Iterator[tuple[float, float]]:
    """The interval after every 20th pair."""
    for count, (treated, control) in enumerate(ends):
        measure.add("treated", treated)
        measure.add("control", control)
        if count % 20 == 0:
            yield measure.interval()
