"""The bench: what it sends, what stands beside the shop for comparison, and which figures it reports."""

import importlib.util
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from frontend.metrics import Metrics
from frontend.orders_client import Unconfirmed
from frontend.replies import Reply
from frontend.routes import Routes
from frontend.transport import Transport
from functions.orders import contract
from scripts.local.ports import free_ports
from scripts.measure import load, plain_shop, report, rounds, servers
from scripts.measure.figures import Figures

ORDER_ID = "11111111-1111-4111-8111-111111111111"
PURCHASE = contract.PlaceOrder("show", (contract.OrderLine("place", 1),), "A Buyer", "a@example.org", 1000)


def test_each_form_is_a_purchase_of_its_own_that_a_browser_could_post(tmp_path: Path) -> None:
    forms = tmp_path / "forms"
    load.prepare_forms(forms, "flash-sale", "place", 0.01)
    raws = list(load._read(forms))
    fields = [parse_qs(raw.partition(b"\r\n\r\n")[2].decode()) for raw in raws]
    assert len({one["order_id"][0] for one in fields}) == len(raws) > 10
    assert fields[0]["quantity-place"] == ["1"]
    assert fields[0]["price-place"] == [str(servers.PRICE)]
    head, _, body = raws[0].partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}".encode() in head
    assert b"sec-fetch-site: same-origin" in head


def test_the_plain_shop_turns_its_buyer_away_when_the_function_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERS_URL", f"http://127.0.0.1:{free_ports(1)[0]}/")
    monkeypatch.setenv("SIGNING_SECRETS", "s" * 32)
    form = {"order_id": ORDER_ID, "quantity-place": "1", "price-place": "1000", "name": "A", "email": "a@example.org"}
    assert plain_shop.app.test_client().post("/shows/show/orders", data=form).status_code == 503


class OneFailure(Transport):
    """Fails what it is sent, and counts it."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = 0

    def post(self, *_: object, **__: object) -> Reply:
        self.sent += 1
        return Reply(500, {}, b"")


def test_the_bare_call_is_one_try() -> None:
    place = Path(servers.__file__).with_name("stand_in") / "bare_call.py"
    spec = importlib.util.spec_from_file_location("bare_call", place)
    assert spec is not None
    assert spec.loader is not None
    bare_call = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bare_call)
    assert "bare_call" not in sys.modules
    transport = OneFailure()
    client = bare_call.BareClient(Routes.of("http://a/", "http://b/"), "s" * 32, transport, Metrics())
    assert client.place(ORDER_ID, PURCHASE, datetime.now(UTC), "00-trace") == Unconfirmed("status_500")
    assert transport.sent == 1


@pytest.fixture
def figures() -> Figures:
    """As if everything had been measured twice, and all of it as 1."""
    names = ["hot_row_tps", "bare_rps", "overload_rps", "types_rps", "two_processes_rps", "cold_start_s"]
    names += ["bare_cold_start_s", "faults_gain", "resilience_cost", "refused"]
    names += [f"stored_{count}_rps" for count in rounds.STORED]
    for connections in rounds.CONNECTIONS:
        names += [f"orders_rps_{connections}", f"p50_ms_{connections}", f"p99_ms_{connections}"]
    for shop in ("buyers", "bare_call", "plain", "buyers_faults", "plain_faults"):
        names += [f"{shop}_rps", f"{shop}_p99_ms"]
    figures = Figures()
    for name in names * 2:
        figures.add(name, 1.0)
    return figures


def test_every_target_is_judged_and_every_figure_has_its_line(figures: Figures) -> None:
    summary = report.summarize(figures)
    assert {"orders_vs_hot_row", "two_process_gain", "faults_gain", "resilience_cost"} <= set(report.missed(summary))
    assert "buyers_p99_ms" not in report.missed(summary)
    for key in ("buyers_rps", "buyers_p99_ms", "buyers_faults_rps", "plain_faults_rps", "faults_gain"):
        assert summary[key] == 1.0
    told = report.table(figures, summary)
    assert "buyers confirmed, at 30 % faults, 16 connections" in told
    assert told.splitlines()[-1].startswith("resilience_cost")
