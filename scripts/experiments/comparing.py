"""The control group of a sale: compares what its buyers and the others are told, as they are told it."""

import threading
from collections.abc import Callable
from typing import Any, Final

from scripts.proof.history import Attempt
from scripts.proof.sequential import Comparison

_BUYS: Final = ("place", "double_click", "come_back")


class Watch:
    """Feeds a Comparison from the attempts of a sale, and keeps when it found harm, on the run's own clock."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self.harm = threading.Event()
        self.found_at: float | None = None
        self._pressed: dict[int, float] = {}
        self._confirmed: set[int] = set()
        self.treated: set[int] = set()
        """The buyers of the treated cohort who have pressed so far; a set that only grows."""

    def hear(self, attempt: Attempt) -> None:
        """An attempt to buy ended. An honest rejection says nothing of a revision, nor does a repeat once it is won."""
        if attempt.cohort is None or attempt.action not in _BUYS or attempt.buyer in self._confirmed:
            return
        pressed = self._pressed.setdefault(attempt.buyer, attempt.start)
        if attempt.cohort == "treated":
            self.treated.add(attempt.buyer)
        if attempt.told in ("rejected", "cancelled"):
            return
        is_confirmed = attempt.told == "confirmed"
        if is_confirmed:
            self._confirmed.add(attempt.buyer)
        decision = self.comparison.add(attempt.cohort, is_confirmed, attempt.end - pressed if is_confirmed else None)
        if decision == "harm" and not self.harm.is_set():
            self.found_at = attempt.elapsed
            self.harm.set()

    def as_dict(self) -> dict[str, Any]:
        """What the comparison says."""
        return self.comparison.as_dict()


class NextPurchase:
    """How long the first purchase that is pressed after a moment takes until it is answered."""

    def __init__(self, listeners: list[Callable[[Attempt], None]]) -> None:
        self._lock = threading.Lock()
        self._after: float | None = None
        self._pressed: dict[int, float] = {}
        self._answered = threading.Event()
        self._took: float | None = None
        listeners.append(self._hear)

    def await_after(self, moment: float) -> None:
        """From now on the first one that is pressed after the moment, in Unix seconds, is looked for."""
        with self._lock:
            self._after, self._took = moment, None
            self._answered.clear()

    def seconds(self, within_s: float) -> float | None:
        """Seconds from its press to an answer that is confirmed, accepted or an honest rejection; None if none came.

        All of its repeats count: a buyer waits for the answer, not for a request.
        """
        self._answered.wait(within_s)
        with self._lock:
            return self._took

    def _hear(self, attempt: Attempt) -> None:
        with self._lock:
            pressed = self._pressed.setdefault(attempt.buyer, attempt.start)
            is_awaited = self._after is not None and self._took is None and pressed >= self._after
            if is_awaited and attempt.told in ("confirmed", "accepted", "rejected"):
                self._took = attempt.end - pressed
                self._answered.set()
