"""The whole stack on one machine: two PostgreSQL servers, the gateway, the function twice, and the shop last."""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from functions.orders.contract import PublishRejection, Show
from scripts.local.databases import Databases
from scripts.local.function_client import FunctionClient, NoAnswer
from scripts.local.gateway import WEIGHTED, Gateway, Ports, route_name
from scripts.local.health import is_ready
from scripts.local.parts import Parts
from scripts.local.ports import free_ports, is_taken
from scripts.local.processes import KEEPS_DYING, Change, Listeners, Process, Supervisor, end_marked
from scripts.local.procfile import ROOT
from scripts.local.shows import read_shows, why_refused
from scripts.local.split import REVISIONS, Split
from scripts.local.stack_errors import AlreadyRuns, StackError, told_as_stack_error
from scripts.local.state import Folder, ProcessState, Secrets, State

SAMPLES: Final = ROOT / "scripts" / "shows.yaml"
FIRST_SPLIT: Final[Split] = {"stable": 100, "chaos": 0}
_READY_WITHIN_S: Final = 60.0
_PUBLISHED_WITHIN_S: Final = 10.0
_CHAOS_TRIES: Final = 20


class Stack:
    """Every part of FlameTickets, on free ports of this machine, with all of its files in `folder`.

    As a context manager it runs inside the block and leaves no process behind. `port` 0 takes a free one, `fresh`
    begins with new databases, `progress` is told what the start does.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        chaos_faults: str = "latency:0.1:50ms",
        chaos_seed: str = "0",
        shows: Path = SAMPLES,
        fresh: bool = False,
        progress: Callable[[str], None] = lambda _what: None,
        listeners: Listeners | None = None,
    ) -> None:
        self.folder = Folder(folder)
        self._port = port
        self._chaos = {"CHAOS_FAULTS": chaos_faults, "CHAOS_SEED": chaos_seed}
        self._shows = shows
        self._fresh = fresh
        self._progress = progress
        self._listeners = listeners or Listeners()
        self._supervisor = Supervisor(self.folder.logs, Listeners(self._listeners.line, self._note))
        self._databases: Databases | None = None
        self._refusals = 0
        self._started_at = datetime.now(UTC)

    def start(self) -> None:
        """Start all parts and wait until shows can be bought.

        Raises StackError, FolderError or ShowsFileError; then nothing runs.
        """
        shows = read_shows(self._shows, datetime.now(UTC))
        if not self.folder.take():
            raise AlreadyRuns(f"a stack of {self.folder.path} is running already")
        try:
            with told_as_stack_error():
                self._start(shows)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop all parts, the shop first; within 30 s nothing of them is left."""
        self._supervisor.stop()
        if self._databases is not None:
            self._databases.leave()
        self.folder.release()

    def remove(self) -> None:
        """Delete the databases of a stack that does not run."""
        if self._databases is not None:
            self._databases.remove()

    def hurry(self) -> None:
        """Make a running or coming `stop` use force at once; safe to call in a signal handler."""
        self._supervisor.hurry()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where the shop is."""
        return f"http://127.0.0.1:{self._parts.shop_port}"

    @property
    def gateway_urls(self) -> dict[str, str]:
        """The routes: `orders` is the weighted one, `stable-orders` and `chaos-orders` are the tags."""
        return {route: self._parts.ports.url(route) for route in self._parts.ports.routes}

    @property
    def database_url(self) -> str:
        """The function's database."""
        return self._urls["orders"]

    @property
    def signing_secret(self) -> str:
        """What signs requests to the function."""
        return self._parts.secrets.signing

    def traffic(self, split: Split) -> None:
        """Shift the split, in percent by revision; in force on return. Raises GatewayError."""
        shift(self.folder, self._gateway, split)

    def publish(self, *shows: Show) -> list[PublishRejection]:
        """Publish shows and return the refusals. Raises StackError when the function gives no answer."""
        client = FunctionClient(self.gateway_urls[route_name("stable")], self.signing_secret)
        try:
            return [refused for show in shows if (refused := client.publish(show, _PUBLISHED_WITHIN_S)) is not None]
        except NoAnswer as error:
            raise StackError(f"the shows can't be published: {error}") from error
        finally:
            client.close()

    def redeploy(self, name: str, chaos: Mapping[str, str] | None = None) -> None:
        """End `stable`, `chaos` or `frontend` in order and start it anew; `chaos` are settings from now on.

        Raises StackError when it doesn't get ready.
        """
        if chaos is not None:
            self._chaos = dict(chaos)
        self._supervisor.replace(self._shop() if name == "frontend" else self._function(name))
        self._wait(name, partial(is_ready, self.own_url(name)))

    def add(self, process: Process, url: str) -> None:
        """Run a process more, until the stack stops. Raises StackError when it doesn't get ready at `url`."""
        self._supervisor.start(process)
        self._wait(process.name, partial(is_ready, url))

    def own_url(self, name: str) -> str:
        """Where `stable`, `chaos` or `frontend` itself listens."""
        return self.url if name == "frontend" else f"http://127.0.0.1:{self._parts.ports.revisions[name]}"

    @property
    def parts(self) -> Parts:
        """What the processes are made of."""
        return self._parts

    @property
    def _urls(self) -> Mapping[str, str]:
        assert self._databases is not None, "it was not started"
        return self._databases.urls

    @property
    def pending_url(self) -> str:
        """The shop's database."""
        return self._urls["pending"]

    def pid(self, name: str) -> int | None:
        """The id of a process: `frontend`, `stable`, `chaos`, `gateway`, `postgres-orders` or `postgres-pending`.

        None between its death and its restart.
        """
        return self._supervisor.pid(name)

    def restarts(self, name: str) -> int:
        """How many times a process was started again."""
        return self._supervisor.restarts(name)

    def logs(self, name: str) -> str:
        """What a process has written."""
        return (self.folder.logs / f"{name}.log").read_text(encoding="utf-8")

    def _start(self, shows: tuple[Show, ...]) -> None:
        end_marked(self.folder.path)
        self._check_port()
        admin, *numbers, metrics, free = free_ports(8)
        routes = [WEIGHTED, *map(route_name, REVISIONS)]
        revisions = dict(zip(REVISIONS, numbers[3:], strict=True))
        ports = Ports(admin, dict(zip(routes, numbers[:3], strict=True)), revisions)
        self._parts = self.make_parts(self.folder.secrets(), ports, self._port or free, metrics)
        self._start_databases()
        self._start_functions()
        self._put_on_sale(shows)
        self._start_shop()

    def make_parts(self, secrets: Secrets, ports: Ports, shop_port: int, metrics_port: int) -> Parts:
        """What the processes are made of; experiments put something between them, or in their place."""
        return Parts(self.folder.path, secrets, ports, shop_port, metrics_port)

    def _check_port(self) -> None:
        try:
            if self._port and is_taken(self._port):
                raise StackError(f"port {self._port} is taken by another program; choose another with --port")
        except PermissionError as error:
            raise StackError(f"port {self._port} is not for this user to open; choose another with --port") from error

    def _start_databases(self) -> None:
        self._progress("starting PostgreSQL, twice: for the function, and for the shop")
        self._databases = Databases(self.folder.path, fresh=self._fresh)
        self.folder.write_state(self._first_state())
        self._databases.start(self._supervisor, self._parts, self._progress)

    def _start_functions(self) -> None:
        self._progress("starting the gateway, and the function as stable and as chaos")
        self._gateway = Gateway(self.folder.path / "gateway", self._parts.ports)
        self._gateway.configure(FIRST_SPLIT)
        self._supervisor.start(self._parts.gateway(self._gateway))
        for revision in REVISIONS:
            self._supervisor.start(self._function(revision))

    def _function(self, revision: str) -> Process:
        return self._parts.function(revision, self.database_url, self._chaos if revision == "chaos" else {})

    def _shop(self) -> Process:
        return self._parts.shop(self.pending_url)

    def _put_on_sale(self, shows: tuple[Show, ...]) -> None:
        """Publish the shows; return once the function sells them, through both tags of the gateway."""
        clients = {name: FunctionClient(url, self.signing_secret) for name, url in self.gateway_urls.items()}
        try:
            for revision, port in self._parts.ports.revisions.items():
                self._wait(revision, partial(is_ready, f"http://127.0.0.1:{port}"))
            self._wait("gateway", lambda: all(map(is_ready, self.gateway_urls.values())))
            self._progress("publishing the shows")
            for refused in self.publish(*shows):
                self._progress(f"the show {refused.slug} stays as it was: {why_refused(refused)}")
            slugs = {show.slug for show in shows if not show.hidden}
            self._wait("stable", lambda: clients["stable-orders"].lists(slugs))
            self._wait("chaos", lambda: clients["chaos-orders"].lists(slugs) or self._may_refuse())
        finally:
            for client in clients.values():
                client.close()

    def _start_shop(self) -> None:
        self._progress("starting the shop")
        self._supervisor.start(self._shop())
        self._wait("frontend", lambda: is_ready(self.url))
        self.folder.change_state(_now_ready)

    def _may_refuse(self) -> bool:
        """Whether it is by its faults that the chaos revision does not answer: no reason not to start."""
        self._refusals += 1
        return bool(self._chaos["CHAOS_FAULTS"]) and self._refusals >= _CHAOS_TRIES

    def _wait(self, name: str, condition: Callable[[], bool]) -> None:
        """Return once `condition()` is true. Raises StackError when the process keeps dying, or after a minute."""
        deadline = time.monotonic() + _READY_WITHIN_S
        while not condition():
            lines = "\n".join(f"  {line}" for line in self._supervisor.last_lines(name))
            if self._supervisor.deaths(name) >= KEEPS_DYING:
                raise StackError(f"{name} keeps dying. The end of its log:\n{lines}")
            if time.monotonic() > deadline:
                raise StackError(f"{name} does not get ready. The end of its log:\n{lines}")
            time.sleep(0.05)

    def _first_state(self) -> State:
        return State(
            pid=os.getpid(),
            started_at=self._started_at.isoformat(timespec="seconds"),
            url=self.url,
            admin_port=self._parts.ports.admin,
            metrics_port=self._parts.metrics_port,
            route_ports=dict(self._parts.ports.routes),
            revision_ports=dict(self._parts.ports.revisions),
            split=dict(FIRST_SPLIT),
            chaos_faults=self._chaos["CHAOS_FAULTS"],
            database_urls=dict(self._urls),
        )

    def _note(self, change: Change) -> None:
        """Keep the state up to date; called from the supervisor's threads."""
        ports = {
            **self._parts.ports.revisions,
            "gateway": self._parts.ports.routes[WEIGHTED],
            "frontend": self._parts.shop_port,
        }
        process = ProcessState(
            pid=change.pid if change.what == "started" else 0,
            log=str(self.folder.logs / f"{change.name}.log"),
            port=ports.get(change.name),
            restarts=change.restarts,
        )
        with suppress(OSError):  # a full disk must not keep a process from being started again
            self.folder.change_state(lambda state: state.processes.update({change.name: process}))
        self._listeners.change(change)


def shift(folder: Folder, gateway: Gateway, split: Split) -> None:
    """Shift the split of a running stack and keep it in its state. Raises GatewayError."""
    gateway.shift(split)
    folder.change_state(lambda state: state.split.update(split))


def _now_ready(state: State) -> None:
    state.ready = True
