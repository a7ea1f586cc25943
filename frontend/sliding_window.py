"""Counts of the last ten seconds."""

from collections.abc import Callable
from typing import Final

WINDOW_S: Final = 10


class SlidingWindow:
    """Sums of several counts over this second and the nine before it; whoever shares one holds a lock."""

    def __init__(self, counts: int, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._seconds = [[0] * counts for _ in range(WINDOW_S)]
        self._totals = [0] * counts
        self._now = int(monotonic())

    def add(self, *counts: int) -> None:
        """Adds to each count, as of now."""
        self._slide()
        this_second = self._seconds[self._now % WINDOW_S]
        for index, count in enumerate(counts):
            this_second[index] += count
            self._totals[index] += count

    def totals(self) -> tuple[int, ...]:
        """Each count over the window."""
        self._slide()
        return tuple(self._totals)

    def _slide(self) -> None:
        now = int(self._monotonic())
        for second in range(max(self._now + 1, now - WINDOW_S + 1), now + 1):
            gone = self._seconds[second % WINDOW_S]
            for index, count in enumerate(gone):
                self._totals[index] -= count
                gone[index] = 0
        self._now = max(self._now, now)
