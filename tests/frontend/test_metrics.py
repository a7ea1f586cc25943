"""What the shop counts is documented, one line each, and served on a port of its own."""

import re
import socket
from pathlib import Path

import pytest
import requests
from prometheus_client import Metric
from structlog.testing import capture_logs

from frontend.metrics import BREAKER_STATES, Metrics
from tests.scripts.waiting import wait_until

DOCUMENT = (Path(__file__).parents[2] / "docs/metrics.md").read_text()
ROWS = re.findall(r"^\| `(flametickets_\w+)` \| (\w+) \| (.*?) ?\| .+ \|$", DOCUMENT, re.MULTILINE)


def used() -> Metrics:
    """Metrics in which each figure was written once."""
    metrics = Metrics()
    metrics.called(kind="place", route="weighted", revision="orders-1", attempt=1, outcome="decided", took_s=0.02)
    metrics.breaker("stable", "open")
    metrics.watch_budget("stable", lambda: 10)
    metrics.pending(3, 1.5, 2)
    metrics.decided("rejected:sold_out")
    metrics.saw("confirming")
    metrics.watch_admission(lambda: 1, lambda: 2)
    metrics.turned_away("overload")
    metrics.answered(method="GET", path="/", status=200, took_s=0.001)
    return metrics


def labels(metric: Metric) -> set[str]:
    return {label for sample in metric.samples for label in sample.labels if label != "le"}


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


def test_the_document_has_one_line_for_each_metric_with_its_kind_and_labels() -> None:
    served = {
        metric.name + ("_total" if metric.type == "counter" else ""): (metric.type, labels(metric))
        for metric in used().registry.collect()
    }
    documented = {name: (kind, set(re.findall(r"`(\w+)`", names))) for name, kind, names in ROWS}
    assert documented == served
    assert len(ROWS) == len(documented)


def test_two_shops_count_apart() -> None:
    used()
    assert value(Metrics(), "flametickets_pending_depth") == 0


def test_a_breaker_is_in_one_state_and_a_state_said_again_is_no_change() -> None:
    metrics = Metrics()
    for state in ("closed", "open", "open", "half_open", "closed"):
        metrics.breaker("weighted", state)
    assert {s: value(metrics, "flametickets_breaker", route="weighted", state=s) for s in BREAKER_STATES} == {
        "closed": 1,
        "open": 0,
        "half_open": 0,
    }
    assert value(metrics, "flametickets_breaker_changes_total", route="weighted", state="open") == 1
    assert value(metrics, "flametickets_breaker_changes_total", route="weighted", state="closed") == 2


def test_the_waiting_are_counted_when_asked() -> None:
    metrics, waiting = Metrics(), [0]
    metrics.watch_admission(lambda: 1, lambda: len(waiting))
    waiting.append(0)
    assert value(metrics, "flametickets_requests_waiting") == 2


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_they_are_served_at_their_port(host: str) -> None:
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        port = probe.getsockname()[1]
    metrics = used()
    metrics.serve(host, port)
    try:
        address = f"[{host}]" if ":" in host else host
        answer = requests.get(f"http://{address}:{port}/metrics", timeout=5)
    finally:
        metrics.close()
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert 'flametickets_buyers_saw_total{what="confirming"} 1.0' in answer.text
    with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
        pass  # the port is free again


def test_a_port_that_is_taken_is_one_line_in_the_log_and_no_error() -> None:
    metrics = Metrics()
    with socket.create_server(("127.0.0.1", 0)) as taken, capture_logs() as logs:
        port = taken.getsockname()[1]
        metrics.serve("127.0.0.1", port, again_s=0.02)
    assert logs == [{"event": "metrics are not served", "log_level": "error", "port": port, "why": logs[0]["why"]}]
    try:
        wait_until(lambda: answers(port))  # once it is free
    finally:
        metrics.close()
    assert not answers(port)
