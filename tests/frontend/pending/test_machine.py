"""Whatever happens in whatever order: what was accepted is decided in the end, or a dead letter, and never taken back.

One machine over the fake store and over PostgreSQL; the function loses replies, which is when it may have sold.
"""

from datetime import datetime

import psycopg
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from frontend.metrics import Metrics
from frontend.orders_client import Confirmed, Found, Rejected, Unconfirmed
from frontend.pending.policy import LEASE_S
from frontend.pending.purchases import Accepted, Full, PendingPurchase, Reused
from frontend.pending.workers import Housekeeper, Worker
from functions.orders import contract
from scripts.local.postgres import EmbeddedPostgres
from tests.fakes import FakeOrders, utc_now
from tests.frontend.client_contract import TRACE, new_id, wants
from tests.pending_store import InMemory, InPostgres, Parts, leased, pending_database

LIMIT = 8
GIVE_UP_S = 600.0


class Lossy(FakeOrders):
    """Carries out what it is asked for, and may lose the answer."""

    loses = False

    def replay(
        self, order_id: str, order: contract.PlaceOrder, pressed_at: datetime, traceparent: str
    ) -> Confirmed | Rejected | Unconfirmed:
        answer = super().replay(order_id, order, pressed_at, traceparent)
        return Unconfirmed("dropped") if self.loses else answer


class PendingMachine(RuleBasedStateMachine):
    """A shop, its workers and its operator; subclasses say which store."""

    order_ids = Bundle("order_ids")
    parts: Parts

    @initialize(chance=st.floats(0, 1))
    def begin(self, chance: float) -> None:
        self.function = Lossy()
        self.metrics = Metrics()
        self.worker = Worker(self.parts.queue, self.function, self.metrics, lambda: chance)
        self.keeper = Housekeeper(self.parts.queue, self.metrics, GIVE_UP_S, monotonic=lambda: 0.0)
        self.accepted: dict[str, contract.PlaceOrder] = {}
        self.decided: dict[str, object] = {}

    @rule(target=order_ids, quantity=st.integers(1, 4), show=st.sampled_from(["open-mic", "spring-gala", "unknown"]))
    def accept(self, quantity: int, show: str) -> str:
        order_id = new_id()
        kind = "entry" if show == "open-mic" else "stalls"
        order = contract.PlaceOrder(show, (contract.OrderLine(kind, quantity),), "Ada", "ada@example.com")
        waiting = [self.find(known).state for known in self.accepted].count("pending")
        answer = self.parts.pending.accept(order_id, order, utc_now(), TRACE)
        assert isinstance(answer, Full if waiting >= LIMIT else Accepted)
        if isinstance(answer, Accepted):
            self.accepted[order_id] = order
        return order_id

    @rule(order_id=order_ids)
    def repeat(self, order_id: str) -> None:
        if order_id in self.accepted:
            answer = self.parts.pending.accept(order_id, self.accepted[order_id], utc_now(), TRACE)
            assert answer == Accepted(self.find(order_id))

    @rule(order_id=order_ids)
    def reuse(self, order_id: str) -> None:
        if order_id in self.accepted:
            assert isinstance(self.parts.pending.accept(order_id, wants(name="Mallory"), utc_now(), TRACE), Reused)

    @rule(away=st.booleans(), loses=st.booleans(), opens_in=st.sampled_from([0.0, 0.0, 3.0]))
    def change_the_function(self, away: bool, loses: bool, opens_in: float) -> None:
        self.function.away, self.function.loses, self.function.opens_in = away, loses, opens_in

    @rule(turns=st.integers(1, 5))
    def work(self, turns: int) -> None:
        for _ in range(turns):
            self.worker.turn()

    @rule()
    def be_killed_with_a_lease(self) -> None:
        self.parts.queue.lease()

    @rule(order_id=order_ids, lost=st.booleans())
    def cancel(self, order_id: str, lost: bool) -> None:
        answer = self.function.cancel(order_id, "", TRACE)
        if not lost and not isinstance(answer, Rejected | Unconfirmed):
            self.parts.pending.settle(order_id, contract.Cancelled(order_id))

    @rule(seconds=st.sampled_from([1.0, LEASE_S, 60.0, GIVE_UP_S]))
    def wait(self, seconds: float) -> None:
        self.parts.pass_time(seconds)

    @rule()
    def keep_house(self) -> None:
        self.keeper.turn()

    @invariant()
    def an_outcome_stays(self) -> None:
        for order_id in self.accepted:
            purchase = self.find(order_id)
            assert (purchase.state == "decided") == (purchase.outcome is not None)
            assert self.decided.setdefault(order_id, purchase.outcome) == purchase.outcome or (
                self.decided[order_id] is None
            )
            self.decided[order_id] = purchase.outcome

    def teardown(self) -> None:
        """The faults end; within a while everything that was accepted has an outcome, or an operator has to look."""
        self.change_the_function(away=False, loses=False, opens_in=0.0)
        for _ in range(3):
            self.parts.pass_time(LEASE_S)
            self.work(2 * LIMIT)
        self.an_outcome_stays()
        for order_id, order in self.accepted.items():
            purchase = self.find(order_id)
            assert purchase.state != "pending"
            answer = self.function.lookup(order_id, TRACE)
            known = answer.order if isinstance(answer, Found) else None
            assert known is None or known.fingerprint in ("", contract.fingerprint(order))
            if purchase.state == "decided":
                assert known is not None
                if isinstance(purchase.outcome, contract.Rejection) and purchase.outcome.reason != "cancelled":
                    assert (known.status, known.reason) == ("rejected", purchase.outcome.reason)
                elif isinstance(purchase.outcome, contract.Order):
                    assert known.status in ("confirmed", "cancelled")
                else:
                    assert known.status == "cancelled"

    def find(self, order_id: str) -> PendingPurchase:
        purchase = self.parts.pending.find(order_id)
        assert isinstance(purchase, PendingPurchase)
        return purchase


class InMemoryMachine(PendingMachine):
    def __init__(self) -> None:
        super().__init__()
        self.parts = InMemory(LIMIT)


def test_in_memory() -> None:
    run_state_machine_as_test(
        InMemoryMachine, settings=settings(max_examples=150, stateful_step_count=40, deadline=None)
    )


def emptied(parts: InPostgres) -> InPostgres:
    with psycopg.connect(parts.url, autocommit=True) as session:
        session.execute("TRUNCATE pending_purchases")
    return parts


def test_in_postgres(postgres_server: EmbeddedPostgres) -> None:
    with pending_database(postgres_server) as url:
        parts = InPostgres(url, LIMIT)

        class InPostgresMachine(PendingMachine):
            def __init__(self) -> None:
                super().__init__()
                self.parts = emptied(parts)

        try:
            run_state_machine_as_test(
                InPostgresMachine,
                settings=settings(
                    max_examples=25,
                    stateful_step_count=30,
                    deadline=None,
                    suppress_health_check=[HealthCheck.too_slow],
                ),
            )
        finally:
            parts.close()


def test_the_machine_sees_a_lost_purchase() -> None:
    """A store that forgets, and a test that would not see it, would look alike."""

    class Forgetful(InMemoryMachine):
        @rule()
        def forget(self) -> None:
            if isinstance(self.parts.queue.lease(), PendingPurchase):
                self.parts.pass_time(LEASE_S)
                self.parts.queue.try_later(leased(self.parts.queue), 1e6, "forgotten")

    try:
        run_state_machine_as_test(
            Forgetful, settings=settings(max_examples=100, deadline=None, database=None, print_blob=False)
        )
    except AssertionError:
        return
    raise AssertionError("nothing was noticed")
