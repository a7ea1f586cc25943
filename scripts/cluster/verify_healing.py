"""Deletes a pod, as `kubectl delete pod` does, and measures when the shop serves again by a new one."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from scripts.cluster.errors import NotReady
from scripts.cluster.failures import pods_of, trouble_of
from scripts.cluster.filling import address
from scripts.cluster.kinds import POD, REVISION
from scripts.cluster.readiness import condition
from scripts.cluster.reasons import in_words
from scripts.cluster.targets import FRONTEND, ORDERS, Traffic
from scripts.cluster.verify_course import Course, judged
from scripts.cluster.verify_probe import Heard, probing
from scripts.cluster.verify_shown import Check
from scripts.cluster.verify_site import Site

BUDGET_S: Final = 5.0
"""What the course asks for, and the README promises: less than this from the deletion to serving."""

_STEADY: Final = 3  # good answers one after the other, before anything is deleted
_LOOK_EVERY_S: Final = 0.1
_STARTS: Final = "NotReady"  # its process runs, and has yet to say that it is ready: nothing to tell of
_SPARE_S: Final = 30.0  # which the probe goes on longer than anybody waits


@dataclass(frozen=True)
class Pace:
    """`settle_s`: how long it must have served; `give_up_s`: for how long it is waited for, so that a miss is timed."""

    budget_s: float = BUDGET_S
    settle_s: float = 1.0
    give_up_s: float = 60.0
    steady_within_s: float = 30.0


@dataclass(frozen=True)
class Patient:
    """Whose pod is deleted: what it is called, the revision of the pod, and the words of the probe that asks it."""

    what: str
    revision: str
    words: tuple[str, ...]


def function_of(traffic: Traffic, order_id: str) -> Patient:
    """The function's stable revision, which is asked for an order. Raises NotReady when none has the tag."""
    revision = traffic.revision_of("stable")
    if revision is None:
        raise NotReady(
            f"Knative Service {ORDERS} has no revision that is tagged stable",
            hint="Run deploy.py deploy, which tags it.",
        )
    return Patient("the function", revision, ("stable", "--order", order_id))


def shop_of(traffic: Traffic, namespace: str) -> Patient:
    """The shop's revision that has most of the traffic, which is asked by its route whether it sells."""
    most = max(traffic.actual, key=lambda target: target.percent, default=None)
    if most is None:
        raise NotReady(f"Knative Service {FRONTEND} has no traffic", hint="Run deploy.py status, which says why.")
    return Patient("the shop", most.revision, (f"{address(FRONTEND, namespace)}/readyz",))


def heal(site: Site, patient: Patient, pace: Pace) -> Check:
    """Delete one of its pods, and see how long it takes until it serves again. Raises ClusterError.

    What is measured is never less than what passed: the answer counts that was asked for once a new pod was ready.
    """
    name = f"a pod of {patient.what} is deleted"
    with (
        site.progress.step(f"delete a pod of {patient.what}, and wait for a new one") as step,
        probing(site, patient.words, pace.steady_within_s + pace.give_up_s + _SPARE_S, step.say) as heard,
    ):
        _wait_until_steady(heard, patient, pace, step.say)
        course = _delete(site, patient, pace, heard, step.say)
        check = judged(name, course, pace.budget_s, time.monotonic())
        step.end(check.found)
    return check


def _wait_until_steady(heard: Heard, patient: Patient, pace: Pace, said: Callable[[str], None]) -> None:
    said("asking, before anything is deleted")
    for answers in _heard_within(heard, pace.steady_within_s):
        last = answers[-_STEADY:]
        if len(last) == _STEADY and all(each.good for each in last):
            return
    why = next((each.why for each in reversed(heard.answers) if not each.good), "nothing was heard of the probe")
    raise NotReady(f"{patient.what} doesn't answer steadily, so none of its pods was deleted: {why}", lines=heard.rest)


def _delete(site: Site, patient: Patient, pace: Pace, heard: Heard, said: Callable[[str], None]) -> Course:
    former = {pod["metadata"]["name"]: is_ready(pod) for pod in pods_of(site.cluster, REVISION, patient.revision)}
    victim = next((pod for pod, ready in former.items() if ready), None)
    if victim is None:
        raise NotReady(f"Knative Revision {patient.revision} has no pod that is ready, though it answers")
    said(f"deleting Pod {victim}")
    course = Course(time.monotonic(), None)
    site.cluster.delete(POD, victim)
    for answers in _heard_within(heard, pace.give_up_s):
        if course.ready_at is None:
            course = looked(course, _new_pods(site, patient.revision, former), time.monotonic())
            said("a new pod is ready" if course.ready_at else course.waits_for or "waiting for a new pod")
        course = replace(course, answers=answers)
        if course.is_over(time.monotonic(), pace.settle_s):
            return course
    if heard.has_ended:
        raise NotReady("the probe ended in the middle of the measurement", lines=heard.rest)
    return replace(course, answers=heard.answers)


def _new_pods(site: Site, revision: str, former: Collection[str]) -> list[dict[str, Any]]:
    return [pod for pod in pods_of(site.cluster, REVISION, revision) if pod["metadata"]["name"] not in former]


def looked(course: Course, pods: Sequence[dict[str, Any]], now: float) -> Course:
    """The course by what the new pods are at just now; what kept them is remembered."""
    if any(is_ready(pod) for pod in pods):
        return replace(course, ready_at=now)
    troubles = [found for pod in pods if (found := trouble_of(pod)) is not None and found.reason != _STARTS]
    return replace(course, waits_for=in_words(troubles[0].reason, troubles[0].message)) if troubles else course


def _heard_within(heard: Heard, seconds: float) -> Iterator[Any]:
    """What was heard so far, several times a second, while more may come."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not heard.has_ended:
        yield heard.answers
        time.sleep(_LOOK_EVERY_S)


def is_ready(pod: dict[str, Any]) -> bool:
    """Whether the pod is ready, and not on its way out."""
    return "deletionTimestamp" not in pod["metadata"] and condition(pod, "Ready").get("status") == "True"
