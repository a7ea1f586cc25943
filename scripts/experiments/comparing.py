"""The control group of a sale: compares what its buyers and the others are told, as they are told it."""

import threading
from typing import Final

from scripts.proof.history import Attempt
from scripts.proof.sequential import Comparison

_BUYS: Final = ("place", "double_click", "come_back")


class Watch:
    """Feeds a Comparison from the attempts of a sale; `began` and `found_at` are seconds on the run's own clock."""

    def __init__(self, comparison: Comparison, began: float) -> None:
        self.comparison = comparison
        self._began = began
        self.harm = threading.Event()
        self.found_at: float | None = None
        self._pressed: dict[int, float] = {}
        self._confirmed: set[int] = set()
        self.affected = 0
        """Buyers of the treated cohort who had pressed when the harm was found."""
        self._treated: set[int] = set()

    def hear(self, attempt: Attempt) -> None:
        """An attempt to buy ended. An honest rejection says nothing of a revision, nor does a repeat once it is won."""
        if attempt.cohort is None or attempt.action not in _BUYS or attempt.buyer in self._confirmed:
            return
        pressed = self._pressed.setdefault(attempt.buyer, attempt.start)
        if attempt.cohort == "treated":
            self._treated.add(attempt.buyer)
        if attempt.told in ("rejected", "cancelled"):
            return
        is_confirmed = attempt.told == "confirmed"
        if is_confirmed:
            self._confirmed.add(attempt.buyer)
        decision = self.comparison.add(attempt.cohort, is_confirmed, attempt.end - pressed if is_confirmed else None)
        if decision == "harm" and not self.harm.is_set():
            self.found_at, self.affected = attempt.elapsed, len(self._treated)
            self.harm.set()

    @property
    def seconds_to_detect(self) -> float | None:
        """From the moment at which the comparison began; None as long as no harm was found."""
        return None if self.found_at is None else round(self.found_at - self._began, 3)
