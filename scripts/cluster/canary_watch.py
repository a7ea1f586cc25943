"""One watch of the steady state during a canary: a Job reads the metrics of the shop's pods, and judges."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from scripts.cluster.api import Cluster
from scripts.cluster.errands import Errand, as_object, ask, inside
from scripts.cluster.errors import NotReady, Unreachable
from scripts.cluster.kinds import POD
from scripts.cluster.targets import FRONTEND
from scripts.cluster.wanted import Wanted

PORT: Final = 9095  # METRICS_PORT of the shop's process
_SAID_EVERY: Final = 5  # samples, of which there is one each second
_BAD: Final = {"buyers": "visible errors", "calls": "undecided first tries"}


@dataclass(frozen=True)
class Measure:
    """More than `limit`, from 0 to 1, of the answers to buyers, or of the first calls, is a breach."""

    metric: str
    limit: float

    @property
    def bad(self) -> str:
        """What the bad ones are."""
        return _BAD[self.metric]


@dataclass(frozen=True)
class Seen:
    """`verdict` is kept, breached, too_few or blind; `figures` has events, bad, share and their detail."""

    verdict: str
    why: str
    figures: Mapping[str, Any] = field(default_factory=dict)


def watch(
    cluster: Cluster,
    wanted: Wanted,
    measure: Measure,
    seconds: float,
    start_within_s: float,
    said: Callable[[str], None],
) -> Seen:
    """Watch for so many seconds, once the pod has started; blind when that can't be. Raises ClusterError."""
    try:
        urls = pages_of(cluster.list(POD, f"serving.knative.dev/service={FRONTEND}"))
        if not urls:
            return Seen("blind", "the shop has no pod that runs")
        terms = ("--metric", measure.metric, "--limit", f"{measure.limit:.9f}", "--seconds", f"{seconds:.1f}")
        errand = Errand("observe", inside("observe", *terms, *urls), seconds + start_within_s)
        report = ask(cluster, wanted, errand, said, lambda line: _say(line, measure, said))
    except (NotReady, Unreachable) as error:
        return Seen("blind", error.what)
    return seen(report.data)


def pages_of(pods: Sequence[Mapping[str, Any]]) -> list[str]:
    """The addresses of the metrics of those pods that run."""
    addresses = [
        str(pod.get("status", {}).get("podIP") or "")
        for pod in pods
        if pod.get("status", {}).get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]
    ]
    return [f"http://{_host(address)}:{PORT}/metrics" for address in addresses if address]


def seen(report: Mapping[str, Any]) -> Seen:
    """What a report of `scripts.inside observe` says; one without a verdict has seen nothing."""
    figures = {name: report[name] for name in ("events", "bad", "share", "detail") if name in report}
    return Seen(str(report.get("verdict", "blind")), str(report.get("why", "it gave no reason")), figures)


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _say(line: str, measure: Measure, said: Callable[[str], None]) -> None:
    """Tell of some of the samples."""
    sample = as_object(line)
    if sample is not None and isinstance(number := sample.get("sample"), int) and number % _SAID_EVERY == 0:
        said(f"{sample['after_s']:.0f} s, {sample['bad']} {measure.bad} of {sample['events']}")
