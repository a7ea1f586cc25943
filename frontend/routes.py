"""The two ways to the order function, with what all threads together know of each."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from frontend.breaker import CircuitBreaker
from frontend.retry_budget import RetryBudget

RouteName = Literal["weighted", "stable"]


@dataclass(frozen=True)
class Route:
    """An address of the function."""

    name: RouteName
    url: str
    breaker: CircuitBreaker


@dataclass(frozen=True)
class Routes:
    """The weighted route, for first tries, and the stable tag, which all further tries go to, within `budget`."""

    weighted: Route
    stable: Route
    budget: RetryBudget
    monotonic: Callable[[], float]

    @classmethod
    def of(cls, orders_url: str, orders_stable_url: str, monotonic: Callable[[], float] = time.monotonic) -> "Routes":
        """Both routes, as they are before the first call; `monotonic` is the clock of all that is decided by time."""
        return cls(
            weighted=Route("weighted", orders_url, CircuitBreaker(monotonic)),
            stable=Route("stable", orders_stable_url, CircuitBreaker(monotonic)),
            budget=RetryBudget(monotonic),
            monotonic=monotonic,
        )
