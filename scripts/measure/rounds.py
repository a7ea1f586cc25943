"""The measurements, in rounds: everything is measured in each round, so that the machine's moods hit all alike."""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import psycopg

from scripts import migrate
from scripts.local.postgres import EmbeddedPostgres
from scripts.measure import buying, hot_row, load, servers, stored
from scripts.measure.figures import Figures
from scripts.measure.servers import SECRET, SHOW, Server

CONNECTIONS: Final = (1, 8, 64, 256)
MAIN_CONNECTIONS: Final = 64
OVERLOAD_CONNECTIONS: Final = 640  # ten times as many as keep it busy
STORED: Final = (100_000, 1_000_000)
TYPES: Final = tuple(f"type-{number:02}" for number in range(20))
HOT: Final = TYPES[:1]
_EMPTY: Final = "empty"


@dataclass(frozen=True)
class Bench:
    """The running servers that are measured."""

    folder: Path
    postgres: EmbeddedPostgres
    functions: dict[str, Server]
    bare: Server
    buyers: buying.BuyersBench
    seconds: float

    def measure(self, number: int, figures: Figures) -> None:
        """Round `number`."""
        self._forget_sales()
        database_url = self.postgres.url("pgbench")
        tps = hot_row.transactions_per_second(self.postgres.folder, database_url, self.folder, self.seconds)
        figures.add("hot_row_tps", tps)
        for measure in self._in_turn(number):
            measure(figures)
        self.buyers.measure(number, figures)
        self._measure_cold_starts(figures)

    def _in_turn(self, number: int) -> Sequence[Callable[[Figures], None]]:
        """The loads, beginning with another one in each round: what comes later finds more to be written to disk."""
        empty, second = self.functions[_EMPTY], self.functions["second"]
        loads: list[Callable[[Figures], None]] = [
            partial(self._measure_rate, "bare_rps", [self.bare], HOT, MAIN_CONNECTIONS),
            *(partial(self._measure_orders, connections) for connections in CONNECTIONS),
            partial(self._measure_rate, "overload_rps", [empty], HOT, OVERLOAD_CONNECTIONS),
            partial(self._measure_rate, "types_rps", [empty], TYPES, MAIN_CONNECTIONS),
            partial(self._measure_rate, "two_processes_rps", [empty, second], HOT, MAIN_CONNECTIONS),
            *(
                partial(self._measure_rate, f"stored_{count}_rps", [self.functions[str(count)]], HOT, MAIN_CONNECTIONS)
                for count in STORED
            ),
        ]
        begin = number * 3 % len(loads)  # 3 has no divisor in common with 10: each is first in some round
        return loads[begin:] + loads[:begin]

    def _measure_rate(
        self, name: str, targets: list[Server], types: tuple[str, ...], connections: int, figures: Figures
    ) -> None:
        figures.add(name, self._load(targets, types, connections).rps)

    def _measure_orders(self, connections: int, figures: Figures) -> None:
        result = self._load([self.functions[_EMPTY]], HOT, connections)
        figures.add(f"orders_rps_{connections}", result.rps)
        figures.add(f"p50_ms_{connections}", result.p50_ms)
        figures.add(f"p99_ms_{connections}", result.p99_ms)
        figures.add("refused", result.refused)

    def _load(self, targets: list[Server], types: tuple[str, ...], connections: int = MAIN_CONNECTIONS) -> load.Result:
        requests = self.folder / "requests"
        load.prepare(requests, SECRET, SHOW, types, connections, self.seconds)
        return load.run([target.url for target in targets], requests, connections, self.seconds)

    def _measure_cold_starts(self, figures: Figures) -> None:
        with servers.running_function(self.folder, self.postgres.url(_EMPTY)) as function:
            load.place_first_order(function.url, SECRET, SHOW, HOT[0], within_s=30)
            figures.add("cold_start_s", time.monotonic() - function.started_at)
        with servers.running_bare(self.folder) as bare:
            servers.wait_until_up(bare)
            figures.add("bare_cold_start_s", time.monotonic() - bare.started_at)

    def _forget_sales(self) -> None:
        with psycopg.connect(self.postgres.url(_EMPTY), autocommit=True) as session:
            session.execute("TRUNCATE orders, tickets, outbox, stock_journal")
            session.execute("UPDATE stock SET sold = 0, version = 1")
            session.execute("CHECKPOINT")


@contextmanager
def started(seconds: float, progress: Callable[[str], None]) -> Iterator[Bench]:
    """All servers, ready to be measured; gone afterwards. Raises LoadError, PostgresError, StackError, migrate's."""
    load.find_wrk()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="flametickets-bench-")))
        postgres = EmbeddedPostgres(folder / "postgres")
        stack.callback(postgres.remove)
        progress("starting PostgreSQL")
        stack.enter_context(postgres)
        hot_row.create(postgres.ensure_database("pgbench"))
        functions = {}
        for name in (_EMPTY, "second", *map(str, STORED)):
            database_url = postgres.ensure_database(_EMPTY if name == "second" else name)
            migrate.apply("orders", database_url)
            if name.isdigit():
                progress(f"storing {int(name):,} orders")
                stored.store_orders(database_url, SHOW, int(name))
            functions[name] = stack.enter_context(servers.running_function(folder, database_url))
            servers.wait_until_up(functions[name])
            servers.put_on_sale(functions[name], TYPES)
        bare = stack.enter_context(servers.running_bare(folder))
        servers.wait_until_up(bare)
        progress("starting the whole stack, with a plain shop beside it")
        buyers = stack.enter_context(buying.started(folder, seconds))
        yield Bench(folder, postgres, functions, bare, buyers, seconds)
