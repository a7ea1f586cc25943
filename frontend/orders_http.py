"""The OrdersClient of the real shop: CloudEvents over HTTP, signed anew at each try."""

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import msgspec
import structlog

from frontend.calls import Call, Send
from frontend.orders_client import Cancelled, Confirmed, Found, Rejected, Unconfirmed, Unknown
from frontend.replies import Data, NoReply, Reply, is_alarming
from frontend.transport import Transport
from functions.orders import contract

SOURCE: Final = "/flametickets/frontend"

log = structlog.stdlib.get_logger()


class HttpOrdersClient:
    """Asks the function at `url`; safe to use from many threads."""

    def __init__(
        self, url: str, signing_secret: str, transport: Transport, now: Callable[[], float] = time.time
    ) -> None:
        self._url = url
        self._signing_secret = signing_secret
        self._transport = transport
        self._now = now

    def place(
        self, order_id: str, order: contract.PlaceOrder, pressed_at: datetime, traceparent: str
    ) -> Confirmed | Rejected | Unconfirmed:
        """Buys; `pressed_at` is the time of the event."""
        event = msgspec.structs.replace(
            self._event(contract.PLACE, order, traceparent, order_id), id=order_id, time=pressed_at
        )
        match self._run(event, order_id):
            case contract.Order(status="confirmed", fingerprint=same) as sold if same == contract.fingerprint(order):
                return Confirmed(sold)
            case contract.Rejection() as rejection:
                return Rejected(rejection)
            case other:
                return _unconfirmed(other)

    def lookup(self, order_id: str, traceparent: str) -> Found | Unknown | Unconfirmed:
        """The present state of an order."""
        match self._run(self._event(contract.LOOKUP, contract.OrderRef(order_id), traceparent, order_id), order_id):
            case contract.Order() as order:
                return Found(order)
            case contract.Unknown():
                return Unknown(order_id)
            case other:
                return _unconfirmed(other)

    def cancel(self, order_id: str, traceparent: str) -> Cancelled | Rejected | Unconfirmed:
        """Gives the tickets back."""
        match self._run(self._event(contract.CANCEL, contract.OrderRef(order_id), traceparent, order_id), order_id):
            case contract.Cancelled():
                return Cancelled(order_id)
            case contract.Rejection() as rejection:
                return Rejected(rejection)
            case other:
                return _unconfirmed(other)

    def catalogue(self, traceparent: str) -> contract.Catalogue | Unconfirmed:
        """All shows with what is left of each ticket type."""
        answer = self._run(self._event(contract.LIST, contract.ListShows(), traceparent, None), None)
        return answer if isinstance(answer, contract.Catalogue) else _unconfirmed(answer)

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

    def _run(self, event: contract.Event, order_id: str | None) -> Data | Unconfirmed:
        call = Call(self._url, event, order_id)
        step: Send | Data | Unconfirmed = call.first()
        while isinstance(step, Send):
            reply = self._send(step)
            step = call.after(reply)
            if is_alarming(reply):
                log.error("function.refused", type=event.type, reply=getattr(step, "why", None))
        if isinstance(step, Unconfirmed):
            log.warning("function.unconfirmed", type=event.type, why=step.why)
        return step

    def _send(self, step: Send) -> Reply | NoReply:
        headers, body = contract.encode_event(step.event)
        signature = contract.sign(self._signing_secret, step.event, body, at=self._now())
        signed = {**headers, contract.SIGNATURE_HEADER: signature}
        if step.event.traceparent:
            signed["traceparent"] = step.event.traceparent  # for the gateway, which knows no CloudEvents
        return self._transport.post(step.url, signed, body, within_s=step.within_s)


def _unconfirmed(answer: Data | Unconfirmed) -> Unconfirmed:
    """A decided answer that doesn't fit its own type, such as a *confirmed* of another purchase, decides nothing."""
    return answer if isinstance(answer, Unconfirmed) else Unconfirmed("inconsistent")
