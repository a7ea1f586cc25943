"""The API server's HTTP: addresses, verbs, watches and logs."""

import json
import re
import threading
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.scripts.cluster.emulation import served, statuses, webhook
from tests.scripts.cluster.emulation.knobs import Knobs
from tests.scripts.cluster.emulation.pods import Logs, previous, stamp
from tests.scripts.cluster.emulation.selectors import matches
from tests.scripts.cluster.emulation.served import KINDS, SERVING, Served
from tests.scripts.cluster.emulation.statuses import Failure
from tests.scripts.cluster.emulation.store import Object, Store

_PATH: Final = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/(?P<version>v[^/]+)"
    r"(?:/namespaces/(?P<namespace>[^/]+)(?=/[^/]))?(?:/(?P<plural>[^/]+))?(?:/(?P<name>[^/]+))?(?:/(?P<sub>[^/]+))?"
)
_VERBS: Final = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class ApiServer(ThreadingHTTPServer):
    """Listens on a free port of this machine."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, store: Store, knobs: Knobs, logs: Logs) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.store = store
        self.knobs = knobs
        self.logs = logs
        self.requests: list[tuple[str, str]] = []
        self.ends = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.ends.set()
        with self.store.changed:
            self.store.changed.notify_all()
        self.shutdown()
        self.server_close()
        self._thread.join(5)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nothing to tell of."""

    @property
    def kinds(self) -> tuple[Served, ...]:
        return tuple(kind for kind in KINDS if self.knobs.has_knative or kind.group != SERVING)


class _Cut(Exception):
    """The connection is to be closed without a word more."""


class _Handler(BaseHTTPRequestHandler):
    server: ApiServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: tests have `requests`."""

    def _answer(self) -> None:
        at = urlsplit(self.path)
        self._query = dict(parse_qsl(at.query, keep_blank_values=True))
        length = int(self.headers.get("Content-Length") or 0)
        self._body = json.loads(self.rfile.read(length) or b"{}") if length else {}
        self.server.requests.append((self.command, self.path))
        try:
            self._route(unquote(at.path))
        except Failure as failure:
            if failure.reason:
                self._send(failure.code, failure.as_dict())
            else:
                self._send_text(failure.code, str(failure))
        except _Cut:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815

    def _route(self, path: str) -> None:
        if not self.server.knobs.is_logged_in:
            raise Failure(401, "Unauthorized", "Unauthorized")
        if path == "/version":
            return self._send(200, {"major": "1", "minor": "36", "gitVersion": "v1.36.0"})
        if path == "/api":
            return self._send(200, {"kind": "APIVersions", "versions": ["v1"]})
        if path == "/apis":
            return self._send(200, served.groups(self.server.kinds))
        found = _PATH.fullmatch(path)
        if found is None:
            raise statuses.not_served()
        group, version = found["group"] or "", found["version"]
        if found["plural"] is None:
            return self._discover(group, version)
        kinds = [k for k in self.server.kinds if (k.group, k.version, k.plural) == (group, version, found["plural"])]
        if not kinds:
            raise statuses.not_served()
        return self._resource(kinds[0], found["namespace"] or "", found["name"] or "", found["sub"] or "")

    def _discover(self, group: str, version: str) -> None:
        answer = served.resources(self.server.kinds, group, version)
        if answer is None:
            raise statuses.not_served()
        self._send(200, answer)

    def _resource(self, kind: Served, namespace: str, name: str, sub: str) -> None:
        knobs = self.server.knobs
        is_watch = self._query.get("watch") in {"true", "True", "1"}
        verb = _VERBS.get(self.command) or ("watch" if is_watch else "get" if name else "list")
        if (verb, kind.plural) in knobs.forbidden:
            raise statuses.forbidden(verb, kind.group, kind.plural, name, namespace)
        if (failure := knobs.failure_for(verb, kind.plural)) is not None:
            raise failure
        if not is_watch and knobs.use("cut_requests"):
            raise _Cut
        if sub == "log":
            self._log(namespace, name)
        elif sub:
            raise statuses.not_served()
        elif is_watch:
            self._watch(kind, namespace)
        elif verb in {"get", "list"}:
            self._read(kind, namespace, name)
        else:
            self._write(verb, kind, namespace, name)

    def _read(self, kind: Served, namespace: str, name: str) -> None:
        store = self.server.store
        if name:
            self._send(200, store.get(kind, namespace, name))
            return
        labels, field = self._query.get("labelSelector", ""), self._query.get("fieldSelector", "")
        items, version = store.list(kind, namespace, labels, field)
        bare = [{key: value for key, value in item.items() if key not in {"apiVersion", "kind"}} for item in items]
        head = {"kind": f"{kind.kind}List", "apiVersion": kind.api_version}
        self._send(200, {**head, "metadata": {"resourceVersion": str(version)}, "items": bare})

    def _write(self, verb: str, kind: Served, namespace: str, name: str) -> None:
        store, body = self.server.store, self._body
        dry_run = self._query.get("dryRun") == "All"
        manager = self._query.get("fieldManager") or self.headers.get("User-Agent", "unknown").partition("/")[0]
        if verb == "delete":
            self._send(200, store.delete(kind, namespace, name))
            return
        if kind.plural == "selfsubjectaccessreviews":
            self._send(201, self._reviewed(body))
            return
        body.setdefault("apiVersion", kind.api_version)
        body.setdefault("kind", kind.kind)
        if kind.namespaced:
            body["metadata"]["namespace"] = namespace
        if dry_run and (kind.group, kind.plural) == (SERVING, "services"):
            account = body.get("spec", {}).get("template", {}).get("spec", {}).get("serviceAccountName", "")
            has_account = store.find("v1", "ServiceAccount", namespace, account) is not None
            webhook.try_pod(body, has_account=has_account)
        if verb == "create":
            self._send(201, store.create(body, manager, dry_run=dry_run))
        elif verb == "update":
            self._send(200, store.update(body, manager, dry_run=dry_run))
        elif "apply-patch" in self.headers.get("Content-Type", ""):
            force = self._query.get("force", "").lower() == "true"
            if body["metadata"].get("managedFields"):
                raise Failure(400, "BadRequest", "metadata.managedFields must be nil")
            self._send(200, store.apply(body, manager, force=force, dry_run=dry_run))
        else:
            live = store.get(kind, namespace, name)
            self._send(200, store.update(_merge_patched(live, body), manager, dry_run=dry_run))

    def _reviewed(self, review: Object) -> Object:
        asked = review["spec"]["resourceAttributes"]
        is_allowed = (asked["verb"], asked["resource"]) not in self.server.knobs.forbidden
        return {**review, "status": {"allowed": is_allowed}}

    def _watch(self, kind: Served, namespace: str) -> None:
        knobs, store = self.server.knobs, self.server.store
        version = int(self._query.get("resourceVersion") or store.version)
        ends_at = time.monotonic() + float(self._query.get("timeoutSeconds", 60))
        is_cut = knobs.use("cut_watches")
        if knobs.use("gone_watches"):
            version = -1
        self._begin_chunks("application/json")
        while (left := ends_at - time.monotonic()) > 0 and not self.server.ends.is_set():
            try:
                found, version = store.wait_for_changes(version, left, kind, namespace, self.server.ends.is_set)
            except Failure as failure:
                self._chunk({"type": "ERROR", "object": failure.as_dict()})
                break
            for what, obj in found:
                if self._is_watched(obj):
                    self._chunk({"type": what, "object": obj})
                    if is_cut:
                        raise _Cut
        self._end_chunks()

    def _is_watched(self, obj: Object) -> bool:
        return matches(obj, self._query.get("labelSelector", ""), self._query.get("fieldSelector", ""))

    def _log(self, namespace: str, name: str) -> None:
        pod = self.server.store.get(served.by_name("v1", "Pod"), namespace, name)
        container = self._query.get("container") or pod["spec"]["containers"][0]["name"]
        state = next(
            (each["state"] for each in pod.get("status", {}).get("containerStatuses", []) if each["name"] == container),
            {"waiting": {"reason": "ContainerCreating"}},
        )
        if self._query.get("previous") == "true":
            container = previous(container)
        entries = self.server.logs.entries(namespace, name, container)
        if "waiting" in state and not entries:
            why = f'container "{container}" in pod "{name}" is waiting to start: {state["waiting"]["reason"]}'
            raise Failure(400, "BadRequest", why)
        if self._query.get("follow") not in {"true", "True"}:
            lines = self._asked_for(entries)
            tail = int(self._query.get("tailLines", len(lines)))
            self._send_text(200, "".join(f"{line}\n" for line in lines[len(lines) - tail if tail else len(lines) :]))
            return
        self._follow(namespace, name, container)

    def _asked_for(self, entries: list[tuple[int, str]]) -> list[str]:
        """The lines of the time that is asked for, stamped if that is."""
        since = 0
        if seconds := self._query.get("sinceSeconds"):
            since = time.time_ns() - int(seconds) * 10**9
        if moment := self._query.get("sinceTime"):
            since = int(datetime.fromisoformat(moment).replace(microsecond=0).timestamp()) * 10**9
        is_stamped = self._query.get("timestamps") == "true"
        return [f"{stamp(at)} {line}" if is_stamped else line for at, line in entries if at >= since]

    def _follow(self, namespace: str, name: str, container: str) -> None:
        self._begin_chunks("text/plain")
        self.server.logs.followed.append(name)
        sent, is_cut = 0, self.server.knobs.use("cut_logs")
        while not self.server.ends.is_set():
            is_over = _has_ended(self.server.store.find("v1", "Pod", namespace, name), container)
            entries = self.server.logs.entries(namespace, name, container, sent)
            sent += len(entries)
            for line in self._asked_for(entries):
                self._chunk_of(f"{line}\n".encode())
                if is_cut:
                    raise _Cut
            if is_over:
                break
            with self.server.logs.changed:
                self.server.logs.changed.wait(0.05)
        self._end_chunks()

    def _send(self, code: int, body: Object) -> None:
        self._send_bytes(code, json.dumps(body).encode(), "application/json")

    def _send_text(self, code: int, text: str) -> None:
        self._send_bytes(code, text.encode(), "text/plain; charset=utf-8")

    def _send_bytes(self, code: int, data: bytes, kind: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _begin_chunks(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()

    def _chunk(self, obj: Object) -> None:
        self._chunk_of(json.dumps(obj).encode() + b"\n")

    def _chunk_of(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _end_chunks(self) -> None:
        self.wfile.write(b"0\r\n\r\n")


def _has_ended(pod: Object | None, container: str) -> bool:
    if pod is None:
        return True
    states = pod.get("status", {}).get("containerStatuses", [])
    return any("terminated" in each["state"] for each in states if each["name"] == container)


def _merge_patched(obj: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    result = dict(obj) if isinstance(obj, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merge_patched(result.get(key), value)
    return result
