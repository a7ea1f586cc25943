"""Targets for tests: a shop of this machine, and one in an emulated cluster whose pages a small server answers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest

from scripts.cluster.api import Cluster
from scripts.experiments.knative import KnativeTarget
from tests.scripts.cluster.emulation.cluster_api import ClusterApi, emulated
from tests.scripts.cluster.standing import build, make_namespace

HOST: Final = "frontend.flametickets.shop.example"


class _Gateway(BaseHTTPRequestHandler):
    """Knows the shop by its name alone, as a gateway does."""

    def do_GET(self) -> None:
        is_known = self.headers["Host"] == HOST and self.path == "/readyz"
        self.send_response(200 if is_known else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_words: Any) -> None:
        """Nobody reads it."""


@dataclass
class Emulated:
    """A target on an emulated cluster, and what a test turns of that."""

    api: ClusterApi
    cluster: Cluster
    target: KnativeTarget


@contextmanager
def gateway() -> Iterator[str]:
    """The address of a gateway that knows the shop."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Gateway)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def in_emulation(folder: Path, *, chaos: int = 0) -> Iterator[Emulated]:
    """The demo with that share of the traffic on chaos, and a target on it that was entered."""
    with emulated(folder) as api, gateway() as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(api.kubeconfig))
        make_namespace(api)
        cluster = Cluster.connect(None, "flametickets")
        build(cluster, chaos=chaos)
        with KnativeTarget(cluster, url) as target:
            yield Emulated(api, cluster, target)
