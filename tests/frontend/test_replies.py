"""Only a well-formed CloudEvent for this very order decides."""

from datetime import UTC, datetime

import msgspec
import pytest
from msgspec.structs import replace

from frontend.orders_client import Unconfirmed
from frontend.replies import NoReply, Reply, is_alarming, is_failure, read_reply, retry_after_s, revision_of
from functions.orders import contract
from tests.frontend.function_server import reply_event

ORDER_ID = "6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a11"
FINGERPRINT = "f" * 64
OTHER_ID = "00000000-0000-4000-8000-000000000000"


def order(order_id: str = ORDER_ID) -> contract.Order:
    return contract.Order(
        order_id, "confirmed", FINGERPRINT, "spring-gala", datetime.now(UTC), total=100, currency="EUR"
    )


def reply(event: contract.Event, *, status: int = 200, structured: bool = False) -> Reply:
    headers, body = contract.encode_event(event, structured=structured)
    return Reply(status, headers, body)


CONFIRMED = reply_event(contract.CONFIRMED, order(), ORDER_ID)


@pytest.mark.parametrize("structured", [False, True])
def test_a_confirmed_of_this_order_decides(structured: bool) -> None:
    answer = read_reply(contract.PLACE, ORDER_ID, reply(CONFIRMED, structured=structured), FINGERPRINT)
    assert isinstance(answer, contract.Order)
    assert answer.order_id == ORDER_ID


@pytest.mark.parametrize(
    ("command", "kind", "data"),
    [
        (contract.PLACE, contract.REJECTED, contract.Rejection(ORDER_ID, "sold_out")),
        (contract.LOOKUP, contract.FOUND, order()),
        (contract.LOOKUP, contract.UNKNOWN, contract.Unknown(ORDER_ID)),
        (contract.CANCEL, contract.CANCELLED, contract.Cancelled(ORDER_ID)),
        (contract.CANCEL, contract.REJECTED, contract.Rejection(ORDER_ID, "sold_out")),
        (contract.LIST, contract.CATALOGUE, contract.Catalogue(datetime.now(UTC), ())),
    ],
)
def test_each_command_has_its_replies(command: str, kind: str, data: msgspec.Struct) -> None:
    order_id = getattr(data, "order_id", None)
    answer = read_reply(command, order_id, reply(reply_event(kind, data, order_id)))
    assert type(answer) is type(data)


@pytest.mark.parametrize("status", [201, 204, 301, 400, 401, 404, 429, 500, 502, 503, 504])
def test_no_other_status_decides_even_with_an_event(status: int) -> None:
    assert read_reply(contract.PLACE, ORDER_ID, reply(CONFIRMED, status=status), FINGERPRINT) == Unconfirmed(
        f"status_{status}"
    )


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (replace(CONFIRMED, subject=OTHER_ID), "other_order"),
        (replace(CONFIRMED, subject=None), "other_order"),
        (replace(CONFIRMED, data=msgspec.json.encode(order(OTHER_ID))), "other_order"),
        (reply_event(contract.CONFIRMED, order(OTHER_ID), OTHER_ID), "other_order"),
        (replace(CONFIRMED, type=contract.FOUND), "unexpected_type"),
        (replace(CONFIRMED, type=contract.CANCELLED), "unexpected_type"),
        (replace(CONFIRMED, type="org.flametickets.order.perhaps"), "unexpected_type"),
        (replace(CONFIRMED, data=msgspec.json.encode(replace(order(), fingerprint="0" * 64))), "inconsistent"),
        (replace(CONFIRMED, data=msgspec.json.encode(replace(order(), status="cancelled"))), "inconsistent"),
        (replace(CONFIRMED, data=msgspec.json.encode(replace(order(), status="rejected"))), "inconsistent"),
        (replace(CONFIRMED, data=b"{}"), "not_an_event"),
        (replace(CONFIRMED, data=b"not json"), "not_an_event"),
        (replace(CONFIRMED, data=msgspec.json.encode(order()).replace(b'"confirmed"', b'"maybe"')), "not_an_event"),
        (replace(CONFIRMED, type=contract.REJECTED, data=b'{"order_id": "x", "reason": "?"}'), "not_an_event"),
    ],
)
def test_an_event_that_is_not_the_reply_asked_for_decides_nothing(event: contract.Event, why: str) -> None:
    assert read_reply(contract.PLACE, ORDER_ID, reply(event), FINGERPRINT) == Unconfirmed(why)


@pytest.mark.parametrize("body", [b"", b"OK", b"<html>", b'{"order_id": "x"}', b"\xff\xfe", b"[" * 10_000])
@pytest.mark.parametrize("media_type", ["text/html", "application/json", "application/cloudevents+json"])
def test_what_is_no_event_decides_nothing(body: bytes, media_type: str) -> None:
    answer = read_reply(contract.PLACE, ORDER_ID, Reply(200, {"Content-Type": media_type}, body))
    assert answer == Unconfirmed("not_an_event")


def test_no_reply_decides_nothing() -> None:
    assert read_reply(contract.PLACE, ORDER_ID, NoReply("timed_out")) == Unconfirmed("timed_out")


def test_only_a_refusal_of_the_shop_itself_is_an_alarm() -> None:
    assert [status for status in (200, 400, 401, 404, 500, 503) if is_alarming(Reply(status, {}, b""))] == [400, 401]
    assert not is_alarming(NoReply("timed_out"))


def test_a_decided_rejection_is_a_success_of_its_route_and_so_is_a_400_that_any_buyer_may_cause() -> None:
    rejection = contract.Rejection(ORDER_ID, "sold_out")
    assert not is_failure(Reply(200, {}, b""), rejection)
    failed = [status for status in (200, 400, 401, 500, 503) if is_failure(Reply(status, {}, b""), Unconfirmed("?"))]
    assert failed == [200, 401, 500, 503]
    assert is_failure(NoReply("timed_out"), Unconfirmed("timed_out"))


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("0", 0), ("2", 2), ("120", 120), ("", 0), ("-1", 0), ("1.5", 0), ("soon", 0), ("٣", 0), ("9" * 400, 0)],
)
def test_retry_after_is_a_whole_number_of_seconds(asked: str, seconds: float) -> None:
    assert retry_after_s(Reply(503, {"retry-after": asked}, b"")) == seconds
    assert retry_after_s(Reply(503, {}, b"")) == retry_after_s(NoReply("timed_out")) == 0


def test_a_reply_names_its_revision() -> None:
    assert revision_of(reply(CONFIRMED)) == "orders-stable-test"
    assert revision_of(Reply(503, {}, b"")) == revision_of(NoReply("timed_out")) == ""
