"""The buyers of the fault tests do what the page's script does, no more: else their patience would prove nothing."""

import re
from pathlib import Path
from typing import Any

import pytest

from scripts.proof.sale import buyer as script
from scripts.proof.sale.buyer import Answer, Buyer

ORDER_ID = "11111111-1111-4111-8111-111111111111"
STATIC = Path(__file__).parents[2] / "frontend" / "static"


def order(status: object, **more: Any) -> dict[str, Any]:
    return {"order_id": ORDER_ID, "status": status, "key": "k" * 43, "tickets": [], **more}


def buyer() -> Buyer:
    return Buyer(ORDER_ID, "show", random=lambda: 0.5)


def test_the_numbers_are_the_scripts() -> None:
    keeper, page = (STATIC / "keeper.js").read_text(), (STATIC / "order.js").read_text()

    def number(name: str) -> float:
        found = re.search(rf"const {name} = ([0-9_]+);", keeper)
        assert found, name
        return int(found[1].replace("_", "")) / 1000

    assert number("LONGEST_PAUSE_MS") == script.LONGEST_PAUSE_S
    assert number("ANSWER_MS") == script.ANSWER_WITHIN_S
    assert f"const REFUSALS = {list(script._REFUSALS)};" in keeper
    looks = (script.FIRST_LOOK_S, script.LONGEST_LOOK_S)
    assert "confirming: [{:.0f}_000, {:.0f}_000]".format(*looks) in page


@pytest.mark.parametrize("status", [0, 429, 500, 502, 503, 504])
def test_what_is_no_answer_is_sent_again_with_the_same_order_id(status: int) -> None:
    one = buyer()
    first = one.request()
    assert one.hear(Answer(status, {"status": status}, retry_after_s=2.0)) == 2.5
    assert one.request() == first
    assert one.request().headers == {"Idempotency-Key": ORDER_ID}
    assert one.hear(Answer(status)) == 0.5 + 0.5 * 2
    assert one.saw == "error"


def test_a_sale_is_the_end() -> None:
    one = buyer()
    assert one.hear(Answer(201, order("confirmed", tickets=[{"code": "A", "ticket_type": "place"}]))) is None
    assert (one.saw, one.codes, one.accepted_first) == ("confirmed", frozenset({"A"}), False)


def test_an_honest_rejection_is_the_end_and_a_refusal_without_a_reason_is_an_error() -> None:
    one, other = buyer(), buyer()
    assert one.hear(Answer(409, {"status": 409, "reason": "sold_out"})) is None
    assert (one.saw, one.reason) == ("rejected", "sold_out")
    assert other.hear(Answer(400, {"status": 400})) is None
    assert other.saw == "error"


def test_an_accepted_order_is_looked_at_until_it_is_decided() -> None:
    one = buyer()
    assert one.hear(Answer(202, order("pending"))) == 1.5
    assert one.saw == "accepted"
    assert one.request().path == f"/api/orders/{ORDER_ID}?key={'k' * 43}"
    assert one.hear(Answer(200, order("pending"))) == 2.25
    assert one.hear(Answer(503, {"status": 503}, retry_after_s=4.0)) == 4.0 + 0.5 * 2.25
    assert one.hear(Answer(200, order("rejected", reason="sold_out"))) is None
    assert (one.saw, one.accepted_first) == ("rejected", True)


def test_an_accepted_order_that_is_not_found_contradicts_an_earlier_page() -> None:
    one = buyer()
    one.hear(Answer(202, order("pending")))
    assert one.hear(Answer(404, {"status": 404})) is not None
    assert one.contradictions == ["an accepted order is not found"]


@pytest.mark.parametrize(
    ("other_half", "saw"),
    [
        (Answer(201, order("confirmed", tickets=[{"code": "A", "ticket_type": "place"}])), "confirmed"),
        (Answer(409, {"status": 409, "reason": "sold_out", "key": "t" * 43}), "rejected"),
    ],
)
def test_of_a_double_click_the_half_that_decides_is_the_end(other_half: Answer, saw: str) -> None:
    one = buyer()
    one.hear(Answer(202, order("pending")))
    assert one.hear(other_half) is None
    assert one.saw == saw
