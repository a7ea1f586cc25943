"""What the shop counts and times, for Prometheus: docs/metrics.md says what each means."""

import threading
from collections.abc import Callable
from typing import Final
from wsgiref.simple_server import WSGIServer

import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    start_http_server,
)

BREAKER_STATES: Final = ("closed", "open", "half_open")
_BUCKETS_S: Final = (
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    1.5,
    2.0,
    3.0,
    4.5,
    6.0,
)  # 2 s a try, 6 s a purchase

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Metrics:
    """The figures of one shop, in a registry of its own; every method may be called from any thread."""

    def __init__(self) -> None:
        # A time stamp beside each counter would double the series and tell nothing.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._lock = threading.Lock()
        self._server: WSGIServer | None = None
        self._closed = threading.Event()
        self._breaker_states: dict[str, str] = {}
        self._count_calls()
        self._count_purchases()
        self._count_requests()

    def called(self, *, kind: str, route: str, revision: str, attempt: int, outcome: str, took_s: float) -> None:
        """One try of a call of the function ended after `took_s` seconds."""
        self._calls.labels(kind, route, revision, str(attempt), outcome).inc()
        self._call_seconds.labels(kind, route).observe(took_s)

    def breaker(self, route: str, state: str) -> None:
        """The breaker of `route` is `closed`, `open` or `half_open`; said again, it changes and costs nothing."""
        if self._breaker_states.get(route) == state:
            return
        with self._lock:
            if self._breaker_states.get(route) == state:
                return
            self._breaker_states[route] = state
            for each in BREAKER_STATES:
                self._breaker.labels(route, each).set(each == state)
            self._breaker_changes.labels(route, state).inc()

    def watch_budget(self, route: str, left: Callable[[], float]) -> None:
        """From now on `left` is asked how many more retries may go to `route`."""
        self._budget.labels(route).set_function(left)

    def pending(self, depth: int, oldest_s: float, dead: int) -> None:
        """`depth` purchases wait to be decided, the oldest since `oldest_s` seconds; `dead` wait for an operator."""
        self._depth.set(depth)
        self._oldest.set(oldest_s)
        self._dead_letters.set(dead)

    def decided(self, outcome: str) -> None:
        """A purchase came to its end: `confirmed`, `rejected:<reason>` or `cancelled`."""
        self._decided.labels(outcome).inc()

    def saw(self, what: str) -> None:
        """What a buyer was answered: `confirmed`, `rejected`, `confirming`, `unconfirmed`, `busy` or `invalid`."""
        self._saw.labels(what).inc()

    def watch_admission(self, working: Callable[[], float], waiting: Callable[[], float]) -> None:
        """From now on these are asked how many requests are being answered, and how many wait for that."""
        self._working.set_function(working)
        self._waiting.set_function(waiting)

    def turned_away(self, why: str) -> None:
        """A request was refused unread: `overload`, or `client_limit`."""
        self._turned_away.labels(why).inc()

    def answered(self, *, method: str, path: str, status: int, took_s: float) -> None:
        """A request at the address pattern `path` was answered after `took_s` seconds."""
        self._request_seconds.labels(method, path, str(status)).observe(took_s)

    def serve(self, host: str, port: int, again_s: float = 5.0) -> None:
        """Serves the figures at `host`:`port` until `close` or the end of the process.

        A port that can't be had is logged, and tried again every `again_s` seconds: at a reload of the server its
        former process may still have it.
        """
        if (why := self._try_to_serve(host, port)) is not None:
            log.error("metrics are not served", port=port, why=why)
            threading.Thread(target=self._keep_trying, args=(host, port, again_s), daemon=True).start()

    def close(self) -> None:
        """Serves no more."""
        with self._lock:
            self._closed.set()
            if self._server is not None:
                self._server.shutdown()
                self._server.server_close()
                self._server = None

    def _keep_trying(self, host: str, port: int, again_s: float) -> None:
        while not self._closed.wait(again_s):
            if self._try_to_serve(host, port) is None:
                log.info("metrics are served", port=port)
                return

    def _try_to_serve(self, host: str, port: int) -> str | None:
        """Why not, or None."""
        with self._lock:
            if self._closed.is_set():
                return "closed"
            try:
                self._server, _ = start_http_server(port, host, self.registry)
            except OSError as error:
                return error.strerror or type(error).__name__
        return None

    def _count_calls(self) -> None:
        self._calls = Counter(
            "flametickets_calls",
            "Tries of calls of the order function",
            ["kind", "route", "revision", "attempt", "outcome"],
            registry=self.registry,
        )
        self._call_seconds = Histogram(
            "flametickets_call_seconds",
            "How long a try took",
            ["kind", "route"],
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        self._breaker = Gauge(
            "flametickets_breaker", "1 for the state that the breaker is in", ["route", "state"], registry=self.registry
        )
        self._breaker_changes = Counter(
            "flametickets_breaker_changes",
            "Times that the breaker came into the state",
            ["route", "state"],
            registry=self.registry,
        )
        self._budget = Gauge(
            "flametickets_retry_budget_left", "Retries that are left now", ["route"], registry=self.registry
        )

    def _count_purchases(self) -> None:
        self._depth = Gauge("flametickets_pending_depth", "Pending purchases", registry=self.registry)
        self._oldest = Gauge(
            "flametickets_pending_oldest_seconds", "Age of the oldest pending purchase", registry=self.registry
        )
        self._dead_letters = Gauge(
            "flametickets_pending_dead_letters", "Pending purchases that wait for an operator", registry=self.registry
        )
        self._decided = Counter(
            "flametickets_purchases_decided", "Purchases by final outcome", ["outcome"], registry=self.registry
        )
        self._saw = Counter(
            "flametickets_buyers_saw", "Answers to purchases by what the buyer saw", ["what"], registry=self.registry
        )

    def _count_requests(self) -> None:
        self._working = Gauge("flametickets_requests_working", "Requests being answered", registry=self.registry)
        self._waiting = Gauge("flametickets_requests_waiting", "Requests waiting for a turn", registry=self.registry)
        self._turned_away = Counter(
            "flametickets_requests_turned_away", "Requests refused unread", ["why"], registry=self.registry
        )
        self._request_seconds = Histogram(
            "flametickets_request_seconds",
            "How long a request took",
            ["method", "path", "status"],
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
