"""The traceparent of a request."""

import re

import pytest
from flask import Flask

from frontend import traces

SENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
FORM = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]")


def test_a_request_joins_the_trace_it_came_with() -> None:
    joined = traces.join_trace(SENT)
    assert FORM.fullmatch(joined)
    assert joined[:36] == SENT[:36]
    assert joined[-3:] == "-00"
    assert joined != SENT


def test_a_header_of_a_later_version_may_say_more() -> None:
    assert traces.join_trace(f"01{SENT[2:]}-more")[3:36] == SENT[3:36]


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "x",
        f"{SENT}-more",
        f"ff{SENT[2:]}",
        SENT.upper(),
        f"{SENT}\n",
        SENT.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32),
        SENT.replace("b7ad6b7169203331", "0" * 16),
        "00-" + "a" * 5000,
    ],
)
def test_anything_else_begins_a_new_trace(header: str | None) -> None:
    one, other = traces.join_trace(header), traces.join_trace(header)
    assert FORM.fullmatch(one)
    assert one != other
    assert SENT[3:36] not in one


def test_outside_of_a_request_each_call_is_a_trace_of_its_own(app: Flask) -> None:
    assert traces.current() != traces.current()
    with app.app_context():
        assert FORM.fullmatch(traces.current())
