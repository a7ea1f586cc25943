"""One purchase at a time: who sends the same one again while it is under way gets what comes of the first.

A double click would else be two calls, of which one may be confirmed and the other, by way of a route that just went
away, be accepted as pending: the buyer would read "confirmed", and "confirming" after it.
"""

import threading
from collections.abc import Callable, Hashable
from typing import Protocol, TypeVar, cast

T = TypeVar("T")


class Landed(Protocol):
    """Set once; whoever waits goes on then. A simulator has its own."""

    def set(self) -> None: ...

    def wait(self) -> object: ...


class Flights:
    """What is under way in this process, by key. Safe to use from many threads."""

    def __init__(self, new_landed: Callable[[], Landed] = threading.Event) -> None:
        self._new_landed = new_landed
        self._lock = threading.Lock()
        self._flights: dict[Hashable, _Flight] = {}

    def join(self, key: Hashable, act: Callable[[], T]) -> T:
        """What `act` returns, or what somebody else's returns who began before and is not done yet.

        Waits as long as that takes; when it fails, `act` is done after all.
        """
        with self._lock:
            mine = _Flight(self._new_landed())
            under_way = self._flights.setdefault(key, mine)
        if under_way is not mine:
            under_way.landed.wait()
            return act() if under_way.has_failed else cast(T, under_way.outcome)
        try:
            outcome = act()
            mine.outcome, mine.has_failed = outcome, False
            return outcome
        finally:
            with self._lock:
                del self._flights[key]
            mine.landed.set()


class _Flight:
    def __init__(self, landed: Landed) -> None:
        self.landed = landed
        self.has_failed = True
        self.outcome: object = None
