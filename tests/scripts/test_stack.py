"""The whole stack: what it serves, and that each part comes back after `kill -9`."""

import time
import uuid
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import psutil
import psycopg
import pytest
import requests

from scripts.local.function_client import FunctionClient, NoAnswer
from scripts.local.shows import read_shows
from scripts.local.stack import SAMPLES, Stack
from scripts.local.stack_errors import AlreadyRuns
from tests.faults.buyers import buy, publish_last_tickets
from tests.scripts.selling import sells
from tests.scripts.waiting import is_alive, kill_and_wait, wait_until

pytestmark = pytest.mark.alone

PROCESSES = ["postgres-orders", "postgres-pending", "gateway", "stable", "chaos", "frontend"]


def test_the_shop_sells_the_sample_shows(stack: Stack) -> None:
    samples = {show.slug for show in read_shows(SAMPLES, datetime.now(UTC))}
    shows = requests.get(f"{stack.url}/api/shows", timeout=5).json()["shows"]
    on_sale = {show["slug"]: show["on_sale"] for show in shows if show["slug"] in samples}
    assert len(on_sale) == 6
    assert sum(on_sale.values()) == 4


def test_each_tag_of_the_gateway_is_its_revision(stack: Stack) -> None:
    for revision in ("stable", "chaos"):
        client = FunctionClient(stack.gateway_urls[f"{revision}-orders"], stack.signing_secret)
        reply = client.ask("org.flametickets.show.list", b"{}")
        client.close()
        assert reply.revision == f"orders-{revision}-local"


def test_the_split_says_who_answers(stack: Stack) -> None:
    client = FunctionClient(stack.gateway_urls["orders"], stack.signing_secret)
    try:
        stack.traffic({"stable": 50, "chaos": 50})
        seen = Counter(client.ask("org.flametickets.show.list", b"{}").revision for _ in range(60))
        # 60 draws at 50 %: one outside of these bounds comes less than once in a million runs.
        assert 10 < seen["orders-chaos-local"] < 50
    finally:
        client.close()
        stack.traffic({"stable": 100, "chaos": 0})
    state = stack.folder.read_state()
    assert state is not None
    assert state.split == {"stable": 100, "chaos": 0}


def test_the_shop_counts_its_sales_on_a_port_of_its_own_also_after_it_was_killed(stack: Stack) -> None:
    state = stack.folder.read_state()
    assert state is not None
    metrics = f"http://127.0.0.1:{state.metrics_port}/metrics"

    def has_sold() -> bool:
        try:
            return 'flametickets_buyers_saw_total{what="confirmed"} 1.0' in requests.get(metrics, timeout=5).text
        except requests.RequestException:
            return False

    slug = publish_last_tickets(stack, 10)
    kill_and_wait(stack, "frontend")
    assert not has_sold()
    wait_until(lambda: buy(stack.url, slug, str(uuid.uuid4())).status == 201)
    wait_until(has_sold)
    assert requests.get(f"{stack.url}/metrics", timeout=5).status_code == 404


@pytest.mark.parametrize("name", PROCESSES)
def test_a_killed_part_is_back_within_five_seconds(stack: Stack, name: str) -> None:
    slug = publish_last_tickets(stack, 1000)
    began = time.monotonic()
    kill_and_wait(stack, name)
    wait_until(lambda: buy(stack.url, slug, str(uuid.uuid4())).status == 201, within_s=5 - (time.monotonic() - began))
    wait_until(lambda: _databases_answer(stack), within_s=5 - (time.monotonic() - began))
    wait_until(lambda: _listed_by_both(stack), within_s=5 - (time.monotonic() - began))
    wait_until(lambda: (state := stack.folder.read_state()) and state.processes[name].pid == stack.pid(name))
    assert stack.restarts(name) >= 1


def _databases_answer(stack: Stack) -> bool:
    state = stack.folder.read_state()
    assert state is not None
    try:
        for url in state.database_urls.values():
            psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def _listed_by_both(stack: Stack) -> bool:
    for revision in ("stable", "chaos"):
        client = FunctionClient(stack.gateway_urls[f"{revision}-orders"], stack.signing_secret)
        try:
            if not client.lists({"lantern-orchestra"}):
                return False
        finally:
            client.close()
    return True


def test_the_two_databases_are_of_two_servers(stack: Stack) -> None:
    state = stack.folder.read_state()
    assert state is not None
    systems = set()
    for url in state.database_urls.values():
        with psycopg.connect(url) as session:
            systems.add(session.execute("SELECT system_identifier FROM pg_control_system()").fetchone())
    assert len(systems) == 2


def test_a_second_stack_of_one_folder_is_refused(stack: Stack) -> None:
    with pytest.raises(AlreadyRuns, match="is running already"):
        Stack(stack.folder.path).start()
    assert sells(stack.url)


def test_an_unsigned_or_foreign_request_gets_nothing(stack: Stack) -> None:
    client = FunctionClient(stack.gateway_urls["stable-orders"], "x" * 40)
    with pytest.raises(NoAnswer, match="401"):
        client.catalogue()
    client.close()


def test_a_stop_leaves_no_process_and_a_start_keeps_the_data(tmp_path: Path) -> None:
    first = Stack(tmp_path / "stack")
    try:
        with first:
            with psycopg.connect(first.database_url, autocommit=True) as session:
                session.execute("CREATE TABLE kept AS SELECT 1")
            processes = _processes_of(first)
            assert len(processes) > len(PROCESSES)
        assert not [pid for pid in processes if is_alive(pid)]
        assert first.folder.read_state() is None
        with Stack(tmp_path / "stack") as second, psycopg.connect(second.database_url) as session:
            assert session.execute("SELECT count(*) FROM kept").fetchone() == (1,)
        with Stack(tmp_path / "stack", fresh=True) as third, psycopg.connect(third.database_url) as session:
            assert session.execute("SELECT to_regclass('kept')").fetchone() == (None,)
    finally:
        first.remove()


def _processes_of(stack: Stack) -> set[int]:
    """The ids of the stack's processes and of their children."""
    leaders = [psutil.Process(pid) for name in PROCESSES if (pid := stack.pid(name)) is not None]
    return {process.pid for leader in leaders for process in (leader, *leader.children(recursive=True))}
