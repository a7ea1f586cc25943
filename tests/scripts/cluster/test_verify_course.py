"""The course of a recovery: when it serves again, and what is said of it."""

import pytest

from scripts.cluster.verify_course import Answer, Course, judged


def answers(*told: tuple[float, float, bool]) -> list[Answer]:
    """Answers by when they were asked for and had, and whether they were good."""
    return [
        Answer(number, began, ended, good, "" if good else "it answered 503")
        for number, (began, ended, good) in enumerate(told)
    ]


GOOD_ALL_ALONG = answers(*((at / 10, at / 10 + 0.01, True) for at in range(100)))


def test_an_answer_from_before_a_new_pod_is_ready_may_still_be_the_old_ones_and_does_not_count() -> None:
    course = Course(1.0, 3.05, GOOD_ALL_ALONG)
    assert course.serving == Answer(31, 3.1, 3.11, good=True)
    assert course.seconds == pytest.approx(2.11)


def test_without_a_new_pod_nothing_serves_however_good_the_answers_are() -> None:
    assert Course(1.0, None, GOOD_ALL_ALONG).serving is None
    assert Course(1.0, None, GOOD_ALL_ALONG).seconds is None


def test_a_pod_that_is_ready_and_does_not_answer_does_not_serve_yet() -> None:
    course = Course(1.0, 2.0, answers((2.1, 2.2, False), (2.5, 2.6, False), (3.0, 3.5, True)))
    assert course.seconds == 2.5


def test_it_serves_from_where_no_later_answer_is_bad() -> None:
    course = Course(1.0, 2.0, answers((2.1, 2.2, True), (2.3, 2.4, False), (2.5, 2.6, True), (2.7, 2.8, True)))
    assert course.seconds == pytest.approx(1.6)
    assert Course(1.0, 2.0, answers((2.1, 2.2, True), (2.3, 2.4, False))).serving is None


def test_what_was_asked_for_early_and_failed_late_does_not_move_it() -> None:
    course = Course(1.0, 2.0, answers((1.1, 11.1, False), (2.1, 2.2, True)))
    assert course.seconds == pytest.approx(1.2)
    assert len([each for each in course.meanwhile if not each.good]) == 1


def test_meanwhile_is_from_the_deletion_to_where_it_serves_with_what_was_held_all_along() -> None:
    told = answers((0.1, 0.2, True), (0.9, 1.5, True), (1.2, 1.3, False), (2.1, 2.2, True), (2.3, 2.4, True))
    assert [each.number for each in Course(1.0, 2.0, told).meanwhile] == [1, 2, 3]
    assert [each.number for each in Course(1.0, None, told).meanwhile] == [1, 2, 3, 4]


def test_it_is_over_once_it_has_served_for_a_while() -> None:
    course = Course(1.0, 2.0, answers((1.1, 1.2, True), (2.1, 2.2, True)))
    assert not course.is_over(2.9, settle_s=1.0)
    assert course.is_over(3.2, settle_s=1.0)
    assert not Course(1.0, None, GOOD_ALL_ALONG).is_over(100.0, settle_s=1.0)


def test_it_is_not_over_while_an_earlier_answer_is_held_back() -> None:
    first, held, *rest = answers((1.0, 1.1, True), (1.5, 8.0, True), (2.1, 2.2, True), (2.3, 2.4, True))
    assert not Course(1.0, 2.0, [first, *rest]).is_over(9.0, settle_s=1.0)
    assert Course(1.0, 2.0, [first, held, *rest]).is_over(9.0, settle_s=1.0)


def test_a_return_in_time_is_good_and_its_cost_is_told() -> None:
    told = answers((1.1, 2.9, True), (1.3, 1.4, False), (2.1, 2.4, True))
    check = judged("a pod", Course(1.0, 2.0, told), 5.0, now=4.0)
    assert (check.verdict, check.seconds, check.expected) == ("good", 1.4, "serves in less than 5 s")
    assert check.found == (
        "a new pod, ready after 1.0 s, answers; "
        "1 of 3 requests failed meanwhile (first: it answered 503), the slowest took 1.8 s"
    )
    assert check.detail == {"ready_s": 1.0, "waits_for": "", "requests": 3, "failed": 1, "slowest_s": 1.8}


def test_a_return_in_just_the_budget_is_a_miss() -> None:
    course = Course(1.0, 2.0, answers((5.5, 6.0, True)))
    check = judged("a pod", course, 5.0, now=7.0)
    assert (check.verdict, check.seconds) == ("MISSED", 5.0)
    assert judged("a pod", course, 5.01, now=7.0).verdict == "good"


@pytest.mark.parametrize(
    ("course", "found"),
    [
        (Course(1.0, None, GOOD_ALL_ALONG[:30]), "no new pod was ready within 60 s; none of 20 requests failed"),
        (
            Course(1.0, 2.0, answers((2.5, 2.6, False))),
            "a new pod was ready after 1.0 s, and did not answer for good within 60 s; 1 of 1 requests failed",
        ),
        (
            Course(1.0, None, waits_for="no node has room for its pod"),
            "no new pod was ready within 60 s (no node has room for its pod); none of 0 requests failed",
        ),
        (Course(1.0, None), "no new pod was ready within 60 s; none of 0 requests failed"),
    ],
)
def test_what_never_returned_is_a_miss_without_a_time(course: Course, found: str) -> None:
    check = judged("a pod", course, 5.0, now=61.0)
    assert (check.verdict, check.seconds) == ("MISSED", None)
    assert check.found.startswith(found)
