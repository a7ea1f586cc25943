"""Whatever honest sales do, nothing is found; and a single lie in any of them is."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scripts.proof.checker.verdict import Promise
from scripts.proof.history import Attempt
from tests.scripts.proof.checker.made import Made, broken, order_id, violated

Step = tuple[str, int, int]
_NUMBERS = range(6)


def _double_click(made: Made, number: int, quantity: int) -> None:
    """Both presses are of one moment; one is decided, and the other accepted, as long as nothing was known before."""
    is_new = order_id(number) not in made.orders
    first = made.buy(number, quantity)
    if is_new:
        accepted = made.say(number, "accepted", "double_click", quantity=quantity)
        made.attempts[-1] = msgspec.structs.replace(accepted, start=first.start, end=first.end, elapsed=first.elapsed)


_HONEST: Mapping[str, Callable[[Made, int, int], Any]] = {
    "buy": lambda made, number, quantity: made.buy(number, quantity),
    "accept": lambda made, number, quantity: made.accept(number, quantity),
    "decide": lambda made, number, _: made.purchases.get(order_id(number)) and made.decide(number),
    "look": lambda made, number, _: made.tell(number, "look"),
    "cancel": lambda made, number, _: made.cancel(number),
    "no answer": lambda made, number, _: made.say(number, "nothing"),
    "unconfirmed": lambda made, number, _: made.say(number, "unconfirmed"),
    "double click": _double_click,
}
sales = st.lists(
    st.tuples(st.sampled_from(sorted(_HONEST)), st.sampled_from(_NUMBERS), st.integers(1, 3)), min_size=1, max_size=30
)


def sold(capacity: int, steps: list[Step]) -> Made:
    """A sale in which each buyer wants the same number each time; in the end all is decided and everybody looks."""
    made, wanted = Made(capacity=capacity), dict[int, int]()
    for step, number, quantity in steps:
        wanted.setdefault(number, quantity)
        _HONEST[step](made, number, wanted[number])
    for number in sorted(wanted):
        made.decide(number, wanted[number])
        made.say(number, "busy")
        made.tell(number, quantity=wanted[number])
    return made


@given(st.integers(0, 5), sales)
@settings(deadline=None)
def test_nothing_is_found_in_an_honest_sale(capacity: int, steps: list[Step]) -> None:
    made = sold(capacity, steps)
    verdict = made.verdict()
    assert broken(verdict) == set()
    assert verdict.code in (0, 2)


def _lose(made: Made, attempt: Attempt) -> Promise:
    made.orders.pop(attempt.order_id)
    return {"confirmed": "P2", "cancelled": "P3"}.get(attempt.told, "P4")  # type: ignore[return-value]


def _take_back(made: Made, attempt: Attempt) -> Promise:
    made.attempts.append(
        msgspec.structs.replace(attempt, told="not_found", start=made.now, end=made.now + 1, elapsed=1e6)
    )
    return "P5"


def _change_tickets(made: Made, attempt: Attempt) -> Promise:
    assume(attempt.told == "confirmed")
    made.attempts.append(msgspec.structs.replace(attempt, tickets=("another",)))
    return "P3"


def _tell_another_outcome(made: Made, attempt: Attempt) -> Promise:
    made.attempts.append(msgspec.structs.replace(attempt, told="rejected", reason="price_changed", tickets=()))
    return "P3"


def _leave_a_gap(made: Made, _: Attempt) -> Promise:
    made.journal.append(msgspec.structs.replace(made.journal[-1], version=made.journal[-1].version + 2))
    return "P1"


LIES = (_lose, _take_back, _change_tickets, _tell_another_outcome, _leave_a_gap)


@given(st.integers(1, 5), sales, st.sampled_from(LIES), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_a_single_lie_is_found(
    capacity: int, steps: list[Step], lie: Callable[[Made, Attempt], Promise], chance: Any
) -> None:
    made = sold(capacity, steps)
    final = [each for each in made.attempts if each.told in ("confirmed", "rejected", "cancelled")]
    assert lie(made, chance.choice(final)) in violated(made.verdict())
