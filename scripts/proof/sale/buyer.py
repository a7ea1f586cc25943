"""A buyer as the page's script makes one: sends until it is answered, then follows an order that is not decided yet.

Steps without I/O, as in `frontend/static/keeper.js` and `order.js`: what to send, and after each answer how long to
wait. Whatever drives them can do so in threads or in simulated time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from scripts.proof.history import Action

NOTHING: Final = 0  # the status of no answer at all
ANSWER_WITHIN_S: Final = 20.0  # the script's own patience with one request
FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 20.0
FIRST_LOOK_S: Final = 1.0
LONGEST_LOOK_S: Final = 8.0
_REFUSALS: Final = (400, 403, 404, 409, 410, 413, 415, 422)

Saw = Literal["confirmed", "rejected", "cancelled", "accepted", "error"]


@dataclass(frozen=True)
class Answer:
    """What came back; `status` is NOTHING when the connection broke or nobody answered in time.

    `body` is a JSON object, or what a page says in the words of one; `location` is where a form led to.
    """

    status: int = NOTHING
    body: Mapping[str, Any] = field(default_factory=dict)
    retry_after_s: float = 0.0
    location: str = ""


@dataclass(frozen=True)
class Request:
    """What to send next: JSON (`body`) to the shop's interface for programs, or a form's fields (`form`) to a page."""

    method: Literal["GET", "POST"]
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None
    action: Action = "place"

    @property
    def is_for_page(self) -> bool:
        """Whether a browser shows the answer as it is."""
        return not self.path.startswith("/api/")


class Buyer:
    """One purchase of one ticket type; `saw` is what the last answer that told anything was, `error` before one did."""

    __slots__ = (
        *("accepted_first", "answers", "codes", "contradictions", "key", "order_id", "reason", "saw"),
        *("_look_s", "_pauses", "_random", "_slug", "_wanted"),
    )

    def __init__(
        self,
        order_id: str,
        slug: str,
        random: Callable[[], float],
        *,
        ticket_type: str = "place",
        quantity: int = 1,
        price: int = 1000,
    ) -> None:
        self.order_id = order_id
        self.saw: Saw = "error"
        self.accepted_first = False
        self.codes: frozenset[str] = frozenset()
        self.reason: str | None = None
        self.answers: list[int] = []
        self.contradictions: list[str] = []
        self.key = ""
        self._random = random
        self._pauses = Pauses(random)
        self._look_s = 0.0
        self._slug = slug
        self._wanted = (ticket_type, quantity, price)

    def request(self) -> Request:
        """The order, as long as it is not answered; then the look at what became of it."""
        if self.saw == "accepted":
            return Request("GET", f"/api/orders/{self.order_id}?key={self.key}", action="look")
        ticket_type, quantity, price = self._wanted
        order = {
            "show": self._slug,
            "lines": [{"ticket_type": ticket_type, "quantity": quantity}],
            "name": "Ann Buyer",
            "email": f"{self.order_id[:8]}@example.org",
            "expected_total": price * quantity,
        }
        return Request("POST", "/api/orders", {"Idempotency-Key": self.order_id}, order)

    def hear(self, answer: Answer) -> float | None:
        """Seconds until the next request; None once the order is decided or refused."""
        self.answers.append(answer.status)
        if self.saw == "accepted":
            return self._hear_of_order(answer)
        if answer.status in (200, 201, 202) and answer.body.get("order_id") == self.order_id and "key" in answer.body:
            return self._hear_order(answer.body)
        if answer.status in _REFUSALS and answer.body.get("status") == answer.status:
            self._refuse(answer.body)
            return None
        self.key = answer.body.get("key", self.key)
        return self._pauses.next(answer.retry_after_s)

    def _hear_of_order(self, answer: Answer) -> float | None:
        """The answer to a look; or, of a double click, to its other half."""
        if answer.status in (200, 201, 202) and "key" in answer.body:
            return self._hear_order(answer.body)
        if "reason" in answer.body:
            self._refuse(answer.body)
            return None
        if answer.status == 404:
            self.contradictions.append("an accepted order is not found")
        return self._look_again(answer.retry_after_s)

    def _hear_order(self, order: Mapping[str, Any]) -> float | None:
        self.key = order["key"]
        if order["status"] == "pending":
            self.accepted_first = True
            self.saw = "accepted"
            return self._look_again(0.0)
        self._decide(order["status"], order)
        return None

    def _look_again(self, asked_s: float) -> float:
        self._look_s = min(self._look_s * 1.5, LONGEST_LOOK_S) if self._look_s else FIRST_LOOK_S
        return max(asked_s, self._look_s) + self._random() * self._look_s

    def _refuse(self, problem: Mapping[str, Any]) -> None:
        """An order that was cancelled meanwhile is refused with that reason."""
        self.key = problem.get("key", self.key)
        reason = problem.get("reason")
        self._decide("error" if reason is None else "cancelled" if reason == "cancelled" else "rejected", problem)

    def _decide(self, saw: Saw, body: Mapping[str, Any]) -> None:
        self.saw = saw
        self.codes = frozenset(ticket["code"] for ticket in body.get("tickets", ()))
        self.reason = body.get("reason")


class Pauses:
    """How long the script waits before it sends a purchase again: what the server asks for, and longer by chance."""

    __slots__ = ("_random", "_tries")

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._tries = 0

    def next(self, asked_s: float) -> float:
        """Seconds until the next try, after an answer that asked for `asked_s`."""
        longest_s = min(2.0**self._tries, LONGEST_PAUSE_S)
        self._tries += 1
        return max(asked_s, FIRST_PAUSE_S) + self._random() * longest_s
