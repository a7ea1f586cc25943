"""A buyer without the page's script: the browser sends the plain form, and the person presses again and reloads.

Steps without I/O, as of `buyer.Buyer`; the answers are pages, read by `pages`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from scripts.proof.sale.buyer import Answer, Pauses, Request, Saw
from scripts.proof.sale.pages import NOT_OFFERED

LOOK_S: Final = 10.0  # the page of an order that is not decided yet reloads itself so often
_SAW: Final[Mapping[str, Saw]] = {"confirmed": "confirmed", "rejected": "rejected", "cancelled": "cancelled"}


class FormBuyer:
    """One purchase by the form of a show's page; the order id is the form's own once that was read."""

    __slots__ = (
        *("accepted_first", "answers", "codes", "key", "order_id", "reason", "saw"),
        *("_has_form", "_page", "_pauses", "_show", "_wanted"),
    )

    def __init__(
        self, order_id: str, slug: str, random: Callable[[], float], *, ticket_type: str, quantity: int, price: int
    ) -> None:
        self.order_id = order_id
        self.saw: Saw = "error"
        self.accepted_first = False
        self.codes: frozenset[str] = frozenset()
        self.reason: str | None = None
        self.answers: list[int] = []
        self.key = ""
        self._show = f"/shows/{slug}"
        self._has_form = False
        self._page = ""
        self._pauses = Pauses(random)
        self._wanted = (ticket_type, quantity, price)

    def request(self) -> Request:
        """The show's page, then its form, then the order's page."""
        if self._page:
            return Request("GET", self._page, action="look")
        if self._has_form:
            return Request("POST", f"{self._show}/orders", form=self._form())
        return Request("GET", self._show, action="look")

    def hear(self, answer: Answer) -> float | None:
        """Seconds until the next request; None once the order is decided or refused."""
        self.answers.append(answer.status)
        if not self._has_form:
            return self._hear_of_show(answer)
        if answer.location:
            self._page = answer.location
        self.key = answer.body.get("key", self.key)
        return self._hear_of_order(answer)

    def _hear_of_show(self, answer: Answer) -> float | None:
        """One that is sold out by then offers no form: that buyer leaves, and never had an order."""
        order_id = answer.body.get("form_order_id")
        if answer.body.get("reason") == NOT_OFFERED:
            self._decide("rejected", answer.body)
            return None
        if answer.status != 200 or not order_id:
            return self._pauses.next(answer.retry_after_s)
        self.order_id, self._has_form = order_id, True
        return 0.0

    def _form(self) -> dict[str, str]:
        ticket_type, quantity, price = self._wanted
        return {
            "order_id": self.order_id,
            f"quantity-{ticket_type}": str(quantity),
            f"price-{ticket_type}": str(price),
            "name": "Ann Buyer",
            "email": f"{self.order_id[-8:]}@example.org",
        }

    def _hear_of_order(self, answer: Answer) -> float | None:
        said = answer.body.get("status")
        if said == "pending":
            self.saw, self.accepted_first = "accepted", True
            return LOOK_S
        if saw := _SAW.get(str(said)):
            self._decide(saw, answer.body)
            return None
        if not self._page and said == answer.status and answer.status < 500 and answer.status != 429:
            reason = answer.body.get("reason")
            self._decide("rejected" if reason else "error", answer.body)
            return None
        return self._pauses.next(answer.retry_after_s)

    def _decide(self, saw: Saw, body: Mapping[str, Any]) -> None:
        self.saw = saw
        self.codes = frozenset(ticket["code"] for ticket in body.get("tickets", ()))
        self.reason = body.get("reason")
