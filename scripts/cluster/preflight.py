"""Looks, before anything is changed, whether a cluster can take the shop; what can't be is said with the way out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from scripts.cluster.answers import INSTALL_PAGE
from scripts.cluster.api import Cluster
from scripts.cluster.errors import Forbidden, Refused, Unsuitable
from scripts.cluster.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    JOB,
    NAMESPACE,
    NETWORK_POLICY,
    POD,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    STATEFUL_SET,
    STORAGE_CLASS,
    Kind,
)
from scripts.cluster.readiness import is_terminating
from scripts.cluster.together import each
from scripts.cluster.wanted import Storage

_KNATIVE: Final = "knative-serving"
_DEFAULT_CLASS: Final = "storageclass.kubernetes.io/is-default-class"
_RIGHTS: Final[tuple[tuple[str, Kind], ...]] = (
    *(("patch", kind) for kind in (SERVICE, NETWORK_POLICY, SERVICE_ACCOUNT)),
    *(("create", kind) for kind in (SECRET, JOB, CONFIG_MAP)),
    *(("list", kind) for kind in (SECRET, POD)),
    ("delete", JOB),
)


@dataclass(frozen=True)
class Findings:
    """What was found: the namespace when it is there, Knative's settings when they may be read, where data can lie."""

    namespace: dict[str, Any] | None
    config_deployment: dict[str, Any] | None
    storage: Storage
    warnings: tuple[str, ...] = ()


def look(cluster: Cluster) -> Findings:
    """Everything that can be known before the first change. Raises ClusterError for what stands in the way."""
    if not cluster.has_api(SERVICE):
        raise Unsuitable(
            f"the cluster at {cluster.where} has no Knative Serving",
            hint=f"Install it, and an ingress for it: {INSTALL_PAGE}",
        )
    namespace = cluster.get(NAMESPACE, cluster.namespace)
    if namespace is not None and is_terminating(namespace):
        raise Refused(
            f"Namespace {cluster.namespace} is being deleted",
            hint="Wait until it is gone, and run the same command again.",
        )
    _check_rights(cluster, is_new=namespace is None)
    network, deployment = (_readable(cluster, name) for name in ("config-network", "config-deployment"))
    _check_ingress(cluster, network)
    storage, warnings = _storage(cluster)
    return Findings(namespace, deployment, storage, warnings)


def ingress_class(config_network: Mapping[str, Any] | None) -> str:
    """The ingress that Knative is told to use; empty when nobody said."""
    data = (config_network or {}).get("data") or {}
    return str(data.get("ingress-class") or data.get("ingress.class") or "")


def has_default(storage_classes: list[dict[str, Any]]) -> bool:
    """Whether a volume claim that names no class gets a volume."""
    notes = (item["metadata"].get("annotations") or {} for item in storage_classes)
    return any(each.get(_DEFAULT_CLASS) == "true" for each in notes)


def _check_rights(cluster: Cluster, *, is_new: bool) -> None:
    asked = [*_RIGHTS, *((("create", NAMESPACE),) if is_new else ())]
    answers = each(lambda right: cluster.may(*right), asked)
    missing = [
        f"{verb} {kind.plural}" for (verb, kind), is_allowed in zip(asked, answers, strict=True) if not is_allowed
    ]
    if missing:
        raise Forbidden(
            f"this user may not do in the namespace {cluster.namespace} what a deploy needs: {', '.join(missing)}",
            hint="Ask whoever looks after the cluster for these rights, or choose another context with --context.",
        )


def _readable(cluster: Cluster, name: str) -> dict[str, Any] | None:
    """A setting of Knative's; None also when this user may not read it."""
    try:
        return cluster.get(CONFIG_MAP, name, namespace=_KNATIVE)
    except Forbidden:
        return None


def _check_ingress(cluster: Cluster, config_network: Mapping[str, Any] | None) -> None:
    if config_network is None or ingress_class(config_network):
        return  # nothing is known against it: Knative's own reason, IngressNotConfigured, would tell later
    try:
        deployments = cluster.list(DEPLOYMENT, namespace=_KNATIVE)
    except Forbidden:
        return
    if not any(item["metadata"]["name"].startswith("net-") for item in deployments):
        raise Unsuitable(
            "Knative Serving has no ingress, so nothing that is deployed could be reached",
            hint=f"Install one, Kourier for one: {INSTALL_PAGE}",
        )


def _storage(cluster: Cluster) -> tuple[Storage, tuple[str, ...]]:
    """As the demo's database has it already, for that can't be changed; else by the cluster's default class."""
    there = cluster.get(STATEFUL_SET, "orders-database")
    if there is not None:
        return ("claim" if there["spec"].get("volumeClaimTemplates") else "memory"), ()
    try:
        return ("claim" if has_default(cluster.list(STORAGE_CLASS)) else "memory"), ()
    except Forbidden:
        return "claim", ("the storage classes may not be read; a default one is taken for granted",)
