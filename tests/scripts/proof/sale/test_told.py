"""Each answer that the shop's interface is described with has its word in the history."""

from typing import Any

import pytest

from frontend.openapi import describe
from scripts.proof.history import Told
from scripts.proof.sale.buyer import Answer
from scripts.proof.sale.told import codes, left, told

KEY = {"order_id": "6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a11", "key": "k" * 43}
ORDER = {**KEY, "tickets": [{"code": "A", "ticket_type": "t"}, {"code": "B", "ticket_type": "t"}], "total": 1}
TOO_MANY = {"detail": "Too many requests at the moment. Repeat this one, as it is.", "retryable": True}
UNKNOWN = {"detail": "It is not known yet whether the order is sold.", "retryable": True, **KEY}
AWAY = {"detail": "The order can't be looked up right now.", "retryable": True}

CASES: list[tuple[str, int, dict[str, Any], Told]] = [
    ("placeOrder", 201, {**ORDER, "status": "confirmed"}, "confirmed"),
    ("placeOrder", 202, {**KEY, "status": "pending", "tickets": []}, "accepted"),
    ("placeOrder", 400, {"detail": "Some fields can't be accepted."}, "error"),
    ("placeOrder", 403, {"detail": "The request came from another site."}, "error"),
    ("placeOrder", 404, {"reason": "unknown_show", **KEY}, "rejected"),
    ("placeOrder", 409, {"reason": "sold_out", "available": [{"ticket_type": "t", "available": 1}]}, "rejected"),
    ("placeOrder", 409, {"reason": "cancelled", **KEY}, "cancelled"),
    ("placeOrder", 410, {"reason": "expired", **KEY}, "rejected"),
    ("placeOrder", 413, {"detail": "The request is too long."}, "error"),
    ("placeOrder", 415, {"detail": "The body must be application/json."}, "error"),
    ("placeOrder", 422, {"reason": "id_reused"}, "rejected"),
    ("placeOrder", 429, TOO_MANY, "busy"),
    ("placeOrder", 503, UNKNOWN, "unconfirmed"),
    ("placeOrder", 503, TOO_MANY, "busy"),
    ("showOrder", 200, {**ORDER, "status": "confirmed"}, "confirmed"),
    ("showOrder", 200, {**KEY, "status": "pending", "delayed": True}, "accepted"),
    ("showOrder", 200, {**KEY, "status": "rejected", "reason": "sold_out"}, "rejected"),
    ("showOrder", 200, {**KEY, "status": "cancelled"}, "cancelled"),
    ("showOrder", 404, {"detail": "There is nothing at this address."}, "not_found"),
    ("showOrder", 429, TOO_MANY, "busy"),
    ("showOrder", 503, AWAY, "unconfirmed"),
    ("showOrder", 503, TOO_MANY, "busy"),
    ("cancelOrder", 200, {**KEY, "status": "cancelled"}, "cancelled"),
    ("cancelOrder", 403, {"detail": "The request came from another site."}, "error"),
    ("cancelOrder", 404, {"detail": "There is nothing at this address."}, "not_found"),
    ("cancelOrder", 409, {"reason": "sold_out", **KEY}, "rejected"),
    ("cancelOrder", 413, {"detail": "The request is too long."}, "error"),
    ("cancelOrder", 429, TOO_MANY, "busy"),
    ("cancelOrder", 503, {"detail": "It is not known whether the order is cancelled."}, "unconfirmed"),
]


@pytest.mark.parametrize(("operation", "status", "body", "word"), CASES)
def test_an_answer_has_its_word(operation: str, status: int, body: dict[str, Any], word: Told) -> None:
    whole = body if status < 300 else {"status": status, "title": "-", **body}
    assert told(Answer(status, whole, retry_after_s=2.0 if status in (429, 503) else 0.0)) == word


def test_no_described_answer_is_forgotten() -> None:
    operations = [verb for path in describe()["paths"].values() for verb in path.values()]
    ours = {"placeOrder", "showOrder", "cancelOrder"}
    described = {
        (v["operationId"], int(code)) for v in operations if v["operationId"] in ours for code in v["responses"]
    }
    assert {(operation, status) for operation, status, _, _ in CASES} == described


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (Answer(), "nothing"),
        (Answer(500, {"status": 500, "detail": "Something went wrong on our side."}), "error"),
        (Answer(502), "error"),
        (Answer(503), "error"),  # a gateway's, which says nothing of when to come again
        (Answer(503, {"status": 503, "detail": "busy"}), "error"),
        (Answer(504), "error"),
        (Answer(404), "error"),  # nor does a gateway know what there is
        (Answer(200), "error"),
        (Answer(200, {"status": "unheard of"}), "error"),
        (Answer(201, {"form_order_id": "a"}), "error"),
    ],
)
def test_what_is_not_the_shops_own_is_an_error(answer: Answer, word: Told) -> None:
    assert told(answer) == word


def test_what_stands_in_an_answer_is_read() -> None:
    assert codes(Answer(201, ORDER)) == ("A", "B")
    assert codes(Answer(503, UNKNOWN)) == ()
    assert left(Answer(409, {"available": [{"ticket_type": "t", "available": 1}]})) == {"t": 1}
    assert left(Answer(201, ORDER)) == {}
