"""What an operator does: `python3 -m frontend.pending list | replay | refuse`."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from frontend.orders_client import Confirmed, Found
from functions.orders import contract
from tests.fakes import FakeOrders, utc_now
from tests.frontend.client_contract import TRACE, new_id, wants
from tests.frontend.conftest import KEY_SECRET, SIGNING_SECRET
from tests.frontend.function_server import FunctionServer, function_server
from tests.functions.conftest import free_port
from tests.pending_store import InPostgres, accept, found

ROOT = Path(__file__).parents[3]
MESSAGE = "The show moved to another town; nothing is owed. Írj nekünk!"


@pytest.fixture
def function() -> Iterator[FunctionServer]:
    with function_server(FakeOrders(), SIGNING_SECRET) as server:
        yield server


@dataclass
class Desk:
    """An operator's terminal, with the environment of the web process."""

    environ: dict[str, str]

    def __call__(self, *arguments: str, **changes: str) -> tuple[int, str, str]:
        """Exit code, standard output and standard error."""
        ended = subprocess.run(
            [sys.executable, "-m", "frontend.pending", *arguments],
            cwd=ROOT,
            env=self.environ | changes,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        return ended.returncode, ended.stdout, ended.stderr


@pytest.fixture
def desk(store: InPostgres, function: FunctionServer) -> Desk:
    return Desk(
        {
            "PATH": os.environ["PATH"],
            "ORDERS_URL": function.url,
            "ORDERS_STABLE_URL": function.url,
            "SIGNING_SECRETS": SIGNING_SECRET,
            "ORDER_KEY_SECRET": KEY_SECRET,
            "FRONTEND_DATABASE_URL": store.url,
        }
    )


@pytest.fixture
def dead(store: InPostgres) -> str:
    """A dead letter."""
    order_id = accept(store.pending)
    store.pass_time(100)
    store.queue.give_up(100)
    return order_id


class TestList:
    def test_what_is_not_decided_is_listed_in_the_order_of_acceptance(
        self, desk: Desk, store: InPostgres, dead: str
    ) -> None:
        decided = accept(store.pending)
        store.pending.settle(decided, contract.Cancelled(decided))
        waiting = accept(store.pending)
        code, table, errors = desk("list")
        assert (code, errors) == (0, "")
        head, *rows = table.splitlines()
        assert head.split("  ")[0] == "ORDER ID"
        assert [row.split()[:2] for row in rows] == [[dead, "dead"], [waiting, "pending"]]
        assert rows[0].endswith("spring-gala  1xstalls")
        assert "Ada" not in table

    def test_as_json(self, desk: Desk, store: InPostgres, dead: str) -> None:
        accept(store.pending)
        code, text, _ = desk("list", "--dead", "--output", "json")
        assert code == 0
        (listed,) = json.loads(text)
        assert (listed["order_id"], listed["state"], listed["tries"]) == (dead, "dead", 0)
        assert listed["lines"] == [{"ticket_type": "stalls", "quantity": 1}]
        assert not {"name", "email"} & listed.keys()

    def test_an_empty_list_is_a_list(self, desk: Desk) -> None:
        assert desk("list", "--output", "json") == (0, "[]\n", "")
        assert desk("list")[1].startswith("ORDER ID")

    def test_a_cut_list_says_so(self, desk: Desk, store: InPostgres) -> None:
        for _ in range(3):
            accept(store.pending)
        code, table, errors = desk("list", "--limit", "2")
        assert (code, len(table.splitlines())) == (0, 3)
        assert "there may be more" in errors


class TestReplay:
    def test_a_dead_letter_is_pending_again_for_as_long_as_a_new_one(
        self, desk: Desk, store: InPostgres, dead: str
    ) -> None:
        assert desk("replay", dead) == (0, f"{dead}: is pending again\n", "")
        assert found(store.pending, dead).state == "pending"
        assert store.queue.give_up(50) == []
        purchase = store.queue.lease()
        assert purchase == found(store.pending, dead)

    def test_each_bad_id_is_named_and_the_others_are_replayed(self, desk: Desk, store: InPostgres, dead: str) -> None:
        unknown, waiting, decided = new_id(), accept(store.pending), accept(store.pending)
        store.pending.settle(decided, contract.Rejection(decided, "sold_out"))
        code, said, errors = desk("replay", unknown, dead, waiting, decided, dead)
        assert (code, said) == (1, f"{dead}: is pending again\n")
        assert errors.splitlines() == [
            f"{unknown}: there is no such purchase",
            f"{waiting}: is pending, no dead letter",
            f"{decided}: is decided (rejected:sold_out)",
        ]


class TestRefuse:
    def test_the_order_is_cancelled_and_the_buyer_reads_why(
        self, desk: Desk, store: InPostgres, function: FunctionServer, dead: str
    ) -> None:
        assert desk("refuse", dead, "--message", MESSAGE) == (0, f"{dead}: cancelled; it was never sold\n", "")
        refused = found(store.pending, dead)
        assert (refused.is_refused, refused.message) == (True, MESSAGE)
        late = function.orders.place(dead, wants(), utc_now(), TRACE)
        assert not isinstance(late, Confirmed), "a late event must not sell it"
        assert desk("refuse", dead, "--message", MESSAGE) == (1, "", f"{dead}: is decided (refused)\n")

    def test_one_that_was_sold_after_all_gives_its_tickets_back(
        self, desk: Desk, store: InPostgres, function: FunctionServer, dead: str
    ) -> None:
        function.orders.place(dead, wants(), utc_now(), TRACE)
        code, said, _ = desk("refuse", dead, "--message", MESSAGE)
        assert (code, said) == (0, f"{dead}: cancelled; it was sold, and its tickets are given back (1)\n")
        assert found(store.pending, dead).is_refused

    def test_one_that_was_rejected_stays_rejected(
        self, desk: Desk, store: InPostgres, function: FunctionServer
    ) -> None:
        order_id, order = new_id(), wants("no-such-show")
        store.pending.accept(order_id, order, utc_now(), TRACE)
        store.pass_time(100)
        store.queue.give_up(100)
        function.orders.place(order_id, order, utc_now(), TRACE)
        code, _, errors = desk("refuse", order_id, "--message", MESSAGE)
        assert code == 1
        assert errors.startswith(f"{order_id}: rejected:unknown_show")
        ended = found(store.pending, order_id)
        assert (ended.outcome, ended.message) == (contract.Rejection(order_id, "unknown_show"), None)

    def test_anothers_order_under_the_same_id_is_not_cancelled(
        self, desk: Desk, store: InPostgres, function: FunctionServer, dead: str
    ) -> None:
        function.orders.place(dead, wants(name="Grace Hopper"), utc_now(), TRACE)
        code, _, errors = desk("refuse", dead, "--message", MESSAGE)
        assert code == 1
        assert "id_reused" in errors
        order = function.orders.lookup(dead, TRACE)
        assert isinstance(order, Found)
        assert order.order.status == "confirmed"
        assert found(store.pending, dead).outcome == contract.Rejection(dead, "id_reused")

    def test_without_an_answer_nothing_is_changed(
        self, desk: Desk, store: InPostgres, function: FunctionServer, dead: str
    ) -> None:
        function.orders.away = True
        code, said, errors = desk("refuse", dead, "--message", MESSAGE)
        assert (code, said, errors.count("\n")) == (2, "", 1)
        assert "did not answer" in errors
        assert found(store.pending, dead).state == "dead"

    def test_only_dead_letters_are_refused(self, desk: Desk, store: InPostgres, function: FunctionServer) -> None:
        waiting, unknown = accept(store.pending), new_id()
        assert desk("refuse", waiting, "--message", "x") == (1, "", f"{waiting}: is pending, no dead letter\n")
        assert desk("refuse", unknown, "--message", "x") == (1, "", f"{unknown}: there is no such purchase\n")
        assert function.events == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("replay", "42"), "'42' is no order id"),
        (("refuse", "6F1C1F7E-0C4E-4D0C-9A52-4F6D2F0B7A11", "--message", "x"), "is no order id"),
        (("refuse", "6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a11"), "--message"),
        (("refuse", "6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a11", "--message", " "), "must be one line"),
        (("refuse", "6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a11", "--message", "a\nb"), "must be one line"),
        (("refuse", "6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a11", "--message", "x" * 501), "must be one line"),
        (("list", "--limit", "0"), "must be a whole number"),
        (("replay",), "ORDER_ID"),
        ((), "command"),
    ],
)
def test_what_can_not_be_read_is_named(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    code, output, errors = desk(*arguments)
    assert (code, output) == (2, "")
    assert said in errors.splitlines()[-1]


@pytest.mark.parametrize("arguments", [("list",), ("replay", new_id()), ("refuse", new_id(), "--message", "x")])
def test_a_store_that_can_not_be_had_is_one_line(desk: Desk, arguments: tuple[str, ...]) -> None:
    address = f"postgresql://shop:hidden-word@127.0.0.1:{free_port()}/pending"
    code, output, errors = desk(*arguments, FRONTEND_DATABASE_URL=address)
    assert (code, output, errors.count("\n")) == (2, "", 1)
    assert errors.startswith("FRONTEND_DATABASE_URL: ")
    assert "hidden-word" not in errors


def test_a_missing_variable_is_one_line(desk: Desk) -> None:
    assert desk("list", FRONTEND_DATABASE_URL="") == (2, "", "FRONTEND_DATABASE_URL: is missing\n")
