"""The cluster as the verbs see it: plain dicts in and out, our errors, over the dynamic client."""

import builtins
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from scripts.cluster.answers import is_absence
from scripts.cluster.connection import Answered, Connection
from scripts.cluster.kinds import ACCESS_REVIEW, Kind, name_of, of
from scripts.cluster.pod_streams import CommandStream, PortStream
from scripts.cluster.watching import changes, lines_of

MANAGER: Final = "flametickets"
_QUIET_S: Final = 3600.0  # a log may be silent for long


class Cluster:
    """One namespace of one cluster. All methods raise ClusterError."""

    def __init__(self, connection: Connection, namespace: str) -> None:
        self._connection = connection
        self.namespace = namespace

    @classmethod
    def connect(cls, context: str | None, namespace: str) -> "Cluster":
        """The cluster of a context of the kubeconfig, the current one for None. Nothing is sent yet."""
        return cls(Connection.open(context), namespace)

    @property
    def where(self) -> str:
        """The address of the API server."""
        return self._connection.where

    def get(self, kind: Kind, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        """The resource; None when it isn't there."""
        place = self._place(kind, namespace)
        try:
            return self._connection.call("get", kind, what=f"{kind} {name}", name=name, namespace=place)
        except Answered as answer:
            if is_absence(answer.status, answer.body):
                return None
            raise answer.error from None

    def list(self, kind: Kind, selector: str = "", namespace: str | None = None) -> list[dict[str, Any]]:
        """The resources whose labels match the selector, all without one; of this namespace unless one is named."""
        with _errors():
            place = self._place(kind, namespace)
            answer = self._connection.call(
                "get", kind, what=f"{kind}s", namespace=place, label_selector=selector or None
            )
        # A list leaves the kind of its items out.
        head = {"apiVersion": kind.api_version, "kind": kind.kind}
        return [{**head, **item} for item in answer.get("items") or []]

    def apply(
        self, obj: dict[str, Any], manager: str = MANAGER, *, dry_run: bool = False, take_over: bool = False
    ) -> dict[str, Any]:
        """Server-side apply; returns the resource as it is then. Raises Conflict when another manager owns a field."""
        options = {"dry_run": "All" if dry_run else None, "force_conflicts": "true" if take_over else None}
        with _errors():
            return self._connection.call(
                "server_side_apply",
                of(obj),
                what=name_of(obj),
                body=obj,
                namespace=self._place_of(obj),
                field_manager=manager,
                **options,
            )

    def create(self, obj: dict[str, Any]) -> dict[str, Any]:
        """Make it. Raises Conflict when it is there already."""
        what = name_of(obj)
        with _errors():
            return self._connection.call(
                "create", of(obj), what=what, body=obj, namespace=self._place_of(obj), field_manager=MANAGER
            )

    def replace(self, obj: dict[str, Any]) -> dict[str, Any]:
        """Put it in place of the version that it was read as. Raises Conflict when it was changed since."""
        what = name_of(obj)
        with _errors():
            return self._connection.call(
                "replace", of(obj), what=what, body=obj, namespace=self._place_of(obj), field_manager=MANAGER
            )

    def delete(self, kind: Kind, name: str, grace_s: int | None = None) -> None:
        """Delete it with all that it made, in the background; no error when it is gone already."""
        try:
            self._connection.call(
                "delete",
                kind,
                what=f"{kind} {name}",
                name=name,
                namespace=self._place(kind, None),
                grace_period_seconds=grace_s,
                propagation_policy="Background",
            )
        except Answered as answer:
            if not is_absence(answer.status, answer.body):
                raise answer.error from None

    def watch(self, kind: Kind, name: str, within_s: float) -> Iterator[dict[str, Any] | None]:
        """The present state, then each change, for `within_s`; None while it isn't there.

        Goes on by itself after a lost connection, and after the server has forgotten where it was (410).
        """
        with _errors():
            yield from changes(self._connection, kind, name, self._place(kind, None), within_s)

    def may(self, verb: str, kind: Kind) -> bool:
        """Whether this user may do it to that kind in this namespace."""
        place = {"namespace": self.namespace} if kind.namespaced else {}
        attributes = {"verb": verb, "group": kind.group, "resource": kind.plural, **place}
        review = {
            "apiVersion": ACCESS_REVIEW.api_version,
            "kind": ACCESS_REVIEW.kind,
            "spec": {"resourceAttributes": attributes},
        }
        with _errors():
            answer = self._connection.call("create", ACCESS_REVIEW, what="the question what you may do", body=review)
        return bool(answer.get("status", {}).get("allowed"))

    def has_api(self, kind: Kind) -> bool:
        """Whether the cluster serves this kind's API."""
        path = f"/{'apis' if kind.group else 'api'}/{kind.api_version}"
        try:
            self._connection.read(path, what=f"the API of {kind}s")
        except Answered as answer:
            if answer.status == 404:
                return False
            raise answer.error from None
        return True

    def pod_logs(
        self,
        pod: str,
        container: str,
        *,
        lines: int | None = None,
        previous: bool = False,
        since_s: int | None = None,
        stamped: bool = False,
    ) -> "builtins.list[str]":
        """The lines that a container logged; none when it never ran or is gone.

        With `stamped` each begins with the time at which the node read it, RFC 3339 with nanoseconds, and a space.
        """
        query = _log_query(container, tailLines=lines, sinceSeconds=since_s, previous=previous, timestamps=stamped)
        try:
            data = self._connection.read(self._log_path(pod), what=f"the log of Pod {pod}", query=query)
        except Answered as answer:
            if _has_no_log(answer):
                return []
            raise answer.error from None
        return data.decode(errors="replace").removesuffix("\n").split("\n") if data else []

    def follow_logs(
        self, pod: str, container: str, *, since_s: int | None = None, since: str = "", stamped: bool = False
    ) -> Iterator[str]:
        """The lines as they come, until the container ends; none when it never ran or is gone.

        `since` is a stamp of an earlier line: what is older than its second is left out.
        """
        query = _log_query(container, sinceSeconds=since_s, sinceTime=since or None, timestamps=stamped, follow=True)
        try:
            with self._connection.stream(
                self._log_path(pod), what=f"the log of Pod {pod}", query=query, quiet_s=_QUIET_S
            ) as response:
                for line in lines_of(response):
                    yield line.decode(errors="replace")
        except Answered as answer:
            if not _has_no_log(answer):
                raise answer.error from None

    def pod_port(self, pod: str, port: int) -> PortStream:
        """A connection to a port of a pod, by way of the API server."""
        with _errors():
            return PortStream(
                self._connection.dial(
                    self._pod_path(pod, "portforward"), [("ports", str(port))], what=f"port {port} of Pod {pod}"
                )
            )

    def run_in_pod(self, pod: str, container: str, *words: str) -> CommandStream:
        """A command that runs in a container of a pod, without input."""
        query = [("container", container), ("stdout", "true"), ("stderr", "true"), *(("command", it) for it in words)]
        with _errors():
            return CommandStream(
                self._connection.dial(self._pod_path(pod, "exec"), query, what=f"a command in Pod {pod}")
            )

    def version(self) -> str:
        """The version of Kubernetes, as `v1.36.2`."""
        with _errors():
            answer = json.loads(self._connection.read("/version", what="the cluster's version"))
        return str(answer.get("gitVersion", ""))

    def _log_path(self, pod: str) -> str:
        return self._pod_path(pod, "log")

    def _pod_path(self, pod: str, what: str) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods/{pod}/{what}"

    def _place(self, kind: Kind, namespace: str | None) -> str | None:
        return (namespace or self.namespace) if kind.namespaced else None

    def _place_of(self, obj: dict[str, Any]) -> str | None:
        return self._place(of(obj), obj["metadata"].get("namespace"))


@contextmanager
def _errors() -> Iterator[None]:
    """Raises what the server answered as one of our errors."""
    try:
        yield
    except Answered as answer:
        raise answer.error from None


def _has_no_log(answer: Answered) -> bool:
    """A container that has not started, or whose pod is gone, has none."""
    return answer.status == 400 or is_absence(answer.status, answer.body)


def _log_query(container: str, **given: str | int | bool | None) -> dict[str, str]:
    """What is given, in the words of the API; nothing for None and False."""
    chosen = {name: value for name, value in given.items() if value is not None and value is not False}
    return {"container": container} | {name: "true" if value is True else str(value) for name, value in chosen.items()}
