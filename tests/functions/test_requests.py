"""What is not a valid, signed event of the contract: told plainly, never a 500, never an echo."""

import json
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.orders import contract
from functions.orders.contract import PLACE
from tests.functions.local_invoker import SECRET, LocalInvoker, make_order, signature

MARK = "ECHO-MARK"
ORDER = b'{"show":"a","lines":[{"ticket_type":"b","quantity":1}],"name":"n","email":"a@b.c"}'


def binary(**changes: str | None) -> dict[str, str]:
    headers: dict[str, str | None] = {
        "ce-specversion": "1.0",
        "ce-id": str(uuid.uuid4()),
        "ce-type": PLACE,
        "ce-source": "/tests",
        "ce-time": "2026-01-01T00:00:00Z",
        "content-type": "application/json",
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    return {name: value for name, value in headers.items() if value is not None}


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b""),
        ({"content-type": "application/json"}, b'{"a": 1}'),
        ({"content-type": "application/json"}, b"[1]"),
        ({"content-type": "application/json"}, b"null"),
        ({"content-type": "application/cloudevents+json"}, b"{" + MARK.encode()),
        ({"content-type": "application/cloudevents+json"}, b'{"specversion": "1.0", "id": "ECHO-MARK"}'),
        ({"content-type": "application/cloudevents+json"}, b"\xff\xfe"),
        ({"content-type": "application/cloudevents+json"}, b"[" * 20_000),
        (binary(ce_id=None), ORDER),
        (binary(ce_id=MARK), ORDER),
        (binary(ce_id=str(uuid.uuid4()).upper()), ORDER),
        (binary(ce_specversion="0.3"), ORDER),
        (binary(ce_specversion=MARK), ORDER),
        (binary(ce_time="yesterday"), ORDER),
        (binary(ce_time="2026-01-01T00:00:00"), ORDER),
        (binary(ce_time="2026-01-01T00:00:00+16:00"), ORDER),
        (binary(ce_time="1969-01-01T00:00:00Z"), ORDER),
        (binary(ce_time="1767225600"), ORDER),
        (binary(ce_timeleftms="-1"), ORDER),
        (binary(ce_timeleftms=MARK), ORDER),
        (binary(ce_attempt="99999999999"), ORDER),
        (binary(ce_source="x" * 300), ORDER),
        (binary(content_type="text/plain"), ORDER),
    ],
)
async def test_what_is_no_event_gets_400_and_no_echo(
    lonely_function: LocalInvoker, headers: dict[str, str], body: bytes
) -> None:
    answer = await lonely_function.post(headers, body)
    assert answer.status == answer.problem["status"] == 400
    assert MARK.encode() not in answer.body


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"ECHO-MARK"',
        b'{"show":"a"}',
        b'{"ECHO-MARK":1}',
        ORDER.replace(b'"quantity":1', b'"quantity":0'),
        ORDER.replace(b'"quantity":1', b'"quantity":101'),
        ORDER.replace(b'"quantity":1', b'"quantity":"1"'),
        ORDER.replace(b'"quantity":1', b'"quantity":1e400'),
        ORDER.replace(b'"n"', b'"  "'),
        ORDER.replace(b'"n"', b'"a\\u0000b"'),
        ORDER.replace(b'"n"', b'"\\ud800"'),
        ORDER.replace(b'"n"', b'"' + b"x" * 201 + b'"'),
        ORDER.replace(b"a@b.c", b"a b@c"),
        ORDER.replace(b'"lines":[', b'"lines":[{"ticket_type":"b","quantity":2},'),
        ORDER.replace(b'"a"', b'"ECHO-MARK"'),
    ],
)
async def test_data_not_of_the_contract_gets_400_and_no_echo(lonely_function: LocalInvoker, data: bytes) -> None:
    headers = binary()
    answer = await lonely_function.post({**headers, **signature(contract.decode_event(headers, data), data)}, data)
    assert answer.problem["status"] == 400
    assert MARK.encode() not in answer.body


async def test_structured_data_that_is_not_json_inside_gets_400(lonely_function: LocalInvoker) -> None:
    attributes: dict[str, Any] = {"specversion": "1.0", "id": str(uuid.uuid4()), "type": PLACE, "source": "/t"}
    body = json.dumps({**attributes, "time": "2026-01-01T00:00:00Z", "data_base64": "e30"}).encode()
    assert (await lonely_function.post({"content-type": "application/cloudevents+json"}, body)).status == 400


@pytest.mark.parametrize("attribute", ["id", "type", "source", "time", "timeleftms", "subject", "datacontenttype"])
@pytest.mark.parametrize("value", [r'"\ud800"', "[" * 900 + "]" * 900, "{}", "1.5", "true"])
async def test_an_attribute_that_is_no_text_or_number_gets_400(
    lonely_function: LocalInvoker, attribute: str, value: str
) -> None:
    attributes = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "type": PLACE,
        "source": "/t",
        "time": "2026-01-01T00:00:00Z",
    }
    body = json.dumps({**attributes, "data": {}, attribute: "PLACEHOLDER"}).replace('"PLACEHOLDER"', value)
    answer = await lonely_function.post({"content-type": "application/cloudevents+json"}, body.encode())
    assert answer.problem["status"] == 400


@pytest.mark.parametrize("name", [r"\ud800time", r"data\ud800", r"any\ud800thing"])
async def test_half_a_character_in_the_name_of_an_attribute_gets_400(lonely_function: LocalInvoker, name: str) -> None:
    attributes = {"specversion": "1.0", "id": str(uuid.uuid4()), "type": PLACE, "source": "/t"}
    body = json.dumps({**attributes, "time": "2026-01-01T00:00:00Z", "data": {}})[:-1] + f', "{name}": "x"}}'
    answer = await lonely_function.post({"content-type": "application/cloudevents+json"}, body.encode())
    assert answer.problem["status"] == 400


async def test_what_nobody_foresaw_is_answered_too(
    lonely_function: LocalInvoker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contract, "decode_event", None)
    assert (await lonely_function.post(binary(), ORDER)).problem["status"] == 503


async def test_an_unknown_type_gets_400(lonely_function: LocalInvoker) -> None:
    assert (await lonely_function.send("org.flametickets.order.refund")).problem["status"] == 400


async def test_a_body_over_the_limit_gets_400(lonely_function: LocalInvoker) -> None:
    answer = await lonely_function.post(binary(), b" " * (contract.MAX_BODY_BYTES + 1))
    assert answer.problem["detail"] == f"the body is over {contract.MAX_BODY_BYTES} bytes"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_another_method_gets_400(lonely_function: LocalInvoker, method: str) -> None:
    assert (await lonely_function.post(binary(), ORDER, method=method)).problem["status"] == 400


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_needs_neither_signature_nor_database(lonely_function: LocalInvoker, path: str) -> None:
    assert (await lonely_function.post({}, b"", method="GET", path=path)).status == 200


async def test_an_unsigned_event_gets_401(lonely_function: LocalInvoker) -> None:
    assert (await lonely_function.post(binary(), ORDER)).problem["status"] == 401


@pytest.mark.parametrize(("skew_s", "status"), [(-310, 401), (-290, 200), (290, 200), (310, 401)])
async def test_a_signature_holds_for_five_minutes_to_either_side(
    on_sale: LocalInvoker, skew_s: float, status: int
) -> None:
    headers, body = contract.encode_event(lookup())
    answer = await on_sale.post({**headers, **signature(lookup(), body, at=time.time() + skew_s)}, body)
    assert answer.status == status


@pytest.mark.parametrize("changed", ["type", "id", "source", "time", "timeleftms", "attempt"])
async def test_a_signed_event_that_was_changed_gets_401(on_sale: LocalInvoker, changed: str) -> None:
    headers, body = contract.encode_event(lookup())
    headers |= signature(lookup(), body)
    other = {
        "type": contract.CANCEL,
        "id": str(uuid.uuid4()),
        "source": "/elsewhere",
        "time": "2026-01-02T00:00:00Z",
        "timeleftms": "9999",
        "attempt": "7",
    }
    answer = await on_sale.post({**headers, f"ce-{changed}": other[changed]}, body)
    assert answer.status == 401


async def test_a_changed_body_gets_401(on_sale: LocalInvoker) -> None:
    headers, body = contract.encode_event(lookup())
    headers |= signature(lookup(), body)
    assert (await on_sale.post(headers, body.replace(b"1111", b"2222"))).status == 401


async def test_both_secrets_are_accepted_while_one_replaces_the_other(lonely_function: LocalInvoker) -> None:
    event, other = lookup(), "x" * 32
    headers, body = contract.encode_event(event)
    assert (await lonely_function.post({**headers, **signature(event, body, secret=other)}, body)).status == 401
    contract.verify((other, SECRET), event, body, signature(event, body)[contract.SIGNATURE_HEADER], now=time.time())


async def test_a_command_without_time_left_is_answered_503_with_when_to_return(on_sale: LocalInvoker) -> None:
    order_id = str(uuid.uuid4())
    answer = await on_sale.send(PLACE, make_order(), id=order_id, time_left_ms=0)
    assert answer.problem["status"] == 503
    assert answer.headers["retry-after"] == "1"
    assert (await on_sale.send(contract.LOOKUP, contract.OrderRef(order_id))).event.type == contract.UNKNOWN


def lookup() -> contract.Event:
    order_id = "11111111-1111-4111-8111-111111111111"
    data = b'{"order_id":"%s"}' % order_id.encode()
    return contract.Event(order_id, contract.LOOKUP, "/tests", datetime(2026, 1, 1, tzinfo=UTC), data, attempt=1)
