"""A buyer as the page's script makes one: sends until it is answered, then follows an order that is not decided yet.

Steps without I/O, as in `frontend/static/keeper.js` and `order.js`: what to send, and after each answer how long to
wait. Whatever drives them can do so in threads or in simulated time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

NOTHING: Final = 0  # the status of no answer at all
FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 20.0
FIRST_LOOK_S: Final = 1.0
LONGEST_LOOK_S: Final = 8.0
_REFUSALS: Final = (400, 403, 404, 409, 410, 413, 415, 422)

Saw = Literal["confirmed", "rejected", "cancelled", "accepted", "error"]


@dataclass(frozen=True)
class Answer:
    """What came back; `status` is NOTHING when the connection broke or nobody answered in time."""

    status: int = NOTHING
    body: Mapping[str, Any] = field(default_factory=dict)
    retry_after_s: float = 0.0


@dataclass(frozen=True)
class Request:
    """What to send next; `path` and headers are the shop's JSON interface."""

    method: Literal["GET", "POST"]
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None


class Buyer:
    """One purchase of one place; `saw` is what the last answer that told anything was, `error` before there was one."""

    def __init__(self, order_id: str, slug: str, random: Callable[[], float]) -> None:
        self.order_id = order_id
        self.saw: Saw = "error"
        self.accepted_first = False
        self.codes: frozenset[str] = frozenset()
        self.reason: str | None = None
        self.answers: list[int] = []
        self.contradictions: list[str] = []
        self._slug = slug
        self._random = random
        self._tries = 0
        self._look_s = 0.0
        self._key = ""

    def request(self) -> Request:
        """The order, as long as it is not answered; then the look at what became of it."""
        if self.saw == "accepted":
            return Request("GET", f"/api/orders/{self.order_id}?key={self._key}")
        order = {
            "show": self._slug,
            "lines": [{"ticket_type": "place", "quantity": 1}],
            "name": "Ann Buyer",
            "email": f"{self.order_id[:8]}@example.org",
            "expected_total": 1000,
        }
        return Request("POST", "/api/orders", {"Idempotency-Key": self.order_id}, order)

    def hear(self, answer: Answer) -> float | None:
        """Seconds until the next request; None once the order is decided or refused."""
        self.answers.append(answer.status)
        if self.saw == "accepted":
            return self._hear_of_order(answer)
        if answer.status in (200, 201, 202) and answer.body.get("order_id") == self.order_id:
            return self._hear_order(answer.body)
        if answer.status in _REFUSALS and answer.body.get("status") == answer.status:
            self._decide("rejected" if "reason" in answer.body else "error", answer.body)
            return None
        self._tries += 1
        longest_s = min(2.0 ** (self._tries - 1), LONGEST_PAUSE_S)
        return max(answer.retry_after_s, FIRST_PAUSE_S) + self._random() * longest_s

    def _hear_of_order(self, answer: Answer) -> float | None:
        if answer.status == 200:
            return self._hear_order(answer.body)
        if answer.status == 404:
            self.contradictions.append("an accepted order is not found")
        return self._look_again(answer.retry_after_s)

    def _hear_order(self, order: Mapping[str, Any]) -> float | None:
        self._key = order["key"]
        if order["status"] == "pending":
            self.accepted_first = True
            self.saw = "accepted"
            return self._look_again(0.0)
        self._decide(order["status"], order)
        return None

    def _look_again(self, asked_s: float) -> float:
        self._look_s = min(self._look_s * 1.5, LONGEST_LOOK_S) if self._look_s else FIRST_LOOK_S
        return max(asked_s, self._look_s) + self._random() * self._look_s

    def _decide(self, saw: Saw, body: Mapping[str, Any]) -> None:
        self.saw = saw
        self.codes = frozenset(ticket["code"] for ticket in body.get("tickets", ()))
        self.reason = body.get("reason")
