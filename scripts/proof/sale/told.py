"""What an answer of the shop tells a buyer of the order, in the words of the history."""

from collections.abc import Mapping
from typing import Final

from scripts.proof.history import Told
from scripts.proof.sale.buyer import NOTHING, Answer

_OF_ORDER: Final[Mapping[object, Told]] = {
    "pending": "accepted",
    "confirmed": "confirmed",
    "rejected": "rejected",
    "cancelled": "cancelled",
    404: "not_found",
    503: "unconfirmed",
}
_TOO_MANY: Final = "Too many requests"


def told(answer: Answer) -> Told:
    """The word for `answer`; what is not the shop's own, as a gateway's page or a broken body, is an error."""
    status, body = answer.status, answer.body
    if status == NOTHING:
        return "nothing"
    if status < 300:
        return _OF_ORDER.get(body.get("status"), "error")
    if body.get("status") not in (status, *_OF_ORDER):
        return "error"
    if status in (429, 503):
        return _of_overload(answer)
    if reason := body.get("reason"):
        return "cancelled" if reason == "cancelled" else "rejected"
    return "not_found" if status == 404 else "error"


def left(answer: Answer) -> dict[str, int]:
    """What a rejection says is left, by ticket type."""
    return {entry["ticket_type"]: entry["available"] for entry in answer.body.get("available", ())}


def codes(answer: Answer) -> tuple[str, ...]:
    """The codes of the tickets in an answer."""
    return tuple(ticket["code"] for ticket in answer.body.get("tickets", ()))


def _of_overload(answer: Answer) -> Told:
    """Turned away unread, or looked at without an outcome; without a word on when to come again it is an error."""
    body = answer.body
    if answer.status == 429 or body.get("busy") or str(body.get("detail", "")).startswith(_TOO_MANY):
        return "busy"
    return "unconfirmed" if answer.retry_after_s > 0 or "key" in body else "error"
