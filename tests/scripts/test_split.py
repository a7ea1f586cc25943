"""The words for the split, which dev.py and deploy.py share."""

import pytest

from scripts.local.split import in_words, read_split


@pytest.mark.parametrize(
    ("shares", "split"),
    [
        ([], {}),
        (["chaos=20"], {"stable": 80, "chaos": 20}),
        (["stable=100"], {"stable": 100, "chaos": 0}),
        (["chaos=50", "stable=50"], {"stable": 50, "chaos": 50}),
    ],
)
def test_one_share_is_enough(shares: list[str], split: dict[str, int]) -> None:
    assert read_split(shares) == split


def test_the_stable_share_is_named_first_however_it_was_asked_for() -> None:
    assert list(read_split(["chaos=50", "stable=50"])) == ["stable", "chaos"]
    assert in_words(read_split(["chaos=20", "stable=80"])) == "stable 80 %, chaos 20 %"


@pytest.mark.parametrize(
    ("shares", "problem"),
    [
        (["chaos"], "chaos: must be one of stable, chaos with a percentage"),
        (["chaos="], "must be one of"),
        (["chaos=101"], "must be one of"),
        (["chaos=-1"], "must be one of"),
        (["chaos=2.5"], "must be one of"),
        (["chaos=٢٠"], "must be one of"),
        (["other=5"], "must be one of"),
        (["chaos=20", "stable=70"], "are 90 % together"),
        (["chaos=20", "chaos=20"], "is given twice"),
    ],
)
def test_wrong_shares_are_named(shares: list[str], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_split(shares)
