"""Simulated time: what happens next, in an order that depends on nothing but what was asked for."""

import heapq
from collections import deque
from collections.abc import Callable
from typing import Any

Act = Callable[..., object]


class Timer:
    """Something that will happen, unless it is cancelled."""

    __slots__ = ("act", "args", "is_cancelled")

    def __init__(self, act: Act, args: tuple[Any, ...]) -> None:
        self.act = act
        self.args = args
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class Timeline:
    """The only clock of a simulated world, in seconds; it moves when nothing is left to do at a moment.

    What is due at the same moment happens in the order in which it was asked for.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._soon: deque[tuple[Act, tuple[Any, ...]]] = deque()
        self._later: list[tuple[float, int, Timer]] = []
        self._asked = 0
        self._is_over = False

    def soon(self, act: Act, *args: Any) -> None:
        """Do it at this moment, after what is to be done before."""
        self._soon.append((act, args))

    def after(self, seconds: float, act: Act, *args: Any) -> Timer:
        """Do it once so many seconds have passed."""
        timer = Timer(act, args)
        self._asked += 1
        heapq.heappush(self._later, (self.now + seconds, self._asked, timer))
        return timer

    def at(self, moment: float, act: Act, *args: Any) -> Timer:
        """Do it at a moment."""
        timer = Timer(act, args)
        self._asked += 1
        heapq.heappush(self._later, (moment, self._asked, timer))
        return timer

    def stop(self) -> None:
        """Let `run` return after what is being done."""
        self._is_over = True

    def run(self) -> None:
        """Live until somebody says stop, or nothing will ever happen again."""
        soon, later = self._soon, self._later
        self._is_over = False
        while not self._is_over:
            if soon:
                act, args = soon.popleft()
                act(*args)
            elif later:
                moment, _, timer = heapq.heappop(later)
                if not timer.is_cancelled:
                    if moment > self.now:  # noqa: PLR1730  # max() takes four times as long
                        self.now = moment
                    timer.act(*timer.args)
            else:
                return
