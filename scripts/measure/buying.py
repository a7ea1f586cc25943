"""The buyers' path, from the form's post to the redirect: the whole stack, healthy and at 30 % faults.

Beside it, at the same gateway, a plain shop, and the shop with a bare call in the place of the resilient one.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal

import psycopg

from scripts.local.gateway import WEIGHTED, route_name
from scripts.local.split import Split
from scripts.local.stack import Stack
from scripts.measure import load, servers
from scripts.measure.figures import Figures
from scripts.measure.servers import SHOW, Server

CONNECTIONS: Final = 16
FAULTS: Final = "error:0.3"
TYPE: Final = "place"
HEALTHY: Final[Split] = {"stable": 100, "chaos": 0}
FAULTY: Final[Split] = {"stable": 0, "chaos": 100}

Shop = Literal["shop", "bare call", "plain"]


@dataclass(frozen=True)
class Sales:
    """What came of a run, a second: tickets `sold` by the ledger, and redirects `answered`; how long those took."""

    sold: float
    answered: float
    p99_ms: float


@dataclass(frozen=True)
class BuyersBench:
    """A running stack, and the shops that sell its tickets."""

    folder: Path
    stack: Stack
    shops: Mapping[Shop, Server]
    seconds: float

    def measure(self, number: int, figures: Figures) -> None:
        """Round `number`: each load once, beginning with another one in each round."""
        measures: list[Callable[[Figures], None]] = [
            partial(self._measure_healthy, "shop", "buyers"),
            partial(self._measure_healthy, "bare call", "bare_call"),
            partial(self._measure_healthy, "plain", "plain"),
            partial(self._measure_faulty, "shop", "buyers_faults"),
            partial(self._measure_faulty, "plain", "plain_faults"),
        ]
        begin = number % len(measures)
        for measure in measures[begin:] + measures[:begin]:
            measure(figures)
        of_round = {name: rounds[-1] for name, rounds in figures.rounds.items()}
        figures.add("faults_gain", of_round["buyers_faults_rps"] / of_round["plain_faults_rps"])
        figures.add("resilience_cost", 1 - of_round["buyers_rps"] / of_round["bare_call_rps"])

    def _measure_healthy(self, shop: Shop, name: str, figures: Figures) -> None:
        sales = self._sell(shop, HEALTHY)
        figures.add(f"{name}_rps", sales.answered)
        figures.add(f"{name}_p99_ms", sales.p99_ms)

    def _measure_faulty(self, shop: Shop, name: str, figures: Figures) -> None:
        """Tickets sold, for a redirect of the shop may lead to a purchase that is only accepted."""
        sales = self._sell(shop, FAULTY)
        figures.add(f"{name}_rps", sales.sold)
        figures.add(f"{name}_p99_ms", sales.p99_ms)

    def _sell(self, shop: Shop, split: Split) -> Sales:
        self.stack.traffic(split)
        forms = self.folder / "forms"
        load.prepare_forms(forms, SHOW, TYPE, self.seconds)
        before = self._sold()
        result = load.run([self.shops[shop].url], forms, CONNECTIONS, self.seconds)
        return Sales((self._sold() - before) / self.seconds, result.rps, result.p99_ms)

    def _sold(self) -> int:
        with psycopg.connect(self.stack.database_url) as session:
            row = session.execute("SELECT sold FROM stock WHERE show = %s", [SHOW]).fetchone()
        return int(row[0]) if row else 0


@contextmanager
def started(folder: Path, seconds: float) -> Iterator[BuyersBench]:
    """The stack and all shops, ready to be measured; gone afterwards. Raises StackError or LoadError."""
    with ExitStack() as running:
        stack = Stack(folder / "stack", chaos_faults=FAULTS)
        running.callback(stack.remove)
        running.enter_context(stack)
        stack.publish(servers.flash_sale([TYPE]))
        state = stack.folder.read_state()
        if state is None:
            raise load.LoadError("the stack is gone")
        settings = {
            "ORDERS_URL": stack.gateway_urls[WEIGHTED],
            "ORDERS_STABLE_URL": stack.gateway_urls[route_name("stable")],
            "SIGNING_SECRETS": stack.signing_secret,
            "ORDER_KEY_SECRET": stack.signing_secret,
            "FRONTEND_DATABASE_URL": state.database_urls["pending"],
        }
        shops: dict[Shop, Server] = {
            "shop": Server(stack.url, 0.0),
            "bare call": running.enter_context(servers.running_bare_call(folder, settings)),
            "plain": running.enter_context(servers.running_plain_shop(folder, settings)),
        }
        for shop in shops.values():
            servers.wait_until_up(shop)
        yield BuyersBench(folder, stack, shops, seconds)
