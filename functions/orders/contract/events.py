"""How the contract's events travel over HTTP: CloudEvents 1.0 with JSON data, in binary or structured mode.

Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import quote, unquote

import msgspec
from cloudevents.conversion import to_structured
from cloudevents.http import CloudEvent, from_http
from msgspec import Meta

from functions.orders.contract.payloads import COMMANDS, Command, Moment, OrderId, is_of_our_time

FUNCTION_SOURCE: Final = "/flametickets/orders"
MAX_BODY_BYTES: Final = 64 * 1024
_HALF_A_CHARACTER: Final = re.compile("[\ud800-\udfff]")  # JSON can write one, UTF-8 can't
_SPEC_VERSION: Final = "1.0"
_JSON: Final = "application/json"
_UNQUOTED: Final = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '%"')

T = TypeVar("T")


class NotAnEvent(ValueError):
    """What arrived is not a CloudEvent of this contract. The message says why, without quoting what arrived."""


_Text = Annotated[str, Meta(min_length=1, max_length=256, pattern=r"\A[^\x00-\x1f\x7f]*\Z")]
_Number = Annotated[int, Meta(ge=0, lt=2**31)]  # an integer of CloudEvents has 32 bits; these are never negative


class Event(msgspec.Struct, frozen=True, rename={"time_left_ms": "timeleftms"}):
    """A CloudEvent with its JSON data still encoded; what is absent is None.

    `id` is a lower-case UUID. `time_left_ms` is how long the caller still waits, `attempt` counts its tries
    from 1, `revision` says who replied, `traceparent` is W3C Trace Context.
    """

    id: OrderId
    type: _Text
    source: _Text
    time: Moment
    data: bytes
    subject: _Text | None = None
    time_left_ms: _Number | None = None
    attempt: _Number | None = None
    traceparent: _Text | None = None
    revision: _Text | None = None


_OPTIONAL: Final = {
    "subject": "subject",
    "time_left_ms": "timeleftms",
    "attempt": "attempt",
    "traceparent": "traceparent",
    "revision": "revision",
}


def rfc3339(moment: datetime) -> str:
    """`moment` in UTC, as CloudEvents writes times."""
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return msgspec.json.encode(in_utc)[1:-1].decode()  # a tenth of the time of Python's own isoformat


def encode_event(event: Event, *, structured: bool = False) -> tuple[dict[str, str], bytes]:
    """The HTTP headers and body of an event, in binary mode unless `structured`.

    Binary mode is written and read here, on every purchase's path; the library, ten times slower at it,
    does structured mode and checks this code in the tests.
    """
    attributes = {"id": event.id, "type": event.type, "source": event.source, "time": rfc3339(event.time)}
    for field, name in _OPTIONAL.items():
        if (value := getattr(event, field)) is not None:
            attributes[name] = str(value)
    if structured:
        attributes["datacontenttype"] = _JSON
        return to_structured(CloudEvent(attributes, msgspec.json.decode(event.data)), data_marshaller=_as_it_is)
    headers = {"content-type": _JSON, "ce-specversion": _SPEC_VERSION}
    for name, text in attributes.items():
        headers["ce-" + name] = text if text.isascii() and "%" not in text else quote(text, safe=_UNQUOTED)
    return headers, event.data


def is_structured(headers: Mapping[str, str]) -> bool:
    """Whether an HTTP message with these headers carries its event in structured mode."""
    return headers.get("content-type", "").lower().startswith("application/cloudevents")


def decode_event(headers: Mapping[str, str], body: bytes) -> Event:
    """The event in an HTTP message, the names of whose headers are in lower case. Raises NotAnEvent."""
    attributes, data = _read_structured(headers, body) if is_structured(headers) else (_read_binary(headers), body)
    media_type = attributes.get("datacontenttype")
    if media_type not in (None, _JSON) and str(media_type).partition(";")[0].strip().lower() != _JSON:
        raise NotAnEvent("datacontenttype must be application/json")
    if attributes.get("specversion") != _SPEC_VERSION:
        raise NotAnEvent("specversion must be 1.0")
    if ":" not in str(attributes.get("time", ":")):  # a number, read as numbers are, would be a time too
        raise NotAnEvent("time must be RFC 3339 with an offset")
    attributes["data"] = data or b"{}"  # so that a command without fields needs no body
    event = _valid(attributes)
    if not is_of_our_time(event.time):
        raise NotAnEvent("time is not of our time")
    return event


def _read_binary(headers: Mapping[str, str]) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        name[3:]: unquote(text) if "%" in text else text for name, text in headers.items() if name.startswith("ce-")
    }
    attributes["datacontenttype"] = headers.get("content-type")
    return attributes


def _read_structured(headers: Mapping[str, str], body: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        event = from_http(dict(headers), body, data_unmarshaller=_as_it_is)
    except Exception as error:  # on malformed input the library raises its own errors and many of Python's
        raise NotAnEvent("not a CloudEvent in structured mode") from error
    attributes, data = event.get_attributes(), event.get_data()
    texts = (text for attribute in attributes.items() for text in attribute if isinstance(text, str))
    if any(_HALF_A_CHARACTER.search(text) for text in texts):
        raise NotAnEvent("an attribute holds half a character")
    return dict(attributes), data.encode() if isinstance(data, str) else data or b""


def _valid(attributes: Mapping[str, Any]) -> Event:
    """The event of these attributes, numbers also as decimal digits. Raises NotAnEvent, naming what is wrong."""
    try:
        return msgspec.convert(attributes, Event, strict=False)
    except msgspec.ValidationError as error:
        raise NotAnEvent(f"not a CloudEvent of this contract: {error}") from error


def decode_command(event: Event) -> Command:
    """The command that an event carries. Raises NotAnEvent, naming the field that is wrong."""
    if (kind := COMMANDS.get(event.type)) is None:
        raise NotAnEvent("type is not one that the function answers")
    return decode_data(event, kind)


def decode_data(event: Event, kind: type[T]) -> T:
    """The event's data as a `kind`. Raises NotAnEvent, naming the field that is wrong."""
    try:
        return msgspec.json.decode(event.data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotAnEvent(_without_input(error)) from error


def _without_input(error: Exception) -> str:
    """msgspec names the path and what was expected; an unknown field's name is the sender's own text."""
    if isinstance(error, msgspec.ValidationError) and "unknown field" not in str(error):
        return f"data is not valid: {error}"
    return "data is not valid" if isinstance(error, msgspec.ValidationError) else "data is not JSON"


def _as_it_is(data: Any) -> Any:
    return data
