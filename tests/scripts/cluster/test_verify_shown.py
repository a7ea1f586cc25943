"""The table of `verify`, and the exit code that follows from it."""

import pytest

from scripts.cluster.verify_shown import Check, Verdict, shown, table


def check(verdict: Verdict, seconds: float | None = None) -> Check:
    return Check("a promise", "kept", "it was so", verdict, seconds, {"failed": 0})


@pytest.mark.parametrize(
    ("verdicts", "code", "word"),
    [
        (("good", "not checked"), 0, "good"),
        (("good", "unclear", "not checked"), 2, "unclear"),
        (("good", "unclear", "MISSED"), 1, "missed"),
    ],
)
def test_a_miss_weighs_more_than_what_is_unclear_and_what_is_not_checked_weighs_nothing(
    verdicts: tuple[Verdict, ...], code: int, word: str
) -> None:
    result = shown("flametickets", [check(each) for each in verdicts])
    assert (result.code, result.data["verdict"]) == (code, word)


def test_each_check_is_a_line_below_the_heads_with_its_seconds_where_it_has_any() -> None:
    assert table([check("good", 1.26), check("MISSED")]) == [
        "  check      verdict  seconds  expected  found",
        "  a promise  good         1.3  kept      it was so",
        "  a promise  MISSED            kept      it was so",
    ]


def test_the_last_line_counts() -> None:
    result = shown("flametickets", [check("good"), check("good"), check("MISSED"), check("not checked")])
    assert result.lines[-2:] == ("", "2 of 4 checks are good; 1 MISSED, 1 not checked")
    assert shown("flametickets", [check("good")]).lines[-1] == "1 of 1 checks are good"


def test_programs_get_the_same_and_more() -> None:
    data = shown("flametickets", [check("good", 1.26), check("MISSED")]).data
    assert (data["namespace"], data["missed"], data["unclear"]) == ("flametickets", 1, 0)
    same = {"check": "a promise", "expected": "kept", "found": "it was so", "failed": 0}
    assert data["checks"] == [{**same, "verdict": "good", "seconds": 1.26}, {**same, "verdict": "MISSED"}]
