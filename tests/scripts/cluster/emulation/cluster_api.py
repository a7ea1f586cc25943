"""One emulated cluster, as tests hold it."""

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.scripts.cluster.emulation import webhook
from tests.scripts.cluster.emulation.controllers import Controllers
from tests.scripts.cluster.emulation.knobs import Knobs
from tests.scripts.cluster.emulation.pods import Logs
from tests.scripts.cluster.emulation.served import by_name
from tests.scripts.cluster.emulation.server import ApiServer
from tests.scripts.cluster.emulation.store import Object, Store

_NETWORK = {"ingress-class": "kourier.ingress.networking.knative.dev"}
_DEPLOYMENT = {"registries-skipping-tag-resolving": "kind.local,ko.local,dev.local"}


class ClusterApi:
    """What a test reads and turns. `kubeconfig` is a file for KUBECONFIG with the one context `emulation`."""

    def __init__(self, folder: Path) -> None:
        self.knobs = Knobs()
        self.store = Store()
        self.logs = Logs()
        self.store.admit = lambda before, after: webhook.admit(self.knobs, before, after)
        self.server = ApiServer(self.store, self.knobs, self.logs)
        self.controllers = Controllers(self.store, self.knobs, self.logs)
        self.kubeconfig = folder / "kubeconfig"
        self._furnish()
        self._write_kubeconfig()

    @property
    def requests(self) -> list[tuple[str, str]]:
        """Method and address of each request so far."""
        return self.server.requests

    def writes(self) -> list[tuple[str, str]]:
        """The requests so far that were to change something."""
        return [
            (method, path)
            for method, path in self.requests
            if method != "GET" and "dryRun=All" not in path and "selfsubjectaccessreviews" not in path
        ]

    def get(self, api_version: str, kind: str, name: str, namespace: str = "flametickets") -> Object | None:
        """The object as it is now."""
        return self.store.find(api_version, kind, namespace if by_name(api_version, kind).namespaced else "", name)

    def all(self, api_version: str, kind: str, labels: str = "") -> list[Object]:
        """The objects of a kind in all namespaces."""
        return self.store.list(by_name(api_version, kind), labels=labels)[0]

    def add(self, obj: Mapping[str, Any], manager: str = "somebody") -> Object:
        """Make an object, as somebody else would."""
        return self.store.create(copy.deepcopy(dict(obj)), manager)

    def add_namespace(self, name: str = "flametickets", **labels: str) -> None:
        """Make an empty namespace."""
        self.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})

    def shift_as_kn(self, service: str, traffic: list[Object], namespace: str = "flametickets") -> None:
        """`kn service update SERVICE --traffic …`: a PUT of the whole by the manager `kn`."""
        obj = self.get("serving.knative.dev/v1", "Service", service, namespace)
        assert obj is not None
        obj["spec"]["traffic"] = traffic
        self.store.update(obj, "kn")

    def pods(self, service: str, namespace: str = "flametickets") -> list[Object]:
        """The pods of a Knative Service."""
        selector = f"serving.knative.dev/service={service}"
        return self.store.list(by_name("v1", "Pod"), namespace, selector)[0]

    def follows_all_jobs(self, namespace: str = "flametickets") -> bool:
        """Whether somebody reads the log of each Job's pod that runs, as it grows."""
        of_jobs = self.store.list(by_name("v1", "Pod"), namespace, "batch.kubernetes.io/job-name")[0]
        running = {pod["metadata"]["name"] for pod in of_jobs if pod.get("status", {}).get("phase") == "Running"}
        return bool(running) and running <= {*self.logs.followed}

    def log(self, pod: Object, *lines: str, container: str = "", at: float | None = None) -> None:
        """Have the process of a pod log these lines, at a time in seconds, now without one."""
        meta = pod["metadata"]
        container = container or pod["spec"]["containers"][0]["name"]
        self.logs.add(meta["namespace"], meta["name"], container, *lines, at=at)

    def restart(self, pod: Object) -> None:
        """The process of a pod ended, and was started again."""
        meta, name = pod["metadata"], pod["spec"]["containers"][0]["name"]
        live = self.get("v1", "Pod", meta["name"], meta["namespace"])
        assert live is not None
        self.logs.begin_anew(meta["namespace"], meta["name"], name)
        for status in live["status"]["containerStatuses"]:
            status["restartCount"] += int(status["name"] == name)
        self.store.set_status(live, live["status"])

    def _furnish(self) -> None:
        for name in ("default", "kube-system", "knative-serving", "kourier-system"):
            self.add_namespace(name)
        for name, data in (("config-network", _NETWORK), ("config-deployment", _DEPLOYMENT)):
            head = {"name": name, "namespace": "knative-serving"}
            self.add({"apiVersion": "v1", "kind": "ConfigMap", "metadata": head, "data": data})
        for name in ("activator", "autoscaler", "controller", "webhook", "net-kourier-controller"):
            head = {"name": name, "namespace": "knative-serving"}
            self.add({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": head, "spec": {"replicas": 1}})
        notes = {"storageclass.kubernetes.io/is-default-class": "true"}
        storage = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": "local"}
        self.add({**storage, "metadata": {"name": "standard", "annotations": notes}})

    def _write_kubeconfig(self) -> None:
        name = "emulation"
        content: Object = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "clusters": [{"name": name, "cluster": {"server": self.server.url}}],
            "users": [{"name": name, "user": {"token": "a-token"}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        }
        self.kubeconfig.write_text(yaml.safe_dump(content))


@contextmanager
def emulated(folder: Path) -> Iterator[ClusterApi]:
    """A cluster that runs meanwhile."""
    api = ClusterApi(folder)
    api.server.start()
    api.controllers.start()
    try:
        yield api
    finally:
        api.controllers.stop()
        api.server.stop()
