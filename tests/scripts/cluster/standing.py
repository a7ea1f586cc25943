"""A shop that stands in the emulated cluster, made of the real manifests, for tests of verbs that look at one."""

from dataclasses import replace
from typing import Any, Final

from scripts.cluster.api import Cluster
from scripts.cluster.foundations import MADE_BY
from scripts.cluster.kinds import REVISION, SERVICE, STATEFUL_SET, Kind
from scripts.cluster.manifests import Plan, plan, revision_of
from scripts.cluster.readiness import revision_ready, service_ready, stateful_set_ready
from scripts.cluster.stored_secrets import make
from scripts.cluster.targets import MANAGER, targets
from scripts.cluster.waiting import wait_for
from scripts.cluster.wanted import SecretNames
from tests.scripts.cluster.emulation.cluster_api import ClusterApi
from tests.scripts.cluster.emulation.knobs import Bad
from tests.scripts.cluster.wanting import DEMO

IMAGE: Final = DEMO.image
NO_IMAGE: Final = Bad("ImagePullBackOff", "manifest unknown")
WITHIN_S: Final = 20.0
SERVING: Final = "serving.knative.dev/v1"


def planned() -> Plan:
    """The demo, in the namespace that the tests' `cluster` is of."""
    return plan(replace(DEMO, namespace="flametickets"))


def make_namespace(api: ClusterApi, *, is_ours: bool = True) -> None:
    """The namespace, as a deploy makes it or as somebody else did, with what Kubernetes puts into each."""
    head: dict[str, Any] = {"name": "flametickets"}
    api.add(
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {**head, "annotations": {MADE_BY: "true"}} if is_ours else head,
        }
    )
    for kind, name in (("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")):
        add(api, "v1", kind, name)


def add(api: ClusterApi, version: str, kind: str, name: str, **more: Any) -> dict[str, Any]:
    """Something that somebody else put beside the shop."""
    head = {"name": name, "namespace": "flametickets", **more.pop("head", {})}
    return api.add({"apiVersion": version, "kind": kind, "metadata": head, **more})


def build(cluster: Cluster, *, chaos: int = 0) -> Plan:
    """The whole demo, with its Secrets and databases, and that share of the traffic on chaos; waits until it serves."""
    shop = planned()
    for name in _secret_names(DEMO.secrets):
        secret = make(name, {"KEY": "x"})
        secret["metadata"]["namespace"] = cluster.namespace
        cluster.create(secret)
    for obj in (*shop.foundations, shop.orders["stable"]):
        cluster.apply(obj)
    shift(cluster, shop, stable=100)
    cluster.apply(shop.orders["chaos"])
    wait_for(cluster, REVISION, revision_of(shop.orders["chaos"]), revision_ready, WITHIN_S, _silent)
    for obj in (shop.orders["stable"], shop.frontend):
        cluster.apply(obj)
    for name in ("orders-database", "frontend-database"):
        wait_for(cluster, STATEFUL_SET, name, stateful_set_ready, WITHIN_S, _silent)
    shift(cluster, shop, stable=100 - chaos, chaos=chaos)
    for name in ("orders", "frontend"):
        wait_for(cluster, SERVICE, name, service_ready, WITHIN_S, _silent)
    return shop


def shift(cluster: Cluster, shop: Plan, **split: int) -> None:
    """Set the traffic, as the tool's own field manager."""
    stable, chaos = (revision_of(shop.orders[name]) for name in ("stable", "chaos"))
    lines = targets(stable, chaos if "chaos" in split else None, split)
    head = {"name": "orders", "namespace": cluster.namespace}
    cluster.apply({"apiVersion": SERVING, "kind": "Service", "metadata": head, "spec": {"traffic": lines}}, MANAGER)


def names(cluster: Cluster, kind: Kind) -> list[str]:
    """The names of what there is of a kind."""
    return sorted(obj["metadata"]["name"] for obj in cluster.list(kind))


def _secret_names(secrets: SecretNames) -> tuple[str, ...]:
    return secrets.signing, secrets.order_key, secrets.orders_database, secrets.frontend_database


def _silent(_what: str) -> None:
    """Nobody listens."""
