"""What a namespace holds of the shop, and what else is in it: what `destroy` removes, and what it warns of."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from scripts.cluster.api import Cluster
from scripts.cluster.kinds import (
    CONFIG_MAP,
    CORE_SERVICE,
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    JOB,
    NETWORK_POLICY,
    POD,
    REVISION,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    STATEFUL_SET,
    VOLUME_CLAIM,
    Kind,
    name_of,
    of,
)
from scripts.cluster.stored_secrets import PART_OF

Object = dict[str, Any]

# What runs goes first, and the rest once nothing runs that it protects or serves.
RUNNING: Final = (SERVICE, JOB, STATEFUL_SET, POD)
AT_REST: Final = (
    *(CORE_SERVICE, DISRUPTION_BUDGET, NETWORK_POLICY),
    *(CONFIG_MAP, VOLUME_CLAIM, SECRET, SERVICE_ACCOUNT),
)
_FOREIGN: Final = (SERVICE, DEPLOYMENT, STATEFUL_SET, JOB, POD, SECRET, CONFIG_MAP, VOLUME_CLAIM)
_MADE_BY_THE_CLUSTER: Final = frozenset({"ConfigMap kube-root-ca.crt", "ConfigMap openshift-service-ca.crt"})
_TOKEN: Final = "kubernetes.io/service-account-token"  # noqa: S105  # a type of Secrets
_SELECTOR: Final = ",".join(f"{name}={value}" for name, value in PART_OF.items())


@dataclass(frozen=True)
class Leftovers:
    """What of the shop is there, and the names of what others put beside it."""

    running: tuple[Object, ...]
    at_rest: tuple[Object, ...]
    foreign: tuple[str, ...]

    @property
    def all(self) -> tuple[Object, ...]:
        """All that is the shop's."""
        return (*self.running, *self.at_rest)

    def names(self, kind: Kind) -> list[str]:
        """The names of the shop's resources of a kind."""
        return sorted(obj["metadata"]["name"] for obj in self.all if of(obj) == kind)


def find(cluster: Cluster) -> Leftovers:
    """All that is there. Raises ClusterError."""
    has_knative = cluster.has_api(SERVICE)
    kinds = [kind for kind in dict.fromkeys((*RUNNING, *AT_REST, *_FOREIGN)) if has_knative or kind != SERVICE]
    there = {kind: cluster.list(kind) for kind in kinds}
    return sort(there)


def sort(there: dict[Kind, list[Object]]) -> Leftovers:
    """The resources by whose they are. Pure."""
    return Leftovers(
        tuple(obj for kind in RUNNING for obj in _own(there.get(kind, ())) if is_ours(obj)),
        tuple(obj for kind in AT_REST for obj in _own(there.get(kind, ())) if is_ours(obj)),
        tuple(name_of(obj) for kind in _FOREIGN for obj in _own(there.get(kind, ())) if _is_foreign(obj)),
    )


def is_ours(obj: Object) -> bool:
    """Whether it has the label that all of the shop's resources have."""
    labels = obj["metadata"].get("labels") or {}
    return all(labels.get(name) == value for name, value in PART_OF.items())


def still_running(cluster: Cluster) -> list[Object]:
    """What of the shop runs, or is about to end: also what Knative and Kubernetes made for it. Raises ClusterError."""
    knative = (SERVICE, REVISION) if cluster.has_api(SERVICE) else ()
    return [obj for kind in (*knative, JOB, STATEFUL_SET, POD) for obj in cluster.list(kind, _SELECTOR)]


def still_there(cluster: Cluster, kinds: Iterable[Kind]) -> list[Object]:
    """What of the shop's own is there. Raises ClusterError."""
    return [obj for kind in kinds for obj in _own(cluster.list(kind, _SELECTOR))]


def _own(objects: Iterable[Object]) -> Iterator[Object]:
    """Without what a controller made for something else: that goes with it."""
    for obj in objects:
        if not any(owner.get("controller") for owner in obj["metadata"].get("ownerReferences") or []):
            yield obj


def _is_foreign(obj: Object) -> bool:
    return not is_ours(obj) and name_of(obj) not in _MADE_BY_THE_CLUSTER and obj.get("type") != _TOKEN
