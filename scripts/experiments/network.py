"""The links between the parts of a local shop, each by way of a relay that can be told to misbehave."""

import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote

import msgspec
from psycopg.conninfo import conninfo_to_dict

from scripts.experiments import relay
from scripts.experiments.relay import Link, Mode
from scripts.experiments.target import LINKS, LinkName
from scripts.local.ports import free_ports
from scripts.local.processes import Process, Supervisor
from scripts.local.procfile import ROOT, environment

Half = Literal["a", "b"]
_OPENS_WITHIN_S: Final = 30.0
_NOWHERE: Final = "1"  # a port on which nothing listens


class Network:
    """The relay's process and what it is told; its files are in `folder`. Links are made with `route`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "network"
        self._lock = threading.Lock()
        self._links: dict[str, Link] = {}
        self._supervisor = Supervisor(self._folder)

    def start(self) -> None:
        """Start the relay; what is behind its ports is said later, by `route`. Raises TimeoutError."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        ports = iter(free_ports(len(LINKS) * 2))
        self._links = {f"{name}/{half}": Link(next(ports), _NOWHERE) for name in LINKS for half in ("a", "b")}
        self._write()
        command = [sys.executable, "-m", "scripts.experiments.relay", str(self._file)]
        self._supervisor.start(
            Process("relay", command, environment(self._folder, self._folder, {"PYTHONPATH": str(ROOT)}), ROOT)
        )
        for link in self._links.values():
            _wait_until_open(link.listen)

    def stop(self) -> None:
        """End the relay, and with it every connection."""
        self._supervisor.stop()

    def route_url(self, name: LinkName, url: str, half: Half = "a") -> str:
        """The address of a web server by way of the link."""
        port = url.rpartition(":")[2].rstrip("/")
        return f"http://127.0.0.1:{self._route(f'{name}/{half}', port)}"

    def route_database(self, name: LinkName, url: str, half: Half = "a") -> str:
        """The address of a PostgreSQL server behind a Unix socket, by way of the link."""
        asked = conninfo_to_dict(url)
        port = self._route(f"{name}/{half}", f"{asked['host']}/.s.PGSQL.{asked.get('port') or 5432}")
        user, database = quote(str(asked["user"])), quote(str(asked["dbname"]))
        return f"postgresql://{user}@127.0.0.1:{port}/{database}?sslmode=disable&gssencmode=disable"

    def set(self, name: LinkName, mode: Mode = "open", delay_ms: int = 0) -> None:
        """How the link behaves from now on, in both directions."""
        with self._lock:
            for key, link in self._links.items():
                if key.startswith(f"{name}/"):
                    self._links[key] = msgspec.structs.replace(link, mode=mode, delay_ms=delay_ms)
            self._write()

    @property
    def _file(self) -> Path:
        return self._folder / "links.json"

    def _route(self, key: str, to: str) -> int:
        with self._lock:
            self._links[key] = msgspec.structs.replace(self._links[key], to=to)
            self._write()
            return self._links[key].listen

    def _write(self) -> None:
        relay.write(self._file, self._links)


def _wait_until_open(port: int) -> None:
    deadline = time.monotonic() + _OPENS_WITHIN_S
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise TimeoutError(f"the relay does not open port {port}")
