"""How the contract's events travel over HTTP: CloudEvents 1.0 with JSON data, in binary or structured mode.

Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from urllib.parse import quote, unquote

import msgspec
from cloudevents.conversion import to_structured
from cloudevents.http import CloudEvent, from_http

from functions.orders.contract.payloads import COMMANDS, Command, Moment, OrderId, is_of_our_time

FUNCTION_SOURCE: Final = "/flametickets/orders"
MAX_BODY_BYTES: Final = 64 * 1024
_MAX_ATTRIBUTE: Final = 256
_SPEC_VERSION: Final = "1.0"
_JSON: Final = "application/json"
_UNQUOTED: Final = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '%"')

T = TypeVar("T")


class NotAnEvent(ValueError):
    """What arrived is not a CloudEvent of this contract. The message says why, without quoting what arrived."""


@dataclass(frozen=True, slots=True)
class Event:
    """A CloudEvent with its JSON data still encoded; what is absent is None.

    `id` is a lower-case UUID. `time_left_ms` is how long the caller still waits, `attempt` counts its tries
    from 1, `revision` says who replied, `traceparent` is W3C Trace Context.
    """

    id: str
    type: str
    source: str
    time: datetime
    data: bytes
    subject: str | None = None
    time_left_ms: int | None = None
    attempt: int | None = None
    traceparent: str | None = None
    revision: str | None = None


_OPTIONAL: Final = {
    "subject": "subject",
    "time_left_ms": "timeleftms",
    "attempt": "attempt",
    "traceparent": "traceparent",
    "revision": "revision",
}


def rfc3339(moment: datetime) -> str:
    """`moment` in UTC, as CloudEvents writes times."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


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
    """The event in an HTTP message. Raises NotAnEvent."""
    headers = {name.lower(): text for name, text in headers.items()}
    attributes, data = _read_structured(headers, body) if is_structured(headers) else (_read_binary(headers), body)
    if attributes.get("specversion") != _SPEC_VERSION:
        raise NotAnEvent("specversion must be 1.0, and what arrived a CloudEvent in binary or structured mode")
    media_type = str(attributes.get("datacontenttype") or _JSON)
    if media_type != _JSON and media_type.partition(";")[0].strip().lower() != _JSON:
        raise NotAnEvent("datacontenttype must be application/json")
    return Event(
        id=_parsed(attributes, "id", OrderId),
        type=_text(attributes, "type"),
        source=_text(attributes, "source"),
        time=_time(attributes),
        data=data or b"{}",  # so that a command without fields needs no body
        subject=_optional(attributes, "subject"),
        time_left_ms=_number(attributes, "timeleftms"),
        attempt=_number(attributes, "attempt"),
        traceparent=_optional(attributes, "traceparent"),
        revision=_optional(attributes, "revision"),
    )


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
    data = event.get_data()
    return dict(event.get_attributes()), data.encode() if isinstance(data, str) else data or b""


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


def _text(attributes: Mapping[str, Any], name: str) -> str:
    value = attributes.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_ATTRIBUTE or not value.isprintable():
        raise NotAnEvent(f"{name} must be a text of 1 to {_MAX_ATTRIBUTE} printable characters")
    return value


def _optional(attributes: Mapping[str, Any], name: str) -> str | None:
    return _text(attributes, name) if attributes.get(name) is not None else None


def _number(attributes: Mapping[str, Any], name: str) -> int | None:
    """An integer of CloudEvents: 32 bits, written as a number or in decimal digits; here never negative."""
    value = attributes.get(name)
    if value is None:
        return None
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or len(text) > 10 or int(text) >= 2**31:
        raise NotAnEvent(f"{name} must be a whole number from 0 to 2147483647")
    return int(text)


def _time(attributes: Mapping[str, Any]) -> datetime:
    moment = _parsed(attributes, "time", Moment)
    if not is_of_our_time(moment):
        raise NotAnEvent("time is not of our time")
    return moment


def _parsed(attributes: Mapping[str, Any], name: str, kind: type[T]) -> T:
    try:
        return msgspec.convert(_text(attributes, name), type=kind)
    except msgspec.ValidationError as error:
        raise NotAnEvent(f"{name} is not of the form that the contract asks for") from error
