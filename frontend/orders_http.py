"""The OrdersClient of the real shop: CloudEvents over HTTP, signed anew at each try."""

import random as randomness
import time
import uuid
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Final

import msgspec
import structlog

from frontend import calls
from frontend.bulkhead import Bulkhead
from frontend.calls import Call, Plan, Send, Tried, Wait
from frontend.metrics import Metrics
from frontend.orders_client import Cancelled, Confirmed, Found, Rejected, Unconfirmed, Unknown
from frontend.replies import Data, NoReply, Reply, is_alarming
from frontend.routes import Routes
from frontend.transport import Transport
from functions.orders import contract

SOURCE: Final = "/flametickets/frontend"
BULKHEAD_WAIT_S: Final = 0.25

log = structlog.stdlib.get_logger()


class HttpOrdersClient:
    """Asks the function over `routes`; safe to use from many threads.

    Of `web_threads`, three quarters at most wait in purchases, and half in what is asked about an order.
    """

    def __init__(
        self,
        routes: Routes,
        signing_secret: str,
        transport: Transport,
        metrics: Metrics,
        *,
        web_threads: int = 16,
        now: Callable[[], float] = time.time,
        random: Callable[[], float] = randomness.random,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._routes = routes
        self._signing_secret = signing_secret
        self._transport = transport
        self._metrics = metrics
        self._now = now
        self._random = random
        self._sleep = sleep
        purchases = Bulkhead(max(1, web_threads * 3 // 4), BULKHEAD_WAIT_S)
        lookups = Bulkhead(max(1, web_threads // 2), BULKHEAD_WAIT_S)
        self._bulkheads = {calls.PLACE: purchases, calls.LOOKUP: lookups, calls.CANCEL: lookups}
        self._tell_state()
        metrics.watch_budget(routes.stable.name, self._retries_left)

    def place(
        self, order_id: str, order: contract.PlaceOrder, pressed_at: datetime, traceparent: str
    ) -> Confirmed | Rejected | Unconfirmed:
        """Buys; `pressed_at` is the time of the event."""
        return self._buy(calls.PLACE, order_id, order, pressed_at, traceparent)

    def replay(
        self, order_id: str, order: contract.PlaceOrder, pressed_at: datetime, traceparent: str
    ) -> Confirmed | Rejected | Unconfirmed:
        """One try of a pending purchase, on the stable tag alone."""
        return self._buy(calls.REPLAY, order_id, order, pressed_at, traceparent)

    def stable_opens_in(self) -> float:
        """Seconds until the stable tag may be tried again."""
        return self._routes.stable.breaker.admits_in()

    def lookup(self, order_id: str, traceparent: str) -> Found | Unknown | Unconfirmed:
        """The present state of an order."""
        event = self._event(contract.LOOKUP, contract.OrderRef(order_id), traceparent, order_id)
        match self._run(calls.LOOKUP, event, order_id):
            case contract.Order() as order:
                return Found(order)
            case contract.Unknown():
                return Unknown(order_id)
            case other:
                return _unconfirmed(other)

    def cancel(self, order_id: str, fingerprint: str, traceparent: str) -> Cancelled | Rejected | Unconfirmed:
        """Gives the tickets back."""
        event = self._event(contract.CANCEL, contract.CancelOrder(order_id, fingerprint), traceparent, order_id)
        match self._run(calls.CANCEL, event, order_id):
            case contract.Cancelled():
                return Cancelled(order_id)
            case contract.Rejection() as rejection:
                return Rejected(rejection)
            case other:
                return _unconfirmed(other)

    def catalogue(self, traceparent: str) -> contract.Catalogue | Unconfirmed:
        """All shows with what is left of each ticket type."""
        answer = self._run(calls.CATALOGUE, self._event(contract.LIST, contract.ListShows(), traceparent, None), None)
        return answer if isinstance(answer, contract.Catalogue) else _unconfirmed(answer)

    def _buy(
        self, plan: Plan, order_id: str, order: contract.PlaceOrder, pressed_at: datetime, traceparent: str
    ) -> Confirmed | Rejected | Unconfirmed:
        event = msgspec.structs.replace(
            self._event(contract.PLACE, order, traceparent, order_id), id=order_id, time=pressed_at
        )
        match self._run(plan, event, order_id, contract.fingerprint(order)):
            case contract.Order() as sold:
                return Confirmed(sold)
            case contract.Rejection() as rejection:
                return Rejected(rejection)
            case other:
                return _unconfirmed(other)

    def _event(self, command: str, data: contract.Command, traceparent: str, subject: str | None) -> contract.Event:
        return contract.Event(
            id=str(uuid.uuid4()),
            type=command,
            source=SOURCE,
            time=datetime.fromtimestamp(self._now(), UTC),
            data=msgspec.json.encode(data),
            subject=subject,
            traceparent=traceparent,
        )

    def _run(
        self, plan: Plan, event: contract.Event, order_id: str | None, fingerprint: str | None = None
    ) -> Data | Unconfirmed:
        call = Call(plan, self._routes, self._random, event, order_id, fingerprint)  # its time includes the bulkhead's
        bulkhead = self._bulkheads.get(plan)
        with bulkhead.place() if bulkhead else nullcontext(True) as has_place:
            answer = self._drive(call, plan) if has_place else calls.BUSY
        if isinstance(answer, Unconfirmed):
            if answer in (calls.BUSY, calls.STABLE_OPEN):
                self._metrics.called(
                    kind=plan.kind, route="none", revision="", attempt=0, outcome=answer.why, took_s=0.0
                )
            log.warning("function.unconfirmed", type=event.type, why=answer.why)
        return answer

    def _drive(self, call: Call, plan: Plan) -> Data | Unconfirmed:
        step: Send | Wait | Data | Unconfirmed = call.send()
        while isinstance(step, Send | Wait):
            if isinstance(step, Send):
                self._tell_state()  # of a breaker whose trial this is
                reply = self._send(step)
                tried, step = call.after(reply)
                self._tell(plan, tried, alarming=is_alarming(reply))
            else:
                self._sleep(step.for_s)
                step = call.send()
        return step

    def _tell(self, plan: Plan, tried: Tried, *, alarming: bool) -> None:
        self._metrics.called(
            kind=plan.kind,
            route=tried.route,
            revision=tried.revision,
            attempt=tried.attempt,
            outcome=tried.outcome,
            took_s=tried.took_s,
        )
        self._tell_state()
        if tried.breaker is not None:
            log.warning("breaker.changed", route=tried.route, state=tried.breaker, why=tried.outcome)
        if alarming:
            log.error("function.refused", kind=plan.kind, route=tried.route, reply=tried.outcome)

    def _tell_state(self) -> None:
        """Told anew each time, so that of two threads that tell at once the slower one isn't believed for long."""
        for route in (self._routes.weighted, self._routes.stable):
            self._metrics.breaker(route.name, route.breaker.state)

    def _retries_left(self) -> float:
        return self._routes.budget.left(healthy=self._routes.stable.breaker.is_healthy())

    def _send(self, step: Send) -> Reply | NoReply:
        headers, body = contract.encode_event(step.event)
        signature = contract.sign(self._signing_secret, step.event, body, at=self._now())
        signed = {**headers, contract.SIGNATURE_HEADER: signature}
        if step.event.traceparent:
            signed["traceparent"] = step.event.traceparent  # for the gateway, which knows no CloudEvents
        return self._transport.post(step.url, signed, body, within_s=step.within_s)


def _unconfirmed(answer: Data | Unconfirmed) -> Unconfirmed:
    """Whatever the type of a reply doesn't fit its command decides nothing."""
    return answer if isinstance(answer, Unconfirmed) else Unconfirmed("inconsistent")
