"""Waits for a resource to become what it should be, and tells why it doesn't."""

import time
from collections.abc import Callable
from typing import Any, Final

from scripts.cluster.api import Cluster
from scripts.cluster.failures import not_ready, timed_out, troubles_of
from scripts.cluster.kinds import Kind
from scripts.cluster.readiness import Broken, Done, Judge, NotYet, Verdict
from scripts.cluster.reasons import in_words

_LOOK_EVERY_S: Final = 2.0  # at the pods: their trouble shows long before Knative gives up


def wait_for(
    cluster: Cluster, kind: Kind, name: str, judge: Judge, within_s: float, said: Callable[[str], None]
) -> dict[str, Any]:
    """Return the resource once it is judged done, an empty dict if that is to be gone.

    Raises NotReady as soon as waiting is no use, TimedOut after `within_s`; both with the pods' reasons and logs.
    """
    deadline = time.monotonic() + within_s
    verdict_said, pods_said = _changes(said), _changes(said)  # or the two would take turns
    while True:
        left = deadline - time.monotonic()
        state, verdict = _watch(cluster, kind, name, judge, min(_LOOK_EVERY_S, max(left, 0.01)), verdict_said)
        if isinstance(verdict, Done):
            return state or {}
        if isinstance(verdict, Broken):
            raise not_ready(cluster, kind, name, verdict.reason, verdict.message)
        why = _look_at_pods(cluster, kind, name) or verdict.why
        pods_said(why)
        if time.monotonic() >= deadline:
            raise timed_out(cluster, kind, name, within_s, why)


def _changes(said: Callable[[str], None]) -> Callable[[str], None]:
    """Passes on what is not what was said last."""
    last = ""

    def heard(what: str) -> None:
        nonlocal last
        if what != last:
            last = what
            said(what)

    return heard


def _watch(
    cluster: Cluster, kind: Kind, name: str, judge: Judge, within_s: float, said: Callable[[str], None]
) -> tuple[dict[str, Any] | None, Verdict]:
    """The last state in that time and its verdict; returns at once when it is settled."""
    state: dict[str, Any] | None = None
    verdict: Verdict = NotYet("waiting for the cluster")
    for state in cluster.watch(kind, name, within_s):
        verdict = judge(state)
        if not isinstance(verdict, NotYet):
            break
        said(verdict.why)
    return state, verdict


def _look_at_pods(cluster: Cluster, kind: Kind, name: str) -> str:
    """What the first pod that isn't well waits for. Raises NotReady when no waiting helps."""
    troubles = troubles_of(cluster, kind, name)
    for trouble in troubles:
        if trouble.is_hopeless:
            raise not_ready(cluster, kind, name, trouble.reason, trouble.message)
    return next((in_words(trouble.reason) for trouble in troubles), "")
