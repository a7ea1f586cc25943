"""Accepted means kept: whatever is killed right after it was said."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from frontend.pending.purchases import Accepted, Away
from scripts.local.postgres import EmbeddedPostgres
from tests.fakes import utc_now
from tests.frontend.client_contract import TRACE, new_id, wants
from tests.frontend.pending import accepting
from tests.frontend.pending.servers import kill
from tests.pending_store import InPostgres, accept, found
from tests.scripts.waiting import wait_until

ROOT = Path(__file__).parents[3]


@contextmanager
def accepting_process(url: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", accepting.__name__, url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def configured(server: EmbeddedPostgres, **settings: str) -> Iterator[None]:
    """The server with settings changed while it runs, until the block ends."""

    def apply(*statements: str) -> None:
        with psycopg.connect(server.url(), autocommit=True) as session:
            for statement in (*statements, "SELECT pg_reload_conf()"):
                session.execute(statement.encode())

    apply(*(f"ALTER SYSTEM SET {name} = '{value}'" for name, value in settings.items()))
    try:
        yield
    finally:
        apply("ALTER SYSTEM RESET ALL")


def shown(server: EmbeddedPostgres, setting: str) -> str:
    with psycopg.connect(server.url(), autocommit=True) as session:
        row = session.execute(f"SHOW {setting}".encode()).fetchone()
    assert row is not None
    return str(row[0])


def test_what_a_killed_process_said_to_be_accepted_is_there(store: InPostgres) -> None:
    with accepting_process(store.url) as process:
        assert process.stdout is not None
        said = [process.stdout.readline().strip() for _ in range(50)]
        process.kill()
        said += process.stdout.read().split()
    assert len(said) >= 50
    assert {found(store.pending, order_id).state for order_id in said} == {"pending"}


def test_what_was_accepted_outlives_the_server(own_server: EmbeddedPostgres, own_store: InPostgres) -> None:
    """Also where somebody told the server to say *committed* before it wrote: this session says otherwise."""
    with configured(own_server, synchronous_commit="off", wal_writer_delay="10s"):
        wait_until(lambda: shown(own_server, "synchronous_commit") == "off")
        order_ids = [accept(own_store.pending) for _ in range(20)]
        kill(own_server)
        own_server.start()
    wait_until(lambda: not isinstance(own_store.pending.find(new_id()), Away))
    assert [found(own_store.pending, order_id).state for order_id in order_ids] == ["pending"] * 20


def test_a_server_that_does_not_write_accepts_nothing(own_server: EmbeddedPostgres, own_store: InPostgres) -> None:
    with configured(own_server, fsync="off"):
        wait_until(lambda: shown(own_server, "fsync") == "off")
        assert own_store.pending.accept(new_id(), wants(), utc_now(), TRACE) == Away()
    wait_until(lambda: shown(own_server, "fsync") == "on")
    wait_until(lambda: isinstance(own_store.pending.accept(new_id(), wants(), utc_now(), TRACE), Accepted))


@pytest.mark.parametrize("stronger", ["remote_apply"])
def test_a_stronger_wish_of_the_operator_stays(
    own_server: EmbeddedPostgres, own_store: InPostgres, stronger: str
) -> None:
    with configured(own_server, synchronous_commit=stronger):
        wait_until(lambda: shown(own_server, "synchronous_commit") == stronger)
        setting = own_store.database.run(lambda session: session.execute("SHOW synchronous_commit").fetchone())
    assert setting == (stronger,)
