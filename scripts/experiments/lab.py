"""A local stack for experiments: relays between its parts, clocks that can jump, and other commands in their place."""

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from scripts.experiments.network import Half, Network
from scripts.local.gateway import WEIGHTED, Ports, route_name
from scripts.local.parts import Parts
from scripts.local.ports import free_ports
from scripts.local.processes import Process
from scripts.local.stack import Stack
from scripts.local.state import Secrets

CONTROL: Final = "control"
_CLOCK_IS_READ_EVERY_S: Final = 1


class NoClock(Exception):
    """There is no library here that gives a process a clock of its own."""


@dataclass(frozen=True)
class LabParts(Parts):
    """The parts of a stack, with the network between them, and `commands` by the Procfile's names in their place."""

    network: Network = field(kw_only=True)
    commands: Mapping[str, Sequence[str]] = field(kw_only=True)
    clocks: "Clocks" = field(kw_only=True)

    def function(self, revision: str, database_url: str, chaos: Mapping[str, str]) -> Process:
        """The order function, with its database behind a link."""
        half: Half = "a" if revision == "stable" else "b"
        url = self.network.route_database("function-database", database_url, half)
        return self._in_the_lab(super().function(revision, url, chaos), "orders")

    def shop(self, database_url: str) -> Process:
        """The frontend, with its database and the function behind links."""
        url = self.network.route_database("shop-database", database_url)
        process = super().shop(url)
        routes = {
            "ORDERS_URL": self.network.route_url("shop-function", self.ports.url(WEIGHTED), "a"),
            "ORDERS_STABLE_URL": self.network.route_url("shop-function", self.ports.url(route_name("stable")), "b"),
        }
        return self._in_the_lab(replace(process, environment={**process.environment, **routes}), "web")

    def control_shop(self, database_url: str, port: int, metrics_port: int) -> Process:
        """A shop whose first tries go to the stable revision too, so that its buyers meet no other."""
        process = replace(self, shop_port=port, metrics_port=metrics_port).shop(database_url)
        stable = {"ORDERS_URL": process.environment["ORDERS_STABLE_URL"]}
        runtime = self.folder / "run" / CONTROL
        runtime.mkdir(parents=True, exist_ok=True, mode=0o700)
        own = {"HOME": str(runtime), "XDG_RUNTIME_DIR": str(runtime)}
        return replace(process, name=CONTROL, environment={**process.environment, **stable, **own})

    def _in_the_lab(self, process: Process, command: str) -> Process:
        words = self.commands.get(command, process.command)
        return replace(
            process, command=words, environment={**process.environment, **self.clocks.environment(process.name)}
        )


class Clocks:
    """The clocks of those processes that were given one; each process reads its own from a file, every second."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "clocks"
        self._has_one: set[str] = set()

    def give(self, name: str) -> None:
        """The process has a clock of its own from its next start on, which is right at first. Raises NoClock."""
        _library()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        self._has_one.add(name)
        self.set(name, 0)

    def take(self, name: str) -> None:
        """The process has the machine's clock from its next start on."""
        self._has_one.discard(name)

    def set(self, name: str, seconds: int) -> None:
        """So many seconds before the right time or behind it; in force within a second or two."""
        fresh = self._folder / f"{name}.new"
        fresh.write_text(f"{seconds:+d}\n", encoding="ascii")
        fresh.replace(self._folder / name)

    def environment(self, name: str) -> dict[str, str]:
        """What gives the process its clock; the monotonic one, by which it waits, stays the machine's."""
        if name not in self._has_one:
            return {}
        return {
            "LD_PRELOAD": _library(),
            "FAKETIME_TIMESTAMP_FILE": str(self._folder / name),
            "FAKETIME_CACHE_DURATION": str(_CLOCK_IS_READ_EVERY_S),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


def _library() -> str:
    """libfaketime's own library. Raises NoClock."""
    found = importlib.util.find_spec("libfaketime") if sys.platform == "linux" else None
    for folder in (found.submodule_search_locations or []) if found else []:
        library = Path(folder) / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"
        if library.exists():
            return str(library)
    raise NoClock("libfaketime is there for Linux on x86-64 alone")


class LabStack(Stack):
    """A stack of `LabParts`; takes the arguments of `Stack`, and `commands` by the Procfile's names."""

    def __init__(self, folder: Path, *, commands: Mapping[str, Sequence[str]], **options: Any) -> None:
        super().__init__(folder, **options)
        self.network = Network(self.folder.path)
        self.clocks = Clocks(self.folder.path)
        self._commands = commands

    def make_parts(self, secrets: Secrets, ports: Ports, shop_port: int, metrics_port: int) -> LabParts:
        """The parts, once the relay between them runs."""
        self.network.start()
        return LabParts(
            self.folder.path,
            secrets,
            ports,
            shop_port,
            metrics_port,
            network=self.network,
            commands=self._commands,
            clocks=self.clocks,
        )

    def stop(self) -> None:
        """Stop all parts, and the relay after them."""
        super().stop()
        self.network.stop()

    def open_control(self) -> str:
        """Start the control shop; returns its address. Raises StackError."""
        assert isinstance(self.parts, LabParts)
        port, metrics_port = free_ports(2)
        url = f"http://127.0.0.1:{port}"
        self.add(self.parts.control_shop(self.pending_url, port, metrics_port), url)
        return url
