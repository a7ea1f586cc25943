"""The schema of the pending purchases."""

from collections.abc import Iterator

import psycopg
import pytest

from scripts import migrate
from scripts.local.postgres import EmbeddedPostgres

INSERT = """
    INSERT INTO pending_purchases (order_id, fingerprint, command, pressed_at, traceparent)
    VALUES (gen_random_uuid(), repeat('f', 64), '{}', now(), '') RETURNING order_id
"""


@pytest.fixture
def session(postgres_server: EmbeddedPostgres) -> Iterator[psycopg.Connection]:
    url = postgres_server.ensure_database("pending")
    assert migrate.apply("frontend", url) == [
        "0001_pending_purchases",
        "0002_pending_outcomes",
        "0003_accept_pending",
    ]
    assert migrate.apply("frontend", url) == []
    with psycopg.connect(url, autocommit=True) as session:
        yield session
    with psycopg.connect(postgres_server.url(), autocommit=True) as session:
        session.execute("DROP DATABASE pending")


def test_a_purchase_waits_until_it_is_decided(session: psycopg.Connection) -> None:
    row = session.execute(INSERT).fetchone()
    assert row is not None
    waiting = session.execute("SELECT order_id, state, tries FROM pending_purchases ORDER BY place_in_line").fetchall()
    assert waiting == [(row[0], "pending", 0)]
    with pytest.raises(psycopg.errors.CheckViolation):
        session.execute("UPDATE pending_purchases SET state = 'decided', decided_at = now()")
    with pytest.raises(psycopg.errors.CheckViolation):
        session.execute("UPDATE pending_purchases SET state = 'decided', decided_at = now(), outcome = '{}'")
    session.execute(
        "UPDATE pending_purchases SET state = 'decided', decided_at = now(), outcome = '{}', outcome_kind = 'order'"
    )
    session.execute(INSERT)
    session.execute("UPDATE pending_purchases SET state = 'dead', decided_at = now() WHERE state = 'pending'")
    states = session.execute("SELECT state FROM pending_purchases ORDER BY place_in_line").fetchall()
    assert states == [("decided",), ("dead",)]


def test_one_order_id_waits_once(session: psycopg.Connection) -> None:
    session.execute(INSERT)
    with pytest.raises(psycopg.errors.UniqueViolation):
        session.execute(
            "INSERT INTO pending_purchases (order_id, fingerprint, command, pressed_at, traceparent)"
            " SELECT order_id, fingerprint, command, pressed_at, traceparent FROM pending_purchases"
        )
