"""The control group: what of the buyers' attempts counts, and when the harm was found."""

from typing import Literal

from scripts.experiments.comparing import Watch
from scripts.proof.history import Attempt, Told
from scripts.proof.sequential import Comparison


def attempt(
    buyer: int,
    told: Told,
    cohort: Literal["treated", "control"] | None = "treated",
    start: float = 0.0,
    took: float = 0.1,
    action: Literal["place", "look"] = "place",
) -> Attempt:
    return Attempt(buyer, f"order {buyer}", action, start, start + took, start + took, 200, told, cohort=cohort)


def watch() -> Watch:
    return Watch(Comparison(), began=0.0)


def counted(seen: Watch) -> dict[str, tuple[int, int]]:
    measure = seen.comparison.measures["confirmed"]
    return {cohort: (measure.ok[cohort], measure.of[cohort]) for cohort in ("treated", "control")}


def test_each_buyer_counts_once_by_the_first_press() -> None:
    seen = watch()
    seen.hear(attempt(1, "unconfirmed"))
    seen.hear(attempt(1, "confirmed", start=1.0))
    seen.hear(attempt(2, "confirmed", start=2.0))
    assert counted(seen)["treated"] == (1, 2)


def test_looks_rejections_and_buyers_of_no_cohort_do_not_count() -> None:
    seen = watch()
    seen.hear(attempt(1, "confirmed", action="look"))
    seen.hear(attempt(2, "rejected"))
    seen.hear(attempt(3, "confirmed", cohort=None))
    assert counted(seen) == {"treated": (0, 0), "control": (0, 0)}


def test_tickets_after_a_long_wait_are_not_prompt() -> None:
    seen = watch()
    seen.hear(attempt(1, "confirmed", took=1.6))
    seen.hear(attempt(2, "confirmed", took=0.4))
    assert counted(seen)["treated"] == (2, 2)
    assert seen.comparison.measures["prompt"].ok["treated"] == 1


def test_harm_is_found_once_with_its_moment_and_the_buyers_who_met_it() -> None:
    seen = watch()
    for number in range(200):
        seen.hear(attempt(2 * number, "unconfirmed", "treated", start=number))
        seen.hear(attempt(2 * number + 1, "confirmed", "control", start=number))
        if seen.harm.is_set():
            break
    assert seen.harm.is_set()
    found = (seen.found_at, seen.affected, seen.seconds_to_detect)
    assert 0 < seen.affected < 50
    seen.hear(attempt(999, "unconfirmed", "treated", start=500))
    assert (seen.found_at, seen.affected, seen.seconds_to_detect) == found


def test_without_a_difference_no_harm_is_found() -> None:
    seen = watch()
    for number in range(500):
        seen.hear(attempt(2 * number, "confirmed", "treated", start=number))
        seen.hear(attempt(2 * number + 1, "confirmed", "control", start=number))
    assert not seen.harm.is_set()
    assert seen.seconds_to_detect is None
