"""The real ledger on a real PostgreSQL, driven by Hypothesis: several writers, repeats, cancels, crashes.

After each step the promises hold (the audit), each order is as its history allows, and each answer given agrees with
what is found. The run is the same each time; a failure prints its steps, and a blob to repeat it with.
"""

import asyncio
import uuid
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import psycopg
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from functions.orders import contract
from functions.orders.audit import audit, table
from functions.orders.backlog import Command, Publish, Reply
from functions.orders.contract import OrderLine, PlaceOrder, Show, TicketType
from functions.orders.ledger import Unanswered
from functions.orders.rules import Cancel, Place
from tests.functions.order_model import (
    LIMIT,
    PRICE,
    UNKNOWN,
    Known,
    Left,
    about,
    agrees,
    expected,
    may_become,
    word,
)
from tests.functions.writers import CRASHES, Crash, Writer, watch_tasks

T = TypeVar("T")
STARTED = datetime.now(UTC)
IDS = [str(uuid.UUID(int=n)) for n in range(1, 13)]
WRITERS = 3
TABLES = "shows, ticket_types, stock, orders, tickets, stock_journal, outbox"


def make_show(slug: str, capacities: dict[str, int], minute: int) -> Publish:
    kinds = tuple(TicketType(kind, kind, PRICE, "EUR", capacity, LIMIT) for kind, capacity in capacities.items())
    day = timedelta(days=1)
    show = Show(slug, "Title", "Venue", STARTED + 9 * day, STARTED - day, STARTED + day, kinds)
    return Publish(show, STARTED - day + timedelta(minutes=minute))


def make_place(order_id: str, show: str, lines: dict[str, int], name: str, expected_total: int | None) -> Place:
    wanted = tuple(OrderLine(kind, quantity) for kind, quantity in lines.items())
    order = PlaceOrder(show, wanted, name, "ann@example.org", expected_total)
    return Place(order_id, contract.fingerprint(order), order, STARTED)


ORDER_IDS = st.sampled_from(IDS)
CAPACITIES = st.fixed_dictionaries({"seat": st.integers(0, 9)}, optional={"box": st.integers(0, 9)})
PLACES = st.builds(
    make_place,
    ORDER_IDS,
    st.sampled_from(["one", "one", "one", "two", "none"]),
    st.dictionaries(st.sampled_from(["seat", "box"]), st.sampled_from([1, 1, 1, 2, 3, LIMIT + 1]), min_size=1),
    st.sampled_from(["Ann", "Ann", "Bob"]),
    st.sampled_from([None, None, None, None, PRICE]),
)
CANCELS = PLACES.flatmap(
    lambda place: st.builds(Cancel, ORDER_IDS, st.sampled_from(["", place.fingerprint, place.fingerprint[:32]]))
)
SALES = st.one_of(PLACES, PLACES, PLACES, CANCELS)
PUBLICATIONS = st.builds(make_show, st.sampled_from(["one", "two"]), CAPACITIES, st.integers(0, 60))
WRITER = st.integers(0, WRITERS - 1)
Sent = tuple[int, Command]


class LedgerMachine(RuleBasedStateMachine):
    """`known` and `left` are what is stored, read again after each step."""

    database_url: str

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        watch_tasks(self.runner.get_loop())
        self.control = psycopg.connect(self.database_url, autocommit=True)
        self.writers: list[Writer] = []
        self.known: dict[str, Known] = {}
        self.left: Left = {}

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize(seats=st.integers(1, 9), boxes=st.integers(0, 3), seats_of_two=st.integers(0, 3))
    def start(self, seats: int, boxes: int, seats_of_two: int) -> None:
        self.control.execute(f"TRUNCATE {TABLES}".encode())
        self.run(self._open())
        one, two = make_show("one", {"seat": seats, "box": boxes}, 0), make_show("two", {"seat": seats_of_two}, 0)
        replies = self.send([(0, one), (1, two)])
        assert [word(reply) for reply in replies if reply] == ["Published", "Published"]

    async def _open(self) -> None:
        self.writers = [Writer(self.database_url) for _ in range(WRITERS)]

    @rule(writer=WRITER, sale=SALES)
    def alone(self, writer: int, sale: Place | Cancel) -> None:
        """One command with nothing else going on gets exactly the answer that the model expects."""
        before, left = self.known.get(sale.order_id, UNKNOWN), self.left
        (reply,) = self.send([(writer, sale)])
        assert reply is not None
        assert word(reply) == expected(sale, before, left)

    @rule(writer=WRITER, publication=PUBLICATIONS)
    def publish(self, writer: int, publication: Publish) -> None:
        self.send([(writer, publication)])

    @rule(sent=st.lists(st.tuples(WRITER, SALES), min_size=2, max_size=8))
    def together(self, sent: list[Sent]) -> None:
        """Several commands over several writers at once are all answered."""
        assert None not in self.send(sent)

    @rule(
        sent=st.lists(st.tuples(WRITER, SALES | PUBLICATIONS), min_size=1, max_size=6),
        writer=WRITER,
        number=st.integers(1, 20),
        crash=st.sampled_from(CRASHES),
    )
    def crashing(self, sent: list[Sent], writer: int, number: int, crash: Crash) -> None:
        """What is not answered may or may not have happened; what is answered has."""
        self.send([*sent, (writer, Cancel(IDS[0]))], (writer, number, crash))

    @invariant()
    def the_promises_hold(self) -> None:
        results = audit(self.control)
        self.control.read_only, self.control.isolation_level = None, None
        assert not any(result.violations for result in results), "\n" + "\n".join(table(results))

    def send(self, sent: Sequence[Sent], crash: tuple[int, int, Crash] | None = None) -> Sequence[Reply | None]:
        """The replies, None for what got none; afterwards all that is found is possible and agrees with them."""
        replies = self.run(self._send(sent, crash))
        before, commands = self.known, [command for _, command in sent]
        self.known, self.left = self._read_orders(), self._read_left()
        for order_id in before.keys() | self.known.keys():
            after = self.known.get(order_id, UNKNOWN)
            assert may_become(before.get(order_id, UNKNOWN), about(order_id, commands), after)
        for command, reply in zip(commands, replies, strict=True):
            after = UNKNOWN if isinstance(command, Publish) else self.known.get(command.order_id, UNKNOWN)
            assert reply is None or agrees(command, reply, after), (command, reply, after)
        return replies

    async def _send(self, sent: Sequence[Sent], crash: tuple[int, int, Crash] | None) -> Sequence[Reply | None]:
        async with asyncio.timeout(20):
            reopening: asyncio.Task[None] | None = None
            if crash is not None:
                writer, number, how = self.writers[crash[0]], *crash[1:]
                writer.crash_at(number, how)
                reopening = asyncio.create_task(writer.reopen_after(how))
            replies = await asyncio.gather(*(self._answer(self.writers[n], command) for n, command in sent))
            if crash is not None and reopening is not None:
                if not writer.points.fired.is_set():
                    writer.points.disarm()
                    reopening.cancel()
                await asyncio.wait([reopening])
            await self._settled()
        return replies

    async def _answer(self, writer: Writer, command: Command) -> Reply | None:
        try:
            return await writer.submit(command)
        except Unanswered:
            return None

    async def _settled(self) -> None:
        """What a crashed writer left to the server is either done or given up."""
        busy = "SELECT FROM pg_stat_activity WHERE application_name = 'flametickets-orders' AND state <> 'idle'"
        while self.control.execute(busy).fetchone():
            await asyncio.sleep(0)

    def _read_orders(self) -> dict[str, Known]:
        rows = self.control.execute(
            "SELECT order_id::text, status, fingerprint, reason, ARRAY(SELECT code FROM tickets t"
            " WHERE t.order_id = o.order_id ORDER BY code) FROM orders o"
        ).fetchall()
        return {
            order_id: Known(status, fingerprint, reason, tuple(codes))
            for order_id, status, fingerprint, reason, codes in rows
        }

    def _read_left(self) -> Left:
        rows = self.control.execute(
            "SELECT s.show, s.ticket_type, capacity - sold FROM stock s"
            " JOIN ticket_types t ON t.show = s.show AND t.id = s.ticket_type WHERE t.listed"
        ).fetchall()
        return {(show, kind): left for show, kind, left in rows}

    def teardown(self) -> None:
        self.run(self._close())
        self.control.close()
        self.runner.close()

    async def _close(self) -> None:
        for writer in self.writers:
            await writer.close()


def test_the_ledger_keeps_its_promises_whatever_comes(orders_database_url: str) -> None:
    class Machine(LedgerMachine):
        database_url = orders_database_url

    # A failure is told at once, with a dozen steps at most: making it smaller would take longer than a test may.
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=12,
            phases=[Phase.generate],
            derandomize=True,
            deadline=None,
            print_blob=True,
        ),
    )
