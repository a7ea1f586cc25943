"""Opens the connection to the cluster that the kubeconfig names, and sends single requests over it."""

import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import urllib3
import websocket
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.config import kube_config
from kubernetes.config.config_exception import ConfigException
from kubernetes.dynamic import client as dynamic_client
from kubernetes.dynamic import resource
from kubernetes.stream import ws_client

from scripts.cluster.answers import error_of
from scripts.cluster.errors import ClusterError, Unreachable
from scripts.cluster.kinds import Kind

_CONNECT_S: Final = 5.0
_ANSWER_S: Final = 30.0
_TRIES: Final = 3
_PAUSE_S: Final = 0.3
_CHANNELS: Final = "v4.channel.k8s.io"  # each message begins with the number of its stream
# These have no types, and the library says that it has.
_load_kube_config: Any = kube_config.load_kube_config
_list_contexts: Any = kube_config.list_kube_config_contexts
_DynamicClient: Any = dynamic_client.DynamicClient
_Resource: Any = resource.Resource
_create_websocket: Any = ws_client.create_websocket
_websocket_url: Any = ws_client.get_websocket_url
_KUBECONFIG: Final = "~/.kube/config"
_NO_CLUSTER: Final = "Say which cluster with --context, or with KUBECONFIG; kubectl config get-contexts lists them."


class _NoDiscovery:
    """In place of asking the cluster for all its kinds: ours are known, and asking takes a second and a file."""

    def __init__(self, _client: Any, _cache_file: str | None) -> None:
        pass


class Connection:
    """One API server."""

    def __init__(self, dynamic: Any, where: str) -> None:
        self._dynamic = dynamic
        self.where = where
        self._resources: dict[Kind, Any] = {}

    @classmethod
    def open(cls, context: str | None) -> "Connection":
        """The server of a context of the kubeconfig, the current one for None. Raises Unreachable."""
        logging.getLogger("urllib3").setLevel(logging.ERROR)  # it would tell of each retry
        settings = client.Configuration()
        settings.retries = urllib3.Retry(
            total=2, backoff_factor=0.2, allowed_methods={"GET", "PUT", "PATCH", "DELETE"}, raise_on_status=False
        )
        try:
            files = os.environ.get("KUBECONFIG") or _KUBECONFIG  # the library would read it once, when imported
            _load_kube_config(files, context=context, client_configuration=settings)
        except (ConfigException, OSError) as error:
            said = str(error).removeprefix("Invalid kube-config file. ")
            raise Unreachable(f"no cluster is configured: {said}", hint=_NO_CLUSTER) from error
        dynamic = _DynamicClient(client.ApiClient(settings), discoverer=_NoDiscovery)
        return cls(dynamic, str(settings.host))

    def resource(self, kind: Kind) -> Any:
        """The kind as the dynamic client wants it."""
        if kind not in self._resources:
            self._resources[kind] = _Resource(
                client=self._dynamic,
                prefix="apis" if kind.group else "api",
                group=kind.group,
                api_version=kind.version,
                kind=kind.kind,
                namespaced=kind.namespaced,
                name=kind.plural,
            )
        return self._resources[kind]

    def call(self, verb: str, kind: Kind, *, what: str, **arguments: Any) -> dict[str, Any]:
        """A verb of the dynamic client, tried again when the connection is lost; raises our errors."""
        is_repeatable = verb != "create"
        for tries_left in reversed(range(_TRIES if is_repeatable else 1)):
            try:
                with self._translated(what):
                    answer = getattr(self.resource(kind), verb)(
                        serialize=False, _request_timeout=(_CONNECT_S, _ANSWER_S), **arguments
                    )
                    return _parsed(answer.data)
            except LostConnection:
                if not tries_left:
                    raise
                time.sleep(_PAUSE_S)
        raise AssertionError("the loop returns or raises")

    def read(self, path: str, *, what: str, query: dict[str, str] | None = None) -> bytes:
        """What is at a path. Raises our errors."""
        with self.stream(path, what=what, query=query, quiet_s=_ANSWER_S) as response:
            return bytes(response.data)

    @contextmanager
    def stream(
        self, path: str, *, what: str, query: dict[str, str] | None = None, quiet_s: float
    ) -> Iterator[urllib3.HTTPResponse]:
        """An answer to be read while it comes; a silence of more than `quiet_s` ends it with LostConnection."""
        with self._translated(what):
            response = self._dynamic.request(
                "get",
                path,
                query_params=list((query or {}).items()),
                header_params={"Accept": "*/*"},
                serialize=False,
                _request_timeout=(_CONNECT_S, quiet_s),
            )
            try:
                yield response
            finally:
                response.close()  # not drained: what comes after is nobody's

    def dial(self, path: str, query: list[tuple[str, str]], *, what: str) -> websocket.WebSocket:
        """A websocket to what is at a path, in Kubernetes' protocol of numbered streams. Raises our errors."""
        client = self._dynamic.client
        headers = {"sec-websocket-protocol": _CHANNELS}
        client.update_params_for_auth(headers, query, ["BearerToken"], path, "GET", None)
        url = _websocket_url(f"{client.configuration.host}{path}", query)
        try:
            opened: websocket.WebSocket = _create_websocket(client.configuration, url, headers)
        except websocket.WebSocketBadStatusException as error:
            body = bytes(error.resp_body or b"").decode(errors="replace")
            raise Answered(error.status_code, body, error_of(error.status_code, body, what)) from error
        except (websocket.WebSocketException, OSError) as error:
            raise LostConnection(
                f"the cluster at {self.where} doesn't answer: {_why(error)}", hint=_NO_CLUSTER
            ) from error
        return opened

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        try:
            yield
        except ApiException as error:
            if not error.status:
                raise Unreachable(
                    f"the cluster at {self.where} can't be spoken to safely: {error.reason}", hint=_NO_CLUSTER
                ) from error
            body = error.body if isinstance(error.body, str) else bytes(error.body or b"").decode(errors="replace")
            raise Answered(error.status, body, error_of(error.status, body, what)) from error
        except urllib3.exceptions.HTTPError as error:
            raise LostConnection(
                f"the cluster at {self.where} doesn't answer: {_why(error)}", hint=_NO_CLUSTER
            ) from error


def context_name(context: str | None) -> str:
    """The name of the context, of the kubeconfig's current one for None; empty when there is none."""
    try:
        _, current = _list_contexts(os.environ.get("KUBECONFIG") or _KUBECONFIG)
    except (ConfigException, OSError):
        current = None
    return context or str((current or {}).get("name", ""))


class LostConnection(Unreachable):
    """The connection could not be made, or was lost; the request may or may not have been carried out."""


class Answered(Exception):
    """The server answered with an error; the caller may make something else of it than `error`."""

    def __init__(self, status: int, body: str, error: ClusterError) -> None:
        super().__init__(str(error))
        self.status = status
        self.body = body
        self.error = error


def _parsed(data: bytes) -> dict[str, Any]:
    answer = json.loads(data) if data else {}
    return answer if isinstance(answer, dict) else {}


def _why(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    text = str(reason)
    for sign, plain in (
        ("refused", "nobody listens there"),
        ("NameResolution", "its name is unknown"),
        ("timed out", "no answer in time"),
        ("CERTIFICATE", "its certificate can't be verified"),
    ):
        if sign in text or sign in type(reason).__name__:
            return plain
    return "the connection was lost"
