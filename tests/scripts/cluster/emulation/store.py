"""Objects with their versions, and the changes that watches tell."""

import base64
import copy
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from tests.scripts.cluster.emulation import owning, statuses
from tests.scripts.cluster.emulation.fields import fields_of, value_at
from tests.scripts.cluster.emulation.selectors import matches
from tests.scripts.cluster.emulation.served import Served, by_name, kind_of

Object = dict[str, Any]
Key = tuple[Served, str, str]
Changes = list[tuple[str, Object]]
Admit = Callable[[Object | None, Object], Object]
_NAMESPACE = by_name("v1", "Namespace")


class Store:
    """The server's memory. All methods may be called from any thread; what they return is the caller's own."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self._objects: dict[Key, Object] = {}
        self._events: list[tuple[int, str, Served, Object]] = []
        self._version = 1000
        self._forgotten = 0
        self.admit: Admit = lambda _before, after: after

    def get(self, kind: Served, namespace: str, name: str) -> Object:
        """Raises Failure 404."""
        with self.changed:
            found = self._objects.get((kind, namespace, name))
            if found is None:
                raise statuses.not_found(kind.group, kind.plural, name)
            return copy.deepcopy(found)

    def find(self, api_version: str, kind: str, namespace: str, name: str) -> Object | None:
        """As a test asks; None when it isn't there."""
        with self.changed:
            return copy.deepcopy(self._objects.get((by_name(api_version, kind), namespace, name)))

    def list(self, kind: Served, namespace: str = "", labels: str = "", field: str = "") -> tuple[list[Object], int]:
        """What matches, and the version of the whole."""
        with self.changed:
            found = [
                copy.deepcopy(obj)
                for (each, place, _), obj in self._objects.items()
                if each == kind and (not namespace or place == namespace) and matches(obj, labels, field)
            ]
            return found, self._version

    def apply(self, obj: Object, manager: str, *, force: bool = False, dry_run: bool = False) -> Object:
        """Server-side apply. Raises Failure."""
        with self.changed:
            live = self._objects.get(self._key(obj))
            after = owning.apply(live, obj, manager, force=force)
            return self._put(live, after, dry_run=dry_run)

    def create(self, obj: Object, manager: str = "somebody", *, dry_run: bool = False) -> Object:
        """Raises Failure, 409 when it is there."""
        with self.changed:
            kind, _, name = self._key(obj)
            if self._key(obj) in self._objects:
                raise statuses.exists(kind.group, kind.plural, name)
            bare = {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": {}}
            return self._put(None, owning.update(bare, obj, manager), dry_run=dry_run)

    def update(self, obj: Object, manager: str = "somebody", *, dry_run: bool = False) -> Object:
        """Put it in place of the version that it names, of any when it names none. Raises Failure."""
        with self.changed:
            kind, namespace, name = self._key(obj)
            live = self.get(kind, namespace, name)
            version = obj["metadata"].get("resourceVersion")
            if version and version != live["metadata"]["resourceVersion"]:
                raise statuses.changed_meanwhile(kind.group, kind.plural, name)
            after = {**copy.deepcopy(obj), **({"status": live["status"]} if "status" in live else {})}
            after["metadata"] = {**after["metadata"], **_servers(live)}
            return self._put(live, owning.update(live, after, manager), dry_run=dry_run)

    def set_status(self, obj: Object, status: Object) -> None:
        """What controllers write; nothing happens when the object is gone or says so already."""
        with self.changed:
            live = self._objects.get(self._key(obj))
            if live is None or live.get("status") == status:
                return
            self._save(self._key(obj), {**live, "status": copy.deepcopy(status)}, "MODIFIED")

    def delete(self, kind: Served, namespace: str, name: str) -> Object:
        """Delete it; with finalizers it stays and says since when. Raises Failure 404."""
        with self.changed:
            obj = self.get(kind, namespace, name)
            finalizers = obj["metadata"].get("finalizers") or obj.get("spec", {}).get("finalizers")
            if finalizers:
                if "deletionTimestamp" not in obj["metadata"]:
                    obj["metadata"]["deletionTimestamp"] = _now()
                    if kind == _NAMESPACE:
                        obj["status"] = {"phase": "Terminating"}
                    self._save((kind, namespace, name), obj, "MODIFIED")
            else:
                self.remove(kind, namespace, name)
            return obj

    def remove(self, kind: Served, namespace: str, name: str) -> None:
        """It is gone, whatever finalizers it has."""
        with self.changed:
            if (obj := self._objects.pop((kind, namespace, name), None)) is not None:
                self._tell("DELETED", kind, obj)

    def wait_for_changes(
        self, version: int, within_s: float, kind: Served, namespace: str, is_over: Callable[[], bool]
    ) -> tuple[Changes, int]:
        """The changes of a kind after a version, and up to which; waits while nothing at all changes.

        Raises Failure 410 when the server has forgotten the changes after that version.
        """
        with self.changed:
            self.changed.wait_for(lambda: self._version != version or is_over(), within_s)
            if version < self._forgotten:
                raise statuses.too_old()
            found = [
                (what, copy.deepcopy(obj))
                for at, what, each, obj in self._events
                if at > version and each == kind and (not namespace or obj["metadata"].get("namespace") == namespace)
            ]
            return found, self._version

    def wait_past(self, version: int, within_s: float, is_over: Callable[[], bool]) -> None:
        """Return when something changed after that version, or after that time."""
        with self.changed:
            self.changed.wait_for(lambda: self._version != version or is_over(), within_s)

    def forget_changes(self) -> None:
        """Watches from any earlier version get a 410 now."""
        with self.changed:
            self._version += 1
            self._forgotten = self._version
            self._events.clear()
            self.changed.notify_all()

    @property
    def version(self) -> int:
        with self.changed:
            return self._version

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Nobody else changes anything meanwhile."""
        with self.changed:
            yield

    def _key(self, obj: Object) -> Key:
        kind = kind_of(obj)
        return kind, obj["metadata"].get("namespace", "") if kind.namespaced else "", obj["metadata"]["name"]

    def _put(self, live: Object | None, after: Object, *, dry_run: bool) -> Object:
        key = self._key(after)
        self._check_namespace(key, is_new=live is None)
        after = _settled(self.admit(copy.deepcopy(live), copy.deepcopy(after)))
        _check_immutable(key, live, after)
        if live is not None and _is_same(live, after):
            return copy.deepcopy(live)
        after["metadata"].update(_servers(live) if live else _newborn())
        if live is not None and live.get("spec") != after.get("spec"):
            after["metadata"]["generation"] += 1
        if dry_run:
            if live is None:
                after["metadata"].pop("resourceVersion", None)
            return after
        self._save(key, after, "MODIFIED" if live else "ADDED")
        return copy.deepcopy(self._objects[key])

    def _save(self, key: Key, obj: Object, what: str) -> None:
        self._objects[key] = obj
        self._tell(what, key[0], obj)

    def _tell(self, what: str, kind: Served, obj: Object) -> None:
        self._version += 1
        obj["metadata"]["resourceVersion"] = str(self._version)
        self._events.append((self._version, what, kind, copy.deepcopy(obj)))
        self.changed.notify_all()

    def _check_namespace(self, key: Key, *, is_new: bool) -> None:
        kind, namespace, name = key
        if not kind.namespaced or not is_new:
            return
        place = self._objects.get((_NAMESPACE, "", namespace))
        if place is None:
            raise statuses.not_found("", "namespaces", namespace)
        if "deletionTimestamp" in place["metadata"]:
            raise statuses.terminating(kind.group, kind.plural, name, namespace)


def _is_same(live: Object, after: Object) -> bool:
    """Whether nothing changes but times: then the server keeps the version too."""

    def owned(obj: Object) -> list[tuple[Any, ...]]:
        entries = obj["metadata"].get("managedFields") or []
        return sorted((entry["manager"], entry["operation"], str(entry["fieldsV1"])) for entry in entries)

    fields = fields_of(live) | fields_of(after)
    return owned(live) == owned(after) and all(value_at(live, path) == value_at(after, path) for path in fields)


def _check_immutable(key: Key, live: Object | None, after: Object) -> None:
    kind, _, name = key
    if live is None:
        return
    if kind.plural == "jobs" and live["spec"].get("template") != after["spec"].get("template"):
        raise statuses.immutable("Job.batch", name, "spec.template")
    if kind.plural in {"secrets", "configmaps"} and live.get("immutable") and live.get("data") != after.get("data"):
        raise statuses.immutable(kind.kind, name, "data")


def _settled(obj: Object) -> Object:
    """What every server does to what it is given."""
    for key, text in obj.pop("stringData", {}).items():
        obj.setdefault("data", {})[key] = base64.b64encode(text.encode()).decode()
    if obj["kind"] == "Namespace":
        obj.setdefault("spec", {})["finalizers"] = ["kubernetes"]
        obj.setdefault("status", {"phase": "Active"})
    return obj


def _servers(live: Object) -> Object:
    names = ("uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp")
    return {name: live["metadata"][name] for name in names if name in live["metadata"]}


def _newborn() -> Object:
    return {"uid": str(uuid.uuid4()), "creationTimestamp": _now(), "generation": 1}


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
