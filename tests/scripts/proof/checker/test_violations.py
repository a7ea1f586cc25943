"""Each way to break a promise is found, under the promise that it breaks, and nothing is found that isn't so."""

import re

import pytest

from scripts.proof.checker.verdict import Promise
from tests.scripts.proof.checker.lies import LIES, Lie
from tests.scripts.proof.checker.made import Made, broken, violated


def sold() -> Made:
    """Three places: 4 and 1 bought, 2 was accepted and then confirmed, 3 was told sold out, 4 cancelled."""
    made = Made(capacity=3)
    made.buy(4)
    made.buy(1)
    made.accept(2)
    made.decide(2)
    made.tell(2, "look")
    made.buy(3)
    made.cancel(4)
    return made


def test_nothing_is_found_in_a_sale_that_nobody_broke() -> None:
    assert sold().verdict().code == 0


@pytest.mark.parametrize(("lie", "found"), LIES.values(), ids=LIES)
def test_what_is_broken_is_found(lie: Lie, found: dict[Promise, str]) -> None:
    made = sold()
    lie(made)  # type: ignore[operator]
    verdict = made.verdict()
    assert violated(verdict) == set(found), broken(verdict)
    for promise, words in found.items():
        said = [what for each, what in broken(verdict) if each == promise]
        assert any(re.search(words, what) for what in said), said
