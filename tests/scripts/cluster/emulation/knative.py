"""A small Knative: makes revisions, their pods and the traffic of Services, and tells how they are."""

from typing import Any

from tests.scripts.cluster.emulation import pods
from tests.scripts.cluster.emulation.knobs import Knobs
from tests.scripts.cluster.emulation.pods import condition
from tests.scripts.cluster.emulation.served import SERVING, by_name
from tests.scripts.cluster.emulation.store import Object, Store

API = f"{SERVING}/v1"
SERVICE, REVISION = by_name(API, "Service"), by_name(API, "Revision")
POD = by_name("v1", "Pod")
_LOCAL = "networking.knative.dev/visibility"


class Knative:
    """Brings the Services of a store where they want to be, a step at each call of `reconcile`."""

    def __init__(self, store: Store, knobs: Knobs) -> None:
        self._store = store
        self._knobs = knobs
        self.asleep: set[str] = set()  # revisions that were scaled to zero

    def reconcile(self) -> None:
        for service in self._store.list(SERVICE)[0]:
            if "deletionTimestamp" not in service["metadata"]:
                self._make(service)
        for revision in self._store.list(REVISION)[0]:
            self._run(revision)
        for service in self._store.list(SERVICE)[0]:
            self._tell(service)

    def _make(self, service: Object) -> None:
        """The Configuration, the Route and the revision of the present template."""
        meta, spec = service["metadata"], service["spec"]
        template = spec["template"]
        name = template.get("metadata", {}).get("name") or f"{meta['name']}-{meta['generation']:05d}"
        for kind, content in (("Configuration", {"template": template}), ("Route", {"traffic": spec["traffic"]})):
            child = self._find(kind, meta["namespace"], meta["name"])
            wanted = _child(service, kind, meta["name"], content)
            labels = wanted["metadata"]["labels"] = {**meta.get("labels", {}), **wanted["metadata"]["labels"]}
            if child is None:
                self._store.create(wanted, "controller")
            elif (child["spec"], child["metadata"]["labels"]) != (content, labels):
                head = {**child["metadata"], "labels": labels}
                self._store.update({**child, "metadata": head, "spec": content}, "controller")
        if self._find(REVISION.kind, meta["namespace"], name) is not None:
            return
        revision = _child(service, "Revision", name, template["spec"])
        revision["metadata"]["labels"] |= template.get("metadata", {}).get("labels", {})
        revision["metadata"]["annotations"] = template.get("metadata", {}).get("annotations", {})
        self._store.create(revision, "controller")

    def _run(self, revision: Object) -> None:
        meta = revision["metadata"]
        image = revision["spec"]["containers"][0].get("image", "")
        if image in self._knobs.missing_images:
            why = f'Unable to fetch image "{image}": failed to resolve image to digest: manifest unknown'
            self._judge(revision, "False", "ContainerMissing", why)
            return
        selector = f"serving.knative.dev/revision={meta['name']}"
        found = self._store.list(POD, meta["namespace"], selector)[0]
        if not found and meta["name"] not in self.asleep:
            labels = {f"serving.knative.dev/{key}": meta["labels"][f"serving.knative.dev/{key}"] for key in _ABOUT}
            labels["serving.knative.dev/revision"] = meta["name"]
            template = {
                "spec": revision["spec"],
                "metadata": {"labels": meta["labels"], "annotations": meta.get("annotations", {})},
            }
            name = f"{meta['name']}-deployment-{meta['uid'][:5]}-{self._store.version:05x}"
            self._store.create(pods.pod(name, revision, template, labels, sidecar=True), "controller")
        if any(pods.is_ready(pod) for pod in found) or meta["name"] in self.asleep:
            self._judge(revision, "True")
        elif not any(each["type"] == "Ready" for each in revision.get("status", {}).get("conditions", [])):
            self._judge(revision, "Unknown", "Deploying")

    def _judge(self, revision: Object, status: str, reason: str = "", message: str = "") -> None:
        ready = condition("Ready", status, reason, message)
        healthy = condition("ContainerHealthy", status, reason, message)
        generation = revision["metadata"]["generation"]
        self._store.set_status(revision, {"observedGeneration": generation, "conditions": [ready, healthy]})

    def _tell(self, service: Object) -> None:
        meta, spec = service["metadata"], service["spec"]
        newest = spec["template"].get("metadata", {}).get("name") or f"{meta['name']}-{meta['generation']:05d}"
        if meta["name"] in self._knobs.stalled:
            return
        made = self._find(REVISION.kind, meta["namespace"], newest)
        if made is None:
            return
        former = service.get("status", {})
        status: Object = {"observedGeneration": meta["generation"], "latestCreatedRevisionName": newest}
        configured = self._configured(service, made)
        if configured["status"] == "True":
            status["latestReadyRevisionName"] = newest
        elif "latestReadyRevisionName" in former:
            status["latestReadyRevisionName"] = former["latestReadyRevisionName"]
        routed, traffic = self._routed(service, status.get("latestReadyRevisionName", ""))
        status["traffic"] = traffic if routed["status"] == "True" else former.get("traffic", [])
        status["url"] = url_of(service)
        status["address"] = {"url": f"http://{meta['name']}.{meta['namespace']}.svc.cluster.local"}
        self._tell_route(meta, routed, {"traffic": status["traffic"], "url": status["url"]})
        worst = min((configured, routed), key=lambda each: ("False", "Unknown", "True").index(each["status"]))
        status["conditions"] = [configured, {**worst, "type": "Ready"}, routed]
        self._store.set_status(service, status)

    def _tell_route(self, meta: Object, routed: dict[str, Any], told: Object) -> None:
        route = self._find("Route", meta["namespace"], meta["name"])
        if route is not None:
            status = {"observedGeneration": route["metadata"]["generation"], **told}
            self._store.set_status(route, {**status, "conditions": [{**routed, "type": "Ready"}]})

    def _configured(self, service: Object, revision: Object) -> dict[str, Any]:
        kind, name = "ConfigurationsReady", revision["metadata"]["name"]
        if not _is_of(revision, service["spec"]["template"]["spec"]):
            words = f'Revision creation failed with message: revisions.serving.knative.dev "{name}" already exists.'
            return condition(kind, "False", "RevisionFailed", words)
        ready = next(
            (each for each in revision.get("status", {}).get("conditions", []) if each["type"] == "Ready"), None
        )
        if ready is None or ready["status"] == "Unknown":
            return condition(kind, "Unknown")
        if ready["status"] == "False":
            words = f'Revision "{name}" failed with message: {ready.get("message", "")}.'
            return condition(kind, "False", "RevisionFailed", words)
        return condition(kind, "True")

    def _routed(self, service: Object, latest: str) -> tuple[dict[str, Any], list[Object]]:
        kind, place = "RoutesReady", service["metadata"]["namespace"]
        traffic = []
        for target in service["spec"]["traffic"]:
            name = target.get("revisionName") or latest
            found = self._find(REVISION.kind, place, name) if name else None
            if found is None:
                words = f'Revision "{name}" referenced in traffic not found.' if name else ""
                return condition(kind, "False" if name else "Unknown", "RevisionMissing", words), []
            owner = found["metadata"]["labels"]["serving.knative.dev/service"]
            if owner != service["metadata"]["name"]:
                return condition(kind, "False", "RevisionNotOwned", f'Revision "{name}" belongs to {owner}'), []
            url = {"url": url_of(service, target["tag"])} if target.get("tag") else {}
            is_latest = target.get("latestRevision", False)
            kept = {key: target[key] for key in ("percent", "tag") if target.get(key)}
            traffic.append({"latestRevision": is_latest, "revisionName": name, **kept, **url})
        return condition(kind, "True"), traffic

    def _find(self, kind: str, namespace: str, name: str) -> Object | None:
        return self._store.find(API, kind, namespace, name)


_ABOUT = ("service", "configuration")


def url_of(service: Object, tag: str = "") -> str:
    """The address of a Service or of one of its tags."""
    meta = service["metadata"]
    name = f"{tag}-{meta['name']}" if tag else meta["name"]
    is_local = meta.get("labels", {}).get(_LOCAL) == "cluster-local"
    return f"http://{name}.{meta['namespace']}.{'svc.cluster.local' if is_local else 'shop.example'}"


def _is_of(revision: Object, spec: Object) -> bool:
    return all(revision["spec"].get(key) == value for key, value in spec.items())


def _child(service: Object, kind: str, name: str, spec: Object) -> Object:
    meta = service["metadata"]
    about = dict.fromkeys((f"serving.knative.dev/{each}" for each in _ABOUT), meta["name"])
    owner = {
        "apiVersion": API,
        "kind": "Service",
        "name": meta["name"],
        "uid": meta["uid"],
        "controller": True,
    }
    head = {"name": name, "namespace": meta["namespace"], "labels": about, "ownerReferences": [owner]}
    return {"apiVersion": API, "kind": kind, "metadata": head, "spec": spec}
