"""The verb `canary`: shifts traffic in steps, watches the shop at each, and goes back at the first breach.

Nothing is ever put over what somebody else has set meanwhile: then the canary ends, and the traffic stays theirs.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from scripts.cluster.api import Cluster
from scripts.cluster.canary_policy import Action, Canary, End, GoBack, Shift
from scripts.cluster.canary_shown import Step, shown
from scripts.cluster.canary_steps import Lines, candidate_of, chaos_steps, stable_steps
from scripts.cluster.canary_watch import Measure, Seen, watch
from scripts.cluster.deployed import wanted_of
from scripts.cluster.errors import ClusterError, Conflict, Unreachable
from scripts.cluster.kinds import REVISION
from scripts.cluster.progress import Progress
from scripts.cluster.results import Result
from scripts.cluster.split_shown import shown as split_shown
from scripts.cluster.targets import FIELD, ORDERS, Traffic, read, same, shares
from scripts.cluster.traffic import Change, put, service_of
from scripts.cluster.wanted import Wanted
from scripts.local.split import in_words

_PAUSE_S: Final = 1.0
_TO_ROLL_BACK: Final = "As soon as the cluster answers: python3 scripts/deploy.py rollback"


@dataclass(frozen=True)
class Terms:
    """Which revision, `chaos` or the new `stable`, in which steps of percent; each is watched for `watch_s`."""

    revision: str
    steps: Sequence[int]
    watch_s: float
    measure: Measure
    take_over: bool = False
    image: str | None = None
    within_s: float = 300.0


def run(cluster: Cluster, options: argparse.Namespace, progress: Progress) -> Result:
    """Good when all steps held, bad at a breach, not done when nobody can say. Raises ClusterError, Conflict for one.

    Ctrl-C takes the traffic back to the last good split before it ends.
    """
    measure = Measure(options.metric, options.limit)
    terms = Terms(
        options.revision, options.steps, options.watch, measure, options.take_over, options.image, options.timeout
    )
    return canary(cluster, terms, progress)


def canary(cluster: Cluster, terms: Terms, progress: Progress) -> Result:
    """The same, by its terms."""
    wanted = wanted_of(cluster, terms.image)
    traffic = read(service_of(cluster, ORDERS))
    steps = _steps(cluster, traffic, terms)
    if not steps:
        progress.note(f"no step is more than chaos has: {in_words(shares(traffic.wanted))}")
        return split_shown(traffic)
    return _Run(cluster, wanted, terms, progress, traffic.wanted, steps).carry_out()


def _steps(cluster: Cluster, traffic: Traffic, terms: Terms) -> list[Lines]:
    if terms.revision == "chaos":
        return chaos_steps(traffic, terms.steps)
    revisions = cluster.list(REVISION, f"serving.knative.dev/service={ORDERS}")
    return stable_steps(traffic, candidate_of(traffic, revisions), terms.steps)


class _Run:
    """One canary under way."""

    def __init__(
        self,
        cluster: Cluster,
        wanted: Wanted,
        terms: Terms,
        progress: Progress,
        before: Lines,
        steps: Sequence[Lines],
    ) -> None:
        self._cluster = cluster
        self._wanted = wanted
        self._terms = terms
        self._progress = progress
        self._policy: Canary[Lines] = Canary(before, steps, terms.watch_s, time.monotonic)
        self._ours = [before]  # what the traffic may be unless somebody else changed it
        self._steps = dict[int, Step]()
        self._number = 0

    def carry_out(self) -> Result:
        action = self._policy.begin()
        try:
            while not isinstance(action, (GoBack, End)):
                action = self._shift(action) if isinstance(action, Shift) else self._watch(action.seconds)
        except KeyboardInterrupt:
            self._go_back(self._policy.last_good)
            raise
        except Conflict:
            raise  # the traffic is somebody else's now
        except ClusterError as error:
            self._progress.warn(error.what)
            self._go_back(self._policy.last_good)
            raise
        if isinstance(action, GoBack):
            self._progress.warn(f"{'breach' if action.is_breach else 'nobody can say'}: {action.why}")
            self._go_back(action.to)
        return shown(self._terms.revision, action, list(self._steps.values()), read(service_of(self._cluster, ORDERS)))

    def _shift(self, action: Shift[Lines]) -> Action[Lines]:
        self._number = action.number
        self._steps[action.number] = Step(shares(action.to))
        with self._progress.step(f"shift to {in_words(shares(action.to))}") as step:
            self._put(action.to, step.say, is_first=action.number == 1)
        return self._policy.shifted()

    def _watch(self, seconds: float) -> Action[Lines]:
        terms = self._terms
        with self._progress.step(f"watch for {seconds:.0f} s") as step:
            saw = watch(self._cluster, self._wanted, terms.measure, seconds, terms.within_s, step.say)
            step.end(saw.why)
        self._steps[self._number] = Step(self._steps[self._number].split, saw)
        if saw.verdict != "blind":  # which may be because the cluster doesn't answer just now
            self._check_ours()
        return self._next(saw)

    def _next(self, saw: Seen) -> Action[Lines]:
        match saw.verdict:
            case "kept":
                return self._policy.held_out()
            case "breached":
                return self._policy.breached(saw.why)
            case "too_few":
                return self._policy.too_few(saw.why)
        return self._policy.blind(saw.why)

    def _go_back(self, to: Lines) -> None:
        """Once more where Ctrl-C interrupts it: the operator wants to end, and not to leave a breach behind."""
        if not self._steps:
            return
        with self._progress.step(f"back to {in_words(shares(to))}") as step:
            try:
                self._put_back(to, step.say)
            except KeyboardInterrupt:
                self._progress.warn("the traffic goes back first; Ctrl-C once more leaves it where it is")
                self._put_back(to, step.say)
                raise

    def _put_back(self, to: Lines, said: Callable[[str], None]) -> None:
        """Through an outage of the API server too, for as long as one thing may take."""
        until = time.monotonic() + self._terms.within_s
        while True:
            try:
                return self._put(to, said)
            except Unreachable as error:
                if time.monotonic() >= until:
                    left = " or ".join(in_words(shares(lines)) for lines in self._ours)
                    raise Unreachable(
                        f"the traffic of {ORDERS} can't be put back to {in_words(shares(to))}; it is left at {left}",
                        lines=[error.what],
                        hint=_TO_ROLL_BACK,
                    ) from error
                said(error.what)
                time.sleep(_PAUSE_S)

    def _put(self, lines: Lines, said: Callable[[str], None], *, is_first: bool = False) -> None:
        """The first shift may take over what was there before; from then on the traffic is this canary's or not."""
        self._check_ours()
        self._ours.append(lines)  # from here on it may be so, whatever happens
        change = Change(
            f"canary {self._terms.revision}",
            take_over=self._terms.take_over and is_first,
            within_s=self._terms.within_s,
            is_recorded=is_first,
        )
        put(self._cluster, ORDERS, lines, change, said)
        self._ours = [lines]

    def _check_ours(self) -> None:
        """Raises Conflict when somebody else changed the traffic since it was set here."""
        service: dict[str, Any] = service_of(self._cluster, ORDERS)
        traffic = read(service)
        if any(same(lines, traffic.wanted) for lines in self._ours):
            return
        owner = traffic.owner.manager if traffic.owner else ""
        who = "another deploy.py" if traffic.owner and traffic.owner.is_this_tool else owner or "somebody else"
        raise Conflict(
            f"Knative Service {ORDERS}: {who} set the traffic to {in_words(shares(traffic.wanted))} in the middle of "
            "the canary; it was left so",
            owner=owner,
            field=FIELD,
            hint="Begin again when nobody else shifts: the same command, with --take-over if kn set it last.",
        )
