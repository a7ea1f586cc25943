"""The gateway on a real Envoy: the split, its change without a restart, the tags, and dead revisions."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest
import requests

from scripts.local.gateway import WEIGHTED, Gateway, GatewayError, Ports, route_name
from scripts.local.ports import free_ports
from scripts.local.processes import Process, Supervisor
from scripts.local.split import REVISIONS
from tests.scripts.waiting import kill_and_wait, wait_until


class _Revision(BaseHTTPRequestHandler):
    """Answers with the name of its revision."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one write for head and body

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        name = str(getattr(self.server, "revision", "")).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(name)))
        self.end_headers()
        self.wfile.write(name)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Stage:
    """A gateway before two revisions."""

    def __init__(self, folder: Path) -> None:
        numbers = free_ports(6)
        routes = [WEIGHTED, *map(route_name, REVISIONS)]
        revisions = dict(zip(REVISIONS, numbers[4:], strict=True))
        self.ports = Ports(numbers[0], dict(zip(routes, numbers[1:4], strict=True)), revisions)
        self.gateway = Gateway(folder, self.ports)
        self.supervisor = Supervisor(folder / "logs")
        self.session = requests.Session()
        self.servers: dict[str, ThreadingHTTPServer] = {}
        for name in REVISIONS:
            server = ThreadingHTTPServer(("127.0.0.1", self.ports.revisions[name]), _Revision)
            server.daemon_threads = True
            server.revision = name  # type: ignore[attr-defined]
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
            self.servers[name] = server
        self.gateway.configure({"stable": 100, "chaos": 0})
        self.supervisor.start(Process("gateway", self.gateway.command, {}, folder))
        self.wait()

    def wait(self) -> None:
        wait_until(self.answers)

    def answers(self) -> bool:
        with suppress(requests.ConnectionError):
            return self.ask(WEIGHTED).status_code == 200
        return False

    def ask(self, route: str, host: str | None = None) -> requests.Response:
        headers = {"Host": host} if host else {}
        return self.session.post(self.ports.url(route), data=b"x", headers=headers, timeout=5)

    def split_of(self, requests_sent: int) -> Counter[str]:
        return Counter(self.ask(WEIGHTED).text for _ in range(requests_sent))

    def close(self) -> None:
        self.supervisor.stop()
        self.session.close()
        for server in self.servers.values():
            server.shutdown()
            server.server_close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[_Stage]:
    stage = _Stage(tmp_path)
    yield stage
    stage.close()


def test_at_first_all_goes_to_stable(stage: _Stage) -> None:
    assert stage.gateway.split() == {"stable": 100, "chaos": 0}
    assert stage.split_of(50) == {"stable": 50}


def test_the_split_is_shifted_without_a_restart(stage: _Stage) -> None:
    pid = stage.supervisor.pid("gateway")
    stage.gateway.shift({"stable": 80, "chaos": 20})
    # 200 draws at 20 %: fewer than 15 or more than 70 come once in ten million runs.
    assert 15 <= stage.split_of(200)["chaos"] <= 70
    stage.gateway.shift({"stable": 0, "chaos": 100})
    assert stage.split_of(50) == {"chaos": 50}
    assert stage.supervisor.pid("gateway") == pid


def test_the_split_survives_the_death_of_the_gateway(stage: _Stage) -> None:
    stage.gateway.shift({"stable": 0, "chaos": 100})
    kill_and_wait(stage.supervisor, "gateway")
    stage.wait()
    assert stage.gateway.split() == {"stable": 0, "chaos": 100}
    assert stage.split_of(20) == {"chaos": 20}


def test_a_tag_is_reached_by_its_port_and_by_its_host_name(stage: _Stage) -> None:
    for name in REVISIONS:
        tag = route_name(name)
        assert stage.ask(tag).text == name
        for host in (tag, f"{tag}.localhost", f"{tag}.localhost:8080", f"{tag}.default.svc.cluster.local"):
            assert stage.ask(WEIGHTED, host).text == name


def test_a_dead_revision_is_answered_503_without_a_wait_and_once(stage: _Stage) -> None:
    stage.servers["chaos"].shutdown()
    stage.servers["chaos"].server_close()
    began = time.monotonic()
    answer = stage.ask("chaos-orders")
    assert answer.status_code == 503
    assert time.monotonic() - began < 5  # the route's own timeout is 30 s
    assert not [name for name in answer.headers if name.lower().startswith("x-envoy")]
    assert stage.ask("stable-orders").text == "stable"


def test_a_shift_that_the_gateway_cannot_take_is_an_error(stage: _Stage) -> None:
    with pytest.raises(GatewayError, match="new split"):
        stage.gateway.shift({"stable": 0, "chaos": 0}, within_s=0.3)
    assert stage.split_of(10) == {"stable": 10}


def test_the_gateway_listens_to_this_machine_alone(stage: _Stage) -> None:
    pid = stage.supervisor.pid("gateway")
    assert pid is not None
    connections = psutil.Process(pid).net_connections(kind="inet")
    listening = [connection.laddr for connection in connections if connection.status == psutil.CONN_LISTEN]
    assert {address.ip for address in listening} == {"127.0.0.1"}
    assert {address.port for address in listening} == {stage.ports.admin, *stage.ports.routes.values()}
