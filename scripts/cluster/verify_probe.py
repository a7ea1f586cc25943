"""A pod that asks the shop several times a second, and what it tells, by the clock of this machine."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from scripts.cluster.api import Cluster
from scripts.cluster.errands import as_object, inside
from scripts.cluster.errors import ClusterError
from scripts.cluster.failures import container_of
from scripts.cluster.jobs import running, unique
from scripts.cluster.manifests import job
from scripts.cluster.verify_course import Answer
from scripts.cluster.verify_site import Site

_PAUSE_S: Final = 0.3


class Heard:
    """The answers that a probe has told of. All methods may be called from any thread.

    The pod has a clock of its own. Its lines are heard after they were written, some sooner, some later, never before:
    so the smallest difference between the two clocks is the best, and what it errs makes answers later, not earlier.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._lines = list[dict[str, Any]]()
        self._ahead_s = float("inf")  # this machine's clock, of the pod's
        self.rest = list[str]()  # what it said beside answers
        self.has_ended = False

    def hear(self, line: str) -> None:
        """Take in a line of the probe's log."""
        now, told = self._clock(), as_object(line)
        with self._lock:
            if told is None or "ask" not in told:
                self.rest.append(line)
                return
            self._lines.append(told)
            self._ahead_s = min(self._ahead_s, now - (told["began_s"] + told["took_s"]))

    @property
    def answers(self) -> list[Answer]:
        """The answers so far, in the order of their questions."""
        with self._lock:
            answers = [self._answer(told) for told in self._lines]
        return sorted(answers, key=lambda each: each.number)

    def _answer(self, told: dict[str, Any]) -> Answer:
        began = told["began_s"] + self._ahead_s
        return Answer(told["ask"], began, began + told["took_s"], bool(told["good"]), str(told.get("why", "")))


@contextmanager
def probing(site: Site, words: tuple[str, ...], seconds: float, said: Callable[[str], None]) -> Iterator[Heard]:
    """What the command `probe` with these words tells, for `seconds` at most; its Job is gone afterwards.

    Raises NotReady when its pod doesn't start, and ClusterError.
    """
    words = inside("probe", *words, "--seconds", f"{seconds:.0f}")
    made = job(site.wanted, unique("verify-probe"), words, within_s=int(site.within_s + seconds))
    with (
        running(site.cluster, made, site.within_s, said) as pod,
        _followed(site.cluster, pod, container_of({"spec": made["spec"]["template"]["spec"]})) as heard,
    ):
        yield heard


@contextmanager
def _followed(cluster: Cluster, pod: str, container: str) -> Iterator[Heard]:
    heard, over = Heard(), threading.Event()
    follower = threading.Thread(target=_follow, args=(cluster, pod, container, heard, over), daemon=True)
    follower.start()
    try:
        yield heard
    finally:
        over.set()  # and its log ends with its Job


def _follow(cluster: Cluster, pod: str, container: str, heard: Heard, over: threading.Event) -> None:
    """Hear each line once, though the connection may break."""
    count = 0
    while not over.is_set():
        with suppress(ClusterError):
            for number, line in enumerate(cluster.follow_logs(pod, container)):
                if number >= count:
                    heard.hear(line)
                    count += 1
            heard.has_ended = True
            return
        over.wait(_PAUSE_S)
