"""What a page of the shop tells, in the words of the JSON interface: read from what its own script reads, if it can.

The reason of a rejection stands on a page in words alone: pages are asked for in English.
"""

import html
import re
from collections.abc import Mapping
from typing import Any, Final

NOT_OFFERED: Final = "not_offered"
"""The reason in a show's page that is sold out and has no form: nothing was ordered."""

_ORDER: Final = re.compile(r"<div[^>]*\sdata-keep\s[^>]*>")
_ATTRIBUTE: Final = re.compile(r'data-([a-z-]+)="([^"]*)"')
_CODE: Final = re.compile(r'<p class="code">([0-9A-Z-]+)</p>')
_FORM: Final = re.compile(r'<form class="purchase".*?<input type="hidden" name="order_id" value="([^"]+)">', re.S)
_MAIN: Final = re.compile(r"<main .*</main>", re.S)
_LEFT: Final = re.compile(r'<a href="#quantity-([^"]+)">[^<]*</a>:\s*<span class="left([^"]*)">([^<]*)</span>')
_BUSY: Final = "<h1>We're very busy right now</h1>"
_SOLD_OUT: Final = "<p><strong>Sold out</strong></p>"
_OURS: Final = "· FlameTickets</title>"

# The states of an order's page that are statuses of an order in JSON, or of an answer that tells nothing of it.
_STATUS: Final[Mapping[str, str | int]] = {
    "confirming": "pending",
    "delayed": "pending",
    "confirmed": "confirmed",
    "rejected": "rejected",
    "cancelled": "cancelled",
    "refused": "cancelled",  # an operator ended it, by a cancel
    "checking": 503,
    "unconfirmed": 503,
    "unavailable": 503,
    "never_arrived": 404,
}
# As it is said of an order that was just sent, and of one that is looked at later.
_REASONS: Final[Mapping[str, str]] = {
    "There aren't that many tickets left": "sold_out",
    "There weren't that many tickets left": "sold_out",
    "The price has changed": "price_changed",
    "The price had changed": "price_changed",
    "This show can't be bought right now": "sales_closed",
    "Sales of this show": "sales_closed",
    "That is more than one order may have": "limit_exceeded",
    "It was more than one order may have": "limit_exceeded",
    "One of these tickets isn't sold any more": "unknown_ticket_type",
    "What it asked for isn't sold any more": "unknown_ticket_type",
    "form has become too old": "expired",
    "form had become too old": "expired",
    "This form was used before": "id_reused",
}


def read(status: int, page: str) -> dict[str, Any]:
    """The page's content as JSON has it; of a show's page `form_order_id`, or a rejection if it is sold out."""
    page = page.replace("\u2019", "'")  # the apostrophe of good print
    if order := _ORDER.search(page):
        return _of_order(dict(_ATTRIBUTE.findall(order[0])), page)
    if status == 200:
        if form := _FORM.search(page):
            return {"form_order_id": form[1]}
        return {"status": "rejected", "reason": NOT_OFFERED} if _SOLD_OUT in page else {}
    if status in (429, 503):
        return {"status": status, "busy": _BUSY in page}
    return _of_refusal(status, page) if _OURS in page else {}


def _of_order(told: Mapping[str, str], page: str) -> dict[str, Any]:
    state = told["status"]
    order: dict[str, Any] = {
        "order_id": told["order-id"],
        "status": _STATUS.get(state, "unknown"),
        "key": html.unescape(told["key"]),
        "tickets": [{"code": code} for code in _CODE.findall(page)] if state == "confirmed" else [],
    }
    if state == "rejected":
        order["reason"] = _reason(page) or "unknown"
    return order


def _of_refusal(status: int, page: str) -> dict[str, Any]:
    """A problem; what is wrong with a form's fields has no reason, for the form was not sent on."""
    problem: dict[str, Any] = {"status": status}
    if reason := _reason(page):
        left = [(kind, _number(classes, said)) for kind, classes, said in _LEFT.findall(page)]
        problem["reason"] = reason
        problem["available"] = [{"ticket_type": kind, "available": count} for kind, count in left if count is not None]
    return problem


def _reason(page: str) -> str | None:
    main = _MAIN.search(page)
    words = html.unescape(main[0]) if main else ""
    return next((reason for said, reason in _REASONS.items() if said in words), None)


def _number(classes: str, said: str) -> int | None:
    """How many "Only 3 left" and "Sold out" are."""
    if "left-none" in classes:
        return 0
    return int(digits) if (digits := "".join(re.findall(r"\d", said))) else None
