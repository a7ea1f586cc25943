"""Numbers as a person reads them; what is not nothing is never told as nothing."""

import pytest

from scripts.proof.report import words


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, "-"),
        (0, "0 s"),
        (0.0084, "8 ms"),
        (0.42, "420 ms"),
        (0.9996, "1 s"),
        (3.25, "3.2 s"),
        (9.97, "10 s"),
        (42.4, "42 s"),
        (99.6, "1 min 40 s"),
        (120, "2 min"),
        (3_840, "1 h 4 min"),
    ],
)
def test_durations(seconds: float | None, told: str) -> None:
    assert words.duration(seconds) == told


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [
        (0, 0, "-"),
        (0, 9, "0 %"),
        (1, 2, "50 %"),
        (1, 3, "33.3 %"),
        (1, 2_500, "0.04 %"),
        (3, 100_000, "0.003 %"),
        (1, 10_000_000, "under 0.001 %"),
    ],
)
def test_shares(part: float, whole: float, told: str) -> None:
    assert words.share(part, whole) == told


@pytest.mark.parametrize(
    ("value", "told"), [(None, "-"), (0, "0"), (1234, "1,234"), (2.0, "2"), (0.00025, "0.00025"), (1234.5, "1,234")]
)
def test_numbers(value: float | None, told: str) -> None:
    assert words.number(value) == told


def test_moments_and_counts() -> None:
    assert words.moment(1_795_766_400.0) == "27 November 2026, 08:00 UTC"
    assert words.counted(1, "order") == "1 order"
    assert words.counted(1_200, "order") == "1,200 orders"
