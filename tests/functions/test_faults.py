"""The grammar of `CHAOS_FAULTS`: what is read, and what is named when it can't be."""

import re

import pytest

from functions.orders.faults import Fault, FaultsError, parse


def test_the_grammar_is_read() -> None:
    text = "error:0.3, latency:.2:400ms,hang:0.05:never,hang:1:late,drop_reply:0.1,duplicate:0,crash:0.01:after"
    assert parse(text) == (
        Fault("error", 0.3),
        Fault("latency", 0.2, "400ms"),
        Fault("hang", 0.05, "never"),
        Fault("hang", 1, "late"),
        Fault("drop_reply", 0.1),
        Fault("duplicate", 0),
        Fault("crash", 0.01, "after"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "error",
        "error:",
        "error:1.1",
        "error:-1",
        "error:nan",
        "error:0.1:400ms",
        "latency:0.1",
        "latency:0.1:4s",
        "hang:0.1",
        "hang:0.1:ever",
        "drop_reply:0.1:late",
        "duplicate:2",
        "crash:0.1",
        "crash:0.1:during",
        "noise:1",
        ",",
        "e:1",
    ],
)
def test_what_is_not_of_the_grammar_is_named(text: str) -> None:
    with pytest.raises(FaultsError, match=re.escape(repr(text.split(",", maxsplit=1)[0]))):
        parse(text)


def test_a_fault_that_is_there_twice_is_named() -> None:
    """Both would be drawn alike, so that the smaller rate would mean nothing."""
    with pytest.raises(FaultsError, match=r"'error:0\.2': this fault is there twice"):
        parse("error:0.1,error:0.2")


@pytest.mark.parametrize("text", ["", " "])
def test_a_blank_value_asks_for_no_faults(text: str) -> None:
    assert parse(text) == ()
