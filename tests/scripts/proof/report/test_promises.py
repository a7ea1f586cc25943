"""The promises' table says of each promise what the checker said, and never more."""

from dataclasses import replace

import pytest

from scripts.proof.checker import as_dict
from scripts.proof.checker.verdict import WORDS, Check, Row, Verdict, Violation
from scripts.proof.report.promises import Promise, combined, promises

KEPT = Promise("P1", "never oversell", "kept", 10, 0)


def decided(*checks: Check) -> Promise:
    return promises(as_dict(Verdict((Row("P1", checks, {"sold": 1_234, "share": None}),))))[0]


def test_a_row_is_what_the_checker_decided() -> None:
    row = decided(Check("P1", "one", 10), Check("P1", "two", 5, 1, (Violation("gone", ("id",), ("a", "b")),)))
    assert (row.state, row.examined, row.violations) == ("violated", 15, 1)
    assert row.measured == (("sold", "1,234"), ("share", "-"))
    assert [check.said for check in row.checks] == ["0 violations in 10 examined", "1 violation in 5 examined"]
    assert row.checks[1].shown[0].story == ("a", "b")


def test_nothing_examined_is_not_shown() -> None:
    row = decided(Check("P1", "one", 0, needed=True))
    assert (row.state, row.said) == ("not shown", "not shown by this run")


def test_what_could_not_be_checked_says_why() -> None:
    row = decided(Check("P1", "one", 4, why_not="the pending store is away"))
    assert row.state == "not checked"
    assert row.checks[0].said == "the pending store is away"


def test_without_a_verdict_nothing_was_checked() -> None:
    assert {row.state for row in promises(None)} == {"not checked"}
    assert [row.name for row in promises(None)] == list(WORDS)


@pytest.mark.parametrize(
    ("row", "state"),
    [
        ({"promise": "P1", "examined": 3}, "kept"),
        ({"promise": "P1", "examined": 0}, "not shown"),
        ({"promise": "P1", "examined": 3, "violations": 1, "state": "kept"}, "violated"),
        ({"promise": "P9", "words": "something new", "state": "kept", "examined": 1}, "kept"),
    ],
)
def test_a_row_that_says_less_is_read_all_the_same(row: dict[str, object], state: str) -> None:
    assert promises({"promises": [row]})[0].state == state


@pytest.mark.parametrize(
    ("states", "state", "shown_by"),
    [
        (("kept", "kept"), "kept", 2),
        (("kept", "not shown"), "kept", 1),
        (("not shown", "not shown"), "not shown", 0),
        (("kept", "not checked"), "not checked", 1),
        (("not checked", "violated"), "violated", 1),
    ],
)
def test_over_a_run_the_worst_counts_and_one_experiment_is_enough_to_show(
    states: tuple[str, str], state: str, shown_by: int
) -> None:
    rows = combined([replace(KEPT, state=one)] for one in states)  # type: ignore[arg-type]
    assert [(row.state, row.shown_by, row.asked_by, row.examined) for row in rows] == [(state, shown_by, 2, 20)]
