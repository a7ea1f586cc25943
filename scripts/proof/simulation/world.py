"""One world: the whole shop on simulated ground, from the first buyer until all is decided."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any, Final

import msgspec

from frontend.replies import NoReply, Reply
from functions.orders import contract
from functions.orders.batch import StockChange
from functions.orders.rules import Stock
from scripts.proof.simulation import ledger_statements, pending_statements, threads
from scripts.proof.simulation.browsers import Browsers
from scripts.proof.simulation.disturbances import Disturbances
from scripts.proof.simulation.exchanges import Exchange
from scripts.proof.simulation.functions import SECRET, Function
from scripts.proof.simulation.instants import Instants
from scripts.proof.simulation.ledger_statements import ShowRow
from scripts.proof.simulation.networks import Faults, Network
from scripts.proof.simulation.pending_statements import PENDING
from scripts.proof.simulation.plans import LIMIT, PRICE, SLUG, Plan, Publication
from scripts.proof.simulation.processes import BEGINS_AT, Process
from scripts.proof.simulation.rows import Store
from scripts.proof.simulation.server import Server
from scripts.proof.simulation.shops import Shop
from scripts.proof.simulation.story import Story
from scripts.proof.simulation.timeline import Timeline

ENOUGH_S: Final = 180.0  # after the last fault: whoever is not answered by then never will be
_LOOK_S: Final = 1.0
_DAY: Final = timedelta(days=1)


class World:
    """A plan's world before it begins; whoever breaks a part of it does so before `live`."""

    def __init__(self, plan: Plan, *, is_told: bool = False) -> None:
        self.plan = plan
        self.timeline = Timeline()
        self.story = Story(self.timeline, is_told=is_told)
        for visit in plan.visits:
            self.story.name_order(visit.person.order_id, f"order {visit.person.number}")
        self._random = Random(plan.seed)  # noqa: S311  # repeatable on purpose
        self._hub = threads.hub()
        self._make_databases()
        self._make_functions()
        self._make_shops()
        world = self.world = Process("world", self.timeline, self._hub)
        self.browsers = Browsers(world, self.shops, self._faults, self._randoms, self.story)
        processes = {each.name: each for each in (*self.databases, *self.functions.values(), *self.shops)}
        Disturbances(plan, self.timeline, processes, self._network, self.story)

    @property
    def databases(self) -> tuple[Server, Server]:
        return self.orders_db, self.pending_db

    def live(self) -> None:
        """From the beginning until all is decided, or nothing more is to be hoped for."""
        for process in (*self.databases, *self.functions.values(), *self.shops, self.world):
            process.start()
        for visit in self.plan.visits:
            self.browsers.expect(visit)
        for publication in self.plan.publications:
            self.timeline.at(publication.at_s, self.world.thread, partial(self._publish, publication))
        self.timeline.at(self.plan.faults_end_at, self._look)
        self.timeline.run()
        for process in (*self.shops, *self.functions.values(), self.world, *self.databases):
            process.retire()
        self.timeline.run()  # until nothing of them is left

    def _look(self) -> None:
        waits = any(row.state == "pending" for row in self.pending_db.store.now(PENDING).values())
        over = not self.browsers.present and not waits
        if over or self.timeline.now > self.plan.faults_end_at + ENOUGH_S:
            self.timeline.stop()
        else:
            self.timeline.after(_LOOK_S, self._look)

    def _new_random(self) -> Random:
        return Random(self._random.getrandbits(64))  # noqa: S311

    def _make_databases(self) -> None:
        orders, pending = Store(ledger_statements.tables()), Store(pending_statements.tables())
        pending_statements.prepare(pending.put)
        _open_sale(orders, self.plan.capacities)
        self.instants = Instants(orders)
        self.orders_db = self._server("orders-db", orders, ledger_statements.STATEMENTS)
        self.pending_db = self._server("pending-db", pending, pending_statements.STATEMENTS)

    def _server(self, name: str, store: Store, statements: Mapping[str, Any]) -> Server:
        return Server(name, self.timeline, self._hub, store, statements, self._new_random(), self.story)

    def _make_functions(self) -> None:
        def function(name: str, chaos: str = "") -> Function:
            random = self._new_random()
            return Function(name, self.timeline, self._hub, self.orders_db, random, self.story, chaos)

        self.functions = {"stable": function("stable"), "chaos": function("chaos", self.plan.chaos)}
        self._randoms = {visit.person.order_id: Random(visit.seed + 1) for visit in self.plan.visits}  # noqa: S311
        self._faults = Faults(self.plan)
        to_chaos = self.plan.to_chaos
        self._network = Network(self.timeline, self.functions, to_chaos, self._faults, self._randoms, self.story)

    def _make_shops(self) -> None:
        def shop(name: str) -> Shop:
            random, limit = self._new_random(), self.plan.pending_limit
            return Shop(name, self.timeline, self._hub, self._network, self.pending_db, random, self.story, limit)

        self.shops = (shop("shop-1"), shop("shop-2"))

    def _publish(self, publication: Publication) -> None:
        """Until the function has decided, as the command that publishes shows goes on."""
        event = contract.Event(
            id="00000000-0000-4000-8000-000000000000",
            type=contract.PUBLISH,
            source="/simulation",
            time=self.world.now(),
            data=msgspec.json.encode(show(publication.capacities)),
            time_left_ms=2000,
        )
        headers, body = contract.encode_event(event)
        reply: Reply | NoReply = NoReply("not_sent")
        while not (isinstance(reply, Reply) and reply.status == 200):
            signature = contract.sign(SECRET, event, body, at=self.world.unix_time())
            reply = self._post({**headers, contract.SIGNATURE_HEADER: signature}, body)
            self.story.tell("publisher", f"{dict(publication.capacities)}: {_word(reply)}")
            threads.sleep(1.0)

    def _post(self, headers: Mapping[str, str], body: bytes) -> Reply | NoReply:
        answer = threads.Answer[Reply | NoReply]()
        hear: Callable[[Reply | NoReply], None] = answer.give
        exchange = Exchange(headers, body, hear)
        timer = self.timeline.after(2.0, hear, NoReply("timed_out"))
        if not self.functions["stable"].receive(exchange):
            hear(NoReply("unreachable"))
        reply = answer.take()
        timer.cancel()
        return reply


def show(capacities: Mapping[str, int]) -> contract.Show:
    """The show that is on sale in every world."""
    kinds = tuple(contract.TicketType(kind, kind, PRICE, "EUR", room, LIMIT) for kind, room in capacities.items())
    return contract.Show(
        SLUG, "Last night", "Old Foundry", BEGINS_AT + 9 * _DAY, BEGINS_AT - _DAY, BEGINS_AT + _DAY, kinds
    )


def _open_sale(orders: Store, capacities: Mapping[str, int]) -> None:
    orders.put("shows", (SLUG,), ShowRow(show(capacities), BEGINS_AT - _DAY))
    for kind, room in capacities.items():
        orders.put("stock", (SLUG, kind), Stock(room, 0, 1))
        orders.put("stock_journal", (SLUG, kind, 1), StockChange(SLUG, kind, 1, room, 0, "published"))


def _word(reply: Reply | NoReply) -> str:
    return reply.headers.get("ce-type", str(reply.status)) if isinstance(reply, Reply) else reply.why
