"""The shop as a simulated process: its real use cases, call, breakers, pending purchases and workers."""

import uuid
from collections.abc import Callable, Mapping
from functools import partial
from random import Random
from typing import Any, Final, cast
from urllib.parse import parse_qs, urlsplit

import msgspec

from frontend.access import cancel_order, find_order
from frontend.buying import buy
from frontend.flights import Flights
from frontend.keys import issue_key, told_key
from frontend.metrics import Metrics
from frontend.orders_client import Confirmed, Rejected
from frontend.orders_http import HttpOrdersClient
from frontend.pending.database import Database
from frontend.pending.policy import IDLE_S
from frontend.pending.queue import PostgresQueue
from frontend.pending.store import PostgresPending
from frontend.pending.workers import Worker
from frontend.replies import NoReply, Reply
from frontend.routes import Routes
from frontend.transport import Transport
from functions.orders import contract
from scripts.proof.sale.buyer import Answer, Request
from scripts.proof.simulation import pages, threads
from scripts.proof.simulation.functions import SECRET
from scripts.proof.simulation.lines import pool
from scripts.proof.simulation.networks import STABLE, WEIGHTED, Network
from scripts.proof.simulation.pending_statements import PENDING
from scripts.proof.simulation.processes import Process
from scripts.proof.simulation.server import Server
from scripts.proof.simulation.story import Story
from scripts.proof.simulation.timeline import Timeline

KEY_SECRET: Final = "another secret of the simulation, never retired"  # noqa: S105  # it protects nothing
WORKERS: Final = 1
_ENOUGH: Final = 1000  # threads: waiting for one of them is not simulated


class Unmeasured(Metrics):
    """Counts nothing."""

    def __init__(self) -> None:
        """Without a registry."""

    def called(self, *, kind: str, route: str, revision: str, attempt: int, outcome: str, took_s: float) -> None:
        """Nothing."""

    def breaker(self, route: str, state: str) -> None:
        """Nothing."""

    def watch_budget(self, route: str, left: Callable[[], float]) -> None:
        """Nothing."""

    def decided(self, outcome: str) -> None:
        """Nothing."""


class Client(HttpOrdersClient):
    """The shop's client, whose events have ids that the seed repeats."""

    def __init__(self, routes: Routes, transport: Transport, shop: "Shop") -> None:
        super().__init__(
            routes,
            SECRET,
            transport,
            Unmeasured(),
            web_threads=_ENOUGH,
            now=shop.unix_time,
            random=shop.random.random,
            sleep=threads.sleep,
        )
        self._new_bits = shop.random.getrandbits

    def _event(self, command: str, data: contract.Command, traceparent: str, subject: str | None) -> contract.Event:
        new_id = str(uuid.UUID(int=self._new_bits(128), version=4))
        return msgspec.structs.replace(super()._event(command, data, traceparent, subject), id=new_id)


class Post:
    """In the place of `frontend.transport.Transport`."""

    def __init__(self, network: Network, shop: "Shop") -> None:
        self._network = network
        self._shop = shop

    def post(self, url: str, headers: Mapping[str, str], body: bytes, *, within_s: float) -> Reply | NoReply:
        """What came back within the time."""
        answer = threads.Answer[Reply | NoReply]()
        leave = self._network.send(self._shop.name, url, headers, body, answer.give)
        timer = self._shop.timeline.after(within_s, answer.give, NoReply("timed_out"))
        self._shop.at_end(leave)
        reply = answer.take()
        self._shop.not_at_end(leave)
        timer.cancel()
        if isinstance(reply, NoReply):
            leave()
        return reply


class Shop(Process):
    """One process of the shop, with workers; `before_begin` is what a sabotage does when it starts."""

    def __init__(
        self,
        name: str,
        timeline: Timeline,
        hub: Any,
        network: Network,
        database: Server,
        random: Random,
        story: Story,
        limit: int,
    ) -> None:
        super().__init__(name, timeline, hub)
        self.random = random
        self.before_begin: Callable[[], object] = lambda: None
        self._limit = limit
        self._network = network
        self._database = database
        self._story = story

    def begin(self) -> None:
        """Everything that was in memory is new: breakers, budget, sessions."""
        self.before_begin()
        self._flights = Flights(threads.Event)
        routes = Routes.of(WEIGHTED, STABLE, self.monotonic)
        self._client = Client(routes, cast(Transport, Post(self._network, self)), self)
        sessions = Database("", self.monotonic, pool(self._database, self))
        self._pending = PostgresPending(sessions, self._limit, Unmeasured())
        for _ in range(WORKERS):
            worker = Worker(PostgresQueue(sessions), self._client, Unmeasured(), self.random.random)
            self.thread(partial(self._work, worker))

    def receive(self, request: Request, traceparent: str, reply: Callable[[Answer], None]) -> bool:
        """Serve a buyer in a thread of its own; False if there is no shop."""
        if self.is_up:
            self.thread(lambda: reply(self._serve(request, traceparent)))
        return self.is_up

    def _work(self, worker: Worker) -> None:
        """As `frontend.pending.workers.Workers` runs it; a bug ends the simulation.

        While nothing waits, a turn does nothing but to ask; then it is enough to ask now and then.
        """
        random = self.random.random
        while True:
            threads.sleep(IDLE_S * (1 + random()) / 2 if self._has_no_work() and random() < 0.9 else worker.turn())

    def _has_no_work(self) -> bool:
        rows = self._database.store.rows[PENDING]
        return not any(row.latest is None or row.latest.state == "pending" for row in rows.values())

    def _serve(self, request: Request, traceparent: str) -> Answer:
        if request.body is not None:
            return self._place(request, traceparent)
        url = urlsplit(request.path)
        order_id, key = url.path.split("/")[3], parse_qs(url.query)["key"][0]
        if request.action == "cancel":
            outcome = cancel_order(self._client, self._pending, KEY_SECRET, order_id, key, traceparent)
            return pages.cancelled(outcome, told_key(KEY_SECRET, order_id, key))
        found = find_order(self._client, self._pending, KEY_SECRET, order_id, key, traceparent)
        return pages.looked(found, order_id, key, told_key(KEY_SECRET, order_id, key))

    def _place(self, request: Request, traceparent: str) -> Answer:
        order_id, order = request.headers["Idempotency-Key"], msgspec.convert(request.body, contract.PlaceOrder)
        outcome = buy(self._client, self._pending, order_id, order, self.now(), traceparent, flights=self._flights)
        told = isinstance(outcome, Confirmed | Rejected)
        key = issue_key(KEY_SECRET, order_id, contract.fingerprint(order), told=told)
        return pages.placed(outcome, order_id, key)
