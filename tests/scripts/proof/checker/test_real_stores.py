"""The checker on the function's own ledger and the shop's own pending store, whole and tampered with by SQL."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
import pytest

from scripts.local.postgres import EmbeddedPostgres
from scripts.local.procfile import ROOT
from scripts.proof.check import check_run, main
from scripts.proof.checker import CannotCheck, load_ledger
from scripts.proof.checker.verdict import Promise, Verdict
from scripts.proof.history import History
from tests.pending_store import pending_database
from tests.scripts.proof.checker.made import broken, violated
from tests.scripts.proof.checker.real_sale import SHOW, RealSale, sell

NOWHERE = "postgresql://somebody:a-secret@127.0.0.1:9/none"


@pytest.fixture(scope="module")
def pending_url(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    with pending_database(postgres_server) as url:
        yield url


@pytest.fixture
def sold(orders_database_url: str, pending_url: str, tmp_path: Path) -> RealSale:
    """A sale of this test alone, in stores that were empty before."""
    with psycopg.connect(pending_url) as session:
        session.execute("DELETE FROM pending_purchases")
    return asyncio.run(sell(orders_database_url, pending_url, tmp_path / "history.jsonl"))


def checked(sold: RealSale) -> Verdict:
    return check_run(sold.history, sold.ledger_url, sold.pending_url)


def test_a_sale_by_the_real_stores_keeps_every_promise(sold: RealSale) -> None:
    verdict = checked(sold)
    assert broken(verdict) == set()
    assert verdict.code == 0
    audits = [check for row in verdict.rows for check in row.checks if check.name.startswith("audit: ")]
    assert len({check.name for check in audits}) == 15
    assert min(check.examined for check in audits) > 0


BREAKAGES: Mapping[str, tuple[str, str, Mapping[Promise, str]]] = {
    "one more is said to be sold": (
        "ledger",
        "UPDATE stock SET sold = sold + 1 WHERE ticket_type = 'seat'",
        {
            "P1": "sold is 5 of 5 at version 5, and the journal ends with 4",
            "P4": "4 confirmed tickets in the end, and 5",
        },
    ),
    "oversold": (
        "ledger",
        "ALTER TABLE stock_journal DROP CONSTRAINT stock_journal_check;"
        "UPDATE stock_journal SET sold = 6 WHERE ticket_type = 'seat' AND version = 4",
        {"P1": "6 of 5 said to be sold at version 4", "P4": "5 tickets held, 6 of 5"},
    ),
    "a gap in the journal": (
        "ledger",
        "DELETE FROM stock_journal WHERE ticket_type = 'seat' AND version = 3",
        {"P1": "version 4 follows 2", "P2": "sold=False", "P4": "held"},
    ),
    "an order is gone": (
        "ledger",
        "DELETE FROM orders WHERE order_id = :bought",
        {"P1": "tickets=2", "P2": "ledger has no such order", "P3": "tickets", "P4": "held"},
    ),
    "a ticket is gone": (
        "ledger",
        "DELETE FROM tickets WHERE order_id = :bought AND position = 1",
        {"P1": "tickets=3", "P3": "stored are", "P4": "held"},
    ),
    "a ticket got another code": (
        "ledger",
        "UPDATE tickets SET code = 'another' WHERE order_id = :bought AND position = 1",
        {"P3": "stored are .*another"},
    ),
    "a rejection is forgotten": (
        "ledger",
        "DELETE FROM orders WHERE order_id = :refused",
        {"P4": "the ledger never decided so"},
    ),
    "sold out, with enough left": (
        "ledger",
        """UPDATE orders SET available = '[{"ticket_type": "seat", "available": 1, "version": 3}]'
        WHERE order_id = :refused""",
        {"P4": "asked for was 1 seat, available: 1 at version 3"},
    ),
    "an order that nobody asked for": (
        "ledger",
        "INSERT INTO orders SELECT gen_random_uuid(), 'rejected', 'expired', fingerprint, show, lines, '[]', 0, '', '',"
        " '', placed_at, decided_at, revision FROM orders WHERE order_id = :refused",
        {"P3": "nobody asked for it"},
    ),
    "an accepted purchase is gone from both": (
        "both",
        "DELETE FROM {} WHERE order_id = :accepted",
        {"P1": "tickets", "P2": "it is in neither store", "P3": "tickets", "P4": "held"},
    ),
    "an accepted purchase is decided otherwise": (
        "pending",
        """UPDATE pending_purchases SET outcome_kind = 'rejection', outcome = '{"reason": "sold_out"}'
        WHERE order_id = :accepted""",
        {"P3": "the pending store keeps rejected, and the ledger has it confirmed"},
    ),
    "an accepted purchase is decided with other tickets": (
        "pending",
        """UPDATE pending_purchases SET outcome = jsonb_set(outcome, '{tickets,0,code}', '"another"')
        WHERE order_id = :accepted""",
        {"P3": "the pending store keeps .*another"},
    ),
    "an accepted purchase is decided late": (
        "pending",
        "UPDATE pending_purchases SET decided_at = accepted_at + interval '31 seconds' WHERE order_id = :accepted",
        {"P2": r"decided only after 31\.0 s"},
    ),
}


@pytest.mark.parametrize(("store", "statements", "found"), BREAKAGES.values(), ids=BREAKAGES)
def test_what_is_broken_is_found(sold: RealSale, store: str, statements: str, found: Mapping[Promise, str]) -> None:
    if store == "both":
        sold.execute("ledger", statements.format("orders"))
        sold.execute("pending", statements.format("pending_purchases"))
    else:
        sold.execute(store, statements)
    verdict = checked(sold)
    assert violated(verdict) == set(found), broken(verdict)
    for promise, words in found.items():
        said = [what for each, what in broken(verdict) if each == promise]
        assert any(re.search(words, what) for what in said), said


def test_the_command_prints_the_table_and_says_by_its_code_what_it_found(
    sold: RealSale, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--ledger", sold.ledger_url, "--pending", sold.pending_url]
    assert main([str(sold.history), *where]) == 0
    assert capsys.readouterr().out.count("KEPT") == 6
    sold.execute("ledger", "DELETE FROM orders WHERE order_id = :refused")
    assert main([str(sold.history), *where, "--output", "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["code"] == 1
    (lost,) = [promise for promise in told["promises"] if promise["state"] == "violated"]
    assert lost["promise"] == "P4"
    assert sold.orders["refused"] in json.dumps(lost)


def test_a_store_that_can_t_be_read_is_never_passed_over_in_silence(
    sold: RealSale, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(sold.history), "--ledger", NOWHERE, "--pending", sold.pending_url]) == 2
    assert "the ledger can't be read" in capsys.readouterr().err
    for pending in ([], ["--pending", NOWHERE], ["--pending", sold.ledger_url]):
        assert main([str(sold.history), "--ledger", sold.ledger_url, *pending]) == 2
        printed = capsys.readouterr()
        assert "because the pending store wasn't read" in printed.out
        assert "a-secret" not in printed.out + printed.err
        assert bool(printed.err) == bool(pending)


def test_a_history_that_can_t_be_read_is_said_so(sold: RealSale, tmp_path: Path) -> None:
    none, empty = tmp_path / "none", tmp_path / "empty"
    with History(empty):
        pass
    for path in (none, empty):
        assert main([str(path), "--ledger", sold.ledger_url]) == 2


def test_the_command_runs_by_its_name(sold: RealSale) -> None:
    command = [sys.executable, "-m", "scripts.proof.check", str(sold.history), "--ledger", sold.ledger_url]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "P6  masked failure" in done.stdout


def test_rows_that_no_order_has_can_t_be_read(sold: RealSale) -> None:
    sold.execute("ledger", "UPDATE orders SET lines = '{}' WHERE order_id = :bought")
    with pytest.raises(CannotCheck, match="the ledger can't be read"):
        load_ledger(sold.ledger_url, SHOW)
