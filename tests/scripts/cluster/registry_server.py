"""A registry on this machine: real HTTP, a token service beside it, one image."""

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

MANIFEST: Final = b'{"schemaVersion": 2}'
DIGEST: Final = f"sha256:{'a1' * 32}"


@dataclass
class Rules:
    """How the registry behaves; it keeps the requests that it got, as method and path, and the forms posted to it."""

    challenge: str = "none"  # or "basic", "bearer", "strange"
    login: tuple[str, str] | None = None  # None: everybody may read
    refresh_token: str = ""
    status: int | None = None  # answered to whoever may read
    has_digest: bool = True
    takes_head: bool = True
    token_answer: bytes = b'{"token": "a-token"}'
    requests: list[str] = field(default_factory=list)
    forms: list[dict[str, list[str]]] = field(default_factory=list)


@dataclass(frozen=True)
class RunningRegistry:
    """`host` is the registry's part of an image's name."""

    host: str
    rules: Rules

    def image(self, name: str = "shop/tickets:1.0") -> str:
        return f"{self.host}/{name}"


class _Server(ThreadingHTTPServer):
    def __init__(self, rules: Rules, certificate: Path | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.rules = rules
        self.scheme = "https" if certificate else "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, *_: object) -> None:
        """Whoever does not like the certificate, or its absence, hangs up: nothing to tell."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.rules.forms.append(form)
        self._token(form.get("refresh_token") == [self.server.rules.refresh_token])

    def _answer(self) -> None:
        rules = self.server.rules
        rules.requests.append(f"{self.command} {self.path}")
        if self.path.startswith("/token?"):
            self._token(rules.login is None or self._basic() == rules.login)
        elif not self._may_read():
            self._send(401, b"", {"WWW-Authenticate": self._challenge()})
        elif self.command == "HEAD" and not rules.takes_head:
            self._send(405, b"", {})
        else:
            self._manifest()

    def _manifest(self) -> None:
        rules = self.server.rules
        status = rules.status or (200 if self.path == "/v2/shop/tickets/manifests/1.0" else 404)
        digest = {"Docker-Content-Digest": DIGEST} if rules.has_digest and status == 200 else {}
        accepts = "application/vnd.oci.image.index.v1+json" in self.headers["Accept"]
        self._send(status if accepts else 406, MANIFEST, digest)

    def _token(self, allowed: bool) -> None:
        self._send(200, self.server.rules.token_answer, {}) if allowed else self._send(401, b"", {})

    def _may_read(self) -> bool:
        rules = self.server.rules
        if rules.challenge == "basic":
            return self._basic() == rules.login
        return rules.challenge == "none" or self.headers.get("Authorization", "") == "Bearer a-token"

    def _basic(self) -> tuple[str, ...] | None:
        kind, _, word = self.headers.get("Authorization", "").partition(" ")
        return tuple(base64.b64decode(word).decode().split(":", 1)) if kind == "Basic" else None

    def _challenge(self) -> str:
        realm = f"{self.server.scheme}://{self.headers['Host']}/token"
        return {
            "basic": 'Basic realm="a registry"',
            "bearer": f'Bearer realm="{realm}",service="a registry",scope="repository:shop/tickets:pull"',
        }.get(self.server.rules.challenge, "Negotiate")

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def running_registry(rules: Rules, certificate: Path | None = None) -> Iterator[RunningRegistry]:
    """The registry over plain HTTP, or over TLS with a certificate that holds its key too."""
    with _Server(rules, certificate) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield RunningRegistry(f"127.0.0.1:{server.server_address[1]}", rules)
        finally:
            server.shutdown()
            thread.join()


def docker_config(home: Path, **config: object) -> None:
    """Write Docker's settings of the user with this home folder."""
    folder = home / ".docker"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))


def auth(user: str, password: str) -> dict[str, str]:
    """A login as `docker login` writes it down."""
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}
