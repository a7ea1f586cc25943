"""The verb `rollback`: back to the traffic before the last change, or to one revision; what can't serve is refused.

It records a snapshot as every change does, so that a second rollback undoes the first.
"""

import argparse
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from scripts.cluster.api import Cluster
from scripts.cluster.errors import Refused
from scripts.cluster.history import Snapshot, is_same, last_different, load
from scripts.cluster.kinds import REVISION, SECRET, SERVICE
from scripts.cluster.progress import Progress
from scripts.cluster.reachable import objection, secrets_of, strife
from scripts.cluster.results import BAD, Result
from scripts.cluster.split_shown import shown
from scripts.cluster.targets import FRONTEND, ORDERS, Target, read, same, shares
from scripts.cluster.traffic import Change, put, service_of
from scripts.local.split import REVISIONS, in_words

Lines = tuple[Target, ...]
Service = Mapping[str, Any]
_OURS: Final = re.compile(r"(?:(orders)-(stable|chaos)|(frontend))-[0-9a-f]{10}")
_DEPLOY_INSTEAD: Final = (
    "Nothing was changed. Deploy the image that you want back: python3 scripts/deploy.py --image …; "
    "that makes revisions with the Secrets in force."
)


@dataclass(frozen=True)
class Way:
    """Where a rollback leads: the traffic by service, the present one where it stays, and how to call it."""

    traffic: Mapping[str, Lines]
    said: str


def run(cluster: Cluster, options: argparse.Namespace, progress: Progress) -> Result:
    """Roll back and show the split that is in force then. Raises ClusterError; Refused for what could not serve."""
    services = {name: found for name in (ORDERS, FRONTEND) if (found := cluster.get(SERVICE, name)) is not None}
    services.setdefault(ORDERS, service_of(cluster, ORDERS))
    present = {name: read(service).wanted for name, service in services.items()}
    revisions = {revision["metadata"]["name"]: revision for revision in cluster.list(REVISION)}
    if options.to:
        way: Way | None = to_revision(options.to, present, services)
    else:
        way = to_snapshot(last_different(load(cluster), present), present, services, revisions.keys())
    if way is None:
        return Result(BAD, ("there is no earlier split to go back to",), {"why": "no different snapshot"})
    if is_same(way.traffic, present):
        progress.note(f"{way.said} is in force already")
        return shown(read(services[ORDERS]))
    with progress.step(f"look whether {way.said} can serve"):
        _check(cluster, way, present, revisions)
    by = f"rollback --to {options.to}" if options.to else "rollback"
    _go(cluster, way, present, Change(by, options.take_over, options.timeout), progress)
    return shown(read(service_of(cluster, ORDERS)))


def to_snapshot(
    snapshot: Snapshot | None, present: Mapping[str, Lines], services: Mapping[str, Service], there: Collection[str]
) -> Way | None:
    """The way back to a snapshot; a service that it doesn't know stays as it is. None without a snapshot.

    `there` are the names of the revisions that still exist: a tag without a share on another one is left out.
    """
    if snapshot is None:
        return None
    known = {name: lines for name, lines in snapshot.traffic.items() if name in services}
    kept = {
        name: restored([line for line in lines if _matters(line) or line.revision in there], services[name])
        for name, lines in known.items()
    }
    return Way({**present, **kept}, f"the split of {snapshot.time}, from before `{snapshot.by}`")


def to_revision(revision: str, present: Mapping[str, Lines], services: Mapping[str, Service]) -> Way:
    """The way to one revision: it gets its tag, and the split stays. Raises Refused for a name that isn't ours."""
    form = _OURS.fullmatch(revision)
    if form is None or (form[1] or form[3]) not in services:
        raise Refused(
            f"{revision} is no revision of this shop",
            hint="Ours are orders-stable-…, orders-chaos-… and frontend-…, with ten digits; deploy.py status has them.",
        )
    if form[3]:
        alone = restored([Target(revision, 100, is_latest=True)], services[FRONTEND])
        return Way({**present, FRONTEND: alone}, revision)
    return Way({**present, ORDERS: retagged(present[ORDERS], form[2], revision)}, revision)


def retagged(lines: Sequence[Target], tag: str, revision: str) -> Lines:
    """The tag on another revision; chaos keeps its share, and the stable tag takes all else. Raises Refused."""
    tags = {line.tag: line.revision for line in lines if line.tag} | {tag: revision}
    if "stable" not in tags:
        raise Refused(
            "no revision is tagged stable, so nothing could take the rest of the traffic",
            hint="Name the stable one first: python3 scripts/deploy.py rollback --to orders-stable-…",
        )
    chaos = shares(lines).get("chaos", 0)
    split = {"stable": 100 - chaos, "chaos": chaos}
    return tuple(Target(each, split.get(name, 0), name) for name, each in tags.items())


def restored(lines: Iterable[Target], service: Service) -> Lines:
    """The lines of a snapshot, for now: what followed the newest revision is pinned, unless it is the newest again."""
    newest = service.get("status", {}).get("latestCreatedRevisionName")
    return tuple(replace(line, is_latest=line.is_latest and line.revision == newest) for line in lines)


def _matters(line: Target) -> bool:
    """Whether calls go there: by its share, or as retries and tries of an operator go to the tags."""
    return bool(line.percent) or line.tag in REVISIONS


def _check(cluster: Cluster, way: Way, present: Mapping[str, Lines], revisions: Mapping[str, dict[str, Any]]) -> None:
    """Raises Refused when the way leads to revisions that can't serve together."""
    wanted = {line.revision for name, lines in way.traffic.items() if lines != present[name] for line in lines}
    callers = {line.revision for lines in way.traffic.values() for line in lines}
    named = {secret for name in callers & revisions.keys() for secret in secrets_of(revisions[name])}
    secrets = {name: found for name in sorted(named) if (found := cluster.get(SECRET, name)) is not None}
    objections = [objection(name, revisions.get(name), secrets) for name in sorted(wanted)]
    strifes = [
        strife(revisions[caller.revision], revisions[called.revision], secrets)
        for caller in way.traffic.get(FRONTEND, ())
        for called in way.traffic[ORDERS]
        if _matters(called) and {caller.revision, called.revision} <= revisions.keys()
    ]
    if why := next((each for each in (*objections, *strifes) if each), None):
        raise Refused(f"the rollback was refused: {why}", hint=_DEPLOY_INSTEAD)


def _go(cluster: Cluster, way: Way, present: Mapping[str, Lines], change: Change, progress: Progress) -> None:
    """Orders first: a new shop may call an old function, as in every deploy."""
    for name in (ORDERS, FRONTEND):
        lines = way.traffic.get(name)
        if lines is None or same(lines, present[name]):
            continue
        with progress.step(f"{name} back to {in_words(shares(lines))}") as step:
            put(cluster, name, lines, change, step.say)
