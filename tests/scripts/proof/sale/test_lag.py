"""A load that can't keep its own pace says by how much."""

import pytest

from scripts.proof.sale.lag import Lag


def test_the_figures_are_those_of_what_was_late() -> None:
    lag = Lag()
    for number in range(1000):
        lag.add(0.0004 if number < 950 else 0.03 if number < 990 else 2.5)
    assert (lag.sent, lag.worst_s) == (1000, 2.5)
    assert lag.quantile_s(0.5) <= 0.001
    assert 0.03 <= lag.quantile_s(0.99) <= 0.06
    assert lag.quantile_s(1.0) == 2.5
    assert lag.late_share == pytest.approx(0.01)
    assert lag.summary()["lag_worst_s"] == 2.5


def test_nothing_sent_is_nothing_late() -> None:
    assert Lag().summary() == {"requests": 0, "lag_p50_s": 0.0, "lag_p99_s": 0.0, "lag_worst_s": 0.0, "late_share": 0.0}
