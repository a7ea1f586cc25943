"""Migrations as a step of their own."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from scripts import migrate
from scripts.local.postgres import EmbeddedPostgres

ROOT = Path(__file__).parents[2]


_numbers = count(1)


@pytest.fixture
def empty_url(postgres_server: EmbeddedPostgres) -> str:
    return postgres_server.ensure_database(f"empty_{next(_numbers)}")


def _run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "scripts/migrate.py", *arguments]
    variables = {**os.environ, **environment}
    return subprocess.run(command, cwd=ROOT, env=variables, text=True, capture_output=True, check=False)


@pytest.mark.parametrize("side", ["orders", "frontend"])
def test_a_second_run_finds_nothing_to_do(empty_url: str, side: str) -> None:
    first, second = (_run(side, **{f"{side.upper()}_DATABASE_URL": empty_url}) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert first.stdout.startswith(f"{side}: applied 0001_")
    assert second.stdout == f"{side}: up to date\n"


def test_two_runs_at_once_apply_each_migration_once(empty_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(lambda _: migrate.apply("orders", empty_url), range(4)))
    assert sorted(map(len, applied))[:3] == [0, 0, 0]
    assert sum(map(len, applied)) == len(list((ROOT / "functions/orders/migrations").glob("*.sql")))


def test_a_failing_migration_is_rolled_back_and_named(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "0001_bad.sql").write_text(
        "-- a table, and an error\n-- depends:\n\n-- migrate: apply\nCREATE TABLE half (n int);\nSELECT 1 / 0;\n"
        "-- migrate: rollback\nDROP TABLE half;\n"
    )
    monkeypatch.setitem(migrate._SIDES, "orders", ("ORDERS_DATABASE_URL", tmp_path))
    with pytest.raises(migrate.Failed, match=r"0001_bad: division by zero"):
        migrate.apply("orders", empty_url)
    with psycopg.connect(empty_url) as session:
        assert session.execute(sql.SQL("SELECT to_regclass('half')")).fetchone() == (None,)


def test_a_missing_variable_is_named() -> None:
    result = _run("orders", ORDERS_DATABASE_URL="")
    assert (result.returncode, result.stderr) == (2, "ORDERS_DATABASE_URL: is not set\n")


@pytest.mark.parametrize("url", ["postgresql://postgres:hush@127.0.0.1:1/x", "no url", "postgresql://[::1"])
def test_a_database_that_is_not_reached_is_one_line_without_its_password(url: str) -> None:
    result = _run("frontend", FRONTEND_DATABASE_URL=url)
    assert result.returncode == 2
    assert result.stderr.startswith("FRONTEND_DATABASE_URL: the database was not reached: ")
    assert len(result.stderr.splitlines()) == 1
    assert "hush" not in result.stderr
