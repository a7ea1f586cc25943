"""Binary mode as this code writes and reads it, against the CloudEvents library's."""

from datetime import UTC, datetime

from cloudevents.conversion import to_binary
from cloudevents.http import CloudEvent, from_http
from hypothesis import given
from hypothesis import strategies as st

from functions.orders import contract

texts = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x24F, exclude_categories=["C", "Z"]), min_size=1, max_size=40
)
events = st.builds(
    contract.Event,
    id=st.uuids().map(str),
    type=st.sampled_from(sorted(contract.COMMANDS)),
    source=texts,
    time=st.datetimes(datetime(2020, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    data=st.just(b'{"order_id":"x"}'),
    subject=st.none() | texts,
    time_left_ms=st.none() | st.integers(0, 2**31 - 1),
    attempt=st.none() | st.integers(0, 100),
    traceparent=st.none() | st.just("00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"),
    revision=st.none() | st.just("orders-stable-1"),
)


@given(events)
def test_what_is_written_is_read_as_it_was(event: contract.Event) -> None:
    headers, body = contract.encode_event(event)
    assert all(value.isascii() for value in headers.values())
    assert contract.decode_event(headers, body) == event


@given(events.filter(lambda event: (event.source + (event.subject or "")).isascii()))
def test_the_library_reads_what_is_written(event: contract.Event) -> None:
    headers, body = contract.encode_event(event)
    read = from_http({k: v.replace("%25", "%").replace("%22", '"') for k, v in headers.items()}, body).get_attributes()
    assert (read["id"], read["type"], read["source"]) == (event.id, event.type, event.source)
    assert read.get("subject") == event.subject
    assert datetime.fromisoformat(read["time"]) == event.time


@given(events.filter(lambda event: "%" not in event.source + (event.subject or "")))
def test_what_the_library_writes_is_read(event: contract.Event) -> None:
    attributes = {"id": event.id, "type": event.type, "source": event.source, "time": event.time.isoformat()}
    attributes |= {"datacontenttype": "application/json"}
    headers, body = to_binary(CloudEvent(attributes, event.data), data_marshaller=lambda data: data)
    read = contract.decode_event(headers, body)
    assert (read.id, read.type, read.source, read.time) == (event.id, event.type, event.source, event.time)


@given(events)
def test_structured_mode_carries_the_same_event(event: contract.Event) -> None:
    headers, body = contract.encode_event(event, structured=True)
    assert contract.is_structured(headers)
    read = contract.decode_event(headers, body)
    assert (read.id, read.source, read.subject, read.time_left_ms) == (
        (event.id, event.source, event.subject, event.time_left_ms)
    )
