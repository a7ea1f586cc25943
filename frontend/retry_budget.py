"""How many tries beyond the first the shop may make, so that its retries never multiply an outage."""

import threading
from collections.abc import Callable
from typing import Final

from frontend.sliding_window import WINDOW_S, SlidingWindow

HEALTHY_SHARE: Final = 0.5
SHARE: Final = 0.2
MINIMUM_PER_S: Final = 10


class RetryBudget:
    """Over the last ten seconds there are at most a share of the calls, and ten a second, of retries.

    The share is larger towards a target that is healthy, so that it can make up for one that is not. Safe to use
    from many threads.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._lock = threading.Lock()
        self._window = SlidingWindow(2, monotonic)  # calls, retries

    def deposit(self) -> None:
        """Counts a call, however often it will be tried."""
        with self._lock:
            self._window.add(1, 0)

    def withdraw(self, *, healthy: bool) -> bool:
        """Whether one more try may be made; it is counted if so."""
        with self._lock:
            if self._left(healthy) < 1:
                return False
            self._window.add(0, 1)
            return True

    def left(self, *, healthy: bool) -> float:
        """How many retries could be made now."""
        with self._lock:
            return max(0.0, self._left(healthy))

    def _left(self, healthy: bool) -> float:
        calls, retries = self._window.totals()
        return calls * (HEALTHY_SHARE if healthy else SHARE) + MINIMUM_PER_S * WINDOW_S - retries
