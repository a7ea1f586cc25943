"""The kinds that the server knows, as discovery tells them."""

from dataclasses import dataclass
from typing import Any, Final

SERVING: Final = "serving.knative.dev"


@dataclass(frozen=True)
class Served:
    """A kind with its address."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


KINDS: Final = (
    Served("", "v1", "Namespace", "namespaces", namespaced=False),
    Served("", "v1", "Node", "nodes", namespaced=False),
    Served("", "v1", "Pod", "pods"),
    Served("", "v1", "Secret", "secrets"),
    Served("", "v1", "ConfigMap", "configmaps"),
    Served("", "v1", "Service", "services"),
    Served("", "v1", "ServiceAccount", "serviceaccounts"),
    Served("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
    Served("", "v1", "Event", "events"),
    Served("apps", "v1", "Deployment", "deployments"),
    Served("apps", "v1", "StatefulSet", "statefulsets"),
    Served("batch", "v1", "Job", "jobs"),
    Served("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"),
    Served("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"),
    Served("storage.k8s.io", "v1", "StorageClass", "storageclasses", namespaced=False),
    Served("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", namespaced=False),
    Served(SERVING, "v1", "Service", "services"),
    Served(SERVING, "v1", "Revision", "revisions"),
    Served(SERVING, "v1", "Route", "routes"),
    Served(SERVING, "v1", "Configuration", "configurations"),
)
_VERBS: Final = ["create", "delete", "get", "list", "patch", "update", "watch"]


def kind_of(obj: dict[str, Any]) -> Served:
    """The kind of an object."""
    return by_name(obj["apiVersion"], obj["kind"])


def by_name(api_version: str, kind: str) -> Served:
    """The kind of that name."""
    return next(each for each in KINDS if (each.api_version, each.kind) == (api_version, kind))


def groups(kinds: tuple[Served, ...]) -> dict[str, Any]:
    """The answer at /apis."""
    found = dict.fromkeys((kind.group, kind.version) for kind in kinds if kind.group)
    entries = []
    for group, version in found:
        at = {"groupVersion": f"{group}/{version}", "version": version}
        entries.append({"name": group, "versions": [at], "preferredVersion": at})
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": entries}


def resources(kinds: tuple[Served, ...], group: str, version: str) -> dict[str, Any] | None:
    """The answer at /apis/GROUP/VERSION; None when nothing of it is served."""
    found = [kind for kind in kinds if (kind.group, kind.version) == (group, version)]
    if not found:
        return None
    entries = [
        {
            "name": kind.plural,
            "singularName": kind.kind.lower(),
            "namespaced": kind.namespaced,
            "kind": kind.kind,
            "verbs": _VERBS,
        }
        for kind in found
    ]
    name = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": entries}
