"""Brings the revisions of `orders` and `frontend` into the cluster, and none takes traffic that was not asked for."""

from contextlib import suppress
from typing import Any

from scripts.cluster.api import Cluster
from scripts.cluster.errors import ClusterError
from scripts.cluster.foundations import Pace
from scripts.cluster.kinds import REVISION, SERVICE
from scripts.cluster.manifests import Plan, revision_of
from scripts.cluster.progress import Progress
from scripts.cluster.readiness import revision_made, revision_ready, service_ready
from scripts.cluster.targets import FRONTEND, NEXT, ORDERS, Target, Traffic, from_spec, read, same, shares, targets
from scripts.cluster.traffic import Change, follow_latest, put, service_of
from scripts.cluster.waiting import wait_for
from scripts.local.split import REVISIONS

Object = dict[str, Any]


def as_applied(service: Object, live: Object | None) -> Object:
    """The Service as it is to be applied to the one that is there.

    Where the template has the name of the live one, which is a digest of it, the live one is sent back: an apply
    replaces its list of containers whole, and in there are Knative's defaults and what other webhooks added.
    """
    if live is None or live["spec"]["template"].get("metadata", {}).get("name") != revision_of(service):
        return service
    return {**service, "spec": {**service["spec"], "template": live["spec"]["template"]}}


def is_pinned(service: Object | None) -> bool:
    """Whether all of the traffic goes to named revisions, so that a new template gets none."""
    wanted = read(service).wanted if service is not None else ()
    return bool(wanted) and not any(target.is_latest for target in wanted)


def wanted_lines(plan: Plan, traffic: Traffic, *, hold: bool) -> tuple[Target, ...]:
    """The traffic in the end: tags on the new revisions, with the shares that were in force; stable takes the rest.

    With `hold` the tag `stable` stays where it is, and the new one has the tag `next-stable`.
    """
    stable, chaos = (revision_of(plan.orders[name]) for name in REVISIONS)
    former = traffic.revision_of("stable")
    chaos_share = shares(traffic.wanted).get("chaos", 0)
    others = {tag: revision for tag, revision in traffic.extra_tags().items() if tag not in NEXT.values()}
    is_held = hold and former is not None and former != stable
    extra = {**others, **({NEXT["stable"]: stable} if is_held else {})}
    stays = former if is_held and former is not None else stable
    return from_spec(targets(stays, chaos, {"stable": 100 - chaos_share, "chaos": chaos_share}, extra))


def trial_lines(plan: Plan, traffic: Traffic) -> tuple[Target, ...]:
    """The traffic as it is, with the tags `next-*` at 0 % on the revisions that are new."""
    new = {NEXT[name]: revision_of(plan.orders[name]) for name in REVISIONS if _is_new(plan, traffic, name)}
    kept = [line for line in traffic.wanted if line.tag not in NEXT.values()]
    return (*kept, *(Target(revision, 0, tag) for tag, revision in new.items()))


def hosts_to_try(plan: Plan, traffic: Traffic) -> dict[str, str]:
    """Host by revision: the tag `next-*` of one that is new, its own tag else."""
    tags = {name: NEXT[name] if _is_new(plan, traffic, name) else name for name in REVISIONS}
    return {revision_of(plan.orders[name]): f"{tag}-{ORDERS}" for name, tag in tags.items()}


def first(cluster: Cluster, plan: Plan, pace: Pace, change: Change, progress: Progress) -> None:
    """Both revisions of a Service whose traffic isn't pinned yet: chaos comes once all of it is held by stable."""
    stable, chaos = (revision_of(plan.orders[name]) for name in REVISIONS)
    _bring(cluster, ORDERS, plan.orders["stable"], pace, progress)
    with progress.step("give stable all of the traffic") as step:
        put(cluster, ORDERS, from_spec(targets(stable, None, {"stable": 100})), change, step.say)
    _bring_chaos(cluster, plan, pace, progress)
    with progress.step("tag stable 100 %, chaos 0 %") as step:
        put(cluster, ORDERS, from_spec(targets(stable, chaos, {"stable": 100, "chaos": 0})), change, step.say)
    # Last, so that a later `kn service update --env` starts from stable and not from chaos.
    _bring(cluster, ORDERS, plan.orders["stable"], pace, progress)


def later(cluster: Cluster, plan: Plan, pace: Pace, progress: Progress) -> None:
    """Both revisions of a Service whose traffic is pinned, the stable template last."""
    if cluster.get(REVISION, revision_of(plan.orders["chaos"])) is None:
        _bring_chaos(cluster, plan, pace, progress)
    _bring(cluster, ORDERS, plan.orders["stable"], pace, progress)
    for name in REVISIONS:
        with progress.step(f"wait for {revision_of(plan.orders[name])}") as step:
            wait_for(cluster, REVISION, revision_of(plan.orders[name]), revision_ready, pace.within_s, step.say)


def move(cluster: Cluster, lines: tuple[Target, ...], change: Change, progress: Progress, what: str) -> None:
    """Set the traffic of `orders` unless it is so already. Raises Conflict when somebody else set it."""
    traffic = read(cluster.get(SERVICE, ORDERS) or {})
    if same(lines, traffic.wanted) and traffic.is_in_force:
        return
    with progress.step(what) as step:
        put(cluster, ORDERS, lines, change, step.say)


def shop(cluster: Cluster, plan: Plan, pace: Pace, change: Change, progress: Progress) -> Object:
    """The frontend's revision, with all of its traffic; returns the Service."""
    _bring(cluster, FRONTEND, plan.frontend, pace, progress)
    with progress.step("wait for the shop's address") as step:
        follow_latest(cluster, change, step.say)
        return wait_for(cluster, SERVICE, FRONTEND, service_ready, pace.within_s, step.say)


def _bring_chaos(cluster: Cluster, plan: Plan, pace: Pace, progress: Progress) -> None:
    """The chaos revision; if it doesn't come up, the Service gets back the template that it had."""
    former = service_of(cluster, ORDERS)["spec"]["template"]
    try:
        _bring(cluster, ORDERS, plan.orders["chaos"], pace, progress)
    except BaseException:  # Ctrl-C too: whoever goes on from here is not to start from a chaos revision
        with suppress(ClusterError):
            stable = plan.orders["stable"]
            cluster.apply({**stable, "spec": {**stable["spec"], "template": former}}, take_over=pace.take_over)
        raise


def _bring(cluster: Cluster, service: str, template: Object, pace: Pace, progress: Progress) -> None:
    """Apply a template, and wait until its revision is ready."""
    revision = revision_of(template)
    with progress.step(f"bring {revision}") as step:
        cluster.apply(as_applied(template, cluster.get(SERVICE, service)), take_over=pace.take_over)
        wait_for(cluster, SERVICE, service, revision_made(revision), pace.within_s, step.say)
        wait_for(cluster, REVISION, revision, revision_ready, pace.within_s, step.say)


def _is_new(plan: Plan, traffic: Traffic, name: str) -> bool:
    return traffic.revision_of(name) != revision_of(plan.orders[name])
