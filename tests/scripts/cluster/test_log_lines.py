"""The lines of logs: when they were, what they name, and how they are shown."""

import json

import pytest

from scripts.cluster.log_lines import Line, Reader, Source, as_dict, in_words, merged, nanoseconds

STABLE = Source("orders", "orders-stable-0123456789", "orders-stable-0123456789-deployment-5c9f8d7b4-x7k2p", "user")
SHOP = Source("frontend", "frontend-0123456789", "frontend-0123456789-deployment-7d4b9c6f5-q2m8z", "user")
ORDER = "0198c2f4-7a31-7c51-9d42-1f0e6b7a9c33"


def stamped(second: float, text: str) -> str:
    return f"2026-08-01T12:00:{second:012.9f}Z {text}"


def said(second: float, **fields: object) -> str:
    """A line of one of our processes, read by the node 20 ms after it was written."""
    return stamped(second + 0.02, json.dumps({"timestamp": f"2026-08-01T12:00:{second:09.6f}Z", **fields}))


def read(source: Source, *lines: str) -> list[Line]:
    return Reader(source).read_all(lines)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("1970-01-01T00:00:01Z", 1_000_000_000),
        ("1970-01-01T00:00:01.000000002Z", 1_000_000_002),
        ("1970-01-01T01:00:00.5+01:00", 500_000_000),
        ("1970-01-01T00:00:00.25", 250_000_000),
        ("yesterday", None),
        ("", None),
    ],
)
def test_times_are_read_to_the_nanosecond(moment: str, expected: int | None) -> None:
    assert nanoseconds(moment) == expected


def test_the_lines_of_both_services_are_merged_by_the_time_that_the_processes_give() -> None:
    shop = read(SHOP, said(1.0, event="a"), said(3.0, event="c"))
    orders = read(STABLE, said(2.0, event="b"), said(4.0, event="d"))
    assert [line.fields and line.fields["event"] for line in merged([*shop, *orders])] == ["a", "b", "c", "d"]


def test_a_line_without_a_time_stays_below_the_line_that_it_follows() -> None:
    orders = read(STABLE, said(1.0, event="a"), stamped(1.9, "Traceback"), stamped(2.5, "boom"))
    shop = read(SHOP, said(1.5, event="b"))
    assert [line.text[:9] for line in merged([*shop, *orders])][1:3] == ["Traceback", "boom"]


def test_a_first_line_without_a_time_has_that_of_the_node() -> None:
    (line,) = read(STABLE, stamped(7.25, "[INFO] Starting gunicorn"))
    assert line.at == nanoseconds("2026-08-01T12:00:07.25Z")


@pytest.mark.parametrize("text", ["{no json", "[1, 2]", "12", '{"timestamp": 5, "event": "a"}', ""])
def test_what_is_no_line_of_ours_is_kept_as_it_is(text: str) -> None:
    (line,) = read(STABLE, stamped(7.25, text))
    assert line.text == text
    assert line.at == nanoseconds("2026-08-01T12:00:07.25Z")


def test_an_order_is_found_wherever_a_line_names_it() -> None:
    lines = read(
        STABLE,
        said(1.0, event="command.answered", order_id=ORDER),
        said(2.0, event="request.refused", why=f"the order {ORDER} is of another signature"),
        said(3.0, event="command.answered", order_id=ORDER.replace("0198", "0199")),
        stamped(4.0, f"psycopg says: Key (order_id)=({ORDER}) already exists"),
    )
    assert [line.at // 10**9 % 60 for line in merged(lines, ORDER)] == [1, 2, 3]


def test_a_connection_that_begins_anew_brings_no_line_twice_and_loses_none() -> None:
    reader = Reader(STABLE)
    lines = [stamped(1.0, "a"), stamped(2.0, "b"), stamped(2.0, "c"), stamped(2.0, "d"), stamped(3.0, "e")]
    first = reader.read_all(lines[:3])
    second = reader.read_all(lines[1:])
    assert [line.text for line in [*first, *second]] == ["a", "b", "c", "d", "e"]
    assert reader.stamp == "2026-08-01T12:00:03.000000000Z"


def test_the_same_words_at_the_same_moment_are_two_lines() -> None:
    assert len(read(STABLE, stamped(1.0, "a"), stamped(1.0, "a"))) == 2


def test_a_person_reads_when_where_from_and_what() -> None:
    fields = {"service": "orders", "revision": "x", "level": "info", "event": "command.answered", "reason": None}
    (line,) = read(STABLE, said(1.5, **fields, order_id=ORDER, duration_ms=2.5, why="two words"))
    assert in_words(line) == [
        "2026-08-01T12:00:01.500Z  orders-stable-0123456789/x7k2p  "
        f'info    command.answered order_id={ORDER} duration_ms=2.5 why="two words"'
    ]


def test_a_traceback_is_shown_below_its_line() -> None:
    (line,) = read(SHOP, said(1.0, level="error", event="failed", exception="Traceback:\n  boom"))
    assert [text.strip() for text in in_words(line)[1:]] == ["Traceback:", "boom"]
    assert "exception" not in in_words(line)[0]


def test_other_lines_are_shown_as_they_are() -> None:
    (line,) = read(SHOP, stamped(1.0, "Killed"))
    assert in_words(line) == ["2026-08-01T12:00:01.000Z  frontend-0123456789/q2m8z       Killed"]


def test_programs_get_what_was_logged_with_where_from() -> None:
    ours, other = read(SHOP, said(1.0, service="web", event="a"), stamped(2.0, "Killed"))
    source = {"service": "frontend", "revision": SHOP.revision, "pod": SHOP.pod}
    assert as_dict(ours) == {"timestamp": "2026-08-01T12:00:01.000000Z", "event": "a", **source}
    assert as_dict(other) == {"timestamp": "2026-08-01T12:00:01.000Z", "text": "Killed", **source}
