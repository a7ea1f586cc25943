"""What goes on by itself in a cluster: Knative, Jobs, StatefulSets, pods, and the clearing away of what was deleted."""

import threading
import time
from contextlib import suppress

from tests.scripts.cluster.emulation import pods
from tests.scripts.cluster.emulation.knative import Knative
from tests.scripts.cluster.emulation.knobs import Knobs
from tests.scripts.cluster.emulation.pods import Logs, condition
from tests.scripts.cluster.emulation.served import KINDS, by_name
from tests.scripts.cluster.emulation.statuses import Failure
from tests.scripts.cluster.emulation.store import Object, Store

_POD, _JOB = by_name("v1", "Pod"), by_name("batch/v1", "Job")
_STATEFUL_SET, _NAMESPACE = by_name("apps/v1", "StatefulSet"), by_name("v1", "Namespace")
_OF_JOB = "batch.kubernetes.io/job-name"


class Controllers:
    """A thread that looks at everything whenever something changed, or time may have."""

    def __init__(self, store: Store, knobs: Knobs, logs: Logs) -> None:
        self._store = store
        self._knobs = knobs
        self._logs = logs
        self.knative = Knative(store, knobs)
        self._born: dict[str, float] = {}
        self._ends = False
        self._waits = True  # for time to pass
        self._thread = threading.Thread(target=self._run, name="controllers", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ends = True
        with self._store.changed:
            self._store.changed.notify_all()
        self._thread.join(5)

    def _run(self) -> None:
        seen = -1
        while not self._ends:
            self._store.wait_past(seen, 0.02 if self._waits else 0.2, lambda: self._ends)
            seen, self._waits = self._store.version, False
            with suppress(Failure), self._store.quiet():  # a namespace may be going away beneath our feet
                self._clear()
                self.knative.reconcile()
                self._stateful_sets()
                self._jobs()
                self._pods()

    def _age(self, obj: Object) -> float:
        born = self._born.setdefault(obj["metadata"]["uid"], time.monotonic())
        return time.monotonic() - born

    def _pods(self) -> None:
        for pod in self._store.list(_POD)[0]:
            if pod.get("status", {}).get("phase") in {"Succeeded", "Failed"} or _OF_JOB in pod["metadata"]["labels"]:
                continue
            self._start(pod)

    def _start(self, pod: Object) -> bool:
        """Whether the pod runs now."""
        meta = pod["metadata"]
        bad = pods.bad_of(pod, self._knobs)
        if bad is not None:
            container = pod["spec"]["containers"][0]["name"]
            if bad.lines and not self._logs.read(meta["namespace"], meta["name"], container):
                self._logs.add(meta["namespace"], meta["name"], container, *bad.lines)
            self._store.set_status(pod, pods.waiting(pod, bad))
            return False
        is_stalled = any(name in meta["name"] for name in self._knobs.stalled)
        if is_stalled or self._age(pod) < self._knobs.ready_after_s:
            self._waits = True
            return False
        self._store.set_status(pod, pods.running(pod))
        return True

    def _stateful_sets(self) -> None:
        for each in self._store.list(_STATEFUL_SET)[0]:
            meta = each["metadata"]
            name, template = f"{meta['name']}-0", each["spec"]["template"]
            pod = self._store.find("v1", "Pod", meta["namespace"], name)
            if pod is None:
                self._store.create(pods.pod(name, each, template, {"statefulset.kubernetes.io/pod-name": name}), "kcm")
                continue
            count = int(pods.is_ready(pod))
            status = {"observedGeneration": meta["generation"], "replicas": 1}
            names = {"currentRevision": "a", "updateRevision": "a"}
            self._store.set_status(each, {**status, **names, "readyReplicas": count, "updatedReplicas": 1})

    def _jobs(self) -> None:
        for job in self._store.list(_JOB)[0]:
            meta = job["metadata"]
            if any(each["type"] in {"Complete", "Failed"} for each in job.get("status", {}).get("conditions", [])):
                continue
            pod = self._store.find("v1", "Pod", meta["namespace"], f"{meta['name']}-x7k2p")
            if pod is None:
                made = pods.pod(f"{meta['name']}-x7k2p", job, job["spec"]["template"], {_OF_JOB: meta["name"]})
                self._store.create(made, "kcm")
                self._store.set_status(job, {"active": 1})
            elif "status" not in pod or pod["status"]["phase"] == "Pending":
                self._begin(job, pod)
            else:
                self._finish(job, pod)

    def _begin(self, job: Object, pod: Object) -> None:
        if self._start(pod):
            meta, container = pod["metadata"], pod["spec"]["containers"][0]["name"]
            self._logs.add(meta["namespace"], meta["name"], container, *self._knobs.play(job).lines)

    def _finish(self, job: Object, pod: Object) -> None:
        self._waits = True
        play, limit = self._knobs.play(job), job["spec"].get("activeDeadlineSeconds", 1e9)
        if self._age(pod) > limit:
            self._store.remove(_POD, pod["metadata"]["namespace"], pod["metadata"]["name"])
            words = condition("Failed", "True", "DeadlineExceeded", "Job was active longer than specified deadline")
            self._store.set_status(job, {"failed": 1, "conditions": [words]})
        elif not play.hangs and self._age(pod) >= play.takes_s:
            self._store.set_status(pod, pods.ended(pod, play.exit_code))
            if play.exit_code:
                words = condition(
                    "Failed", "True", "BackoffLimitExceeded", "Job has reached the specified backoff limit"
                )
                self._store.set_status(job, {"failed": 1, "conditions": [words]})
            else:
                done = {"completionTime": pods.now(), "conditions": [condition("Complete", "True")]}
                self._store.set_status(job, {"succeeded": 1, **done})

    def _clear(self) -> None:
        """What belongs to something that is gone, and namespaces that are being deleted."""
        everything = [obj for kind in KINDS for obj in self._store.list(kind)[0]]
        there = {obj["metadata"]["uid"] for obj in everything}
        leaving = {
            obj["metadata"]["name"]
            for obj in everything
            if obj["kind"] == "Namespace" and "deletionTimestamp" in obj["metadata"]
        }
        if self._knobs.holds_namespaces:
            leaving = set()
        for obj in everything:
            meta = obj["metadata"]
            owners = {owner["uid"] for owner in meta.get("ownerReferences", [])}
            if (owners and not owners & there) or meta.get("namespace") in leaving:
                self._store.remove(by_name(obj["apiVersion"], obj["kind"]), meta["namespace"], meta["name"])
        for name in leaving:
            self._store.remove(_NAMESPACE, "", name)
