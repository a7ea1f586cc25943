"""The course of a recovery, by one clock: a pod was deleted, another one became ready, and answers came. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scripts.cluster.verify_shown import Check


@dataclass(frozen=True)
class Answer:
    """One answer of a probe: its number, from 0, when it was asked for and when had, and whether it was good."""

    number: int
    began: float
    ended: float
    good: bool
    why: str = ""


@dataclass(frozen=True)
class Course:
    """`ready_at` is when a new pod was seen to be ready, None before that; all times are seconds of one clock.

    `waits_for` is what kept the new pod, in words, empty where the cluster told of nothing.
    """

    deleted_at: float
    ready_at: float | None
    answers: Sequence[Answer] = ()
    waits_for: str = ""

    @property
    def serving(self) -> Answer | None:
        """The answer with which it serves again: good, asked for with a new pod ready, and none asked for later is bad.

        Anything earlier may still come of the pod that ends.
        """
        if self.ready_at is None:
            return None
        bad_until = max((each.began for each in self.answers if not each.good), default=-math.inf)
        good = [each for each in self.answers if each.good and each.began >= self.ready_at and each.began > bad_until]
        return min(good, key=lambda each: each.ended, default=None)

    @property
    def seconds(self) -> float | None:
        """From the deletion to where it serves again; None when it doesn't."""
        return None if self.serving is None else self.serving.ended - self.deleted_at

    @property
    def meanwhile(self) -> list[Answer]:
        """The answers to what was asked for, or still not answered, between the deletion and where it serves again."""
        until = math.inf if self.serving is None else self.serving.ended
        return [each for each in self.answers if each.ended >= self.deleted_at and each.began <= until]

    def is_over(self, now: float, settle_s: float) -> bool:
        """Whether it has served for so long, and nothing that was asked for before is still not answered."""
        if self.serving is None or now < self.serving.ended + settle_s:
            return False
        earlier = {each.number for each in self.answers if each.number < self.serving.number}
        return len(earlier) == self.serving.number


def judged(name: str, course: Course, budget_s: float, now: float) -> Check:
    """Good when it serves again in less than `budget_s`; `now` is when nobody waited any longer."""
    failed = [each for each in course.meanwhile if not each.good]
    slowest_s = max((each.ended - each.began for each in course.meanwhile), default=0.0)
    figures = {"requests": len(course.meanwhile), "failed": len(failed), "slowest_s": round(slowest_s, 2)}
    ready_s = None if course.ready_at is None else round(course.ready_at - course.deleted_at, 2)
    seconds = course.seconds
    waited, why = f"within {now - course.deleted_at:.0f} s", f" ({course.waits_for})" if course.waits_for else ""
    if ready_s is None:
        state = f"no new pod was ready {waited}{why}"
    elif seconds is None:
        state = f"a new pod was ready after {ready_s:.1f} s{why}, and did not answer for good {waited}"
    else:
        state = f"a new pod, ready after {ready_s:.1f} s{why}, answers"
    is_good = seconds is not None and seconds < budget_s
    return Check(
        name,
        f"serves in less than {budget_s:g} s",
        f"{state}; {_requests(course.meanwhile, failed, slowest_s)}",
        "good" if is_good else "MISSED",
        None if seconds is None else round(seconds, 2),
        {"ready_s": ready_s, "waits_for": course.waits_for, **figures},
    )


def _requests(all_of_them: Sequence[Answer], failed: Sequence[Answer], slowest_s: float) -> str:
    count = f"{len(failed) or 'none'} of {len(all_of_them)} requests failed meanwhile"
    why = f" (first: {failed[0].why})" if failed else ""
    return f"{count}{why}, the slowest took {slowest_s:.1f} s"
