"""Compares what a deploy wants with what the cluster has, by the server's dry run: nothing is changed by it."""

from dataclasses import dataclass
from typing import Any, Final

from scripts.cluster.api import Cluster
from scripts.cluster.differences import difference
from scripts.cluster.foundations import is_made_by_us, schema_of
from scripts.cluster.kinds import NAMESPACE, REVISION, SERVICE, name_of, of
from scripts.cluster.lost_data import what_is_lost
from scripts.cluster.manifests import Plan, revision_of
from scripts.cluster.rollout import as_applied, is_pinned, wanted_lines
from scripts.cluster.secrets import Secrets
from scripts.cluster.targets import FRONTEND, ORDERS, read, same
from scripts.cluster.together import each
from scripts.cluster.traffic import try_out

Object = dict[str, Any]
NEW: Final = ["+ new"]


@dataclass(frozen=True)
class Compared:
    """What is to be done. `lines` is the difference for a person; `changed` names the resources."""

    foundations: tuple[Object, ...]
    migrations: tuple[Object, ...]
    has_orders: bool
    has_frontend: bool
    changed: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def is_nothing(self) -> bool:
        return not self.changed


def compare(cluster: Cluster, plan: Plan, secrets: Secrets, *, hold: bool, take_over: bool) -> Compared:
    """The difference between the plan and the cluster. Raises Refused, Conflict for what the server would not take."""
    namespace = cluster.get(NAMESPACE, cluster.namespace)
    ours = [plan.namespace] if namespace is not None and is_made_by_us(namespace) else []
    first = [*ours, *plan.foundations]
    found = each(lambda obj: _compared(cluster, obj, take_over), first)
    differing = {id(obj): lines for obj, lines in zip(first, found, strict=True) if lines is not None}
    service = cluster.get(SERVICE, ORDERS)
    stable, chaos = plan.orders["stable"], plan.orders["chaos"]
    new = {obj["metadata"]["name"] for obj in first if is_account(obj) and differing.get(id(obj)) == NEW}
    for obj in (stable, chaos, plan.frontend):
        if (lines := _compared_service(cluster, obj, take_over, new)) is not None:
            differing[id(obj)] = lines
    orders = list(differing.get(id(stable), ()))
    if cluster.get(REVISION, revision_of(chaos)) is None:
        orders.append(f"+ revision {revision_of(chaos)}")
    orders += _traffic_lines(cluster, plan, service, hold=hold, take_over=take_over)
    parts = {name_of(obj): differing[id(obj)] for obj in (*ours, *plan.foundations) if id(obj) in differing}
    parts |= {name_of(secret): NEW for secret in secrets.objects}
    schemas = [(job, schema_of(cluster, job, plan.foundations)) for job in plan.migrations]
    migrations = tuple(job for job, schema in schemas if schema != "there")
    parts |= {
        name_of(job): [f"+ once more: {what_is_lost(job)}"] if schema == "lost" else NEW
        for job, schema in schemas
        if schema != "there"
    }
    parts |= {name_of(stable): orders} if orders else {}
    frontend = list(differing.get(id(plan.frontend), ()))
    shop = cluster.get(SERVICE, FRONTEND)
    if shop is not None and not frontend and is_pinned(shop):
        frontend.append("~ spec.traffic: to the newest revision")
    parts |= {name_of(plan.frontend): frontend} if frontend else {}
    return Compared(
        foundations=tuple(obj for obj in plan.foundations if id(obj) in differing),
        migrations=migrations,
        has_orders=bool(orders),
        has_frontend=bool(frontend),
        changed=tuple(parts),
        lines=tuple(line for name, lines in parts.items() for line in (name, *(f"  {each}" for each in lines))),
    )


def _compared(cluster: Cluster, obj: Object, take_over: bool) -> list[str] | None:
    """The difference, None when there is none."""
    live = cluster.get(of(obj), obj["metadata"]["name"])
    after = cluster.apply(obj, dry_run=True, take_over=take_over)
    if live is None:
        return NEW
    return difference(live, after) or None


def _compared_service(cluster: Cluster, obj: Object, take_over: bool, new_accounts: set[str]) -> list[str] | None:
    """The same of a Knative Service.

    At a dry run of one Knative tries its pod, which needs its account: without it nothing is asked.
    """
    live = cluster.get(SERVICE, obj["metadata"]["name"])
    if live is None:
        return NEW
    if obj["spec"]["template"]["spec"].get("serviceAccountName") in new_accounts:
        return ["~ its account is new"]
    return difference(live, cluster.apply(as_applied(obj, live), dry_run=True, take_over=take_over)) or None


def is_account(obj: Object) -> bool:
    """Whether it is an account that pods run as."""
    return bool(obj["kind"] == "ServiceAccount")


def _traffic_lines(cluster: Cluster, plan: Plan, service: Object | None, *, hold: bool, take_over: bool) -> list[str]:
    """Raises Conflict, before anything is made, when somebody else set the traffic that is to be changed."""
    if service is None:
        return []
    traffic = read(service)
    lines = wanted_lines(plan, traffic, hold=hold)
    if is_pinned(service) and same(lines, traffic.wanted):
        return []
    try_out(cluster, ORDERS, lines, take_over=take_over)
    return ["~ spec.traffic: the tags to these revisions, the shares as they are"]
