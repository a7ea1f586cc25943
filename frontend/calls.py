"""The steps of a call of the order function, without I/O: what to send, how long to wait, and when to stop.

Threads, asyncio and a simulator can drive the same steps: `send`, then `after` the reply, and `send` again after each
wait, until there is an answer. The first try goes to the weighted route, or to the stable tag while that route's
breaker is open; all further ones go to the stable tag, for the weighted route might choose the same revision again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from frontend.breaker import Permit, State
from frontend.orders_client import Unconfirmed
from frontend.replies import Data, NoReply, Reply, is_alarming, is_failure, read_reply, retry_after_s, revision_of
from frontend.routes import Route, RouteName, Routes
from functions.orders import contract

TRY_S: Final = 2.0
MIN_TRY_S: Final = 0.1  # with less time left no answer can be hoped for
FIRST_WAIT_S: Final = 0.01  # short, for the second try goes to another revision, and the budget bounds how many do
LONGEST_WAIT_S: Final = 1.0
BUSY: Final = Unconfirmed("busy")
STABLE_OPEN: Final = Unconfirmed("stable_open")

Kind = Literal["place", "replay", "lookup", "cancel", "catalogue"]


@dataclass(frozen=True)
class Plan:
    """What a kind of call may take: `within_s` seconds over all its tries, and so many tries."""

    kind: Kind
    within_s: float
    tries: int = 100  # in fact as many as the time and the budget allow
    route: RouteName = "weighted"


PLACE: Final = Plan("place", 6.0)
REPLAY: Final = Plan("replay", TRY_S, tries=1, route="stable")
LOOKUP: Final = Plan("lookup", 4.0)
CANCEL: Final = Plan("cancel", 4.0)
CATALOGUE: Final = Plan("catalogue", 2.5, tries=2)


@dataclass(frozen=True)
class Send:
    """The next step of a call: post `event` to `url`, and wait for `within_s` seconds at most."""

    url: str
    event: contract.Event
    within_s: float


@dataclass(frozen=True)
class Wait:
    """The next step of a call: wait for `for_s` seconds, then `send` again."""

    for_s: float


@dataclass(frozen=True)
class Tried:
    """How a try went, for logs and metrics; `breaker` is the state that it changed its route's breaker to."""

    route: RouteName
    revision: str
    attempt: int
    outcome: str
    took_s: float
    breaker: State | None


class Call:
    """One call, from its first step to its answer; its time runs from when it is made."""

    def __init__(
        self,
        plan: Plan,
        routes: Routes,
        random: Callable[[], float],
        event: contract.Event,
        order_id: str | None,
        fingerprint: str | None = None,
    ) -> None:
        self._plan = plan
        self._routes = routes
        self._random = random
        self._event = event
        self._order_id = order_id
        self._fingerprint = fingerprint
        self._ends_at = routes.monotonic() + plan.within_s
        self._attempt = 0
        self._last = Unconfirmed("timed_out")

    def send(self) -> Send | Unconfirmed:
        """The first step, and the one after a wait: the next try, if there is time for it and a breaker admits it."""
        left = self._time_left()
        if left < MIN_TRY_S:
            return self._last
        admitted = self._admitted()
        if admitted is None:
            return STABLE_OPEN
        self._route, self._permit = admitted
        if self._attempt == 0:
            self._routes.budget.deposit()
        self._attempt += 1
        self._sent_at = self._routes.monotonic()
        within_s = min(TRY_S, left)
        event = msgspec.structs.replace(self._event, attempt=self._attempt, time_left_ms=round(within_s * 1000))
        return Send(self._route.url, event, within_s)

    def after(self, reply: Reply | NoReply) -> tuple[Tried, Wait | Data | Unconfirmed]:
        """How the try went, and the next step."""
        took_s = self._routes.monotonic() - self._sent_at
        read = read_reply(self._event.type, self._order_id, reply, self._fingerprint)
        changed = self._route.breaker.record(self._permit, failed=is_failure(reply, read), took_s=took_s)
        outcome = read.why if isinstance(read, Unconfirmed) else "decided"
        tried = Tried(self._route.name, revision_of(reply), self._attempt, outcome, took_s, changed)
        if not isinstance(read, Unconfirmed) or is_alarming(reply) or self._attempt >= self._plan.tries:
            return tried, read
        self._last = read
        return tried, self._again(retry_after_s(reply))

    def _again(self, asked_s: float) -> Wait | Unconfirmed:
        """The wait before the next try; none if it can't be made anyway, so that the buyer doesn't wait in vain."""
        stable = self._routes.stable.breaker
        longest_s = min(FIRST_WAIT_S * 2 ** (self._attempt - 1), LONGEST_WAIT_S)
        wait_s = asked_s + self._random() * longest_s
        if wait_s + MIN_TRY_S > self._time_left():
            return self._last
        if stable.admits_in() > wait_s:
            return STABLE_OPEN
        return Wait(wait_s) if self._routes.budget.withdraw(healthy=stable.is_healthy()) else self._last

    def _admitted(self) -> tuple[Route, Permit] | None:
        weighted_first = self._attempt == 0 and self._plan.route == "weighted"
        for route in (self._routes.weighted, self._routes.stable) if weighted_first else (self._routes.stable,):
            if (permit := route.breaker.admit()) is not None:
                return route, permit
        return None

    def _time_left(self) -> float:
        return self._ends_at - self._routes.monotonic()
