"""Requests that are nearly right: valid events, then changed in attributes, JSON, headers and bytes.

Each is drawn from its seed and number alone, so that any one can be made again.
"""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

import msgspec
from msgspec.structs import replace as changed

from functions.orders import contract
from tests.functions.local_invoker import SECRET, make_order, make_show

MARK: Final = "ECHO-MARK"  # of what a sender wrote; no problem may hold it
HALL: Final = "fuzz-hall"  # a show with room for all
IDS: Final = [f"00000000-0000-4000-8000-{n:012x}" for n in range(64)]
KINDS: Final = (
    *(contract.PLACE,) * 8,
    *(contract.LOOKUP,) * 3,
    *(contract.CANCEL,) * 3,
    contract.LIST,
    contract.PUBLISH,
)

TEXTS: Final = (
    "",
    " ",
    MARK,
    f"{MARK}\x00",
    f"{MARK}\r\nset-cookie: a=b",
    "\ud800",
    "é",
    "\U0001f525",
    "\u202e",
    "%",
    "%00",
    "%ff",
    "' OR 1=1; DROP TABLE orders --",
    "{0.__class__}",
    "$1",
    "a" * 257,
    "-",
    "null",
    "00000000-0000-0000-0000-000000000000",
    IDS[0].upper(),
    "{" + IDS[0] + "}",
    "1970-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-01-01T00:00:00+23:59",
    "2026-01-01T00:00:00-15:59",
    "2026-01-01T24:00:00Z",
    "2026-06-30T23:59:60Z",
    "2026-01-01T00:00:00.1234567891Z",
    "night-of-fire",
    "seat",
)
NUMBERS: Final = (0, -0.0, -1, 1, 100, 101, 2**31 - 1, 2**31, 2**53, 2**63, -(2**63), 10**40, 0.5, 1e308, 1e-9)
VALUES: Final[tuple[Any, ...]] = (None, True, False, [], {}, [[]], {MARK: MARK}, *NUMBERS, *TEXTS)
CONTENT_TYPES: Final = (
    "",
    "application/json",
    "application/JSON; charset=utf-8",
    "application/json; charset=utf-16",
    "text/plain",
    "application/cloudevents",
    "application/cloudevents+json",
    "application/cloudevents+json; charset=x",
    "application/cloudevents-batch+json",
    "application/cloudevents+avro",
    "multipart/form-data; boundary=x",
    MARK,
)


@dataclass(frozen=True)
class Request:
    """`sure` is a valid one, which must be decided whatever its neighbours are; others may be refused."""

    number: int
    headers: dict[str, str]
    body: bytes
    sure: bool = False
    hurried: bool = False  # so little time is left that it may run out
    method: str = "POST"
    signed: bool = True
    changes: list[str] = field(default_factory=list)


def make_request(seed: int, number: int) -> Request:
    """The request with this number; every sixteenth is sure."""
    random = Random(f"{seed}/{number}")  # noqa: S311  # to be repeated, not to be secret
    if number % 16 == 0:
        return _sign(random, _encode(_sure_event(random, number), number, structured=random.random() < 0.3), True)
    event, changes = _event(random), []
    for _ in range(random.choice((0, 0, 1, 1, 1, 2))):
        change = random.choice((_change_attribute, _change_data, _change_data, _change_data))
        event, name = change(random, event)
        changes.append(name)
    request = _encode(event, number, structured=random.random() < 0.4)
    for _ in range(random.choice((0, 0, 0, 0, 1, 2))):
        request, name = random.choice((_change_header, _change_bytes, _change_envelope))(random, request)
        changes.append(name)
    hurried = event.time_left_ms is not None and event.time_left_ms < 1000
    request = replace(request, changes=changes, hurried=hurried or "timeleftms" in str(changes))
    return _sign(random, request, random.random() < 0.92)


def hall() -> contract.Show:
    kinds = (contract.TicketType("seat", "Seat", 100, "EUR", capacity=1_000_000, limit_per_order=100),)
    return make_show(HALL, ticket_types=kinds)


def _sure_event(random: Random, number: int) -> contract.Event:
    order_id = f"{number:08x}-{random.getrandbits(16):04x}-4000-8000-{random.getrandbits(48):012x}"
    order = make_order(HALL, {"seat": 1 + number % 3})
    return _make_event(contract.PLACE, order_id, order, time_left_ms=10_000)


def _event(random: Random) -> contract.Event:
    order_id, kind = random.choice(IDS), random.choice(KINDS)
    data: Any = contract.OrderRef(order_id)
    if kind == contract.PLACE:
        data = make_order(
            random.choice((HALL, HALL, "night-of-fire", "nowhere")),
            {kind: random.randint(1, 4) for kind in random.sample(("seat", "standing"), random.randint(1, 2))},
            name=random.choice(("Ann Buyer", "Bob", f"{MARK} Buyer")),
            expected_total=random.choice((None, None, 100, 2500)),
        )
    elif kind == contract.CANCEL:
        data = contract.CancelOrder(order_id, random.choice(("", "", "0", contract.fingerprint(make_order(HALL)))))
    elif kind == contract.PUBLISH:
        data = make_show(f"show-{random.randint(1, 20)}")
    elif kind == contract.LIST:
        data = {}
    return _make_event(kind, order_id, data, time_left_ms=random.choice((None, 5000, 10_000)))


def _make_event(kind: str, order_id: str, data: Any, time_left_ms: int | None) -> contract.Event:
    now = datetime.now(UTC)
    return contract.Event(order_id, kind, "/fuzz", now, msgspec.json.encode(data), time_left_ms=time_left_ms, attempt=1)


def _encode(event: contract.Event, number: int, *, structured: bool) -> Request:
    try:
        headers, body = contract.encode_event(event, structured=structured)
    except (ValueError, msgspec.DecodeError):  # what is no JSON any more goes in binary mode alone
        headers, body = contract.encode_event(event)
    return Request(number, headers, body, sure=number % 16 == 0)


def _change_attribute(random: Random, event: contract.Event) -> tuple[contract.Event, str]:
    name = random.choice(("id", "type", "source", "time", "subject", "traceparent", "timeleftms", "attempt"))
    changes: dict[str, Callable[[], contract.Event]] = {
        "id": lambda: changed(event, id=random.choice((*IDS, IDS[0].upper(), IDS[0][:-1], MARK))),
        "type": lambda: changed(event, type=random.choice((*KINDS, contract.CONFIRMED, MARK, "x" * 300))),
        "source": lambda: changed(event, source=random.choice(("/other", MARK, "x" * 300))),
        "time": lambda: changed(event, time=event.time + timedelta(days=random.choice((-400, -8, -6, 1, 4000)))),
        "subject": lambda: changed(event, subject=random.choice(("", MARK, "x" * 300))),
        "traceparent": lambda: changed(event, traceparent=random.choice(("00-", MARK, "é", "x" * 300))),
        "timeleftms": lambda: changed(event, time_left_ms=random.choice((0, 1, 50, 2**31 - 1, 2**31, -1))),
        "attempt": lambda: changed(event, attempt=random.choice((0, 2, 2**31, -1))),
    }
    return changes[name](), name


def _change_data(random: Random, event: contract.Event) -> tuple[contract.Event, str]:
    try:
        data = json.loads(event.data)
    except (ValueError, RecursionError):
        return event, "nothing"
    data, name = _change_tree(random, data)
    return changed(event, data=json.dumps(data).encode()), name


def _change_tree(random: Random, tree: Any) -> tuple[Any, str]:
    """One place of a JSON value changed, or all of it."""
    places = list(_places(tree))
    if not places or random.random() < 0.05:
        return random.choice((*VALUES, [tree], {"data": tree}, _deep(random))), "whole data"
    holder, key = random.choice(places)
    value = holder[key]
    how = random.choice(("value", "value", "value", "remove", "repeat", "nest", "add"))
    if how == "remove":
        del holder[key]
    elif how == "repeat" and isinstance(holder, list):
        holder.extend([value] * random.choice((1, 20, 300)))
    elif how == "nest":
        holder[key] = random.choice(([value], {"value": value}, str(value), _deep(random)))
    elif how == "add" and isinstance(holder, dict):
        holder[random.choice((MARK, "__class__", "", "order_id"))] = random.choice(VALUES)
    else:
        holder[key] = random.choice(VALUES)
    return tree, f"{how} of {key}"


def _places(tree: Any) -> Any:
    """Each holder and key in a JSON value."""
    keys: Any = tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    for key in keys:
        yield tree, key
        yield from _places(tree[key])


def _deep(random: Random) -> Any:
    value: Any = []
    for _ in range(random.choice((10, 500))):
        value = [value]
    return value


def _change_header(random: Random, request: Request) -> tuple[Request, str]:
    headers = dict(request.headers)
    name = random.choice((*headers, "content-type"))
    how = random.choice(("remove", "value", "twice", "add", "media type", "method"))
    if how == "remove":
        headers.pop(name, None)
    elif how == "method":
        return replace(request, method=random.choice(("GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"))), "method"
    elif how == "media type":
        headers["content-type"] = random.choice(CONTENT_TYPES)
    else:
        target = {"value": name, "twice": name.upper(), "add": random.choice(("ce-data", "ce-", f"ce-{MARK.lower()}"))}
        headers[target[how]] = _as_header(random.choice((*TEXTS, str(random.choice(NUMBERS)))))
    return replace(request, headers=headers), f"{how} of header {name}"


def _as_header(text: str) -> str:
    """What a server lets through to the function: no control characters, one byte each."""
    return "".join(
        c for c in text.encode("utf-8", "replace").decode("latin-1") if c == "\t" or (c >= " " and c != "\x7f")
    )


def _change_envelope(random: Random, request: Request) -> tuple[Request, str]:
    """In structured mode the attributes are JSON too."""
    if not contract.is_structured(request.headers):
        return _change_header(random, request)
    try:
        tree = json.loads(request.body)
    except (ValueError, RecursionError):
        return request, "nothing"
    if isinstance(tree, dict) and random.random() < 0.2:
        tree["data_base64"] = random.choice((base64.b64encode(b'{"order_id": 1}').decode(), "!", 1, MARK))
        name = "data_base64"
    else:
        tree, name = _change_tree(random, tree)
    return replace(request, body=json.dumps(tree).encode()), f"envelope: {name}"


def _change_bytes(random: Random, request: Request) -> tuple[Request, str]:
    body = bytearray(request.body)
    at, length = random.randint(0, len(body)), random.choice((1, 2, 30))
    how = random.choice(("flip", "cut", "insert", "copy", "end", "grow"))
    if how == "flip" and body:
        body[at % len(body)] ^= 1 << random.randint(0, 7)
    elif how == "cut":
        del body[at : at + length]
    elif how == "insert":
        body[at:at] = random.choice((b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b'"', b"\\", b"}", b"\\ud800"))
    elif how == "copy":
        body[at:at] = body[at : at + length]
    elif how == "end":
        del body[at:]
    else:
        body += random.choice((b" ", b"0", b"[")) * random.choice((10, 70_000))
    return replace(request, body=bytes(body)), f"{how} at {at}"


def _sign(random: Random, request: Request, rightly: bool) -> Request:
    """Signed as it is now, so that what was changed gets past the signature; else badly, or not at all."""
    name = contract.SIGNATURE_HEADER
    headers = {key: value for key, value in request.headers.items() if key.lower() != name.lower()}
    if rightly:
        try:
            event = contract.decode_event({key.lower(): value for key, value in headers.items()}, request.body)
            headers[name] = contract.sign(SECRET, event, request.body, at=time.time(), method=request.method)
            return replace(request, headers=headers)
        except Exception:  # the function will tell what is wrong with it, or break on it
            rightly = False
    now = int(time.time())
    bad = (
        None,
        MARK,
        f"t={now},v1={'0' * 64}",
        f"t={now - 999},v1={'0' * 64}",
        f"t={'9' * 12},v1={'a' * 64}",
        "t=,v1=",
    )
    if (signature := random.choice(bad)) is not None:
        headers[name] = signature
    return replace(request, headers=headers, signed=rightly)
