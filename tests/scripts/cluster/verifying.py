"""What the pods of a `verify` find in the emulated cluster: all is well until a test says otherwise."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from scripts.cluster.api import Cluster
from scripts.cluster.results import Result
from scripts.cluster.verify import Terms, verify
from scripts.cluster.verify_healing import Pace
from scripts.experiments.repeating import repeating
from tests.scripts.cluster.emulation.cluster_api import ClusterApi
from tests.scripts.cluster.emulation.knobs import Play
from tests.scripts.cluster.emulation.pods import is_ready
from tests.scripts.cluster.shop import progress, reports, words_of

PACE: Final = Pace(budget_s=5.0, settle_s=0.1, give_up_s=10.0, steady_within_s=10.0)
_PLACE: Final = "flametickets.svc.cluster.local"
_FACTS: Final = {"user": "uid 1000", "root file system": "read-only", "service account token": "none", "CapEff": "0"}
_EVERY_S: Final = 0.02

Answers = Callable[[str], str | None]
"""Why the service of that name answers badly just now; None where it answers well."""


class Inside:
    """Plays the errands; `words` has what they were told, `plays` what a command does other than usual, by its word."""

    def __init__(self, api: ClusterApi) -> None:
        self.words = list[list[str]]()
        self.plays = dict[str, Play | Callable[[list[str]], Play]]()
        self.jobs = dict[str, dict[str, Any]]()
        self._api = api
        self._begun = dict[str, Play]()
        api.knobs.play = self._play

    def words_with(self, command: str) -> list[list[str]]:
        """What the errands with this command were told after it."""
        return [words[4:] for words in self.words if words[3] == command]

    def _play(self, job: dict[str, Any]) -> Play:
        uid = job["metadata"]["uid"]
        if uid not in self._begun:
            words = words_of(job)
            self.words.append(words)
            self.jobs[words[3]] = job
            play = self.plays.get(words[3]) or _usual(words)
            self._begun[uid] = play(words) if callable(play) else play
        return self._begun[uid]

    def answers(self, service: str) -> str | None:
        """The shop, and the function at its tag `stable`, answer while a pod of theirs is ready."""
        pods = self._api.pods(service)
        ours = [pod for pod in pods if service != "orders" or pod["metadata"]["name"].startswith("orders-stable-")]
        return None if any(is_ready(pod) for pod in ours) else "nothing takes connections"


@contextmanager
def probes(api: ClusterApi, answers: Answers) -> Iterator[None]:
    """Have the pods of the probes tell of answers, while the block lasts."""
    began, counts = time.monotonic(), dict[str, int]()

    def tell() -> None:
        for job in api.all("batch/v1", "Job"):
            pod = api.get("v1", "Pod", f"{job['metadata']['name']}-x7k2p")
            if "probe" not in words_of(job) or pod is None or pod.get("status", {}).get("phase") != "Running":
                continue
            why = answers("orders" if "--order" in words_of(job) else "frontend")
            number = counts[pod["metadata"]["name"]] = counts.get(pod["metadata"]["name"], -1) + 1
            told = {"began_s": time.monotonic() - began, "took_s": 0.0, "good": why is None}
            api.log(pod, json.dumps({"ask": number, **told, **({"why": why} if why else {})}))

    with repeating(tell, _EVERY_S):
        yield


def verified(cluster: Cluster, pace: Pace = PACE) -> Result:
    """What `verify` says of the shop."""
    return verify(cluster, Terms(10.0, None, pace), progress()[0])


def verdicts(result: Result) -> dict[str, str]:
    """The verdict on each check, by its name."""
    return {check["check"]: check["verdict"] for check in result.data["checks"]}


def found(result: Result, name: str) -> str:
    """What was found by the check of that name."""
    return next(str(check["found"]) for check in result.data["checks"] if check["check"] == name)


def stranger_finds(outcomes: Mapping[str, str]) -> Play:
    """A stranger's report, by host; the other hosts refuse."""
    calls = [
        {"url": f"http://{host}.{_PLACE}", "call": call, "outcome": outcomes.get(host, "refused"), "why": "as it was"}
        for host in ("orders", "stable-orders", "chaos-orders")
        for call in ("unsigned", "wrongly signed")
    ]
    code = 1 if "answered" in outcomes.values() else 2 if "unclear" in outcomes.values() else 0
    return reports({"command": "stranger", "good": code == 0, "calls": calls}, exit_code=code)


def confined_finds(**bad: str) -> Play:
    """A report on how a process is confined, with these facts that are not as they should be."""
    good = [{"fact": name, "found": found, "good": True} for name, found in _FACTS.items() if name not in bad]
    facts = [*({"fact": name, "found": found, "good": False} for name, found in bad.items()), *good]
    return reports({"command": "confined", "good": not bad, "facts": facts}, exit_code=1 if bad else 0)


def _usual(words: list[str]) -> Play:
    command, *others = words[3:]
    match command:
        case "place" | "find":
            return reports({"command": command, "order_id": others[1], "status": "confirmed"})
        case "cancel":
            orders = [{"order_id": each, "status": "cancelled"} for each in others[1:]]
            return reports({"command": "cancel", "orders": orders})
        case "probe":
            return Play(hangs=True)
        case "stranger":
            return stranger_finds({})
        case "gateway":
            hosts = [{"host": host, "outcome": "unknown", "status": 404} for host in others[-3:]]
            return reports({"command": "gateway", "hosts": hosts})
    return confined_finds()
