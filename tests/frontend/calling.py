"""A shop that makes calls of the function without network and without waiting."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from frontend import calls
from frontend.breaker import CircuitBreaker
from frontend.calls import Call, Plan, Send, Tried, Wait
from frontend.orders_client import Unconfirmed
from frontend.replies import Data, NoReply, Reply
from frontend.routes import Routes
from functions.orders import contract
from tests.frontend.clocks import Clock
from tests.frontend.function_server import reply_event

ORDER_ID = "6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a11"
EVENT = contract.Event(ORDER_ID, contract.PLACE, "/x", datetime.now(UTC), b"{}", subject=ORDER_ID)
REJECTED = contract.Rejection(ORDER_ID, "sold_out")
DECIDED = Reply(200, *contract.encode_event(reply_event(contract.REJECTED, REJECTED, ORDER_ID)))
TIMED_OUT = NoReply("timed_out")
WEIGHTED, STABLE = "http://weighted/", "http://stable/"

Answer = Reply | NoReply


def error(status: int, **headers: str) -> Reply:
    return Reply(status, {name.replace("_", "-"): text for name, text in headers.items()}, b"")


@dataclass
class Shop:
    """Makes calls one after the other, of which `clock` tells the time; keeps what was sent and how it went."""

    clock: Clock = field(default_factory=Clock)
    draw: Callable[[], float] = lambda: 0.5
    sent: list[Send] = field(default_factory=list)
    tried: list[Tried] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.routes = Routes.of(WEIGHTED, STABLE, self.clock)

    def call(
        self, answers: Iterable[Answer] | Callable[[Send], Answer], plan: Plan = calls.PLACE, took_s: float = 0.01
    ) -> Data | Unconfirmed:
        """What comes of a call; each answer takes `took_s`, a time-out all the time that there is."""
        answer = answers if callable(answers) else iter(answers).__next__
        steps = Call(plan, self.routes, self.draw, EVENT, ORDER_ID)
        step: Send | Wait | Data | Unconfirmed = steps.send()
        while isinstance(step, Send | Wait):
            if isinstance(step, Wait):
                self.waits.append(step.for_s)
                self.clock.sleep(step.for_s)
                step = steps.send()
                continue
            self.sent.append(step)
            reply = answer(step) if callable(answers) else answer()  # type: ignore[call-arg]
            self.clock.seconds += step.within_s if reply == TIMED_OUT else min(took_s, step.within_s)
            tried, step = steps.after(reply)
            self.tried.append(tried)
        return step

    def routes_tried(self) -> list[str]:
        return [tried.route for tried in self.tried]


def open_up(breaker: CircuitBreaker) -> None:
    while (permit := breaker.admit()) is not None:
        breaker.record(permit, failed=True, took_s=0.01)
