"""The control group of a sale: compares what its buyers and the others are told, as they are told it."""

import threading
from typing import Final

from scripts.proof.history import Attempt
from scripts.proof.sequential import Comparison

_PRESSES: Final = ("place", "double_click")


class Watch:
    """Feeds a Comparison from the attempts of a sale; `began` and `found_at` are seconds on the run's own clock.

    Each buyer counts once, by the first press: repeats of one buyer depend on each other, as the test allows none to.
    """

    def __init__(self, comparison: Comparison, began: float) -> None:
        self.comparison = comparison
        self._began = began
        self.harm = threading.Event()
        self.found_at: float | None = None
        self.affected = 0
        """Buyers of the treated cohort who had pressed when the harm was found."""
        self._heard: set[int] = set()
        self._treated = 0

    def hear(self, attempt: Attempt) -> None:
        """An attempt ended. An honest rejection says nothing of a revision."""
        if attempt.cohort is None or attempt.action not in _PRESSES or attempt.buyer in self._heard:
            return
        self._heard.add(attempt.buyer)
        self._treated += attempt.cohort == "treated"
        if attempt.told in ("rejected", "cancelled"):
            return
        decision = self.comparison.add(attempt.cohort, attempt.told == "confirmed", attempt.end - attempt.start)
        if decision == "harm" and not self.harm.is_set():
            self.found_at, self.affected = attempt.elapsed, self._treated
            self.harm.set()

    @property
    def seconds_to_detect(self) -> float | None:
        """From the moment at which the comparison began; None as long as no harm was found."""
        return None if self.found_at is None else round(self.found_at - self._began, 3)
