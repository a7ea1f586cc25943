"""Durations are kept in little room, and their quantiles are still right."""

import random

import msgspec
import pytest

from scripts.proof.report.histogram import Histogram


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_quantiles_are_right_to_an_eighth(share: float) -> None:
    source = random.Random(3)  # noqa: S311  # repeatable is what it must be
    durations = sorted(source.lognormvariate(-3, 1.2) for _ in range(5_000))
    histogram = Histogram()
    for one in durations:
        histogram.add(one)
    exact = durations[int(share * len(durations)) - 1]
    found = histogram.quantile(share)
    assert found is not None
    assert exact <= found <= exact * 1.13


@pytest.mark.parametrize("seconds", [0.001, 0.01, 0.1, 1.0, 10.0])
def test_a_round_duration_is_itself(seconds: float) -> None:
    histogram = Histogram()
    histogram.add(seconds)
    assert histogram.quantile(0.5) == pytest.approx(seconds)


def test_what_is_too_short_or_none_at_all_is_no_trouble() -> None:
    histogram = Histogram()
    assert histogram.quantile(0.5) is None
    for seconds in (0.0, -0.5, 0.0004):
        histogram.add(seconds)
    assert (histogram.count, histogram.quantile(0.99)) == (3, 0.001)


def test_it_is_the_same_after_it_was_written_and_read() -> None:
    histogram = Histogram({0: 3, 41: 7})
    assert msgspec.json.decode(msgspec.json.encode(histogram), type=Histogram) == histogram
