"""A buyer as a person: buys once by the page's script or its form, with the habits of the plan, and looks again later.

Steps without I/O: whoever drives a person does what `next` says, and tells it the answers and the time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from scripts.proof.sale.buyer import Answer, Buyer, Pauses, Request, Saw
from scripts.proof.sale.crowd import Plan
from scripts.proof.sale.form_buyer import FormBuyer
from scripts.proof.sale.known import Known
from scripts.proof.sale.told import told

_SAYS_NOTHING: Final = ("unconfirmed", "busy", "error", "nothing")

Errand = tuple[Literal["look", "cancel", "come_back"], float]
"""What to do once there is an outcome, and the seconds to wait before."""


@dataclass(frozen=True)
class Step:
    """After `pause_s` send all of `requests` at once; who leaves after `leaves_after_s` hears no later answer."""

    pause_s: float
    requests: tuple[Request, ...]
    leaves_after_s: float | None = None


class Person:
    """One buyer of `show`; `next` is None before `begin` and when it is over. `now` is of any one clock, in seconds."""

    __slots__ = (
        *("_buyer", "_cancels", "_errands", "_gives_up_at", "_has_pressed", "_is_away", "_pauses"),
        *("known", "next", "plan"),
    )

    def __init__(self, plan: Plan, show: str, random: Callable[[], float]) -> None:
        self.plan = plan
        self.known = Known()
        self.next: Step | None = None
        self._buyer = _buyer(plan, show, random)
        self._pauses = Pauses(random)
        self._has_pressed = False
        self._errands: list[Errand] | None = None  # None until there is an outcome
        self._is_away = False
        self._cancels = False
        self._gives_up_at = 0.0

    @property
    def order_id(self) -> str:
        return self._buyer.order_id

    @property
    def saw(self) -> Saw:
        """What the last answer that told anything was, `error` before there was one."""
        match self.known.told:
            case ("confirmed" | "rejected" | "cancelled") as decided:
                return decided
        return self._buyer.saw

    @property
    def codes(self) -> frozenset[str]:
        """The tickets that are the buyer's, as read last."""
        return frozenset() if self.saw == "cancelled" else self._buyer.codes

    @property
    def reason(self) -> str | None:
        return self._buyer.reason

    @property
    def accepted_first(self) -> bool:
        """Whether the order was accepted before it was decided."""
        return self._buyer.accepted_first

    @property
    def answers(self) -> Sequence[int]:
        """The statuses of the answers until there was an outcome."""
        return self._buyer.answers

    @property
    def contradictions(self) -> Sequence[str]:
        return self.known.contradictions

    def begin(self, now: float) -> None:
        """Arrive at the shop."""
        self._gives_up_at = now + self.plan.patience_s
        self.next = self._buying(0.0)

    def hear(self, answers: Sequence[Answer], now: float) -> None:
        """Take in what came of the step's requests, in their order; then `next` says how it goes on."""
        assert self.next is not None
        self.known.read(answers, asked_to_cancel=self._cancels)
        if self._errands is None:
            self.next = self._hear_buying(self.next, answers)
        else:
            self.next = self._hear_errand(self._errands, answers[0])
        if self.next is not None and now + self.next.pause_s > self._gives_up_at:
            self.next = None

    def _buying(self, pause_s: float) -> Step:
        request = self._buyer.request()
        if self._is_away:
            self._is_away = False
            return Step(pause_s, (replace(request, action="come_back"),))
        if request.action != "place" or self._has_pressed:
            return Step(pause_s, (request,))
        self._has_pressed = True
        clicks = (request, replace(request, action="double_click"))
        return Step(pause_s, clicks if self.plan.double_clicks else clicks[:1], self.plan.leaves_after_s)

    def _hear_buying(self, heard: Step, answers: Sequence[Answer]) -> Step | None:
        pause_s: float | None = None
        for answer in answers:
            pause_s = self._buyer.hear(answer)
            if pause_s is None:
                break
        self._is_away = heard.leaves_after_s is not None
        if pause_s is None:
            self._errands = self._after_outcome(answers)
            return self._next_errand(self._errands)
        if self._is_away:
            pause_s = self.plan.away_s
        elif self._buyer.saw == "accepted" and self._cancels_early():
            self._errands = [("cancel", self.plan.cancels_after_s or 0.0)]
            return self._next_errand(self._errands)
        return self._buying(pause_s)

    def _cancels_early(self) -> bool:
        """Half of those who cancel do so without waiting for a decision, if there is none yet."""
        return self.plan.cancels_after_s is not None and self.plan.number % 2 == 0

    def _after_outcome(self, answers: Sequence[Answer]) -> list[Errand]:
        """A second tab that had no answer goes to the order's page once the first tab has one."""
        plan, errands = self.plan, list[Errand]()
        if not self._buyer.key:
            return errands
        if self._is_away:
            errands.append(("come_back", plan.away_s))
        elif any(told(answer) in _SAYS_NOTHING for answer in answers):
            errands.append(("look", 0.0))
        errands += [("look", pause_s) for pause_s in plan.reloads]
        if plan.cancels_after_s is not None and self._buyer.saw == "confirmed":
            errands += [("cancel", plan.cancels_after_s), ("look", plan.cancels_after_s)]
        return errands

    def _next_errand(self, errands: Sequence[Errand], pause_s: float | None = None) -> Step | None:
        if not errands:
            return None
        action, planned_s = errands[0]
        return Step(planned_s if pause_s is None else pause_s, (self._errand(action),))

    def _errand(self, action: Literal["look", "cancel", "come_back"]) -> Request:
        order_id, key = self._buyer.order_id, self._buyer.key
        if action == "cancel":
            self._cancels = True
            if self.plan.without_script:
                return Request("POST", f"/orders/{order_id}/cancel", form={"key": key}, action="cancel")
            return Request("POST", f"/api/orders/{order_id}/cancel?key={key}", action="cancel")
        where = "/orders" if self.plan.sees_pages or self.plan.without_script else "/api/orders"
        return Request("GET", f"{where}/{order_id}?key={key}", action=action)

    def _hear_errand(self, errands: list[Errand], answer: Answer) -> Step | None:
        """What told nothing is done again, as by people who reload a page."""
        if told(answer) in _SAYS_NOTHING:
            return self._next_errand(errands, self._pauses.next(answer.retry_after_s))
        del errands[0]
        return self._next_errand(errands)


def _buyer(plan: Plan, show: str, random: Callable[[], float]) -> Buyer | FormBuyer:
    kind, quantity, price = plan.ticket_type, plan.quantity, plan.price
    if plan.without_script:
        return FormBuyer(plan.order_id, show, random, ticket_type=kind, quantity=quantity, price=price)
    return Buyer(plan.order_id, show, random, ticket_type=kind, quantity=quantity, price=price)
