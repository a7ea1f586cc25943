"""What was sent for a buyer and what came back, as a line of the history."""

from dataclasses import dataclass

from scripts.proof.history import Attempt, Told
from scripts.proof.sale.buyer import Answer, Request
from scripts.proof.sale.crowd import Cohort
from scripts.proof.sale.person import Person
from scripts.proof.sale.told import codes, left, told


@dataclass(frozen=True, slots=True)
class Tried:
    """One request with its answer; times as in the history."""

    request: Request
    answer: Answer
    start: float
    end: float
    elapsed: float
    traceparent: str

    @property
    def is_telling(self) -> bool:
        """Whether it belongs into the history: a show's page with its form tells nothing yet."""
        return not self._asks_for_show or "form_order_id" not in self.answer.body

    @property
    def told(self) -> Told:
        """What it told the buyer; a show that is not there is an error to who wants to buy."""
        word = told(self.answer)
        return "error" if self._asks_for_show and word == "not_found" else word

    @property
    def _asks_for_show(self) -> bool:
        return self.request.method == "GET" and self.request.path.startswith("/shows/")


def line(person: Person, tried: Tried, cohort: Cohort | None, *, last: bool) -> Attempt:
    """The line of the history."""
    answer, plan = tried.answer, person.plan
    return Attempt(
        buyer=plan.number,
        order_id=person.order_id,
        action=tried.request.action,
        start=tried.start,
        end=tried.end,
        elapsed=tried.elapsed,
        status=answer.status,
        told=tried.told,
        quantity=plan.quantity,
        ticket_type=plan.ticket_type,
        reason=answer.body.get("reason"),
        tickets=codes(answer),
        available={kind: count for kind, count in left(answer).items() if kind == plan.ticket_type},
        total=answer.body.get("total"),
        cohort=cohort,
        traceparent=tried.traceparent,
        retry_after=answer.retry_after_s,
        last=last,
    )
