"""`python3 -m functions.orders.audit`, as an operator runs it."""

from collections.abc import Callable

import psycopg
import pytest

from functions.orders import audit
from functions.orders.checks import CHECKS
from scripts.local.postgres import EmbeddedPostgres
from tests.functions.breakages import TOTAL
from tests.functions.commands import Done, run_here, run_process
from tests.functions.conftest import free_port
from tests.functions.local_invoker import LocalInvoker
from tests.functions.sold import Sold, sell

Run = Callable[..., Done]


@pytest.fixture
async def sold(on_sale: LocalInvoker) -> Sold:
    return await sell(on_sale)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return lambda **environ: run_here(audit.main, environ, monkeypatch, capsys)


def test_the_command_prints_a_table_and_exits_with_0(sold: Sold, run: Run) -> None:
    audited = run(ORDERS_DATABASE_URL=sold.url)
    assert (audited.code, audited.err) == (0, "")
    lines = audited.out.splitlines()
    assert lines[0].split() == ["check", "promise", "rows", "violations"]
    assert [line.split("  ")[0] for line in lines[1:]] == [check.name for check in CHECKS]
    assert {len(line) for line in lines} == {len(lines[0])}


def test_the_command_names_violations_without_personal_data_and_exits_with_1(sold: Sold, run: Run) -> None:
    sold.execute("UPDATE orders SET total = total + 1 WHERE order_id = :one")
    audited = run(ORDERS_DATABASE_URL=sold.url)
    assert (audited.code, audited.err) == (1, "")
    assert f"{TOTAL}: not so\n  order_id={sold.orders['one']}  total=2501  total_of_lines=2500\n" in audited.out
    assert not [word for word in ("Ann", "Buyer", "ann@example.org") if word in audited.out]


def test_no_more_violations_are_shown_than_one_can_read(orders_database_url: str, run: Run) -> None:
    many = audit.MAX_SHOWN + 5
    with psycopg.connect(orders_database_url) as session:
        session.execute(
            "INSERT INTO tickets SELECT n, gen_random_uuid(), 'seat', 1 FROM generate_series(1, %s) n", [many]
        )
    lines = run(ORDERS_DATABASE_URL=orders_database_url).out.splitlines()
    assert len([line for line in lines if line.startswith("  order_id=")]) == audit.MAX_SHOWN
    assert lines[-1] == "  and 5 more"


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({}, "ORDERS_DATABASE_URL: is not set"),
        ({"ORDERS_DATABASE_URL": "mysql://there"}, "ORDERS_DATABASE_URL: must start with postgresql://"),
        ({"ORDERS_DATABASE_URL": f"postgresql://:secret@127.0.0.1:{free_port()}/o"}, "the audit could not be done: "),
    ],
)
def test_what_could_not_be_done_is_told_in_one_line(environ: dict[str, str], line: str, run: Run) -> None:
    audited = run(**environ)
    assert (audited.code, audited.out) == (2, "")
    assert audited.err.startswith(line)
    assert len(audited.err.splitlines()) == 1
    assert "secret" not in audited.err


def test_a_database_without_the_tables_could_not_be_audited(postgres_server: EmbeddedPostgres, run: Run) -> None:
    audited = run(ORDERS_DATABASE_URL=postgres_server.ensure_database("without_tables"))
    assert audited.code == 2
    assert audited.err.startswith("the audit could not be done: UndefinedTable: ")


def test_it_is_a_module_to_run(orders_database_url: str) -> None:
    assert run_process("functions.orders.audit", {"ORDERS_DATABASE_URL": orders_database_url}).code == 0
    assert run_process("functions.orders.audit", {}) == Done(2, "", "ORDERS_DATABASE_URL: is not set\n")


def test_it_only_reads(sold: Sold) -> None:
    with psycopg.connect(sold.url) as session:
        audit.audit(session)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            session.execute("DELETE FROM orders")
