"""The kinds of resources that the tool reads and writes. Their addresses are known here, so none is asked for."""

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class Kind:
    """A kind of resource in one version of its API."""

    api_version: str
    kind: str
    namespaced: bool = True

    @property
    def group(self) -> str:
        """The API group, empty for Kubernetes' core."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        """The version within the group."""
        return self.api_version.rpartition("/")[2]

    @property
    def plural(self) -> str:
        """The name in addresses."""
        name = self.kind.lower()
        return name[:-1] + "ies" if name.endswith("y") else name + ("es" if name.endswith("s") else "s")

    def __str__(self) -> str:
        return f"Knative {self.kind}" if self.group == "serving.knative.dev" else self.kind


_SERVING: Final = "serving.knative.dev/v1"
SERVICE: Final = Kind(_SERVING, "Service")
REVISION: Final = Kind(_SERVING, "Revision")
ROUTE: Final = Kind(_SERVING, "Route")
CONFIGURATION: Final = Kind(_SERVING, "Configuration")
NAMESPACE: Final = Kind("v1", "Namespace", namespaced=False)
POD: Final = Kind("v1", "Pod")
SECRET: Final = Kind("v1", "Secret")
CONFIG_MAP: Final = Kind("v1", "ConfigMap")
SERVICE_ACCOUNT: Final = Kind("v1", "ServiceAccount")
CORE_SERVICE: Final = Kind("v1", "Service")
VOLUME_CLAIM: Final = Kind("v1", "PersistentVolumeClaim")
EVENT: Final = Kind("v1", "Event")
NODE: Final = Kind("v1", "Node", namespaced=False)
DEPLOYMENT: Final = Kind("apps/v1", "Deployment")
STATEFUL_SET: Final = Kind("apps/v1", "StatefulSet")
JOB: Final = Kind("batch/v1", "Job")
NETWORK_POLICY: Final = Kind("networking.k8s.io/v1", "NetworkPolicy")
DISRUPTION_BUDGET: Final = Kind("policy/v1", "PodDisruptionBudget")
STORAGE_CLASS: Final = Kind("storage.k8s.io/v1", "StorageClass", namespaced=False)
ACCESS_REVIEW: Final = Kind("authorization.k8s.io/v1", "SelfSubjectAccessReview", namespaced=False)

ALL: Final = (
    *(SERVICE, REVISION, ROUTE, CONFIGURATION, NAMESPACE, POD, SECRET, CONFIG_MAP, SERVICE_ACCOUNT, CORE_SERVICE),
    *(VOLUME_CLAIM, EVENT, NODE, DEPLOYMENT, STATEFUL_SET, JOB, NETWORK_POLICY, DISRUPTION_BUDGET, STORAGE_CLASS),
    ACCESS_REVIEW,
)
_BY_NAME: Final = {(kind.api_version, kind.kind): kind for kind in ALL}


def of(obj: dict[str, Any]) -> Kind:
    """The kind of an object with `apiVersion` and `kind`. Raises ValueError for one that the tool doesn't know."""
    key = (obj.get("apiVersion", ""), obj.get("kind", ""))
    if key not in _BY_NAME:
        raise ValueError(f"{key[1] or 'an object without a kind'} of {key[0] or 'no API'} is no kind of this tool's")
    return _BY_NAME[key]


def name_of(obj: dict[str, Any]) -> str:
    """How an object is called in messages: `Knative Service orders`."""
    return f"{of(obj)} {obj['metadata']['name']}"
