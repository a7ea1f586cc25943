"""The circuit breaker of a route: while most calls fail or are slow, nobody waits for the next one.

It decides and counts, and never runs the call itself: no lock is held while anybody waits for the function.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from frontend.sliding_window import SlidingWindow

MIN_CALLS: Final = 20
MAX_FAILED: Final = 0.5  # of the calls in the window; as many open it
SLOW_S: Final = 1.5
MAX_SLOW: Final = 0.8
HEALTHY_BELOW: Final = 0.1  # of the calls failed
FIRST_OPEN_S: Final = 1.0
LONGEST_OPEN_S: Final = 5.0
TRIAL_S: Final = 3.0  # longer than any try; whoever has not reported by then never will
TRIAL_POLL_S: Final = 0.1

State = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class Permit:
    """The leave to call once; to be given back to `record` with what came of it."""

    period: int


class CircuitBreaker:
    """Closed it admits everybody, open nobody, half-open one trial, which closes it or opens it for longer.

    Safe to use from many threads.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._open_s = FIRST_OPEN_S
        self._admits_at = 0.0  # while open, when the trial may begin; while half-open, when it is given up
        self._period = 0
        self._enter("closed")

    @property
    def state(self) -> State:
        """The present state; an open breaker becomes half-open with the next call."""
        return self._state

    def admit(self) -> Permit | None:
        """The leave to call now, or None."""
        with self._lock:
            if self._state == "closed":
                return self._permit
            now = self._monotonic()
            if now < self._admits_at:
                return None
            self._admits_at = now + TRIAL_S
            return self._enter("half_open")

    def record(self, permit: Permit, *, failed: bool, took_s: float) -> State | None:
        """Counts a call that took `took_s` seconds; returns the state that this changes to, if it does.

        A call from before the last change says nothing about how things are now.
        """
        with self._lock:
            if permit.period != self._period:
                return None
            bad = self._is_too_much(failed, took_s >= SLOW_S)
            if self._state == "closed" and not bad:
                return None
            return self._open() if bad else self._close()

    def admits_in(self) -> float:
        """Seconds until a call may be admitted; 0 when it may be now.

        While a trial runs nobody knows: then it is a moment after which to ask again.
        """
        with self._lock:
            if self._state == "closed":
                return 0.0
            left = max(0.0, self._admits_at - self._monotonic())
            return min(left, TRIAL_POLL_S) if self._state == "half_open" else left

    def is_healthy(self) -> bool:
        """Whether it is closed and hardly any call of the window failed."""
        with self._lock:
            calls, failed, _ = self._window.totals()
            return self._state == "closed" and (calls < MIN_CALLS or failed < HEALTHY_BELOW * calls)

    def _is_too_much(self, failed: bool, slow: bool) -> bool:
        if self._state == "half_open":
            return failed or slow
        self._window.add(1, failed, slow)
        calls, failures, slow_ones = self._window.totals()
        return calls >= MIN_CALLS and (failures >= MAX_FAILED * calls or slow_ones >= MAX_SLOW * calls)

    def _open(self) -> State:
        self._admits_at = self._monotonic() + self._open_s
        self._open_s = min(2 * self._open_s, LONGEST_OPEN_S)
        self._enter("open")
        return self._state

    def _close(self) -> State:
        self._open_s = FIRST_OPEN_S
        self._enter("closed")
        return self._state

    def _enter(self, state: State) -> Permit:
        self._state: State = state
        self._window = SlidingWindow(3, self._monotonic)  # calls, failed, slow
        self._period += 1
        self._permit = Permit(self._period)
        return self._permit
