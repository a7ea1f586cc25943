"""The parts of a stack as processes: which command, with which settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.local.gateway import WEIGHTED, Gateway, Ports, route_name
from scripts.local.postgres import STOP_SIGNAL, EmbeddedPostgres
from scripts.local.processes import Process
from scripts.local.procfile import ROOT, environment, read_command
from scripts.local.state import Secrets

_HOST: Final = "127.0.0.1"


@dataclass(frozen=True)
class Parts:
    """Makes the processes of the stack whose files are in `folder`."""

    folder: Path
    secrets: Secrets
    ports: Ports
    shop_port: int
    metrics_port: int

    def postgres(self, name: str, server: EmbeddedPostgres) -> Process:
        """A prepared PostgreSQL server; what its sessions leave behind is cleared before a restart."""
        return Process(
            name,
            server.command,
            server.environment,
            Path("/"),
            account=server.account,
            stop_signal=STOP_SIGNAL,
            stop_within_s=10.0,
            clear=server.clear,
        )

    def gateway(self, gateway: Gateway) -> Process:
        """A configured gateway."""
        return self._process("gateway", gateway.command, {})

    def function(self, revision: str, database_url: str, chaos: Mapping[str, str]) -> Process:
        """The order function as a revision; `chaos` are settings that only the chaos revision has."""
        settings = {
            "ORDERS_DATABASE_URL": database_url,
            "SIGNING_SECRETS": self.secrets.signing,
            "K_REVISION": f"{WEIGHTED}-{revision}-local",
            "HOST": _HOST,
            "PORT": str(self.ports.revisions[revision]),
        }
        return self._process(revision, read_command("orders"), {**settings, **chaos})

    def shop(self, database_url: str) -> Process:
        """The frontend."""
        settings = {
            "ORDERS_URL": self.ports.url(WEIGHTED),
            "ORDERS_STABLE_URL": self.ports.url(route_name("stable")),
            "SIGNING_SECRETS": self.secrets.signing,
            "ORDER_KEY_SECRET": self.secrets.order_key,
            "FRONTEND_DATABASE_URL": database_url,
            "HOST": _HOST,
            "PORT": str(self.shop_port),
            "METRICS_PORT": str(self.metrics_port),
        }
        return self._process("frontend", read_command("web"), settings)

    def _process(self, name: str, command: list[str], settings: Mapping[str, str]) -> Process:
        runtime = self.folder / "run" / name
        runtime.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Process(name, command, environment(self.folder, runtime, settings), ROOT)
