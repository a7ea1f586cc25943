"""A shop that is deployed in the emulated cluster, and what the pods of its Jobs are told to do."""

import argparse
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from rich.console import Console

from scripts.cluster import arguments
from scripts.cluster.api import Cluster
from scripts.cluster.kinds import REVISION, SERVICE
from scripts.cluster.manifests import Plan, plan, revision_of
from scripts.cluster.progress import Progress
from scripts.cluster.readiness import revision_ready, service_ready
from scripts.cluster.targets import from_spec, targets
from scripts.cluster.traffic import Change, put
from scripts.cluster.waiting import wait_for
from scripts.cluster.wanted import Wanted
from tests.scripts.cluster.emulation.cluster_api import ClusterApi
from tests.scripts.cluster.emulation.knobs import Play
from tests.scripts.cluster.wanting import DEMO

WANTED: Final = replace(DEMO, namespace="flametickets")
_WITHIN_S: Final = 10.0


@dataclass(frozen=True)
class Shop:
    """What was deployed: the names of its revisions."""

    plan: Plan
    stable: str
    chaos: str
    frontend: str


def open_shop(api: ClusterApi, cluster: Cluster, wanted: Wanted = WANTED) -> Shop:
    """Both Services, ready, with all traffic at stable."""
    api.add_namespace(wanted.namespace)
    planned = plan(wanted)
    stable, chaos = (revision_of(planned.orders[name]) for name in ("stable", "chaos"))
    change = Change("deploy", within_s=_WITHIN_S)
    bring(cluster, planned.orders["stable"])
    put(cluster, "orders", from_spec(targets(stable, None, {"stable": 100})), change, _nothing)
    bring(cluster, planned.orders["chaos"])
    put(cluster, "orders", from_spec(targets(stable, chaos, {"stable": 100})), change, _nothing)
    bring(cluster, planned.orders["stable"])
    bring(cluster, planned.frontend)
    for name in ("orders", "frontend"):
        wait_for(cluster, SERVICE, name, service_ready, _WITHIN_S, _nothing)
    return Shop(planned, stable, chaos, revision_of(planned.frontend))


def bring(cluster: Cluster, service: dict[str, Any]) -> str:
    """Apply a template, and wait for its revision; returns the revision's name."""
    cluster.apply(service)
    name = revision_of(service)
    wait_for(cluster, REVISION, name, revision_ready, _WITHIN_S, _nothing)
    return name


def with_words(plays: Mapping[str, Play], otherwise: Play | None = None) -> Callable[[dict[str, Any]], Play]:
    """What a Job's pod does, by a word of its command; a Job that has none of the words fails the test."""

    def play(job: dict[str, Any]) -> Play:
        words = words_of(job)
        found = next((plays[word] for word in words if word in plays), otherwise)
        assert found is not None, words
        return found

    return play


def words_of(job: Mapping[str, Any]) -> list[str]:
    """The words of the command that a Job runs."""
    (container,) = job["spec"]["template"]["spec"]["containers"]
    (_, *words) = container["args"]
    return list(words)


def reports(data: Mapping[str, Any], exit_code: int = 0, **play: Any) -> Play:
    """A pod that reports so, and ends so."""
    return Play((json.dumps(data),), exit_code, **play)


def options(*words: str) -> argparse.Namespace:
    """The command line as deploy.py reads it."""
    return arguments.parse(words)


def progress() -> tuple[Progress, io.StringIO]:
    """What is shown while a verb works, and where it can be read."""
    text = io.StringIO()
    return Progress(Console(file=text, width=200, highlight=False)), text


def _nothing(_said: str) -> None:
    """Nobody waits for what is said."""
