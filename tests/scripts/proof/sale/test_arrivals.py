"""Buyers come as the curves say: never backwards, a burst first, and a long run at its pace on the average."""

from itertools import pairwise

import pytest

from scripts.proof.sale.arrivals import Curve, flash_sale, steady, waves

SHARES = [number / 10_000 for number in range(10_000)]


@pytest.mark.parametrize("curve", [flash_sale(8), flash_sale(0.5), waves(30_000, 100), steady(500, 50)])
def test_a_later_buyer_never_comes_earlier(curve: Curve) -> None:
    moments = list(map(curve, SHARES))
    assert moments[0] == 0
    assert all(one <= other for one, other in pairwise(moments))


def test_half_of_a_flash_sale_comes_in_the_first_second_and_the_tail_thins_out() -> None:
    moments = list(map(flash_sale(10), SHARES))
    assert sum(moment < 1 for moment in moments) == 5000
    assert 9.9 < moments[-1] <= 10
    first, last = (sum(low <= moment < low + 0.5 for moment in moments) for low in (1, 9.5))
    assert 14 < first / last < 22, "the density falls to a twentieth"


def test_a_long_run_keeps_its_pace_in_waves() -> None:
    curve = waves(30_000, 100)
    moments = [curve(number / 30_000) for number in range(30_000)]
    assert 299 < moments[-1] <= 300
    for minute in range(5):
        wave = [moment - 60 * minute for moment in moments if 60 * minute <= moment < 60 * minute + 60]
        assert len(wave) == pytest.approx(6000, abs=2)
        assert sum(moment < 1 for moment in wave) == pytest.approx(300, abs=2)


def test_a_run_shorter_than_a_wave_is_one_sale() -> None:
    assert waves(1000, 100)(0.9999) == pytest.approx(10, abs=0.1)


def test_a_steady_pace_is_steady() -> None:
    assert [steady(500, 50)(share) for share in (0.0, 0.25, 0.5)] == [0, 2.5, 5]
