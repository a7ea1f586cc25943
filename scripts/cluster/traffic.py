"""The verb `traffic`: shows the split of `orders` and who set it, and shifts it; never over somebody else's unasked."""

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from scripts.cluster.api import Cluster
from scripts.cluster.errors import Conflict, NotReady
from scripts.cluster.history import record
from scripts.cluster.kinds import REVISION, ROUTE, SERVICE
from scripts.cluster.progress import Progress
from scripts.cluster.readiness import Broken, Done, Judge, NotYet, Verdict, condition, is_observed
from scripts.cluster.reasons import in_words as reason_in_words
from scripts.cluster.results import Result
from scripts.cluster.split_shown import shown
from scripts.cluster.targets import (
    FIELD,
    FRONTEND,
    MANAGER,
    ORDERS,
    Target,
    Traffic,
    as_spec,
    from_spec,
    read,
    same,
    shares,
    targets,
)
from scripts.cluster.waiting import wait_for
from scripts.local.split import Split, in_words

__all__ = ["Change", "follow_latest", "in_force", "put", "read", "run", "service_of", "shift", "targets"]

_TAKE_OVER: Final = "Run the same command with --take-over to put this in its place."


@dataclass(frozen=True)
class Change:
    """Who asks for a change of the traffic, in the words of the command, and how far it may go.

    One that is a part of a larger change isn't recorded: a rollback undoes the whole.
    """

    by: str
    take_over: bool = False
    within_s: float = 60.0
    is_recorded: bool = True


def run(cluster: Cluster, options: argparse.Namespace, progress: Progress) -> Result:
    """Show the split, or shift it to `options.split` and show it. Raises ClusterError, Conflict for one."""
    if options.split:
        change = Change(_asked(options.split), options.take_over, options.timeout)
        shift(cluster, options.split, change, progress)
    return shown(read(service_of(cluster, ORDERS)))


def shift(cluster: Cluster, split: Split, change: Change, progress: Progress) -> None:
    """Give the revisions that are tagged these shares, and wait until they have them. Raises ClusterError."""
    service = service_of(cluster, ORDERS)
    traffic = read(service)
    stable, chaos = (_revision(cluster, traffic, tag) for tag in ("stable", "chaos"))
    lines = from_spec(targets(stable, chaos, split, traffic.extra_tags()))
    if same(lines, traffic.wanted) and traffic.is_in_force and (traffic.owner is None or traffic.owner.is_this_tool):
        progress.note(f"the split is {in_words(split)} already")
        return
    with progress.step(f"shift to {in_words(split)}") as step:
        put(cluster, ORDERS, lines, change, step.say)


def put(
    cluster: Cluster, name: str, lines: Sequence[Target], change: Change, said: Callable[[str], None]
) -> dict[str, Any]:
    """Set the traffic of a Service, after a snapshot of how it was; wait until it is in force, and return the Route.

    Raises Conflict with owner and field when somebody else set it last, before anything is changed.
    """
    try_out(cluster, name, lines, take_over=change.take_over)
    if change.is_recorded:
        record(cluster, change.by)
    with _owner_named(cluster, name):
        cluster.apply(_body(cluster, name, lines), MANAGER, take_over=change.take_over)
    return wait_for(cluster, ROUTE, name, in_force(lines), change.within_s, said)


def try_out(cluster: Cluster, name: str, lines: Sequence[Target], *, take_over: bool) -> None:
    """Ask the server whether it would take the traffic, and change nothing. Raises Conflict as `put` does."""
    with _owner_named(cluster, name):
        cluster.apply(_body(cluster, name, lines), MANAGER, dry_run=True, take_over=take_over)


def follow_latest(cluster: Cluster, change: Change, said: Callable[[str], None]) -> None:
    """Let the frontend's traffic follow its newest revision again, after a rollback pinned it to an older one.

    Does nothing where it follows already. Raises Conflict when somebody else pinned it.
    """
    service = service_of(cluster, FRONTEND)
    traffic = read(service)
    if all(target.is_latest for target in traffic.wanted):
        return
    put(cluster, FRONTEND, [Target(_latest(service), 100, is_latest=True)], change, said)


def _body(cluster: Cluster, name: str, lines: Sequence[Target]) -> dict[str, Any]:
    return {
        "apiVersion": SERVICE.api_version,
        "kind": SERVICE.kind,
        "metadata": {"name": name, "namespace": cluster.namespace},
        "spec": {"traffic": as_spec(lines)},
    }


def in_force(lines: Sequence[Target]) -> Judge:
    """A judge of a Route: it sends the traffic so, and the ingress has taken it."""
    asked = _unnamed(lines)

    def judge(route: dict[str, Any] | None) -> Verdict:
        if route is None or not is_observed(route) or not same(_unnamed(read(route).wanted), asked):
            return NotYet("waiting for Knative to read the change")
        state = condition(route, "Ready")
        reason, message = state.get("reason", ""), state.get("message", "")
        if state.get("status") == "True" and same(_unnamed(read(route).actual), asked):
            return Done()
        if state.get("status") == "False" and reason in {"RevisionNotOwned", "IngressNotConfigured"}:
            return Broken(reason, message)
        return NotYet(reason_in_words(reason, message) if reason else "waiting for the ingress")

    return judge


def service_of(cluster: Cluster, name: str) -> dict[str, Any]:
    """The Knative Service. Raises NotReady when it isn't there."""
    service = cluster.get(SERVICE, name)
    if service is None:
        raise NotReady(
            f"Knative Service {name} isn't in the namespace {cluster.namespace}",
            hint="Deploy first: python3 scripts/deploy.py --image …; --namespace names another place.",
        )
    return service


def _revision(cluster: Cluster, traffic: Traffic, tag: str) -> str:
    """The revision that has the tag, or the newest that was made for it where somebody took the tag away."""
    if (tagged := traffic.revision_of(tag)) is not None:
        return tagged
    prefix = f"{ORDERS}-{tag}-"
    made = [
        (revision["metadata"].get("creationTimestamp", ""), revision["metadata"]["name"])
        for revision in cluster.list(REVISION, f"serving.knative.dev/service={ORDERS}")
        if revision["metadata"]["name"].startswith(prefix) and condition(revision, "Ready").get("status") == "True"
    ]
    if not made:
        raise NotReady(
            f"Knative Service {ORDERS} has no revision that is tagged {tag}, and none named {prefix}… that is ready",
            hint="Run deploy.py deploy, which makes it.",
        )
    return str(max(made)[1])


def _unnamed(lines: Sequence[Target]) -> list[Target]:
    """A Route doesn't say which revision the newest is before it has sent traffic there."""
    return [replace(line, revision="") if line.is_latest else line for line in lines]


def _asked(split: Split) -> str:
    return f"traffic {' '.join(f'{name}={percent}' for name, percent in split.items())}"


def _latest(service: dict[str, Any]) -> str:
    return str(service.get("status", {}).get("latestReadyRevisionName", ""))


@contextmanager
def _owner_named(cluster: Cluster, name: str) -> Iterator[None]:
    """Says what the owner of the traffic made of it, and how to go on."""
    try:
        yield
    except Conflict as conflict:
        if not conflict.owner:
            raise
        traffic = read(service_of(cluster, name))
        at = f" at {traffic.owner.at}" if traffic.owner else ""
        raise Conflict(
            f"Knative Service {name}: the traffic ({conflict.field or FIELD}) belongs to {conflict.owner}, which set it"
            f"{at} to {in_words(shares(traffic.wanted))}; it was left so",
            owner=conflict.owner,
            field=conflict.field or FIELD,
            hint=_TAKE_OVER,
        ) from conflict
